"""What is no number is not known, and what is not known gives no light: every number, in every phase."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.ideal_cart import CALIBRATIONS, IdealCart, rules
from tosca_kiosk.domain import checks, laser_checks
from tosca_kiosk.domain.inputs import CommandType, Inputs
from tosca_kiosk.domain.safety import step
from tosca_kiosk.domain.state import Beam, Phase, State

NO_NUMBERS = (math.nan, math.inf, -math.inf)
DEVICES = ("board", "laser", "tec", "stage")
SESSION = msgspec.structs.replace(rules((0.5, 5.0, 8.0, 3.0), (0.5, 8.0, 8.0, 3.5)), camera_required=True)


def numbers_of(record: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(record) if field.type in (float, float | None)]


def every_number() -> Iterator[tuple[str | None, str]]:
    """Yield (device, field) of every number that a decision may read; None is no device."""
    for name in numbers_of(Inputs):
        yield None, name
    sample = IdealCart(SESSION).inputs()
    for device in DEVICES:
        for name in numbers_of(type(getattr(sample, device))):
            yield device, name


NUMBERS = list(every_number())


def with_number(inputs: Inputs, device: str | None, field: str, value: float) -> Inputs:
    if device is None:
        return msgspec.structs.replace(inputs, **{field: value})
    reading = msgspec.structs.replace(getattr(inputs, device), **{field: value})
    return msgspec.structs.replace(inputs, **{device: reading})


def moments() -> list[tuple[State, Inputs]]:
    """Collect a state of every phase and beam with the good inputs that would be read next."""
    found: dict[Any, tuple[State, Inputs]] = {}

    class Watched(IdealCart):
        def tick(self, *commands: CommandType, role: str | None = None) -> Any:
            decision = super().tick(*commands, role=role)
            self.now_s += 0.01
            key = (decision.state.phase, decision.state.beam, decision.outputs.laser_output)
            found.setdefault(key, (decision.state, self.inputs()))
            self.now_s -= 0.01
            return decision

    cart = Watched(SESSION)
    cart.tick()
    cart.emit()
    cart.pedal = False
    cart.run(0.5)
    cart.pedal = True
    cart.run_until(lambda: cart.state.finished)
    cart.pedal = False
    cart.tick(CommandType.STOP)
    cart.tick(CommandType.CLOSE_SESSION)
    return list(found.values())


MOMENTS = moments()


def test_the_moments_are_of_every_phase_and_beam_and_some_give_light() -> None:
    assert {state.phase for state, _ in MOMENTS} == set(Phase)
    assert {state.beam for state, _ in MOMENTS} == set(Beam)
    assert any(step(SESSION, *moment).outputs.laser_output for moment in MOMENTS)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    ("device", "field"), NUMBERS, ids=[f"{device or 'inputs'}.{field}" for device, field in NUMBERS]
)
def test_a_number_that_is_none_gives_no_light_in_any_phase(
    device: str | None, field: str, value: float
) -> None:
    lit = [
        (state.phase, state.beam)
        for state, inputs in MOMENTS
        if step(SESSION, state, with_number(inputs, device, field, value)).outputs.laser_output
    ]
    assert lit == []


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_several_numbers_that_are_none_do_not_make_up_for_each_other(data: st.DataObject) -> None:
    """An infinity less an infinity, or beside its opposite, is a way in which a check may be fooled."""
    state, inputs = data.draw(st.sampled_from(MOMENTS))
    for device, field in data.draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=4, unique=True)):
        inputs = with_number(inputs, device, field, data.draw(st.sampled_from(NO_NUMBERS)))
    assert not step(SESSION, state, inputs).outputs.laser_output


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_journal_makes_no_number_of_what_was_none(value: float) -> None:
    """JSON has no infinity: what was one is null, which stands for unknown or is refused."""
    inputs = IdealCart(SESSION).inputs()
    for device, field in NUMBERS:
        line = msgspec.json.encode(with_number(inputs, device, field, value))
        if device is None and field in ("operator_s", "frame_s"):
            assert getattr(msgspec.json.decode(line, type=Inputs), field) is None
            continue
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(line, type=Inputs)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("age_s", [0.0, 1.0])
def test_a_time_that_is_none_is_never_fresh(value: float, age_s: float) -> None:
    assert not checks.fresh(100.0, value, 0.5)
    assert not checks.fresh(value, 100.0 - age_s, 0.5)
    assert not checks.fresh(value, value, 0.5)


@pytest.mark.parametrize("volts", NO_NUMBERS)
def test_a_photodiode_that_says_no_number_is_not_dark(volts: float) -> None:
    """Neither is a session closed on its word, nor is the laser taken for dark while it is off."""
    cart = IdealCart(SESSION)
    cart.run(0.5)
    cart.inject["board"] = lambda board: msgspec.structs.replace(board, photodiode_v=volts)
    assert not laser_checks.dark_confirmed(SESSION, cart.state, cart.inputs())
    assert not checks.photodiode_dark(SESSION, cart.state, cart.inputs())
    cart.tick()
    assert "light_while_off" in cart.state.faults


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_calibration_makes_no_power_of_what_is_no_number(value: float) -> None:
    assert not math.isfinite(CALIBRATIONS.measured_power_w(value))
    assert not math.isfinite(CALIBRATIONS.power_w(value))
