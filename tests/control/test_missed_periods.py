"""Missed periods are skipped, counted, and stand in the journal; at any rate the cart is the same."""

import msgspec
import pytest

from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import bench
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.domain.journal_lines import ChainReader, TickLine
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.journal import JOURNAL_NAME

PERIOD_S = 0.01


def stall(cart, seconds):
    """Let a tick take so long."""

    def script():
        yield
        cart.clock.sleep_until(cart.clock.now_s() + seconds)
        yield

    cart.run(script())


def session(cart, folder, act):
    """Open a session, do something in it, and return its journal after it was closed."""
    cart.run(cart.operator.prepare())
    cart.open(folder, constant(5.0, 60.0))
    cart.wait(0.2)
    act()
    cart.wait(0.2)
    cart.run_until_script(cart.operator.treat(), lambda: cart.controller.state.beam is Beam.EMITTING)
    cart.wait(0.2)
    cart.controller._journal.close()
    return (folder / JOURNAL_NAME).read_bytes()


@pytest.mark.parametrize("missed", [1, 3, 9])
def test_missed_periods_are_counted_and_the_journal_tells_how_late_the_next_tick_was(tmp_path, missed):
    """A tick of so many periods and a half: the next comes so many deadlines after the first it missed."""
    with bench() as cart:
        counted = []

        def act():
            before = cart._loop.missed
            stall(cart, (missed + 0.5) * PERIOD_S)
            counted.append(cart._loop.missed - before)

        reader = ChainReader(session(cart, tmp_path, act))
        late_s = [msgspec.json.decode(line, type=TickLine).i.late_s for line in reader.ticks_json()]
    assert counted == [missed]
    assert [round(late / PERIOD_S) for late in late_s if late > PERIOD_S / 2] == [missed]


def test_a_journal_with_missed_periods_is_decided_again_alike(tmp_path):
    with bench() as cart:
        content = session(cart, tmp_path, lambda: stall(cart, 0.045))
    assert replay(ChainReader(content)).difference is None


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [50, 1000])
def test_a_treatment_comes_to_light_at_any_rate(tmp_path, rate_hz):
    with bench() as cart:
        cart._loop = FixedRateLoop(cart.clock, rate_hz)
        content = session(cart, tmp_path, lambda: None)
        assert cart._loop.missed == 0
        assert cart.world.true_power_w() > 0.0
    assert replay(ChainReader(content)).difference is None
