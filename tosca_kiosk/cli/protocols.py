"""`protocols`: treatment plans in the record, and the check of a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.changing import Change, authorised_addition, authorised_change, change_options
from tosca_kiosk.cli.completion import protocol_name, username
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.protocol_usage import usage
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import Limits, ProtocolError, to_json
from tosca_kiosk.domain.site_limits import site_limits
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import saved_protocols
from tosca_kiosk.session.saved_protocols import ANY_LIMITS, cart_limits, of_file, of_row
from tosca_kiosk.storage import Database
from tosca_kiosk.storage import protocols as rows
from tosca_kiosk.storage.protocols import SavedProtocol
from tosca_kiosk.storage.users import Role

_name = click.argument("name", shell_complete=protocol_name)
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))


@click.group()
def protocols() -> None:
    """Add, change, retire, list, show, export and check protocols."""


@protocols.command()
@_file
@click.option(
    "--tech",
    metavar="USERNAME",
    shell_complete=username,
    help="Who adds the protocol. Needed once an admin has a PIN, and then by PIN: asked on a terminal, "
    "elsewhere the first line of standard input.",
)
@workplace_command
def add(workplace: Workplace, file: Path, tech: str | None) -> None:
    """Check FILE against this cart's limits and save it under its name.

    \b
    Examples:
      tosca-kiosk protocols add plan.json --tech jane
    """
    with workplace.record() as database:
        tech_id = authorised_addition(database, tech)
        protocol = of_file(file, cart_limits(database, workplace.config))
        with database.transaction(tech_id) as transaction:
            protocol_id = saved_protocols.save(transaction, protocol, utc_now(), tech_id)
    _answer_saved(workplace, protocol_id, protocol, "Saved")


@protocols.command()
@_name
@_file
@change_options
@workplace_command
def edit(workplace: Workplace, name: str, file: Path, tech: str | None, reason: str | None) -> None:
    """Check FILE against this cart's limits and put it in the place of what the protocol NAME says now.

    FILE calls itself NAME, or nothing. Sessions keep what they were treated by, the audit keeps every content
    that there was. A protocol that was used needs a reason.

    \b
    Examples:
      tosca-kiosk protocols edit 'Gentle ramp' plan.json --tech supervisor01
      tosca-kiosk protocols edit 'Gentle ramp' plan.json --tech supervisor01 --reason 'Less power at the end'
    """
    with workplace.record() as database:
        saved = rows.get(database, name)
        change = _authorised(database, saved, tech, reason)
        protocol = of_file(file, cart_limits(database, workplace.config), name)
        with database.transaction(change.tech_id, reason=change.reason) as transaction:
            changed = saved_protocols.put(transaction, saved, protocol, utc_now())
    _answer_saved(workplace, saved.protocol_id, protocol, "Changed" if changed else "Is so already:")


@protocols.command()
@_name
@click.argument("new_name")
@change_options
@workplace_command
def copy(workplace: Workplace, name: str, new_name: str, tech: str | None, reason: str | None) -> None:
    """Save what the protocol NAME says under NEW_NAME too, where this cart allows it.

    \b
    Examples:
      tosca-kiosk protocols copy 'Constant 5 W, 60 s' 'Constant 5 W, for knees' --tech jane
    """
    with workplace.record() as database:
        saved = rows.get(database, name)
        change = authorised_change(database, tech, reason, role=Role.TECHNICIAN)
        protocol = saved_protocols.copied(saved, new_name, cart_limits(database, workplace.config))
        with database.transaction(change.tech_id, reason=change.reason) as transaction:
            protocol_id = saved_protocols.save(transaction, protocol, utc_now(), change.tech_id)
    _answer_saved(workplace, protocol_id, protocol, "Saved")


@protocols.command()
@_name
@change_options
@workplace_command
def retire(workplace: Workplace, name: str, tech: str | None, reason: str | None) -> None:
    """Close the protocol NAME to new sessions; nothing is deleted, and its name stays taken.

    \b
    Examples:
      tosca-kiosk protocols retire 'Gentle ramp' --tech supervisor01 --reason 'Replaced by the gentler one'
    """
    _set_active(workplace, name, tech, reason, active=False)


@protocols.command()
@_name
@change_options
@workplace_command
def activate(workplace: Workplace, name: str, tech: str | None, reason: str | None) -> None:
    """Open the retired protocol NAME to new sessions again.

    \b
    Examples:
      tosca-kiosk protocols activate 'Gentle ramp' --tech supervisor01 --reason 'Asked for again'
    """
    _set_active(workplace, name, tech, reason, active=True)


@protocols.command()
@_name
@click.argument("file", type=click.Path(path_type=Path))
@as_of_option
@workplace_command
def export(workplace: Workplace, name: str, file: Path, as_of: str | None) -> None:
    """Write the protocol NAME to the new FILE, as JSON that `protocols add` takes.

    \b
    Examples:
      tosca-kiosk protocols export 'Gentle ramp' gentle.json
      tosca-kiosk protocols export 'Gentle ramp' before.json --as-of 2026-11-30
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        saved = rows.get(database, name)
        saved_protocols.write_out(saved, file)
    result = {"protocol_id": saved.protocol_id, "protocol_name": name, "file": str(file)}
    workplace.answer(result, f"Written: {file}")


