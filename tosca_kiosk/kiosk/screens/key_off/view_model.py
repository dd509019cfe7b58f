"""Light that is not known to have ended: what is waited for, and who may say that the key is off."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tosca_kiosk.domain.commands import KEY_OFF_ROLE
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.key_off.form import KeyOffForm
from tosca_kiosk.kiosk.snapshot.accounts import Rows, account_rows
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.storage.users import Role

WHAT = "It is not known that the light has ended."
_WAITED_FOR = "It ends when the laser is read back off and the photodiode is dark."
TURN_KEY = "Turn the laser's key off, then a supervisor confirms it here."
_NO_DATA = "Control's data is old or gone. Turn the laser's key off and look at the patient."
_REASON_FIRST = "Say why first: touch Reason."


@dataclass(frozen=True, slots=True)
class KeyOffView:
    """The screen. offered: a supervisor may confirm now; advice: what goes on until then.

    can_type: a PIN that is typed now can have an effect.
    """

    to_do: str
    session: str
    offered: bool
    advice: str
    reason: str
    rows: Rows
    chosen: str
    pin_title: str
    can_type: bool
    message: str
    wait_s: int
    busy: bool


def view(state: KioskState) -> KeyOffView:
    """Return what the screen shows."""
    live, form = state.live, state.form(KeyOffForm)
    in_s = None if live is None else live.key_off_in_s
    offered = in_s is not None and in_s <= 0.0
    missing = _REASON_FIRST if offered and form.chosen is not None and not form.reason else ""
    return KeyOffView(
        to_do=TURN_KEY if offered else _WAITED_FOR if live is not None else _NO_DATA,
        session="" if live is None else f"{wording.joules(live.dose_j)} so far; the record goes on.",
        offered=offered,
        advice=_advice(in_s),
        reason=form.reason,
        rows=account_rows(state, Role(KEY_OFF_ROLE)),
        chosen="" if form.chosen is None else form.chosen.username,
        pin_title="" if form.chosen is None else f"PIN of {form.chosen.full_name}",
        can_type=offered and bool(form.reason) and not form.busy,
        message="Asking control ..." if form.busy else form.refused or missing,
        wait_s=max(0, math.ceil(form.retry_at_s - state.now_s)),
        busy=form.busy,
    )


def _advice(in_s: float | None) -> str:
    if in_s is None:
        return "Wait ..."
    return f"Wait. If nothing changes, a supervisor can confirm in {math.ceil(in_s)} s that the key is off."
