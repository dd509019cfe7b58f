"""PINs on the command line: never echoed, never an argument, never in a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import NamedTuple

import click

from tosca_kiosk.cli.asking import next_line
from tosca_kiosk.cli.completion import username
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.workplace import Command, command_name, stdin_is_terminal
from tosca_kiosk.machine.clock import since_boot, utc_now
from tosca_kiosk.session import ADMIN, RefusedError
from tosca_kiosk.storage import Database, StorageError, counters, verify_backup
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.account_events import TRIES_BEFORE_LOCK
from tosca_kiosk.storage.allowed import allowed, refuse_nobody
from tosca_kiosk.storage.users import PinCheck, Role, User


def admin_option(command: Command) -> Command:
    """Give a command --admin, for `authorised`."""
    return click.option(
        "--admin",
        metavar="USERNAME",
        shell_complete=username,
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


class Signed(NamedTuple):
    """Who allowed an operation on the whole record; nothing where no admin has a PIN anywhere."""

    tech_id: int | None = None
    username: str | None = None


def signed_by_admin(path: Path, *stand_ins: Path, admin: str | None) -> Signed:
    """Ask for an admin's PIN, whatever the file at path says of its version; return who it is.

    stand_ins: files whose accounts count where that one cannot be read or no admin of it has a PIN; into
    those nothing is written. Raises as `authorised`.
    """
    for file in (path, *stand_ins):
        if _has_admins(file):
            with _accounts_of(file, written=file == path) as database:
                name = _admin_name(database) if admin is None else admin
                user = user_by_pin(database, name, Role.ADMIN)
                return Signed(user.tech_id, user.username)
    if admin is not None:
        raise RefusedError("no admin has a PIN yet: leave --admin out, or run tosca-kiosk users set-pin")
    return Signed()


def tell_unsigned(signed: Signed) -> None:
    """Say where nobody had to allow what was done."""
    if signed.username is None:
        say("Warning: no admin has a PIN, so anybody could do this: tosca-kiosk users set-pin USERNAME")


def _has_admins(path: Path) -> bool:
    """Say whether an admin of the file has a PIN; no where its accounts cannot be read."""
    try:
        with Database.of_any_version(path, read_only=True) as database, database.reading() as reader:
            known = {"tech_users", "credentials"} <= counters.tables(reader.connection)
            return known and accounts.admin_has_pin(reader)
    except StorageError:
        return False


@contextmanager
def _accounts_of(path: Path, *, written: bool) -> Iterator[Database]:
    """Open a file's accounts; to read alone where it is not to be written, or is too damaged for that."""
    keeps = written and _takes_writes(path)
    with Database.of_any_version(path, read_only=not keeps) as database:
        yield database


def _takes_writes(path: Path) -> bool:
    """Say whether a file is whole enough to keep a wrong PIN.

    Raises StorageError for a whole one that does not: on a full disk no PIN is looked at.
    """
    try:
        with Database.of_any_version(path) as database, database.transaction():
            return True
    except StorageError as error:
        try:
            verify_backup(path)
        except StorageError:
            return False
        raise error from None


def user_by_pin(database: Database, username: str, needed: Role) -> User:
    """Ask for the PIN of an account of this role or above; return whose it is.

    Raises StorageError for an account that may not, RefusedError for a wrong PIN, which delays the next try.
    Every refusal is in the safety log.
    """
    wanted = command_name()
    allowed(database, username, utc_now(), wanted, needed)
    pin = read_pin(f"PIN of {username}")
    tried = _tried(database, username, pin, wanted)
    if tried.user is None:
        raise RefusedError(_not_accepted(username, tried))
    if tried.weak:
        say(f"Warning: the PIN of {username} is easy to guess: tosca-kiosk users change-pin {username}")
    return tried.user


def _tried(database: Database, username: str, pin: str, wanted: str) -> PinCheck:
    if not database.takes_writes:
        looked = accounts.look_at_pin(database, username, pin, since_boot())
        return PinCheck(looked.user, looked.wrong_tries, looked.wait_s)
    with database.transaction() as transaction:
        return accounts.verify_pin(transaction, username, pin, utc_now(), since_boot(), wanted)


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
