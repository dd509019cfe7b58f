"""The course of a session as vectors: power, ring, energy and interlocks over one time that begins with it.

A line ends where the light does. Gaps are hatched and named; numbers in circles tie them to the events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from reportlab.graphics.shapes import (
    Circle,
    Drawing,
    Group,
    Line,
    PolyLine,
    Shape,
)
from reportlab.lib.colors import Color, black, white
from reportlab.lib.units import mm

from tosca_kiosk.reports import fonts, forms, texts
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.curves import Curve
from tosca_kiosk.reports.interlocks import PEDAL, Bar, Word
from tosca_kiosk.reports.light import ROUNDED_S, Span, dark
from tosca_kiosk.reports.scales import Scale, spread, ticks, time_ticks
from tosca_kiosk.reports.strokes import (
    CLOSED,
    COMMANDED,
    DENSE_APART,
    GREY_HATCH,
    GRID,
    HATCH_APART,
    MARK_RADIUS,
    MEASURED,
    SIZE,
    box,
    circled,
    hatch,
    string,
    styled,
)

_LEFT: Final = 15 * mm
_RIGHT: Final = 23 * mm
_POWER_SHARE, _RING_SHARE, _ENERGY_SHARE = 0.48, 0.2, 0.32
_PANELS_MOST: Final = 100 * mm
_PANELS_LEAST: Final = 64 * mm
_BAR_HIGH: Final = 3.6 * mm
_BAR_STEP: Final[float] = 4.6 * mm
_TITLE_HIGH: Final = 5.5 * mm
_AXIS_HIGH: Final = 5 * mm
_LABEL_APART: Final = 9.0
_MARK_ROWS: Final = 3
_MARK_APART: Final = 2.6 * MARK_RADIUS
_MANY_RANK: Final = 3
_MOST_Y: Final = 5
_TICK_APART: Final = 14.0
_MOST_X: Final = 9
_RING_MARGIN_MM: Final = 0.25
_PLAN_POINTS: Final = 80
_LEAST_GAP: Final = 0.6
"""A gap that is narrower on paper is drawn so wide, that it is seen."""


class Mark(NamedTuple):
    """A number in a circle. rank: of those that have no room the higher ones are left out of the chart."""

    number: int
    t_s: float
    rank: int


@dataclass(frozen=True, slots=True)
class _Panel:
    """A chart's place. x, y: its scales; low, high: its lower and upper edge in points."""

    drawing: Drawing
    x: Scale
    y: Scale
    low: float
    high: float

    def add(self, *shapes: Shape) -> None:
        for shape in shapes:
            self.drawing.add(shape)


def course_drawing(content: Content, marks: Sequence[Mark], width: float, room: float) -> Drawing:
    """Return the whole course, as high as there is room for, in points, but never too low to be read."""
    bars_high = _TITLE_HIGH + _BAR_STEP * len(content.bars) if content.bars else 0.0
    besides = 3 * _TITLE_HIGH + bars_high + _AXIS_HIGH
    panels_high = min(max(room - besides, _PANELS_LEAST), _PANELS_MOST)
    height = panels_high + besides
    drawing = Drawing(width, height)
    x = Scale(low=0.0, high=max(content.end_s, 1.0), begin=_LEFT, end=width - _RIGHT)
    top = _power(drawing, content, marks, x, height, _POWER_SHARE * panels_high)
    top = _ring(drawing, content, x, top, _RING_SHARE * panels_high)
    top = _energy(drawing, content, x, top, _ENERGY_SHARE * panels_high)
    top = _bars(drawing, content.bars, x, top)
    _time_axis(drawing, x, top, content.end_s)
    return drawing


def key_drawing(width: float) -> Drawing:
    """Return what the lines mean, to stand at the right of a heading."""
    drawing = Drawing(width, 10)
    at = width
    for word, sample in reversed(
        (
            (texts.MEASURED_KEY, "measured"),
            (texts.COMMANDED_KEY, "commanded"),
            (texts.PLAN_KEY, "plan"),
            (texts.GAP_KEY, "gap"),
        )
    ):
        at -= fonts.width(word, SIZE)
        drawing.add(string(at, 2, word))
        at -= 26
        for shape in _sample(sample, at):
            drawing.add(shape)
        at -= 12
    return drawing


def _sample(kind: str, at: float) -> list[Shape]:
    if kind == "gap":
        return [hatch(at, 0, at + 22, 9, HATCH_APART, GREY_HATCH), box(at, 0, 22, 9)]
    line = styled(Line(at, 5, at + 22, 5), kind)
    return [line]


