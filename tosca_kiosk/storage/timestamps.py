"""Times of the record: naive UTC text `YYYY-MM-DD HH:MM:SS.ffffff` in the file, aware UTC in the program."""

from __future__ import annotations

from datetime import UTC, datetime

from tosca_kiosk.storage.errors import StorageError


def naive_utc(time: datetime) -> datetime:
    """Return an aware time as naive UTC; a time without a zone is refused, for nobody knows what it means."""
    if time.tzinfo is None:
        raise StorageError(f"time {time} has no time zone; give an aware time, such as datetime.now(UTC)")
    return time.astimezone(UTC).replace(tzinfo=None)


def utc_text(time: datetime) -> str:
    """Return an aware time as the text that the database holds."""
    return naive_utc(time).isoformat(sep=" ", timespec="microseconds")


def from_utc_text(text: str) -> datetime:
    """Return the aware time that a naive UTC text of the database or of a journal means."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise StorageError(
            f"time {text!r} is not YYYY-MM-DD HH:MM:SS.ffffff; correct it where it is held"
        ) from error
    if time.tzinfo is not None:
        raise StorageError(f"time {text!r} carries a time zone; the record holds naive UTC")
    return time.replace(tzinfo=UTC)
