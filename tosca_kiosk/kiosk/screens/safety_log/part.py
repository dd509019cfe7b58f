"""The safety log, page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.screens.safety_log.form import SafetyLogForm
from tosca_kiosk.kiosk.services import history
from tosca_kiosk.kiosk.services.history import LogRow


class SafetyLog(Part[SafetyLogForm]):
    """Shows the safety log page by page."""

    def __init__(self, desk: Desk, leader: Leader) -> None:
        super().__init__(desk, leader)
        self.form = SafetyLogForm()

    def enter(self, about: Any = None) -> None:
        """Show the newest page."""
        self.show(0)

    def show(self, page: int) -> None:
        """Show a page; 0 is the newest."""
        desk, wanted = self._desk, max(0, page)
        self.form = replace(self.form, page=wanted, busy=True)
        desk.errands.run(
            SafetyLogForm,
            "The safety log cannot be read",
            lambda: history.safety_rows(desk.record, wanted),
            self._read,
            refused=self._refused,
            wanted=lambda: desk.router.shown == "safety_log",
        )

    def back(self) -> None:
        """Go back to where the log was opened."""
        self._desk.router.back()

    def _read(self, rows: tuple[LogRow, ...]) -> None:
        self.form = replace(self.form, rows=rows, busy=False, refused="")

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, rows=None, busy=False, refused=text)