def _power(
    drawing: Drawing, content: Content, marks: Sequence[Mark], x: Scale, top: float, high: float
) -> float:
    course, limit_w, plan = content.course, content.power_limit_w, content.plan
    values = [1.0, limit_w or 0.0, 0.0 if plan is None else plan.peak_power_w]
    if course is not None:
        values += [course.measured_w.highest, course.commanded_w.highest]
    panel = _panel(drawing, content, texts.POWER_AXIS, _values(0.0, 1.08 * max(values)), x, top, high)
    if course is not None:
        _curve(panel, course.commanded_w, "commanded")
        _curve(panel, course.measured_w, "measured")
    if plan is not None:
        _plan(panel, content.light, plan.power_curve())
    if limit_w is not None:
        _limit(panel, limit_w, texts.LIMIT_LABEL.format(value=forms.amount(limit_w, "W", 2)))
    _name_gaps(panel, content)
    _marks(panel, marks)
    return panel.low


def _ring(drawing: Drawing, content: Content, x: Scale, top: float, high: float) -> float:
    curve = Curve(()) if content.course is None else content.course.ring_mm
    rings = [] if content.plan is None else [ring_mm for _, ring_mm in content.plan.ring_curve()]
    ends = rings if curve.is_empty else [*rings, curve.lowest, curve.highest]
    least, most = (min(ends), max(ends)) if ends else (0.0, 1.0)
    scale = _values(least - _RING_MARGIN_MM, most + _RING_MARGIN_MM)
    panel = _panel(drawing, content, texts.RING_AXIS, scale, x, top, high)
    _curve(panel, curve, "measured")
    if content.plan is not None:
        _plan(panel, content.light, content.plan.ring_curve())
    return panel.low


def _energy(drawing: Drawing, content: Content, x: Scale, top: float, high: float) -> float:
    course, plan, limits = content.course, content.plan, content.dose_limits
    values = [1.0, *(limit.limit_j for limit in limits), 0.0 if plan is None else plan.planned_energy_j]
    if course is not None:
        values += [course.measured_j.highest, course.commanded_j.highest]
    panel = _panel(drawing, content, texts.DOSE_AXIS, _values(0.0, 1.12 * max(values)), x, top, high)
    if course is not None:
        _curve(panel, course.commanded_j, "commanded")
        _curve(panel, course.measured_j, "measured")
    labels: list[tuple[float, str, Color]] = []
    if plan is not None:
        energies = [(at_s, plan.energy_j(at_s)) for at_s in _even(plan.duration_s)]
        _plan(panel, content.light, energies)
    for earlier, later in pairwise(limits):
        _earlier_limit(panel, earlier.limit_j, earlier.from_s, later.from_s)
    if limits:
        from_s, limit_j = limits[-1]
        _limit_line(panel, limit_j, panel.x.at(from_s), panel.x.end)
        labels.append((limit_j, _dose_limit(limit_j), black))
    given = content.result.given
    if course is not None and not course.measured_j.is_empty:
        labels.append((course.summed_measured_j, forms.amount(given.measured_j, "J"), MEASURED))
        if given.differ:
            labels.append((course.summed_commanded_j, forms.amount(given.commanded_j, "J"), COMMANDED))
    _labels(panel, labels)
    return panel.low


def _dose_limit(limit_j: float) -> str:
    return texts.DOSE_LIMIT_LABEL.format(value=forms.amount(limit_j, "J"))


def _earlier_limit(panel: _Panel, limit_j: float, from_s: float, to_s: float) -> None:
    """Draw a dose limit that was in force for a time, its words below it where they have room."""
    from_x, to_x, y = panel.x.at(from_s), panel.x.at(to_s), panel.y.at(limit_j)
    _limit_line(panel, limit_j, from_x, to_x)
    label = _dose_limit(limit_j)
    wide = fonts.width(label, SIZE, bold=True) + 4
    if wide <= to_x - from_x:
        panel.add(
            box(from_x + 1, y - 10.5, wide, 9.5, fill=white, stroke=None),
            string(from_x + 3, y - 8.5, label, bold=True),
        )


def _even(duration_s: float) -> list[float]:
    return [duration_s * number / _PLAN_POINTS for number in range(_PLAN_POINTS + 1)]


