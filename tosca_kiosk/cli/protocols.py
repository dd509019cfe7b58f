"""`protocols`: treatment plans in the record, and the check of a file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.completion import protocol_name
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.users import active_user
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibration import RING, RingCalibration, parse_calibration
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import Limits, ProtocolError, parse_protocol, to_json
from tosca_kiosk.domain.site_limits import longest_treatment_s, site_limits
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database, calibrations, settings
from tosca_kiosk.storage import protocols as saved_protocols
from tosca_kiosk.storage.protocols import SavedProtocol

# What is saved is shown whatever the cart allows today.
_ANY = Limits(max_power_w=math.inf)
_name = click.argument("name", shell_complete=protocol_name)
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))


@click.group()
def protocols() -> None:
    """Add, list, show and check protocols."""


@protocols.command()
@_file
@click.option("--tech", metavar="USERNAME", help="Who adds the protocol.")
@workplace_command
def add(workplace: Workplace, file: Path, tech: str | None) -> None:
    """Check FILE against this cart's limits and save it under its name.

    \b
    Examples:
      tosca-kiosk protocols add plan.json --tech jane
    """
    with workplace.record() as database:
        tech_id = None if tech is None else active_user(database, tech).tech_id
        protocol = _parsed(file, cart_limits(database, workplace.config))
        with database.transaction(tech_id) as transaction:
            protocol_id = saved_protocols.add(
                transaction,
                protocol.name,
                str(protocol.protocol_type),
                to_json(protocol),
                utc_now(),
                description=protocol.description or None,
                created_by=tech_id,
            )
    workplace.answer(
        {"protocol_id": protocol_id, **_figures(protocol)}, f"Saved {protocol.name!r}: {_in_words(protocol)}."
    )


@protocols.command("list")
@as_of_option
@workplace_command
def list_protocols(workplace: Workplace, as_of: str | None) -> None:
    """List the saved protocols.

    \b
    Examples:
      tosca-kiosk protocols list
      tosca-kiosk protocols list --as-of 2026-11-30 --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = [_listed(saved) for saved in saved_protocols.list_all(database)]
    shown = ("protocol_name", "protocol_type", "steps", "duration_seconds", "planned_energy_joules")
    columns = ("Name", "Type", "Steps", "Duration s", "Energy J", "Used", "Last used (UTC)")
    rows = [[*(row[key] for key in shown), row["usage_count"], row["last_used_date"]] for row in found]
    workplace.answer({"protocols": found}, table_text(columns, rows, [row["odd"] for row in found]))


@protocols.command()
@_name
@as_of_option
@workplace_command
def show(workplace: Workplace, name: str, as_of: str | None) -> None:
    """Show the steps of the saved protocol NAME, and whether this cart allows it.

    \b
    Examples:
      tosca-kiosk protocols show 'Constant 5 W, 60 s'
      tosca-kiosk protocols show 'Constant 5 W, 60 s' --as-of '2026-11-30 14:05' --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        saved = saved_protocols.get(database, name)
        limits = cart_limits(database, workplace.config)
    protocol = _saved(saved, _ANY)
    problems = _problems(saved, limits)
    result = {
        "protocol_id": saved.protocol_id,
        **_figures(protocol),
        "usage_count": saved.usage_count,
        "last_used_date": saved.last_used_date,
        "protocol": json.loads(to_json(protocol, named=True)),
        "problems": problems,
    }
    workplace.answer(result, _page(protocol))
    for problem in problems:
        say(f"Not allowed on this cart: {problem}")


@protocols.command()
@_file
@workplace_command
def check(workplace: Workplace, file: Path) -> None:
    """Check FILE against this cart's limits; exit code 1 names every mistake by its path.

    \b
    Examples:
      tosca-kiosk protocols check plan.json
      tosca-kiosk protocols check plan.json --json
    """
    with _limits_known(workplace) as limits:
        try:
            protocol = _parsed(file, limits)
        except ProtocolError as error:
            mistakes = [{"path": one.path, "text": one.text} for one in error.errors]
            result = {"file": str(file), "ok": False, "error": str(error), "errors": mistakes}
            workplace.answer(result, "\n".join(str(one) for one in error.errors))
            say(f"tosca-kiosk: {file}: mistakes: {len(mistakes)}, the first: {error.errors[0]}")
            raise SystemExit(1) from error
    result = {"file": str(file), "ok": True, "errors": [], **_figures(protocol)}
    workplace.answer(result, f"{file}: {protocol.name!r} is allowed on this cart: {_in_words(protocol)}.")


def cart_limits(database: Database, config: CartConfig) -> Limits:
    """Return what the site's settings and the stage's active ring calibration allow a protocol.

    Raises StorageError, SiteLimitError or CalibrationError for a value or calibration that is no good.
    """
    values = settings.values(database)
    serial = config.devices.stage.serial_number
    row = calibrations.active(database, RING, serial)
    limits = Limits(
        max_power_w=site_limits(values).max_power_w,
        max_duration_s=longest_treatment_s(values),
    )
    if row is None:
        return limits
    ring = parse_calibration(RING, row.calibration_data, serial, f"calibration {row.calibration_id}")
    assert isinstance(ring, RingCalibration)
    return limits._replace(ring_min_mm=ring.ring_min_mm, ring_max_mm=ring.ring_max_mm)


@contextmanager
def _limits_known(workplace: Workplace) -> Iterator[Limits]:
    """Give the cart's limits without making a database where there is none: then the design limits."""
    if not workplace.database_path.exists():
        yield Limits(max_power_w=site_limits({}).max_power_w)
        return
    with workplace.reading() as database:
        yield cart_limits(database, workplace.config)


