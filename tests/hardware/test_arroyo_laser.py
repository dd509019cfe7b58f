"""The laser driver while it runs: off first, sets confirmed, everything fresh, nothing believed too early."""

from itertools import pairwise

import pytest
from arroyo_bench import laser_bench
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.interfaces import LinkState

READINGS = ("output_on", "set_current_ma", "measured_current_ma", "condition_bits", "errors")


def ages_s(bench):
    return {name: bench.now_s - getattr(bench.driver, name).asked_s for name in READINGS}


def switched_on(current_ma=0.0, **changes):
    bench = laser_bench(**changes).ready()
    bench.step(lambda: bench.driver.want(True, 0.0))
    bench.run_until(lambda: bench.driver.output_on.value)
    if current_ma:
        bench.step(lambda: bench.driver.want(True, current_ma))
        bench.run_until(lambda: bench.driver.set_current_ma.value == current_ma)
    return bench


# Readings


def test_readings_are_what_the_device_says_in_our_units():
    bench = laser_bench(**{"LAS:LDI?": "1234.5", "LAS:COND?": "16"}).ready()
    driver = bench.driver
    assert driver.measured_current_ma.value == 1234.5
    assert driver.condition_bits.value == 16
    assert driver.output_on.value is False
    assert driver.set_current_ma.value == 0.0
    assert driver.errors.value == ()


def test_a_reading_is_as_old_as_its_question():
    bench = laser_bench().ready()
    asked = [when_s for when_s, line in bench.wire.log if line == "LAS:COND?"]
    assert bench.driver.condition_bits.asked_s in asked
    assert bench.driver.condition_bits.asked_s < bench.driver.condition_bits.received_s


@pytest.mark.parametrize("delay_s", [0.005, 0.018, 0.030])
@pytest.mark.parametrize("period_s", [0.001, 0.010])
def test_everything_is_under_300_ms_old_even_while_the_set_point_changes(delay_s, period_s):
    bench = switched_on()
    bench.wire.delay_s = delay_s
    bench.tick = round(bench.now_s / period_s)
    bench.period_s = period_s
    ticks = round(0.1 / period_s)
    worst_s = 0.0
    for step in range(60):
        bench.step(lambda step=step: bench.driver.want(True, 10.0 * step))
        for _ in range(ticks - 1):
            bench.step()
            worst_s = max(worst_s, *ages_s(bench).values())
    assert worst_s < 0.3
    assert bench.driver.set_current_ma.value >= 570.0


def test_one_question_is_outstanding():
    bench = laser_bench()
    bench.wire.delay_s = 0.03
    bench.ready().run(1.0)
    asked = [when_s for when_s, line in bench.wire.log if "?" in line]
    assert min(b - a for a, b in pairwise(asked)) > 0.03


def test_events_settings_and_identity_are_looked_at_in_turn():
    bench = laser_bench(**{"LAS:EVE?": "128"}).ready()
    sent = len(bench.wire.log)
    bench.run(11.0)
    assert bench.driver.event_bits.value == 128
    again = set(bench.wire.sent(since=sent))
    assert {"*IDN?", "LAS:EVE?", "LAS:LIM:LDI?", "LAS:LIM:LDV?", "LAS:ENAB:OUTOFF?", "LAS:TOL?"} <= again


@pytest.mark.parametrize("garbage", ["nan", "inf", "", "12x", "1e99", "10,4", "--", "OVER"])
def test_an_answer_that_is_no_number_is_not_taken_and_the_old_one_ages(garbage):
    bench = laser_bench(**{"LAS:LDI?": "7"}).ready()
    bench.wire.answers["LAS:LDI?"] = garbage
    bench.run(0.6)
    assert bench.driver.measured_current_ma.value == 7.0
    assert ages_s(bench)["measured_current_ma"] > 0.5
    assert bench.driver.link is LinkState.READY
    if garbage:
        assert bench.driver.refused_answers > 0


def test_a_late_answer_is_not_taken_for_the_next_one():
    bench = laser_bench(**{"LAS:COND?": "1024", "LAS:LDI?": "5"}).ready()
    del bench.wire.answers["LAS:COND?"]
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:COND?")
    bench.wire.say(b"1024\r\n", after_s=0.51)
    seen = set()
    for _ in range(100):
        bench.step()
        seen.add(bench.driver.measured_current_ma.value)
        bench.wire.answers["LAS:COND?"] = "1024"
    assert bench.driver.unanswered_questions == 1
    assert seen == {5.0}


