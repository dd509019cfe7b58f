"""What buttons, holds, lists and pads say when they are touched."""

import pytest
from kivy.uix.boxlayout import BoxLayout

from tests.kiosk.gallery import in_panel, patients
from tests.kiosk.stage import Finger
from tosca_kiosk.kiosk import widgets as ui


def told(widget, *events):
    heard = []
    for event in events:
        widget.bind(**{event: lambda _widget, *values, event=event: heard.append((event, *values))})
    return heard


def keys_of(widget):
    return {button.text or button.mark: button for button in widget.walk() if isinstance(button, ui.UiButton)}


def type_on(stage, widget, *names):
    for name in names:
        stage.tap(keys_of(widget)[name])


# --- button -----------------------------------------------------------------------------------------------


@pytest.fixture
def button(stage):
    return stage.show(ui.UiButton(text="Go"), (300, 120))


def test_a_button_acts_when_the_finger_is_lifted_inside(stage, button):
    heard = told(button, "on_tap")
    finger = stage.touch(button)
    assert (heard, button.pressed) == ([], True)
    finger.lift()
    assert (heard, button.pressed) == ([("on_tap",)], False)


def test_sliding_off_takes_a_touch_back(stage, button):
    heard = told(button, "on_tap")
    finger = stage.touch(button)
    finger.slide(600, 400)
    finger.slide(*button.center)
    finger.lift()
    assert heard == []


def test_a_button_that_acts_on_down_acts_once_and_at_once(stage, button):
    button.acts_on = "down"
    heard = told(button, "on_tap")
    finger = stage.touch(button)
    assert heard == [("on_tap",)]
    finger.lift()
    assert heard == [("on_tap",)]


def test_a_disabled_button_does_nothing(stage, button):
    heard = told(button, "on_tap")
    button.disabled = True
    stage.tap(button)
    assert heard == []


def test_a_button_disabled_under_the_finger_does_nothing(stage, button):
    heard = told(button, "on_tap")
    finger = stage.touch(button)
    button.disabled = True
    finger.lift()
    assert heard == []


# --- hold to arm ------------------------------------------------------------------------------------------


@pytest.fixture
def hold(stage):
    panel = in_panel(stage)
    screen = BoxLayout()
    button = ui.UiHoldButton(text="HOLD 1.5 s TO ARM")
    screen.actions = [button]
    panel.show(screen)
    stage.turn(3)
    yield button
    panel.detach()


EVENTS = ("on_begin", "on_complete", "on_cancel")


def test_a_hold_completes_once_when_control_has_counted_enough(stage, hold):
    heard = told(hold, *EVENTS)
    finger = stage.touch(hold)
    for held_s in (0.0, 0.6, 1.49):
        hold.held_s = held_s
        stage.turn()
    assert heard == [("on_begin",)]
    for held_s in (1.5, 1.6, None):
        hold.held_s = held_s
        stage.turn()
    finger.lift()
    assert heard == [("on_begin",), ("on_complete",)]


def test_a_hold_keeps_no_time_of_its_own(stage, hold):
    heard = told(hold, *EVENTS)
    stage.touch(hold)
    stage.wait(3.0)
    assert (heard, hold.share) == ([("on_begin",)], 0.0)


def test_the_ring_shows_what_control_has_counted(stage, hold):
    stage.touch(hold)
    hold.held_s = 0.75
    assert hold.share == pytest.approx(0.5)
    hold.held_s = 9.0
    assert hold.share == 1.0


def test_lifting_early_cancels(stage, hold):
    heard = told(hold, *EVENTS)
    finger = stage.touch(hold)
    hold.held_s = 0.6
    finger.lift()
    assert heard == [("on_begin",), ("on_cancel", "released")]
    hold.held_s = 1.6
    assert heard[-1] == ("on_cancel", "released")


