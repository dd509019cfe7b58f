"""Which alarm conditions stand, and the book that keeps them until somebody has seen them.

Control decides what an interlock is; its severity gives the priority. The screen adds the conditions that
control cannot know: that control itself is lost, its data old, the screen restarted, the record unusable, the
picture lost on its way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from tosca_kiosk.domain.interlocks import BY_SOURCE, Severity
from tosca_kiosk.kiosk.state import Alarm, Priority
from tosca_kiosk.session import OVERDUE

CONTROL_LOST = "control_lost"
STALE_DATA = "stale_data"
SCREEN_RESTARTED = "screen_restarted"
RECORD_PROBLEM = "record_problem"
PICTURE_PROBLEM = "picture_problem"

PRIORITIES = {
    Severity.EMERGENCY: Priority.HIGH,
    Severity.CRITICAL: Priority.HIGH,
    Severity.WARNING: Priority.MEDIUM,
    Severity.INFO: Priority.LOW,
}

_RANKS = list(Priority)


class Condition(NamedTuple):
    """An alarm condition that stands now."""

    source: str
    priority: Priority
    what: str
    to_do: str


OWN = {
    STALE_DATA: Condition(
        STALE_DATA,
        Priority.HIGH,
        "Control's data is old: no value is shown.",
        "Release the pedal. If it stays so, press the red button.",
    ),
    SCREEN_RESTARTED: Condition(
        SCREEN_RESTARTED,
        Priority.MEDIUM,
        "The screen was restarted during a session; the light is off.",
        "Look at the patient, then go on or end the session.",
    ),
}


def control_lost(problem: str | None) -> Condition:
    """Return the condition of a lost control process."""
    return Condition(
        CONTROL_LOST,
        Priority.HIGH,
        "Control is lost: the interlock board opens the gate.",
        f"Release the pedal, then start control again. ({problem or 'no answer'})",
    )


def record_problem(problem: str) -> Condition:
    """Return the condition of a record that cannot be used."""
    return Condition(RECORD_PROBLEM, Priority.MEDIUM, "The record cannot be used.", problem)


def picture_problem(problem: str) -> Condition:
    """Return the condition of a picture that was lost between the camera's process and this one."""
    return Condition(
        PICTURE_PROBLEM,
        Priority.MEDIUM,
        "The camera's picture does not reach the screen.",
        f"Wait for the camera to be started again; else restart the cart. ({problem})",
    )


def calibration_overdue(warnings: Iterable[str]) -> Condition:
    """Return the condition of calibrations that were due."""
    what = " ".join(warnings)
    return Condition(OVERDUE, Priority.MEDIUM, what, "Treat with care; have it calibrated.")


def delayed(why: str) -> Condition:
    """Return the condition of a control that should run in real time and does not."""
    row = BY_SOURCE["real_time"]
    return Condition(row.source, PRIORITIES[row.severity], f"{row.what} {why}", row.to_do)


def of_interlock(source: str) -> Condition:
    """Return the condition of a failed interlock; one that this program does not know is of high priority."""
    row = BY_SOURCE.get(source)
    if row is None:
        return Condition(source, Priority.HIGH, f"Interlock {source} failed.", "Do not treat. Call service.")
    return Condition(source, PRIORITIES[row.severity], row.what, row.to_do)


class AlarmBook:
    """Alarms by source. One that is over stays until it is acknowledged; nothing leaves by itself."""

    def __init__(self) -> None:
        self._alarms: dict[str, Alarm] = {}
        self._shown: tuple[Alarm, ...] = ()

    def update(self, now_s: float, standing: Iterable[Condition]) -> tuple[Alarm, ...]:
        """Take what stands now; return all alarms, the one to show first at the front."""
        conditions = {condition.source: condition for condition in standing}
        before = dict(self._alarms)
        for source, condition in conditions.items():
            known = self._alarms.get(source)
            if known is None or not known.active:
                self._alarms[source] = Alarm(*condition, since_s=now_s)
            elif (known.what, known.to_do) != condition[2:]:
                self._alarms[source] = replace(known, what=condition.what, to_do=condition.to_do)
        for source, alarm in list(self._alarms.items()):
            if source in conditions:
                continue
            if alarm.acknowledged:
                del self._alarms[source]
            elif alarm.active:
                self._alarms[source] = replace(alarm, active=False)
        if self._alarms != before:
            self._sort()
        return self._shown

    def note(self, now_s: float, condition: Condition) -> None:
        """Add an alarm for something that has happened and is over."""
        self._alarms[condition.source] = Alarm(*condition, since_s=now_s, active=False)
        self._sort()

    def acknowledge(self, sources: Iterable[str] | None = None) -> None:
        """Say that somebody has seen these alarms, None for all of them."""
        for source in list(self._alarms) if sources is None else sources:
            alarm = self._alarms.get(source)
            if alarm is None:
                continue
            if alarm.active:
                self._alarms[source] = replace(alarm, acknowledged=True)
            else:
                del self._alarms[source]
        self._sort()

    def _sort(self) -> None:
        self._shown = tuple(
            sorted(
                self._alarms.values(),
                key=lambda alarm: (not alarm.active, _RANKS.index(alarm.priority), -alarm.since_s),
            )
        )
