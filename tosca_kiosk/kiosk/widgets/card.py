"""A surface that holds other widgets."""

from __future__ import annotations

from typing import Any

from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, SPACING_MM
from tosca_kiosk.kiosk.widgets.painted import OnPlate


class UiCard(OnPlate, BoxLayout):
    """A box on a plate; vertical unless told otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("orientation", "vertical")
        kwargs.setdefault("padding", px(PADDING_MM))
        kwargs.setdefault("spacing", px(SPACING_MM))
        super().__init__(**kwargs)
