"""A few thousand bad lines for each simulated device; `python -m benchmarks.fuzz` sends a million."""

import pytest

from benchmarks.fuzz.noise import Noise
from benchmarks.fuzz.simulators import ANSWERS_WITHIN_S, HOSTS, framed, fuzz_simulators, without_beats
from simulators.cart import COMBO_PORT

pytestmark = pytest.mark.slow

LINES = 4000


@pytest.mark.parametrize("seed", [1, 2])
def test_bad_lines_raise_nothing_bring_no_light_and_leave_every_device_answering(seed):
    found = fuzz_simulators(LINES, seed) | fuzz_simulators(LINES, seed, (COMBO_PORT,))
    assert set(found) == set(HOSTS)
    for each in found.values():
        assert each.problems == []
        assert each.lines >= LINES
        assert 0.0 < each.worst_answer_s <= ANSWERS_WITHIN_S


def test_whole_heartbeats_are_taken_out_and_damaged_ones_are_not():
    whole, damaged, idle = framed(b"HB,5,1"), b"$HB,5,1*0000", framed(b"HB,5,0")
    assert without_beats(whole + b"\n" + damaged + b"\n" + idle) == b"\n" + damaged + b"\n" + idle


def test_a_gate_that_closes_would_be_found(monkeypatch):
    """The judge can fail: with the pedal held, a host that says the right things closes the gate."""
    monkeypatch.setattr("benchmarks.fuzz.simulators.without_beats", bytes)
    right = [framed(b"MO,1,127") + b"\n", framed(b"HB,2,1") + b"\n"]

    def line(noise):
        noise.count += 1
        return right[noise.count % 2]

    monkeypatch.setattr(Noise, "line", line)
    found = fuzz_simulators(20_000, 1, ("board",))
    assert "the gate closes" in found["board"].problems[0]
