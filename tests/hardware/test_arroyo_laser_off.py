"""The laser driver switching on and off, being lost and being stopped."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.variants import LASERS
from hardware.interfaces import LinkState
from tests.hardware.arroyo_bench import LASER_READINGS, ages_s, laser_bench, limit_ma, switched_on
from tests.hardware.variants import chosen, each

variant = each(LASERS)


# Off and on


def test_off_is_written_in_the_same_tick_while_a_question_is_outstanding():
    bench = switched_on(current_ma=1000.0)
    bench.run_until(lambda: bench.wire.is_answering)
    sent = len(bench.wire.log)
    bench.driver.want(False, 0.0)
    bench.driver.flush(bench.now_s)
    assert bench.wire.log[sent:] == [(bench.now_s, "LAS:OUT 0")]


def test_off_is_written_by_poll_too():
    bench = switched_on()
    bench.driver.want(False, 0.0)
    sent = len(bench.wire.log)
    bench.driver.poll(bench.now_s)
    assert bench.wire.sent(since=sent)[0] == "LAS:OUT 0"


def test_off_overtakes_a_set_point_that_waits():
    bench = switched_on()
    bench.run_until(lambda: bench.wire.is_answering)
    sent = len(bench.wire.log)
    bench.driver.want(True, 2000.0)
    bench.driver.want(False, 2000.0)
    bench.driver.flush(bench.now_s)
    bench.run(0.5)
    lines = bench.wire.sent(since=sent)
    assert lines[0] == "LAS:OUT 0"
    assert not any("LAS:LDI 2000" in line for line in lines)


def test_off_is_confirmed_by_a_question_asked_after_it_and_then_the_set_point_is_zero():
    bench = switched_on(current_ma=1000.0)
    sent = len(bench.wire.log)
    bench.step(lambda: bench.driver.want(False, 0.0))
    bench.run(0.5)
    orders = [
        line for line in bench.wire.sent(since=sent) if line in ("LAS:OUT 0", "LAS:OUT?") or " 0;" in line
    ]
    assert orders[:3] == ["LAS:OUT 0", "LAS:OUT?", "LAS:LDI 0;ERRSTR?"]
    assert orders.count("LAS:OUT 0") == 1
    assert bench.driver.output_on.value is False
    assert bench.driver.set_current_ma.value == 0.0


def test_an_off_read_before_the_command_does_not_confirm_it():
    bench = switched_on()
    bench.wire.answers["LAS:OUT?"] = "0"  # it has dropped its output, and this answer is on its way
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:OUT?" and bench.wire.is_answering)
    sent = len(bench.wire.log)
    bench.driver.want(False, 0.0)
    bench.driver.flush(bench.now_s)
    bench.run(0.08)
    assert bench.wire.sent(since=sent)[:2] == ["LAS:OUT 0", "LAS:OUT?"]


def test_off_is_repeated_every_100_ms_until_read_back_and_current_zero_comes_along():
    bench = switched_on(current_ma=1000.0)
    bench.wire.stuck.add("LAS:OUT?")
    sent = len(bench.wire.log)
    bench.step(lambda: bench.driver.want(False, 0.0))
    bench.run(1.0)
    lines = bench.wire.log[sent:]
    offs = [when_s for when_s, line in lines if line == "LAS:OUT 0"]
    assert len(offs) >= 10
    assert all(b - a == pytest.approx(0.1, abs=0.011) for a, b in pairwise(offs))
    assert [line for _, line in lines].count("LAS:LDI 0") == len(offs) - 1
    assert max(ages_s(bench).values()) < 0.5, "the rest is still read"
    bench.wire.stuck.clear()
    bench.run(0.5)
    sent = len(bench.wire.log)
    bench.run(0.5)
    assert "LAS:OUT 0" not in bench.wire.sent(since=sent)


def test_off_is_repeated_while_nothing_is_answered():
    bench = switched_on(current_ma=1000.0)
    bench.wire.deaf = True
    bench.run(0.1)
    sent = len(bench.wire.log)
    bench.step(lambda: bench.driver.want(False, 0.0))
    bench.run(0.5)
    assert bench.wire.sent(since=sent).count("LAS:OUT 0") >= 5
    bench.run_until(lambda: bench.driver.link is LinkState.LOST)
    lost_s = bench.now_s
    bench.run_until(lambda: bench.is_open)
    assert bench.now_s - lost_s == pytest.approx(0.5, abs=0.03)


def test_an_output_that_is_on_and_not_wanted_is_switched_off():
    bench = laser_bench().ready()
    bench.wire.answers["LAS:OUT?"] = "1"
    sent = len(bench.wire.log)
    bench.run(0.4)
    lines = bench.wire.sent(since=sent)
    at = lines.index("LAS:OUT 0")
    assert lines[at - 1 : at + 2] == ["LAS:OUT?", "LAS:OUT 0", "LAS:OUT?"]
    assert bench.driver.output_on.value is False


def test_on_is_sent_once_and_never_by_itself_again():
    bench = switched_on()
    bench.wire.answers["LAS:OUT?"] = "0"  # the device's interlock has dropped it
    for _ in range(100):
        bench.step(lambda: bench.driver.want(True, 0.0))
    assert bench.wire.sent().count("LAS:OUT 1") == 1


def test_no_current_is_set_before_the_output_is_on():
    bench = laser_bench().ready()
    sent = len(bench.wire.log)
    bench.step(lambda: bench.driver.want(True, 3000.0))
    bench.run(0.3)
    lines = bench.wire.sent(since=sent)
    assert lines.index("LAS:OUT 1") < lines.index("LAS:LDI 3000;ERRSTR?")


def test_on_right_after_off_waits_for_the_off_and_for_the_set_point_zero():
    bench = switched_on(current_ma=1000.0)
    sent = len(bench.wire.log)
    bench.step(lambda: bench.driver.want(False, 0.0))
    bench.step(lambda: bench.driver.want(True, 500.0))
    bench.run(0.5)
    orders = [line for line in bench.wire.sent(since=sent) if " " in line]
    assert orders == ["LAS:OUT 0", "LAS:LDI 0;ERRSTR?", "LAS:OUT 1", "LAS:LDI 500;ERRSTR?"]


def test_off_and_on_without_any_current_keep_the_same_order():
    bench = switched_on()
    sent = len(bench.wire.log)
    bench.step(lambda: bench.driver.want(False, 0.0))
    bench.step(lambda: bench.driver.want(True, 0.0))
    bench.run(0.5)
    lines = [line for line in bench.wire.sent(since=sent) if " " in line or line == "LAS:OUT?"]
    assert lines[:4] == ["LAS:OUT 0", "LAS:OUT?", "LAS:LDI 0;ERRSTR?", "LAS:OUT 1"]


def test_an_on_that_is_taken_back_at_once_is_never_sent():
    bench = laser_bench().ready()
    bench.run_until(lambda: bench.wire.is_answering)
    sent = len(bench.wire.log)
    bench.driver.want(True, 0.0)
    bench.driver.want(False, 0.0)
    bench.driver.flush(bench.now_s)
    bench.run(0.3)
    assert "LAS:OUT 1" not in bench.wire.sent(since=sent)


# Losing and stopping


def test_three_unanswered_questions_are_a_lost_laser_that_counts_as_on():
    bench = switched_on(current_ma=1000.0)
    bench.wire.deaf = True
    bench.run(1.4)
    assert bench.driver.link is LinkState.READY
    bench.run(0.3)
    assert bench.driver.link is LinkState.LOST
    assert "stopped answering" in bench.driver.problem
    assert "open the interlock" in bench.driver.problem
    assert [getattr(bench.driver, name) for name in LASER_READINGS] == [None] * 5
    assert bench.wire.sent()[-1] == "LAS:OUT 0"


def test_an_off_wanted_in_the_tick_of_the_loss_is_the_last_word():
    def deaf():
        bench = switched_on(current_ma=1000.0)
        bench.wire.deaf = True
        return bench

    first, second = deaf(), deaf()
    first.run_until(lambda: first.driver.link is LinkState.LOST)
    while second.tick < first.tick - 1:
        second.step()
    assert second.driver.link is LinkState.READY
    second.driver.want(False, 0.0)
    second.step()
    assert second.driver.link is LinkState.LOST
    assert "stopped answering" in second.driver.problem
    assert second.wire.sent()[-1] == "LAS:OUT 0"
    lost_s = second.now_s
    second.run_until(lambda: second.is_open)
    assert second.now_s - lost_s == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("loss", ["deaf", "gone"])
def test_after_a_loss_off_is_first_and_a_standing_wish_does_not_switch_on(loss):
    bench = switched_on(current_ma=1000.0)
    setattr(bench.wire, loss, True)
    bench.run_until(lambda: bench.driver.link is LinkState.LOST)
    sent = len(bench.wire.log)
    setattr(bench.wire, loss, False)
    for _ in range(300):
        bench.step(lambda: bench.driver.want(True, 1000.0))
    assert bench.driver.link is LinkState.READY
    lines = bench.wire.sent(since=sent)
    assert lines[:5] == ["LAS:OUT 0", "LAS:OUT 0", "TERMINAL 0", "TERM 0", "*IDN?"]
    assert "LAS:OUT 1" not in lines
    assert bench.driver.found_at_start[0] == "output found on; switched off first of all"
    assert bench.driver.problem is None
    assert not any(line.startswith("LAS:LDI 1000") for line in lines)
    bench.step(lambda: bench.driver.want(False, 0.0))
    bench.step(lambda: bench.driver.want(True, 0.0))
    bench.run(0.5)
    assert bench.driver.output_on.value is True


def test_a_limit_changed_at_the_device_switches_off_and_refuses():
    bench = switched_on(current_ma=1000.0)
    bench.wire.answers["LAS:LIM:LDI?"] = "20000"
    sent = len(bench.wire.log)
    bench.run_until(lambda: bench.driver.link is LinkState.REFUSED, within_s=15.0)
    changed = f"changed while running: LAS:LIM:LDI: wanted {limit_ma()} mA, got 20000 mA"
    assert changed in bench.driver.problem
    assert bench.wire.sent(since=sent)[-1] == "LAS:OUT 0"


def test_two_different_differences_in_a_row_are_noise():
    bench = laser_bench().ready()
    sent = len(bench.wire.log)
    for value in ("20000", "10300", "1050"):
        bench.wire.answers["LAS:LIM:LDI?"] = value
        asked = bench.wire.sent().count("LAS:LIM:LDI?")
        bench.run_until(lambda asked=asked: bench.wire.sent().count("LAS:LIM:LDI?") > asked, within_s=15.0)
    bench.run(0.1)
    assert bench.driver.link is LinkState.READY
    assert bench.wire.sent(since=sent).count("LAS:LIM:LDI?") == 3


def test_a_difference_counts_when_it_is_seen_twice_in_a_row():
    bench = laser_bench().ready()
    bench.wire.answers["LAS:LIM:LDI?"] = "20000"
    bench.run_until(lambda: bench.driver.refused_answers == 1, within_s=12.0)
    bench.wire.answers["LAS:LIM:LDI?"] = limit_ma()
    bench.run(12.0)
    assert bench.driver.link is LinkState.READY
    bench.wire.answers["LAS:LIM:LDI?"] = "20000"
    bench.run_until(lambda: bench.driver.refused_answers == 2, within_s=12.0)
    bench.run_until(lambda: bench.driver.link is LinkState.REFUSED, within_s=1.0)


def test_another_device_that_answers_suddenly_is_refused():
    bench = laser_bench().ready()
    bench.wire.answers["*IDN?"] = "Arroyo 4320 SIM-0007 3.10 x"
    bench.run_until(lambda: bench.driver.link is LinkState.REFUSED, within_s=6.0)
    assert "serial SIM-0007 answers" in bench.driver.problem


def test_the_stop_ends_dark_with_set_point_zero_local_and_a_closed_port():
    bench = switched_on(current_ma=1000.0)
    sent = len(bench.wire.log)
    bench.step(bench.driver.begin_stop)
    assert bench.wire.sent(since=sent)[0] == "LAS:OUT 0"
    assert bench.driver.link is LinkState.STOPPING
    bench.run(0.5)
    assert bench.driver.link is LinkState.CLOSED
    assert bench.driver.problem is None
    said = bench.wire.sent(since=sent)
    if chosen().combo and said[-3] == "LAS:OUT 0":
        del said[-3]  # in a box an answer waits for the TEC's, and off does not: it was repeated meanwhile
    assert said[-5:] == ["LAS:OUT 0", "LAS:OUT?", "LAS:LDI?", "LAS:LDI 0", "LOCAL"]
    assert not bench.is_open


@pytest.mark.parametrize("question", ["LAS:OUT?", "LAS:LDI?"])
def test_a_stop_that_does_not_end_dark_says_so(question):
    bench = switched_on(**{question: "500"} if question == "LAS:LDI?" else {})
    bench.wire.stuck.add(question)
    sent = len(bench.wire.log)
    bench.step(bench.driver.begin_stop)
    bench.run_until(lambda: bench.driver.link is LinkState.CLOSED, within_s=8.0)
    assert "not confirmed off: open the interlock" in bench.driver.problem
    assert bench.wire.sent(since=sent).count("LAS:OUT 0") >= 20


def test_a_stop_at_a_lost_laser_ends_and_says_so():
    bench = switched_on()
    bench.wire.deaf = True
    bench.step(bench.driver.begin_stop)
    bench.run_until(lambda: bench.driver.link is LinkState.CLOSED)
    assert "not confirmed off" in bench.driver.problem


def test_closing_at_once_leaves_an_off_behind():
    bench = switched_on(current_ma=1000.0)
    bench.driver.close()
    assert bench.wire.sent()[-1] == "LAS:OUT 0"
    assert bench.driver.link is LinkState.CLOSED
    sent = len(bench.wire.log)
    bench.driver.want(False, 0.0)
    bench.run(1.0)
    assert bench.wire.sent(since=sent) == []
    assert len(bench.wire.openings) == 1


# Whatever comes in


@settings(max_examples=25, deadline=None)
@given(
    noise=st.lists(st.tuples(st.integers(0, 120), st.binary(min_size=1, max_size=12)), max_size=12),
    wishes=st.lists(st.tuples(st.integers(60, 200), st.booleans(), st.floats(0, 7_500)), max_size=6),
)
def test_no_noise_makes_it_raise_or_switch_on_by_itself(noise, wishes):
    bench = laser_bench()
    noise_at, wish_at = dict(noise), {tick: wish for tick, *wish in wishes}
    for tick in range(200):
        if tick in noise_at:
            bench.wire.say(noise_at[tick])
        bench.step(lambda tick=tick: bench.driver.want(*wish_at[tick]) if tick in wish_at else None)
    rising = sum(on for _, on, _ in wishes)
    assert bench.wire.sent().count("LAS:OUT 1") <= rising
    assert bench.wire.sent()[0] == "LAS:OUT 0"
