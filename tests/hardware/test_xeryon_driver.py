"""The stage's driver while it runs: index search, trips, loss of the link, stop."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.variants import STAGES
from hardware.interfaces import LinkState
from tests.hardware.variants import each
from tests.hardware.xeryon_bench import ENCODER_ERROR, HEALTHY, INDEX, REACHED, SEARCHING, THERMAL_1, Bench

variant = each(STAGES)


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ready():
    bench = Bench()
    bench.connect()
    return bench


def test_homing_searches_until_a_fresh_state_says_it_is_over(bench):
    bench.connect(index=False)
    bench.driver.home()
    assert bench.status.searching_index
    assert bench.flush() == ["INDX=0"]
    bench.tick()
    assert bench.status.searching_index
    bench.stat = HEALTHY & ~REACHED | SEARCHING
    bench.run(1500)
    assert bench.status.searching_index
    assert not bench.status.index_known
    bench.stat = HEALTHY | INDEX
    bench.run(11)
    assert not bench.status.searching_index
    assert bench.status.index_known
    assert bench.status.settled


def test_while_the_index_is_searched_again_the_old_one_is_not_used(ready):
    ready.driver.home()
    with pytest.raises(ValueError, match="index is unknown"):
        ready.driver.move_to_um(0.0)


def test_a_search_that_never_ends_is_stopped_and_waits_for_the_operator(bench):
    bench.connect(index=False)
    bench.driver.home()
    bench.flush()
    bench.stat = HEALTHY | SEARCHING
    assert bench.run(4600) == ["STOP=0"]
    assert bench.driver.link is LinkState.REFUSED
    assert "index not found in 45 s" in bench.driver.problem
    bench.stat = HEALTHY
    bench.driver.acknowledge_trip()
    bench.start(80)
    assert bench.driver.link is LinkState.READY


def test_homing_is_refused_before_the_stage_is_ready(bench):
    with pytest.raises(ValueError, match="while connecting"):
        bench.driver.home()


def test_a_trip_while_running_is_named_and_enabled_again_only_when_acknowledged(ready):
    ready.stat = HEALTHY & ~REACHED | INDEX | THERMAL_1
    assert ready.run(100) == []
    assert ready.driver.link is LinkState.READY
    assert ready.status.trips == ("thermal 1",)
    ready.driver.acknowledge_trip()
    assert ready.flush() == ["ENBL=1"]
    assert ready.run(5) == []


@pytest.mark.parametrize("stat", [HEALTHY | INDEX | ENCODER_ERROR, HEALTHY | THERMAL_1])
def test_a_trip_that_cost_the_index_is_reset(ready, stat):
    ready.stat = stat
    ready.run(30)
    ready.driver.acknowledge_trip()
    assert ready.flush() == ["RSET=0"]
    ready.stat = HEALTHY
    ready.start(80)
    assert ready.driver.link is LinkState.READY
    assert not ready.status.index_known


def test_acknowledging_nothing_sends_nothing(ready):
    ready.driver.acknowledge_trip()
    assert ready.flush() == []


def test_a_controller_that_restarted_is_started_anew_with_its_speed_capped_again(ready):
    """After a restart it holds its stored speed, and nothing else than the lost index tells."""
    ready.stat = HEALTHY
    ready.values["SSPD"] = 400000
    ready.run(30)
    assert ready.driver.link is LinkState.LOST
    assert "stage on sim://stage: lost its index: it has restarted; check its supply" in ready.driver.problem
    sent = ready.start(200)
    assert ready.driver.link is LinkState.READY
    assert ready.driver.problem is None
    assert "SSPD=2000" in sent


def test_one_damaged_stat_without_the_index_restarts_nothing(ready):
    ready.port.incoming += ready.line("EPOS", 0) + ready.line("DPOS", 0) + ready.line("STAT", HEALTHY)
    ready.run(100)
    assert ready.driver.link is LinkState.READY
    assert ready.status.index_known


def test_a_status_is_as_old_as_the_oldest_of_its_lines(ready):
    ready.streams = False
    ready.run(3)
    ready.port.incoming = ready.line("EPOS", 5)
    ready.tick()
    epos_s = ready.now_s
    ready.run(2)
    ready.port.incoming = ready.line("DPOS", 5)
    ready.tick()
    ready.port.incoming = ready.line("STAT", ready.stat)
    ready.tick()
    assert ready.driver.status.asked_s == epos_s
    assert ready.driver.status.received_s == ready.now_s


def test_a_state_without_its_positions_is_no_status(ready):
    before = ready.driver.status
    ready.streams = False
    ready.port.incoming = ready.line("EPOS", 7) + ready.line("STAT", ready.stat)
    ready.tick()
    assert ready.driver.status == before


def test_half_a_second_of_silence_loses_the_link_and_the_reading(ready):
    ready.streams = False
    ready.run(65)
    assert ready.driver.link is LinkState.LOST
    assert ready.driver.status is None
    assert ready.driver.identity is None
    assert "nothing heard for 0.5 s" in ready.driver.problem
    with pytest.raises(ValueError, match="index is unknown"):
        ready.driver.move_to_um(0.0)


def test_babble_is_as_good_as_silence(ready):
    ready.streams = False
    for _ in range(65):
        ready.port.incoming += b"\xff" * 10
        ready.tick()
    assert ready.driver.link is LinkState.LOST


def test_a_lost_stage_comes_back_without_its_index_and_without_a_move(ready):
    ready.driver.move_to_um(100.0)
    ready.port.broken = True
    ready.run(300)
    ready.port.broken = False
    ready.stat = HEALTHY
    sent = ready.run(500)
    assert ready.driver.link is LinkState.READY
    assert not ready.status.index_known
    assert not any(line.startswith("DPOS") for line in sent)


def test_stop_zeroes_halts_and_closes(ready):
    ready.driver.begin_stop()
    assert ready.take_sent() == ["ZERO=0", "STOP=0"]
    assert ready.driver.link is LinkState.STOPPING
    ready.run(40)
    assert ready.driver.link is LinkState.CLOSED
    assert not ready.port.is_open


def test_stop_ends_although_the_controller_is_silent(ready):
    ready.streams = False
    ready.driver.begin_stop()
    ready.run(60)
    assert ready.driver.link is LinkState.CLOSED


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60), st.sampled_from([b"STAT=+00000000\n", b"EPOS=", b"DPOS=+00000001\n"])
        )
    )
)
def test_garbage_never_raises(pieces):
    bench = Bench()
    for number, piece in enumerate(pieces):
        bench.port.incoming += piece
        bench.tick()
        if number % 7 == 3:
            bench.driver.halt()
            bench.driver.acknowledge_trip()
            bench.flush()
    assert bench.driver.link is not LinkState.CLOSED