def test_an_answer_too_many_does_not_shift_the_answers_for_long():
    bench = laser_bench(**{"LAS:COND?": "16", "LAS:LDI?": "5"}).ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:COND?")
    bench.wire.say(b"3\r\n", after_s=0.001)
    bench.run(3.0)
    assert bench.driver.condition_bits.value == 16
    assert bench.driver.measured_current_ma.value == 5.0
    assert all(age_s < 0.3 for age_s in ages_s(bench).values())


# Set points


def test_an_accepted_set_point_is_the_confirmed_one():
    bench = switched_on()
    bench.step(lambda: bench.driver.want(True, 1500.0))
    bench.run_until(lambda: bench.driver.set_current_ma.value == 1500.0)
    asked_s, line = next(entry for entry in bench.wire.log if entry[1].startswith("LAS:LDI 1500"))
    assert line == "LAS:LDI 1500;ERRSTR?"
    assert bench.driver.set_current_ma.asked_s == asked_s


def test_fractions_of_a_milliampere_are_left_off_never_added():
    bench = switched_on()
    bench.step(lambda: bench.driver.want(True, 1499.9))
    bench.run_until(lambda: bench.driver.set_current_ma.value == 1499.0)


def test_a_set_point_is_sent_once_however_often_it_is_wanted():
    bench = switched_on()
    sent = len(bench.wire.log)
    for _ in range(100):
        bench.step(lambda: bench.driver.want(True, 250.0))
    assert [line for line in bench.wire.sent(since=sent) if line.startswith("LAS:LDI ")] == [
        "LAS:LDI 250;ERRSTR?"
    ]
    assert "LAS:OUT 1" not in bench.wire.sent(since=sent)


def test_the_newest_set_point_is_sent_with_a_question_between_two():
    bench = switched_on()
    sent = len(bench.wire.log)
    for step in range(100):
        bench.step(lambda step=step: bench.driver.want(True, float(step)))
    lines = bench.wire.sent(since=sent)
    sets = [number for number, line in enumerate(lines) if line.startswith("LAS:LDI ")]
    assert len(sets) > 10
    assert all(b - a >= 2 for a, b in pairwise(sets))
    values = [float(lines[number].split(" ")[1].split(";")[0]) for number in sets]
    assert values == sorted(values)


def test_a_set_point_with_an_error_is_not_confirmed_but_read_back():
    bench = switched_on(current_ma=100.0)
    bench.wire.stuck.add("LAS:SET:LDI?")
    bench.wire.answers["ERRSTR?"] = '201,"Out of range"'
    bench.step(lambda: bench.driver.want(True, 900.0))
    bench.run_until(lambda: bench.driver.errors.value == (201,))
    bench.wire.answers["ERRSTR?"] = "0"
    at = bench.wire.sent().index("LAS:LDI 900;ERRSTR?")
    bench.run(1.0)
    assert bench.driver.set_current_ma.value == 100.0
    assert bench.wire.sent()[at + 1] == "LAS:SET:LDI?"
    assert bench.wire.sent().count("LAS:LDI 900;ERRSTR?") == 1, "an upward action is not repeated"


def test_a_set_point_without_an_answer_is_not_confirmed_and_told_again():
    bench = switched_on(current_ma=800.0)
    bench.wire.deaf = True
    bench.step(lambda: bench.driver.want(True, 200.0))
    bench.run_until(lambda: "LAS:LDI 200;ERRSTR?" in bench.wire.sent())
    bench.wire.deaf = False
    bench.run(0.3)
    assert bench.driver.set_current_ma.value == 800.0
    bench.run(0.6)
    assert bench.driver.set_current_ma.value == 200.0
    assert bench.wire.sent().count("LAS:LDI 200;ERRSTR?") == 2


