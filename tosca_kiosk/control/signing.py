"""Orders that somebody signs with a PIN: a helper finds out in the record who that is.

Wrong tries are counted here, on the clock that nobody can set, and delay the next one of the same account.
"""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

import msgspec

from tosca_kiosk.control.helpers import Helpers
from tosca_kiosk.domain.pin_tries import wrong_pin_delay_s, wrong_pin_text
from tosca_kiosk.domain.questions import Answer, NoAnswer, PinAnswer
from tosca_kiosk.link.messages import PinTried, SignedOrder

MOST_ACCOUNTS: Final = 100
KEPT_S: Final = 900.0
"""So many names are counted at once, each for so long after its last wrong PIN: whoever makes names up fills
no memory, and pushes out nobody's count. No other name is looked at meanwhile."""
_FORGOTTEN: Final = "<forgotten>"


class _Tries(NamedTuple):
    wrong: int
    until_s: float
    last_s: float = 0.0


class Signed(NamedTuple):
    """What came of a signed order, its PIN forgotten. role: the account's, None where it is refused.

    tried: what the kiosk is to record of it, None where nobody could look.
    """

    order: SignedOrder
    role: str | None
    refused: str | None
    tried: PinTried | None


class Signing:
    """Has one PIN looked at, at a time."""

    def __init__(self, helpers: Helpers) -> None:
        self._helpers = helpers
        self._tries: dict[str, _Tries] = {}
        self._asked: int | None = None
        self._order: SignedOrder | None = None

    def take(self, order: SignedOrder, now_s: float) -> Signed | None:
        """Have the PIN of an order looked at; return at once what is refused without a look."""
        if self._order is not None:
            return Signed(
                order=_without_pin(order),
                role=None,
                refused="another PIN is being checked; try again",
                tried=None,
            )
        wait_s = self._tries.get(order.username, _Tries(0, 0.0)).until_s - now_s
        if wait_s > 0.0:
            return self._not_looked_at(_without_pin(order), wait_s)
        if self._full_for(order.username, now_s):
            refused = "wrong PINs of too many accounts: wait 15 minutes"
            return Signed(order=_without_pin(order), role=None, refused=refused, tried=None)
        self._order = _without_pin(order)
        self._asked = self._helpers.ask_pin(order.username, order.pin, now_s)
        return None

    def heard(self, answer: Answer, now_s: float) -> Signed | None:
        """Take an answer; return what came of the order that it is about, None where it is another's."""
        if answer.id != self._asked or self._order is None:
            return None
        order, self._order, self._asked = self._order, None, None
        if isinstance(answer, NoAnswer):
            return Signed(
                order=order, role=None, refused=f"the PIN was not checked: {answer.problem}", tried=None
            )
        if not isinstance(answer, PinAnswer):
            return Signed(order=order, role=None, refused="the PIN was not checked; try again", tried=None)
        if answer.role is not None:
            self._tries.pop(order.username, None)
            return Signed(
                order=order,
                role=answer.role,
                refused=None,
                tried=PinTried(id=order.id, username=order.username, looked_at=True, right=True, wait_s=0.0),
            )
        if answer.wait_s > 0.0:
            return self._not_looked_at(order, answer.wait_s)
        return self._wrong(order, now_s)

    def _full_for(self, username: str, now_s: float) -> bool:
        """Forget old counts where there is no room for another; return whether there is none still."""
        if username in self._tries or len(self._tries) < MOST_ACCOUNTS:
            return False
        self._tries = {name: tries for name, tries in self._tries.items() if now_s - tries.last_s <= KEPT_S}
        return len(self._tries) >= MOST_ACCOUNTS

    def _wrong(self, order: SignedOrder, now_s: float) -> Signed:
        wrong = self._tries.get(order.username, _Tries(0, 0.0)).wrong + 1
        delay_s = wrong_pin_delay_s(wrong)
        self._tries[order.username] = _Tries(wrong=wrong, until_s=now_s + delay_s, last_s=now_s)
        tried = PinTried(id=order.id, username=order.username, looked_at=True, right=False, wait_s=delay_s)
        return Signed(order=order, role=None, refused=wrong_pin_text(wrong), tried=tried)

    def _not_looked_at(self, order: SignedOrder, wait_s: float) -> Signed:
        wrong = self._tries.get(order.username, _Tries(0, 0.0)).wrong
        told = f"{wrong} wrong PINs in a row" if wrong else "wrong PINs in a row"
        refused = f"{told}: wait {ceil(wait_s)} s"
        return Signed(
            order=order,
            role=None,
            refused=refused,
            tried=PinTried(id=order.id, username=order.username, looked_at=False, right=False, wait_s=wait_s),
        )


def _without_pin(order: SignedOrder) -> SignedOrder:
    return msgspec.structs.replace(order, pin=_FORGOTTEN)
