"""The laser driver while it runs: everything fresh, sets confirmed, nothing believed too early."""

from itertools import pairwise

import pytest

from benchmarks.rigs.variants import LASERS
from hardware.interfaces import LinkState
from tests.hardware.arroyo_bench import ages_s, laser_bench, limit_ma, switched_on
from tests.hardware.variants import each

variant = each(LASERS)


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
def test_everything_is_under_350_ms_old_even_while_the_set_point_changes(variant, delay_s, period_s):
    """Or under 480 ms where a TEC is asked on the same line; control allows half a second."""
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
    assert worst_s < (0.48 if variant.combo else 0.35)
    assert bench.driver.set_current_ma.value >= 570.0


def test_one_question_is_outstanding():
    bench = laser_bench()
    bench.wire.delay_s = 0.05
    bench.ready().run(1.0)
    asked = [when_s for when_s, line in bench.wire.log if "?" in line]
    assert min(b - a for a, b in pairwise(asked)) > 0.05


def test_events_settings_and_identity_are_looked_at_in_turn(variant):
    bench = laser_bench(**{"LAS:EVE?": "128"}).ready()
    sent = len(bench.wire.log)
    bench.run(11.0)
    assert bench.driver.event_bits.value == 128
    again = set(bench.wire.sent(since=sent))
    settings = {"LAS:LIM:LDI?", "LAS:LIM:LDV?", "LAS:ENAB:OUTOFF?", "LAS:TOL?", "ONDELAY?"}
    lacking = {f"{command}?" for command in variant.lacks}
    assert {"*IDN?", "LAS:EVE?", *settings} - lacking <= again
    assert not lacking & again


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
    """It comes while the line is realigned."""
    bench = laser_bench(**{"LAS:COND?": "1024", "LAS:LDI?": "5"}).ready()
    del bench.wire.answers["LAS:COND?"]
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:COND?")
    bench.wire.say(b"1024\r\n", after_s=0.12)
    seen = set()
    for _ in range(100):
        bench.step()
        seen.add(bench.driver.measured_current_ma.value)
        bench.wire.answers["LAS:COND?"] = "1024"
    assert bench.unanswered == 1
    assert seen == {5.0}


def test_an_answer_too_many_does_not_shift_the_answers_for_long():
    bench = laser_bench(**{"LAS:COND?": "16", "LAS:LDI?": "5"}).ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:COND?")
    bench.wire.say(b"3\r\n", after_s=0.001)
    bench.run(3.0)
    assert bench.driver.condition_bits.value == 16
    assert bench.driver.measured_current_ma.value == 5.0
    assert all(age_s < 0.3 for age_s in ages_s(bench).values())


@pytest.mark.parametrize("question", ["LAS:COND?", "LAS:LDI?", "LAS:OUT?", "ERRSTR?", "LAS:SET:LDI?"])
@pytest.mark.parametrize("delay_s", [0.005, 0.030])
def test_one_lost_answer_lets_nothing_become_stale(variant, question, delay_s):
    bench = laser_bench()
    bench.wire.delay_s = min(delay_s, 0.018) if variant.combo else delay_s
    bench.ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == question and bench.wire.is_answering)
    bench.wire.say_instead(b"")
    worst_s = 0.0
    for _ in range(100):
        bench.step()
        worst_s = max(worst_s, *ages_s(bench).values())
    assert bench.unanswered == 1
    assert worst_s < 0.5


def test_a_question_that_was_lost_is_the_next_one_again(variant):
    bench = laser_bench().ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:OUT?" and bench.wire.is_answering)
    bench.wire.say_instead(b"")
    sent = len(bench.wire.log)
    bench.run(0.2)
    realigned_by_other = variant.combo and bench.wire.sent(since=sent)[0] != "*IDN?"
    assert bench.wire.sent(since=sent)[: 2 - realigned_by_other] == ["*IDN?", "LAS:OUT?"][realigned_by_other:]


def test_a_question_that_is_never_answered_starves_no_other():
    bench = laser_bench(**{"LAS:LDI?": "7"}).ready()
    del bench.wire.answers["LAS:LDI?"]
    bench.run(5.0)
    ages = ages_s(bench)
    assert ages.pop("measured_current_ma") > 4.5
    assert max(ages.values()) < 0.5
    assert bench.driver.link is LinkState.READY


@pytest.mark.parametrize("late_s", [0.09, 0.11, 0.14, 0.2, 0.4])
def test_an_answer_later_than_patience_is_never_taken_for_another(late_s):
    """Each question has an answer of its own, and each answer comes late."""
    bench = laser_bench(**{"LAS:COND?": "16", "LAS:LDI?": "5"}).ready()
    bench.wire.delay_s = late_s
    for _ in range(400):
        bench.step()
        driver = bench.driver
        if driver.link is not LinkState.READY:
            break
        assert (driver.condition_bits.value, driver.measured_current_ma.value) == (16, 5.0)
        assert (driver.output_on.value, driver.errors.value, driver.set_current_ma.value) == (False, (), 0.0)


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


