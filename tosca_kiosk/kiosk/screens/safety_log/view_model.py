"""The safety log, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.safety_log.form import SafetyLogForm
from tosca_kiosk.kiosk.services.history import LOG_ROWS, LogRow
from tosca_kiosk.kiosk.snapshot.state import KioskState

Rows = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class SafetyLogView:
    """rows: what happened; its severity, time and who; its mark. page_text: which part of the log this is."""

    rows: Rows
    empty: str
    page_text: str
    can_go_newer: bool
    can_go_older: bool
    problem: str


def view(state: KioskState) -> SafetyLogView:
    """Return what the screen shows."""
    form = state.form(SafetyLogForm)
    rows = () if form.rows is None else form.rows
    first = form.page * LOG_ROWS + 1
    return SafetyLogView(
        rows=tuple(_row(row) for row in rows),
        empty=_empty(state),
        page_text=f"Lines {first} to {first + len(rows) - 1}, newest first" if rows else "",
        can_go_newer=form.page > 0 and not form.busy,
        can_go_older=len(rows) == LOG_ROWS and not form.busy,
        problem=wording.RECORD_LOST if state.record_problem else form.refused,
    )


def _row(row: LogRow) -> tuple[str, str, str]:
    session = "" if row.session_id is None else f", session {row.session_id}"
    operator = "" if row.operator is None else f", {row.operator}"
    detail = f"{row.severity}, {wording.local_time(row.time)}{session}{operator}"
    return row.description, wording.marked(detail, row.odd), "info" if row.severity == "info" else "refused"


def _empty(state: KioskState) -> str:
    if state.form(SafetyLogForm).rows is not None:
        return "The safety log is empty."
    return "Reading ..." if state.form(SafetyLogForm).busy else "The safety log cannot be read."
