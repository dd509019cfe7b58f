"""A fault: what happened, what to do, whether it is still there, and who may reset it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tosca_kiosk.domain.interlocks import INTERLOCKS
from tosca_kiosk.kiosk.alarms import conditions
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.fault.form import FaultForm
from tosca_kiosk.kiosk.snapshot.accounts import Rows, account_rows
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.storage.users import Role

_JOURNAL = "journal"
_NOT_TREATED = "No session is open."
_NOBODY_NOW = "Nobody can reset it now"
_ADVICE = "Look at the patient and at the cart. When the reason is gone, touch RESET."
_ADVICE_WITHOUT_DATA = "Release the pedal and look at the patient. Without control nothing can be reset."


@dataclass(frozen=True, slots=True)
class FaultView:
    """The fault's first cause; the others are in the list of alarms.

    rows: username, name and role of those who may reset it. advice: to who may reset it without a PIN.
    can_type: a PIN that is typed now can have an effect.
    """

    what: str
    to_do: str
    session: str
    role_text: str
    advice: str
    needs_pin: bool
    can_reset: bool
    can_type: bool
    rows: Rows
    chosen: str
    pin_title: str
    message: str
    wait_s: int
    busy: bool
    can_end: bool
    problem: str


_ENDED_BY_RESET = frozenset(row.source for row in INTERLOCKS if row.reset_clears)
"""Causes that stand until they are reset, however well all is."""


def view(state: KioskState) -> FaultView:
    """Return what the screen shows."""
    live, form = state.live, state.form(FaultForm)
    sources = () if live is None else live.faults
    standing = frozenset(() if live is None else live.standing) - _ENDED_BY_RESET
    role = conditions.role_to_reset(sources)
    needs_pin = role is not Role.TECHNICIAN or state.user is None
    return FaultView(
        what="No data from control" if live is None else _what(sources, standing),
        to_do="" if live is None else _to_do(live),
        session=_session(state),
        role_text=_NOBODY_NOW if live is None else _role_text(role, needs_pin),
        advice=_ADVICE if live is not None else _ADVICE_WITHOUT_DATA,
        needs_pin=needs_pin,
        can_reset=not needs_pin and live is not None and not form.busy,
        can_type=live is not None and not form.busy,
        rows=account_rows(state, role),
        chosen="" if form.chosen is None else form.chosen.username,
        pin_title="" if form.chosen is None else f"PIN of {form.chosen.full_name}",
        message="Asking control ..." if form.busy else form.refused,
        wait_s=max(0, math.ceil(form.retry_at_s - state.now_s)),
        busy=form.busy,
        can_end=state.session is not None and state.user is not None and live is not None,
        problem=_problem(state),
    )


def _what(sources: tuple[str, ...], standing: frozenset[str]) -> str:
    if not sources:
        return ""
    still = " (still there)" if sources[0] in standing else ""
    return f"{conditions.of_interlock(sources[0]).what}{still}"


def _to_do(live: Telemetry) -> str:
    """Return what to do about the first cause; of the journal also where it found no room."""
    if not live.faults:
        return ""
    to_do = conditions.of_interlock(live.faults[0]).to_do
    where = live.journal_problem if live.faults[0] == _JOURNAL else None
    return to_do if where is None else f"{to_do} {where}."


def _role_text(role: Role, needs_pin: bool) -> str:
    return f"Reset with the PIN of a {role}" if needs_pin else f"You may reset it ({role})"


def _session(state: KioskState) -> str:
    live = state.live
    if state.session is None or live is None:
        return _NOT_TREATED if state.session is None else ""
    return (
        f"{wording.joules(live.dose_j)} of {wording.joules(live.planned_j)} given. Nothing resumes by itself."
    )


def _problem(state: KioskState) -> str:
    if state.live is None:
        return "Control's data is old or gone: the fault cannot be reset now."
    return wording.RECORD_LOST if state.record_problem else ""
