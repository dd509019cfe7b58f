"""Accounts: who may do what, PINs hashed by argon2, growing delays and a lock after wrong ones.

A wait is counted from its try in this run of the machine, on a clock that nobody can set; after a restart of
the machine it begins anew. `now` is the wall clock, which labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from tosca_kiosk.domain.pin_rules import is_weak, pin_problem
from tosca_kiosk.domain.pin_tries import wrong_pin_delay_s
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage.account_events import (
    SIGN_IN,
    TRIES_BEFORE_LOCK,
    Refusal,
    keep_refusal,
    keep_unlocked,
    keep_wrong_pin,
)
from tosca_kiosk.storage.audited import pin_digest
from tosca_kiosk.storage.columns import Held
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError

_NO_TRIES = {"failed_tries": 0, "tried_boot_id": None, "tried_boot_s": None}

# OWASP's least for argon2id. One lane: a PIN is looked at while control runs its loop on the other core. What
# protects six digits is the growing delay; no cost that a person would wait for makes up for their number.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


class Role(StrEnum):
    """Roles nest: each may do what those before it may."""

    TECHNICIAN = "technician"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Say whether someone of this role may do what needs the other."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class User:
    """One account. has_pin: without one nobody can sign in with it.

    role, is_active: None where the row does not tell. odd: what in the row is no value of its column.
    """

    tech_id: int
    username: str
    full_name: str
    role: Role | None
    created_date: datetime | None
    last_login: datetime | None
    is_active: bool | None
    has_pin: bool
    notes: str | None
    odd: tuple[str, ...] = ()

    def covers(self, needed: Role) -> bool:
        """Say whether the account may do what needs a role; nobody may whose role is not known."""
        return self.role is not None and self.role.covers(needed)


@dataclass(frozen=True, slots=True)
class PinCheck:
    """What a try came to. user: who it is when the PIN was right, else None.

    wrong_tries: in a row, this one included. wait_s: for how long no PIN is looked at, 0.0 when one may be.
    weak: whether the right PIN, which could be set in older versions, is easy to guess.
    """

    user: User | None
    wrong_tries: int
    wait_s: float
    weak: bool = False


def add(
    transaction: Transaction,
    username: str,
    full_name: str,
    role: str,
    now: datetime,
    notes: str | None = None,
) -> int:
    """Add an account without a PIN; return its tech_id. StorageError for a name in use or an unknown role."""
    known = role_of(role)
    for what, text in (("username", username), ("full name", full_name)):
        if not text.strip():
            raise StorageError(f"an account needs a {what}; give one")
    if transaction.held_one("tech_users", username=username):
        raise StorageError(f"user {username!r} exists already; choose another username")
    added: int = transaction.insert(
        "tech_users", username=username, full_name=full_name, role=str(known), created_date=now, notes=notes
    )
    return added


def list_all(database: Database | Reader, *, active_only: bool = False) -> list[User]:
    """Return the accounts by username; active_only: but for those that are closed for certain."""
    found = database.held("tech_users", order_by="username")
    with_pin = {credentials.row["tech_id"] for credentials in database.held("credentials")}
    users = [_user(one, one.row["tech_id"] in with_pin) for one in found]
    return [user for user in users if not (active_only and user.is_active is False)]


def find(database: Database | Reader, username: str) -> User | None:
    """Return the account with this username, active or not, or None."""
    return _found(database, username=username)


def named(database: Database | Reader, username: str) -> User:
    """Return the account of this name, active or not; StorageError if there is none."""
    user = find(database, username)
    if user is None:
        known = [str(row["username"]) for row in database.rows("SELECT username FROM tech_users")]
        near = get_close_matches(username, known, n=1)
        guess = f"; {near[0]} may be meant" if near else ""
        raise StorageError(f"no user is named {username!r}{guess}; see tosca-kiosk users list")
    return user


def get(database: Database | Reader, tech_id: int | None) -> User:
    """Return an account; StorageError if there is none."""
    user = of_id(database, tech_id)
    if user is None:
        raise StorageError(f"no user has the number {tech_id}; see tosca-kiosk users list")
    return user


def of_id(database: Database | Reader, tech_id: int | None) -> User | None:
    """Return an account, active or not, or None."""
    return None if tech_id is None else _found(database, tech_id=tech_id)


def may_work(user: User) -> bool:
    """Say whether the account is active. Raises StorageError where its row does not tell, or not its role."""
    if user.is_active is None or user.role is None:
        raise StorageError(
            f"account {user.username!r}: {'; '.join(user.odd)}; correct the row, then tosca-kiosk db check"
        )
    return user.is_active


def why_not(user: User | None) -> Refusal | None:
    """Return why an account lets nobody work with it, None where it does. Raises StorageError as may_work."""
    if user is None:
        return Refusal.UNKNOWN_NAME
    return None if may_work(user) else Refusal.INACTIVE


def admin_has_pin(database: Database | Reader) -> bool:
    """Say whether some active admin can sign in: from then on changes of accounts ask for a PIN.

    An account whose row does not tell what it is counts: else an odd value would open the accounts to all.
    """
    active = list_all(database, active_only=True)
    return any(user.has_pin and user.role in (Role.ADMIN, None) for user in active)


def set_pin(transaction: Transaction, tech_id: int, pin: str, now: datetime) -> None:
    """Give an account a PIN; that ends a lock. StorageError for what is no PIN, or easy to guess."""
    if problem := pin_problem(pin):
        raise StorageError(problem)
    get(transaction, tech_id)
    pin_hash = _hasher.hash(pin)
    values = {"pin_hash": pin_hash, "pin_digest": pin_digest(pin_hash), "changed_date": now, **_NO_TRIES}
    if transaction.held_one("credentials", tech_id=tech_id) is None:
        transaction.insert("credentials", tech_id=tech_id, **values)
    else:
        transaction.update("credentials", {"tech_id": tech_id}, **values)


def verify_pin(
    transaction: Transaction,
    username: str,
    pin: str,
    now: datetime,
    moment: SinceBoot,
    wanted: str = SIGN_IN,
) -> PinCheck:
    """Try a PIN. Wrong ones in a row delay the next try more and more; during a delay none is looked at.

    An unknown or inactive account and one without a PIN never let anyone in. Every refusal is in the safety
    log. wanted: what the PIN was to allow.
    """
    looked = look_at_pin(transaction, username, pin, moment)
    if looked.wait_s > 0.0:
        note_wait(transaction, username, now, wanted)
        return PinCheck(None, looked.wrong_tries, looked.wait_s)
    tried = note_try(transaction, username, looked.user is not None, now, moment, wanted)
    return replace(tried, weak=tried.user is not None and is_weak(pin))


@dataclass(frozen=True, slots=True)
class PinLook:
    """What looking at a PIN came to, nothing noted. user: who it is when it is right, else None.

    wrong_tries: in a row before this one. wait_s: over 0.0 where it was not looked at, nor will be meanwhile.
    """

    user: User | None
    wrong_tries: int
    wait_s: float


def look_at_pin(database: Database | Reader, username: str, pin: str, moment: SinceBoot) -> PinLook:
    """Look whether this is an active account's PIN. Raises StorageError for a hash that cannot be read."""
    user = find(database, username)
    credentials = user and database.held_one("credentials", tech_id=user.tech_id)
    if not user or not credentials or not may_work(user):
        return PinLook(None, 0, 0.0)
    tries, wait_s = wrong_tries(credentials), _rest_s(credentials, moment)
    if wait_s > 0.0:
        return PinLook(None, tries, wait_s)
    return PinLook(user if _fits(credentials.row["pin_hash"], pin, username) else None, tries, 0.0)


