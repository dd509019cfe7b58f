"""A layer inside the content area: the panel around it, STOP too, stays as it is."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, ListProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import SPACING_MM, TITLE_MM
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.text import UiText

_VEIL = 0.72
"""How much of the screen below is taken away."""


class UiSheet(Painted, FloatLayout):
    """title; `body`: a vertical box to fill. covers: nothing of the screen below is to be seen.

    actions: widgets for the action bar while this is the top layer. Touches never fall through.
    """

    title = StringProperty("")
    covers = BooleanProperty(False)
    share = ListProperty([0.8, 0.9])
    """Width and height of the card, of the content area."""
    repaint_on: tuple[str, ...] = ("title", "covers", "share")

    def __init__(self, **kwargs: Any) -> None:
        self.actions: list[Widget] = []
        super().__init__(**kwargs)

    def build(self) -> None:
        with self.canvas.before:
            self._veil_ink = Color()
            self._veil = Rectangle()
        self.card = UiCard(outline="outline", size_hint=(None, None), paper="surface")
        self._title = UiText(bold=True, size_mm=TITLE_MM, size_hint_y=None, height=px(TITLE_MM * 1.4))
        self.body = BoxLayout(orientation="vertical", spacing=px(SPACING_MM))
        self.card.add_widget(self._title)
        self.card.add_widget(self.body)
        self.add_widget(self.card)

    def paint(self) -> None:
        red, green, blue, _ = look.rgba("bg")
        self._veil_ink.rgba = (red, green, blue, 1 if self.covers else _VEIL)
        self._veil.pos, self._veil.size = self.pos, self.size
        self._title.text = self.title
        across, upward = (1, 1) if self.covers else self.share
        self.card.size = (round(self.width * across), round(self.height * upward))
        self.card.pos = (
            round(self.center_x - self.card.width / 2),
            round(self.center_y - self.card.height / 2),
        )

    def on_touch_down(self, touch: MotionEvent) -> bool:
        super().on_touch_down(touch)
        return True