def _parsed(file: Path, limits: Limits) -> Protocol:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RefusedError(
            f"{file}: the protocol cannot be read ({error.strerror}); check the file"
        ) from error
    return parse_protocol(content, str(file), file.stem, limits)


def _saved(saved: SavedProtocol, limits: Limits) -> Protocol:
    source = f"protocol {saved.protocol_name!r}"
    protocol = parse_protocol(saved.protocol_data, source, saved.protocol_name, limits)
    return Protocol(
        name=saved.protocol_name,
        description=saved.description or "",
        steps=protocol.steps,
        max_power_w=protocol.max_power_w,
        max_duration_s=protocol.max_duration_s,
    )


def _problems(saved: SavedProtocol, limits: Limits) -> list[str]:
    try:
        _saved(saved, limits)
    except ProtocolError as error:
        return [str(one) for one in error.errors]
    return []


def _listed(saved: SavedProtocol) -> dict[str, Any]:
    try:
        figures = _figures(_saved(saved, _ANY))
    except ProtocolError:
        # Written by another program; `show` says what is wrong with it.
        figures = {**dict.fromkeys(("steps", "duration_seconds", "planned_energy_joules"))}
    return {
        "protocol_id": saved.protocol_id,
        **figures,
        "protocol_name": saved.protocol_name,
        "description": saved.description,
        "protocol_type": saved.protocol_type,
        "usage_count": saved.usage_count,
        "created_date": saved.created_date,
        "last_used_date": saved.last_used_date,
        "odd": saved.odd,
    }


def _figures(protocol: Protocol) -> dict[str, Any]:
    return {
        "protocol_name": protocol.name,
        "protocol_type": str(protocol.protocol_type),
        "steps": len(protocol.steps),
        "duration_seconds": protocol.duration_s,
        "planned_energy_joules": protocol.planned_energy_j,
    }


def _in_words(protocol: Protocol) -> str:
    count = len(protocol.steps)
    steps = "1 step" if count == 1 else f"{count} steps"
    return f"{steps}, {protocol.duration_s:g} s, {protocol.planned_energy_j:.1f} J"


def _page(protocol: Protocol) -> str:
    columns = ("Step", "Duration s", "Power from W", "to W", "Ramp", "Ring mm", "Energy J")
    rows = [
        (
            step.number,
            step.duration_s,
            step.power_start_w,
            step.power_end_w,
            step.ramp.value,
            step.ring_size_mm,
            round(step.energy_j(step.duration_s), 1),
        )
        for step in protocol.steps
    ]
    heading = f"{protocol.name} ({protocol.protocol_type}): {_in_words(protocol)}"
    parts = (heading, protocol.description, table_text(columns, rows))
    return "\n".join(part for part in parts if part)
