"""Settings: what `system_config` says of the keys that exist (domain/setting_table.py)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.setting_table import (
    DEFAULT_SESSION_DATA_PATH,
    SESSION_DATA_PATH,
    SETTINGS,
    Kind,
    Setting,
)
from tosca_kiosk.domain.site_limits import GOVERNING, ORDERED, SiteLimitError, site_limits
from tosca_kiosk.storage.columns import Held
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Row, Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.sessions import inside

Value = str | int | float | bool | dict[str, Any] | list[Any] | None

_SEE: Final = "see tosca-kiosk config list"


@dataclass(frozen=True, slots=True)
class SettingState:
    """A key as the record has it. setting: None for a key that no part of the program reads.

    value: as stored, the default where nothing is; a text where what is stored is no value. odd: what of it
    does not mean what somebody may have meant.
    """

    key: str
    value: Value
    setting: Setting | None
    stored: bool
    last_modified: datetime | None = None
    modified_by: str | None = None
    odd: tuple[str, ...] = ()


def states(database: Database | Reader) -> list[SettingState]:
    """Return every key that exists, in the table's order, then those in the record that mean nothing."""
    rows = _held(database)
    names = {held.row["tech_id"]: held.row["username"] for held in database.held("tech_users")}
    keys = [*SETTINGS, *(key for key in rows if key not in SETTINGS)]
    return [_state(key, rows, names) for key in keys]


