"""The treatment: state, power, time, dose, lamps, and one line that says what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.treatment import earlier
from tosca_kiosk.kiosk.screens.treatment.advice import advice
from tosca_kiosk.kiosk.screens.treatment.form import TreatmentForm
from tosca_kiosk.kiosk.screens.treatment.lamps import LampRow, lamp_rows
from tosca_kiosk.kiosk.screens.treatment.picture import PictureView, picture_view
from tosca_kiosk.kiosk.screens.treatment.primary import (
    Primary,
    can_go_back,
    primary,
    primary_enabled,
    primary_text,
)
from tosca_kiosk.kiosk.snapshot.course import Course, Opening, is_paused
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.link.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class TreatmentView:
    """The screen. state: of the state bar; guide: what to do next; guide_detail: why.

    earlier: rows of the patient's light before, in the picture's place until the session is opened.
    trend_shown: in the guide's place while there is light; without a camera in the picture's, always.
    guide_tone: info or refused. guide_share: how far what is waited for has come, None where that is not
    known. hold_s: how long control has counted ARM, None while it is not held; arm_hold_s: how long it must.
    can_pause: also while nobody knows whether there is light: PAUSE can do no harm then, its absence can.
    aiming: the aiming beam as it is read back, None where that is not known.
    """

    state: str
    state_detail: str
    power: str
    power_details: tuple[str, ...]
    remaining: str
    remaining_details: tuple[str, ...]
    dose_j: float | None
    planned_j: float | None
    lamps: tuple[LampRow, ...]
    limit_w: float | None
    top_w: float
    guide: str
    guide_detail: str
    guide_tone: str
    guide_share: float | None
    primary: Primary
    primary_text: str
    primary_enabled: bool
    hold_s: float | None
    arm_hold_s: float | None
    can_pause: bool
    can_go_back: bool
    back_text: str
    asking_end: bool
    in_session: bool
    picture: PictureView
    earlier: earlier.Rows
    trend_shown: bool
    aiming: bool | None


def view(state: KioskState) -> TreatmentView:
    """Return what the screen shows; figures only from fresh data."""
    live, course = state.live, state.course
    key = primary(state)
    guide, tone = advice(state, key)
    plan = state.plan
    open_ = course.opening in (Opening.OPEN, Opening.CLOSING)
    return TreatmentView(
        state=state_bar(state),
        state_detail=_detail(state),
        power=wording.watts(None if live is None else live.measured_w),
        power_details=_power_details(live),
        remaining=wording.clock(None if live is None else _remaining_s(state, live)),
        remaining_details=_remaining_details(state),
        dose_j=None if live is None or not open_ else live.dose_j,
        planned_j=None if plan is None else plan.planned_energy_j,
        lamps=lamp_rows(live, camera=state.camera),
        limit_w=None if live is None else live.power_limit_w,
        top_w=6.0 if plan is None else max(2.0, plan.peak_power_w * 1.25),
        guide=guide.do,
        guide_detail=guide.why,
        guide_tone=tone,
        guide_share=course.backed_up if course.opening is Opening.BACKING_UP and tone == "info" else None,
        primary=key,
        primary_text=primary_text(state, key),
        primary_enabled=primary_enabled(state, key),
        hold_s=None if live is None else live.hold_s,
        arm_hold_s=None if live is None else live.arm_hold_s,
        can_pause=live is None or live.phase in (Phase.ARMED, Phase.TREATING),
        can_go_back=can_go_back(state),
        back_text="End session" if open_ else "Back",
        asking_end=state.form(TreatmentForm).asking_end,
        in_session=open_,
        picture=picture_view(state),
        earlier=_earlier_shown(course),
        trend_shown=not state.camera or (state_bar(state) == "emitting" and tone != "refused"),
        aiming=None if live is None else live.aiming,
    )


def _earlier_shown(course: Course) -> earlier.Rows:
    if course.opening is not Opening.CONFIRM_DOSE or course.earlier is None or course.refused:
        return ()
    return earlier.rows(course.earlier)


def state_bar(state: KioskState) -> str:
    """Return the state bar's state; `stale` whenever control's data is not fresh."""
    live = state.live
    if live is None:
        return "stale"
    if live.phase == Phase.FAULT:
        return "fault"
    if live.phase in (Phase.ARMED, Phase.TREATING):
        return "emitting" if live.beam == Beam.EMITTING else "ready"
    return "paused" if is_paused(live) else "standby"


_RING_DIFFERS_MM = 0.05


def _detail(state: KioskState) -> str:
    live = state.live
    if live is None:
        return ""
    if live.phase == Phase.TREATING and live.beam == Beam.MOVING:
        return "ring changes"
    if live.finished and live.phase in (Phase.READY, Phase.IDLE):
        return "protocol finished"
    return ""


def _power_details(live: Telemetry | None) -> tuple[str, ...]:
    if live is None:
        return ("set --", "limit --")
    return f"set {wording.watts(live.set_w)}", f"limit {wording.watts(live.power_limit_w)}"


def _remaining_s(state: KioskState, live: Telemetry) -> float | None:
    if live.remaining_s is not None:
        return live.remaining_s
    return None if state.protocol is None else state.protocol.duration_s


def _remaining_details(state: KioskState) -> tuple[str, ...]:
    live, plan = state.live, state.plan
    total = f"of {wording.clock(None if plan is None else plan.duration_s)}"
    if live is None or not live.steps:
        return f"{0 if plan is None else len(plan.rings_mm)} steps, {total.removeprefix('of ')}", _ring(state)
    return f"{total}, step {live.step_index + 1}/{live.steps}", _ring(state)


def _ring(state: KioskState) -> str:
    live, plan = state.live, state.plan
    target_mm = None if live is None else live.ring_target_mm
    if target_mm is None and plan is not None:
        target_mm = plan.rings_mm[0]
    present_mm = None if live is None else live.ring_size_mm
    if present_mm is not None and target_mm is not None and abs(present_mm - target_mm) >= _RING_DIFFERS_MM:
        return f"ring {present_mm:.2f} > {wording.millimetres(target_mm)}"
    return f"ring {wording.millimetres(present_mm)}"
