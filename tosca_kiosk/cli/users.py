"""`users`: the accounts of those who work with the cart."""

from __future__ import annotations

from dataclasses import asdict

import click

from tosca_kiosk.cli import completion
from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.pins import admin_option, authorised, read_pin, user_by_pin
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import (
    Workplace,
    command_name,
    stdin_is_terminal,
    tell_doubt,
    workplace_command,
)
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database, account_changes
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.allowed import allowed, known, unlock_by
from tosca_kiosk.storage.clock_evidence import clock_doubt
from tosca_kiosk.storage.users import Role, User

_role = click.Choice([str(role) for role in Role])
_account = click.argument("username", shell_complete=completion.username)
_pin_stdin = click.option(
    "--pin-stdin",
    is_flag=True,
    help="Take the new PIN, six digits, from standard input: its first line, the second one after --admin's. "
    "A terminal asks for it.",
)


@click.group()
def users() -> None:
    """Add and change accounts. Once an admin has a PIN, changes ask for it."""


@users.command()
@click.argument("username")
@click.option("--full-name", required=True, metavar="NAME", help="The name on the screen and in reports.")
@click.option("--role", required=True, type=_role, help="Roles nest.")
@click.option("--notes", help="Anything worth knowing.")
@_pin_stdin
@admin_option
@workplace_command
def add(
    workplace: Workplace,
    username: str,
    full_name: str,
    role: str,
    notes: str | None,
    pin_stdin: bool,
    admin: str | None,
) -> None:
    """Add an account. Without a PIN nobody can sign in with it on the screen.

    \b
    Examples:
      tosca-kiosk users add jane --full-name 'Jane Doe' --role technician --admin admin
      echo 271828 | tosca-kiosk users add jane --full-name 'Jane Doe' --role technician --pin-stdin
    """
    with workplace.record() as database:
        operator_id = authorised(database, admin)
        pin = read_pin(f"New PIN of {username}", new=True) if pin_stdin else None
        now = utc_now()
        with database.transaction(operator_id) as transaction:
            tech_id = accounts.add(transaction, username, full_name, role, now, notes)
            if pin is not None:
                accounts.set_pin(transaction, tech_id, pin, now)
    result = {"tech_id": tech_id, "username": username, "role": role, "has_pin": pin is not None}
    workplace.answer(result, f"Added {role} {username}.")
    if pin is None:
        say(f"{username} has no PIN yet: tosca-kiosk users set-pin {username}")


