"""Accounts as commands find them: whoever may not is refused, with a line in the safety log."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tosca_kiosk.storage.account_events import Refusal, keep_refusal
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.users import Role, User, find, unlock, why_not

_MAY_BE_A_PIN: Final = 4
"""So many digits in a name that nobody has may be those of a PIN: the name is not repeated."""
_SEE: Final = "see tosca-kiosk users list"


def allowed(database: Database, username: str, now: datetime, wanted: str, needed: Role) -> User:
    """Return the active account of this name, whose role covers the needed one. wanted: the command.

    Raises StorageError for any other account, and for one whose row does not tell.
    """
    user = find(database, username)
    why = why_not(user)
    if user is not None and why is None and user.covers(needed):
        return user
    _keep(database, now, why or Refusal.ROLE, wanted, user)
    if needed is Role.TECHNICIAN:
        raise StorageError(f"no active user {_named(user, username)}; {_SEE}")
    if user is None:
        raise StorageError(f"no active {needed} {_named(user, username)}; {_SEE}")
    raise StorageError(f"{username!r} is no active {needed}; {_SEE}")


def known(database: Database, username: str, now: datetime, wanted: str) -> User:
    """Return the account of this name, active or not; StorageError if there is none."""
    user = find(database, username)
    if user is None:
        _keep(database, now, Refusal.UNKNOWN_NAME, wanted, None)
        raise StorageError(f"no user {_named(user, username)}; {_SEE}")
    return user


def unlock_by(database: Database, user: User, now: datetime, admin: User | None, wanted: str) -> int:
    """End an account's wait after wrong PINs; return how many those were.

    admin: who signed, None for the cart's console. Raises StorageError where that is no admin, and as
    users.unlock.
    """
    if admin is not None and not admin.covers(Role.ADMIN):
        _keep(database, now, Refusal.ROLE, wanted, admin)
        raise StorageError(f"{admin.username} is no admin, who alone unlocks accounts")
    if admin is not None and admin.tech_id == user.tech_id:
        _keep(database, now, Refusal.OWN_ACCOUNT, wanted, admin)
    with database.transaction(None if admin is None else admin.tech_id) as transaction:
        return unlock(transaction, user.tech_id, now, admin)


def refuse_nobody(database: Database, now: datetime, wanted: str) -> None:
    """Keep that a command needs an account that may, and named none."""
    _keep(database, now, Refusal.NOBODY_NAMED, wanted, None)


def _keep(database: Database, now: datetime, why: Refusal, wanted: str, user: User | None) -> None:
    if not database.takes_writes:
        return  # a backup, or a file too damaged
    with database.transaction() as transaction:
        keep_refusal(transaction, now, why, wanted, user)


def _named(user: User | None, username: str) -> str:
    if user is None and sum(letter.isdigit() for letter in username) >= _MAY_BE_A_PIN:
        return "has the name that was given"
    return f"is named {username!r}"
