"""Only answers to questions asked after the fact confirm it: the switch-on order waits for them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.state import Beam, Phase

TWO_RINGS = ((1.0, 2.0, 2.0, 3.0), (1.0, 2.0, 2.0, 4.0))


def at_beam(beam: Beam) -> IdealCart:
    """Return a cart in the first tick of a part of the switch-on order."""
    cart = IdealCart(rules(*TWO_RINGS))
    cart.arm()
    if beam is Beam.CLEARING:
        cart.run(2.1)
        cart.pedal = True
        cart.run(0.2)
        cart.pedal = False
        cart.tick()
        return cart
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is beam, within_s=3.0)
    return cart


def asked_before(
    device: str, field: str, by_s: float = 0.001
) -> Callable[[IdealCart], Callable[[object], object]]:
    def freeze(cart: IdealCart) -> Callable[[object], object]:
        before_s = cart.state.beam_since_s - by_s
        return lambda reading: msgspec.structs.replace(reading, **{field: before_s})  # type: ignore[type-var]

    freeze.__name__ = f"{device}.{field}-{by_s:g}"
    return freeze


def asked_in_the_very_tick(device: str, field: str) -> Callable[[IdealCart], Callable[[object], object]]:
    """What was asked in the tick that began a part may have been answered before it."""
    return asked_before(device, field, 0.0)


def reads(device: str, **fields: object) -> Callable[[IdealCart], Callable[[object], object]]:
    def falsify(cart: IdealCart) -> Callable[[object], object]:
        return lambda reading: msgspec.structs.replace(reading, **fields)  # type: ignore[type-var]

    falsify.__name__ = f"{device}.{'.'.join(fields)}"
    return falsify


ASKED = [
    (Beam.CLEARING, "laser", "output_asked_s"),
    (Beam.CLEARING, "laser", "set_asked_s"),
    (Beam.CLEARING, "laser", "errors_asked_s"),
    (Beam.CHECKING, "laser", "condition_asked_s"),
    (Beam.STARTING, "laser", "output_asked_s"),
    (Beam.MOVING, "laser", "output_asked_s"),
    (Beam.MOVING, "laser", "set_asked_s"),
    (Beam.MOVING, "stage", "measured_s"),
]
STAYS = [
    *(
        (part, device, asked(device, field))
        for asked in (asked_before, asked_in_the_very_tick)
        for part, device, field in ASKED
    ),
    (Beam.CLEARING, "laser", reads("laser", output_on=True)),
    (Beam.CLEARING, "laser", reads("laser", set_current_ma=1.0)),
    (Beam.CLEARING, "laser", reads("laser", errors=(501,))),
    (Beam.CLOSING, "board", reads("board", gate_closed=False)),
    (Beam.CLOSING, "board", reads("board", gate_wanted=False)),
    (Beam.CHECKING, "laser", reads("laser", condition=1 << 4)),
    (Beam.CHECKING, "laser", reads("laser", set_current_ma=5000.0)),
    (Beam.CHECKING, "laser", reads("laser", output_on=True)),
    (Beam.STARTING, "laser", reads("laser", output_on=False)),
    (Beam.MOVING, "laser", reads("laser", output_on=True)),
    (Beam.MOVING, "laser", reads("laser", set_current_ma=1.0)),
    (Beam.MOVING, "stage", reads("stage", settled=False)),
    (Beam.MOVING, "stage", reads("stage", position_um=1900.0)),
]


@pytest.mark.parametrize(
    ("beam", "device", "falsify"), STAYS, ids=[f"{beam}-{make.__name__}" for beam, _, make in STAYS]
)
def test_a_part_of_the_order_waits_for_its_confirmation(
    beam: Beam, device: str, falsify: Callable[[IdealCart], Callable[[object], object]]
) -> None:
    cart = at_beam(beam)
    assert cart.state.beam is beam
    cart.inject[device] = falsify(cart)
    if beam is Beam.CLOSING:
        # A gate that reads open while the laser tells its loop closed is a bridged loop, and another matter.
        cart.inject["laser"] = reads("laser", condition=1 << 4)(cart)
    for _ in range(20):
        cart.tick()
        assert cart.state.beam in (beam, Beam.DARK)
    cart.inject.clear()
    if cart.state.phase is not Phase.FAULT:
        cart.run_until(lambda: cart.state.beam is not beam, within_s=2.5)


def test_a_whole_treatment_runs_on_answers_that_lag() -> None:
    cart = IdealCart(rules(*TWO_RINGS))
    cart.laser_lag_s = 0.06
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    assert cart.state.faults == ()
    assert cart.state.abort_reason is None


def test_the_ring_that_is_not_there_is_waited_for_before_the_first_light() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.inject["stage"] = lambda stage: msgspec.structs.replace(stage, settled=False)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.MOVING, within_s=1.0)
    cart.inject.clear()
    cart.run_until(lambda: cart.state.beam is Beam.EMITTING, within_s=1.0)


def test_a_bad_condition_keeps_the_output_off_in_the_very_tick_that_would_switch_it_on() -> None:
    """Error bits that only light forbids are judged before the output is asked on, not a tick later."""
    cart = IdealCart(rules())
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.inject["laser"] = lambda laser: msgspec.structs.replace(laser, errors=(404,))
    cart.pedal = True
    cart.run(1.0)
    assert "laser_error" in cart.state.faults
    assert not any(decision.outputs.laser_output for decision in cart.decisions)


def test_a_temperature_that_is_not_asked_does_not_settle() -> None:
    cart = IdealCart(rules())
    cart.open()

    def old(inputs_s: float) -> Callable[[object], object]:
        return lambda tec: msgspec.structs.replace(tec, temperature_asked_s=inputs_s)  # type: ignore[type-var]

    cart.inject["tec"] = old(cart.now_s)
    cart.run(5.5)
    assert cart.state.tec_settled_since_s is None


def test_inputs_name_every_reading_with_its_time() -> None:
    times = {name for name in Inputs.__struct_fields__ if name.endswith("_s")}
    assert times == {"now_s", "late_s", "overrun_s", "operator_s", "frame_s"}
