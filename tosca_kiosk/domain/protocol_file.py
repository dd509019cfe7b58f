"""Protocol files: JSON in the schema's form, checked against the cart's limits, and written back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from tosca_kiosk.domain.documents import (
    DocumentError,
    PathError,
    StrictModel,
    load_json,
    shape_errors,
    shown,
)
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.domain.setting_table import DURATION_KEY, POWER_KEY


class ProtocolError(DocumentError):
    """A protocol that is refused."""


class Limits(NamedTuple):
    """What the cart allows a protocol. ring_*: the calibrated range, None where there is no calibration."""

    max_power_w: float
    max_duration_s: float | None = None
    ring_min_mm: float | None = None
    ring_max_mm: float | None = None


NAME_LENGTH: Final = 80
VERSION: Final = "1.0"


class _StepShape(StrictModel):
    step_number: int
    duration_seconds: float
    power_start_watts: float
    power_end_watts: float
    ring_size_mm: float
    ramp_type: Literal["constant", "linear", "logarithmic", "exponential"]


class _SafetyShape(StrictModel):
    max_power_watts: float | None = None
    max_duration_seconds: float | None = None


class _ProtocolShape(StrictModel):
    version: Literal["1.0"]
    protocol_name: str | None = None
    description: str = ""
    steps: list[_StepShape]
    safety_limits: _SafetyShape = _SafetyShape()


def parse_protocol(text: str | bytes, source_name: str, default_name: str, limits: Limits) -> Protocol:
    """Return the protocol of a JSON document. default_name: its name where it states none.

    Raises ProtocolError with every mistake: shape, ranges, numbering and its own safety limits.
    """
    tree, errors = load_json(text)
    if not (tree is None and errors):
        errors += shape_errors(_ProtocolShape, tree)
        errors += _range_errors(tree, limits)
    if errors:
        raise ProtocolError(source_name, tuple(errors))
    return _protocol(_ProtocolShape.model_validate(tree), default_name)


def _range_errors(tree: object, limits: Limits) -> Iterator[PathError]:
    """Yield what is of the right type but not allowed; what is not is `shape_errors`' subject."""
    if not isinstance(tree, dict):
        return
    yield from _text_errors(tree)
    safety = tree.get("safety_limits")
    safety = safety if isinstance(safety, dict) else {}
    power = _Bound(maximum=limits.max_power_w, unit="W", key=POWER_KEY)
    duration = _Bound(maximum=limits.max_duration_s, unit="s", key=DURATION_KEY)
    yield from _amount_errors("safety_limits.max_power_watts", safety, power, zero=False)
    yield from _amount_errors("safety_limits.max_duration_seconds", safety, duration, zero=False)
    power = power.tightened(_number(safety, "max_power_watts"), "safety_limits.max_power_watts")
    duration = duration.tightened(
        _number(safety, "max_duration_seconds"), "safety_limits.max_duration_seconds"
    )
    steps = tree.get("steps")
    if isinstance(steps, list):
        rows = [step if isinstance(step, dict) else {} for step in steps]
        for index, row in enumerate(rows):
            yield from _step_errors(f"steps[{index}]", row, index + 1, power, limits)
        yield from _steps_errors(rows, duration)


class _Bound(NamedTuple):
    """An upper bound with the name of who sets it; None allows everything finite."""

    maximum: float | None
    unit: str
    key: str

    def tightened(self, maximum: float | None, key: str) -> _Bound:
        if maximum is None or maximum <= 0.0 or (self.maximum is not None and self.maximum <= maximum):
            return self
        return _Bound(maximum=maximum, unit=self.unit, key=key)

    def excess(self, value: float) -> str | None:
        if self.maximum is None or value <= self.maximum:
            return None
        return f"{value} is over {self.maximum} {self.unit} ({self.key})"


