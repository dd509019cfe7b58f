"""The treatment: state, power, time, dose, lamps, and one line that says what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.presenter.treating import is_paused
from tosca_kiosk.kiosk.screens.treatment import earlier
from tosca_kiosk.kiosk.screens.treatment.lamps import LampRow, lamp_rows
from tosca_kiosk.kiosk.screens.treatment.picture import PictureView, picture_view
from tosca_kiosk.kiosk.snapshot.forms import Opening, TreatmentForm
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.link.telemetry import Telemetry


class Primary(StrEnum):
    """What the large key of the action bar is for."""

    NONE = "none"
    HOME = "home"
    CONFIRM_DOSE = "confirm_dose"
    RETRY = "retry"
    ARM = "arm"
    FINISH = "finish"
    START_CONTROL = "start_control"


class Said(NamedTuple):
    """What to do next, and why or what goes on."""

    do: str
    why: str


@dataclass(frozen=True, slots=True)
class TreatmentView:
    """The screen. state: of the state bar; guide: what to do next; guide_detail: why.

    earlier: rows of the patient's light before, in the picture's place until the session is opened.
    trend_shown: in the guide's place while there is light; without a camera in the picture's, always.
    guide_tone: info or refused. hold_s: how long control has counted ARM, None while it is not held.
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
    primary: Primary
    primary_text: str
    primary_enabled: bool
    hold_s: float | None
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
        dose_j=None if live is None or not open_ else live.dose_j,
        planned_j=None if plan is None else plan.planned_energy_j,
        lamps=lamp_rows(live, camera=state.camera),
        limit_w=None if live is None else live.power_limit_w,
        top_w=6.0 if plan is None else max(2.0, plan.peak_power_w * 1.25),
        guide=guide.do,
        guide_detail=guide.why,
        guide_tone=tone,
        primary=primary,
        primary_text=_primary_text(state, primary),
        primary_enabled=_primary_enabled(state, primary),
        hold_s=None if live is None else live.hold_s,
        can_pause=live is None or live.phase in (Phase.ARMED, Phase.TREATING),
        can_go_back=_can_go_back(state),
        back_text="End session" if open_ else "Back",
        asking_end=form.asking_end,
        in_session=open_,
        picture=picture_view(state),
        earlier=_earlier_shown(form),
        trend_shown=not state.camera or (state_bar(state) == "emitting" and tone != "refused"),
        aiming=None if live is None else live.aiming,
    )


def _earlier_shown(form: TreatmentForm) -> earlier.Rows:
    if form.opening is not Opening.CONFIRM_DOSE or form.earlier is None or form.refused:
        return ()
    return earlier.rows(form.earlier)


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
_REASON_LENGTH = 100

_PRIMARY_TEXTS = {
    Primary.NONE: "PLEASE WAIT",
    Primary.HOME: "HOME STAGE",
    Primary.CONFIRM_DOSE: "TREAT AGAIN",
    Primary.RETRY: "TRY AGAIN",
    Primary.ARM: "HOLD TO ARM",
    Primary.FINISH: "FINISH",
    Primary.START_CONTROL: "START CONTROL",
}


def _primary_text(state: KioskState, primary: Primary) -> str:
    before = state.treatment.earlier
    if primary is Primary.CONFIRM_DOSE and before is not None and not before.must_ask:
        return "GO ON"
    return "ARMED" if state.may_emit and primary is Primary.ARM else _PRIMARY_TEXTS[primary]


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
    if primary is Primary.ARM and state.camera and not picture_view(state).live:
        return False
    if primary is Primary.ARM:
        return live.phase == Phase.READY and (live.hold_s is not None or set(live.refusals) <= _ASKED_AGAIN)
    if primary is Primary.HOME:
        return live.stage_homed is not None and not live.stage_searching
    return True


_ASKED_AGAIN = frozenset({"rules"})
"""What a hold of ARM has control look at again."""


def _can_go_back(state: KioskState) -> bool:
    if state.may_emit:
        return False
    opening = state.treatment.opening
    if opening is Opening.OPEN:
        return state.live is not None
    return opening in (Opening.NOT_ASKED, Opening.CONFIRM_DOSE)


# --- the line that says what to do next -------------------------------------------------------------------


def _guide(state: KioskState, primary: Primary) -> tuple[Said, str]:
    live, form = state.live, state.treatment
    if live is None:
        return _no_data(state), "refused"
    if form.refused and form.opening is not Opening.CLOSING:
        return Said("Not possible now.", wording.shortened(form.refused, _REASON_LENGTH)), "refused"
    if form.opening is Opening.OPEN:
        return _guide_in_session(state, live)
    if primary is Primary.HOME:
        return _guide_homing(live), "info"
    return _guide_opening(state, live), "info"


def _no_data(state: KioskState) -> Said:
    if not state.control:
        return Said("Start control again.", f"Control is lost ({state.control_problem or 'no answer'}).")
    return Said("Release the pedal and wait.", "Control's data is old: no value is shown until it is fresh.")


def _guide_homing(live: Telemetry) -> Said:
    if live.stage_homed is None:
        return Said("Wait ...", "The ring stage does not answer yet.")
    if live.stage_searching:
        return Said("Wait ...", "The ring stage is looking for its zero. Keep fingers and fibre away.")
    return Said("Touch HOME STAGE.", "It moves over its whole travel: keep fingers and fibre away.")


