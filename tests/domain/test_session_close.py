"""A session ends in darkness that is known, or by a supervisor's word that the laser's key is off."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.ideal_cart import TICK_S, IdealCart, emitting, rules, with_
from tests.domain.steady_light import DARK_LASER, NOW_S, OFF, SESSION, STATE
from tosca_kiosk.domain import laser_checks
from tosca_kiosk.domain.inputs import CommandType, Inputs
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.site_limits import LIMIT_KEYS, SiteLimitError, site_limits
from tosca_kiosk.domain.state import Phase, State
from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED, summarise

DARK_SINCE_S = NOW_S - 5.0
FULL_LIGHT_V = 2.5
"""Of the photodiode at 5 W."""
REASON = "key turned and taken out"


def deaf(cart: IdealCart, photodiode_v: float = FULL_LIGHT_V) -> IdealCart:
    """Have the laser take no command any more behind a welded gate: the light goes on."""
    cart.inject["laser"] = with_(output_on=True, set_current_ma=5600.0)
    cart.inject["board"] = with_(photodiode_v=photodiode_v, gate_closed=True)
    return cart


def lit_on(seconds: float, cart: IdealCart | None = None) -> IdealCart:
    """Return a cart whose light goes on so long after the pedal was let go."""
    made = deaf(cart or emitting())
    made.pedal = False
    made.tick(CommandType.PAUSE)
    made.run(seconds)
    return made


def refusal(cart: IdealCart, command: CommandType, role: str | None = None) -> str | None:
    return cart.tick(command, role=role).replies[0].refused


def key_off(cart: IdealCart, role: str | None = "supervisor", reason: str | None = REASON) -> str | None:
    cart.reason = reason
    return refusal(cart, CommandType.CONFIRM_KEY_OFF, role)


# --- when darkness is known -------------------------------------------------------------------------------


def read(device: str, **fields: Any) -> Callable[[], Inputs]:
    changed = msgspec.structs.replace(getattr(DARK_LASER, device), **fields)
    return lambda: msgspec.structs.replace(DARK_LASER, **{device: changed})


UNKNOWN: dict[str, Callable[[], Inputs]] = {
    "the board is lost": lambda: msgspec.structs.replace(DARK_LASER, board=None),
    "the laser is lost": lambda: msgspec.structs.replace(DARK_LASER, laser=None),
    "the board's status is old": read("board", measured_s=NOW_S - 0.11),
    "the photodiode sees light": read("board", photodiode_v=0.051),
    "the photodiode tells no number": read("board", photodiode_v=math.nan),
    "the photodiode is under every scale": read("board", photodiode_v=-math.inf),
    "the output is on": read("laser", output_on=True),
    "the output was asked before": read("laser", output_asked_s=DARK_SINCE_S),
    "the output's answer is old": read("laser", output_asked_s=NOW_S - 0.51),
    "the current is not 0": read("laser", set_current_ma=0.1),
    "the current was asked before": read("laser", set_asked_s=DARK_SINCE_S),
    "the current's answer is old": read("laser", set_asked_s=NOW_S - 0.51),
}


@pytest.mark.parametrize("why", UNKNOWN)
def test_darkness_is_not_known_where_anything_of_it_is_not(why: str) -> None:
    dark = msgspec.structs.replace(STATE, **OFF | {"dark_since_s": DARK_SINCE_S})
    assert laser_checks.dark_confirmed(SESSION, dark, DARK_LASER)
    assert not laser_checks.dark_confirmed(SESSION, dark, UNKNOWN[why]())


def test_a_photodiode_just_after_off_knows_nothing_yet() -> None:
    def known(after_s: float) -> bool:
        dark = msgspec.structs.replace(STATE, **OFF | {"dark_since_s": NOW_S - after_s})
        asked = read("laser", output_asked_s=NOW_S, set_asked_s=NOW_S)()
        return laser_checks.dark_confirmed(SESSION, dark, asked)

    assert known(0.101)
    assert not known(0.099)


def test_under_light_darkness_is_never_known() -> None:
    cart = emitting()
    assert not any(decision.state.dark for decision in cart.decisions if decision.outputs.laser_output)


# --- closing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("waited_s", [1.0, 9.0, 60.0])
def test_a_session_is_never_closed_in_light(waited_s: float) -> None:
    cart = lit_on(waited_s)
    assert refusal(cart, CommandType.CLOSE_SESSION) is not None
    assert cart.state.session_open


@pytest.mark.parametrize("device", ["board", "laser"])
def test_a_session_whose_laser_or_board_is_lost_is_not_closed_by_waiting(device: str) -> None:
    cart = emitting()
    cart.inject[device] = lambda reading: None
    cart.run(30.0)
    assert refusal(cart, CommandType.CLOSE_SESSION) is not None
    assert key_off(cart) is None


def test_what_shines_until_the_session_is_closed_is_in_its_energy() -> None:
    cart = emitting()
    before_j = cart.state.measured_j
    lit_on(15.0, cart)
    assert key_off(cart) is None
    assert cart.state.measured_j - before_j == pytest.approx(5.0 * 15.0, rel=0.01)


def test_no_gap_in_the_ticks_hides_light_that_goes_on() -> None:
    cart = lit_on(5.0)
    before_j = cart.state.measured_j
    cart.now_s += 1.0 - TICK_S
    cart.tick()
    assert cart.state.measured_j - before_j == pytest.approx(5.0, rel=0.01)


# --- the key ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_a_supervisor_may_vouch_for_darkness_that_stays_unknown(role: str) -> None:
    cart = lit_on(10.1)
    earlier = cart.state.abort_reason
    assert earlier is not None
    cart.reason = REASON
    decision = cart.tick(CommandType.CONFIRM_KEY_OFF, role=role)
    assert decision.replies[0].refused is None
    assert not decision.state.session_open
    assert decision.state.abort_reason == f"{LIGHT_NOT_CONFIRMED}; {earlier}"
    (row,) = decision.safety
    assert (row.event_type, row.severity) == ("interlock_failure", "critical")
    assert (
        row.description
        == f"Light not confirmed ended. A {role} confirmed that the laser's key is off: {REASON}"
    )
    assert row.details["role"] == role
    assert row.details["reason"] == REASON
    told = [event.details for event in decision.events if event.event_type == "user_action"]
    assert told == [{"action": "confirm_key_off", "reason": REASON}]


@pytest.mark.parametrize("role", [None, "technician", "nobody", "Supervisor"])
def test_nobody_else_may(role: str | None) -> None:
    assert key_off(lit_on(11.0), role) == "a supervisor must confirm this"


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_the_word_needs_a_reason(reason: str | None) -> None:
    assert key_off(lit_on(11.0), "admin", reason) == "say why: this needs a reason"


def test_the_word_is_not_taken_before_ten_seconds() -> None:
    assert key_off(lit_on(9.9)) == "wait 10 s for the light's end to be known"


def test_the_ten_seconds_begin_when_darkness_was_last_known() -> None:
    cart = emitting()
    cart.pedal = False
    cart.tick(CommandType.PAUSE)
    cart.run(20.0)
    cart.inject["laser"] = lambda laser: None
    cart.run(9.9)
    assert key_off(cart) == "wait 10 s for the light's end to be known"
    cart.run(0.2)
    assert key_off(cart) is None


def test_where_darkness_is_known_the_session_is_closed_as_any_other() -> None:
    cart = emitting()
    cart.pedal = False
    cart.tick(CommandType.PAUSE)
    cart.run(20.0)
    assert key_off(cart) == "it is known that the light has ended: close the session"


def test_there_must_be_a_session() -> None:
    cart = lit_on(11.0)
    assert key_off(cart) is None
    assert key_off(cart) == "no session is open"


def test_a_finished_plan_whose_light_goes_on_is_not_completed() -> None:
    cart = IdealCart(rules((1.0, 5.0, 5.0, 3.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    lit_on(11.0, cart)
    assert key_off(cart) is None
    summary = summarise(cart.state)
    assert (summary.status, summary.abort_reason) == ("aborted", LIGHT_NOT_CONFIRMED)


def test_what_was_said_of_a_closed_session_outlives_the_reset_of_its_fault() -> None:
    cart = lit_on(11.0)
    assert key_off(cart) is None
    said = cart.state.abort_reason
    cart.inject.clear()
    cart.run(0.5)
    assert refusal(cart, CommandType.ACKNOWLEDGE, role="admin") is None
    cart.run(0.5)
    assert (cart.state.phase, cart.state.abort_reason) == (Phase.IDLE, said)


def test_a_site_may_ask_for_a_longer_wait_and_for_no_shorter_one() -> None:
    key = "interlock_key_off_after_s"
    assert (LIMIT_KEYS["key_off_after_s"].lowest, Limits().key_off_after_s) == (10.0, 10.0)
    assert site_limits({key: 20.0}).key_off_after_s == 20.0
    with pytest.raises(SiteLimitError, match=key):
        site_limits({key: 9.0})


# --- what follows -----------------------------------------------------------------------------------------


def next_session(cart: IdealCart) -> IdealCart:
    """Begin session time anew over the same devices, as control does."""
    cart.state, cart.now_s = State(), 0.0
    return cart


def test_no_session_follows_before_darkness_is_known() -> None:
    cart = lit_on(11.0)
    assert key_off(cart) is None
    next_session(cart)
    cart.run(3.0)
    assert refusal(cart, CommandType.OPEN_SESSION) is not None
    next_session(cart).inject.clear()
    cart.open()


def test_a_session_is_not_opened_on_what_was_known_before_its_time() -> None:
    cart = IdealCart(rules())
    cart.inject["laser"] = with_(output_asked_s=0.0, set_asked_s=0.0)
    cart.run(0.4)
    assert "The laser may still be giving light" in (refusal(cart, CommandType.OPEN_SESSION) or "")


def test_a_record_that_ends_in_light_says_so_whatever_ended_it() -> None:
    lit, dark = lit_on(1.0).state, emitting()
    dark.pedal = False
    dark.tick(CommandType.PAUSE)
    dark.run(0.5)
    assert summarise(dark.state, "cut short").abort_reason == "cut short"
    assert summarise(emitting().state, "cut short").abort_reason == f"{LIGHT_NOT_CONFIRMED}; cut short"
    assert (summarise(lit, "cut short").abort_reason or "").startswith(
        f"{LIGHT_NOT_CONFIRMED}; light_while_off"
    )
    again = summarise(lit).abort_reason
    assert summarise(lit, again).abort_reason == again, "a replay says the same words"


ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                CommandType.CLOSE_SESSION,
                CommandType.CONFIRM_KEY_OFF,
                CommandType.PAUSE,
                CommandType.ACKNOWLEDGE,
            ]
        ),
        st.sampled_from([None, "technician", "supervisor", "admin"]),
        st.sampled_from([None, REASON]),
        st.floats(0.0, 12.0),
        st.sampled_from([0.0, FULL_LIGHT_V]),
        st.booleans(),
    ),
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_whatever_is_commanded_no_session_is_closed_in_light_without_a_supervisor(acts: list[Any]) -> None:
    cart = emitting()
    cart.pedal = False
    for command, role, reason, wait_s, photodiode_v, hears in acts:
        cart.inject.clear()
        if not hears:
            deaf(cart, photodiode_v)
        cart.run(wait_s // TICK_S * TICK_S)
        was_open = cart.state.session_open
        cart.reason = reason
        decision = cart.tick(command, role=role)
        if was_open and not decision.state.session_open and not decision.state.dark:
            assert (command, reason) == (CommandType.CONFIRM_KEY_OFF, REASON)
            assert role in ("supervisor", "admin")
            assert summarise(decision.state).status == "aborted"
