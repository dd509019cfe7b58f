"""The row of actions beside STOP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look import px
from tosca_kiosk.kiosk.tokens import GAP_MM


class UiActionBar(BoxLayout):
    """Buttons left to right, as wide as each says; the screen owns them and the frame shows them."""

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
