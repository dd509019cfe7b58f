"""No key of a keyboard changes anything on the screen of a cart."""

import pytest
from kivy.base import EventLoop

from tosca_kiosk.kiosk.panel.keys import ignore_keys, refuse_to_close

F1, F4, F11, ESCAPE, Q = 282, 285, 292, 27, 113


@pytest.fixture
def seen(stage):
    """What reaches those who listened to the window's keys before, as Kivy's settings do."""
    found = []

    def see(_window, key, *_):
        found.append(key)

    events = ("on_key_down", "on_keyboard")
    for event in events:
        stage.window.bind(**{event: see})
    yield found
    for event in events:
        stage.window.unbind(**{event: see})


@pytest.mark.parametrize(
    ("key", "modifiers"), [(F1, []), (ESCAPE, []), (F11, []), (F4, ["alt"]), (Q, ["ctrl"])]
)
def test_a_key_reaches_nobody(stage, seen, key, modifiers):
    stage.window.dispatch("on_keyboard", key, 0, "", modifiers)
    assert seen == [key], "without the kiosk's handler it would"
    seen.clear()
    ignore_keys(stage.window)
    assert stage.window.dispatch("on_key_down", key, 0, "", modifiers)
    assert stage.window.dispatch("on_keyboard", key, 0, "", modifiers)
    assert seen == []
    assert not EventLoop.quit
    forget_keys(stage.window)


def forget_keys(window):
    """Take the handlers away again: the window is that of all tests."""
    from tosca_kiosk.kiosk.panel import keys  # noqa: PLC0415

    events = ("on_key_down", "on_keyboard", "on_key_up", "on_textinput", "on_request_close")
    for event in events:
        window.unbind(**{event: keys._taken})


def test_a_window_that_may_not_be_closed_refuses(stage):
    assert not stage.window.dispatch("on_request_close")
    refuse_to_close(stage.window)
    assert stage.window.dispatch("on_request_close")
    forget_keys(stage.window)
