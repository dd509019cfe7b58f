"""`config`: the site's settings in the record, and the check of a cart's configuration file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.changing import authorised_change, change_options
from tosca_kiosk.cli.completion import setting_key
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.config import ConfigError, load_config
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import settings
from tosca_kiosk.storage.history import BEFORE_THE_AUDIT, Change
from tosca_kiosk.storage.history import history as changes_of
from tosca_kiosk.storage.settings import SettingState
from tosca_kiosk.storage.users import Role

_key = click.argument("key", shell_complete=setting_key)
_AT_MOST: Final = 10_000


@click.group()
def config() -> None:
    """List, get and set the site's settings, and check a cart's configuration file.

    Limits can only be tightened; what each key does stands in SETTINGS.md.
    """


@config.command("list")
@as_of_option
@workplace_command
def list_settings(workplace: Workplace, as_of: str | None) -> None:
    """List every setting with its value, what is allowed, and who set it.

    \b
    Examples:
      tosca-kiosk config list
      tosca-kiosk config list --as-of '2026-11-30 14:05' --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = settings.states(database)
    columns = ("Key", "Value", "Allowed", "Set by", "Set (UTC)")
    rows = [(one.key, _shown(one.value), _allowed(one), one.modified_by, one.last_modified) for one in found]
    text = table_text(columns, rows, [one.odd for one in found])
    workplace.answer({"settings": [_as_result(one) for one in found]}, text)


@config.command()
@_key
@as_of_option
@workplace_command
def get(workplace: Workplace, key: str, as_of: str | None) -> None:
    """Show one setting: its value, what is allowed, what it does and since when a change holds.

    \b
    Examples:
      tosca-kiosk config get max_laser_power_watts
      tosca-kiosk config get max_laser_power_watts --as-of 2026-11-30 --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = settings.state(database, key)
    workplace.answer(_as_result(found), _page(found))


@config.command("set", context_settings={"ignore_unknown_options": True})
@_key
@click.argument("value")
@change_options
@workplace_command
def set_setting(workplace: Workplace, key: str, value: str, tech: str | None, reason: str | None) -> None:
    """Set KEY to VALUE, with a reason. A supervisor may, for no limit can be looser than the design's.

    It holds on the idle cart within half a minute, in sessions from the next on; also while the kiosk runs.

    \b
    Examples:
      tosca-kiosk config set max_laser_power_watts 8 --tech sue --reason 'until the lens is replaced'
      tosca-kiosk config set earlier_dose_asked_above_joules 50 --tech sue --reason 'daily treatments'
    """
    settings.from_text(key, value)
    with workplace.beside() as database:
        who = authorised_change(database, tech, reason, role=Role.SUPERVISOR, treated=f"system_config.{key}")
        now = utc_now()
        before, after = settings.change(database, key, value, tech_id=who.tech_id, reason=who.reason, now=now)
    assert after.setting is not None
    holds = str(after.setting.holds)
    changed = after is not before
    result = _as_result(after) | {"before": before.value, "reason": who.reason, "changed": changed}
    text = (
        f"{key}: {_shown(after.value)}, was {_shown(before.value)}; it holds {holds}."
        if changed
        else f"{key} is {_shown(after.value)} already."
    )
    workplace.answer(result, text)


@config.command()
@_key
@as_of_option
@workplace_command
def history(workplace: Workplace, key: str, as_of: str | None) -> None:
    """List every value that KEY had, with who set it, when and why; the oldest first.

    \b
    Examples:
      tosca-kiosk config history max_laser_power_watts
      tosca-kiosk config history max_laser_power_watts --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        settings.state(database, key)
        found = changes_of(database, "system_config", key, limit=_AT_MOST)
    rows = [row for row in map(_change_row, found) if row["value"] != row["before"]]
    columns = ("Time (UTC)", "Value", "Before", "By", "Source", "Reason")
    names = ("time", "value", "before", "by", "source", "reason")
    text = table_text(columns, [[row[name] for name in names] for row in rows])
    workplace.answer({"key": key, "changes": rows}, text)


@config.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@workplace_command
def check(workplace: Workplace, file: Path) -> None:
    """Check a cart's configuration FILE; exit code 1 names every mistake by its path. No port is opened.

    \b
    Examples:
      tosca-kiosk config check cart.yaml
      tosca-kiosk config check cart.yaml --json
    """
    try:
        found = load_config(file)
    except ConfigError as error:
        mistakes = [one._asdict() for one in error.errors]
        result = {"file": str(file), "ok": False, "error": str(error), "errors": mistakes}
        workplace.answer(result, "\n".join(str(one) for one in error.errors))
        say(f"tosca-kiosk: {file}: mistakes: {len(error.errors)}, the first: {error.errors[0]}")
        raise SystemExit(1) from error
    ports = ", ".join(f"{key} on {port}" for key, port in found.devices.ports.items())
    result = {"file": str(file), "ok": True, "errors": [], "cart": found.cart, "ports": found.devices.ports}
    workplace.answer(result, f"{file}: a configuration of a {found.cart} cart: {ports}.")


def _change_row(one: Change) -> dict[str, Any]:
    before_the_audit = one.action == BEFORE_THE_AUDIT
    return {
        "time": None if before_the_audit else one.time[:19],
        "value": None if one.new is None else one.new["config_value"],
        "before": None if one.old is None else one.old["config_value"],
        "by": one.operator,
        "source": "before the audit" if before_the_audit else one.source,
        "reason": one.reason,
    }


def _as_result(found: SettingState) -> dict[str, Any]:
    row = found.setting
    return {
        "key": found.key,
        "value": found.value,
        "stored": found.stored,
        "type": None if row is None else str(row.kind),
        "unit": None if row is None else row.unit or None,
        "lowest": None if row is None else row.lowest,
        "highest": None if row is None else row.highest,
        "allowed": _allowed(found) or None,
        "default": None if row is None else row.default,
        "does": None if row is None else row.does,
        "holds": None if row is None else str(row.holds),
        "read_by": None if row is None else row.reader or None,
        "last_modified": found.last_modified,
        "modified_by": found.modified_by,
        "odd": found.odd,
    }


def _allowed(found: SettingState) -> str:
    return "" if found.setting is None else found.setting.range_text


def _shown(value: object) -> str:
    return "none" if value is None else f"{value}"


def _page(found: SettingState) -> str:
    row = found.setting
    lines: list[tuple[str, object]] = [("Key", found.key), ("Value", _shown(found.value))]
    if row is not None:
        lines += [
            ("Unit", row.unit),
            ("Allowed", row.range_text),
            ("Without a row", _shown(row.default)),
            ("What it does", row.does),
            ("Holds", row.holds),
            ("Read by", row.reader),
        ]
    lines += [("Set by", found.modified_by), ("Set (UTC)", _time(found.last_modified))]
    lines += [("Odd", odd) for odd in found.odd]
    return "\n".join(f"{name:<14}{value}" for name, value in lines if value not in (None, ""))


def _time(time: datetime | None) -> str | None:
    return None if time is None else f"{time:%Y-%m-%d %H:%M:%S}"
