"""Times of the record: naive UTC text `YYYY-MM-DD HH:MM:SS.ffffff` in the file, aware UTC in the program."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tosca_kiosk.storage.errors import StorageError

FIRST_YEAR, LAST_YEAR = 1000, 9000
"""A time outside can be some hour of no calendar in another zone, or a day after it; no clock says it."""

WRITTEN_TIME: Final = (
    "(typeof({0}) = 'text' AND {0} GLOB '[1-8]*' "
    "AND substr({0}, 1, 19) IS strftime('%Y-%m-%d %H:%M:%S', substr({0}, 1, 19), '+0 days') "
    "AND (length({0}) = 19 OR substr({0}, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'))"
)
"""In SQL: whether a value is a time as this program writes one, with or without its microseconds.

SQLite takes the 30th of February for the 2nd of March, so what it makes of a text must be that text.
`from_utc_text` takes all of these, and some that are written otherwise.
"""


def naive_utc(time: datetime) -> datetime:
    """Return an aware time as naive UTC; a time without a zone is refused, for nobody knows what it means."""
    if time.tzinfo is None:
        raise StorageError(f"time {time} has no time zone; give an aware time, such as datetime.now(UTC)")
    return time.astimezone(UTC).replace(tzinfo=None)


def utc_text(time: datetime) -> str:
    """Return an aware time as the text that the database holds."""
    return naive_utc(time).isoformat(sep=" ", timespec="microseconds")


def from_utc_text(text: str) -> datetime:
    """Return the aware time that a naive UTC text of the database or of a journal means.

    Raises StorageError for anything else; a zone is never dropped.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise StorageError(
            f"time {text!r} is not YYYY-MM-DD HH:MM:SS.ffffff; correct it where it is held"
        ) from error
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise StorageError(f"time {text!r} is of no year from {FIRST_YEAR} to {LAST_YEAR}; correct it")
    if time.tzinfo is not None:
        raise StorageError(
            f"time {text!r} carries a time zone, the record holds naive UTC; it would be {utc_text(time)!r}"
        )
    return time.replace(tzinfo=UTC)
