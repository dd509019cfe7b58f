"""The simulated cart's pedal and emergency stop, to press; clearly not the treatment's own controls."""

from __future__ import annotations

from typing import Any

from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import GAP_MM, SPACING_MM, STRONG_MM, TARGET_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.marks import Pictogram
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate
from tosca_kiosk.kiosk.widgets.text import UiText

STRIP_MM = 30.0
_MARK_MM = 12


class _Key(Painted, BoxLayout):
    """A device's key: filled while control says that the device is pressed."""

    tappable = True
    least_mm = TARGET_MM
    __events__ = ("on_down", "on_up")
    name = StringProperty("")
    mark = StringProperty("")
    state_text = StringProperty("--")
    filled = BooleanProperty(False)
    held = BooleanProperty(False)
    repaint_on = ("name", "mark", "state_text", "filled", "held")
    _touch = ObjectProperty(None, allownone=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(orientation="vertical", padding=px(SPACING_MM), **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        self._picture = Pictogram(self.canvas.after)
        self._name = UiText(bold=True, halign="center", size_mm=STRONG_MM, size_hint_y=None, height=px(7))
        self._state = UiText(halign="center", size_hint_y=None, height=px(TEXT_MM * 1.3))
        self.add_widget(BoxLayout())
        self.add_widget(self._name)
        self.add_widget(self._state)

    def paint(self) -> None:
        ink = "on_sim" if self.filled else "text"
        paper = "sim" if self.filled else "raised"
        edge = "text" if self.held else "sim"
        self._plate.put((*self.pos, *self.size), look.rgba(paper), look.rgba(edge), 0.9 if self.held else 0.4)
        self._name.text, self._state.text = self.name, self.state_text
        self._name.ink = self._state.ink = ink
        words = px(SPACING_MM) + self._name.height + self._state.height
        room = self.height - words
        side = min(px(_MARK_MM), max(room * 0.8, 1))
        box = (self.center_x - side / 2, self.y + words + (room - side) / 2, side)
        self._picture.put(self.mark, box, look.rgba(ink))

    def on_down(self) -> None:
        """Finger down."""

    def on_up(self) -> None:
        """Finger up, wherever it is by then."""

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        if not self.held:
            touch.grab(self)
            self._touch, self.held = touch, True
            self.dispatch("on_down")
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        self.let_go()
        return True

    def on_parent(self, *_: Any) -> None:
        if self.parent is None:
            self.let_go()

    def let_go(self) -> None:
        """Lift the finger, if one is down."""
        if self.held:
            self._touch.ungrab(self)
            self._touch, self.held = None, False
            self.dispatch("on_up")


class UiSimulatedStrip(Painted, BoxLayout):
    """pedal_pressed, stop_loop_closed: as control sees them, None when it does not know.

    The pedal is down as long as the finger; the emergency stop stays pressed until it is touched again.
    """

    __events__ = ("on_pedal", "on_stop_loop")
    pedal_pressed = ObjectProperty(None, allownone=True)
    stop_loop_closed = ObjectProperty(None, allownone=True)
    repaint_on = ("pedal_pressed", "stop_loop_closed")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(orientation="vertical", padding=px(SPACING_MM), spacing=px(GAP_MM), **kwargs)

    def build(self) -> None:
        self._ground = Plate(self.canvas.before)
        self._head = Plate(self.canvas.before)
        self._title = UiText(
            text="SIMULATED\nCART", bold=True, halign="center", wraps=True, size_hint_y=None, height=px(12)
        )
        self._pedal = _Key(name="PEDAL", mark="pedal")
        self._stop = _Key(name="E-STOP", mark="stop")
        self._pedal.bind(
            on_down=lambda _key: self.dispatch("on_pedal", True),
            on_up=lambda _key: self.dispatch("on_pedal", False),
        )
        self._stop.bind(on_down=lambda _key: self.dispatch("on_stop_loop", self.stop_loop_closed is False))
        for part in (self._title, self._pedal, self._stop):
            self.add_widget(part)

    def paint(self) -> None:
        self._ground.put((*self.pos, *self.size), look.rgba(""), look.rgba("sim"))
        head = self._title.height + px(SPACING_MM)
        self._head.put((self.x, self.top - head, self.width, head), look.rgba("sim"))
        self._title.ink = "on_sim"
        self._pedal.filled = self.pedal_pressed is True
        self._pedal.state_text = _word(self.pedal_pressed, "down", "up")
        self._stop.filled = self.stop_loop_closed is False
        self._stop.state_text = _word(self.stop_loop_closed, "released", "pressed")

    def on_parent(self, *_: Any) -> None:
        if self.parent is None:
            self._pedal.let_go()

    def on_pedal(self, pressed: bool) -> None:
        """Press or release the pedal."""

    def on_stop_loop(self, closed: bool) -> None:
        """Open or close the emergency stop's loop."""


def _word(known: bool | None, yes: str, no: str) -> str:
    return "--" if known is None else yes if known else no
