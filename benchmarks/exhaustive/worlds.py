"""Everything that can be read in one tick, group by group: well, or bad in each of its own ways.

A world is one way for each group. Bad ways are what is unsafe: missing, stale, from the future,
not a number, a wrong bit, past a limit by as little as a reading can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import inf, nan
from typing import Any, NamedTuple

import msgspec

from tosca_kiosk.domain.inputs import Command, CommandType, Inputs

Change = Callable[[Inputs], Inputs]
JUST = 1e-6


class Group(NamedTuple):
    """A group of readings that are well together or not. ways: each bad way by name."""

    name: str
    ways: tuple[tuple[str, Change], ...]


def _device(device: str, **fields: Any) -> Change:
    """Make a change of a device's readings; a callable is given the reading and the time it is read at."""

    def change(inputs: Inputs) -> Inputs:
        reading = getattr(inputs, device)
        if reading is None:
            return inputs
        now_s = inputs.now_s
        values = {key: value(reading, now_s) if callable(value) else value for key, value in fields.items()}
        return msgspec.structs.replace(inputs, **{device: msgspec.structs.replace(reading, **values)})

    return change


def _lost(device: str) -> Change:
    return lambda inputs: msgspec.structs.replace(inputs, **{device: None})


def _aged(by_s: float) -> Callable[[Any, float], float]:
    return lambda reading, now_s: now_s - by_s


def _ages(device: str, fields: tuple[str, ...], within_s: float) -> Iterator[tuple[str, Change]]:
    """Yield every way in which a measurement's time is bad."""
    ages_s = (within_s + 0.001 + JUST, 3600.0, -0.002, nan, inf, -inf)
    for field, age_s in product(fields, ages_s):
        yield f"{device}.{field} {age_s:g} s old", _device(device, **{field: _aged(age_s)})


def _each(device: str, field: str, values: tuple[Any, ...]) -> Iterator[tuple[str, Change]]:
    for value in values:
        yield f"{device}.{field} {value}", _device(device, **{field: value})


def _of_inputs(name: str, values: tuple[Any, ...]) -> Iterator[tuple[str, Change]]:
    for value in values:
        yield (
            f"{name} {value}",
            lambda inputs, value=value: msgspec.structs.replace(inputs, **{name: value}),
        )


def _since(name: str, ages_s: tuple[float, ...]) -> Iterator[tuple[str, Change]]:
    yield f"{name} missing", lambda inputs: msgspec.structs.replace(inputs, **{name: None})
    for age_s in ages_s:
        yield (
            f"{name} {age_s:g} s old",
            lambda inputs, age_s=age_s: msgspec.structs.replace(inputs, **{name: inputs.now_s - age_s}),
        )


def _turned_over(device: str, field: str) -> tuple[str, Change]:
    return f"{device}.{field} turned over", _device(
        device, **{field: lambda reading, now_s: not getattr(reading, field)}
    )


def _bits(device: str, field: str, bits: tuple[int, ...]) -> Iterator[tuple[str, Change]]:
    for bit in bits:
        yield (
            f"{device}.{field} bit {bit}",
            _device(
                device,
                **{field: lambda reading, now_s, bit=bit, field=field: getattr(reading, field) | 1 << bit},
            ),
        )


def taken_at(inputs: Inputs, now_s: float) -> Inputs:
    """Return the same readings, all taken at now_s."""
    by_s = now_s - inputs.now_s
    moved: dict[str, Any] = {"now_s": now_s}
    for device in ("board", "laser", "tec", "stage"):
        reading = getattr(inputs, device)
        if reading is not None:
            times = [
                field for field in reading.__struct_fields__ if field.endswith(("asked_s", "measured_s"))
            ]
            values = {field: getattr(reading, field) + by_s for field in times}
            moved[device] = msgspec.structs.replace(reading, **values)
    for name in ("operator_s", "frame_s"):
        at_s = getattr(inputs, name)
        moved[name] = None if at_s is None else at_s + by_s
    return msgspec.structs.replace(inputs, **moved)


def _clocks() -> Iterator[tuple[str, Change]]:
    for by_s in (-0.010001, -3600.0, 0.12, 3600.0, 1e9):
        yield (
            f"now_s and all that is read moved by {by_s:g} s",
            lambda inputs, by_s=by_s: taken_at(inputs, inputs.now_s + by_s),
        )
    for now_s in (nan, inf, -inf, -1.0, 1e9):
        yield f"now_s {now_s:g}", lambda inputs, now_s=now_s: msgspec.structs.replace(inputs, now_s=now_s)
    for by_s in (-0.010001, -3600.0, 0.24, 3600.0):
        yield (
            f"now_s moved by {by_s:g} s",
            lambda inputs, by_s=by_s: msgspec.structs.replace(inputs, now_s=inputs.now_s + by_s),
        )


_LASER_TIMES = ("output_asked_s", "set_asked_s", "measured_asked_s", "condition_asked_s", "errors_asked_s")
_FLAG = (False,)
_VOLTS = (0.051, 0.2, 3.8, 4.99, 5.2, nan, inf, -inf, 1e308)
_NO_NUMBERS = (nan, inf, -inf)
_PROBLEMS = ("rules_problem", "real_time_problem", "self_test_problem")

