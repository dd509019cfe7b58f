"""Settings: typed values in system_config.

A key is known when it has a row, or when it governs a safety limit: such a row is made when first set.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.protocol_file import DURATION_KEY
from tosca_kiosk.domain.site_limits import QUESTIONS, SITE_KEYS, SiteLimitError, site_limits
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Row, Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.sessions import inside

Value = str | int | float | bool | dict[str, Any] | list[Any] | None


SESSION_DATA_PATH: Final = "session_data_path"
DEFAULT_SESSION_DATA_PATH: Final = "data/sessions"
GOVERNING: Final = frozenset({*SITE_KEYS, *QUESTIONS, DURATION_KEY, SESSION_DATA_PATH})
"""Keys that decide something; a value of one of them is never passed over."""
KNOWN: Final = GOVERNING | {"video_resolution", "video_fps"}


def get(database: Database | Reader, key: str) -> Value:
    """Return a setting's value. StorageError for an unknown key and for a stored text of the wrong type."""
    return _value(_row(database, key))


def values(database: Database | Reader) -> dict[str, Value]:
    """Return the values of all settings by key, without those that govern nothing and are none.

    Raises StorageError for a value that governs something and is not of the type that its row says.
    """
    found = {}
    for row, _ in database.held("system_config", order_by="config_key"):
        try:
            found[row["config_key"]] = _value(row)
        except StorageError:
            if row["config_key"] in GOVERNING:
                raise
    return found


def doubts(database: Database | Reader) -> tuple[str, ...]:
    """Return what in the settings does not mean what somebody may have meant by it, one sentence each.

    That is a key that no part of the program reads, perhaps a misspelt one, and a value that is none.
    """
    return tuple(_doubts(database))


def session_data_path(database: Database | Reader, data_dir: Path) -> str:
    """Return where new sessions' folders go, as their rows will say it.

    StorageError for a path that leaves the data directory.
    """
    where = f"system_config.{SESSION_DATA_PATH}"
    path = values(database).get(SESSION_DATA_PATH, DEFAULT_SESSION_DATA_PATH)
    if not isinstance(path, str):
        raise StorageError(f"{where}: {path!r} is no path; give one such as {DEFAULT_SESSION_DATA_PATH}")
    inside(data_dir, path, where)
    return path


def _doubts(database: Database | Reader) -> Iterator[str]:
    for row, _ in database.held("system_config", order_by="config_key"):
        key = row["config_key"]
        if key not in KNOWN:
            near = get_close_matches(key.lower(), KNOWN, n=1)
            guess = f"; {near[0]} may be meant" if near else ""
            yield f"Setting {key!r} is unknown and governs nothing{guess}."
        try:
            _check_limit(key, _value(row))
        except StorageError as error:
            yield f"{error}."


def put(transaction: Transaction, key: str, value: Value, now: datetime, tech_id: int | None = None) -> None:
    """Change a setting.

    StorageError for an unknown key, a value of another type or out of its range, and a safety limit looser
    than the design limit.
    """
    _check_limit(key, value)
    if key in SITE_KEYS and transaction.held_one("system_config", config_key=key) is None:
        described = f"Safety limit {SITE_KEYS[key].field}, tightened here"
        transaction.insert(
            "system_config",
            config_key=key,
            config_value=_text(key, "float", value),
            config_type="float",
            description=described,
            last_modified=now,
            modified_by_tech_id=tech_id,
        )
        return
    transaction.update(
        "system_config",
        {"config_key": key},
        config_value=_text(key, _row(transaction, key)["config_type"], value),
        last_modified=now,
        modified_by_tech_id=tech_id,
    )


def _check_limit(key: str, value: Value) -> None:
    try:
        site_limits({key: value})
    except SiteLimitError as error:
        why = "; a site can only tighten limits" if key in SITE_KEYS else ""
        raise StorageError(f"{error}{why}") from error


def _row(database: Database | Reader, key: str) -> Row:
    found = database.held_one("system_config", config_key=key)
    if found is None:
        every = database.held("system_config", order_by="config_key")
        known = ", ".join(other.row["config_key"] for other in every)
        raise StorageError(f"setting {key!r} is unknown; there are {known}")
    return found.row


def _value(row: Row) -> Value:
    key, kind, text = row["config_key"], row["config_type"], row["config_value"]
    if kind == "string":
        return str(text)
    try:
        value: Value = float(text) if kind == "float" else msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(key, kind, text) from error
    if not _is(kind, value):
        raise _wrong(key, kind, text)
    return value


def _text(key: str, kind: str, value: Value) -> str:
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not _is(kind, value):
        raise _wrong(key, kind, value)
    if isinstance(value, str) and kind == "string":
        return value
    return msgspec.json.encode(value).decode()


def _is(kind: str, value: Value) -> bool:
    if kind == "float":
        return isinstance(value, float) and math.isfinite(value)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return kind == "json" or isinstance(value, {"string": str, "boolean": bool}.get(kind, ()))


def _wrong(key: str, kind: str, value: object) -> StorageError:
    return StorageError(f"setting {key!r} is of type {kind}, {value!r} is not; give a {kind} value")
