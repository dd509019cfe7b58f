"""The TEC driver while it runs."""

import pytest

from hardware.interfaces import LinkState
from tests.hardware.arroyo_bench import tec_bench

MEASURED = ("temperature_c", "output_on", "condition_bits")
READINGS = ("temperature_c", "setpoint_c", "output_on", "condition_bits")


def test_readings_are_what_the_device_says_in_our_units():
    driver = tec_bench().ready().driver
    assert driver.temperature_c.value == 25.01
    assert driver.setpoint_c.value == 25.0
    assert driver.output_on.value is True
    assert driver.condition_bits.value == 1024
    assert driver.errors.value == ()


@pytest.mark.parametrize("delay_s", [0.005, 0.030])
def test_everything_is_under_half_a_second_old(delay_s):
    bench = tec_bench()
    bench.wire.delay_s = delay_s
    bench.ready()
    worst_s = 0.0
    for _ in range(500):
        bench.step()
        worst_s = max(worst_s, *(bench.now_s - getattr(bench.driver, name).asked_s for name in READINGS))
    assert worst_s < 0.5


@pytest.mark.parametrize("question", ["TEC:T?", "TEC:COND?", "TEC:OUT?", "TEC:SET:T?", "ERRSTR?"])
def test_three_lost_answers_in_a_row_let_no_measurement_become_stale(question):
    bench = tec_bench()
    bench.wire.delay_s = 0.030
    bench.ready()
    bench.run_until(lambda: bench.wire.sent()[-1] == question and bench.wire.is_answering)
    worst_s = 0.0
    for _ in range(200):
        if bench.driver.unanswered_questions < 3:
            bench.wire.say_instead(b"")
        bench.step()
        worst_s = max(worst_s, *(bench.now_s - getattr(bench.driver, name).asked_s for name in MEASURED))
    assert bench.driver.unanswered_questions == 3
    assert worst_s < 0.8, "control allows 1 s"


def test_an_error_is_in_the_readings_within_half_a_second_and_then_is_over():
    bench = tec_bench().ready()
    bench.wire.answers["ERRSTR?"] = '404,"Current limit"'
    bench.run_until(lambda: bench.driver.errors.value == (404,), within_s=0.5)
    bench.wire.answers["ERRSTR?"] = "0"
    bench.run_until(lambda: bench.driver.errors.value == (), within_s=0.5)


def test_it_is_ready_before_the_temperature_has_settled():
    bench = tec_bench(**{"TEC:COND?": str(1 << 9 | 1 << 10), "TEC:T?": "31.00"}).ready()
    assert bench.driver.condition_bits.value & 1 << 9
    assert bench.driver.temperature_c.value == 31.0


def test_a_trip_while_running_is_reported_and_not_cleared():
    bench = tec_bench().ready()
    sent = len(bench.wire.log)
    bench.wire.answers |= {"TEC:COND?": str(1 << 12), "TEC:OUT?": "0", "ERRSTR?": "439"}
    bench.run(1.0)
    assert bench.driver.condition_bits.value == 1 << 12
    assert bench.driver.output_on.value is False
    assert bench.driver.errors.value == (439,)
    assert all(line.endswith("?") for line in bench.wire.sent(since=sent)), "it only asks"


@pytest.mark.parametrize("garbage", ["nan", "251", "-100", "25,0"])
def test_an_impossible_temperature_is_not_taken(garbage):
    bench = tec_bench().ready()
    bench.wire.answers["TEC:T?"] = garbage
    bench.run(1.0)
    assert bench.driver.temperature_c.value == 25.01
    assert bench.now_s - bench.driver.temperature_c.asked_s > 0.9


def test_a_lost_controller_has_no_readings_and_comes_back():
    bench = tec_bench().ready()
    bench.wire.gone = True
    bench.step()
    assert bench.driver.link is LinkState.LOST
    assert [getattr(bench.driver, name) for name in READINGS] == [None] * 4
    bench.wire.gone = False
    bench.ready()
    assert bench.wire.sent().count("TEC:OUT 1") == 2


def test_a_controller_of_another_serial_number_is_left_alone():
    bench = tec_bench(**{"*IDN?": "Arroyo 5305 SIM-0003 3.10 x"}).run(3.0)
    assert bench.driver.link is LinkState.REFUSED
    assert bench.wire.sent() == ["", "TERMINAL 0", "*IDN?", "*IDN?"]


def test_the_stop_ends_off_local_and_closed():
    bench = tec_bench().ready()
    sent = len(bench.wire.log)
    bench.step(bench.driver.begin_stop)
    bench.run(0.5)
    assert bench.driver.link is LinkState.CLOSED
    assert bench.driver.problem is None
    assert bench.wire.sent(since=sent)[-3:] == ["TEC:OUT 0", "TEC:OUT?", "LOCAL"]
    assert not bench.wire.is_open


def test_closing_at_once_leaves_the_controller_cooling():
    bench = tec_bench().ready()
    bench.driver.close()
    assert "TEC:OUT 0" not in bench.wire.sent()
    assert bench.driver.link is LinkState.CLOSED
