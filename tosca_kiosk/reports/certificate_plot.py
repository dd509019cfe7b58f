"""A calibration as a picture: readings, the curve in use, the straight line, and what departs from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Shape
from reportlab.lib.colors import black
from reportlab.lib.units import mm

from tosca_kiosk.domain.calibrating.judgement import JudgedPoint
from tosca_kiosk.domain.calibrating.kinds import Kind
from tosca_kiosk.domain.calibrating.validation import Validation
from tosca_kiosk.reports import certificate_texts as words
from tosca_kiosk.reports import fonts
from tosca_kiosk.reports.scales import Scale, spread, ticks
from tosca_kiosk.reports.strokes import GRID, MEASURED, SIZE, string, styled

_LEFT: Final = 15 * mm
_RIGHT: Final = 16 * mm
_TITLE: Final = 5.5 * mm
_AXIS: Final = 8 * mm
_CURVE_HIGH: Final = 62 * mm
_DEPARTURES_HIGH: Final = 34 * mm
_MARGIN: Final = 0.04
_MOST_X: Final = 9
_MOST_Y: Final = 6
_LABEL_APART: Final = 9.0
_CROSS: Final = 2.4
_DOT: Final = 1.5


def plot(validation: Validation, kind: Kind, width: float) -> Drawing:
    """Return the picture: the curve over its departures, one x for both."""
    drawing = Drawing(width, _CURVE_HIGH + _DEPARTURES_HIGH + 2 * _TITLE + _AXIS)
    points = validation.judgement.points
    x = _scale([value for point in points for value in point.xs], _LEFT, width - _RIGHT)
    top = drawing.height - _TITLE
    _curve(drawing, validation, x, top)
    low = top - _CURVE_HIGH - _TITLE
    _departures(drawing, validation, kind, x, low)
    _x_axis(drawing, validation.x_name, x, low - _DEPARTURES_HIGH)
    return drawing


def key(width: float) -> Drawing:
    """Return what dots and lines mean, to stand at the right of a heading."""
    drawing = Drawing(width, 10)
    at = width
    samples: tuple[tuple[str, Shape], ...] = (
        (words.LINE_KEY, styled(Line(0, 5, 22, 5), "plan")),
        (words.CURVE_KEY, styled(Line(0, 5, 22, 5), "commanded")),
        (words.READINGS_KEY, _dot(16, 5)),
    )
    for word, sample in samples:
        at -= fonts.width(word, SIZE)
        drawing.add(string(at, 2, word))
        at -= 26
        drawing.add(_moved(sample, at))
        at -= 12
    return drawing


def _moved(shape: Shape, by: float) -> Shape:
    if isinstance(shape, Circle):
        shape.cx += by
    else:
        shape.x1, shape.x2 = shape.x1 + by, shape.x2 + by
    return shape


def _scale(values: Sequence[float], begin: float, end: float) -> Scale:
    low, high = min(values), max(values)
    margin = _MARGIN * (high - low or 1.0)
    return Scale(low=low - margin, high=high + margin, begin=begin, end=end)


def _curve(drawing: Drawing, validation: Validation, x: Scale, top: float) -> None:
    points, line = validation.judgement.points, validation.judgement.line
    lined = [line.at(points[0].x), line.at(points[-1].x)]
    values = [value for point in points for value in point.ys]
    y = _scale([*values, *lined], top - _CURVE_HIGH, top)
    _ground(drawing, words.AXES[validation.y_name], x, y)
    drawing.add(
        styled(
            Line(x.at(points[0].x), y.at(lined[0]), x.at(points[-1].x), y.at(lined[1])),
            "plan",
        )
    )
    drawing.add(
        styled(PolyLine([at for point in points for at in (x.at(point.x), y.at(point.y))]), "commanded")
    )
    for point in points:
        for one, value in zip(point.xs, point.ys, strict=True):
            drawing.add(_dot(x.at(one), y.at(value)))


def _departures(drawing: Drawing, validation: Validation, kind: Kind, x: Scale, top: float) -> None:
    judgement = validation.judgement
    highest = max(point.y for point in judgement.points)
    found = [(point, *_in_unit(kind, point, highest)) for point in judgement.points]
    limit = judgement.tolerance
    values = [value for _, residual, held_back in found for value in (residual, held_back)]
    y = _scale([*values, -1.1 * limit, 1.1 * limit], top - _DEPARTURES_HIGH, top)
    _ground(drawing, words.RESIDUALS_AXIS.format(unit=judgement.unit), x, y)
    bounds = [y.at(-limit), y.at(limit)]
    for at, label in zip(bounds, spread(bounds, _LABEL_APART, y.begin, y.end), strict=True):
        drawing.add(Line(x.begin, at, x.end, at, strokeWidth=1.1))
        drawing.add(string(x.end + 4, label - 2.8, words.ALLOWED_LABEL, bold=True))
    drawing.add(Line(x.begin, y.at(0.0), x.end, y.at(0.0), strokeWidth=0.5))
    for point, residual, held_back in found:
        at = x.at(point.x)
        drawing.add(_dot(at, y.at(residual)))
        for rise in (-_CROSS, _CROSS):
            to = y.at(held_back)
            drawing.add(Line(at - _CROSS, to - rise, at + _CROSS, to + rise, strokeWidth=0.9))


def _in_unit(kind: Kind, point: JudgedPoint, highest: float) -> tuple[float, float]:
    return (
        kind.in_unit(point.residual, point.y, highest),
        kind.in_unit(point.held_back, point.y, highest),
    )


def _ground(drawing: Drawing, title: str, x: Scale, y: Scale) -> None:
    """Draw a panel's title, grid and axes."""
    drawing.add(string(0, y.end + 4, title, bold=True))
    marked = ticks(y.low, y.high, _MOST_Y)
    for value in marked.values:
        at = y.at(value)
        drawing.add(Line(x.begin, at, x.end, at, strokeColor=GRID, strokeWidth=0.5))
        drawing.add(string(x.begin - 4, at - 2.8, f"{value:.{marked.digits}f}", anchor="end"))
    for value in ticks(x.low, x.high, _MOST_X).values:
        drawing.add(Line(x.at(value), y.begin, x.at(value), y.begin - 2, strokeWidth=0.6))
    drawing.add(Line(x.begin, y.begin, x.begin, y.end, strokeWidth=0.8))
    drawing.add(Line(x.begin, y.begin, x.end, y.begin, strokeWidth=0.8))


def _x_axis(drawing: Drawing, name: str, x: Scale, low: float) -> None:
    marked = ticks(x.low, x.high, _MOST_X)
    for value in marked.values:
        drawing.add(string(x.at(value), low - 10, f"{value:.{marked.digits}f}", anchor="middle"))
    drawing.add(string(x.end, low - 20, words.AXES[name], bold=True, anchor="end"))


def _dot(x: float, y: float) -> Circle:
    return Circle(x, y, _DOT, fillColor=MEASURED, strokeColor=black, strokeWidth=0.3)
