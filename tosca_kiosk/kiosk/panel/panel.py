"""The panel around every screen: top bar, alarm slot, content, action bar and STOP.

Rules: STOP is hit-tested when the window is told of the finger, a round of the main loop before Kivy makes a
touch of it, and acts at once, under every sheet, locked and asleep; nothing moves the layout; layers stay
inside the content area; a touch from before a layer was drawn was meant for another one and does nothing.
"""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, Rectangle
from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import (
    GAP_MM,
    MARGIN_MM,
    SAME_TOUCH_MM,
    SAME_TOUCH_S,
    SPACING_MM,
    STOP_HEIGHT_MM,
    STOP_WIDTH_MM,
    TARGET_MM,
)
from tosca_kiosk.kiosk.touch.fingers import fingers
from tosca_kiosk.kiosk.touch.repeats import Repeats
from tosca_kiosk.kiosk.widgets.action_bar import UiActionBar
from tosca_kiosk.kiosk.widgets.alarm_slot import UiAlarmSlot
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.content import Content
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.sheet import UiSheet
from tosca_kiosk.kiosk.widgets.simulated_strip import STRIP_MM, UiSimulatedStrip
from tosca_kiosk.kiosk.widgets.still import Still
from tosca_kiosk.kiosk.widgets.stop_button import UiStop
from tosca_kiosk.kiosk.widgets.top_bar import UiTopBar

_TOP_BAR_MM = 9.5
_DIMMED = 0.6