def note_try(
    transaction: Transaction,
    username: str,
    right: bool,
    now: datetime,
    moment: SinceBoot,
    wanted: str = SIGN_IN,
) -> PinCheck:
    """Note a PIN that was looked at, here or by control's helper: a wrong one counts, a right one signs in.

    An unknown or inactive account and one without a PIN has nothing to be noted but the refusal.
    """
    user = find(transaction, username)
    credentials = user and transaction.held_one("credentials", tech_id=user.tech_id)
    if not user or not credentials or not may_work(user):
        keep_refusal(transaction, now, why_not(user) or Refusal.NO_PIN, wanted, user)
        return PinCheck(None, 0, 0.0)
    if not right:
        return _refused(transaction, user, wrong_tries(credentials) + 1, now, moment, wanted)
    _keep_tries(transaction, user.tech_id, _NO_TRIES)
    transaction.update("tech_users", {"tech_id": user.tech_id}, last_login=now)
    return PinCheck(get(transaction, user.tech_id), 0, 0.0)


def note_wait(transaction: Transaction, username: str, now: datetime, wanted: str = SIGN_IN) -> None:
    """Note a PIN that nobody looked at, for it came during the wait after wrong ones: it is no try."""
    keep_refusal(transaction, now, Refusal.WAITS, wanted, find(transaction, username))


