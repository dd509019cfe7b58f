"""The row of actions beside STOP, and its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import GAP_MM, PRIMARY_MM, TARGET_MM
from tosca_kiosk.kiosk.widgets.button import UiButton

_ACTION_MM = 44.0
"""Width of an action in the bar, unless it says otherwise."""


class UiActionBar(BoxLayout):
    """Buttons left to right, as wide as each says; the screen owns them and the panel shows them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(spacing=px(GAP_MM), **kwargs)

    def show(self, widgets: Sequence[Widget]) -> None:
        """Show these and no others; those already shown are left alone."""
        if [*reversed(self.children)] == [*widgets]:
            return
        self.clear_widgets()
        for widget in widgets:
            if widget.parent is not None:
                widget.parent.remove_widget(widget)
            self.add_widget(widget)


def action(
    text: str,
    on_tap: Callable[[], object],
    *,
    mark: str = "",
    kind: str = "secondary",
    width_mm: float | None = _ACTION_MM,
    acts_on: str = "up",
) -> UiButton:
    """Return a button of the action bar; width_mm None: as wide as there is room."""
    button = UiButton(text=text, mark=mark, kind=kind, acts_on=acts_on)
    if width_mm is not None:
        button.size_hint_x = None
        button.width = px(max(width_mm, PRIMARY_MM if kind == "primary" else TARGET_MM))
    button.bind(on_tap=lambda _button: on_tap())
    return button


def room() -> Widget:
    """Return nothing, as wide as there is room."""
    return Widget()
