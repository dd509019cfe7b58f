"""The alarm slot: always there, never moves the layout, readable in both phases of its flash."""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock
from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import (
    FLASH_DUTY,
    FLASH_HZ,
    GAP_MM,
    PADDING_MM,
    STRONG_MM,
    TARGET_MM,
    TEXT_MM,
)
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate
from tosca_kiosk.kiosk.widgets.text import UiText

_SYMBOLS = {"": "", "low": "!", "medium": "!!", "high": "!!!"}
_SYMBOL_MM = 9
_MORE_MM = 11
_AUDIO_MM = 29
_LOOK_EVERY_S = 0.05


class _Banner(Painted, BoxLayout):
    """Symbol, two lines of text, how many more; one target."""

    tappable = True
    least_mm = TARGET_MM
    __events__ = ("on_tap",)
    paper = StringProperty("surface")
    ink = StringProperty("text2")
    repaint_on = ("paper", "ink")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(padding=[px(PADDING_MM), px(0.6)], spacing=px(PADDING_MM), **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        self.symbol = UiText(bold=True, size_mm=STRONG_MM * 1.3, size_hint_x=None, width=px(_SYMBOL_MM))
        self.what = UiText(bold=True, size_mm=STRONG_MM, shorten=True)
        self.to_do = UiText(shorten=True, size_hint_y=None, height=0)
        self.more = UiText(bold=True, size_mm=STRONG_MM, halign="right", size_hint_x=None, width=px(_MORE_MM))
        lines = BoxLayout(orientation="vertical")
        lines.add_widget(self.what)
        lines.add_widget(self.to_do)
        for part in (self.symbol, lines, self.more):
            self.add_widget(part)

    def paint(self) -> None:
        self._plate.put((*self.pos, *self.size), look.rgba(self.paper))
        for text in (self.symbol, self.what, self.to_do, self.more):
            text.ink = self.ink
        self.to_do.height = px(TEXT_MM * 1.35) if self.to_do.text else 0

    def on_tap(self) -> None:
        """Touched."""

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        touch.grab(self)
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        if self.collide_point(*touch.pos):
            self.dispatch("on_tap")
        return True


class UiAlarmSlot(Painted, BoxLayout):
    """The highest alarm. more: how many others stand. audio_pause_s: rest of the pause, 0 for none.

    can_pause: something sounds. has_sound: there is a device for it; the key says so where there is none.
    Flashes as IEC 60601-1-8 asks, beginning lit when the priority or the text changed; low is steady.
    """

    __events__ = ("on_tap", "on_audio_pause")
    priority = OptionProperty("", options=tuple(_SYMBOLS))
    what = StringProperty("")
    to_do = StringProperty("")
    more = NumericProperty(0)
    audio_pause_s = NumericProperty(0)
    can_pause = BooleanProperty(True)
    has_sound = BooleanProperty(True)
    lit = BooleanProperty(True)
    repaint_on = ("priority", "what", "to_do", "more", "audio_pause_s", "can_pause", "has_sound", "lit")

    def __init__(self, **kwargs: Any) -> None:
        self._flash_from_s = 0.0
        self._flash = Clock.create_trigger(self._look_at_phase, _LOOK_EVERY_S, interval=True)
        super().__init__(spacing=px(GAP_MM), **kwargs)

    def build(self) -> None:
        self._banner = _Banner()
        self._audio = UiButton(mark="audio", size_hint_x=None, width=px(_AUDIO_MM), size_mm=TEXT_MM)
        self._banner.bind(on_tap=lambda _banner: self.dispatch("on_tap"))
        self._audio.bind(on_tap=lambda _button: self.dispatch("on_audio_pause"))
        self.add_widget(self._banner)
        self.add_widget(self._audio)

    def paint(self) -> None:
        banner, audio = self._banner, self._audio
        off = "" if self.lit or self.priority not in FLASH_HZ else "_off"
        banner.paper = f"{self.priority}{off}" if self.priority else "surface"
        banner.ink = f"on_{self.priority}{off}" if self.priority else "text2"
        banner.symbol.text = _SYMBOLS[self.priority]
        banner.what.text = self.what if self.priority else "No active alarms"
        banner.to_do.text = self.to_do if self.priority else ""
        banner.more.text = f"+{self.more:g}" if self.more else ""
        banner.repaint()
        self._paint_audio(audio)

    def _paint_audio(self, audio: UiButton) -> None:
        audio.disabled = not (self.priority and self.can_pause and self.has_sound)
        audio.mark = "audio" if self.has_sound and not self.audio_pause_s else "muted"
        if not self.has_sound:
            audio.text = "No\nsound"
        else:
            audio.text = f"{self.audio_pause_s:.0f} s" if self.audio_pause_s else "Audio\npause"

    def on_priority(self, *_: Any) -> None:
        self._restart_flash()

    def on_what(self, *_: Any) -> None:
        self._restart_flash()

    def on_tap(self) -> None:
        """Open the list of alarms."""

    def on_audio_pause(self) -> None:
        """Pause the sound."""

    def _restart_flash(self) -> None:
        self._flash_from_s = Clock.get_time()
        self.lit = True
        if self.priority in FLASH_HZ:
            self._flash()
        else:
            self._flash.cancel()

    def _look_at_phase(self, _dt: float) -> None:
        turns = (Clock.get_time() - self._flash_from_s) * FLASH_HZ[self.priority]
        self.lit = turns % 1 < FLASH_DUTY
