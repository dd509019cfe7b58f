"""The summary: what was planned, what was given, and notes on it."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED, known_before, unconfirmed
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.summary.form import SummaryForm
from tosca_kiosk.kiosk.snapshot.course import Opening
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.session import SessionResult
from tosca_kiosk.storage import energies

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class SummaryView:
    """A closed session. ended: completed or aborted; set_points, measured: (session seconds, watts).

    reason: why it was aborted, and both energies where they differ.
    """

    title: str
    ended: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    set_points: Points
    measured: Points
    notes: str
    refused: str
    problem: str
    safety_events: int
    busy: bool
    can_note: bool
    can_leave: bool


def view(state: KioskState) -> SummaryView:
    """Return what the screen shows."""
    form = state.form(SummaryForm)
    shown = form.result
    problem = wording.RECORD_LOST if state.record_problem else ""
    if shown is None:
        closing = state.course.opening is Opening.CLOSING
        waiting = "Reading the session ..." if form.busy else "The session could not be read."
        if closing:
            waiting = "Writing the record ..."
        return SummaryView(
            title=waiting,
            ended="",
            reason="",
            facts=(),
            set_points=(),
            measured=(),
            notes="",
            refused=form.refused,
            problem=problem,
            safety_events=0,
            busy=form.busy,
            can_note=False,
            can_leave=not closing,
        )
    result, plot = shown.result, shown.plot
    session = result.session
    measured = zip(plot.times_s, plot.measured_w, strict=True)
    return SummaryView(
        title=f"Session {session.session_id}",
        ended=session.status,
        reason=" ".join(part for part in (_spoken(session.abort_reason or ""), _energies(result)) if part),
        facts=_facts(result),
        set_points=tuple(zip(plot.times_s, plot.set_w, strict=True)),
        measured=tuple((time_s, power_w) for time_s, power_w in measured if power_w is not None),
        notes=result.said("post_treatment_notes") or "",
        refused=form.refused or shown.no_plot,
        problem=problem,
        safety_events=result.happened.safety_events,
        busy=form.busy,
        can_note=not form.busy and not problem,
        can_leave=True,
    )


def _facts(result: SessionResult) -> tuple[tuple[str, str], ...]:
    session, planned_j, given_j = result.session, result.planned_j, result.given.larger_j
    return (
        ("Energy given", wording.joules(given_j)),
        ("Energy planned", wording.joules(planned_j)),
        ("Of the plan", _share(given_j, planned_j)),
        ("Light", wording.duration(_tenths(session.total_laser_on_time_seconds))),
        ("Mean power", wording.watts(session.avg_power_watts)),
        ("Highest power", wording.watts(session.max_power_watts)),
    )


def _energies(result: SessionResult) -> str:
    """Say both energies where one figure would hide that they differ, or that not all is known."""
    found = result.given
    return energies.in_words(found) if found.differ or found.larger_j is None else ""


def _spoken(reason: str) -> str:
    """Return a reason without the event's name before it, which is for the record."""
    if unconfirmed(reason):
        return f"{LIGHT_NOT_CONFIRMED.capitalize()}. {_spoken(known_before(reason))}".rstrip()
    name, colon, rest = reason.partition(": ")
    return rest if colon and name.replace("_", "").islower() and " " not in name else reason


def _share(given_j: float | None, planned_j: float | None) -> str:
    if given_j is None or not planned_j:
        return wording.UNKNOWN
    return f"{100.0 * given_j / planned_j:.1f} %"


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
