"""One half of a ComboSource at work while the other is met anew: its readings stay young."""

import pytest

from benchmarks.rigs.variants import LASERS
from hardware.conversation import NoAnswerError
from hardware.interfaces import LinkState
from tests.hardware.arroyo_bench import LASER_READINGS, switched_on, tec_bench
from tests.hardware.variants import each

variant = each({name: row for name, row in LASERS.items() if row.combo})
TEC_START_QUESTIONS = ["TEC:COND?", "TEC:MODE?", "TEC:LIM:ITE?", "TEC:TOL?", "TEC:LIM:THI?", "TEC:SET:T?"]
LASER_START_QUESTIONS = ["LAS:MODE?", "LAS:LIM:LDI?", "LAS:TOL?"]


def _start_in_vain(bench, question):
    """Let a bench's other half be met anew; one of its questions is not answered."""
    bench.other._fail(NoAnswerError("its line went quiet"), bench.now_s)
    bench.wire.answers.pop(question, None)
    bench.wire.stuck.add(question)


def _worst_age_s(bench, names, seconds):
    worst_s = 0.0
    for _ in range(round(seconds / bench.period_s)):
        bench.step()
        worst_s = max(worst_s, *(bench.now_s - getattr(bench.driver, name).asked_s for name in names))
    return worst_s


@pytest.mark.parametrize("delay_s", [0.010, 0.028])
@pytest.mark.parametrize("question", TEC_START_QUESTIONS)
def test_a_laser_under_light_is_read_in_time_while_the_tec_starts_and_waits_in_vain(question, delay_s):
    bench = switched_on(current_ma=1000.0)
    bench.wire.delay_s = delay_s
    _start_in_vain(bench, question)
    assert _worst_age_s(bench, LASER_READINGS, 5.0) < 0.5
    assert bench.driver.link is LinkState.READY
    assert bench.other.link is not LinkState.READY


@pytest.mark.parametrize("question", LASER_START_QUESTIONS)
def test_a_temperature_is_read_in_time_while_the_laser_starts_and_waits_in_vain(question):
    bench = tec_bench().ready()
    _start_in_vain(bench, question)
    assert _worst_age_s(bench, ("temperature_c", "condition_bits"), 5.0) < 1.0
    assert bench.driver.link is LinkState.READY
    assert bench.other.link is not LinkState.READY
