"""The presenter: a session whose light is not known to have ended."""

from __future__ import annotations

from tests.kiosk.presenter.desk_bench import (
    ADMIN_PIN,
    READ_BACK,
    closes_asked,
)
from tests.kiosk.screens.cast import in_session
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.screens.key_off.form import KeyOffForm
from tosca_kiosk.kiosk.screens.key_off.part import KeyOff
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.snapshot.course import Opening
from tosca_kiosk.link.messages import (
    EndSession,
    Reply,
)


def unconfirmed(desk, in_s=0.0):
    """End the session where control does not know of darkness."""
    desk.cart = in_session(session_id=1, phase="fault", faults=("light_while_off",), key_off_in_s=in_s)
    desk.settle()
    desk.presenter.part(Treatment).end()
    for _ in range(12):
        state = desk.reply(READ_BACK)
    return state


def ended(desk):
    desk.control.poll()
    return [one for one in desk.control.requests if isinstance(one, EndSession)]


def test_no_journal_is_ended_while_control_has_the_session_open(opened):
    unconfirmed(opened)
    for _ in range(20):
        state = opened.reply(READ_BACK)
    assert ended(opened) == []
    assert (state.screen, state.course.opening) == ("key_off", Opening.UNCONFIRMED)


def test_it_is_said_after_two_seconds_and_not_before(opened):
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), key_off_in_s=9.0)
    opened.settle()
    opened.presenter.part(Treatment).end()
    assert opened.reply(READ_BACK).screen == "fault"
    assert unconfirmed(opened).screen == "key_off"


def test_darkness_that_becomes_known_closes_the_session_as_any_other(opened):
    unconfirmed(opened, in_s=7.0)
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), session_open=False)
    state = opened.reply()
    assert len(ended(opened)) == 1
    assert (state.screen, state.course.opening) == ("fault", Opening.CLOSING)


def test_going_back_leaves_the_session_open_and_asks_no_more(opened):
    unconfirmed(opened)
    opened.presenter.part(KeyOff).stay()
    opened.reply(READ_BACK)
    asked = len(closes_asked(opened))
    state = opened.settle()
    assert (state.screen, state.course.opening) == ("fault", Opening.OPEN)
    assert state.course.refused == ""
    assert len(closes_asked(opened)) == asked
    opened.cart = in_session(session_id=1)
    assert opened.settle().screen == "treatment"


def test_a_close_that_was_taken_after_all_is_not_forgotten_by_going_back(opened):
    unconfirmed(opened)
    opened.presenter.part(KeyOff).stay()
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), session_open=False)
    opened.reply()
    assert len(ended(opened)) == 1


def test_a_supervisor_vouches_by_pin_and_reason_and_the_session_ends(opened):
    state = unconfirmed(opened)
    part = opened.presenter.part(KeyOff)
    part.say_why("  key turned and taken out ")
    part.choose(next(user for user in state.accounts.users if user.username == "admin"))
    part.pin("000000")
    opened.pin_tried(right=False, refused="Wrong PIN. Try again.")
    assert "Wrong PIN" in opened.settle().form(KeyOffForm).refused
    opened.control.say(Reply(closes_asked(opened)[-1].id, READ_BACK))
    part.pin(ADMIN_PIN)
    opened.settle()
    opened.control.poll()
    _, order = [
        one for one in opened.control.requests if getattr(one, "command", "") is CommandType.CONFIRM_KEY_OFF
    ]
    assert (order.username, order.pin, order.session) == ("admin", ADMIN_PIN, 1)
    assert order.reason == "key turned and taken out"
    opened.control.say(Reply(order.id, None))
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), session_open=False)
    opened.turn()
    opened.control.say(Reply(closes_asked(opened)[-1].id, "no session is open"))
    opened.settle()
    assert len(ended(opened)) == 1


def test_what_control_says_against_the_word_is_shown(opened):
    state = unconfirmed(opened)
    part = opened.presenter.part(KeyOff)
    part.say_why("key out")
    part.choose(next(user for user in state.accounts.users if user.username == "admin"))
    part.pin(ADMIN_PIN)
    opened.settle()
    opened.control.poll()
    order = next(
        one for one in opened.control.requests if getattr(one, "command", "") is CommandType.CONFIRM_KEY_OFF
    )
    opened.control.say(Reply(order.id, "wait 10 s for the light's end to be known"))
    assert opened.settle().form(KeyOffForm).refused == "wait 10 s for the light's end to be known"
