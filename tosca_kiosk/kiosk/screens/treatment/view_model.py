"""The treatment: state, power, time, dose, lamps, and one line that says what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tosca_kiosk.control.link.telemetry import Telemetry
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.kiosk import wording
from tosca_kiosk.kiosk.forms import Opening
from tosca_kiosk.kiosk.presenter.treating import is_paused
from tosca_kiosk.kiosk.screens.treatment.lamps import LampRow, lamp_rows
from tosca_kiosk.kiosk.state import KioskState


class Primary(StrEnum):
    """What the large key of the action bar is for."""

    NONE = "none"
    HOME = "home"
    CONFIRM_DOSE = "confirm_dose"
    RETRY = "retry"
    ARM = "arm"
    FINISH = "finish"
    START_CONTROL = "start_control"


@dataclass(frozen=True, slots=True)
class TreatmentView:
    """The screen. state: of the state bar; guide: what to do next; guide_tone: info or refused.

    hold_s: how long control has counted ARM, None while it is not held.
    """

    state: str
    state_detail: str
    power: str
    power_details: tuple[str, ...]
    remaining: str
    remaining_details: tuple[str, ...]
    ring: str
    dose_j: float | None
    planned_j: float | None
    lamps: tuple[LampRow, ...]
    limit_w: float | None
    top_w: float
    guide: str
    guide_tone: str
    camera: str
    primary: Primary
    primary_text: str
    primary_enabled: bool
    hold_s: float | None
    can_pause: bool
    can_go_back: bool
    back_text: str
    asking_end: bool
    in_session: bool


def view(state: KioskState) -> TreatmentView:
    """Return what the screen shows; figures only from fresh data."""
    live, form = state.live, state.treatment
    primary = _primary(state)
    guide, tone = _guide(state, primary)
    plan = state.protocol
    open_ = form.opening in (Opening.OPEN, Opening.CLOSING)
    return TreatmentView(
        state=state_bar(state),
        state_detail=_detail(state),
        power=wording.watts(None if live is None else live.measured_w),
        power_details=_power_details(live),
        remaining=wording.clock(None if live is None else _remaining_s(state, live)),
        remaining_details=_remaining_details(state),
        ring=_ring(state),
        dose_j=None if live is None or not open_ else live.dose_j,
        planned_j=None if plan is None else plan.planned_energy_j,
        lamps=lamp_rows(live),
        limit_w=None if live is None else live.power_limit_w,
        top_w=6.0 if plan is None else max(2.0, plan.peak_power_w * 1.25),
        guide=guide,
        guide_tone=tone,
        camera="No camera configured",
        primary=primary,
        primary_text=_PRIMARY_TEXTS[primary],
        primary_enabled=_primary_enabled(state, primary),
        hold_s=None if live is None else live.hold_s,
        can_pause=live is not None and live.phase in (Phase.ARMED, Phase.TREATING),
        can_go_back=_can_go_back(state),
        back_text="End session" if open_ else "Back",
        asking_end=form.asking_end,
        in_session=open_,
    )


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


def why_not_armable(live: Telemetry) -> str:
    """Return what control would refuse to arm for, in the operator's words; "" when it would not."""
    if not live.refusals:
        return ""
    row = BY_SOURCE.get(live.refusals[0])
    more = f" (+{len(live.refusals) - 1} more)" if len(live.refusals) > 1 else ""
    return (f"{row.what} {row.to_do}" if row else f"Interlock {live.refusals[0]} fails.") + more


_RING_DIFFERS_MM = 0.05

_PRIMARY_TEXTS = {
    Primary.NONE: "",
    Primary.HOME: "HOME STAGE",
    Primary.CONFIRM_DOSE: "TREAT AGAIN",
    Primary.RETRY: "TRY AGAIN",
    Primary.ARM: "HOLD TO ARM",
    Primary.FINISH: "FINISH",
    Primary.START_CONTROL: "START CONTROL",
}


def _primary(state: KioskState) -> Primary:
    live, form = state.live, state.treatment
    if live is None:
        return Primary.NONE if state.control else Primary.START_CONTROL
    if form.opening is Opening.OPEN:
        return _primary_in_session(live)
    if form.opening is Opening.CONFIRM_DOSE:
        return Primary.CONFIRM_DOSE
    if form.refused:
        return Primary.RETRY
    return Primary.HOME if form.opening is Opening.NOT_ASKED and not live.stage_homed else Primary.NONE


def _primary_in_session(live: Telemetry) -> Primary:
    if live.phase in (Phase.ARMED, Phase.TREATING):
        return Primary.ARM
    if live.finished or live.phase == Phase.IDLE:
        return Primary.FINISH
    return Primary.ARM if live.phase == Phase.READY else Primary.NONE


def _primary_enabled(state: KioskState, primary: Primary) -> bool:
    live = state.live
    if live is None:
        return primary is Primary.START_CONTROL
    if primary is Primary.ARM:
        return live.phase == Phase.READY and (live.hold_s is not None or not live.refusals)
    if primary is Primary.HOME:
        return live.stage_homed is not None and not live.stage_searching
    return True


