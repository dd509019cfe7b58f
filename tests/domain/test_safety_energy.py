"""The commanded energy: it counts until it is proved that the light has ended, whatever was asked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tests.domain.steady_light import INPUTS, LONG_AGO_S, NOW_S, SESSION, STATE
from tosca_kiosk.domain import light
from tosca_kiosk.domain.inputs import CommandType, Inputs
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise

POWER_W = 5.0


def emitting(**injected: Any) -> IdealCart:
    """Return a cart at 5 W whose readings then change as given, by field of Inputs."""
    cart = IdealCart(rules((60.0, POWER_W, POWER_W, 3.0)))
    cart.emit()
    cart.run(1.0)
    cart.inject.update(injected)
    return cart


def counted_j(cart: IdealCart, seconds: float = 2.0) -> float:
    """Return what is counted as commanded from an operator's STOP on."""
    cart.tick(CommandType.STOP)
    before_j = cart.state.commanded_j
    cart.run(seconds)
    return cart.state.commanded_j - before_j


def board(**fields: Any):  # type: ignore[no-untyped-def]
    return lambda reading: msgspec.structs.replace(reading, **fields)


def laser(**fields: Any):  # type: ignore[no-untyped-def]
    return lambda reading: msgspec.structs.replace(reading, **fields)


SHINING = {"photodiode_v": POWER_W / 2.0}
BLIND = {"photodiode_v": 0.0}
STILL_ON = {"output_on": True, "set_current_ma": 5600.0, "condition": 0}


def test_where_all_is_well_next_to_nothing_counts_after_an_off() -> None:
    assert counted_j(emitting()) <= POWER_W * 0.02


def test_a_laser_that_does_not_hear_the_off_counts_on_behind_a_welded_gate() -> None:
    cart = emitting(laser=laser(**STILL_ON), board=board(gate_closed=True, **BLIND))
    assert counted_j(cart) == pytest.approx(2.0 * POWER_W, abs=0.1)


def test_a_gate_read_back_open_proves_nothing_where_the_loop_is_bridged() -> None:
    """The photodiode was blocked under light, so that its dark reading proves nothing either."""
    cart = emitting(board=board(**BLIND))
    cart.run(0.12)
    cart.inject["laser"] = laser(**STILL_ON)
    assert counted_j(cart) == pytest.approx(2.0 * POWER_W, abs=0.1)


def test_light_behind_an_open_gate_counts_on() -> None:
    cart = emitting(laser=laser(**STILL_ON))
    cart.inject["board"] = board(gate_closed=False, **SHINING)
    assert counted_j(cart) == pytest.approx(2.0 * POWER_W, abs=0.1)


def test_a_silent_laser_counts_no_more_once_a_photodiode_that_saw_the_light_is_dark_behind_an_open_gate() -> (
    None
):
    cart = emitting()
    cart.inject["laser"] = lambda reading: None
    assert counted_j(cart) <= POWER_W * 0.03


def test_a_photodiode_that_is_dark_behind_a_closed_gate_is_not_believed_alone() -> None:
    cart = emitting()
    cart.inject["laser"] = lambda reading: None
    cart.inject["board"] = board(gate_closed=True, **BLIND)
    assert counted_j(cart) == pytest.approx(2.0 * POWER_W, abs=0.1)


def test_a_board_and_a_laser_that_are_silent_count_on() -> None:
    cart = emitting(board=lambda reading: None, laser=lambda reading: None)
    assert counted_j(cart) == pytest.approx(2.0 * POWER_W, abs=0.1)


def test_a_lost_photodiode_counts_what_may_still_leave_as_measured() -> None:
    cart = emitting(board=lambda reading: None, laser=laser(**STILL_ON))
    before_j = cart.state.measured_j
    cart.tick(CommandType.STOP)
    cart.run(0.09)
    assert cart.state.measured_j - before_j == pytest.approx(0.1 * POWER_W, abs=0.06)


