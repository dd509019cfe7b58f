"""What may stand in a column: the check before every write, and the way back after every read."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import from_utc_text, utc_text

# Declared type of a column: the Python types it takes. SQLite itself would take anything anywhere.
_ALLOWED: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "REAL": (int, float),
    "TEXT": (str,),
    "BOOLEAN": (bool,),
    "DATETIME": (datetime,),
    "DATE": (date,),
    "BLOB": (bytes,),
}
_SHOWN_CHARACTERS = 60


class Meant(NamedTuple):
    """What a column's value means. odd: why it is none of the column's type, None where it is.

    value: None where it is none, but of a text what can be read of it.
    """

    value: Any
    odd: str | None = None


def to_column(where: str, declared: str, value: Any) -> Any:
    """Return value as SQLite holds it in the column at `where` (table.column).

    Raises StorageError for a value of another type than declared, for NaN and infinities (SQLite would
    make NaN a NULL) and for a time without a zone (the zone of others is converted, not dropped).
    """
    if value is None:
        return None
    allowed = _ALLOWED[declared]
    bool_out_of_place = isinstance(value, bool) and declared != "BOOLEAN"
    datetime_as_date = isinstance(value, datetime) and declared == "DATE"
    if not isinstance(value, allowed) or bool_out_of_place or datetime_as_date:
        names = " or ".join(kind.__name__ for kind in allowed)
        raise StorageError(f"{where}: {value!r} is a {type(value).__name__}, {names} allowed")
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise StorageError(f"{where}: {value} is not a number that can be kept; give a finite one or None")
    return value


def from_column(declared: str, held: Any) -> Meant:
    """Return what a value means that SQLite holds in a column: times are aware UTC, truths are bool.

    Any SQLite tool may have written it, so nothing is taken for granted; nothing is raised either.
    """
    return Meant(None) if held is None else _MEANT[declared](held)


def shown(held: Any) -> str:
    """Return a value for a message: as Python writes it, of a long one the beginning."""
    text = repr(held)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 4]} ..."


def _time(held: Any) -> Meant:
    if not isinstance(held, str):
        return Meant(None, f"{shown(held)} is no time, YYYY-MM-DD HH:MM:SS in UTC")
    try:
        return Meant(from_utc_text(held))
    except StorageError as error:
        return Meant(None, str(error))


def _date(held: Any) -> Meant:
    try:
        return Meant(date.fromisoformat(held))
    except (TypeError, ValueError):
        return Meant(None, f"{shown(held)} is no day, YYYY-MM-DD")


def _truth(held: Any) -> Meant:
    return Meant(bool(held)) if held in (0, 1) else Meant(None, f"{shown(held)} is not 0 or 1")


def _integer(held: Any) -> Meant:
    return Meant(held) if isinstance(held, int) else Meant(None, f"{shown(held)} is no whole number")


def _real(held: Any) -> Meant:
    finite = isinstance(held, int | float) and math.isfinite(held)
    return Meant(held) if finite else Meant(None, f"{shown(held)} is no finite number")


def _text(held: Any) -> Meant:
    if isinstance(held, bytes):
        return Meant(held.decode(errors="replace"), f"{shown(held)} is no text in UTF-8")
    # SQLite writes no number into such a column; a damaged page can hold one.
    return Meant(held) if isinstance(held, str) else Meant(str(held), f"{shown(held)} is no text")


def _blob(held: Any) -> Meant:
    return Meant(held) if isinstance(held, bytes) else Meant(None, f"{shown(held)} is no blob")


_MEANT: dict[str, Callable[[Any], Meant]] = {
    "INTEGER": _integer,
    "REAL": _real,
    "TEXT": _text,
    "BOOLEAN": _truth,
    "DATETIME": _time,
    "DATE": _date,
    "BLOB": _blob,
}


def held_text(held: bytes) -> str | bytes:
    """Return a text of the file; one that is none in UTF-8, which the driver would stop at, as its bytes."""
    try:
        return held.decode()
    except UnicodeDecodeError:
        return held