def without_wrong_pins(database: Database | Reader) -> set[str]:
    """Return who has no wrong PIN behind the last right one, or was unlocked since: nobody of them waits."""
    tried = {one.row["tech_id"] for one in database.held("credentials") if wrong_tries(one) > 0}
    return {user.username for user in list_all(database) if user.tech_id not in tried}


def unlock(transaction: Transaction, tech_id: int, now: datetime, admin: User | None) -> int:
    """End an account's wait after wrong PINs, with a line in the safety log; return how many those were.

    admin: who allowed it; None for whoever is at the cart's console. Raises StorageError for an account
    without a PIN, and where it is the admin's own.
    """
    user = get(transaction, tech_id)
    credentials = transaction.held_one("credentials", tech_id=tech_id)
    if credentials is None:
        raise StorageError(f"{user.username} has no PIN; give one: tosca-kiosk users set-pin {user.username}")
    if admin is not None and admin.tech_id == tech_id:
        raise StorageError(f"{user.username} cannot unlock the own account; another admin can")
    tries = wrong_tries(credentials)
    transaction.update("credentials", {"tech_id": tech_id}, **_NO_TRIES)
    keep_unlocked(transaction, now, user, tries, by=admin)
    return tries


def wrong_tries(credentials: Held) -> int:
    """Return the wrong tries in a row; where the row does not tell, so many that the next one locks."""
    tries: int | None = credentials.row["failed_tries"]
    return TRIES_BEFORE_LOCK - 1 if tries is None else tries


def _rest_s(credentials: Held, moment: SinceBoot) -> float:
    """Return what is left of the wait after the newest wrong PIN, in seconds: never more than its own."""
    tries = wrong_tries(credentials)
    if tries < 1:
        return 0.0
    delay_s = wrong_pin_delay_s(tries)
    row = credentials.row
    tried_s = row.get("tried_boot_s")  # an earlier version's file has no such moment
    # In another run of the machine it begins anew, with that run.
    began_s = tried_s if tried_s is not None and row["tried_boot_id"] == moment.boot_id else 0.0
    return min(delay_s, max(0.0, began_s + delay_s - moment.s))


def _refused(
    transaction: Transaction, user: User, tries: int, now: datetime, moment: SinceBoot, wanted: str
) -> PinCheck:
    delay_s = wrong_pin_delay_s(tries)
    tried = {"failed_tries": tries, "tried_boot_id": moment.boot_id, "tried_boot_s": moment.s}
    _keep_tries(transaction, user.tech_id, tried)
    keep_wrong_pin(transaction, now, wanted, user, tries=tries, delay_s=delay_s)
    return PinCheck(None, tries, delay_s)


def _keep_tries(transaction: Transaction, tech_id: int, tried: Mapping[str, Any]) -> None:
    """Keep of the wrong tries what the file's version has a place for."""
    columns = transaction.columns("credentials")
    held = {name: value for name, value in tried.items() if name in columns}
    transaction.update("credentials", {"tech_id": tech_id}, **held)


def _fits(pin_hash: str, pin: str, username: str) -> bool:
    try:
        return _hasher.verify(pin_hash, pin)
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError, UnicodeError):
        # What the library says may hold some of the hash or of the PIN.
        raise StorageError(
            f"the PIN of {username!r} cannot be checked: its hash is none of argon2; "
            "set a new one: tosca-kiosk users set-pin"
        ) from None


def role_of(role: str) -> Role:
    """Return the role of this name; StorageError if there is none."""
    try:
        return Role(role)
    except ValueError as error:
        raise StorageError(f"role {role!r} is unknown; allowed: {', '.join(Role)}") from error


def _found(database: Database | Reader, **key: Any) -> User | None:
    found = database.held_one("tech_users", **key)
    if found is None:
        return None
    return _user(found, database.held_one("credentials", tech_id=found.row["tech_id"]) is not None)


def _user(found: Held, has_pin: bool) -> User:
    role = found.row["role"]
    known = Role(role) if role in tuple(Role) else None
    return User(**{**found.row, "role": known}, has_pin=has_pin, odd=found.marks)
