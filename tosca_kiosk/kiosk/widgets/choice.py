"""Two to five options side by side, one in force."""

from __future__ import annotations

from typing import Any

from kivy.properties import ListProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import GAP_MM
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.painted import Painted


class UiChoice(Painted, BoxLayout):
    """options: (key, text) pairs. chosen: the key in force; a touch only asks for another by on_choose."""

    __events__ = ("on_choose",)
    options = ListProperty()
    chosen = StringProperty("")
    repaint_on = ("chosen", "options")

    def __init__(self, **kwargs: Any) -> None:
        self._buttons: dict[str, UiButton] = {}
        super().__init__(spacing=px(GAP_MM), **kwargs)

    def paint(self) -> None:
        if {key: button.text for key, button in self._buttons.items()} != dict(self.options):
            self._offer()
        for key, button in self._buttons.items():
            button.chosen = key == self.chosen
            button.mark = "tick" if button.chosen else ""

    def _offer(self) -> None:
        self.clear_widgets()
        self._buttons = {key: UiButton(text=text) for key, text in self.options}
        for key, button in self._buttons.items():
            button.bind(on_tap=lambda _button, key=key: self.dispatch("on_choose", key))
            self.add_widget(button)

    def on_choose(self, key: str) -> None:
        """Another option was touched."""