@users.command("list")
@as_of_option
@workplace_command
def list_users(workplace: Workplace, as_of: str | None) -> None:
    """List all accounts, those that are closed too.

    \b
    Examples:
      tosca-kiosk users list
      tosca-kiosk users list --as-of 2026-11-30 --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = accounts.list_all(database)
    columns = ("Username", "Full name", "Role", "Active", "PIN", "Last sign-in (UTC)")
    rows = [
        (user.username, user.full_name, user.role, user.is_active, user.has_pin, user.last_login)
        for user in found
    ]
    text = table_text(columns, rows, [user.odd for user in found])
    workplace.answer({"users": [asdict(user) for user in found]}, text)


@users.command("set-pin")
@_account
@_pin_stdin
@admin_option
@workplace_command
def set_pin(workplace: Workplace, username: str, pin_stdin: bool, admin: str | None) -> None:
    """Give an account a new PIN; that ends a lock after wrong ones.

    \b
    Examples:
      tosca-kiosk users set-pin jane --admin admin
    """
    _refuse_without_terminal(pin_stdin)
    with workplace.record() as database:
        user = active_user(database, username)
        operator_id = authorised(database, admin)
        pin = read_pin(f"New PIN of {username}", new=True)
        with database.transaction(operator_id) as transaction:
            accounts.set_pin(transaction, user.tech_id, pin, utc_now())
    result = {"tech_id": user.tech_id, "username": username, "has_pin": True}
    workplace.answer(result, f"{username} has a new PIN.")


@users.command("change-pin")
@_account
@click.option(
    "--pin-stdin",
    is_flag=True,
    help="Take the present PIN from the first line of standard input, the new one from the second.",
)
@workplace_command
def change_pin(workplace: Workplace, username: str, pin_stdin: bool) -> None:
    """Change the own PIN: the present one is asked for, then the new one.

    \b
    Examples:
      tosca-kiosk users change-pin jane
    """
    _refuse_without_terminal(pin_stdin)
    with workplace.record() as database:
        user = user_by_pin(database, username, Role.TECHNICIAN)
        pin = read_pin(f"New PIN of {username}", new=True)
        with database.transaction(user.tech_id) as transaction:
            accounts.set_pin(transaction, user.tech_id, pin, utc_now())
    result = {"tech_id": user.tech_id, "username": username, "has_pin": True}
    workplace.answer(result, f"{username} has a new PIN.")


@users.command()
@_account
@click.option("--full-name", metavar="NAME", help="The name on the screen and in reports.")
@click.option("--role", type=_role, help="Roles nest.")
@admin_option
@workplace_command
def change(
    workplace: Workplace, username: str, full_name: str | None, role: str | None, admin: str | None
) -> None:
    """Change an account's full name, its role or both; the last admin with a PIN stays one.

    \b
    Examples:
      tosca-kiosk users change jane --role supervisor --admin admin
      tosca-kiosk users change jane --full-name 'Jane Brown'
    """
    if full_name is None and role is None:
        raise click.UsageError("nothing to change: give --full-name, --role or both")
    with workplace.record() as database:
        user = known(database, username, utc_now(), command_name())
        operator_id = authorised(database, admin)
        with database.transaction(operator_id) as transaction:
            changed = account_changes.change(transaction, user.tech_id, full_name=full_name, role=role)
    result = {
        "tech_id": changed.tech_id,
        "username": username,
        "full_name": changed.full_name,
        "role": changed.role,
    }
    workplace.answer(result, f"{username}: {changed.full_name}, {changed.role}.")


@users.command()
@_account
@click.option(
    "--admin",
    metavar="USERNAME",
    shell_complete=completion.username,
    help="Another admin who allows this, by PIN as above. Without one the console's word counts.",
)
@workplace_command
def unlock(workplace: Workplace, username: str, admin: str | None) -> None:
    """End an account's wait after wrong PINs, also while the kiosk runs; the safety log keeps a line of it.

    Whoever has the cart's console has the record itself, so no PIN is asked for.

    \b
    Examples:
      tosca-kiosk users unlock jane
    """
    path = workplace.database_path
    if not path.exists():
        raise RefusedError(f"{path}: there is no database; is this the cart's data directory?")
    # One short transaction beside the kiosk, which holds the data directory: SQLite lets them take turns.
    with Database.open(path, create=False) as database:
        user = active_user(database, username)
        signed_by = None if admin is None else user_by_pin(database, admin, Role.ADMIN)
        now = utc_now()
        tell_doubt(clock_doubt(database, now))
        tries = unlock_by(database, user, now, signed_by, command_name())
    result = {"tech_id": user.tech_id, "username": username, "wrong_tries": tries}
    workplace.answer(result, f"{username} is unlocked; wrong PINs in a row before: {tries}.")


@users.command()
@_account
@admin_option
@workplace_command
def deactivate(workplace: Workplace, username: str, admin: str | None) -> None:
    """Close an account; what it did stays in the record.

    \b
    Examples:
      tosca-kiosk users deactivate jane --admin admin
    """
    with workplace.record() as database:
        user = active_user(database, username)
        operator_id = authorised(database, admin)
        with database.transaction(operator_id) as transaction:
            account_changes.deactivate(transaction, user.tech_id)
    result = {"tech_id": user.tech_id, "username": username, "is_active": False}
    workplace.answer(result, f"{username} is closed.")


@users.command()
@_account
@admin_option
@workplace_command
def activate(workplace: Workplace, username: str, admin: str | None) -> None:
    """Open a closed account again, with the PIN that it had.

    \b
    Examples:
      tosca-kiosk users activate jane --admin admin
    """
    with workplace.record() as database:
        user = known(database, username, utc_now(), command_name())
        operator_id = authorised(database, admin)
        with database.transaction(operator_id) as transaction:
            account_changes.activate(transaction, user.tech_id)
    result = {"tech_id": user.tech_id, "username": username, "is_active": True}
    workplace.answer(result, f"{username} is open again.")


def active_user(database: Database, username: str) -> User:
    """Return an active account. Raises StorageError if there is none of this name; the safety log has it."""
    return allowed(database, username, utc_now(), command_name(), Role.TECHNICIAN)


def _refuse_without_terminal(pin_stdin: bool) -> None:
    if not (pin_stdin or stdin_is_terminal()):
        raise click.UsageError("no terminal to ask for the PIN: give --pin-stdin and write it there")
