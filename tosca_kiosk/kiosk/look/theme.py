"""The theme in force and millimetres as whole pixels: what every widget looks up when it paints."""

from __future__ import annotations

from kivy.event import EventDispatcher
from kivy.metrics import mm
from kivy.properties import ObjectProperty

from tosca_kiosk.kiosk.look.tokens import DARK, THEMES, Rgba


class Look(EventDispatcher):
    """The theme in force; widgets repaint when it changes."""

    theme = ObjectProperty(DARK)

    def choose(self, name: str) -> None:
        """Set the theme by name. Raises KeyError for an unknown one."""
        self.theme = THEMES[name]

    def rgba(self, token: str) -> Rgba:
        """Return a token's colour; "" is invisible."""
        return self.theme.rgba(token) if token else (0.0, 0.0, 0.0, 0.0)


look = Look()


def px(size_mm: float) -> int:
    """Return a size as whole pixels, never under the size: edges stay sharp, targets never too small."""
    exact = float(mm(size_mm))
    whole = round(exact)
    return whole if whole >= exact - 1e-3 else whole + 1
