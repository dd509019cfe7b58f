"""Who, what and when, above every screen."""

from __future__ import annotations

from typing import Any

from kivy.core.text import Label as TextRenderer
from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.painted import OnPlate
from tosca_kiosk.kiosk.widgets.simulated_banner import UiSimulatedBanner
from tosca_kiosk.kiosk.widgets.text import UiText

_LINK_MM = 25
_CLOCK_MM = 20
_TECHNICIAN_AT_MOST_MM = 40
_SLACK_PX = 6
"""Shortening begins a little before a line is full."""
_OLD_S = 0.3


class UiTopBar(OnPlate, BoxLayout):
    """link_age_s: age of control's data, None without any. simulated: shows the banner."""

    patient = StringProperty("")
    protocol = StringProperty("")
    technician = StringProperty("")
    clock = StringProperty("")
    link_age_s = NumericProperty(None, allownone=True)
    simulated = BooleanProperty(False)
    repaint_on = (
        "patient",
        "protocol",
        "technician",
        "clock",
        "link_age_s",
        "simulated",
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(spacing=px(PADDING_MM), padding=[0, 0, px(PADDING_MM), 0], **kwargs)

    def build(self) -> None:
        super().build()
        self._banner = UiSimulatedBanner(size_hint_x=None)
        self._patient = UiText(bold=True, size_hint_x=None)
        self._protocol = UiText(ink="text2", shorten=True)
        self._technician = UiText(ink="text2", shorten=True, size_hint_x=None)
        self._link = UiText(ink="text2", halign="right", size_hint_x=None, width=px(_LINK_MM))
        self._clock = UiText(halign="right", size_hint_x=None, width=px(_CLOCK_MM))
        for part in (self._banner, self._patient, self._protocol, self._technician, self._link, self._clock):
            self.add_widget(part)

    def paint(self) -> None:
        super().paint()
        self._banner.text = "SIMULATED" if self.simulated else ""
        self._patient.text, self._protocol.text = self.patient, self.protocol
        self._technician.text, self._clock.text = self.technician, self.clock
        self._patient.width = _width_of(self.patient, bold=True)
        self._technician.width = min(_width_of(self.technician), px(_TECHNICIAN_AT_MOST_MM))
        self._link.text = link_text(self.link_age_s)
        self._link.bold = self.link_age_s is None or not self.link_age_s <= _OLD_S
        self._link.ink = "text" if self._link.bold else "text2"


def _width_of(text: str, *, bold: bool = False) -> int:
    """Return the width in pixels of a line of text, so that the protocol's name gets what is left."""
    width: int = TextRenderer(font_size=px(TEXT_MM), bold=bold).get_extents(text)[0]
    return width + _SLACK_PX if text else 0


def link_text(age_s: float | None) -> str:
    """Say how old control's data is, in steps of 10 ms, so that the figure does not dance."""
    if age_s is None:
        return "no link"
    if age_s < 1:
        return f"link {max(10, round(age_s * 100) * 10)} ms"
    return f"link {min(age_s, 999):.0f} s"