def test_sliding_off_cancels(stage, hold):
    heard = told(hold, *EVENTS)
    finger = stage.touch(hold)
    finger.slide(hold.center_x, hold.top + 40)
    finger.lift()
    assert heard == [("on_begin",), ("on_cancel", "slid off")]


@pytest.mark.parametrize("where", [(640, 400), (700, 110), (1200, 60)], ids=["content", "same", "STOP"])
def test_a_second_finger_anywhere_cancels(stage, hold, where):
    heard = told(hold, *EVENTS)
    Finger(stage, hold.x + 30, hold.center_y)
    stage.wait(0.1)
    Finger(stage, *where).lift()
    assert heard == [("on_begin",), ("on_cancel", "second finger")]


@pytest.mark.parametrize("where", [(640, 400), (600, 700), (1200, 60)], ids=["content", "alarms", "STOP"])
def test_a_hold_does_not_begin_while_another_finger_rests_anywhere(stage, hold, where):
    heard = told(hold, *EVENTS)
    resting = Finger(stage, *where)
    stage.wait(0.1)
    finger = Finger(stage, hold.x + 30, hold.center_y)
    assert (heard, hold.holding) == ([], False)
    resting.lift()
    stage.wait(0.5)
    assert heard == [], "the finger that was refused begins nothing later"
    finger.lift()
    stage.touch(hold)
    assert heard == [("on_begin",)]


def test_after_a_second_finger_a_new_hold_needs_all_fingers_off(stage, hold):
    heard = told(hold, *EVENTS)
    first = Finger(stage, hold.x + 30, hold.center_y)
    stage.wait(0.1)
    second = Finger(stage, 640, 400)
    assert heard == [("on_begin",), ("on_cancel", "second finger")]
    first.lift()
    stage.wait(0.1)
    Finger(stage, hold.x + 30, hold.center_y).lift()
    assert len(heard) == 2
    second.lift()
    stage.wait(0.1)
    stage.touch(hold)
    assert heard[2:] == [("on_begin",)]


def test_a_finger_reported_twice_rests_nowhere_when_it_is_lifted(stage, hold):
    heard = told(hold, *EVENTS)
    one, again = Finger(stage, 640, 400), Finger(stage, 640, 400)
    one.lift()
    stage.wait(0.1)
    stage.touch(hold)
    assert heard == [("on_begin",)]
    again.lift()


def test_a_key_that_cannot_be_held_shows_no_ring(stage, hold):
    hold.disabled = True
    stage.turn(2)
    assert hold._track_ink.a == 0
    hold.disabled = False
    stage.turn(2)
    assert hold._track_ink.a == 1


def test_a_finger_reported_twice_is_no_second_finger(stage, hold):
    heard = told(hold, *EVENTS)
    stage.touch(hold)
    stage.touch(hold)
    assert heard == [("on_begin",)]


def test_an_interlock_change_cancels(stage, hold):
    heard = told(hold, *EVENTS)
    stage.touch(hold)
    hold.cancel("Door opened")
    assert heard == [("on_begin",), ("on_cancel", "Door opened")]


def test_disabling_cancels_and_a_disabled_hold_does_not_begin(stage, hold):
    heard = told(hold, *EVENTS)
    finger = stage.touch(hold)
    hold.disabled = True
    finger.lift()
    stage.tap(hold)
    assert heard == [("on_begin",), ("on_cancel", "disabled")]


def test_being_taken_off_the_screen_cancels(stage, hold):
    heard = told(hold, *EVENTS)
    stage.touch(hold)
    hold.parent.remove_widget(hold)
    assert heard == [("on_begin",), ("on_cancel", "disabled")]


# --- lists and choices ------------------------------------------------------------------------------------


