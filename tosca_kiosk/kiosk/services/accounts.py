"""Who may sign in: the first start's two accounts, and PINs with their delays and their trace in the log."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.session import ADMIN
from tosca_kiosk.storage import StorageError, Transaction, events, users
from tosca_kiosk.storage.users import TRIES_BEFORE_LOCK, PinCheck, Role, User


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who can sign in, by name; first_start: no admin has a PIN yet, so nobody rules the cart."""

    users: tuple[User, ...]
    first_start: bool


def accounts(record: Record) -> Accounts:
    """Return the accounts that can sign in."""
    active = users.list_all(record.database, active_only=True)
    able = sorted((user for user in active if user.has_pin), key=lambda user: user.full_name.lower())
    return Accounts(tuple(able), not users.admin_has_pin(record.database))


def set_up(record: Record, admin_pin: str, full_name: str, technician_pin: str) -> Accounts:
    """Give the admin a PIN and create the first technician, both or neither.

    Raises StorageError, also when an admin has a PIN already.
    """
    now = record.utc()
    with record.database.transaction() as transaction:
        if users.admin_has_pin(transaction):
            raise StorageError("an admin has a PIN already; sign in")
        admin = users.find(transaction, ADMIN)
        if admin is None:
            raise StorageError("there is no admin account; run tosca-kiosk users add")
        users.set_pin(transaction, admin.tech_id, admin_pin, now)
        username = _free_username(transaction, full_name)
        tech_id = users.add(transaction, username, full_name.strip(), Role.TECHNICIAN, now)
        users.set_pin(transaction, tech_id, technician_pin, now)
    return accounts(record)


def sign_in(record: Record, username: str, pin: str) -> PinCheck:
    """Try a PIN. Every wrong one is in the safety log, without its digits."""
    moment = record.since_boot()
    return _noted(
        record, username, lambda transaction, now: users.verify_pin(transaction, username, pin, now, moment)
    )


def unlock(record: Record, locked: User, admin: str, pin: str) -> PinCheck:
    """End an account's wait where this is the PIN of another admin; every wrong one is in the safety log.

    Raises StorageError for an account that is no admin, and for the own one.
    """
    tried = sign_in(record, admin, pin)
    if tried.user is not None:
        if tried.user.role is not Role.ADMIN:
            raise StorageError(f"{admin} is no admin, who alone unlocks accounts")
        with record.database.transaction(tried.user.tech_id) as transaction:
            users.unlock(transaction, locked.tech_id, record.utc(), tried.user)
    return tried


def note_try(record: Record, username: str, right: bool) -> PinCheck:
    """Note a PIN that control has had looked at, in the same way."""
    moment = record.since_boot()
    return _noted(
        record, username, lambda transaction, now: users.note_try(transaction, username, right, now, moment)
    )


def _noted(record: Record, username: str, tries: Callable[[Transaction, datetime], PinCheck]) -> PinCheck:
    now = record.utc()
    with record.database.transaction() as transaction:
        before = _tries(transaction, username)
        tried = tries(transaction, now)
        # From the lock on, the account itself writes its line.
        if tried.user is None and before < tried.wrong_tries < TRIES_BEFORE_LOCK:
            user = users.find(transaction, username)
            tech_id = None if user is None else user.tech_id
            events.append_safety(transaction, now, [(0.0, _wrong(username, tried))], tech_id=tech_id)
    return tried


def _tries(transaction: Transaction, username: str) -> int:
    user = users.find(transaction, username)
    credentials = user and transaction.held_one("credentials", tech_id=user.tech_id)
    return users.wrong_tries(credentials) if credentials else 0


def _wrong(username: str, tried: PinCheck) -> SafetyEvent:
    return noticed(
        "login_failed",
        f"A wrong PIN for {username}.",
        "login_refused",
        {"username": username, "wrong_tries": tried.wrong_tries},
    )


def _free_username(transaction: Transaction, full_name: str) -> str:
    """Return `Jane Doe` as jane.doe, with a number where that is in use."""
    plain = unicodedata.normalize("NFKD", full_name).encode("ascii", "ignore").decode().lower()
    stem = ".".join(re.findall(r"[a-z0-9]+", plain)) or "tech"
    name, number = stem, 1
    while users.find(transaction, name) is not None:
        number += 1
        name = f"{stem}{number}"
    return name