GROUPS: tuple[Group, ...] = (
    Group("board link", (("board lost", _lost("board")), *_ages("board", ("measured_s",), 0.1))),
    Group("pedal", (_turned_over("board", "pedal_pressed"),)),
    Group("stop loop", tuple(_each("board", "stop_loop_closed", _FLAG))),
    Group("gate", (_turned_over("board", "gate_closed"), _turned_over("board", "gate_wanted"))),
    Group("smoothing", (*_each("board", "motor_on", _FLAG), *_each("board", "vibration_healthy", _FLAG))),
    Group("board faults", tuple(_bits("board", "faults", (*range(12), 15, 31)))),
    Group("photodiode", (
        *_each("board", "photodiode_v", _VOLTS), *_each("board", "photodiode_saturated", (True,)),
    )),
    Group("laser link", (
        ("laser lost", _lost("laser")),
        *_ages("laser", _LASER_TIMES, 0.5),
    )),
    Group("laser read-back", (
        _turned_over("laser", "output_on"),
        *_each("laser", "set_current_ma", (*_NO_NUMBERS, 1.0, 9500.0, -5.0, 1e308)),
        *_each("laser", "measured_current_ma", (*_NO_NUMBERS, 0.0)),
    )),
    Group("laser condition", (
        ("interlock bit turned over", _device("laser", condition=lambda now, _: now.condition ^ 1 << 4)),
        *_bits("laser", "condition", (0, 1, 2, 3, 7, 8, 9, 13, 14, 15)),
    )),
    Group("laser errors", tuple(_each("laser", "errors", ((501,), (201, 404))))),
    Group("tec", (
        ("tec lost", _lost("tec")),
        *_ages("tec", ("temperature_asked_s", "output_asked_s", "condition_asked_s"), 1.0),
        *_each("tec", "output_on", _FLAG),
        *_each("tec", "temperature_c", (25.2, 27.1, 28.1, 21.9, -99.0, 250.0, *_NO_NUMBERS)),
        *_bits("tec", "condition", (2, 3, 4, 5, 6, 7, 12)),
    )),
    Group("stage", (
        ("stage lost", _lost("stage")),
        *_ages("stage", ("measured_s",), 0.5),
        *_each("stage", "position_um", (20.001, 979.0, 1021.0, 5e6, *_NO_NUMBERS)),
        *_each("stage", "index_known", _FLAG),
        *_each("stage", "settled", _FLAG),
        *_each("stage", "trips", (("thermal",), ("end stop",))),
    )),
    Group("operator", tuple(_since("operator_s", (0.401, 3600.0, -0.002, nan, inf, -inf)))),
    Group("camera", (
        *_since("frame_s", (0.51, 1.001, 3600.0, -0.002, nan, inf, -inf)),
        *_of_inputs("frame_covered", (True,)),
    )),
    Group("journal, disk, and what control knows of itself", (
        *(way for name in ("journal_ok", "disk_ok", "runtime_ok") for way in _of_inputs(name, _FLAG)),
        *(way for name in _PROBLEMS for way in _of_inputs(name, ("a problem",))),
    )),
    Group("lateness", (
        *_of_inputs("late_s", (0.1 + JUST, 10.0, nan, inf)), *_of_inputs("overrun_s", (0.2, 10.0, nan, inf)),
    )),
    Group("clock", tuple(_clocks())),
)  # fmt: skip

WAYS: tuple[tuple[int, str, Change], ...] = tuple(
    (number, name, change) for number, group in enumerate(GROUPS) for name, change in group.ways
)
"""Every bad way, with the number of its group."""

COMMANDS: tuple[tuple[Command, ...], ...] = (
    (),
    *((Command(1, kind),) for kind in CommandType if kind is not CommandType.ACKNOWLEDGE),
    *((Command(1, CommandType.CONFIRM_KEY_OFF, role, "key out"),) for role in ("technician", "supervisor")),
    *(
        (Command(1, CommandType.ACKNOWLEDGE, role),)
        for role in (None, "nobody", "technician", "supervisor", "admin")
    ),
    *(
        (Command(1, CommandType.POWER_OVERRIDE, reason="why", value=value),)
        for value in (1.0, 7.5, 7.5 + JUST, 0.0, -1.0, 1e308, nan, inf)
    ),
    *(
        (Command(1, CommandType.RING_OVERRIDE, reason="why", value=value),)
        for value in (2.2, 2.2 - JUST, 3.9, 3.9 + JUST, 0.0, nan)
    ),
    (Command(1, CommandType.POWER_OVERRIDE, reason=" ", value=1.0),),
    (
        Command(1, CommandType.PAUSE),
        Command(2, CommandType.POWER_OVERRIDE, reason="why", value=7.0),
        Command(3, CommandType.RING_OVERRIDE, reason="why", value=2.5),
    ),
)
"""No command, and each with each role that matters to it, each override with values about its bounds."""
