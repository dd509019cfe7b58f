"""The aiming beam by commands of its own, and the smoothing motor for a self-test: never with a session's."""

from __future__ import annotations

import pytest

from benchmarks.rigs.ideal_cart import IdealCart, emitting, rules, with_
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Phase


def test_the_aiming_beam_goes_on_and_off_by_its_commands_alone() -> None:
    cart = IdealCart(rules())
    assert not cart.tick().outputs.aiming_on
    assert cart.tick(CommandType.AIMING_ON).outputs.aiming_on
    cart.run(1.0)
    assert cart.outputs.aiming_on
    assert not cart.tick(CommandType.AIMING_OFF).outputs.aiming_on


def test_the_aiming_beam_outlives_light_and_fault_and_ends_with_the_session() -> None:
    cart = emitting()
    assert cart.tick(CommandType.AIMING_ON).outputs.aiming_on
    assert cart.outputs.laser_output, "it has nothing to do with the treatment's light"
    cart.tick(CommandType.STOP)
    cart.inject["operator_s"] = lambda at_s: None
    cart.run(5.0)
    assert cart.state.phase is Phase.FAULT
    assert cart.outputs.aiming_on, "in a session it stays, also while no screen is there"
    assert not cart.tick(CommandType.CLOSE_SESSION).outputs.aiming_on
    cart.inject.clear()
    assert cart.tick(CommandType.AIMING_ON).outputs.aiming_on, "in a fault, too"


def test_without_a_session_the_aiming_beam_ends_with_its_screen() -> None:
    cart = IdealCart(rules())
    cart.tick(CommandType.AIMING_ON)
    cart.inject["operator_s"] = lambda at_s: 0.0
    cart.run(1.0)
    assert not cart.outputs.aiming_on
    cart.inject.clear()
    cart.run(1.0)
    assert not cart.outputs.aiming_on, "it does not come back by itself"


@pytest.mark.parametrize("command", [CommandType.OPEN_SESSION, CommandType.STOP])
def test_a_self_test_gets_the_motor_while_idle_and_no_tick_longer(command: CommandType) -> None:
    cart = IdealCart(rules())
    cart.inject["self_test_motor"] = lambda no: True
    cart.run(1.0)
    assert cart.outputs.motor_on
    assert not cart.tick(command).outputs.motor_on
    cart.run(1.0)
    assert not cart.outputs.motor_on


def test_a_fault_takes_the_motor_from_a_self_test() -> None:
    cart = IdealCart(rules())
    cart.inject["self_test_motor"] = lambda no: True
    cart.tick()
    cart.inject["board"] = with_(stop_loop_closed=False)
    assert not cart.tick().outputs.motor_on
