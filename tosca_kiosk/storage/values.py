"""What may stand in a column: the check before every write, and the way back after every read."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import naive_utc

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


def to_column(where: str, declared: str, value: Any) -> Any:
    """Return value as the column at `where` (table.column) holds it.

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
        return naive_utc(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise StorageError(f"{where}: {value} is not a number that can be kept; give a finite one or None")
    return value


def from_column(value: Any) -> Any:
    """Return what dataset read: times become aware UTC, everything else stays."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
