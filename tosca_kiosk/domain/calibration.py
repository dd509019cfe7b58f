"""Calibrations: stage position and ring size, photodiode voltage and power, diode current and power.

Points come from the schema's `calibration_data`. Between points the line is straight. A command beyond the
points is refused; a measurement beyond them is continued, so that too much light is never hidden.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

import msgspec
from pydantic import Field

from tosca_kiosk.domain.documents import DocumentError, PathError, StrictModel, load_json, shape_errors


class CalibrationError(DocumentError):
    """Calibration data that is refused."""


class OutOfRangeError(ValueError):
    """A value beyond the calibrated points was asked for."""


class PiecewiseLinear(msgspec.Struct, frozen=True, dict=True):
    """Straight lines through points whose x rises strictly and whose y rises or falls strictly.

    Raises ValueError when made from fewer than two points, values that are not finite, or a curve that
    turns or stands still.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.xs) == len(self.ys):
            raise ValueError(f"{len(self.xs)} x and {len(self.ys)} y make no curve; two points or more do")
        for problem in curve_problems(self.xs, self.ys):
            raise ValueError(f"point {problem.point + 1} of a curve: {problem.text}")

    @cached_property
    def slopes(self) -> tuple[float, ...]:
        """The slope of each segment."""
        points = pairwise(zip(self.xs, self.ys, strict=True))
        return tuple((y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in points)

    @cached_property
    def inverse(self) -> PiecewiseLinear:
        """The same curve with x and y exchanged."""
        step = 1 if self.ys[0] < self.ys[-1] else -1
        return PiecewiseLinear(xs=self.ys[::step], ys=self.xs[::step])

    def at(self, x: float) -> float:
        """Return y between the points, ends included. Raises OutOfRangeError elsewhere and for NaN."""
        if not self.xs[0] <= x <= self.xs[-1]:
            raise OutOfRangeError(f"{x:g} asked, {self.xs[0]:g} to {self.xs[-1]:g} calibrated")
        return self.continued(x)

    def continued(self, x: float) -> float:
        """Return y at any x: the first and the last segment go on for ever. NaN stays NaN."""
        xs = self.xs
        right = bisect_right(xs, x, 1, len(xs) - 1)
        if x == xs[right]:
            return self.ys[right]
        left = right - 1
        return self.ys[left] + (x - xs[left]) * self.slopes[left]


class CurveProblem(NamedTuple):
    """What is wrong with a curve's point. axis: 0 for x, 1 for y."""

    point: int
    axis: int
    text: str


def curve_problems(xs: Sequence[float], ys: Sequence[float]) -> Iterator[CurveProblem]:
    """Yield every point that breaks the rules of PiecewiseLinear but the first two-point one."""
    for index, point in enumerate(zip(xs, ys, strict=True)):
        for axis, value in enumerate(point):
            if not math.isfinite(value):
                yield CurveProblem(point=index, axis=axis, text=f"{value} must be a finite number")
    rising = ys[0] < ys[-1]
    for index in range(1, len(xs)):
        if not xs[index - 1] < xs[index]:
            yield CurveProblem(
                point=index, axis=0, text=f"{xs[index]} must be over {xs[index - 1]}, the point before"
            )
        low, high = (ys[index - 1], ys[index]) if rising else (ys[index], ys[index - 1])
        if not low < high:
            word = "over" if rising else "under"
            yield CurveProblem(
                point=index, axis=1, text=f"{ys[index]} must be {word} {ys[index - 1]}, the point before"
            )


class RingCalibration(msgspec.Struct, frozen=True):
    """Stage position (um) and ring size (mm) of one stage."""

    device_serial_number: str
    curve: PiecewiseLinear

    @property
    def ring_min_mm(self) -> float:
        return min(self.curve.ys)

    @property
    def ring_max_mm(self) -> float:
        return max(self.curve.ys)

    def ring_size_mm(self, position_um: float) -> float:
        """Return the ring size at a position. Raises OutOfRangeError beyond the points."""
        return _asked(self.curve, position_um, "stage position", "um")

    def position_um(self, ring_size_mm: float) -> float:
        """Return the position for a ring size. Raises OutOfRangeError beyond the points."""
        return _asked(self.curve.inverse, ring_size_mm, "ring size", "mm")


class PhotodiodeCalibration(msgspec.Struct, frozen=True):
    """Photodiode voltage (V) and laser power (W), as one interlock board reads it."""

    device_serial_number: str
    curve: PiecewiseLinear

    def power_w(self, voltage_v: float) -> float:
        """Return the power; beyond the points the end segments go on, but not under 0 W.

        What is no finite number stays none.
        """
        power_w = self.curve.continued(voltage_v)
        return 0.0 if -math.inf < power_w < 0.0 else power_w

    def voltage_v(self, power_w: float) -> float:
        """Return the voltage for a power, the end segments continued."""
        return self.curve.inverse.continued(power_w)


class PowerCalibration(msgspec.Struct, frozen=True):
    """Diode current (mA) and optical power (W) of one laser driver with its diode, warm."""

    device_serial_number: str
    curve: PiecewiseLinear

    @property
    def max_power_w(self) -> float:
        """The highest power that may be commanded."""
        return self.curve.ys[-1]

    def current_ma(self, power_w: float) -> float:
        """Return the current for a power: 0 mA for 0 W; the first segment goes on down to threshold.

        Raises OutOfRangeError over the last point, below 0 W and for NaN.
        """
        if power_w == 0.0:
            return 0.0
        if not 0.0 < power_w <= self.max_power_w:
            raise OutOfRangeError(f"power {power_w:g} W asked, 0 to {self.max_power_w:g} W calibrated")
        return max(0.0, self.curve.inverse.continued(power_w))

    def power_w(self, current_ma: float) -> float:
        """Return the power to expect; the end segments go on, but not under 0 W.

        What is no finite number stays none.
        """
        power_w = self.curve.continued(current_ma)
        return 0.0 if -math.inf < power_w < 0.0 else power_w


def _asked(curve: PiecewiseLinear, value: float, what: str, unit: str) -> float:
    try:
        return curve.at(value)
    except OutOfRangeError as error:
        raise OutOfRangeError(f"{what} ({unit}): {error}") from None


Calibration = RingCalibration | PhotodiodeCalibration | PowerCalibration


class CalibrationSet(msgspec.Struct, frozen=True):
    """The active calibrations a treatment runs under; goes into the journal's header."""

    ring: RingCalibration
    photodiode: PhotodiodeCalibration
    power: PowerCalibration

    def position_um(self, ring_size_mm: float) -> float:
        """Return the stage position for a ring size. Raises OutOfRangeError beyond the points."""
        return self.ring.position_um(ring_size_mm)

    def ring_size_mm(self, position_um: float) -> float:
        """Return the ring size at a stage position. Raises OutOfRangeError beyond the points."""
        return self.ring.ring_size_mm(position_um)

    def measured_power_w(self, voltage_v: float) -> float:
        """Return the laser power that a photodiode voltage means."""
        return self.photodiode.power_w(voltage_v)

    def current_ma(self, power_w: float) -> float:
        """Return the diode current for a power. Raises OutOfRangeError over the calibrated power."""
        return self.power.current_ma(power_w)

    def power_w(self, current_ma: float) -> float:
        """Return the laser power that a diode current should give."""
        return self.power.power_w(current_ma)


class _RingPoint(StrictModel):
    actuator_position_um: float
    ring_size_mm: float = Field(gt=0)


class _RingShape(StrictModel):
    calibration_points: list[_RingPoint] = Field(min_length=2)
    interpolation_method: Literal["linear"] = "linear"
    fit_equation: str | None = None
    r_squared: float | None = None


class _PhotodiodePoint(StrictModel):
    voltage_v: float
    power_watts: float = Field(ge=0)


class _PhotodiodeShape(StrictModel):
    calibration_points: list[_PhotodiodePoint] = Field(min_length=2)
    interpolation_method: Literal["linear"] = "linear"
    fit_equation: str | None = None
    r_squared: float | None = None


class _PowerPoint(StrictModel):
    current_ma: float = Field(ge=0)
    power_watts: float = Field(ge=0)


class _PowerShape(StrictModel):
    points: list[_PowerPoint] = Field(min_length=2)
    interpolation_method: Literal["linear"] = "linear"
    fit_equation: str | None = None
    r_squared: float | None = None


class _Kind(NamedTuple):
    """How `calibration_data` of one type is read. may_fall: y may fall while x rises; made_by: a command."""

    shape: type[StrictModel]
    points_key: str
    x_key: str
    y_key: str
    result: type[RingCalibration] | type[PhotodiodeCalibration] | type[PowerCalibration]
    field: str
    made_by: str
    may_fall: bool = False


RING: Final = "actuator_position_to_ring_size"
PHOTODIODE: Final = "photodiode_voltage_to_power"
POWER: Final = "laser_power_verification"

_POINTS: Final = "calibration_points"
_KINDS: Final[dict[str, _Kind]] = {
    PHOTODIODE: _Kind(
        shape=_PhotodiodeShape,
        points_key=_POINTS,
        x_key="voltage_v",
        y_key="power_watts",
        result=PhotodiodeCalibration,
        field="photodiode",
        made_by="tosca-kiosk calibrate photodiode",
    ),
    POWER: _Kind(
        shape=_PowerShape,
        points_key="points",
        x_key="current_ma",
        y_key="power_watts",
        result=PowerCalibration,
        field="power",
        made_by="tosca-kiosk calibrate laser",
    ),
    RING: _Kind(
        shape=_RingShape,
        points_key=_POINTS,
        x_key="actuator_position_um",
        y_key="ring_size_mm",
        result=RingCalibration,
        field="ring",
        made_by="tosca-kiosk calibrate import FILE",
        may_fall=True,
    ),
}
"""In the order in which they are made: a laser's watts are read off its calibrated photodiode."""

MADE_BY: Final = {kind: row.made_by for kind, row in _KINDS.items()}
"""By type, in that order: the command."""
_MAKE: Final = "in this order: " + ", ".join(f"{row.field} by {row.made_by}" for row in _KINDS.values())


def parse_calibration(
    calibration_type: str, calibration_data: str | bytes, device_serial_number: str, source_name: str
) -> Calibration:
    """Return the calibration of a row of the table `calibrations`.

    Raises CalibrationError with every mistake, and for a calibration_type that a treatment does not use.
    """
    kind = _KINDS.get(calibration_type)
    if kind is None:
        text = f"{calibration_type} is no calibration of a treatment; allowed: {', '.join(_KINDS)}"
        raise CalibrationError(source_name, (PathError("calibration_type", text),))
    tree, errors = load_json(calibration_data)
    if not (tree is None and errors):
        errors += shape_errors(kind.shape, tree)
    if errors:
        raise CalibrationError(source_name, tuple(errors))
    points = tree[kind.points_key]
    xs = tuple(float(point[kind.x_key]) for point in points)
    ys = tuple(float(point[kind.y_key]) for point in points)
    if errors := _curve_errors(kind, xs, ys):
        raise CalibrationError(source_name, tuple(errors))
    return kind.result(device_serial_number, PiecewiseLinear(xs=xs, ys=ys))


class Points(NamedTuple):
    """A curve's points for whoever looks at them. x_name, y_name: the schema's keys, with their units."""

    x_name: str
    y_name: str
    points: tuple[tuple[float, float], ...]


def calibration_points(
    calibration_type: str, calibration_data: str | bytes, source_name: str
) -> Points | None:
    """Return the points of calibration data; None for a type without a curve. Raises CalibrationError."""
    kind = _KINDS.get(calibration_type)
    if kind is None:
        return None
    curve = parse_calibration(calibration_type, calibration_data, "", source_name).curve
    points = tuple(zip(curve.xs, curve.ys, strict=True))
    return Points(x_name=kind.x_key, y_name=kind.y_key, points=points)


def _curve_errors(kind: _Kind, xs: tuple[float, ...], ys: tuple[float, ...]) -> list[PathError]:
    if not kind.may_fall and not ys[0] < ys[-1]:
        last = f"{kind.points_key}[{len(ys) - 1}].{kind.y_key}"
        return [PathError(last, f"{ys[-1]} must be over {ys[0]}, the first point: the curve rises")]
    keys = (kind.x_key, kind.y_key)
    return [
        PathError(f"{kind.points_key}[{problem.point}].{keys[problem.axis]}", problem.text)
        for problem in curve_problems(xs, ys)
    ]


def calibration_set(
    calibrations: Iterable[Calibration],
    source_name: str,
    serials: Mapping[str, str] | None = None,
    to_do: dict[str, str] | None = None,
) -> CalibrationSet:
    """Return the set of one calibration of each kind. Raises CalibrationError naming the missing kinds.

    serials: of the devices that were looked for, to_do: what brings one in; by kind, to be told.
    """
    found = {type(calibration): calibration for calibration in calibrations}
    missing = [name for name, kind in _KINDS.items() if kind.result not in found]
    if missing:
        wanted = {name: f" of {serial}" for name, serial in (serials or {}).items()}
        does, where = MADE_BY | (to_do or {}), "or give the --data-dir of the record that has it"
        errors = tuple(
            PathError(name, f"no active calibration{wanted.get(name, '')}; {does[name]}, {where}")
            for name in missing
        )
        raise CalibrationError(source_name, errors)
    fields: dict[str, Any] = {kind.field: found[kind.result] for kind in _KINDS.values()}
    return CalibrationSet(**fields)


def calibration_problem(
    calibrations: CalibrationSet | None, laser_serial: str, stage_serial: str, board_serial: str
) -> str | None:
    """Return why a treatment may not be armed, None when every calibration is the connected device's."""
    if calibrations is None:
        return f"photodiode, power and ring calibrations are not all there; {_MAKE}"
    rows = (
        (PHOTODIODE, calibrations.photodiode, "interlock board", board_serial),
        (POWER, calibrations.power, "laser", laser_serial),
        (RING, calibrations.ring, "stage", stage_serial),
    )
    wrong = [
        f"the {_KINDS[kind].field} calibration is of {device} {one.device_serial_number}, "
        f"connected is {device} {serial}: {MADE_BY[kind]}"
        for kind, one, device, serial in rows
        if one.device_serial_number != serial
    ]
    return "; ".join(wrong) or None
