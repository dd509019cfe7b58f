"""A question with two answers; nothing closes by itself."""

from __future__ import annotations

from typing import Any

from kivy.properties import BooleanProperty, StringProperty

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PRIMARY_MM, STRONG_MM
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.sheet import UiSheet
from tosca_kiosk.kiosk.widgets.text import UiText

_ANSWER_MM = 52


class UiConfirmSheet(UiSheet):
    """text: what would happen. danger: the answer destroys something and is drawn apart from a usual one."""

    __events__ = ("on_confirm", "on_cancel")
    text = StringProperty("")
    confirm_text = StringProperty("Confirm")
    cancel_text = StringProperty("Back")
    danger = BooleanProperty(False)
    repaint_on = ("text", "confirm_text", "cancel_text", "danger")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("share", [0.74, 0.66])
        super().__init__(**kwargs)
        self.actions = [self._cancel, self._confirm]

    def build(self) -> None:
        super().build()
        self._text = UiText(wraps=True, valign="top", size_mm=STRONG_MM)
        self.body.add_widget(self._text)
        width = px(_ANSWER_MM)
        self._cancel = UiButton(mark="back", size_hint_x=None, width=width)
        self._confirm = UiButton(kind="primary", size_hint_x=None, width=max(width, px(PRIMARY_MM)))
        self._cancel.bind(on_tap=lambda _button: self.dispatch("on_cancel"))
        self._confirm.bind(on_tap=lambda _button: self.dispatch("on_confirm"))

    def paint(self) -> None:
        super().paint()
        self._text.text = self.text
        self._cancel.text = self.cancel_text
        self._confirm.text = self.confirm_text
        self._confirm.kind = "danger" if self.danger else "primary"

    def on_confirm(self) -> None:
        """Do it."""

    def on_cancel(self) -> None:
        """Leave it."""
