"""The safety log on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.panel.screen import KioskScreen, load_layout
from tosca_kiosk.kiosk.screens.safety_log.part import SafetyLog
from tosca_kiosk.kiosk.screens.safety_log.view_model import SafetyLogView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.row_list import ReadRow, UiRowList
from tosca_kiosk.kiosk.widgets.text import UiText

WIDGETS = (UiNotice, UiRowList, UiText)
"""What the layout names."""
load_layout(__file__)


class SafetyLogScreen(KioskScreen):
    """A list, newest first, in pages; the log itself comes in parts."""

    view = staticmethod(view)
    part: SafetyLog

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.part
        self._newer = action("Newer", lambda: self._turn(-1), mark="up")
        self._older = action("Older", lambda: self._turn(1), mark="down")
        self.actions = [action("Back", part.back, mark="back"), room(), self._newer, self._older]

    def _turn(self, pages: int) -> None:
        part = self.part
        part.show(part.form.page + pages)

    def show_view(self, view: SafetyLogView) -> None:
        ids = self.ids
        ids.rows.rows = [ReadRow(title=what, detail=detail, mark=mark) for what, detail, mark in view.rows]
        ids.rows.empty = view.empty
        ids.page.text = view.page_text
        ids.notice.text = view.problem
        self._newer.disabled, self._older.disabled = not view.can_go_newer, not view.can_go_older