def _number(row: dict[str, Any], key: str) -> float | None:
    """Return a value that is a finite number, else None."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _amount_errors(path: str, row: dict[str, Any], bound: _Bound, zero: bool) -> Iterator[PathError]:
    """Yield the error of a number that is negative, over its bound, or zero where that is not allowed."""
    value = _number(row, path.rpartition(".")[2])
    if value is None:
        return
    if value < 0.0 or (value == 0.0 and not zero):
        allowed = f"0 {bound.unit} or more" if zero else f"over 0 {bound.unit}"
        yield PathError(path, f"{value} must be {allowed}")
    elif excess := bound.excess(value):
        yield PathError(path, excess)


def _text_errors(tree: dict[str, Any]) -> Iterator[PathError]:
    name = tree.get("protocol_name")
    if isinstance(name, str) and not (name.strip() and name.isprintable() and len(name) <= NAME_LENGTH):
        yield PathError(
            "protocol_name", f"{shown(name)} must be 1 to {NAME_LENGTH} printable characters, not only blanks"
        )
    description = tree.get("description")
    if isinstance(description, str) and not description.replace("\n", "").isprintable():
        yield PathError("description", f"{shown(description)} must be printable text")


def _step_errors(
    path: str, row: dict[str, Any], number: int, power: _Bound, limits: Limits
) -> Iterator[PathError]:
    stated = row.get("step_number")
    if type(stated) is int and stated != number:
        yield PathError(f"{path}.step_number", f"{stated} must be {number}: steps count from 1 without a gap")
    yield from _amount_errors(
        f"{path}.duration_seconds", row, _Bound(maximum=None, unit="s", key=""), zero=False
    )
    yield from _amount_errors(f"{path}.power_start_watts", row, power, zero=True)
    yield from _amount_errors(f"{path}.power_end_watts", row, power, zero=True)
    yield from _ring_errors(f"{path}.ring_size_mm", _number(row, "ring_size_mm"), limits)
    start_w, end_w = _number(row, "power_start_watts"), _number(row, "power_end_watts")
    if row.get("ramp_type") == "constant" and None not in (start_w, end_w) and start_w != end_w:
        text = f"{end_w} must equal power_start_watts, {start_w}, in a constant step"
        yield PathError(f"{path}.power_end_watts", text)


def _ring_errors(path: str, ring_size_mm: float | None, limits: Limits) -> Iterator[PathError]:
    low, high = limits.ring_min_mm, limits.ring_max_mm
    if ring_size_mm is None:
        return
    if ring_size_mm <= 0.0:
        yield PathError(path, f"{ring_size_mm} must be over 0 mm")
    elif low is not None and high is not None and not low <= ring_size_mm <= high:
        yield PathError(path, f"{ring_size_mm} is outside {low} to {high} mm (the ring calibration)")


def _steps_errors(rows: list[dict[str, Any]], duration: _Bound) -> Iterator[PathError]:
    if not rows:
        yield PathError("steps", "is empty; at least one step is needed")
    whole_s = sum(_number(row, "duration_seconds") or 0.0 for row in rows)
    if not math.isfinite(whole_s):
        yield PathError("steps", "the whole duration is not a finite number")
    elif excess := duration.excess(whole_s):
        yield PathError("steps", f"the whole duration {excess}")


def _protocol(shape: _ProtocolShape, default_name: str) -> Protocol:
    steps = tuple(
        Step(
            number=step.step_number,
            duration_s=step.duration_seconds,
            power_start_w=step.power_start_watts,
            power_end_w=step.power_end_watts,
            ring_size_mm=step.ring_size_mm,
            ramp=RampType(step.ramp_type),
        )
        for step in shape.steps
    )
    return Protocol(
        name=shape.protocol_name or default_name,
        description=shape.description,
        steps=steps,
        max_power_w=shape.safety_limits.max_power_watts,
        max_duration_s=shape.safety_limits.max_duration_seconds,
    )


def to_json(protocol: Protocol, *, named: bool = False) -> str:
    """Return the schema's `protocol_data`; named: with name and description, as a file carries them."""
    safety = {"max_power_watts": protocol.max_power_w, "max_duration_seconds": protocol.max_duration_s}
    heading = {"protocol_name": protocol.name, "description": protocol.description} if named else {}
    document = {
        "version": VERSION,
        **heading,
        "steps": [_step_row(step) for step in protocol.steps],
        "safety_limits": {key: value for key, value in safety.items() if value is not None},
    }
    return json.dumps(document, allow_nan=False, ensure_ascii=False)


def _step_row(step: Step) -> dict[str, Any]:
    return {
        "step_number": step.number,
        "duration_seconds": step.duration_s,
        "power_start_watts": step.power_start_w,
        "power_end_watts": step.power_end_w,
        "ring_size_mm": step.ring_size_mm,
        "ramp_type": step.ramp.value,
    }
