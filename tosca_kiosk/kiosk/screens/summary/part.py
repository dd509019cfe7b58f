"""The summary of a closed session, and notes on it."""

from __future__ import annotations

from dataclasses import replace

from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.screens.summary.form import SummaryForm
from tosca_kiosk.kiosk.services import history
from tosca_kiosk.kiosk.services.history import PlottedResult
from tosca_kiosk.session import SessionResult


class Summary(Part[SummaryForm]):
    """Shows a closed session and keeps notes on it."""

    def __init__(self, desk: Desk, leader: Leader) -> None:
        super().__init__(desk, leader)
        self.form = SummaryForm()

    def enter(self, about: int | None = None) -> None:
        """Show the session of this id; None: its light is over, and its record is being written yet."""
        desk = self._desk
        self.form = SummaryForm(busy=about is not None)
        if about is not None:
            desk.errands.run(
                SummaryForm,
                f"Session {about} cannot be read",
                lambda: history.result(desk.record, about),
                self._read,
                refused=self._refused,
                wanted=lambda: desk.router.shown == "summary",
            )

    def _read(self, result: PlottedResult) -> None:
        self.form = SummaryForm(result=result)

    def note(self, notes: str) -> None:
        """Keep the notes."""
        desk, shown = self._desk, self.form.result
        if shown is None or (tech_id := desk.operator_id) is None:
            return
        if notes.strip() == (shown.result.said("post_treatment_notes") or ""):
            return
        self.form = replace(self.form, busy=True, refused="")
        session_id = shown.result.session.session_id
        desk.ask(
            lambda: history.annotate(desk.record, session_id, notes, tech_id),
            self._noted,
            self._refused,
        )

    def _noted(self, told: SessionResult) -> None:
        if self.form.result is not None:
            self.form = SummaryForm(result=replace(self.form.result, result=told))

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, busy=False, refused=text)
