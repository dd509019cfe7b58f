"""PINs on the command line: never echoed, never an argument, never in a message."""

from __future__ import annotations

from math import ceil

import click

from tosca_kiosk.cli.asking import next_line
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.workplace import Command, command_name, stdin_is_terminal
from tosca_kiosk.machine.clock import since_boot, utc_now
from tosca_kiosk.session import ADMIN, RefusedError
from tosca_kiosk.storage import Database
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.account_events import TRIES_BEFORE_LOCK
from tosca_kiosk.storage.allowed import allowed, refuse_nobody
from tosca_kiosk.storage.users import PinCheck, Role, User


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

    Raises RefusedError when nobody allows it, which is in the safety log, and as user_by_pin.
    """
    if not accounts.admin_has_pin(database):
        if admin is not None:
            raise RefusedError("no admin has a PIN yet: leave --admin out, or run tosca-kiosk users set-pin")
        return None
    return user_by_pin(database, _admin_name(database) if admin is None else admin, Role.ADMIN).tech_id


def user_by_pin(database: Database, username: str, needed: Role) -> User:
    """Ask for the PIN of an account of this role or above; return whose it is.

    Raises StorageError for an account that may not, RefusedError for a wrong PIN, which delays the next try.
    Every refusal is in the safety log.
    """
    wanted = command_name()
    allowed(database, username, utc_now(), wanted, needed)
    pin = read_pin(f"PIN of {username}")
    with database.transaction() as transaction:
        tried = accounts.verify_pin(transaction, username, pin, utc_now(), since_boot(), wanted)
    if tried.user is None:
        raise RefusedError(_not_accepted(username, tried))
    if tried.weak:
        say(f"Warning: the PIN of {username} is easy to guess: tosca-kiosk users change-pin {username}")
    return tried.user


def read_pin(question: str, *, new: bool = False) -> str:
    """Return a PIN: asked without echo on a terminal, elsewhere the next line of standard input.

    new: asked twice. Raises RefusedError when standard input has no more lines.
    """
    if stdin_is_terminal():
        return str(click.prompt(question, hide_input=True, confirmation_prompt=new, err=True))
    return next_line(question).decode(errors="replace")


def _admin_name(database: Database) -> str:
    if not stdin_is_terminal():
        refuse_nobody(database, utc_now(), command_name())
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
