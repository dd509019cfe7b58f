"""Light that is not known to have ended, on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.panel.screen import KioskScreen, ask_text, load_layout, strong
from tosca_kiosk.kiosk.screens.key_off.part import KeyOff
from tosca_kiosk.kiosk.screens.key_off.view_model import KeyOffView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.flowing import UiFlowing
from tosca_kiosk.kiosk.widgets.pick_list import Row, UiPickList
from tosca_kiosk.kiosk.widgets.pin_pad import UiPinPad
from tosca_kiosk.kiosk.widgets.text import UiText
from tosca_kiosk.kiosk.widgets.text_field import UiTextField

WIDGETS = (UiFlowing, UiCard, UiPickList, UiPinPad, UiText, UiTextField)
"""What the layout names."""
load_layout(__file__)
_BACK_MM = 50
_LEFT_BESIDE_PAD = 0.75
"""The pad needs room: what is said is narrower beside it, of the right side's width."""
_LONGEST_REASON = 120


class KeyOffScreen(KioskScreen):
    """What is waited for; then the reason and the PIN of a supervisor who has turned the key."""

    view = staticmethod(view)
    part: KeyOff

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.part
        self._other = action("Other account", lambda: part.choose(None), width_mm=_BACK_MM)
        self.actions = [action("Back", part.stay, width_mm=_BACK_MM), self._other, room()]
        ids = self.ids
        self._plain, self._pad, self._users = strong(ids.plain), strong(ids.pad), strong(ids.users)
        ids.pad.bind(on_pin=lambda _pad, pin: part.pin(pin))
        ids.users.bind(on_pick=lambda _list, username: self._choose(username))
        ids.reason.bind(on_edit=lambda _field: self._ask_reason())

    def _choose(self, username: str) -> None:
        self.part.choose(self.desk.account(username))
        self.ids.pad.clear()

    def _ask_reason(self) -> None:
        ask_text(
            self.panel,
            "Why the light is not known to have ended",
            self.ids.reason.value,
            self.part.say_why,
            letters="lower",
            max_length=_LONGEST_REASON,
        )

    def show_view(self, view: KeyOffView) -> None:
        ids = self.ids
        ids.to_do.text, ids.session.text, ids.advice.text = view.to_do, view.session, view.advice
        ids.reason.value, ids.reason.error = view.reason, view.message
        ids.users.rows = [Row(key=username, title=name, detail=role) for username, name, role in view.rows]
        ids.users.empty = "No supervisor has a PIN. Call an administrator."
        ids.pad.wait_s, ids.pad.disabled, ids.pad.message = view.wait_s, not view.can_type, view.pin_title
        self._other.disabled = not view.chosen or view.busy
        wanted = [self._confirm_by(view)]
        ids.left.size_hint_x = _LEFT_BESIDE_PAD if wanted == [self._pad] else 1.2
        if ids.confirm.children != wanted:
            ids.confirm.clear_widgets()
            ids.confirm.add_widget(wanted[0])

    def _confirm_by(self, view: KeyOffView) -> Any:
        if not view.offered:
            return self._plain
        return self._pad if view.chosen else self._users
