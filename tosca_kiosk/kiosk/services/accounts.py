"""Who may sign in: the first start's two accounts, and PINs with their delays and their trace in the log."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.session import ADMIN
from tosca_kiosk.storage import StorageError, Transaction, users
from tosca_kiosk.storage.account_events import SIGN_IN, Refusal, keep_refusal
from tosca_kiosk.storage.allowed import unlock_by
from tosca_kiosk.storage.users import PinCheck, Role, User

_UNLOCK: Final = "unlock an account"
_ORDER: Final = "sign an order"


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
    """Try a PIN. Every refusal is in the safety log, without the digits."""
    return _try(record, username, pin, SIGN_IN)


def unlock(record: Record, locked: User, admin: str, pin: str) -> PinCheck:
    """End an account's wait where this is the PIN of another admin; every refusal is in the safety log.

    Raises StorageError for an account that is no admin, and for the own one.
    """
    tried = _try(record, admin, pin, _UNLOCK)
    if tried.user is not None:
        unlock_by(record.database, locked, record.utc(), tried.user, _UNLOCK)
    return tried


def note_try(record: Record, username: str, right: bool) -> PinCheck:
    """Note a PIN that control has had looked at, in the same way."""
    moment, now = record.since_boot(), record.utc()
    with record.database.transaction() as transaction:
        return users.note_try(transaction, username, right, now, moment, _ORDER)


def note_wait(record: Record, username: str) -> None:
    """Keep that control had no look taken at a PIN, for it came during the wait after wrong ones."""
    with record.database.transaction() as transaction:
        users.note_wait(transaction, username, record.utc(), _ORDER)


def note_refused_order(record: Record, username: str, said: str) -> None:
    """Keep that control did not take an order that was signed with the right PIN: of the wrong role, say."""
    with record.database.transaction() as transaction:
        signed_by = users.find(transaction, username)
        keep_refusal(transaction, record.utc(), Refusal.ORDER, _ORDER, signed_by, said=said)


def _try(record: Record, username: str, pin: str, wanted: str) -> PinCheck:
    moment, now = record.since_boot(), record.utc()
    with record.database.transaction() as transaction:
        return users.verify_pin(transaction, username, pin, now, moment, wanted)


def _free_username(transaction: Transaction, full_name: str) -> str:
    """Return `Jane Doe` as jane.doe, with a number where that is in use."""
    plain = unicodedata.normalize("NFKD", full_name).encode("ascii", "ignore").decode().lower()
    stem = ".".join(re.findall(r"[a-z0-9]+", plain)) or "tech"
    name, number = stem, 1
    while users.find(transaction, name) is not None:
        number += 1
        name = f"{stem}{number}"
    return name
