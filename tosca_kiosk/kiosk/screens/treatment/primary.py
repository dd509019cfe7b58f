"""The large key of the action bar: what it is for, and the way off the screen."""

from __future__ import annotations

from enum import StrEnum

from tosca_kiosk.domain.state import Phase
from tosca_kiosk.kiosk.screens.treatment.picture import picture_view
from tosca_kiosk.kiosk.snapshot.course import LEFT_FREELY, Opening
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


_PRIMARY_TEXTS = {
    Primary.NONE: "PLEASE WAIT",
    Primary.HOME: "HOME STAGE",
    Primary.CONFIRM_DOSE: "TREAT AGAIN",
    Primary.RETRY: "TRY AGAIN",
    Primary.ARM: "HOLD TO ARM",
    Primary.FINISH: "FINISH",
    Primary.START_CONTROL: "START CONTROL",
}


def primary_text(state: KioskState, key: Primary) -> str:
    """Return what stands on it."""
    before = state.course.earlier
    if key is Primary.CONFIRM_DOSE and before is not None and not before.must_ask:
        return "GO ON"
    return "ARMED" if state.may_emit and key is Primary.ARM else _PRIMARY_TEXTS[key]


def primary(state: KioskState) -> Primary:
    """Return what it is for now."""
    live, course = state.live, state.course
    if live is None:
        return Primary.NONE if state.control else Primary.START_CONTROL
    if course.opening is Opening.OPEN:
        return _primary_in_session(live)
    if course.opening is Opening.CONFIRM_DOSE:
        return Primary.CONFIRM_DOSE
    if course.refused:
        return Primary.RETRY
    return Primary.HOME if course.opening is Opening.NOT_ASKED and not live.stage_homed else Primary.NONE


def _primary_in_session(live: Telemetry) -> Primary:
    if live.phase in (Phase.ARMED, Phase.TREATING):
        return Primary.ARM
    if live.finished or live.phase == Phase.IDLE:
        return Primary.FINISH
    return Primary.ARM if live.phase == Phase.READY else Primary.NONE


def primary_enabled(state: KioskState, key: Primary) -> bool:
    """Return whether it may be used."""
    live = state.live
    if live is None:
        return key is Primary.START_CONTROL
    if key is Primary.ARM and state.camera and not picture_view(state).live:
        return False
    if key is Primary.ARM:
        return live.phase == Phase.READY and (live.hold_s is not None or set(live.refusals) <= _ASKED_AGAIN)
    if key is Primary.HOME:
        return live.stage_homed is not None and not live.stage_searching
    return True


_ASKED_AGAIN = frozenset({"rules"})
"""What a hold of ARM has control look at again."""


def can_go_back(state: KioskState) -> bool:
    """Return whether the key that leads off may be used."""
    if state.may_emit:
        return False
    opening = state.course.opening
    if opening is Opening.OPEN:
        return state.live is not None
    return opening in LEFT_FREELY