def test_the_newest_set_point_is_sent_with_a_question_between_two(variant):
    bench = switched_on()
    sent = len(bench.wire.log)
    for step in range(100):
        bench.step(lambda step=step: bench.driver.want(True, float(step)))
    lines = bench.wire.sent(since=sent)
    sets = [number for number, line in enumerate(lines) if line.startswith("LAS:LDI ")]
    assert len(sets) > (6 if variant.combo else 10), "in a second"
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


def test_a_set_point_without_an_answer_is_not_confirmed_and_told_again(variant):
    bench = switched_on(current_ma=800.0)
    bench.wire.misses = "LAS:LDI 200"
    bench.step(lambda: bench.driver.want(True, 200.0))
    bench.run_until(lambda: "LAS:LDI 200;ERRSTR?" in bench.wire.sent())
    asked_s = bench.now_s
    bench.run_until(lambda: bench.driver.set_current_ma.value == 200.0, 0.4 if variant.combo else 0.3)
    assert bench.driver.set_current_ma.asked_s > asked_s
    assert bench.wire.sent().count("LAS:LDI 200;ERRSTR?") == 2


def test_an_upward_set_point_without_an_answer_is_told_again_too():
    bench = switched_on(current_ma=200.0)
    bench.wire.misses = "LAS:LDI 800"
    bench.step(lambda: bench.driver.want(True, 800.0))
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


def steps_up(bench, seconds, step_ma=5.0):
    """A new set point every 100 ms, as a ramp has it."""
    ma = 1000.0
    for tick in range(round(seconds / bench.period_s)):
        ma += 0.0 if tick % 10 else step_ma
        bench.step(lambda ma=ma: bench.driver.want(True, ma))


@pytest.mark.parametrize("delay_s", [0.005, 0.030])
def test_the_set_point_is_read_back_twice_a_second_even_in_a_ramp(variant, delay_s):
    longest_s = 0.75 if variant.combo else 0.55
    bench = switched_on(current_ma=1000.0)
    bench.wire.delay_s = delay_s
    since_s = bench.now_s
    steps_up(bench, 10.0)
    asked = [when_s for when_s, line in bench.wire.log if line == "LAS:SET:LDI?" and when_s > since_s]
    assert asked[0] - since_s < longest_s
    assert max(b - a for a, b in pairwise(asked)) < longest_s


@pytest.mark.parametrize("off_ma", [-300, 300])
def test_a_set_point_that_the_device_reads_back_otherwise_is_what_it_says_from_then_on(off_ma):
    """An empty error queue is no proof any more, until what is read back is what was told."""
    bench = switched_on(current_ma=1000.0)
    bench.wire.stuck.add("LAS:SET:LDI?")
    bench.wire.answers["LAS:SET:LDI?"] = str(1000 + off_ma)
    steps_up(bench, 0.6)
    seen = set()
    for _ in range(10):
        steps_up(bench, 0.2)
        seen.add(bench.driver.set_current_ma.value)
    assert seen == {1000.0 + off_ma}
    assert ages_s(bench)["set_current_ma"] < 0.3
    bench.wire.stuck.clear()
    bench.step(lambda: bench.driver.want(True, 1500.0))
    bench.run(0.5)
    assert bench.driver.set_current_ma.value == 1500.0


def test_one_damaged_read_back_is_looked_at_again_at_once():
    bench = switched_on(current_ma=1000.0)
    bench.run_until(lambda: bench.wire.sent()[-1] == "LAS:SET:LDI?" and bench.wire.is_answering)
    bench.wire.say_instead(b"100\r\n", after_s=0.01)
    sent = len(bench.wire.log)
    bench.run(0.1)
    assert bench.wire.sent(since=sent)[0] == "LAS:SET:LDI?"
    assert bench.driver.set_current_ma.value == 1000.0


@pytest.mark.parametrize("current_ma", [-0.001, 20_000.001, float("nan"), float("inf"), float("-inf")])
def test_a_current_outside_the_configured_limit_is_refused(current_ma):
    bench = switched_on()
    with pytest.raises(ValueError, match=f"0 to {limit_ma()} mA allowed"):
        bench.driver.want(True, current_ma)
    with pytest.raises(ValueError, match="allowed"):
        bench.driver.want(True, float(limit_ma()) + 0.001)
    bench.driver.want(True, float(limit_ma()))
    bench.driver.want(True, 0.0)


def test_off_is_off_even_with_a_nonsensical_current():
    bench = switched_on()
    with pytest.raises(ValueError, match="nan mA wanted"):
        bench.driver.want(False, float("nan"))
    sent = len(bench.wire.log)
    bench.driver.flush(bench.now_s)
    assert bench.wire.sent(since=sent)[0] == "LAS:OUT 0"


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
