"""The frame: STOP under everything, layers inside the content area, touches sorted once."""

import pytest
from audit import audit
from gallery import framed
from kivy.metrics import mm
from kivy.uix.boxlayout import BoxLayout
from stage import Finger

from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.tokens import THEMES


class Screen(BoxLayout):
    """A screen with one button that counts, and one action."""

    def __init__(self):
        super().__init__()
        self.taps = 0
        self.button = ui.UiButton(text="Count")
        self.button.bind(on_tap=self.count)
        self.add_widget(self.button)
        self.actions = [ui.UiButton(text="Back", size_hint_x=None, width=mm(30))]

    def count(self, _button):
        self.taps += 1


@pytest.fixture
def frame(stage):
    frame = framed(stage)
    frame.show(Screen())
    stage.frame(3)
    yield frame
    frame.detach()


def told(widget, *events):
    """Return the list that is filled with what a widget dispatches."""
    heard = []
    for event in events:
        widget.bind(**{event: lambda _widget, *values, event=event: heard.append((event, *values))})
    return heard


def layers():
    return {
        "keyboard": ui.UiKeyboard(caption="Code"),
        "number_pad": ui.UiNumberPad(caption="Power", unit="W", low=0, high=6),
        "confirm": ui.UiConfirmSheet(title="Sure?", text="Think."),
        "sheet": ui.UiSheet(title="Alarms"),
    }


# --- STOP -------------------------------------------------------------------------------------------------


def test_stop_acts_when_the_finger_comes_down(stage, frame):
    heard = told(frame, "on_stop")
    finger = stage.touch(frame.stop)
    assert heard == [("on_stop",)]
    assert frame.stop.pressed
    finger.lift()
    assert heard == [("on_stop",)]
    assert not frame.stop.pressed


def window_hears(stage, x, y):
    """Tell the window of a finger as SDL does, before Kivy makes a touch of it."""
    stage.window.mouse_pos = (x, y)
    stage.window.dispatch("on_mouse_down", x, stage.window.height - 1 - y, "left", [])


def test_stop_acts_when_the_window_hears_of_the_finger_and_not_again_for_its_touch(stage, frame):
    heard = told(frame, "on_stop")
    window_hears(stage, *frame.stop.center)
    assert heard == [("on_stop",)]
    finger = stage.touch(frame.stop)
    assert frame.stop.pressed
    finger.lift()
    assert heard == [("on_stop",)]


def test_a_finger_beside_stop_does_not_stop(stage, frame):
    heard = told(frame, "on_stop")
    window_hears(stage, frame.stop.x - 1, frame.stop.center_y)
    assert heard == []


@pytest.mark.parametrize("layer", layers())
def test_stop_acts_under_every_sheet(stage, frame, layer):
    heard = told(frame, "on_stop")
    frame.open_sheet(layers()[layer])
    stage.frame(3)
    stage.touch(frame.stop).lift()
    assert heard == [("on_stop",)]


def test_stop_acts_while_locked_and_asleep_and_wakes_nothing(stage, frame):
    frame.lock(ui.UiPinPad(message="Locked"))
    frame.asleep = True
    stage.frame(3)
    heard = told(frame, "on_stop", "on_wake")
    stage.touch(frame.stop).lift()
    assert heard == [("on_stop",)]


def test_stop_acts_on_each_of_its_corners(stage, frame):
    heard = told(frame, "on_stop")
    stop = frame.stop
    for x in (stop.x + 1, stop.right - 2):
        for y in (stop.y + 1, stop.top - 2):
            Finger(stage, x, y).lift()
    assert len(heard) == 4


def test_stop_acts_with_another_finger_already_down(stage, frame):
    heard = told(frame, "on_stop")
    first = stage.touch(frame.screen.button)
    stage.touch(frame.stop).lift()
    first.lift()
    assert heard == [("on_stop",)]


def test_stop_keeps_its_place_and_size_whatever_is_shown(stage, frame):
    box = (*frame.stop.pos, *frame.stop.size)
    assert frame.stop.width >= mm(34) - 0.01
    assert frame.stop.height >= mm(20) - 0.01
    for change in ({"strip_shown": False}, {"lock_shown": True}, {"simulated": False}, {"asleep": True}):
        for name, value in change.items():
            setattr(frame, name, value)
        stage.frame(3)
        assert (*frame.stop.pos, *frame.stop.size) == box


