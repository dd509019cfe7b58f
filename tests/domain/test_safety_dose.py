"""The account of light: what counts as dose, when the clock runs, and how fast power may rise."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tests.domain.steady_light import INPUTS, SESSION, STATE
from tosca_kiosk.domain import light
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Beam, Phase, State


def emitting(power_w: float = 5.0, **limits: float) -> IdealCart:
    cart = IdealCart(rules((20.0, power_w, power_w, 3.0), **limits))
    cart.emit()
    cart.run(1.0)
    return cart


def shining(power_w: float):  # type: ignore[no-untyped-def]
    return lambda board: msgspec.structs.replace(board, photodiode_v=power_w / 2.0)


def test_light_that_goes_on_after_off_counts_as_dose() -> None:
    cart = emitting()
    before_j = cart.state.measured_j
    cart.inject["board"] = shining(5.0)
    cart.tick(CommandType.STOP)
    cart.run(3.0)
    assert cart.state.measured_j - before_j == pytest.approx(15.0, abs=0.2)


def test_light_before_any_emission_counts_as_dose() -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.inject["board"] = shining(5.0)
    cart.run(0.3)
    assert cart.state.measured_j == pytest.approx(1.5, abs=0.1)


def test_a_stall_under_light_counts_at_the_larger_reading() -> None:
    cart = emitting()
    before_j = cart.state.measured_j
    cart.now_s += 0.24
    cart.tick()
    assert cart.state.measured_j - before_j == pytest.approx(0.25 * 5.0, abs=0.01)


def test_a_reading_that_is_no_number_counts_as_commanded() -> None:
    cart = emitting()
    before_j = cart.state.measured_j
    cart.inject["board"] = lambda board: msgspec.structs.replace(board, photodiode_v=math.nan)
    cart.tick()
    cart.inject.clear()
    assert cart.state.measured_j - before_j == pytest.approx(0.05, abs=0.001)
    assert math.isfinite(cart.state.measured_j)


def test_the_dose_limit_is_never_passed() -> None:
    cart = IdealCart(rules((10.0, 5.0, 5.0, 3.0)))
    cart.power_factor = 1.12
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    cart.run(0.2)
    assert cart.state.measured_j <= 1.05 * 50.0 + 1e-9


def test_the_commanded_dose_counts_where_it_is_the_larger() -> None:
    cart = IdealCart(rules((10.0, 5.0, 5.0, 3.0)))
    cart.power_factor = 0.9
    cart.emit()
    cart.run(3.0)
    assert cart.state.commanded_j > cart.state.measured_j > 0.0


def test_the_clock_stands_while_no_light_is_seen() -> None:
    cart = IdealCart(rules((20.0, 5.0, 5.0, 3.0)))
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.power_factor = 0.0
    cart.pedal = True
    cart.run_until(lambda: cart.state.phase is Phase.FAULT)
    assert cart.state.emission_s > 0.3
    assert cart.state.elapsed_s == 0.0


def test_late_ticks_do_not_make_the_power_rise_faster() -> None:
    cart = IdealCart(rules((20.0, 9.0, 9.0, 3.0)))
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.EMITTING)
    samples = []
    for number in range(120):
        cart.now_s += 0.08 if number % 13 == 5 else 0.0
        cart.tick()
        samples.append((cart.now_s, cart.state.command_w))
    for at_s, power_w in samples:
        later = [power for time_s, power in samples if at_s < time_s <= at_s + 0.5]
        assert all(power - power_w <= 10.0 * 0.5 + 1.0 + 1e-9 for power in later)
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(samples)]
    assert max(rise for _, rise in steps) <= 1.0 + 1e-9


def test_the_set_point_never_passes_the_limit_in_force() -> None:
    session = msgspec.structs.replace(rules((20.0, 9.0, 9.0, 3.0)), power_limit_w=6.5)
    cart = IdealCart(session)
    cart.emit()
    cart.run(2.0)
    assert max(decision.state.command_w for decision in cart.decisions) == 6.5


def test_presses_too_short_to_judge_do_not_hide_a_lost_power() -> None:
    """Emission time counts, so that a release does not reset it, however short the presses are."""
    cart = IdealCart(rules((60.0, 5.0, 5.0, 3.0)))
    cart.power_factor = 0.3
    cart.arm()
    for _ in range(20):
        if cart.state.phase is Phase.FAULT:
            break
        cart.run_until(lambda: cart.state.beam is Beam.WAITING)
        cart.pedal = True
        cart.run_until(lambda: cart.state.beam is Beam.EMITTING)
        cart.run(0.4)
        cart.pedal = False
        cart.run(0.5)
    assert "photodiode_out_of_range" in cart.state.faults
    assert cart.state.emission_s < 2.5


def test_a_set_current_that_is_no_number_keeps_the_dose_a_number() -> None:
    cart = emitting()
    before_j = cart.state.measured_j
    cart.inject["laser"] = lambda laser: msgspec.structs.replace(laser, set_current_ma=math.nan)
    cart.inject["board"] = lambda board: None
    cart.tick()
    assert cart.state.measured_j - before_j == pytest.approx(0.05, abs=0.001)


@pytest.mark.parametrize(
    ("gap_s", "counted_s"), [(0.01, 0.01), (0.25, 0.25), (9.0, 0.25), (-1.0, 0.0), (math.nan, 0.0)]
)
def test_a_clock_that_does_not_run_adds_no_dose_and_a_gap_adds_what_the_board_allows(
    gap_s: float, counted_s: float
) -> None:
    inputs = msgspec.structs.replace(INPUTS, now_s=8.0 + gap_s)
    assert light.elapsed_s(State(now_s=8.0), inputs) == pytest.approx(counted_s)


@pytest.mark.parametrize(
    ("before_w", "dt_s", "counted_w"), [(9.0, 0.05, 5.0), (9.0, 0.06, 9.0), (None, 0.06, 5.0)]
)
def test_power_that_falls_counts_as_read_until_the_gap_is_long(
    before_w: float | None, dt_s: float, counted_w: float
) -> None:
    of = msgspec.structs.replace(STATE, now_s=0.0, measured_w=before_w)
    light.account(SESSION, of, msgspec.structs.replace(INPUTS, now_s=dt_s))
    assert of.measured_j == pytest.approx(counted_w * dt_s)


def test_the_largest_measured_power_is_kept_and_no_unknown_one_counts() -> None:
    cart = IdealCart(rules((20.0, 0.5, 0.5, 3.0)))
    cart.emit()
    cart.inject["board"] = shining(0.6)
    cart.tick()
    cart.inject["board"] = shining(0.4)
    cart.tick()
    assert cart.state.max_measured_w == pytest.approx(0.6)
    cart.inject["board"] = lambda board: msgspec.structs.replace(board, photodiode_v=math.nan)
    cart.tick()
    assert cart.state.max_measured_w == pytest.approx(0.6)


@pytest.mark.parametrize(("dark_since_s", "emission_s"), [(99.95, 0.0), (95.0, 3.0)])
def test_the_photodiodes_dark_level_is_no_dose(dark_since_s: float, emission_s: float) -> None:
    """Neither before the first light nor once what was switched off must be dark."""
    of = msgspec.structs.replace(STATE, beam=Beam.DARK, dark_since_s=dark_since_s, emission_s=emission_s)
    board = msgspec.structs.replace(INPUTS.board, photodiode_v=0.04)
    light.account(SESSION, of, msgspec.structs.replace(INPUTS, board=board))
    assert of.measured_w == pytest.approx(0.08)
    assert of.measured_j == 0.0
