"""Settings: typed values in system_config.

A key is known when it has a row, or when it governs a safety limit: such a row is made when first set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tosca_kiosk.domain.site_limits import SITE_KEYS, SiteLimitError, site_limits
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Row, Transaction
from tosca_kiosk.storage.errors import StorageError

Value = str | int | float | bool | dict[str, Any] | list[Any] | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; value is of the type that `type` names: string, integer, float, boolean, json."""

    key: str
    value: Value
    type: str
    description: str | None
    last_modified: datetime | None
    modified_by_tech_id: int | None


def get(database: Database | Reader, key: str) -> Value:
    """Return a setting's value. StorageError for an unknown key and for a stored text of the wrong type."""
    return _setting(_row(database, key)).value


def list_all(database: Database | Reader) -> list[Setting]:
    """Return all settings by key."""
    return [_setting(row) for row in database.find("system_config", order_by="config_key")]


def values(database: Database | Reader) -> dict[str, Value]:
    """Return the values of all settings by key."""
    return {setting.key: setting.value for setting in list_all(database)}


def put(transaction: Transaction, key: str, value: Value, now: datetime, tech_id: int | None = None) -> None:
    """Change a setting.

    StorageError for an unknown key, a value of another type or out of its range, and a safety limit looser
    than the design limit.
    """
    _check_limit(key, value)
    row = transaction.find_one("system_config", config_key=key)
    if row is None and key in SITE_KEYS:
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
    row = database.find_one("system_config", config_key=key)
    if row is None:
        known = ", ".join(
            other["config_key"] for other in database.find("system_config", order_by="config_key")
        )
        raise StorageError(f"setting {key!r} is unknown; there are {known}")
    return row


def _setting(row: Row) -> Setting:
    key, kind, text = row["config_key"], row["config_type"], row["config_value"]
    return Setting(
        key=key,
        value=_value(key, kind, text),
        type=kind,
        description=row["description"],
        last_modified=row["last_modified"],
        modified_by_tech_id=row["modified_by_tech_id"],
    )


def _value(key: str, kind: str, text: str) -> Value:
    if kind == "string":
        return text
    try:
        value: Value = float(text) if kind == "float" else msgspec.json.decode(text)
    except (ValueError, msgspec.DecodeError) as error:
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