OFF = msgspec.structs.replace(STATE, beam=Beam.DARK, dark_since_s=LONG_AGO_S)


def reads(*, gate_closed: bool = False, photodiode_v: float = 0.0, **of_laser: Any) -> Inputs:
    answers = {"output_on": True, "set_current_ma": 0.0, "condition": 0, **of_laser}
    return msgspec.structs.replace(
        INPUTS,
        board=msgspec.structs.replace(INPUTS.board, gate_closed=gate_closed, photodiode_v=photodiode_v),
        laser=msgspec.structs.replace(INPUTS.laser, **answers),
    )


@pytest.mark.parametrize(
    ("inputs", "seen", "ended"),
    [
        (reads(), False, False),
        (reads(output_on=False), False, True),
        (reads(output_on=False, output_asked_s=LONG_AGO_S), False, False),
        (reads(output_on=False, set_current_ma=300.0), False, False),
        (reads(condition=16), False, True),
        (reads(condition=16, condition_asked_s=LONG_AGO_S), False, False),
        (reads(condition=16, gate_closed=True), False, False),
        (reads(), True, True),
        (reads(photodiode_v=0.05), True, True),
        (reads(photodiode_v=0.06), True, False),
        (reads(photodiode_v=float("nan")), True, False),
        (reads(gate_closed=True), True, False),
        (msgspec.structs.replace(reads(), board=None), True, False),
        (msgspec.structs.replace(reads(condition=16), laser=None), False, False),
        (msgspec.structs.replace(reads(), laser=None), True, True),
    ],
)
def test_what_proves_the_end_of_light(inputs: Inputs, seen: bool, ended: bool) -> None:
    state = msgspec.structs.replace(OFF, light_seen_s=LONG_AGO_S - 0.1 if seen else None)
    assert light.light_ended(SESSION, state, inputs) is ended
    assert not light.light_ended(SESSION, msgspec.structs.replace(state, dark_since_s=None), inputs)


def test_a_photodiode_that_had_lost_the_light_before_the_off_is_not_believed() -> None:
    state = msgspec.structs.replace(OFF, light_seen_s=LONG_AGO_S - 0.11)
    assert not light.light_ended(SESSION, state, reads())


def test_a_board_that_has_not_spoken_since_the_off_proves_nothing() -> None:
    state = msgspec.structs.replace(OFF, light_seen_s=NOW_S, dark_since_s=NOW_S)
    assert not light.light_ended(SESSION, state, reads())


@pytest.mark.parametrize(
    ("closed", "photodiode_v", "gap_s", "counted_s"),
    [(True, 0.0, 3.0, 3.0), (False, 2.5, 3.0, 3.0), (False, 0.0, 3.0, 0.25), (True, 2.5, 0.2, 0.2)],
)
def test_of_a_gap_counts_what_the_board_does_not_deny(
    closed: bool, photodiode_v: float, gap_s: float, counted_s: float
) -> None:
    """The watchdog opens the gate after 0.25 s, unless the gate is welded or the loop bridged."""
    inputs = msgspec.structs.replace(
        reads(gate_closed=closed, photodiode_v=photodiode_v), now_s=NOW_S - 0.01 + gap_s
    )
    for board_in, expected_s in ((inputs.board, counted_s), (None, min(gap_s, 0.25))):
        read = msgspec.structs.replace(inputs, board=board_in)
        assert light.lit_gap_s(SESSION, STATE, read) == pytest.approx(expected_s)


@pytest.mark.parametrize("now_s", [float("inf"), float("nan"), 2e9, 1.0])
def test_a_clock_that_is_none_adds_no_gap(now_s: float) -> None:
    inputs = msgspec.structs.replace(reads(gate_closed=True), now_s=now_s)
    assert light.lit_gap_s(SESSION, STATE, inputs) <= 0.25