def state(database: Database | Reader, key: str) -> SettingState:
    """Return one key; StorageError naming the nearest for one that neither exists nor is stored."""
    for found in states(database):
        if found.key == key:
            return found
    raise _unknown(key)


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

    That is a key that no part of the program reads, perhaps a misspelt one, a value that is none, and one
    that contradicts another.
    """
    found = _held(database)
    return tuple(dict.fromkeys(doubt for key in found for doubt in _doubts(key, found)))


def session_data_path(database: Database | Reader, data_dir: Path) -> str:
    """Return where new sessions' folders go, as their rows will say it.

    StorageError for a path that leaves the data directory.
    """
    path = values(database).get(SESSION_DATA_PATH, DEFAULT_SESSION_DATA_PATH)
    return _checked_path(path, data_dir)


def known(key: str) -> Setting:
    """Return what exists under this key. StorageError naming the nearest where nothing does."""
    if key not in SETTINGS:
        raise _unknown(key)
    return SETTINGS[key]


def from_text(key: str, text: str) -> str | int | float:
    """Return the value that a text gives a key, of the key's type.

    StorageError for an unknown key, and for a text that is no value of this one: with what is allowed.
    """
    setting = known(key)
    value: str | int | float = text
    try:
        if setting.kind is Kind.FLOAT:
            value = float(text)
        elif setting.kind is Kind.INTEGER:
            value = int(text)
    except ValueError:
        pass  # what is no number is refused as it stands
    _refuse_wrong(setting, value)
    return value


def put(transaction: Transaction, key: str, value: Value, now: datetime, tech_id: int | None = None) -> None:
    """Change a setting, or give it its first row.

    StorageError for an unknown key, a value of another type or out of its range, a safety limit looser than
    the design limit or against another one, and a path that leaves the data directory.
    """
    setting = known(key)
    _refuse_wrong(setting, value)
    _refuse_contradiction(setting, value, _held(transaction))
    if key == SESSION_DATA_PATH:
        _checked_path(value, Path(transaction.path).parent)
    stored = {
        "config_value": _text(setting, value),
        "config_type": str(setting.kind),
        "last_modified": now,
        "modified_by_tech_id": tech_id,
    }
    if transaction.held_one("system_config", config_key=key) is None:
        transaction.insert("system_config", config_key=key, description=setting.does, **stored)
    else:
        transaction.update("system_config", {"config_key": key}, **stored)


def change(
    database: Database, key: str, text: str, *, tech_id: int, reason: str | None, now: datetime
) -> tuple[SettingState, SettingState]:
    """Set a key to what a text says; return it as it was and as it is. Raises as from_text and put.

    Where it says so already nothing is written.
    """
    value = from_text(key, text)
    with database.transaction(tech_id, reason=reason) as transaction:
        before = state(transaction, key)
        if before.stored and not before.odd and before.value == value:
            return before, before
        put(transaction, key, value, now, tech_id)
        return before, state(transaction, key)


def _held(database: Database | Reader) -> dict[str, Held]:
    return {held.row["config_key"]: held for held in database.held("system_config", order_by="config_key")}


def _state(key: str, rows: Mapping[str, Held], names: Mapping[int, str]) -> SettingState:
    setting, held = SETTINGS.get(key), rows.get(key)
    if held is None:
        assert setting is not None
        return SettingState(key, setting.default, setting, stored=False)
    row = held.row
    try:
        value = _value(row)
    except StorageError:
        value = row["config_value"]
    return SettingState(
        key,
        value,
        setting,
        stored=True,
        last_modified=row["last_modified"],
        modified_by=names.get(row["modified_by_tech_id"]),
        odd=(*held.marks, *_doubts(key, rows)),
    )


def _doubts(key: str, rows: Mapping[str, Held]) -> Iterator[str]:
    if key not in SETTINGS:
        near = get_close_matches(key.lower(), SETTINGS, n=1)
        guess = f"; {near[0]} may be meant" if near else ""
        yield f"Setting {key!r} is unknown and governs nothing{guess}."
    try:
        value = _value(rows[key].row)
        if key in SETTINGS:
            _refuse_wrong(SETTINGS[key], value)
            _refuse_contradiction(SETTINGS[key], value, rows)
    except StorageError as error:
        yield f"{error}."


def _refuse_wrong(setting: Setting, value: Value) -> None:
    if problem := setting.problem(value):
        why = "; a site can only tighten limits" if setting.field is not None else ""
        raise StorageError(f"{problem}{why}")


def _refuse_contradiction(setting: Setting, value: Value, rows: Mapping[str, Held]) -> None:
    """Refuse what contradicts another setting as it is stored.

    The design's own value is the way out where two contradict each other, and contradicts none otherwise; a
    stored value that is none is refused by its own name.
    """
    pair = next((pair for pair in ORDERED if setting.key in pair), None)
    if pair is None or value == setting.default:
        return
    stored = (rows[key].row for key in pair if key in rows and key != setting.key)
    settings = {row["config_key"]: _value(row) for row in stored if _is_proper(row)}
    try:
        site_limits(settings | {setting.key: value})
    except SiteLimitError as error:
        raise StorageError(str(error)) from error


def _is_proper(row: Row) -> bool:
    try:
        return SETTINGS[row["config_key"]].problem(_value(row)) is None
    except StorageError:
        return False


def _checked_path(path: Value, data_dir: Path) -> str:
    where = f"system_config.{SESSION_DATA_PATH}"
    if not isinstance(path, str):
        raise StorageError(f"{where}: {path!r} is no path; give one such as {DEFAULT_SESSION_DATA_PATH}")
    inside(data_dir, path, where)
    return path


def _unknown(key: str) -> StorageError:
    near = get_close_matches(key.lower(), SETTINGS, n=1, cutoff=0.5)
    guess = f"; {near[0]} may be meant" if near else ""
    return StorageError(f"setting {key!r} is unknown{guess}; {_SEE}")


def _value(row: Row) -> Value:
    key, kind, text = row["config_key"], row["config_type"], row["config_value"]
    if kind == Kind.STRING:
        return str(text)
    try:
        value: Value = float(text) if kind == Kind.FLOAT else msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(key, kind, text) from error
    if not _is(kind, value):
        raise _wrong(key, kind, text)
    return value


def _text(setting: Setting, value: Value) -> str:
    """Return what is stored for a value that its setting takes."""
    if setting.kind is Kind.STRING:
        return str(value)
    assert isinstance(value, int | float)
    return msgspec.json.encode(float(value) if setting.kind is Kind.FLOAT else int(value)).decode()


def _is(kind: str, value: Value) -> bool:
    if kind == Kind.FLOAT:
        return isinstance(value, float) and math.isfinite(value)
    if kind == Kind.INTEGER:
        return isinstance(value, int) and not isinstance(value, bool)
    return kind == "json" or (kind == "boolean" and isinstance(value, bool))


def _wrong(key: str, kind: str, value: object) -> StorageError:
    return StorageError(f"setting {key!r} is of type {kind}, {value!r} is not; give a {kind} value")
