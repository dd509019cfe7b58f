"""The stage's driver on the move: counts, limits, and when a place counts as reached."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.variants import STAGES
from hardware.settings import StageSettings
from hardware.xeryon.driver import XeryonStage
from tests.hardware.variants import each
from tests.hardware.xeryon_bench import HEALTHY, INDEX, REACHED, SEARCHING, THERMAL_1, Bench, ScriptedPort

variant = each(STAGES)


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ready():
    bench = Bench()
    bench.connect()
    return bench


def test_counts_are_a_micrometre_and_a_quarter(ready):
    ready.epos, ready.dpos = 2400, 2398
    ready.run(15)
    assert ready.status.position_um == 3000.0
    assert ready.status.target_um == 2997.5
    ready.driver.move_to_um(1250.0)
    assert ready.flush() == ["DPOS=1000"]


@pytest.mark.parametrize("position_um", [0.0, 3000.0])
def test_the_ends_of_the_travel_are_reached(ready, position_um):
    ready.driver.move_to_um(position_um)
    assert ready.flush() == [f"DPOS={position_um / 1.25:.0f}"]


@pytest.mark.parametrize("position_um", [-0.001, 3000.001, math.nan, math.inf, -math.inf, 36000.0])
def test_a_place_out_of_the_travel_is_refused_and_nothing_is_sent(ready, position_um):
    with pytest.raises(ValueError, match="0 to 3000 allowed"):
        ready.driver.move_to_um(position_um)
    assert ready.flush() == []


@settings(max_examples=40, deadline=None)
@given(st.floats(0.3, 2999.9), st.floats(0.0, 1.0))
def test_no_allowed_place_is_rounded_out_of_a_travel_between_counts(low_um, share):
    port = ScriptedPort()
    stage = Bench()
    stage.port, stage.driver = (
        port,
        XeryonStage(
            StageSettings(
                port="sim://stage", serial_number="99000003", travel_min_um=low_um, travel_max_um=3000.9
            ),
            port,
        ),
    )
    stage.connect()
    stage.driver.move_to_um(min(low_um + share * (3000.9 - low_um), 3000.9))
    [line] = stage.flush()
    assert low_um <= int(line.removeprefix("DPOS=")) * 1.25 <= 3000.9


def test_without_the_index_no_absolute_move_is_possible(bench):
    bench.connect(index=False)
    with pytest.raises(ValueError, match="home the stage first"):
        bench.driver.move_to_um(100.0)
    assert bench.flush() == []


def test_the_newest_move_of_a_tick_wins(ready):
    for position_um in (100.0, 200.0, 300.0):
        ready.driver.move_to_um(position_um)
    assert ready.flush() == ["DPOS=240"]
    assert ready.run(20) == []


def test_a_stale_position_reached_is_not_believed(ready):
    assert ready.status.settled
    ready.driver.move_to_um(0.0)
    assert not ready.status.settled
    ready.flush()
    sent_s = ready.now_s
    while not ready.status.settled:
        ready.tick()
        assert ready.now_s < sent_s + 0.5
    assert ready.driver.status.asked_s > sent_s + 0.097


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        ({}, True),
        ({"epos": 802}, True),
        ({"epos": 798}, True),
        ({"epos": 803}, False),
        ({"stat": HEALTHY & ~REACHED | INDEX}, False),
        ({"stat": HEALTHY | INDEX | THERMAL_1}, False),
        ({"stat": HEALTHY | INDEX | SEARCHING}, False),
        ({"dpos": 801}, False),
    ],
)
def test_settled_needs_the_bit_the_wanted_target_and_the_place(ready, change, settled):
    ready.driver.move_to_um(1000.0)
    ready.flush()
    ready.dpos = ready.epos = 800
    for name, value in change.items():
        setattr(ready, name, value)
    ready.run(50)
    assert ready.status.settled is settled


def test_a_move_lost_on_the_wire_is_sent_again_at_a_measured_pace_and_does_not_settle(ready):
    ready.driver.move_to_um(1000.0)
    ready.flush()
    sent = ready.run(200)
    assert set(sent) == {"DPOS=800"}
    assert 4 <= len(sent) <= 8, "in two seconds: a fresh status, twice, between any two"
    assert not ready.status.settled
    ready.dpos = ready.epos = 800
    ready.run(30)
    assert ready.run(100) == []
    assert ready.status.settled


def test_a_move_that_is_only_slow_is_not_sent_again(ready):
    ready.driver.move_to_um(1000.0)
    ready.flush()
    ready.dpos, ready.stat = 800, HEALTHY & ~REACHED | INDEX
    for count in range(0, 800, 10):
        ready.epos = count
        assert ready.run(5) == []


def test_one_damaged_target_in_the_stream_moves_nothing(ready):
    ready.driver.move_to_um(1000.0)
    ready.flush()
    ready.dpos = ready.epos = 800
    ready.run(50)
    ready.dpos = 808
    ready.run(10)
    ready.dpos = 800
    assert ready.run(50) == []
    assert ready.status.settled


@pytest.mark.parametrize("trip", [THERMAL_1, 1 << 18])
def test_a_tripped_or_halted_stage_is_not_told_again(ready, trip):
    ready.driver.move_to_um(1000.0)
    ready.flush()
    ready.stat |= trip
    assert ready.run(100) == []
    ready.driver.acknowledge_trip()
    assert ready.flush() == ["ENBL=1"]
    ready.stat &= ~trip
    assert ready.run(100) == [], "it moves again when somebody wants it to"
    ready.driver.move_to_um(1000.0)
    ready.driver.halt()
    ready.flush()
    assert ready.run(100) == []


def test_a_search_lost_on_the_wire_is_sent_again_twice_and_then_given_up(bench):
    bench.connect(index=False)
    bench.driver.home()
    assert bench.flush() == ["INDX=0"]
    assert bench.status.searching_index
    sent = bench.run(200)
    assert sent == ["INDX=0", "INDX=0"]
    assert not bench.status.searching_index


def test_a_search_that_has_begun_is_not_sent_again(bench):
    bench.connect(index=False)
    bench.driver.home()
    bench.flush()
    bench.stat |= SEARCHING
    assert bench.run(100) == []
    bench.stat &= ~SEARCHING
    assert bench.run(100) == [], "not even when it ends without an index"
    assert not bench.status.index_known


def test_halt_is_sent_drops_the_move_and_unsettles(ready):
    ready.driver.move_to_um(1000.0)
    ready.driver.halt()
    assert ready.flush() == ["STOP=0"]
    ready.run(50)
    assert not ready.status.settled
    ready.driver.move_to_um(0.0)
    assert ready.flush() == ["DPOS=0"]
    ready.run(50)
    assert ready.status.settled