def test_a_set_point_read_back_above_the_commanded_one_is_what_an_off_must_end() -> None:
    state = msgspec.structs.replace(STATE, command_w=2.0, expected_w=5.0)
    inputs = msgspec.structs.replace(INPUTS, now_s=STATE.now_s)
    light.account(SESSION, state, inputs)
    assert state.unended_w == 5.0
    beyond = msgspec.structs.replace(STATE, command_w=2.0, expected_w=1e308)
    light.account(SESSION, beyond, inputs)
    assert beyond.unended_w == SESSION.power_limit_w


def test_the_mean_power_of_light_that_goes_on_after_the_off_is_what_it_was() -> None:
    cart = emitting()
    cart.inject["laser"] = laser(**STILL_ON)
    cart.inject["board"] = board(gate_closed=True, **SHINING)
    cart.tick(CommandType.STOP)
    emitted_s = cart.state.emission_s
    cart.run(20.0)
    summary = summarise(cart.state)
    assert cart.state.emission_s == emitted_s
    assert summary.laser_on_time_s == pytest.approx(emitted_s + 20.0, abs=0.05)
    assert summary.avg_power_w == pytest.approx(POWER_W, abs=0.1)
    assert summary.max_power_w == pytest.approx(POWER_W, abs=0.01)


def test_light_that_grows_after_the_off_is_the_highest_power_too() -> None:
    cart = emitting()
    cart.inject["laser"] = laser(**STILL_ON)
    cart.tick(CommandType.STOP)
    cart.inject["board"] = board(gate_closed=True, photodiode_v=4.0)
    cart.run(1.0)
    assert summarise(cart.state).max_power_w == pytest.approx(8.0)


@pytest.mark.parametrize("dark_for_s", [0.0, 5.0])
def test_light_that_ends_late_or_comes_back_counts_for_as_long_as_it_is_seen(dark_for_s: float) -> None:
    cart = emitting()
    cart.tick(CommandType.STOP)
    emitted_s, off_s = cart.state.emission_s, cart.state.dark_since_s
    assert off_s is not None
    if dark_for_s:
        cart.run(dark_for_s)
    begun_s = cart.state.now_s if dark_for_s else off_s
    cart.inject["board"] = board(**SHINING)
    cart.run(0.3)
    lit_s = cart.state.now_s - begun_s
    del cart.inject["board"]
    cart.run(1.0)
    assert summarise(cart.state).laser_on_time_s == pytest.approx(emitted_s + lit_s, abs=0.011)


def test_a_session_whose_light_ends_with_each_off_keeps_its_time_and_mean_to_the_last_digit() -> None:
    cart = emitting()
    for _ in range(3):
        cart.pedal = False
        cart.run(0.5)
        cart.pedal = True
        cart.run(1.0)
    cart.tick(CommandType.STOP)
    cart.run(1.0)
    summary = summarise(cart.state)
    assert cart.state.emission_s > 1.5
    assert summary.laser_on_time_s == cart.state.emission_s
    assert summary.avg_power_w == cart.state.measured_j / cart.state.emission_s


def test_a_photodiode_that_is_lost_after_the_off_adds_no_time() -> None:
    cart = emitting()
    cart.tick(CommandType.STOP)
    cart.run(0.2)
    emitted_s = summarise(cart.state).laser_on_time_s
    cart.inject["board"] = lambda reading: None
    cart.run(2.0)
    assert summarise(cart.state).laser_on_time_s == emitted_s


def test_a_summary_tells_both_energies_and_the_larger() -> None:
    cart = emitting()
    cart.power_factor = 0.9
    cart.run(1.0)
    summary = summarise(cart.state)
    assert (summary.energy_j, summary.commanded_j) == (cart.state.measured_j, cart.state.commanded_j)
    assert summary.dose_j == cart.state.commanded_j == light.dose_j(cart.state)
    assert msgspec.structs.replace(summary, commanded_j=None).dose_j == cart.state.measured_j
