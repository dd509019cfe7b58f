"""A fault on the panel."""

from __future__ import annotations

from typing import Any

from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.screens.base import KioskScreen, action, load_layout, room
from tosca_kiosk.kiosk.screens.fault.view_model import Cause, FaultView, view
from tosca_kiosk.kiosk.tokens import STRONG_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.panel import UiPanel
from tosca_kiosk.kiosk.widgets.pick_list import Row, UiPickList
from tosca_kiosk.kiosk.widgets.pin_pad import UiPinPad
from tosca_kiosk.kiosk.widgets.state_bar import UiStateBar
from tosca_kiosk.kiosk.widgets.text import UiText

WIDGETS = (UiNotice, UiPanel, UiPickList, UiPinPad, UiStateBar, UiText)
"""What the layout names."""
load_layout(__file__)
_BACK_MM = 46


class CauseBox(BoxLayout):
    """One cause: what happened, what to do, whether it is still there."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(orientation="vertical", spacing=0)
        standing = " (still there)" if cause.standing else ""
        self.add_widget(
            UiText(
                text=f"{cause.what}{standing}",
                bold=True,
                size_mm=STRONG_MM,
                wraps=True,
                valign="bottom",
            )
        )
        self.add_widget(UiText(text=cause.to_do, wraps=True, valign="top", size_mm=TEXT_MM))


class FaultScreen(KioskScreen):
    """What happened, what to do, and the reset by who may."""

    view = staticmethod(view)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.presenter.fault
        self._reset = action("RESET", part.reset, mark="tick", kind="primary", width_mm=60)
        self._other = action("Other account", lambda: part.choose(None), width_mm=_BACK_MM)
        self._end = action("End session", self.presenter.treating.end, width_mm=_BACK_MM)
        self.actions = [self._end, self._other, room(), self._reset]
        self._causes: tuple[Cause, ...] = ()
        self.ids.pad.bind(on_pin=lambda _pad, pin: part.pin(pin))
        self.ids.users.bind(on_pick=lambda _list, username: self._choose(username))

    def _choose(self, username: str) -> None:
        accounts = self.presenter.login.form.accounts
        users = () if accounts is None else accounts.users
        self.presenter.fault.choose(next((user for user in users if user.username == username), None))
        self.ids.pad.clear()

    def show_view(self, view: FaultView) -> None:
        ids = self.ids
        if view.causes != self._causes:
            self._causes = view.causes
            ids.causes.clear_widgets()
            for cause in view.causes:
                ids.causes.add_widget(CauseBox(cause))
        ids.session.text = view.session + (f" {view.more} more alarms." if view.more else "")
        ids.role.text = view.role_text
        ids.notice.text = view.problem or view.message
        ids.notice.tone = "info" if view.busy and not view.problem else "refused"
        self._show_reset(view)
        self._reset.disabled = not view.can_reset
        self._other.disabled = not (view.needs_pin and view.chosen) or view.busy
        self._end.disabled = not view.can_end

    def _show_reset(self, view: FaultView) -> None:
        ids = self.ids
        ids.users.rows = [Row(username, name, role) for username, name, role in view.rows]
        ids.users.empty = "Nobody with a PIN may reset this. Call an administrator."
        ids.pad.wait_s = view.wait_s
        ids.pad.disabled = view.busy
        ids.pad.message = view.pin_title
        wanted = [self._reset_by(view)]
        if ids.reset.children != wanted:
            ids.reset.clear_widgets()
            ids.reset.add_widget(wanted[0])

    def _reset_by(self, view: FaultView) -> Any:
        if not view.needs_pin:
            return self.ids.plain
        return self.ids.pad if view.chosen else self.ids.users
