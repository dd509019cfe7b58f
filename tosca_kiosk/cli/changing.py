"""Who changes something, by which role, and why: the options of every changing command."""

from __future__ import annotations

from typing import NamedTuple

import click

from tosca_kiosk.cli.completion import username
from tosca_kiosk.cli.pins import user_by_pin
from tosca_kiosk.cli.reasons import given
from tosca_kiosk.cli.workplace import Command, command_name, stdin_is_terminal
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.allowed import allowed, refuse_nobody
from tosca_kiosk.storage.users import Role


class Change(NamedTuple):
    """Who changes something and why. reason: None where none was given, nor needed."""

    tech_id: int
    reason: str | None


def change_options(command: Command) -> Command:
    """Give a command --tech and --reason, for `authorised_change`."""
    command = click.option(
        "--reason",
        metavar="TEXT",
        help="Why, for the record; needed where something treated is concerned. A terminal asks for it.",
    )(command)
    return click.option(
        "--tech",
        metavar="USERNAME",
        shell_complete=username,
        help="Who changes it. Once an admin has a PIN, its own is asked on a terminal; elsewhere it is "
        "the first line of standard input.",
    )(command)


def authorised_change(
    database: Database, tech: str | None, reason: str | None, *, role: Role, treated: str | None = None
) -> Change:
    """Return who may make a change of this role, by PIN once an admin has one, and why.

    treated: what treated thing is concerned, in words, so that a reason is needed. Raises RefusedError where
    nobody is named or the reason is missing, and as user_by_pin; who may not is in the safety log.
    """
    said = _reason(reason, treated)
    name = _name(database, role) if tech is None else tech
    if accounts.admin_has_pin(database):
        return Change(user_by_pin(database, name, role).tech_id, said)
    return Change(allowed(database, name, utc_now(), command_name(), role).tech_id, said)


def authorised_addition(database: Database, tech: str | None) -> int | None:
    """Return who adds something: as authorised_change once an admin has a PIN, before that it may be nobody.

    Raises as authorised_change.
    """
    if tech is None and not accounts.admin_has_pin(database):
        return None
    return authorised_change(database, tech, None, role=Role.TECHNICIAN).tech_id


def _name(database: Database, role: Role) -> str:
    if stdin_is_terminal():
        return str(click.prompt("Username", err=True))
    refuse_nobody(database, utc_now(), command_name())
    raise RefusedError(
        f"{_a(role)} has to be named for this change: give --tech USERNAME; nothing was changed"
    )


def _a(role: Role) -> str:
    return f"an {role}" if role is Role.ADMIN else f"a {role}"


def _reason(reason: str | None, treated: str | None) -> str | None:
    if reason is None and treated is not None and stdin_is_terminal():
        reason = str(click.prompt("Reason", default="", show_default=False, err=True))
    if (said := given(reason)) is not None:
        return said
    if treated is not None:
        raise RefusedError(f"{treated}: a change needs a reason, --reason TEXT; nothing was changed")
    if reason is not None:
        raise RefusedError("--reason is empty: say why, or leave it out; nothing was changed")
    return None
