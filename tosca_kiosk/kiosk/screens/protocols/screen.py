"""Protocols on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.panel.screen import KioskScreen, load_layout
from tosca_kiosk.kiosk.screens.protocols.part import Protocols
from tosca_kiosk.kiosk.screens.protocols.view_model import ProtocolsView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.flowing import UiFlowing
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.pick_list import Row, UiPickList
from tosca_kiosk.kiosk.widgets.profile_plot import UiProfilePlot
from tosca_kiosk.kiosk.widgets.stepper import UiStepper
from tosca_kiosk.kiosk.widgets.text import UiText

WIDGETS = (UiFlowing, UiNotice, UiCard, UiPickList, UiProfilePlot, UiStepper, UiText)
"""What the layout names."""
load_layout(__file__)
_NOTICE_MM = 17
_DESCRIPTION_MM = 12
_FACTS_MM = (6.3, 12.5)


class ProtocolsScreen(KioskScreen):
    """A list and a preview."""

    view = staticmethod(view)
    part: Protocols

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._next = action("Treatment", self.go("treatment"), mark="right", kind="primary", width_mm=60)
        self.actions = [action("Back", self.go("patients"), mark="back"), room(), self._next]
        self.ids.protocols.bind(on_pick=lambda _list, name: self.part.choose(name))

    def show_view(self, view: ProtocolsView) -> None:
        ids = self.ids
        ids.protocols.rows = [
            Row(key=name, title=name, detail=detail, right=right) for name, detail, right in view.rows
        ]
        ids.protocols.chosen = view.chosen or None
        ids.protocols.empty = view.empty
        ids.title.text, ids.description.text = view.title, view.description
        ids.facts.text = view.facts
        ids.plot.planned = view.planned
        ids.plot.limit_w = view.limit_w
        ids.plot.opacity = 1 if view.planned else 0
        ids.notice.text = view.problem or view.refused
        ids.facts.height = px(_FACTS_MM[view.facts.count("\n")])
        ids.description.height = px(_DESCRIPTION_MM) if view.description else 0
        ids.notice.height = px(_NOTICE_MM) if ids.notice.text else 0
        self._next.disabled = not view.can_go_on
