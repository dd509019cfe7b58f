"""The controller over real drivers and simulated wires: what it does when its own parts fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import Bench, bench
from hardware.interfaces import LinkState
from tosca_kiosk.control.operator import OperatorGaveUpError
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.state import Beam, Phase


@pytest.fixture
def cart() -> Iterator[Bench]:
    with bench() as cart:
        cart.run(cart.operator.prepare())
        yield cart


@pytest.fixture
def emitting(cart: Bench, tmp_path: Path) -> Iterator[Bench]:
    cart.open(tmp_path, constant(5.0, 60.0))
    script = cart.operator.treat()
    cart.run_until_script(script, lambda: cart.controller.state.beam is Beam.EMITTING)
    cart.wait(1.0)
    assert cart.world.true_power_w() > 4.0
    yield cart
    if cart.controller.state.phase in (Phase.ARMED, Phase.TREATING):
        cart.controller.submit(Command(0, CommandType.PAUSE))
    cart.run_until(lambda: cart.controller.dark, within_s=2.0)
    cart.controller.submit(Command(0, CommandType.CLOSE_SESSION))
    cart.wait(0.1)
    cart.controller.end_session()


def test_every_device_is_ready_and_the_stage_knows_its_index(cart: Bench) -> None:
    assert {device.link for device in cart.controller.devices} == {LinkState.READY}
    assert cart.operator.inputs is not None
    assert cart.operator.inputs.stage is not None
    assert cart.operator.inputs.stage.index_known


def test_an_error_inside_a_tick_switches_the_laser_off(
    emitting: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as patched:
        patched.setattr(emitting.controller, "decide", broken)
        with pytest.raises(RuntimeError, match="a mistake of ours"):
            emitting.wait(0.01)
    emitting.world.advance(emitting.clock.now_s() + 0.1)
    assert emitting.world.true_power_w() == 0.0


def test_a_journal_that_cannot_be_written_ends_the_light(emitting: Bench) -> None:
    journal = emitting.controller._journal
    assert journal is not None
    journal.ok = False
    emitting.wait(0.1)
    assert emitting.controller.state.faults[0] == "journal"
    assert emitting.world.true_power_w() == 0.0
    journal.ok = True


def test_a_silent_operator_ends_the_light(emitting: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(emitting.controller, "operator_alive", lambda now_s: None)
        emitting.wait(0.5)
    assert emitting.controller.state.faults[0] == "kiosk_lost"
    assert emitting.world.true_power_w() == 0.0


def test_a_session_is_opened_only_when_idle(emitting: Bench, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with pytest.raises(RuntimeError, match="not in treating"):
        emitting.open(tmp_path / "second", constant(5.0, 60.0))


def test_a_device_that_stays_away_is_named() -> None:
    with bench() as cart:
        cart.controller.devices.laser.close()
        with pytest.raises(OperatorGaveUpError, match="laser"):
            cart.run(cart.operator.prepare())