def test_a_list_tells_the_key_of_the_touched_row_on_any_page(stage):
    rows = stage.show(patients(), (700, 470))
    heard = told(rows, "on_pick")
    assert rows.rows_a_page == 4
    stage.tap(next(row for row in rows.walk() if getattr(row, "title", "") == "P-0002"))
    type_on(stage, rows, "down")
    stage.tap(next(row for row in rows.walk() if getattr(row, "title", "") == "P-0007"))
    assert heard == [("on_pick", 2), ("on_pick", 7)]


def test_a_list_goes_no_further_than_its_pages(stage):
    rows = stage.show(patients(), (700, 470))
    for _ in range(5):
        type_on(stage, rows, "down")
    assert (rows.page, rows.pages) == (2, 3)
    rows.rows = rows.rows[:3]
    stage.turn(2)
    assert (rows.page, rows.pages) == (0, 1)


def test_a_list_turns_to_the_row_it_is_asked_for(stage):
    rows = stage.show(patients(), (700, 470))
    rows.show_key(8)
    stage.turn(2)
    assert any(getattr(row, "title", "") == "P-0008" for row in rows.walk())


def test_the_room_below_a_short_list_is_no_row(stage):
    rows = stage.show(patients(2), (700, 470))
    heard = told(rows, "on_pick")
    for y in range(10, 470, 20):
        Finger(stage, 200, y).lift()
        stage.turn(3)
    assert {key for _, key in heard} == {0, 1}


def test_a_choice_asks_and_waits_to_be_told(stage):
    choice = stage.show(ui.UiChoice(options=(("a", "One"), ("b", "Two")), chosen="a"), (600, 100))
    heard = told(choice, "on_choose")
    type_on(stage, choice, "Two")
    assert (heard, choice.chosen) == ([("on_choose", "b")], "a")


# --- PIN pad ----------------------------------------------------------------------------------------------


def test_the_sixth_digit_sends_the_pin_and_forgets_it(stage):
    pad = stage.show(ui.UiPinPad(), (800, 470))
    heard = told(pad, "on_pin")
    type_on(stage, pad, *"12345")
    assert (heard, pad.count) == ([], 5)
    type_on(stage, pad, "6")
    assert (heard, pad.count, pad._digits) == ([("on_pin", "123456")], 0, [])


def test_erase_and_clear_take_digits_back(stage):
    pad = stage.show(ui.UiPinPad(length=3), (800, 470))
    heard = told(pad, "on_pin")
    type_on(stage, pad, "9", "erase", "1", "9", "Clear", "1", "2", "3")
    assert heard == [("on_pin", "123")]


def test_while_it_waits_no_digit_is_taken(stage):
    pad = stage.show(ui.UiPinPad(wait_s=8), (800, 470))
    type_on(stage, pad, "1")
    assert pad.count == 0
    pad.wait_s = 0
    stage.turn(2)
    type_on(stage, pad, "1")
    assert pad.count == 1


def test_pictures_of_two_half_written_pins_are_the_same(stage):
    """A picture tells how many digits are in, never which."""
    pictures = []
    for digits in ("12", "98"):
        pad = stage.show(ui.UiPinPad(), (800, 470))
        type_on(stage, pad, *digits)
        pictures.append(stage.picture().copy())
    assert (pictures[0] == pictures[1]).all()


@pytest.mark.parametrize("last", ["6", "Clear", "erase"])
def test_a_pad_whose_digits_are_gone_looks_like_a_new_one(stage, last):
    pad = stage.show(ui.UiPinPad(), (800, 470))
    fresh = stage.picture().copy()
    type_on(stage, pad, *("1" if last == "erase" else "12345"))
    assert (stage.picture() != fresh).any()
    type_on(stage, pad, last)
    stage.turn(2)
    assert pad.count == 0
    assert (stage.picture() == fresh).all()


# --- keyboard and number pad --------------------------------------------------------------------------------


def test_a_keyboard_writes_what_is_typed(stage):
    board = stage.show(ui.UiKeyboard(caption="Code"), (1086, 474))
    type_on(stage, board, "P", "#+", "-", "0", "abc", "a", "shift", "B", "space", "C", "erase")
    assert board.value == "P-0aB "


