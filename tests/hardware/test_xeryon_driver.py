"""The stage's driver against a hand-played controller: the page's lines, typed out, nothing simulated."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.interfaces import LinkState, Origin
from hardware.settings import StageSettings
from hardware.transport import PortError
from hardware.xeryon import XeryonStage

SETTINGS = StageSettings(
    port="sim://stage",
    serial_number="99000003",
    travel_min_um=0.0,
    travel_max_um=3000.0,
    speed_um_per_s=2000.0,
)
HEALTHY = 0x61 | 1 << 10  # amplifiers, motor on, closed loop, position reached
INDEX = 1 << 8
SEARCHING = 1 << 9
REACHED = 1 << 10
THERMAL_1, ENCODER_ERROR = 1 << 2, 1 << 12


class ScriptedPort:
    """A port whose far end is the test."""

    url = "sim://stage"
    origin = Origin.SIM

    def __init__(self):
        self.incoming = b""
        self.sent = b""
        self.is_open = False
        self.broken = False

    def open(self):
        if self.broken:
            raise PortError("port sim://stage is not there; check the cable")
        self.is_open = True

    def read(self):
        if self.broken:
            self.is_open = False
            raise PortError("port sim://stage is gone; check the cable")
        data, self.incoming = self.incoming, b""
        return data

    def write(self, data):
        self.sent += data

    def close(self):
        self.is_open = False


class Bench:
    """A driver and what a controller would say: STAT, EPOS and DPOS every 97 ms, answers within 10 ms."""

    def __init__(self):
        self.port = ScriptedPort()
        self.driver = XeryonStage(SETTINGS, self.port)
        self.now_s = 50.0
        self.next_period_s = 50.05
        self.stat = HEALTHY
        self.epos = self.dpos = 0
        self.streams = True
        self.values = {
            "SRNO": 99000003,
            "SOFT": 326,
            "XLA3": 1250,
            "HLIM": 36000,
            "LLIM": -36000,
            "SSPD": 400000,
            "PTO2": 4,
            "PTOL": 2,
        }
        self.silent_about = set()

    def line(self, tag, value):
        return b"%s=%+09d\n" % (tag.encode(), value)

    def period(self):
        return self.line("EPOS", self.epos) + self.line("DPOS", self.dpos) + self.line("STAT", self.stat)

    def tick(self):
        """10 ms pass. Return the lines the driver sent, in order."""
        self.now_s += 0.010
        if self.streams and self.now_s >= self.next_period_s:
            self.next_period_s += 0.097
            self.port.incoming += self.period()
        self.driver.poll(self.now_s)
        return self.take_sent()

    def take_sent(self):
        sent, self.port.sent = self.port.sent.decode().split("\n"), b""
        assert sent.pop() == ""
        for text in sent:
            self.obey(*text.split("="))
        return sent

    def obey(self, tag, value):
        if value == "?":
            if tag not in self.silent_about:
                self.port.incoming += self.line(tag, {**self.values, "STAT": self.stat}[tag])
        elif tag == "SSPD":
            self.values[tag] = int(value)

    def run(self, ticks):
        return [line for _ in range(ticks) for line in self.tick()]

    def connect(self, index=True):
        sent = self.run(80)
        assert self.driver.link is LinkState.READY, self.driver.problem
        if index:
            self.stat |= INDEX
            self.run(15)
        return sent

    def flush(self):
        self.driver.flush(self.now_s)
        return self.take_sent()

    @property
    def status(self):
        return self.driver.status.value


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ready():
    bench = Bench()
    bench.connect()
    return bench


def test_start_asks_before_it_resets_and_reads_back_what_it_sets(bench):
    assert bench.connect() == [
        "STAT=?",
        "SRNO=?",
        "SOFT=?",
        "XLA3=?",
        "INFO=3",
        "RSET=0",
        "ENBL=1",
        "INFO=3",
        "HLIM=?",
        "LLIM=?",
        "SSPD=?",
        "PTO2=?",
        "PTOL=?",
        "SSPD=2000",
        "SSPD=?",
    ]
    assert bench.driver.identity.serial_number == "99000003"
    assert bench.driver.identity.firmware == "326"
    assert bench.driver.found_at_start == ()


def test_two_tenths_of_a_second_pass_between_reset_and_enable(bench):
    times_s = {}
    for _ in range(80):
        for line in bench.tick():
            times_s.setdefault(line, bench.now_s)
    assert times_s["ENBL=1"] - times_s["RSET=0"] >= 0.2


def test_a_speed_under_the_cap_is_left_alone(bench):
    bench.values["SSPD"] = 1500
    assert "SSPD=2000" not in bench.connect()


@pytest.mark.parametrize(
    ("tag", "value", "named"),
    [
        ("SRNO", 99000004, "serial number is 99000004, configured is 99000003"),
        ("XLA3", 312, "encoder XLA3 (nm a count) is 312, configured is 1250"),
    ],
)
def test_another_stage_is_refused_by_name_and_never_reset(bench, tag, value, named):
    bench.values[tag] = value
    sent = bench.run(100)
    assert bench.driver.link is LinkState.REFUSED
    assert named in bench.driver.problem
    assert bench.driver.status is None
    assert [line for line in sent if not line.endswith("?")] == []
    bench.driver.begin_stop()
    assert bench.driver.link is LinkState.CLOSED
    assert bench.take_sent() == []


@pytest.mark.parametrize(("tag", "value"), [("HLIM", 2399), ("LLIM", 1)])
def test_soft_limits_that_would_clamp_the_travel_are_refused(bench, tag, value):
    bench.values[tag] = value
    bench.run(100)
    assert bench.driver.link is LinkState.REFUSED
    assert "the configured travel is 0 to 2400" in bench.driver.problem


def test_a_speed_cap_that_is_not_taken_is_refused(bench):
    bench.obey = lambda tag, value: Bench.obey(bench, tag, value) if value == "?" else None
    bench.run(100)
    assert bench.driver.link is LinkState.REFUSED
    assert "SSPD (um/s) is 400000, configured is 2000" in bench.driver.problem


def test_amplifiers_that_stay_off_are_refused(bench):
    bench.stat &= ~1
    bench.run(100)
    assert bench.driver.link is LinkState.REFUSED
    assert "amplifiers stay off" in bench.driver.problem


@pytest.mark.parametrize("tag", ["SRNO", "XLA3", "PTOL"])
def test_an_unanswered_question_is_asked_three_times_then_the_link_is_lost(bench, tag):
    bench.silent_about.add(tag)
    sent = bench.run(190)
    assert sent.count(f"{tag}=?") == 3
    assert bench.driver.link is LinkState.LOST
    assert f"no answer to {tag}=?" in bench.driver.problem


def test_a_trip_found_at_start_waits_for_the_operator(bench):
    bench.stat |= THERMAL_1 | ENCODER_ERROR
    sent = bench.run(200)
    assert bench.driver.link is LinkState.REFUSED
    assert bench.driver.found_at_start == ("stage: trip: thermal 1", "stage: trip: encoder error")
    assert "tripped (thermal 1, encoder error)" in bench.driver.problem
    assert bench.status.trips == ("thermal 1", "encoder error")
    assert not {"RSET=0", "ENBL=1"} & set(sent)
    bench.driver.acknowledge_trip()
    assert bench.flush() == ["RSET=0"]
    bench.stat = HEALTHY
    bench.run(80)
    assert bench.driver.link is LinkState.READY
    assert bench.driver.problem is None


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
    stage.driver.move_to_um(low_um + share * (3000.9 - low_um))
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


def test_a_move_lost_on_the_wire_never_settles(ready):
    ready.driver.move_to_um(1000.0)
    ready.flush()
    ready.run(200)
    assert not ready.status.settled


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
    bench.run(80)
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
    ready.run(80)
    assert ready.driver.link is LinkState.READY
    assert not ready.status.index_known


def test_acknowledging_nothing_sends_nothing(ready):
    ready.driver.acknowledge_trip()
    assert ready.flush() == []


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


def test_halt_while_starting_does_not_hold_the_start_up(bench):
    bench.run(20)
    bench.driver.halt()
    bench.connect()


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