class UiPanel(Painted, FloatLayout):
    """simulated: banner. strip_shown: the simulated pedal and stop. lock_shown: a lock key beside the alarms.

    asleep: dimmed; the next touch wakes and does nothing else, except on STOP.
    """

    __events__ = ("on_stop", "on_activity", "on_wake", "on_lock")
    simulated = BooleanProperty(False)
    strip_shown = BooleanProperty(False)
    lock_shown = BooleanProperty(False)
    asleep = BooleanProperty(False)
    repaint_on = ("simulated", "strip_shown", "lock_shown", "asleep")

    def __init__(self, **kwargs: Any) -> None:
        self._window: Any = None
        self._repeats = Repeats(px(SAME_TOUCH_MM))
        self._stop_touch: MotionEvent | None = None
        self._stopped_s = -SAME_TOUCH_S
        self._undrawn = False
        self._note_drawn = Clock.create_trigger(self._drawn, 0)  # runs when this round's drawing is done
        super().__init__(**kwargs)

    def build(self) -> None:
        self.top_bar = UiTopBar(size_hint=(None, None))
        self.alarm_slot = UiAlarmSlot(size_hint=(None, None))
        self.lock_key = UiButton(mark="lock", size_hint=(None, None))
        self.strip = UiSimulatedStrip(size_hint=(None, None))
        self.content = Content(size_hint=(None, None))
        self.action_bar = UiActionBar(size_hint=(None, None))
        self.stop = UiStop(size_hint=(None, None))
        for part in (self.top_bar, self.alarm_slot, self.content, self.action_bar, self.stop):
            self.add_widget(part)
        still = (self.top_bar, self.alarm_slot, self.action_bar)
        self._stills = [(part, self._still(part)) for part in still]
        with self.canvas.after:
            self._dim_ink = Color()
            self._dim = [Rectangle(), Rectangle()]
        self.lock_key.bind(on_tap=lambda _key: self.dispatch("on_lock"))
        self.content.bind(on_layers=lambda _content: self._change_layers())

    def _still(self, part: Widget) -> Still:
        still = Still(self.canvas)
        still.take(self.canvas, part.canvas)
        return still

    # --- what is shown ------------------------------------------------------------------------------------

    @property
    def screen(self) -> Widget | None:
        """The screen in the content area."""
        return self.content.screen

    @property
    def sheet(self) -> UiSheet | None:
        """The top sheet, None without one."""
        return self.content.sheets[-1] if self.content.sheets else None

    @property
    def locked(self) -> bool:
        """Whether a lock layer is up."""
        return self.content.lock is not None

    def show(self, screen: Widget) -> None:
        """Put a screen into the content area and its `actions` into the bar; sheets of the last one go."""
        self.content.show(screen)

    def open_sheet(self, sheet: UiSheet) -> None:
        """Put a sheet on top. Its actions replace those below while it is the top layer."""
        self.content.open(sheet)

    def close_sheet(self, sheet: UiSheet) -> None:
        """Take a sheet away, wherever it lies; nothing happens if it is not open."""
        self.content.close(sheet)

    def close_sheets(self) -> None:
        """Take all sheets away; the lock stays."""
        for sheet in [*self.content.sheets]:
            self.content.close(sheet)

    def lock(self, layer: Widget) -> None:
        """Cover screen and sheets by a layer; what lies below keeps its state."""
        self.content.cover(layer)

    def unlock(self) -> None:
        """Take the lock layer away."""
        self.content.cover(None)

    def _change_layers(self) -> None:
        self._undrawn = True
        self._note_drawn()
        self._show_actions()

    def _drawn(self, _dt: float) -> None:
        self._undrawn = False

    def _show_actions(self) -> None:
        top = self.content.top_layer
        self.action_bar.show(getattr(top, "actions", ()))

    # --- layout ---------------------------------------------------------------------------------------------

    def paint(self) -> None:
        if self._window is not None:
            self._window.clearcolor = look.rgba("bg")
        self.top_bar.simulated = self.simulated
        self._keep(self.strip, self.strip_shown)
        self._keep(self.lock_key, self.lock_shown)
        self._place()
        self._paint_dim()

    def _keep(self, widget: Widget, shown: bool) -> None:
        if shown and widget.parent is None:
            self.add_widget(widget)
        elif not shown and widget.parent is not None:
            self.remove_widget(widget)

    def _place(self) -> None:
        margin, gap, target = px(MARGIN_MM), px(GAP_MM), px(TARGET_MM)
        left, right, width = self.x + margin, self.right - margin, self.width - 2 * margin
        bar = px(_TOP_BAR_MM)
        top = self.top - margin - bar
        _put(self.top_bar, left, top, width, bar)
        top -= px(SPACING_MM) + target
        beside = target + gap if self.lock_shown else 0
        _put(self.alarm_slot, left, top, width - beside, target)
        _put(self.lock_key, right - target, top, target, target)
        stop_width, stop_height = px(STOP_WIDTH_MM), px(STOP_HEIGHT_MM)
        _put(self.stop, right - stop_width, self.y + margin, stop_width, stop_height)
        _put(self.action_bar, left, self.y + margin, width - stop_width - gap, stop_height)
        bottom = self.y + margin + stop_height + gap
        strip = px(STRIP_MM) if self.strip_shown else 0
        _put(self.strip, left, bottom, strip, top - gap - bottom)
        beside = strip + gap if strip else 0
        _put(self.content, left + beside, bottom, width - beside, top - gap - bottom)
        for part, still in self._stills:
            still.place(*part.pos, *part.size)

    def _paint_dim(self) -> None:
        """Dim all but STOP: above it, and the row beside it."""
        self._dim_ink.rgba = (0, 0, 0, _DIMMED)
        above, beside = self._dim
        if not self.asleep:
            above.size = beside.size = (0, 0)
            return
        above.pos, above.size = (self.x, self.stop.top), (self.width, self.top - self.stop.top)
        beside.pos, beside.size = self.pos, (self.stop.x - self.x, self.stop.top - self.y)

    # --- touch ----------------------------------------------------------------------------------------------

    def attach(self, window: Any) -> None:
        """Become the window's only child and see its touches first."""
        self._window = window
        window.add_widget(self)
        self.repaint()
        window.bind(on_mouse_down=self._earliest, on_touch_down=self._first, on_touch_up=self._last)

    def detach(self) -> None:
        """Leave the window."""
        self._window.unbind(on_mouse_down=self._earliest, on_touch_down=self._first, on_touch_up=self._last)
        self._window.remove_widget(self)
        self._window = None
        fingers.forget()

    def _earliest(self, window: Any, *_: Any) -> bool:
        """Act on a finger on STOP; the touch follows and does the rest."""
        if self.stop.collide_point(*window.mouse_pos):
            self._stopped_s = Clock.time()
            self.dispatch("on_stop")
        return False

    def _first(self, _window: Any, touch: MotionEvent) -> bool:
        """Sort a touch-down before any widget sees it. True: it goes no further."""
        if self.stop.collide_point(*touch.pos):
            self._stop_touch, self.stop.pressed = touch, True
            if Clock.time() - self._stopped_s >= SAME_TOUCH_S:
                self.dispatch("on_stop")
            fingers.tell(touch)
            self.dispatch("on_activity")
            return True
        if self._repeats.is_repeat(Clock.time(), touch.x, touch.y):
            return True
        fingers.tell(touch)
        self.dispatch("on_activity")
        if self.asleep:
            self.asleep = False
            self.dispatch("on_wake")
            return True
        return self._undrawn

    def _last(self, _window: Any, touch: MotionEvent) -> bool:
        self._repeats.lifted(touch.x, touch.y)
        fingers.lifted(touch)
        if touch is self._stop_touch:
            self._stop_touch, self.stop.pressed = None, False
        return False

    def on_stop(self) -> None:
        """STOP was touched."""

    def on_activity(self) -> None:
        """Somebody touched the screen."""

    def on_wake(self) -> None:
        """The touch that ended the sleep."""

    def on_lock(self) -> None:
        """The lock key was touched."""


def _put(widget: Widget, x: float, y: float, width: float, height: float) -> None:
    widget.size = (width, height)
    widget.pos = (x, y)
