"""The TEC driver while it runs."""

import pytest

from benchmarks.rigs.variants import TECS
from hardware.interfaces import LinkState
from tests.hardware.arroyo_bench import tec_bench
from tests.hardware.variants import each

variant = each(TECS)


MEASURED = ("temperature_c", "output_on", "condition_bits")
READINGS = ("temperature_c", "setpoint_c", "output_on", "condition_bits")


def test_readings_are_what_the_device_says_in_our_units():
    driver = tec_bench(**{"TEC:T?": "25.01", "TEC:COND?": "1024"}).ready().driver
    assert driver.temperature_c.value == 25.01
    assert driver.setpoint_c.value == 25.0
    assert driver.output_on.value is True
    assert driver.condition_bits.value == 1024
    assert driver.errors.value == ()


@pytest.mark.parametrize("delay_s", [0.005, 0.030])
def test_everything_is_under_half_a_second_old(variant, delay_s):
    """Or, where a laser is asked on the same line, what control wants within a second is."""
    readings, allowed_s = (MEASURED, 0.7) if variant.combo else (READINGS, 0.5)
    bench = tec_bench()
    bench.wire.delay_s = delay_s
    bench.ready()
    worst_s = 0.0
    for _ in range(500):
        bench.step()
        worst_s = max(worst_s, *(bench.now_s - getattr(bench.driver, name).asked_s for name in readings))
    assert worst_s < allowed_s


@pytest.mark.parametrize("question", ["TEC:T?", "TEC:COND?", "TEC:OUT?", "TEC:SET:T?", "ERRSTR?"])
def test_three_lost_answers_in_a_row_let_no_measurement_become_stale(variant, question):
    bench = tec_bench()
    bench.wire.delay_s = 0.030
    bench.ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == question and bench.wire.is_answering)
    worst_s = 0.0
    for _ in range(200):
        if bench.unanswered < 3:
            bench.wire.say_instead(b"")
        bench.step()
        worst_s = max(worst_s, *(bench.now_s - getattr(bench.driver, name).asked_s for name in MEASURED))
    assert bench.unanswered == 3
    assert worst_s < (1.0 if variant.combo else 0.8), "control allows 1 s"


def test_an_error_is_in_the_readings_within_half_a_second_and_then_is_over(variant):
    within_s = 1.3 if variant.combo else 0.5
    bench = tec_bench().ready()
    bench.wire.queued.append('404,"Current limit"')
    bench.run_until(lambda: bench.driver.errors.value == (404,), within_s)
    bench.run_until(lambda: bench.driver.errors.value == (), within_s)


def test_it_is_ready_before_the_temperature_has_settled():
    bench = tec_bench(**{"TEC:COND?": str(1 << 9 | 1 << 10), "TEC:T?": "31.00"}).ready()
    assert bench.driver.condition_bits.value & 1 << 9
    assert bench.driver.temperature_c.value == 31.0


def test_a_trip_while_running_is_reported_and_not_cleared():
    bench = tec_bench().ready()
    sent = len(bench.wire.log)
    bench.wire.answers |= {"TEC:COND?": str(1 << 12), "TEC:OUT?": "0"}
    bench.wire.queued.append("439")
    bench.run_until(lambda: bench.driver.errors.value == (439,), within_s=1.3)
    bench.run(0.7)
    assert bench.driver.condition_bits.value == 1 << 12
    assert bench.driver.output_on.value is False
    assert all(line.endswith("?") for line in bench.wire.sent(since=sent)), "it only asks"


@pytest.mark.parametrize(
    "garbage", ["nan", "NAN", "999.99", "-273.15", "250.00", "-99", "-99.00", "251", "-100", "25,0"]
)
def test_an_impossible_temperature_is_not_taken(garbage):
    bench = tec_bench(**{"TEC:T?": "25.01"}).ready()
    bench.wire.answers["TEC:T?"] = garbage
    bench.run(2.0)
    assert bench.driver.temperature_c.value == 25.01
    assert bench.now_s - bench.driver.temperature_c.asked_s > 1.5, "the old one ages, and then none is known"
    assert bench.driver.link is LinkState.READY
    assert bench.now_s - bench.driver.condition_bits.asked_s < 1.0
    assert bench.now_s - bench.driver.output_on.asked_s < 1.0


def test_a_lost_controller_has_no_readings_and_comes_back():
    bench = tec_bench().ready()
    bench.wire.gone = True
    bench.run(0.02)
    assert bench.driver.link is LinkState.LOST
    assert [getattr(bench.driver, name) for name in READINGS] == [None] * 4
    bench.wire.gone = False
    bench.ready()
    assert bench.wire.sent().count("TEC:OUT 1") == 2


def test_a_controller_of_another_serial_number_is_left_alone():
    bench = tec_bench(**{"*IDN?": "Arroyo 5305 SIM-0003 3.10 x"}).run(3.0)
    assert bench.driver.link is LinkState.REFUSED
    assert bench.wire.sent() == ["", "TERMINAL 0", "TERM 0", "*IDN?", "*IDN?"]


def test_the_stop_ends_off_local_and_closed():
    bench = tec_bench().ready()
    sent = len(bench.wire.log)
    bench.step(bench.driver.begin_stop)
    bench.run(0.5)
    assert bench.driver.link is LinkState.CLOSED
    assert bench.driver.problem is None
    assert bench.wire.sent(since=sent)[-3:] == ["TEC:OUT 0", "TEC:OUT?", "LOCAL"]
    assert not bench.is_open


def test_closing_at_once_leaves_the_controller_cooling():
    bench = tec_bench().ready()
    bench.driver.close()
    assert "TEC:OUT 0" not in bench.wire.sent()
    assert bench.driver.link is LinkState.CLOSED
