"""Which alarm conditions there are, with their words.

Control decides what an interlock is; its severity gives the priority. The screen adds the conditions that
control cannot know: that control itself is lost, its data old, the screen restarted, the record unusable, the
picture lost on its way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tosca_kiosk.domain.interlocks import BY_SOURCE, ROLES, Severity
from tosca_kiosk.kiosk.alarms.alarm import Priority
from tosca_kiosk.session import OVERDUE
from tosca_kiosk.storage.users import Role

CONTROL_LOST = "control_lost"
STALE_DATA = "stale_data"
SCREEN_RESTARTED = "screen_restarted"
RECORD_PROBLEM = "record_problem"
PICTURE_PROBLEM = "picture_problem"

_PRIORITIES = {
    Severity.EMERGENCY: Priority.HIGH,
    Severity.CRITICAL: Priority.HIGH,
    Severity.WARNING: Priority.MEDIUM,
    Severity.INFO: Priority.LOW,
}


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
    return Condition(row.source, _PRIORITIES[row.severity], f"{row.what} {why}", row.to_do)


def of_interlock(source: str) -> Condition:
    """Return the condition of a failed interlock; one that this program does not know is of high priority."""
    row = BY_SOURCE.get(source)
    if row is None:
        return Condition(source, Priority.HIGH, f"Interlock {source} failed.", "Do not treat. Call service.")
    return Condition(source, _PRIORITIES[row.severity], row.what, row.to_do)


def role_to_reset(sources: tuple[str, ...]) -> Role:
    """Return the lowest role that may reset these faults; one that is not known needs the highest but one."""
    ranks = [ROLES.index(BY_SOURCE[source].reset_role) if source in BY_SOURCE else 1 for source in sources]
    return Role(ROLES[max(ranks, default=0)])
