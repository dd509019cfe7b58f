"""The start sequence of the stage's driver, and everything that makes it refuse."""

import pytest

from benchmarks.rigs.variants import STAGES
from hardware.interfaces import LinkState
from tests.hardware.variants import each, lone_slot, only
from tests.hardware.xeryon_bench import ENCODER_ERROR, HEALTHY, THERMAL_1, Bench

variant = each(STAGES)
AT_ONCE = only(STAGES, but=lone_slot)
"""About questions that are answered beside the stream."""


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ready():
    bench = Bench()
    bench.connect()
    return bench


@AT_ONCE
def test_start_asks_before_it_resets_and_reads_back_what_it_sets(variant, bench):
    again = [] if variant.options.shows_enabled else ["ENBL=1"]
    assert bench.connect() == [
        "STAT=?",
        "SRNO=?",
        "SOFT=?",
        "XLA3=?",
        "INFO=3",
        "RSET=0",
        "ENBL=1",
        "INFO=3",
        "POLI=?",
        "HLIM=?",
        "LLIM=?",
        "SSPD=?",
        "PTO2=?",
        "PTOL=?",
        "SSPD=2000",
        "SSPD=?",
        *again,
    ]
    assert bench.driver.identity.serial_number == "99000003"
    assert bench.driver.identity.firmware == "326"
    assert bench.driver.found_at_start == ()


def test_two_tenths_of_a_second_pass_between_reset_and_enable(bench):
    times_s = {}
    while "ENBL=1" not in times_s:
        assert bench.now_s < 60.0
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
    sent = bench.start(100)
    assert bench.driver.link is LinkState.REFUSED
    assert named in bench.driver.problem
    assert bench.driver.status is None
    assert {line for line in sent if not line.endswith("?")} <= (
        {"INFO=6"} if bench.options.answers_in_slot_alone else set()
    )
    bench.driver.begin_stop()
    assert bench.driver.link is LinkState.CLOSED
    assert bench.take_sent() == []


@pytest.mark.parametrize(("tag", "value"), [("HLIM", 2399), ("LLIM", 1)])
def test_soft_limits_that_would_clamp_the_travel_are_refused(bench, tag, value):
    bench.values[tag] = value
    bench.start(100)
    assert bench.driver.link is LinkState.REFUSED
    assert "the configured travel is 0 to 2400" in bench.driver.problem


def test_a_speed_cap_that_is_not_taken_is_refused(bench):
    bench.obey = lambda tag, value: Bench.obey(bench, tag, value) if tag != "SSPD" or value == "?" else None
    bench.start(100)
    assert bench.driver.link is LinkState.REFUSED
    assert "SSPD (um/s) is 400000, configured is 2000" in bench.driver.problem


@pytest.mark.parametrize("lost", ["SSPD", "ENBL"])
def test_a_setting_lost_on_the_wire_is_sent_again(bench, lost):
    if lost == "ENBL":
        bench.stat &= ~1
    bench.obey_all, bench.left = bench.obey, 1

    def obey(tag, value):
        if tag == lost and value != "?":
            bench.left -= 1
            if bench.left >= 0:
                return
            bench.stat |= 1
        bench.obey_all(tag, value)

    bench.obey = obey
    bench.start(120)
    assert bench.driver.link is LinkState.READY, bench.driver.problem
    assert bench.left == -1


@AT_ONCE
@pytest.mark.parametrize(("tag", "wrong"), [("SRNO", 7), ("XLA3", 1), ("HLIM", 0), ("LLIM", 9)])
def test_one_damaged_answer_that_would_refuse_is_asked_again(bench, tag, wrong):
    sent = []
    while f"{tag}=?" not in sent:
        assert bench.now_s < 60.0
        sent += bench.tick()
    bench.damaged[tag] = wrong
    sent += bench.start(80)
    assert bench.driver.link is LinkState.READY, bench.driver.problem
    assert sent.count(f"{tag}=?") == 2


@pytest.mark.parametrize("period_ms", [0, 46, 201, 1000])
def test_a_stream_too_slow_to_be_fresh_or_too_fast_for_the_line_is_refused(bench, period_ms):
    bench.values["POLI"] = period_ms
    bench.start(80)
    assert bench.driver.link is LinkState.REFUSED
    assert f"POLI is {period_ms} ms, 47 to 200 ms allowed at 9600 baud; set POLI=97" in bench.driver.problem


def test_a_stat_is_doubted_for_as_long_as_the_controllers_own_period(bench):
    bench.values["POLI"] = 200
    bench.period_s = 0.2
    bench.connect()
    bench.driver.move_to_um(0.0)
    bench.flush()
    sent_s = bench.now_s
    while not bench.status.settled:
        bench.tick()
        assert bench.now_s < sent_s + 5.0
    assert bench.driver.status.asked_s - sent_s > 0.2 + 0.02


def test_a_controller_that_does_not_tell_its_period_has_the_factorys(bench):
    bench.silent_about.add("POLI")
    sent = bench.start(220)
    assert bench.driver.link is LinkState.READY
    assert sent.count("POLI=?") == 2


def test_a_wrong_baud_rate_is_named(bench):
    bench.streams = False
    bench.silent_about.update(bench.values, ["STAT"])
    for _ in range(160):
        bench.port.incoming += b"\xf8\x80\x1f"
        bench.tick()
    assert bench.driver.link is LinkState.LOST
    assert bench.driver.problem == (
        "stage on sim://stage: the bytes make no sense at 9600 baud: check the baud rate and the cable"
    )


def test_the_bit_of_the_amplifiers_is_not_waited_for_and_enabling_is_said_again(bench):
    bench.stat &= ~1
    assert bench.start(100).count("ENBL=1") == 2
    assert bench.driver.link is LinkState.READY


def test_a_trip_behind_the_reset_is_not_cleared_by_saying_it_again(bench):
    bench.stat &= ~1
    sent = []
    while "ENBL=1" not in sent:
        assert bench.now_s < 60.0
        sent += bench.tick()
    bench.stat |= THERMAL_1
    assert "ENBL=1" not in bench.start(100)
    assert bench.status.trips == ("thermal 1",)


@AT_ONCE
@pytest.mark.parametrize("tag", ["SRNO", "XLA3", "PTOL"])
def test_an_unanswered_question_is_asked_three_times_then_the_link_is_lost(bench, tag):
    bench.silent_about.add(tag)
    sent = []
    while bench.driver.link is not LinkState.LOST:
        assert bench.now_s < 60.0
        sent += bench.tick()
    assert sent.count(f"{tag}=?") == 3
    assert f"no answer to {tag}=?" in bench.driver.problem


def test_a_trip_found_at_start_waits_for_the_operator(bench):
    bench.stat |= THERMAL_1 | ENCODER_ERROR
    sent = bench.start(200)
    assert bench.driver.link is LinkState.REFUSED
    assert bench.driver.found_at_start == ("stage: trip: thermal 1", "stage: trip: encoder error")
    assert "tripped (thermal 1, encoder error)" in bench.driver.problem
    assert bench.status.trips == ("thermal 1", "encoder error")
    assert not {"RSET=0", "ENBL=1"} & set(sent)
    bench.driver.acknowledge_trip()
    assert bench.flush() == ["RSET=0"]
    bench.stat = HEALTHY
    bench.start(80)
    assert bench.driver.link is LinkState.READY
    assert bench.driver.problem is None


def test_halt_while_starting_does_not_hold_the_start_up(bench):
    bench.start(20)
    bench.driver.halt()
    bench.connect()
