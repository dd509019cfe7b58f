"""A fault on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.panel.screen import KioskScreen, load_layout, strong
from tosca_kiosk.kiosk.screens.fault.part import Fault
from tosca_kiosk.kiosk.screens.fault.view_model import FaultView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.flowing import UiFlowing
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.pick_list import Row, UiPickList
from tosca_kiosk.kiosk.widgets.pin_pad import UiPinPad
from tosca_kiosk.kiosk.widgets.state_bar import UiStateBar
from tosca_kiosk.kiosk.widgets.text import UiText

WIDGETS = (UiFlowing, UiNotice, UiCard, UiPickList, UiPinPad, UiStateBar, UiText)
"""What the layout names."""
load_layout(__file__)
_BACK_MM = 46
_NOTICE_MM = 18
_LEFT_BESIDE_PAD = 0.55
"""The pad needs room: what happened is narrower beside it, of the right side's width."""


class FaultScreen(KioskScreen):
    """What happened, what to do, and the reset by who may."""

    view = staticmethod(view)
    part: Fault

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.part
        self._reset = action("RESET", part.reset, mark="tick", kind="primary", width_mm=60)
        self._other = action("Other account", lambda: part.choose(None), width_mm=_BACK_MM)
        self._end = action("End session", part.end, width_mm=_BACK_MM)
        self.actions = [self._end, self._other, room(), self._reset]
        ids = self.ids
        self._plain, self._pad, self._users = strong(ids.plain), strong(ids.pad), strong(ids.users)
        self.ids.pad.bind(on_pin=lambda _pad, pin: part.pin(pin))
        self.ids.users.bind(on_pick=lambda _list, username: self._choose(username))

    def _choose(self, username: str) -> None:
        self.part.choose(self.desk.account(username))
        self.ids.pad.clear()

    def show_view(self, view: FaultView) -> None:
        ids = self.ids
        beside_pad = self._reset_by(view) is self._pad
        crowded = beside_pad and (view.problem or view.message)
        ids.what.text, ids.to_do.text = view.what, "" if crowded else view.to_do
        ids.session.text = "" if beside_pad else view.session
        ids.role.text, ids.advice.text = view.role_text, view.advice
        ids.notice.text = view.problem or view.message
        ids.notice.height = px(_NOTICE_MM) if ids.notice.text else 0
        ids.notice.tone = "info" if view.busy and not view.problem else "refused"
        self._show_reset(view)
        self._reset.disabled = not view.can_reset
        self._other.disabled = not (view.needs_pin and view.chosen) or view.busy
        self._end.disabled = not view.can_end

    def _show_reset(self, view: FaultView) -> None:
        ids = self.ids
        ids.users.rows = [Row(key=username, title=name, detail=role) for username, name, role in view.rows]
        ids.users.empty = "Nobody with a PIN may reset this. Call an administrator."
        ids.pad.wait_s = view.wait_s
        ids.pad.disabled = not view.can_type
        ids.pad.message = view.pin_title
        wanted = [self._reset_by(view)]
        ids.left.size_hint_x = _LEFT_BESIDE_PAD if wanted == [self._pad] else 1.2
        if ids.reset.children != wanted:
            ids.reset.clear_widgets()
            ids.reset.add_widget(wanted[0])

    def _reset_by(self, view: FaultView) -> Any:
        if not view.needs_pin:
            return self._plain
        return self._pad if view.chosen else self._users
