"""PINs on the command line: never echoed, never an argument, never in a message."""

from __future__ import annotations

import sys
from math import ceil

import click

from tosca_kiosk.cli.workplace import Command, stdin_is_terminal
from tosca_kiosk.machine.clock import since_boot, utc_now
from tosca_kiosk.session import ADMIN, RefusedError
from tosca_kiosk.storage import Database
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.users import TRIES_BEFORE_LOCK, PinCheck, Role

_LONGEST_LINE = 1000


def admin_option(command: Command) -> Command:
    """Give a command --admin, for `authorised`."""
    return click.option(
        "--admin",
        metavar="USERNAME",
        help="The admin who allows this; needed once an admin has a PIN. The PIN is asked on a terminal, "
        "elsewhere it is the first line of standard input.",
    )(command)


def authorised(database: Database, admin: str | None) -> int | None:
    """Return the tech_id of the admin who allows a change, None while no admin has a PIN.

    Raises RefusedError when nobody allows it, and as admin_by_pin.
    """
    if not accounts.admin_has_pin(database):
        if admin is not None:
            raise RefusedError("no admin has a PIN yet: leave --admin out, or run tosca-kiosk users set-pin")
        return None
    return admin_by_pin(database, _admin_name() if admin is None else admin)


def admin_by_pin(database: Database, username: str) -> int:
    """Ask for an admin's PIN; return whose tech_id it is. Raises RefusedError as by_pin."""
    return by_pin(database, username, Role.ADMIN)


def by_pin(database: Database, username: str, role: Role) -> int:
    """Ask for the PIN of somebody who may do what needs a role; return whose tech_id it is.

    Raises RefusedError for an account that is none. A wrong PIN is kept and delays the next try.
    """
    user = accounts.find(database, username)
    if user is None or not accounts.may_work(user) or not user.covers(role):
        raise RefusedError(f"{username!r} is no active {role}; see tosca-kiosk users list")
    pin = read_pin(f"PIN of {username}")
    with database.transaction() as transaction:
        tried = accounts.verify_pin(transaction, username, pin, utc_now(), since_boot())
    if tried.user is None:
        raise RefusedError(_not_accepted(username, tried))
    return tried.user.tech_id


def read_pin(question: str, *, new: bool = False) -> str:
    """Return a PIN: asked without echo on a terminal, elsewhere the next line of standard input.

    new: asked twice. Raises RefusedError when standard input has no more lines.
    """
    if stdin_is_terminal():
        return str(click.prompt(question, hide_input=True, confirmation_prompt=new, err=True))
    line = b"" if sys.stdin is None else sys.stdin.buffer.readline(_LONGEST_LINE)
    if not line:
        raise RefusedError(f"{question}: standard input has no line for it; write one line for each PIN")
    return line.decode(errors="replace").rstrip("\r\n")


def _admin_name() -> str:
    if not stdin_is_terminal():
        raise RefusedError(
            "an admin's PIN is needed: give --admin USERNAME, and the PIN as the first line of standard input"
        )
    return str(click.prompt("Admin", default=ADMIN, err=True))


def _not_accepted(username: str, tried: PinCheck) -> str:
    refused = f"the PIN of {username!r} was not accepted, nothing was changed"
    if tried.wait_s <= 0.0:
        return f"{refused}; try again"
    waits = f"{refused}; the next try is looked at in {ceil(tried.wait_s)} s"
    return (
        f"{waits}, or after tosca-kiosk users unlock {username}"
        if tried.wrong_tries >= TRIES_BEFORE_LOCK
        else waits
    )
