"""The line that says what to do next, and why or what goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.treatment import earlier
from tosca_kiosk.kiosk.screens.treatment.picture import picture_view
from tosca_kiosk.kiosk.screens.treatment.primary import Primary
from tosca_kiosk.kiosk.snapshot.course import Opening
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.link.telemetry import Telemetry

_REASON_LENGTH = 100


class Said(NamedTuple):
    """What to do next, and why or what goes on."""

    do: str
    why: str


def advice(state: KioskState, primary: Primary) -> tuple[Said, str]:
    """Return it with its tone, info or refused."""
    live, course = state.live, state.course
    if live is None:
        return _no_data(state), "refused"
    if course.refused and course.opening is not Opening.CLOSING:
        return Said(do="Not possible now.", why=wording.shortened(course.refused, _REASON_LENGTH)), "refused"
    if course.opening is Opening.OPEN:
        return _guide_in_session(state, live)
    if primary is Primary.HOME:
        return _guide_homing(live), "info"
    return _guide_opening(state, live), "info"


def _no_data(state: KioskState) -> Said:
    if not state.control:
        return Said(
            do="Start control again.", why=f"Control is lost ({state.control_problem or 'no answer'})."
        )
    return Said(
        do="Release the pedal and wait.", why="Control's data is old: no value is shown until it is fresh."
    )


def _guide_homing(live: Telemetry) -> Said:
    if live.stage_homed is None:
        return Said(do="Wait ...", why="The ring stage does not answer yet.")
    if live.stage_searching:
        return Said(do="Wait ...", why="The ring stage is looking for its zero. Keep fingers and fibre away.")
    return Said(do="Touch HOME STAGE.", why="It moves over its whole travel: keep fingers and fibre away.")


def _guide_opening(state: KioskState, live: Telemetry) -> Said:
    course, test = state.course, live.self_test
    if course.opening is Opening.NOT_ASKED and test is not None and test.done is not None:
        return Said(
            do="Checking the cart ...", why=f"{test.done} of {test.of}: {test.step}. No light is given."
        )
    if course.opening is Opening.CONFIRM_DOSE and course.earlier is not None and state.patient is not None:
        do = "Treat again?" if course.earlier.must_ask else "Touch GO ON."
        return Said(do=do, why=earlier.told(course.earlier, state.patient.patient_code))
    detail = {
        Opening.PREPARING: "The plan is checked.",
        Opening.BACKING_UP: f"Backup first: {course.backed_up * 100:.0f} %.",
        Opening.OPENING: "The session is opened.",
        Opening.CLOSING: "The session is closed and its record written.",
    }
    return Said(do="Wait ...", why=detail.get(course.opening, "The cart is not ready yet."))


def _guide_in_session(state: KioskState, live: Telemetry) -> tuple[Said, str]:
    if live.phase == Phase.READY:
        return _guide_ready(state, live)
    said = _BEAMS.get(live.beam)
    if said is not None:
        return said(live), "info"
    return Said(do="Touch FINISH.", why="The session is closed; its record is written then."), "info"


def _guide_ready(state: KioskState, live: Telemetry) -> tuple[Said, str]:
    if live.finished:
        return Said(do="Touch FINISH.", why="The protocol is finished."), "info"
    if state.camera and not live.refusals and not picture_view(state).live:
        return _NO_PICTURE, "refused"
    if live.hold_s is not None:
        return Said(do="Keep holding ...", why="until the circle is full."), "info"
    if live.refusals:
        return _why_not_armable(live), "refused"
    if live.elapsed_s > 0.0:
        return Said(
            do="Hold ARM to go on.", why=f"Paused at {wording.clock(live.elapsed_s)}. Pedal up."
        ), "info"
    overdue = "A calibration is overdue, see the alarms. " if state.course.overdue else ""
    before = state.course.earlier
    told = f" Before: {earlier.total(before)}." if before is not None and before.sessions else ""
    return Said(do="Hold ARM to begin.", why=f"{overdue}Goggles on, pedal up.{told}"), "info"


_NO_PICTURE = Said(do="Check the camera.", why="There is no live picture.")
"""The screen has none though control knows of fresh frames."""


def _why_not_armable(live: Telemetry) -> Said:
    """Say what control would refuse to arm for, and what to do about it."""
    row = BY_SOURCE.get(live.refusals[0])
    more = f" (+{len(live.refusals) - 1} more)" if len(live.refusals) > 1 else ""
    if row is None:
        return Said(do="Do not treat. Call service.", why=f"Interlock {live.refusals[0]} fails.{more}")
    what = live.rules_problem if row.source == "rules" and live.rules_problem else row.what
    return Said(do=row.to_do, why=f"{wording.shortened(what, _REASON_LENGTH)}{more}")


def _guide_waiting(live: Telemetry) -> Said:
    if live.pedal_pressed and live.phase == Phase.ARMED:
        return Said(do="Release the pedal, then press it again.", why="")
    return Said(do="Press the pedal and hold it.", why="Light is given only while it is down.")


def _guide_moving(live: Telemetry) -> Said:
    ring = wording.millimetres(live.ring_target_mm)
    return Said(do="Keep the pedal down.", why=f"The light is off while the ring changes to {ring}.")


_BEAMS: dict[str, Callable[[Telemetry], Said]] = {
    Beam.DARK: lambda live: Said(do="Wait ...", why="The light is off."),
    Beam.CLEARING: lambda live: Said(do="Wait ...", why="The laser driver confirms that it is off."),
    Beam.WAITING: _guide_waiting,
    Beam.CLOSING: lambda live: Said(do="Keep the pedal down.", why="The gate closes ..."),
    Beam.CHECKING: lambda live: Said(do="Keep the pedal down.", why="The laser's interlock is checked ..."),
    Beam.MOVING: _guide_moving,
    Beam.STARTING: lambda live: Said(do="Keep the pedal down.", why="The laser switches on ..."),
    Beam.EMITTING: lambda live: Said(do="Release the pedal to stop.", why="Light is given while it is down."),
}
