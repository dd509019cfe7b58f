"""A fault: what happened, what to do, whether it is still there, and who may reset it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tosca_kiosk.kiosk import alarms, wording
from tosca_kiosk.kiosk.presenter.looking_back import role_to_reset
from tosca_kiosk.kiosk.state import KioskState
from tosca_kiosk.storage.users import Role

Rows = tuple[tuple[str, str, str], ...]
NOT_TREATED = "No session is open."


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. standing: it is still there, as far as control can see."""

    what: str
    to_do: str
    standing: bool


@dataclass(frozen=True, slots=True)
class FaultView:
    """The fault, oldest cause first. rows: username, name, role of those who may reset it."""

    causes: tuple[Cause, ...]
    more: int
    session: str
    role_text: str
    needs_pin: bool
    can_reset: bool
    rows: Rows
    chosen: str
    pin_title: str
    message: str
    wait_s: int
    busy: bool
    can_end: bool
    problem: str


SHOWN = 3


def view(state: KioskState) -> FaultView:
    """Return what the screen shows."""
    live, form = state.live, state.fault
    sources = () if live is None else live.faults
    standing = frozenset(() if live is None else live.standing)
    role = role_to_reset(sources)
    needs_pin = role is not Role.TECHNICIAN or state.user is None
    return FaultView(
        causes=tuple(_cause(source, source in standing) for source in sources[:SHOWN]),
        more=max(0, len(sources) - SHOWN),
        session=_session(state),
        role_text=f"Reset by: {role}" + (" or above" if role is not Role.ADMIN else ""),
        needs_pin=needs_pin,
        can_reset=not needs_pin and live is not None and not form.busy,
        rows=_rows(state, role),
        chosen="" if form.chosen is None else form.chosen.username,
        pin_title="" if form.chosen is None else f"PIN of {form.chosen.full_name}",
        message="Asking control ..." if form.busy else form.refused,
        wait_s=max(0, math.ceil(form.retry_at_s - state.now_s)),
        busy=form.busy,
        can_end=state.session is not None and state.user is not None and live is not None,
        problem=_problem(state),
    )


def _cause(source: str, standing: bool) -> Cause:
    condition = alarms.of_interlock(source)
    return Cause(condition.what, condition.to_do, standing)


def _session(state: KioskState) -> str:
    live = state.live
    if state.session is None or live is None:
        return NOT_TREATED if state.session is None else ""
    return (
        f"Session {state.session.session_id}: {wording.joules(live.dose_j)} of "
        f"{wording.joules(live.planned_j)} given, {wording.clock(live.elapsed_s)} of light. Nothing resumes "
        "by itself."
    )


def _rows(state: KioskState, needed: Role) -> Rows:
    accounts = state.login.accounts
    users = () if accounts is None else accounts.users
    return tuple(
        (user.username, user.full_name, str(user.role).capitalize())
        for user in users
        if user.role.covers(needed)
    )


def _problem(state: KioskState) -> str:
    if state.live is None:
        return "Control's data is old or gone: the fault cannot be reset now."
    return state.record_problem or ""
