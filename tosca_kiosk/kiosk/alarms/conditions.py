"""Which alarm conditions there are, with their words.

Control decides what an interlock is; its severity gives the priority. The screen adds the conditions that
control cannot know: that control itself is lost, its data old, the screen restarted, the record unusable, the
picture lost on its way, the wall clock wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tosca_kiosk.domain.interlocks import BY_SOURCE, ROLES, Severity
from tosca_kiosk.kiosk.alarms.alarm import Priority
from tosca_kiosk.session import DOUBTFUL_SETTING, OVERDUE, OVERDUE_TO_DO
from tosca_kiosk.storage.users import Role

CONTROL_LOST = "control_lost"
STALE_DATA = "stale_data"
SCREEN_RESTARTED = "screen_restarted"
RECORD_PROBLEM = "record_problem"
PICTURE_PROBLEM = "picture_problem"
WALL_CLOCK = "wall_clock"
JOB_FAILED = "job_failed"
FOLDERS_NOT_SAVED = "folders_not_saved"

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
        source=STALE_DATA,
        priority=Priority.HIGH,
        what="Control's data is old: no value is shown.",
        to_do="Release the pedal. If it stays so, press the red button.",
    ),
    SCREEN_RESTARTED: Condition(
        source=SCREEN_RESTARTED,
        priority=Priority.MEDIUM,
        what="The screen was restarted during a session; the light is off.",
        to_do="Look at the patient, then go on or end the session.",
    ),
}


def control_lost(problem: str | None) -> Condition:
    """Return the condition of a lost control process."""
    return Condition(
        source=CONTROL_LOST,
        priority=Priority.HIGH,
        what="Control is lost: the interlock board opens the gate.",
        to_do=f"Release the pedal, then start control again. ({problem or 'no answer'})",
    )


def record_problem(problem: str) -> Condition:
    """Return the condition of a record that cannot be used."""
    return Condition(
        source=RECORD_PROBLEM, priority=Priority.MEDIUM, what="The record cannot be used.", to_do=problem
    )


def picture_problem(problem: str) -> Condition:
    """Return the condition of a picture that was lost between the camera's process and this one."""
    return Condition(
        source=PICTURE_PROBLEM,
        priority=Priority.MEDIUM,
        what="The camera's picture does not reach the screen.",
        to_do=f"Wait for the camera to be started again; else restart the cart. ({problem})",
    )


def wall_clock(doubted: str) -> Condition:
    """Return the condition of a wall clock that cannot be right."""
    return Condition(
        source=WALL_CLOCK,
        priority=Priority.LOW,
        what=doubted,
        to_do="Call service. Times in the record are wrong meanwhile; no backup is deleted.",
    )


def calibration_overdue(warnings: Iterable[str]) -> Condition:
    """Return the condition of calibrations that were due."""
    return Condition(source=OVERDUE, priority=Priority.MEDIUM, what=" ".join(warnings), to_do=OVERDUE_TO_DO)


def doubtful_settings(doubts: Iterable[str]) -> Condition:
    """Return the condition of settings that govern nothing, or hold no value."""
    return Condition(
        source=DOUBTFUL_SETTING,
        priority=Priority.LOW,
        what=" ".join(doubts),
        to_do="Have the settings corrected; tosca-kiosk db check names them.",
    )


def job_failed(failures: Iterable[str]) -> Condition:
    """Return the condition of work on the record that failed and is tried again."""
    return Condition(
        source=JOB_FAILED,
        priority=Priority.MEDIUM,
        what=" ".join(failures),
        to_do="It is tried again. If it stays so, call service: tosca-kiosk db check.",
    )


def folders_not_saved(why: str) -> Condition:
    """Return the condition of sessions' folders that could not be backed up."""
    return Condition(
        source=FOLDERS_NOT_SAVED,
        priority=Priority.LOW,
        what=why,
        to_do="Treat on; it is tried again. Call service: tosca-kiosk db backup-folders.",
    )


def delayed(why: str) -> Condition:
    """Return the condition of a control that should run in real time and does not."""
    row = BY_SOURCE["real_time"]
    return Condition(
        source=row.source, priority=_PRIORITIES[row.severity], what=f"{row.what} {why}", to_do=row.to_do
    )


def of_interlock(source: str) -> Condition:
    """Return the condition of a failed interlock; one that this program does not know is of high priority."""
    row = BY_SOURCE.get(source)
    if row is None:
        return Condition(
            source=source,
            priority=Priority.HIGH,
            what=f"Interlock {source} failed.",
            to_do="Do not treat. Call service.",
        )
    return Condition(source=source, priority=_PRIORITIES[row.severity], what=row.what, to_do=row.to_do)


def role_to_reset(sources: tuple[str, ...]) -> Role:
    """Return the lowest role that may reset these faults; one that is not known needs the highest but one."""
    ranks = [ROLES.index(BY_SOURCE[source].reset_role) if source in BY_SOURCE else 1 for source in sources]
    return Role(ROLES[max(ranks, default=0)])