def test_an_upward_set_point_without_an_answer_is_told_again_too():
    bench = switched_on(current_ma=200.0)
    bench.wire.deaf = True
    bench.step(lambda: bench.driver.want(True, 800.0))
    bench.run_until(lambda: "LAS:LDI 800;ERRSTR?" in bench.wire.sent())
    bench.wire.deaf = False
    bench.run(1.0)
    assert bench.driver.set_current_ma.value == 800.0


def test_more_current_than_told_is_told_again_and_less_is_not():
    bench = switched_on(current_ma=500.0)
    bench.wire.answers["LAS:SET:LDI?"] = "900"
    sent = len(bench.wire.log)
    bench.run(0.6)
    assert "LAS:LDI 500;ERRSTR?" in bench.wire.sent(since=sent)
    bench.wire.answers["LAS:SET:LDI?"] = "300"
    sent = len(bench.wire.log)
    bench.run(0.6)
    assert "LAS:LDI 500;ERRSTR?" not in bench.wire.sent(since=sent)
    assert bench.driver.set_current_ma.value == 300.0


@pytest.mark.parametrize("current_ma", [-0.001, 10_500.001, float("nan"), float("inf"), float("-inf")])
def test_a_current_outside_the_configured_limit_is_refused(current_ma):
    bench = switched_on()
    with pytest.raises(ValueError, match="0 to 10500 mA allowed"):
        bench.driver.want(True, current_ma)
    bench.driver.want(True, 10_500.0)
    bench.driver.want(True, 0.0)


def test_off_is_off_even_with_a_nonsensical_current():
    bench = switched_on()
    with pytest.raises(ValueError, match="nan mA wanted"):
        bench.driver.want(False, float("nan"))
    sent = len(bench.wire.log)
    bench.driver.flush(bench.now_s)
    assert bench.wire.sent(since=sent)[0] == "LAS:OUT 0"


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
    bench.run(0.04)
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
    bench.run(1.0)
    assert bench.wire.openings[-1] - lost_s == pytest.approx(0.5, abs=0.02)


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


# The condition register


def test_the_condition_asked_for_is_the_next_question():
    bench = laser_bench().ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:LDI?" and bench.wire.is_answering)
    asked_s = bench.now_s
    bench.driver.ask_condition()
    bench.run_until(lambda: bench.driver.condition_bits.asked_s > asked_s)
    assert bench.driver.condition_bits.asked_s - asked_s < 0.05


def test_a_condition_asked_before_does_not_count_as_the_one_asked_for():
    bench = laser_bench().ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:COND?" and bench.wire.is_answering)
    sent = len(bench.wire.log)
    bench.driver.ask_condition()
    bench.run(0.05)
    lines = bench.run(1.0).wire.sent(since=sent)
    assert lines[0] == "LAS:COND?"
    assert lines.count("LAS:COND?") < len(lines) / 4, "once, then in its turn"


def test_asking_for_the_condition_in_every_tick_starves_nothing():
    bench = switched_on()
    for _ in range(100):
        bench.step(bench.driver.ask_condition)
    assert max(ages_s(bench).values()) < 0.5


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
    assert [getattr(bench.driver, name) for name in READINGS] == [None] * 5
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
    second.run(1.0)
    assert second.wire.openings[-1] - lost_s == pytest.approx(0.5, abs=0.02)


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
    assert lines[:3] == ["LAS:OUT 0", "TERMINAL 0", "*IDN?"]
    assert "LAS:OUT 1" not in lines
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
    assert "changed while running: LAS:LIM:LDI: wanted 10500 mA, got 20000 mA" in bench.driver.problem
    assert bench.wire.sent(since=sent)[-1] == "LAS:OUT 0"


def test_a_difference_counts_when_it_is_seen_twice_in_a_row():
    bench = laser_bench().ready()
    bench.wire.answers["LAS:LIM:LDI?"] = "20000"
    bench.run_until(lambda: bench.driver.refused_answers == 1, within_s=12.0)
    bench.wire.answers["LAS:LIM:LDI?"] = "10500"
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
    assert bench.wire.sent(since=sent)[-5:] == ["LAS:OUT 0", "LAS:OUT?", "LAS:LDI?", "LAS:LDI 0", "LOCAL"]
    assert not bench.wire.is_open


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
    wishes=st.lists(st.tuples(st.integers(60, 200), st.booleans(), st.floats(0, 10_500)), max_size=6),
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