def _values(low: float, high: float) -> Scale:
    """Return a scale of these values that a panel gives its place."""
    return Scale(low=low, high=high, begin=0.0, end=0.0)


def _panel(
    drawing: Drawing, content: Content, title: str, scale: Scale, x: Scale, top: float, high: float
) -> _Panel:
    """Draw a panel's ground: its title, gaps, grid and axes."""
    upper = top - _TITLE_HIGH
    panel = _Panel(
        drawing=drawing,
        x=x,
        y=scale._replace(begin=upper - high, end=upper),
        low=upper - high,
        high=upper,
    )
    drawing.add(string(0, upper + 4, title, bold=True))
    pieces = () if content.course is None else content.course.measured_w.pieces
    shone = [(float(piece[0, 0]), float(piece[-1, 0])) for piece in pieces]
    for from_s, to_s in dark(content.without_light, shone):
        from_x, to_x = _on_paper(panel, from_s, to_s)
        panel.add(hatch(from_x, panel.low, to_x, panel.high, HATCH_APART, GREY_HATCH))
    marked = ticks(scale.low, scale.high, min(_MOST_Y, int(high / _TICK_APART)))
    for value in marked.values:
        y = panel.y.at(value)
        panel.add(
            Line(x.begin, y, x.end, y, strokeColor=GRID, strokeWidth=0.5),
            string(x.begin - 4, y - 2.8, f"{value:.{marked.digits}f}", anchor="end"),
        )
    panel.add(
        Line(x.begin, panel.low, x.begin, panel.high, strokeWidth=0.8),
        Line(x.begin, panel.low, x.end, panel.low, strokeWidth=0.8),
    )
    for t_s in time_ticks(content.end_s, _MOST_X):
        panel.add(Line(x.at(t_s), panel.low, x.at(t_s), panel.low - 2, strokeWidth=0.6))
    return panel


def _on_paper(panel: _Panel, from_s: float, to_s: float) -> tuple[float, float]:
    from_x, to_x = panel.x.at(from_s), panel.x.at(to_s)
    short = max(_LEAST_GAP - (to_x - from_x), 0.0) / 2
    return max(from_x - short, panel.x.begin), min(to_x + short, panel.x.end)


def _curve(panel: _Panel, curve: Curve, kind: str) -> None:
    """Draw a measured curve; each piece is a line of its own, a piece of one sample a dot."""
    for piece in curve.pieces:
        points = [(panel.x.at(t_s), panel.y.at(value)) for t_s, value in piece.tolist()]
        if len(points) == 1:
            (x, y), style = points[0], styled(Line(0, 0, 0, 0), kind)
            panel.add(Circle(x, y, 0.8, fillColor=style.strokeColor, strokeColor=None))
        else:
            panel.add(styled(PolyLine([number for point in points for number in point]), kind))


def _plan(panel: _Panel, light: Iterable[Span], points: Sequence[tuple[float, float]]) -> None:
    """Draw a plan, given over the treatment clock, where that ran."""
    for span in light:
        from_s, to_s = (_at_corner(points, at_s) for at_s in (span.clock_from_s, span.clock_to_s))
        inside = _between(points, from_s, to_s)
        lag_s = span.off_s - span.clock_to_s
        line = [number for at_s, value in inside for number in (panel.x.at(at_s + lag_s), panel.y.at(value))]
        if len(line) >= 4:
            panel.add(styled(PolyLine(line), "plan"))


def _at_corner(points: Sequence[tuple[float, float]], at_s: float) -> float:
    """Return the corner that a clock in whole milliseconds means: a pause's is where its override is."""
    corners = (t0_s for (t0_s, _), (t1_s, _) in pairwise(points) if t0_s == t1_s)
    return next((corner_s for corner_s in corners if abs(corner_s - at_s) <= ROUNDED_S), at_s)


def _between(points: Sequence[tuple[float, float]], from_s: float, to_s: float) -> list[tuple[float, float]]:
    """Return the part of a line from one time to another, cut points put in."""
    found: list[tuple[float, float]] = []
    for (t0_s, v0), (t1_s, v1) in pairwise(points):
        begin, end = max(t0_s, from_s), min(t1_s, to_s)
        if begin > end or (begin == end and not from_s < t0_s == t1_s < to_s):
            continue  # a corner at the very end is the beginning of what comes behind the gap
        for at_s in (begin, end):
            part = 0.0 if t1_s == t0_s else (at_s - t0_s) / (t1_s - t0_s)
            value = (at_s, v1 if t1_s == t0_s and found and at_s == found[-1][0] else v0 + part * (v1 - v0))
            if not found or value != found[-1]:
                found.append(value)
    return found