# --- touches ----------------------------------------------------------------------------------------------


def test_a_finger_reported_twice_counts_once(stage, frame):
    button = frame.screen.button
    first, again = stage.touch(button), stage.touch(button)
    first.lift()
    again.lift()
    assert frame.screen.taps == 1


def test_the_touch_that_wakes_does_nothing_else(stage, frame):
    frame.asleep = True
    stage.frame(2)
    heard = told(frame, "on_wake")
    stage.tap(frame.screen.button)
    assert (heard, frame.screen.taps, frame.asleep) == ([("on_wake",)], 0, False)
    stage.tap(frame.screen.button)
    assert frame.screen.taps == 1


def test_every_touch_is_activity(stage, frame):
    heard = told(frame, "on_activity")
    stage.tap(frame.screen.button)
    stage.tap(frame.stop)
    assert len(heard) == 2


# --- layers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", layers())
def test_a_sheet_stays_inside_the_content_area_and_lets_no_touch_through(stage, frame, layer):
    sheet = layers()[layer]
    frame.open_sheet(sheet)
    stage.frame(3)
    assert (*sheet.pos, *sheet.size) == (*frame.content.pos, *frame.content.size)
    content = frame.content
    for x in (content.x + 5, content.center_x, content.right - 5):
        Finger(stage, x, content.top - 5).lift()
        stage.frame(3)
    assert frame.screen.taps == 0


def test_the_action_bar_follows_the_top_layer(stage, frame):
    def shown():
        return [button.text for button in reversed(frame.action_bar.children)]

    question = ui.UiConfirmSheet(title="Sure?", text="Think.", confirm_text="Home")
    frame.open_sheet(question)
    stage.frame(3)
    assert shown() == ["Back", "Home"]
    pad = ui.UiKeyboard(caption="Why")
    frame.open_sheet(pad)
    stage.frame(3)
    assert shown() == ["Cancel", "Done"]
    frame.close_sheet(question)
    assert frame.sheet is pad
    frame.close_sheets()
    stage.frame(3)
    assert (shown(), frame.sheet) == (["Back"], None)


def test_a_lock_covers_screen_and_sheets_and_leaves_them_as_they_were(stage, frame):
    pad = ui.UiKeyboard(caption="Notes", value="half a w")
    frame.open_sheet(pad)
    lock = ui.UiPinPad(message="Locked")
    frame.lock(lock)
    stage.frame(3)
    assert frame.content.children == [lock]
    assert frame.action_bar.children == []
    frame.unlock()
    stage.frame(3)
    assert (frame.sheet, pad.value, frame.locked) == (pad, "half a w", False)


def test_showing_a_screen_takes_the_sheets_of_the_last_one_away(stage, frame):
    frame.open_sheet(ui.UiSheet(title="Old"))
    frame.show(Screen())
    assert (frame.sheet, frame.content.children) == (None, [frame.screen])


def test_an_alarm_never_moves_the_layout(stage, frame):
    def boxes():
        return [(*part.pos, *part.size) for part in frame.children]

    before = boxes()
    for priority in ("low", "medium", "high", ""):
        frame.alarm_slot.priority, frame.alarm_slot.what, frame.alarm_slot.more = priority, "What", 3
        stage.frame(3)
        assert boxes() == before


def test_the_lock_key_tells(stage, frame):
    frame.lock_shown = True
    stage.frame(3)
    heard = told(frame, "on_lock")
    stage.tap(frame.lock_key)
    assert heard == [("on_lock",)]


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("layer", [None, *layers()])
def test_the_frame_keeps_the_rules_with_and_without_a_sheet(stage, theme, layer):
    frame = framed(stage, theme)
    frame.lock_shown = True
    frame.show(Screen())
    if layer:
        frame.open_sheet(layers()[layer])
    frame.alarm_slot.priority = "high"
    frame.alarm_slot.what, frame.alarm_slot.to_do = "Stop loop opened", "Release the button, then reset."
    stage.frame(5)
    assert audit(stage, frame) == []
    frame.detach()
