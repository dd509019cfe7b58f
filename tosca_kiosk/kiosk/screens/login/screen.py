"""Signing in on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.panel.screen import KioskScreen, load_layout
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.screens.login.view_model import LoginView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.pick_list import Row, UiPickList
from tosca_kiosk.kiosk.widgets.pin_pad import UiPinPad
from tosca_kiosk.kiosk.widgets.text import UiText

WIDGETS = (UiNotice, UiPickList, UiPinPad, UiText)
"""What the layout names."""
load_layout(__file__)


class LoginScreen(KioskScreen):
    """A list of accounts and a PIN pad."""

    view = staticmethod(view)
    part: Login

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.part
        self._unlock = action("Unlock", self._ask_another)
        self.actions = [room(), self._unlock]
        self.ids.pad.bind(on_pin=lambda _pad, pin: part.pin(pin))
        self.ids.users.bind(on_pick=lambda _list, username: self._choose(username))

    def _ask_another(self) -> None:
        self.part.unlock()
        self.ids.pad.clear()

    def _choose(self, username: str) -> None:
        self.part.choose(self.desk.account(username))
        self.ids.pad.clear()

    def show_view(self, view: LoginView) -> None:
        ids = self.ids
        ids.users.rows = [Row(key=username, title=name, detail=role) for username, name, role in view.rows]
        ids.users.chosen = view.chosen or None
        ids.users.empty = "Nobody can sign in now."
        ids.pad.disabled = view.busy or not view.chosen
        ids.pad.message = view.message
        self._unlock.text, self._unlock.disabled = view.unlock, not view.unlock
        self._unlock.opacity = 1 if view.unlock else 0
        ids.pad.wait_s = view.wait_s
        ids.notice.text = view.problem or view.session_open
        ids.notice.tone = "refused" if view.problem else "info"