def _can_go_back(state: KioskState) -> bool:
    if state.may_emit:
        return False
    opening = state.treatment.opening
    if opening is Opening.OPEN:
        return state.live is not None
    return opening in (Opening.NOT_ASKED, Opening.CONFIRM_DOSE)


# --- the line that says what to do next -------------------------------------------------------------------


def _guide(state: KioskState, primary: Primary) -> tuple[str, str]:
    live, form = state.live, state.treatment
    if live is None:
        return _no_data(state), "refused"
    if form.refused and form.opening is not Opening.CLOSING:
        return form.refused, "refused"
    if form.opening is Opening.OPEN:
        return _guide_in_session(live)
    if primary is Primary.HOME:
        return _guide_homing(live), "info"
    return _guide_opening(state), "info"


def _no_data(state: KioskState) -> str:
    if not state.control:
        return f"Control is lost ({state.control_problem or 'no answer'}). Start control again."
    return "Control's data is old. No value is shown until it is fresh again."


def _guide_homing(live: Telemetry) -> str:
    if live.stage_homed is None:
        return "The ring stage does not answer yet."
    if live.stage_searching:
        return "The ring stage is looking for its zero ..."
    return "The ring stage has to find its zero. It moves over its travel: keep fingers and fibre away."


def _guide_opening(state: KioskState) -> str:
    form = state.treatment
    if form.opening is Opening.CONFIRM_DOSE and form.earlier is not None and state.patient is not None:
        energy = wording.joules(form.earlier.energy_j)
        count = form.earlier.sessions
        aborted = "an aborted session" if count == 1 else f"{count} aborted sessions"
        return f"{state.patient.patient_code} had {energy} today in {aborted}. Treat again?"
    return {
        Opening.PREPARING: "Checking the plan and making the backup ...",
        Opening.OPENING: "Opening the session ...",
        Opening.CLOSING: "Closing the session and writing the record ...",
    }.get(form.opening, "Waiting for the cart ...")


def _guide_in_session(live: Telemetry) -> tuple[str, str]:
    if live.phase == Phase.READY:
        return _guide_ready(live)
    said = _BEAMS.get(live.beam)
    if said is not None:
        return said(live), "info"
    return "The session is closed. Press FINISH to write its record.", "info"


def _guide_ready(live: Telemetry) -> tuple[str, str]:
    if live.finished:
        return "The protocol is finished. Press FINISH.", "info"
    if live.hold_s is not None:
        return "Keep holding until the ring is full.", "info"
    if why := why_not_armable(live):
        return why, "refused"
    if live.elapsed_s > 0.0:
        return f"Paused at {wording.clock(live.elapsed_s)}. Hold ARM for 1.5 s to go on.", "info"
    return "Ready. Goggles on. Hold ARM for 1.5 s, pedal up.", "info"


def _guide_waiting(live: Telemetry) -> str:
    if live.pedal_pressed and live.phase == Phase.ARMED:
        return "Release the pedal, then press it again."
    return "Armed. Press the pedal and hold it to give light."


def _guide_moving(live: Telemetry) -> str:
    return f"The ring changes to {wording.millimetres(live.ring_target_mm)}. The light is off meanwhile."


_BEAMS: dict[str, Callable[[Telemetry], str]] = {
    Beam.DARK: lambda live: "The light is off.",
    Beam.CLEARING: lambda live: "The laser driver confirms that it is off ...",
    Beam.WAITING: _guide_waiting,
    Beam.CLOSING: lambda live: "The gate closes ...",
    Beam.CHECKING: lambda live: "The laser's interlock is checked ...",
    Beam.MOVING: _guide_moving,
    Beam.STARTING: lambda live: "The laser switches on ...",
    Beam.EMITTING: lambda live: "Release the pedal to stop the light.",
}


# --- tiles ------------------------------------------------------------------------------------------------


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
        return ("set --, limit --",)
    return (f"set {_bare(live.set_w)}, limit {wording.watts(live.power_limit_w)}",)


def _bare(power_w: float) -> str:
    return wording.watts(power_w).removesuffix(" W")


def _remaining_s(state: KioskState, live: Telemetry) -> float | None:
    if live.remaining_s is not None:
        return live.remaining_s
    return None if state.protocol is None else state.protocol.duration_s


def _remaining_details(state: KioskState) -> tuple[str, ...]:
    live, plan = state.live, state.protocol
    total = f"of {wording.clock(None if plan is None else plan.duration_s)}"
    if live is None or not live.steps:
        return (f"steps {0 if plan is None else len(plan.steps)}   {total}",)
    return (f"step {live.step_index + 1}/{live.steps}  {total}",)


def _ring(state: KioskState) -> str:
    live, plan = state.live, state.protocol
    target_mm = None if live is None else live.ring_target_mm
    if target_mm is None and plan is not None:
        target_mm = plan.steps[0].ring_size_mm
    present_mm = None if live is None else live.ring_size_mm
    if present_mm is not None and target_mm is not None and abs(present_mm - target_mm) >= _RING_DIFFERS_MM:
        return f"{present_mm:.2f} > {wording.millimetres(target_mm)}"
    return f"Ring {wording.millimetres(present_mm)}"
