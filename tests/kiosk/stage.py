"""A window without a display: the main loop is stepped on its own clock, fingers are put down and lifted.

Kivy's environment must be prepared before this is imported; conftest.py and draw_gallery.py do.
"""

import numpy as np
from kivy.base import EventLoop
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels
from kivy.lang import Builder
from kivy.metrics import Metrics
from kivy.tests.common import UnitTestTouch

from tosca_kiosk.kiosk.look.theme import look
from tosca_kiosk.kiosk.main_loop.environment import PANEL_DPI

TURN_S = 1 / 30


class Finger(UnitTestTouch):
    """One finger, put down when it is made; coordinates are window pixels from the lower left."""

    def __init__(self, stage, x, y):
        super().__init__(x, y)
        self._stage = stage
        self.touch_down()
        stage.turn()

    def slide(self, x, y):
        self.touch_move(x, y)
        self._stage.turn()

    def lift(self):
        self.touch_up()
        self._stage.turn()


class Stage:
    """The one window of a test run; every test finds it empty, dark and at time 1000 s."""

    def __init__(self):
        assert Metrics.dpi == PANEL_DPI, "Kivy was imported before its environment was prepared"
        EventLoop.ensure_window()
        Clock._max_fps = 0  # a turn is due when a test says so
        Clock.time = lambda: self.now_s
        self.window = Window
        self.now_s = 0.0
        self.reset()

    def reset(self):
        for child in [*Window.children]:
            Window.remove_widget(child)
        look.choose("dark")
        Window.clearcolor = (0, 0, 0, 1)
        self.now_s += 1000.0
        self.turn(2)

    def turn(self, count=1, seconds=TURN_S):
        """Step the main loop as EventLoop.idle does, but for the drawing, which picture() does."""
        for _ in range(count):
            self.now_s += seconds
            Clock.tick()
            EventLoop.dispatch_input()
            Builder.sync()
            Clock.tick_draw()
            Builder.sync()

    def wait(self, seconds):
        """Let time pass at 30 turns a second."""
        self.turn(max(1, round(seconds / TURN_S)))

    def show(self, widget, size=None, theme="dark"):
        """Put a widget into the window, at the lower left in a given size or over all of it."""
        for child in [*Window.children]:
            Window.remove_widget(child)
        look.choose(theme)
        widget.size_hint = (None, None)
        widget.pos = (0, 0)
        widget.size = size or Window.size
        Window.add_widget(widget)
        self.turn(4)
        return widget

    def touch(self, widget):
        """Put a finger on a widget's middle."""
        return Finger(self, *widget.to_window(*widget.center))

    def tap(self, widget):
        """Touch and lift, and let the time of a double report pass."""
        self.touch(widget).lift()
        self.turn(3)

    def picture(self):
        """Return what the window shows: height x width x 3, uint8, RGB, top row first."""
        Window.canvas.ask_update()
        Window.dispatch("on_draw")
        width, height = Window.size
        data = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)[::-1]


_stage = None


def the_stage():
    """Return the run's stage: SDL has one window."""
    global _stage  # noqa: PLW0603
    if _stage is None:
        _stage = Stage()
    return _stage
