"""A session's summary on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.panel.screen import KioskScreen, ask_text, load_layout
from tosca_kiosk.kiosk.screens.summary.part import Summary
from tosca_kiosk.kiosk.screens.summary.view_model import SummaryView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.chip import UiChip
from tosca_kiosk.kiosk.widgets.facts import UiFacts
from tosca_kiosk.kiosk.widgets.flowing import UiFlowing
from tosca_kiosk.kiosk.widgets.mark import UiMark
from tosca_kiosk.kiosk.widgets.profile_plot import UiProfilePlot
from tosca_kiosk.kiosk.widgets.stepper import UiStepper
from tosca_kiosk.kiosk.widgets.text import UiText
from tosca_kiosk.kiosk.widgets.text_field import UiTextField

WIDGETS = (UiChip, UiFacts, UiFlowing, UiMark, UiCard, UiProfilePlot, UiStepper, UiText, UiTextField)
"""What the layout names."""
load_layout(__file__)


class SummaryScreen(KioskScreen):
    """Figures, the plot of set and measured power, and notes."""

    view = staticmethod(view)
    part: Summary

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._done = action("Done", self.go("patients"), mark="tick", kind="primary", width_mm=60)
        self._log = action("Safety log", self.go("safety_log"), width_mm=50)
        self.actions = [self._log, room(), self._done]
        self.ids.notes.bind(on_edit=lambda _field: self._ask_notes())

    def _ask_notes(self) -> None:
        ask_text(
            self.panel,
            "Notes",
            self.ids.notes.value,
            self.part.note,
            letters="lower",
            max_length=120,
        )

    def show_view(self, view: SummaryView) -> None:
        ids = self.ids
        ids.title.text = view.title
        ids.ended.text = view.ended.upper()
        ids.ended.mark = {"completed": "tick", "aborted": "cross"}.get(view.ended, "")
        ids.ended.opacity = 1 if view.ended else 0
        ids.reason.text = view.problem or view.refused or view.reason
        refused = bool(view.problem or view.refused)
        ids.reason.ink = ids.reason_mark.ink = "refused" if refused else "text"
        ids.reason_mark.mark = ("refused" if refused else "info") if ids.reason.text else ""
        ids.facts.facts = view.facts
        self._log.text = f"Safety log ({view.safety_events})" if view.safety_events else "Safety log"
        ids.plot.opacity = 1 if view.set_points else 0
        ids.plot.planned, ids.plot.measured = view.set_points, view.measured
        ids.notes.value = view.notes
        ids.notes.disabled = not view.can_note
        self._done.disabled = self._log.disabled = not view.can_leave
