"""A main loop that was held up finds several taps at once: each counts once, in its order.

The taps go the whole way: the window is told of the mouse as SDL does, Kivy's provider makes touches of it.
"""

import pytest
from kivy.base import EventLoop
from kivy.input.providers.mouse import MouseMotionEventProvider
from kivy.uix.boxlayout import BoxLayout

from tests.kiosk.gallery import in_panel
from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.main_loop.environment import TOUCH_INPUT

pytestmark = pytest.mark.slow


@pytest.fixture
def mouse(stage):
    """Kivy's mouse provider as the kiosk configures it."""
    name, _, arguments = TOUCH_INPUT.partition(",")
    assert name == "mouse"
    provider = MouseMotionEventProvider("panel", arguments)
    EventLoop.window = stage.window
    provider.start()
    EventLoop.add_input_provider(provider)
    yield provider
    EventLoop.remove_input_provider(provider)
    provider.stop()


@pytest.fixture
def pad(stage):
    panel = in_panel(stage)
    pad = ui.UiPinPad()
    panel.show(pad)
    stage.turn(3)
    yield pad
    panel.detach()


class Door(BoxLayout):
    """A screen whose one button opens a question."""

    def __init__(self, panel):
        super().__init__()
        self.question = ui.UiConfirmSheet(title="Sure?", text="Think.")
        self.button = ui.UiButton(text="Open")
        self.button.bind(on_tap=lambda _button: panel.open_sheet(self.question))
        self.add_widget(self.button)


@pytest.fixture
def door(stage):
    panel = in_panel(stage)
    screen = Door(panel)
    panel.show(screen)
    stage.turn(3)
    yield panel
    panel.detach()


def tell(stage, event, widget):
    """Tell the window of the mouse; y is counted from above, as SDL does."""
    x, y = widget.to_window(*widget.center)
    stage.window.mouse_pos = (x, y)
    stage.window.dispatch(event, x, stage.window.height - y, "left", [])


def tap(stage, widget):
    tell(stage, "on_mouse_down", widget)
    tell(stage, "on_mouse_up", widget)


def keys(pad):
    return {button.text: button for button in pad.walk() if isinstance(button, ui.UiButton)}


@pytest.mark.parametrize("taps_a_turn", [1, 2, 3, 6])
@pytest.mark.parametrize("digits", ["271828", "111111", "112211"])
def test_every_tap_counts_once_and_in_order_however_many_come_in_one_turn(
    stage, mouse, pad, digits, taps_a_turn
):
    heard = []
    pad.bind(on_pin=lambda _pad, pin: heard.append(pin))
    for first in range(0, len(digits), taps_a_turn):
        for digit in digits[first : first + taps_a_turn]:
            tap(stage, keys(pad)[digit])
        stage.turn()
    assert heard == [digits]
    assert not any(key.pressed for key in keys(pad).values())


def test_a_tap_that_is_lifted_turns_later_counts_as_one_too(stage, mouse, pad):
    heard = []
    pad.bind(on_pin=lambda _pad, pin: heard.append(pin))
    for digit in "271828":
        tell(stage, "on_mouse_down", keys(pad)[digit])
        stage.turn(4)
        tell(stage, "on_mouse_up", keys(pad)[digit])
        stage.turn()
    assert heard == ["271828"]


def test_a_tap_from_before_a_layer_was_drawn_does_nothing_on_it(stage, mouse, door):
    """Its keys have no places yet: without this the tap would meet whichever lies where it was made."""
    question = door.screen.question
    heard = []
    question.bind(on_confirm=lambda _sheet: heard.append("yes"), on_cancel=lambda _sheet: heard.append("no"))
    corners = [(action.center_x, action.center_y) for action in question.actions]
    tap(stage, door.screen.button)
    for x, y in corners:
        stage.window.mouse_pos = (x, y)
        for event in ("on_mouse_down", "on_mouse_up"):
            stage.window.dispatch(event, x, stage.window.height - y, "left", [])
    stage.turn()
    assert (door.sheet, heard) == (question, [])
    tap(stage, question.actions[-1])
    stage.turn(2)
    assert heard == ["yes"]


def test_stop_acts_though_a_layer_was_not_drawn_yet(stage, mouse, door):
    heard = []
    door.bind(on_stop=lambda _panel: heard.append("stop"))
    tap(stage, door.screen.button)
    tap(stage, door.stop)
    stage.turn()
    assert "stop" in heard
