"""What stands on every screen: who and what, the alarm in front, the link, the simulated cart."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.alarms.alarm import Alarm
from tosca_kiosk.kiosk.snapshot.state import KioskState


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The top bar, the alarm slot and the simulated cart's strip, as texts and flags.

    link_age_s: of control's data; None: there is none. audible: an alarm sounds, or would without its pause.
    """

    patient: str
    protocol: str
    technician: str
    clock: str
    link_age_s: float | None
    simulated: bool
    priority: str
    what: str
    to_do: str
    more: int
    audible: bool
    lock_shown: bool
    asleep: bool
    pedal_pressed: bool | None
    stop_loop_closed: bool | None


def surroundings(state: KioskState) -> Surroundings:
    """Return what the panel shows around the screen."""
    live = state.live
    front = _front(state.alarms)
    age_s = state.data_age_s
    return Surroundings(
        patient="" if state.user is None or state.patient is None else state.patient.patient_code,
        protocol="" if state.user is None or state.protocol is None else state.protocol.name,
        technician="" if state.user is None else state.user.full_name,
        clock=state.wall_clock,
        link_age_s=None if not state.control or age_s is None else _coarse(max(age_s, 0.0)),
        simulated=state.simulated,
        priority="" if front is None else str(front.priority),
        what="" if front is None else (front.what if front.active else f"Over: {front.what}"),
        to_do="" if front is None else front.to_do,
        more=max(0, len(_to_show(state.alarms)) - 1),
        audible=any(alarm.active and not alarm.acknowledged for alarm in state.alarms),
        lock_shown=state.user is not None and not state.may_emit,
        asleep=state.asleep,
        pedal_pressed=None if live is None else live.pedal_pressed,
        stop_loop_closed=None if live is None else live.stop_loop_closed,
    )


def _to_show(alarms: tuple[Alarm, ...]) -> list[Alarm]:
    return [alarm for alarm in alarms if alarm.active or not alarm.acknowledged]


def _front(alarms: tuple[Alarm, ...]) -> Alarm | None:
    shown = _to_show(alarms)
    return shown[0] if shown else None


def _coarse(age_s: float) -> float:
    """Return the age in steps of 0.1 s, so that a fresh link does not repaint the bar every time."""
    return round(age_s, 1)