@protocols.command("list")
@click.option("--retired", is_flag=True, help="Those that are retired, too.")
@as_of_option
@workplace_command
def list_protocols(workplace: Workplace, retired: bool, as_of: str | None) -> None:
    """List the saved protocols.

    \b
    Examples:
      tosca-kiosk protocols list --retired
      tosca-kiosk protocols list --as-of 2026-11-30 --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = [_listed(saved) for saved in rows.list_all(database, retired=retired)]
    shown = ("protocol_name", "protocol_type", "steps", "duration_seconds", "planned_energy_joules")
    columns = ["Name", "Type", "Steps", "Duration s", "Energy J", "Used", "Last used (UTC)"]
    columns += ["Active"] if retired else []
    behind = ("usage_count", "last_used_date", *(("is_active",) if retired else ()))
    told = [[row[key] for key in (*shown, *behind)] for row in found]
    workplace.answer({"protocols": found}, table_text(columns, told, [row["odd"] for row in found]))


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
        saved = rows.get(database, name)
        limits = cart_limits(database, workplace.config)
    protocol = of_row(saved, ANY_LIMITS)
    problems = saved_protocols.problems(saved, limits)
    result = {
        "protocol_id": saved.protocol_id,
        **_figures(protocol),
        "usage_count": saved.usage_count,
        "last_used_date": saved.last_used_date,
        "is_active": saved.is_active,
        "protocol": json.loads(to_json(protocol, named=True)),
        "problems": problems,
    }
    workplace.answer(result, _page(protocol))
    if saved.is_active is False:
        say("Retired: no new session is opened with it.")
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
            protocol = of_file(file, limits)
        except ProtocolError as error:
            mistakes = [{"path": one.path, "text": one.text} for one in error.errors]
            result = {"file": str(file), "ok": False, "error": str(error), "errors": mistakes}
            workplace.answer(result, "\n".join(str(one) for one in error.errors))
            say(f"tosca-kiosk: {file}: mistakes: {len(mistakes)}, the first: {error.errors[0]}")
            raise SystemExit(1) from error
    result = {"file": str(file), "ok": True, "errors": [], **_figures(protocol)}
    workplace.answer(result, f"{file}: {protocol.name!r} is allowed on this cart: {_in_words(protocol)}.")


def _set_active(
    workplace: Workplace, name: str, tech: str | None, reason: str | None, *, active: bool
) -> None:
    with workplace.record() as database:
        saved = rows.get(database, name)
        change = _authorised(database, saved, tech, reason)
        changed = saved.is_active is not active
        if changed:
            with database.transaction(change.tech_id, reason=change.reason) as transaction:
                rows.set_active(transaction, saved.protocol_id, utc_now(), active=active)
    said = "is open to new sessions" if active else "is retired"
    result = {
        "protocol_id": saved.protocol_id,
        "protocol_name": name,
        "is_active": active,
        "changed": changed,
    }
    workplace.answer(result, f"{name!r} {said}{'.' if changed else ' already.'}")


def _authorised(database: Database, saved: SavedProtocol, tech: str | None, reason: str | None) -> Change:
    used = f"protocol {saved.protocol_name!r} was used in sessions" if rows.is_used(database, saved) else None
    return authorised_change(database, tech, reason, role=Role.SUPERVISOR, treated=used)


def _answer_saved(workplace: Workplace, protocol_id: int, protocol: Protocol, said: str) -> None:
    text = f"{said} {protocol.name!r}: {_in_words(protocol)}."
    workplace.answer({"protocol_id": protocol_id, **_figures(protocol)}, text)


@contextmanager
def _limits_known(workplace: Workplace) -> Iterator[Limits]:
    """Give the cart's limits without making a database where there is none: then the design limits."""
    if not workplace.database_path.exists():
        yield Limits(max_power_w=site_limits({}).max_power_w)
        return
    with workplace.reading() as database:
        yield cart_limits(database, workplace.config)


def _listed(saved: SavedProtocol) -> dict[str, Any]:
    try:
        figures = _figures(of_row(saved, ANY_LIMITS))
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
        "is_active": saved.is_active,
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


protocols.add_command(usage)