def _guide_opening(state: KioskState, live: Telemetry) -> Said:
    form, test = state.treatment, live.self_test
    if form.opening is Opening.NOT_ASKED and test is not None and test.done is not None:
        return Said("Checking the cart ...", f"{test.done} of {test.of}: {test.step}. No light is given.")
    if form.opening is Opening.CONFIRM_DOSE and form.earlier is not None and state.patient is not None:
        do = "Treat again?" if form.earlier.must_ask else "Touch GO ON."
        return Said(do, earlier.told(form.earlier, state.patient.patient_code))
    detail = {
        Opening.PREPARING: "The plan is checked and the backup made.",
        Opening.OPENING: "The session is opened.",
        Opening.CLOSING: "The session is closed and its record written.",
    }
    return Said("Wait ...", detail.get(form.opening, "The cart is not ready yet."))


def _guide_in_session(state: KioskState, live: Telemetry) -> tuple[Said, str]:
    if live.phase == Phase.READY:
        return _guide_ready(state, live)
    said = _BEAMS.get(live.beam)
    if said is not None:
        return said(live), "info"
    return Said("Touch FINISH.", "The session is closed; its record is written then."), "info"


def _guide_ready(state: KioskState, live: Telemetry) -> tuple[Said, str]:
    if live.finished:
        return Said("Touch FINISH.", "The protocol is finished."), "info"
    if state.camera and not live.refusals and not picture_view(state).live:
        return _NO_PICTURE, "refused"
    if live.hold_s is not None:
        return Said("Keep holding ...", "until the circle is full."), "info"
    if live.refusals:
        return _why_not_armable(live), "refused"
    if live.elapsed_s > 0.0:
        return Said("Hold ARM to go on.", f"Paused at {wording.clock(live.elapsed_s)}. Pedal up."), "info"
    overdue = "A calibration is overdue, see the alarms. " if state.treatment.overdue else ""
    before = state.treatment.earlier
    told = f" Before: {earlier.total(before)}." if before is not None and before.sessions else ""
    return Said("Hold ARM to begin.", f"{overdue}Goggles on, pedal up.{told}"), "info"


_NO_PICTURE = Said("Check the camera.", "There is no live picture.")
"""The screen has none though control knows of fresh frames."""


def _why_not_armable(live: Telemetry) -> Said:
    """Say what control would refuse to arm for, and what to do about it."""
    row = BY_SOURCE.get(live.refusals[0])
    more = f" (+{len(live.refusals) - 1} more)" if len(live.refusals) > 1 else ""
    if row is None:
        return Said("Do not treat. Call service.", f"Interlock {live.refusals[0]} fails.{more}")
    what = live.rules_problem if row.source == "rules" and live.rules_problem else row.what
    return Said(row.to_do, f"{wording.shortened(what, _REASON_LENGTH)}{more}")


def _guide_waiting(live: Telemetry) -> Said:
    if live.pedal_pressed and live.phase == Phase.ARMED:
        return Said("Release the pedal, then press it again.", "")
    return Said("Press the pedal and hold it.", "Light is given only while it is down.")


def _guide_moving(live: Telemetry) -> Said:
    ring = wording.millimetres(live.ring_target_mm)
    return Said("Keep the pedal down.", f"The light is off while the ring changes to {ring}.")


_BEAMS: dict[str, Callable[[Telemetry], Said]] = {
    Beam.DARK: lambda live: Said("Wait ...", "The light is off."),
    Beam.CLEARING: lambda live: Said("Wait ...", "The laser driver confirms that it is off."),
    Beam.WAITING: _guide_waiting,
    Beam.CLOSING: lambda live: Said("Keep the pedal down.", "The gate closes ..."),
    Beam.CHECKING: lambda live: Said("Keep the pedal down.", "The laser's interlock is checked ..."),
    Beam.MOVING: _guide_moving,
    Beam.STARTING: lambda live: Said("Keep the pedal down.", "The laser switches on ..."),
    Beam.EMITTING: lambda live: Said("Release the pedal to stop.", "Light is given while it is down."),
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
        return ("set --", "limit --")
    return f"set {wording.watts(live.set_w)}", f"limit {wording.watts(live.power_limit_w)}"


def _remaining_s(state: KioskState, live: Telemetry) -> float | None:
    if live.remaining_s is not None:
        return live.remaining_s
    return None if state.protocol is None else state.protocol.duration_s


def _remaining_details(state: KioskState) -> tuple[str, ...]:
    live, plan = state.live, state.protocol
    total = f"of {wording.clock(None if plan is None else plan.duration_s)}"
    if live is None or not live.steps:
        return f"{0 if plan is None else len(plan.steps)} steps, {total.removeprefix('of ')}", _ring(state)
    return f"{total}, step {live.step_index + 1}/{live.steps}", _ring(state)


def _ring(state: KioskState) -> str:
    live, plan = state.live, state.protocol
    target_mm = None if live is None else live.ring_target_mm
    if target_mm is None and plan is not None:
        target_mm = plan.steps[0].ring_size_mm
    present_mm = None if live is None else live.ring_size_mm
    if present_mm is not None and target_mm is not None and abs(present_mm - target_mm) >= _RING_DIFFERS_MM:
        return f"ring {present_mm:.2f} > {wording.millimetres(target_mm)}"
    return f"ring {wording.millimetres(present_mm)}"
