"""PINs on the command line: never echoed, never an argument, never in a message."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from tosca_kiosk.cli.workplace import Command, stdin_is_terminal
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import ADMIN, RefusedError
from tosca_kiosk.storage import Database
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.users import PinCheck, Role

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

    Raises RefusedError when nobody allows it. A wrong PIN is kept in the record and delays the next try.
    """
    if not accounts.admin_has_pin(database):
        if admin is not None:
            raise RefusedError("no admin has a PIN yet: leave --admin out, or run tosca-kiosk users set-pin")
        return None
    username = _admin_name() if admin is None else admin
    user = accounts.find(database, username)
    if user is None or not accounts.may_work(user) or user.role is not Role.ADMIN:
        raise RefusedError(f"{username!r} is no active admin; see tosca-kiosk users list")
    pin = read_pin(f"PIN of {username}")
    now = utc_now()
    with database.transaction() as transaction:
        tried = accounts.verify_pin(transaction, username, pin, now)
    if tried.user is None:
        raise RefusedError(_not_accepted(username, tried, now))
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


def _not_accepted(username: str, tried: PinCheck, now: datetime) -> str:
    refused = f"the PIN of {username!r} was not accepted, nothing was changed"
    if tried.retry_at is None:
        return f"{refused}; try again"
    return f"{refused}; the next try is looked at in {(tried.retry_at - now).total_seconds():.0f} s"