def test_a_refused_text_cannot_be_accepted_and_says_why(stage):
    board = ui.UiKeyboard(caption="Code", check=lambda text: "too short" if len(text) < 2 else None)
    stage.show(board, (1086, 474))
    accept = board.actions[1]
    type_on(stage, board, "P")
    assert (accept.disabled, board.refusal) == (True, "too short")
    type_on(stage, board, "Q")
    assert (accept.disabled, board.refusal) == (False, None)


def test_a_text_is_no_longer_than_allowed(stage):
    board = stage.show(ui.UiKeyboard(caption="Code", max_length=2), (1086, 474))
    type_on(stage, board, "A", "B", "C")
    assert board.value == "AB"


@pytest.mark.parametrize(
    ("written", "refused"),
    [("0.1", False), ("6", False), ("6.00", False), ("6.01", True), ("0.09", True), ("", True), (".", True)],
)
def test_a_number_is_accepted_inside_its_range_ends_included(stage, written, refused):
    pad = stage.show(ui.UiNumberPad(caption="Power", unit="W", low=0.1, high=6), (1086, 474))
    type_on(stage, pad, *written)
    assert (pad.written, pad.actions[1].disabled) == (written, refused)


def test_steps_stay_inside_the_range(stage):
    pad = stage.show(
        ui.UiNumberPad(caption="Power", unit="W", value=5.9, low=0.1, high=6, step=0.25), (1086, 474)
    )
    type_on(stage, pad, "+ 0.25", "+ 0.25")
    assert pad.written == "6.00"
    type_on(stage, pad, "- 0.25")
    assert pad.written == "5.75"


def test_no_more_decimals_than_wanted_are_written(stage):
    pad = stage.show(ui.UiNumberPad(caption="Power", unit="W", low=0, high=6, decimals=1), (1086, 474))
    type_on(stage, pad, "1", ".", "2", ".", "3")
    assert pad.written == "1.2"


def test_a_refused_number_says_what_is_allowed(stage):
    pad = stage.show(ui.UiNumberPad(caption="Power", unit="W", low=0.1, high=6), (1086, 474))
    type_on(stage, pad, "9")
    assert pad.refusal == "9 W written, 0.10 to 6.00 W allowed"


# --- field and strip --------------------------------------------------------------------------------------


def test_a_field_asks_for_its_keyboard(stage):
    field = stage.show(ui.UiTextField(caption="Code"), (500, 140))
    heard = told(field, "on_edit")
    Finger(stage, 200, 100).lift()
    assert heard == [("on_edit",)]


def test_the_simulated_pedal_is_down_as_long_as_the_finger(stage):
    strip = stage.show(ui.UiSimulatedStrip(stop_loop_closed=True), (177, 474))
    heard = told(strip, "on_pedal", "on_stop_loop")
    finger = stage.touch(strip._pedal)
    finger.slide(900, 700)
    assert heard == [("on_pedal", True)]
    finger.lift()
    assert heard == [("on_pedal", True), ("on_pedal", False)]


def test_a_pedal_taken_off_the_screen_is_released(stage):
    strip = stage.show(ui.UiSimulatedStrip(), (177, 474))
    heard = told(strip, "on_pedal")
    stage.touch(strip._pedal)
    stage.window.remove_widget(strip)
    assert heard == [("on_pedal", True), ("on_pedal", False)]


@pytest.mark.parametrize(("closed", "asked"), [(True, False), (False, True), (None, False)])
def test_the_simulated_stop_asks_for_the_other_state_and_to_open_when_unknown(stage, closed, asked):
    strip = stage.show(ui.UiSimulatedStrip(stop_loop_closed=closed), (177, 474))
    heard = told(strip, "on_stop_loop")
    stage.touch(strip._stop).lift()
    assert heard == [("on_stop_loop", asked)]
