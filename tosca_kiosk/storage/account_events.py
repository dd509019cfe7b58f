"""What the safety log keeps of accounts: every refusal, locks and their end.

Of a name that nobody has nothing is kept, not even its length: a PIN or a patient's name may have been typed
into the field. `wanted` is a command's name or what a screen asks a PIN for, never an argument.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.events import append_safety

SIGN_IN: Final = "sign in"
CONSOLE: Final = "the cart's console"
TRIES_BEFORE_LOCK: Final = 5
"""From this wrong PIN on the delay is called a lock."""


class Account(Protocol):
    """Whose line it is."""

    @property
    def tech_id(self) -> int: ...

    @property
    def username(self) -> str: ...


class Refusal(StrEnum):
    """Why an account was refused something, wrong PINs apart."""

    UNKNOWN_NAME = "unknown_name"
    INACTIVE = "inactive"
    NO_PIN = "no_pin"
    WAITS = "waits"
    ROLE = "role"
    OWN_ACCOUNT = "own_account"
    NOBODY_NAMED = "nobody_named"
    ORDER = "order"


_WORDS: Final = {
    Refusal.UNKNOWN_NAME: "no account has the name that was given",
    Refusal.INACTIVE: "the account is closed",
    Refusal.NO_PIN: "the account has no PIN",
    Refusal.WAITS: "after wrong PINs none is looked at for a while",
    Refusal.ROLE: "the account's role does not allow it",
    Refusal.OWN_ACCOUNT: "nobody does this to the own account",
    Refusal.NOBODY_NAMED: "it needs an account that may, and none was named",
    Refusal.ORDER: "control did not take the order",
}


def keep_refusal(
    transaction: Transaction,
    now: datetime,
    why: Refusal,
    wanted: str,
    account: Account | None = None,
    *,
    said: str | None = None,
) -> None:
    """Keep a refusal. account: None where the name is nobody's, or was not asked. said: control's words."""
    details = {"reason": str(why), "wanted": wanted}
    told = f"Refused, {wanted}"
    if account is not None:
        details["username"] = account.username
        told += f" by {account.username}"
    if said is not None:
        details["said"] = said
    words = _WORDS[why] if said is None else f"{_WORDS[why]} ({said})"
    _keep(transaction, now, noticed("account_refused", f"{told}: {words}.", "refused", details), account)


def keep_wrong_pin(
    transaction: Transaction, now: datetime, wanted: str, account: Account, *, tries: int, delay_s: float
) -> None:
    """Keep a wrong PIN, without its digits; tries: in a row, from TRIES_BEFORE_LOCK on it is a lock."""
    name = account.username
    details: dict[str, Any] = {"username": name, "wrong_tries": tries, "wanted": wanted}
    if tries < TRIES_BEFORE_LOCK:
        event = noticed("login_failed", f"A wrong PIN for {name}.", "login_refused", details)
    else:
        details["locked_seconds"] = delay_s
        event = noticed("login_locked", f"{tries} wrong PINs in a row for {name}.", "login_locked", details)
    _keep(transaction, now, event, account)


def keep_unlocked(
    transaction: Transaction, now: datetime, account: Account, tries: int, by: Account | None
) -> None:
    """Keep the end of an account's wait after wrong PINs. by: who allowed it, None for the cart's console."""
    name = CONSOLE if by is None else by.username
    event = noticed(
        "login_unlocked",
        f"{account.username} was unlocked by {name} after {tries} wrong PINs in a row.",
        "login_unlocked",
        {"username": account.username, "wrong_tries": tries, "unlocked_by": name},
    )
    _keep(transaction, now, event, by)


def _keep(transaction: Transaction, now: datetime, event: SafetyEvent, account: Account | None) -> None:
    tech_id = None if account is None else account.tech_id
    append_safety(transaction, now, [(0.0, event)], tech_id=tech_id)
