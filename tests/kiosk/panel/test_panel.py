"""The panel: STOP under everything, layers inside the content area, touches sorted once."""

import pytest
from kivy.metrics import mm
from kivy.uix.boxlayout import BoxLayout

from tests.kiosk.audit import audit
from tests.kiosk.gallery import in_panel
from tests.kiosk.stage import Finger
from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.look.tokens import THEMES


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
def panel(stage):
    panel = in_panel(stage)
    panel.show(Screen())
    stage.turn(3)
    yield panel
    panel.detach()


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


def test_stop_acts_when_the_finger_comes_down(stage, panel):
    heard = told(panel, "on_stop")
    finger = stage.touch(panel.stop)
    assert heard == [("on_stop",)]
    assert panel.stop.pressed
    finger.lift()
    assert heard == [("on_stop",)]
    assert not panel.stop.pressed


def window_hears(stage, x, y):
    """Tell the window of a finger as SDL does, before Kivy makes a touch of it."""
    stage.window.mouse_pos = (x, y)
    stage.window.dispatch("on_mouse_down", x, stage.window.height - 1 - y, "left", [])


def test_stop_acts_when_the_window_hears_of_the_finger_and_not_again_for_its_touch(stage, panel):
    heard = told(panel, "on_stop")
    window_hears(stage, *panel.stop.center)
    assert heard == [("on_stop",)]
    finger = stage.touch(panel.stop)
    assert panel.stop.pressed
    finger.lift()
    assert heard == [("on_stop",)]


def test_a_finger_beside_stop_does_not_stop(stage, panel):
    heard = told(panel, "on_stop")
    window_hears(stage, panel.stop.x - 1, panel.stop.center_y)
    assert heard == []


@pytest.mark.parametrize("layer", layers())
def test_stop_acts_under_every_sheet(stage, panel, layer):
    heard = told(panel, "on_stop")
    panel.open_sheet(layers()[layer])
    stage.turn(3)
    stage.touch(panel.stop).lift()
    assert heard == [("on_stop",)]


def test_stop_acts_while_locked_and_asleep_and_wakes_nothing(stage, panel):
    panel.lock(ui.UiPinPad(message="Locked"))
    panel.asleep = True
    stage.turn(3)
    heard = told(panel, "on_stop", "on_wake")
    stage.touch(panel.stop).lift()
    assert heard == [("on_stop",)]


def test_stop_acts_on_each_of_its_corners(stage, panel):
    heard = told(panel, "on_stop")
    stop = panel.stop
    for x in (stop.x + 1, stop.right - 2):
        for y in (stop.y + 1, stop.top - 2):
            Finger(stage, x, y).lift()
    assert len(heard) == 4


def test_stop_acts_with_another_finger_already_down(stage, panel):
    heard = told(panel, "on_stop")
    first = stage.touch(panel.screen.button)
    stage.touch(panel.stop).lift()
    first.lift()
    assert heard == [("on_stop",)]


def test_stop_keeps_its_place_and_size_whatever_is_shown(stage, panel):
    box = (*panel.stop.pos, *panel.stop.size)
    assert panel.stop.width >= mm(34) - 0.01
    assert panel.stop.height >= mm(20) - 0.01
    for change in ({"strip_shown": False}, {"lock_shown": True}, {"simulated": False}, {"asleep": True}):
        for name, value in change.items():
            setattr(panel, name, value)
        stage.turn(3)
        assert (*panel.stop.pos, *panel.stop.size) == box


# --- touches ----------------------------------------------------------------------------------------------


def test_a_finger_reported_twice_counts_once(stage, panel):
    button = panel.screen.button
    first, again = stage.touch(button), stage.touch(button)
    first.lift()
    again.lift()
    assert panel.screen.taps == 1


def test_the_touch_that_wakes_does_nothing_else(stage, panel):
    panel.asleep = True
    stage.turn(2)
    heard = told(panel, "on_wake")
    stage.tap(panel.screen.button)
    assert (heard, panel.screen.taps, panel.asleep) == ([("on_wake",)], 0, False)
    stage.tap(panel.screen.button)
    assert panel.screen.taps == 1


def test_every_touch_is_activity(stage, panel):
    heard = told(panel, "on_activity")
    stage.tap(panel.screen.button)
    stage.tap(panel.stop)
    assert len(heard) == 2


# --- layers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", layers())
def test_a_sheet_stays_inside_the_content_area_and_lets_no_touch_through(stage, panel, layer):
    sheet = layers()[layer]
    panel.open_sheet(sheet)
    stage.turn(3)
    assert (*sheet.pos, *sheet.size) == (*panel.content.pos, *panel.content.size)
    content = panel.content
    for x in (content.x + 5, content.center_x, content.right - 5):
        Finger(stage, x, content.top - 5).lift()
        stage.turn(3)
    assert panel.screen.taps == 0


def test_the_action_bar_follows_the_top_layer(stage, panel):
    def shown():
        return [button.text for button in reversed(panel.action_bar.children)]

    question = ui.UiConfirmSheet(title="Sure?", text="Think.", confirm_text="Home")
    panel.open_sheet(question)
    stage.turn(3)
    assert shown() == ["Back", "Home"]
    pad = ui.UiKeyboard(caption="Why")
    panel.open_sheet(pad)
    stage.turn(3)
    assert shown() == ["Cancel", "Done"]
    panel.close_sheet(question)
    assert panel.sheet is pad
    panel.close_sheets()
    stage.turn(3)
    assert (shown(), panel.sheet) == (["Back"], None)


def test_a_lock_covers_screen_and_sheets_and_leaves_them_as_they_were(stage, panel):
    pad = ui.UiKeyboard(caption="Notes", value="half a w")
    panel.open_sheet(pad)
    lock = ui.UiPinPad(message="Locked")
    panel.lock(lock)
    stage.turn(3)
    assert panel.content.children == [lock]
    assert panel.action_bar.children == []
    panel.unlock()
    stage.turn(3)
    assert (panel.sheet, pad.value, panel.locked) == (pad, "half a w", False)


def test_showing_a_screen_takes_the_sheets_of_the_last_one_away(stage, panel):
    panel.open_sheet(ui.UiSheet(title="Old"))
    panel.show(Screen())
    assert (panel.sheet, panel.content.children) == (None, [panel.screen])


def test_an_alarm_never_moves_the_layout(stage, panel):
    def boxes():
        return [(*part.pos, *part.size) for part in panel.children]

    before = boxes()
    for priority in ("low", "medium", "high", ""):
        panel.alarm_slot.priority, panel.alarm_slot.what, panel.alarm_slot.more = priority, "What", 3
        stage.turn(3)
        assert boxes() == before


def test_the_lock_key_tells(stage, panel):
    panel.lock_shown = True
    stage.turn(3)
    heard = told(panel, "on_lock")
    stage.tap(panel.lock_key)
    assert heard == [("on_lock",)]


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("layer", [None, *layers()])
def test_the_panel_keeps_the_rules_with_and_without_a_sheet(stage, theme, layer):
    panel = in_panel(stage, theme)
    panel.lock_shown = True
    panel.show(Screen())
    if layer:
        panel.open_sheet(layers()[layer])
    panel.alarm_slot.priority = "high"
    panel.alarm_slot.what, panel.alarm_slot.to_do = "Stop loop opened", "Release the button, then reset."
    stage.turn(5)
    assert audit(stage, panel) == []
    panel.detach()