def _limit(panel: _Panel, value: float, label: str) -> None:
    _limit_line(panel, value, panel.x.begin, panel.x.end)
    _labels(panel, [(value, label, black)])


def _limit_line(panel: _Panel, value: float, from_x: float, to_x: float) -> None:
    y = panel.y.at(value)
    panel.add(Line(from_x, y, to_x, y, strokeWidth=1.1))


def _labels(panel: _Panel, labels: Sequence[tuple[float, str, Color]]) -> None:
    """Write words beside a panel's right edge, at their values as far as they have room."""
    wanted = [panel.y.at(value) for value, _, _ in labels]
    places = spread(wanted, _LABEL_APART, panel.low + 3, panel.high)
    for y, (_, label, color) in zip(places, labels, strict=True):
        panel.add(string(panel.x.end + 4, y - 2.8, label, bold=True, color=color))


def _name_gaps(panel: _Panel, content: Content) -> None:
    """Write why there is no light into each gap that has room for it, lying or standing."""
    middle = (panel.low + panel.high) / 2
    for gap in content.without_light:
        from_x, to_x = _on_paper(panel, gap.from_s, gap.to_s)
        word, x = texts.WHY[gap.why], (from_x + to_x) / 2
        wide = fonts.width(word, SIZE) + 4
        if wide <= to_x - from_x:
            panel.add(
                box(x - wide / 2, middle - 5, wide, 10, fill=white, stroke=None),
                string(x, middle - 2.8, word, anchor="middle"),
            )
        elif to_x - from_x >= 10 and wide <= panel.high - panel.low:
            standing = Group(
                box(-wide / 2, -5, wide, 10, fill=white, stroke=None),
                string(0, -2.8, word, anchor="middle"),
            )
            standing.translate(x, middle)
            standing.rotate(90)
            panel.add(standing)


def _marks(panel: _Panel, marks: Sequence[Mark]) -> None:
    """Draw the numbers, each at its time; those that would lie on another go a row up, at last away.

    The many, of releases, keep to the lowest row: what weighs more stays seen above it.
    """
    taken: list[list[float]] = [[] for _ in range(_MARK_ROWS)]
    for mark in sorted(marks, key=lambda one: (one.rank, one.t_s)):
        x = panel.x.at(mark.t_s)
        free = [
            row
            for row, others in enumerate(taken[: 1 if mark.rank >= _MANY_RANK else None])
            if all(abs(other - x) > _MARK_APART for other in others)
        ]
        if not free:
            continue
        taken[free[0]].append(x)
        y = panel.low + 8 + free[0] * (2 * MARK_RADIUS + 2)
        panel.add(Line(x, panel.low, x, panel.high, strokeWidth=0.6), *circled(mark.number, x, y))


def _bars(drawing: Drawing, bars: Sequence[Bar], x: Scale, top: float) -> float:
    if not bars:
        return top
    upper = top - _TITLE_HIGH
    drawing.add(string(0, upper + 4, texts.INTERLOCKS_AXIS, bold=True))
    for number, bar in enumerate(bars):
        low = upper - number * _BAR_STEP - _BAR_HIGH
        drawing.add(
            string(x.begin - 4, low + 2.2, texts.LAMPS[bar.name].format(count=bar.lamps), anchor="end")
        )
        for part in bar.parts:
            from_x = x.at(part.from_s)
            wide = max(x.at(part.to_s) - from_x, _LEAST_GAP)
            drawing.add(box(from_x, low, wide, _BAR_HIGH, fill=CLOSED if part.word is Word.PASSES else white))
            if part.word is Word.FAILED:
                drawing.add(hatch(from_x, low, from_x + wide, low + _BAR_HIGH, DENSE_APART, black))
        if bar.parts and (bar.name != PEDAL or bar.failed):
            word = texts.FAILED if bar.failed else texts.PASSING
            drawing.add(string(x.end + 4, low + 2.2, word, bold=bar.failed))
    low_end: float = upper - len(bars) * _BAR_STEP
    return low_end


def _time_axis(drawing: Drawing, x: Scale, top: float, end_s: float) -> None:
    for t_s in time_ticks(end_s, _MOST_X):
        drawing.add(string(x.at(t_s), top - 10, forms.clock(t_s, 0), anchor="middle"))
