"""The curves: every peak kept, no line where nothing was measured, and sums as the record has them."""

from __future__ import annotations

import numpy as np
import pytest
from reportlab.graphics.shapes import Line, Path, PolyLine

from benchmarks.rigs.ideal_cart import with_
from tests.reports import recorded
from tests.reports.recorded import START
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.reports import fonts, texts
from tosca_kiosk.reports.charts import course_drawing
from tosca_kiosk.reports.content import content_of
from tosca_kiosk.reports.curves import KNOWN_FOR_S, MOST_COLUMNS, Columns
from tosca_kiosk.reports.light import Event, Gap, Why, dark, gaps, spans
from tosca_kiosk.reports.strokes import COMMANDED, GREY_HATCH, MEASURED
from tosca_kiosk.storage import import_journal

WIDTH, HIGH = 520.0, 420.0


def content(record, kept):
    with record.open() as database, database.reading() as reader:
        return content_of(reader, record.data_dir, kept.number, None, lambda done: None)


def measured_lines(drawing):
    return [
        shape.points
        for shape in drawing.contents
        if isinstance(shape, PolyLine) and shape.strokeColor in (MEASURED, COMMANDED)
    ]


@pytest.mark.parametrize("which", ["completed", "fault", "broken"])
def test_curves_end_with_what_the_record_counts(record, which):
    kept = getattr(record, which)
    course = content(record, kept).course
    assert course.from_journal
    assert course.summed_measured_j == pytest.approx(kept.cart.state.measured_j, abs=1e-9)
    assert course.summed_commanded_j == pytest.approx(kept.cart.state.commanded_j, abs=0.06)
    assert course.measured_w.highest == pytest.approx(kept.cart.state.max_measured_w)


@pytest.mark.parametrize(("which", "whys"), [
    ("completed", [Why.BEFORE, Why.RELEASED, Why.FINISHED]),
    ("fault", [Why.BEFORE, Why.FAULT, Why.FINISHED]),
])  # fmt: skip
def test_no_line_crosses_a_pause_or_a_fault(record, which, whys):
    found = content(record, getattr(record, which))
    dark = list(gaps(found.light, found.end_s))
    assert [gap.why for gap in dark] == whys
    fonts.register()
    lines = measured_lines(course_drawing(found, [], WIDTH, HIGH))
    assert len(lines) >= 8
    left, right = 42.52, WIDTH - 65.2
    scale = (right - left) / found.end_s
    for gap in dark:
        from_x, to_x = left + (gap.from_s + 0.12) * scale, left + gap.to_s * scale - 0.1
        for points in lines:
            xs = points[::2]
            assert not (min(xs) < from_x and max(xs) > to_x), (gap, min(xs), max(xs))
            assert not [x for x in xs if from_x < x < to_x]


def test_no_darkness_is_drawn_or_counted_where_nobody_knows_that_light_ended(own):
    def left_in_light(cart):
        cart.emit()
        cart.inject["laser"] = lambda laser: None
        cart.run(5.0)

    kept = own.session(left_in_light)
    found = content(own, kept)
    assert [gap.why for gap in gaps(found.light, found.end_s)] == [Why.BEFORE, Why.UNCONFIRMED]
    report = own.report(kept.number)
    assert texts.WHY[Why.UNCONFIRMED] in report.pages[0]
    assert texts.REST_UNKNOWN in report.pages[0]
    assert "ended; laser" not in report.pages[0]
    picture = report.picture(0).astype(int)
    scale = 3.0
    left, right = (42.52 + 42.52) * scale, (595.28 - 34.02 - 65.2) * scale
    from_x = int(left + found.light[-1].off_s / found.end_s * (right - left))
    rows = slice(int(picture.shape[0] * 0.62), int(picture.shape[0] * 0.64))
    grey = [(picture[rows, begin:end].min(axis=2) < 240).mean() for begin, end in (
        (int(left) + 5, int(left) + 25), (from_x + 20, int(right) - 10)
    )]  # fmt: skip
    assert grey[1] < 0.1 < grey[0]


def shining_without_being_asked(cart):
    cart.arm()
    cart.inject["laser"] = lambda laser: None
    cart.inject["board"] = with_(photodiode_v=2.5)
    cart.run(3.0)


def armed(cart):
    cart.arm()
    cart.run(1.0)


def shining_and_dark_again(cart):
    cart.arm()
    cart.inject["board"] = with_(photodiode_v=2.5)
    cart.run(1.0)
    del cart.inject["board"]
    cart.run(1.0)
    cart.tick(CommandType.CLOSE_SESSION)


@pytest.mark.parametrize(("drive", "whole", "why", "said"), [
    (shining_without_being_asked, True, Why.UNCONFIRMED, texts.NOT_CONFIRMED),
    (shining_without_being_asked, False, Why.UNCONFIRMED, texts.NOT_CONFIRMED),
    (shining_and_dark_again, True, Why.UNBEGUN, texts.ENDED_EARLY),
])  # fmt: skip
def test_no_session_is_drawn_dark_that_shone_without_being_asked(own, drive, whole, why, said):
    assert_not_drawn_dark(own, own.session(drive, whole=whole), why, said)


def damaged(own, drive):
    """Run a session whose journal is changed in its newest line before the record takes it."""
    kept = own.session(drive, close=False)
    journal = own.journal(kept.number)
    *lines, newest, _ = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines, newest.replace(b'"t":', b'"t":1')]))
    with own.open() as database:
        import_journal(database, journal, START, salvage=True)
    return kept


def test_no_session_is_drawn_dark_whose_journal_breaks_before_any_light(own):
    assert_not_drawn_dark(own, damaged(own, armed), Why.NOT_KNOWN, texts.LIGHT_UNKNOWN)


def assert_not_drawn_dark(own, kept, why, said):
    found = content(own, kept)
    assert not found.light
    fonts.register()
    hatched = [
        shape
        for shape in course_drawing(found, [], WIDTH, HIGH).contents
        if isinstance(shape, Path) and shape.strokeColor == GREY_HATCH
    ]
    assert not hatched
    first = own.report(kept.number).pages[0]
    assert texts.WHY[Why.NONE] not in first
    assert texts.WHY[why] in first
    assert said in first


def test_what_breaks_before_it_was_armed_is_not_said_to_have_had_no_light(own):
    first = own.report(damaged(own, recorded.without_light).number).pages[0]
    assert texts.LIGHT_UNKNOWN in first
    assert texts.NO_COURSE not in first
    assert texts.NOTHING_SHOWN in first


def test_light_that_is_measured_in_a_gap_is_not_hatched_over():
    found = [
        Gap(from_s=0.0, to_s=5.0, why=Why.BEFORE),
        Gap(from_s=7.0, to_s=9.0, why=Why.RELEASED),
        Gap(from_s=12.0, to_s=20.0, why=Why.UNCONFIRMED),
    ]
    shone = [(0.0, 1.0), (2.0, 2.5), (4.9995, 7.05), (7.1, 8.0), (9.0, 12.0), (13.0, 14.0)]
    assert list(dark(found, shone)) == [(1.0, 2.0), (2.5, 5.0), (7.0, 7.1), (8.0, 9.0)]


def test_each_dose_limit_is_drawn_over_the_time_in_which_it_was_in_force(record):
    found = content(record, record.overridden)
    [change] = [one for one in found.result.happened.deviations if one.override.power_w is not None]
    assert change.new_value == 3.5
    before_j, after_j = 1.05 * found.result.plan.planned_energy_j, 1.05 * found.plan.planned_energy_j
    assert [(limit.from_s, limit.limit_j) for limit in found.dose_limits] == [
        (0.0, pytest.approx(before_j)), (change.time_s, pytest.approx(after_j))
    ]  # fmt: skip
    fonts.register()
    drawing = course_drawing(found, [], WIDTH, HIGH)
    limits = [shape for shape in drawing.contents if isinstance(shape, Line) and shape.strokeWidth == 1.1]
    [earlier, later] = sorted(limits, key=lambda line: line.y1)[:2][::-1]
    left, right = 42.52, WIDTH - 65.2
    at = left + change.time_s / found.end_s * (right - left)
    assert (earlier.x1, earlier.x2, later.x1, later.x2) == pytest.approx((left, at, at, right), abs=0.1)
    assert f"limit {before_j:.1f} J" in record.report(record.overridden.number).pages[0]


def test_the_plan_turns_at_an_override_behind_the_pause_and_not_before_it(record):
    found = content(record, record.overridden)
    fonts.register()
    plan = [
        shape.points
        for shape in course_drawing(found, [], WIDTH, HIGH).contents
        if isinstance(shape, PolyLine) and shape.strokeDashArray
    ]
    power_and_ring = plan[:4]
    assert [len(set(points[1::2])) for points in power_and_ring] == [1, 1, 1, 1]


def test_the_gap_is_white_and_grey_on_paper(record):
    report = record.report(record.fault.number)
    found = content(record, record.fault)
    picture = report.picture(0).astype(int)
    gap = list(gaps(found.light, found.end_s))[1]
    scale = 3.0
    left, right = (42.52 + 42.52) * scale, (595.28 - 34.02 - 65.2) * scale
    at = [left + t_s / found.end_s * (right - left) for t_s in (gap.from_s + 0.3, gap.to_s - 0.1)]
    rows = slice(int(picture.shape[0] * 0.45), int(picture.shape[0] * 0.78))
    inside = picture[rows, int(at[0]) : int(at[1])]
    lit = picture[rows, int(at[1]) + 5 : int(right)]
    blue = [(part[..., 0] - part[..., 2] > 60).sum() for part in (inside, lit)]
    assert blue[0] == 0 < blue[1]


def test_a_hundred_thousand_samples_keep_every_peak_in_few_columns():
    columns, made = Columns(1), np.random.default_rng(1)
    values = made.uniform(1.0, 2.0, 100_000)
    peaks = made.choice(100_000, 40, replace=False)
    values[peaks] = 50.0 + np.arange(40)
    t_s = np.arange(100_000) / 100.0
    for begin in range(0, 100_000, 2000):
        part = slice(begin, begin + 2000)
        columns.add(t_s[part], np.zeros(2000, np.int64), values[None, part])
    [curve] = columns.curves()
    [piece] = curve.pieces
    assert len(piece) <= 4 * MOST_COLUMNS
    assert (curve.highest, curve.lowest) == (values.max(), values.min())
    width_s = 1000.0 / MOST_COLUMNS * 4
    for peak in peaks:
        near = np.abs(piece[:, 0] - t_s[peak]) <= width_s
        assert piece[near, 1].max() >= values[peak]


def test_a_line_ends_where_samples_are_missing_and_where_another_light_begins():
    columns = Columns(1)
    t_s = np.array([0.0, 0.1, 0.2, 0.2 + KNOWN_FOR_S * 1.2, 1.0, 1.1, 1.2])
    stretch = np.array([0, 0, 0, 0, 0, 2, 2])
    values = np.array([[1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0]])
    columns.add(t_s, stretch, values)
    [curve] = columns.curves()
    assert [piece[:, 1].tolist() for piece in curve.pieces] == [[1.0, 2.0], [4.0, 5.0], [6.0, 7.0]]


def event(t_s, kind, **details):
    return Event(t_s=t_s, kind=kind, commanded_w=None, measured_w=None, ring_mm=None, details=details)


def test_a_fault_in_a_pause_is_why_there_is_no_light():
    light = spans(
        [
            event(1.0, "laser_on"),
            event(3.0, "pause", source="footpedal_release", elapsed_s=1.9),
            event(3.0, "laser_off", elapsed_s=1.9),
            event(4.0, "safety_trigger", trigger_source="stop_loop"),
            event(9.0, "laser_on"),
        ],
        12.0,
    )
    assert [(span.why, span.ended) for span in light] == [(Why.FAULT, True), (Why.UNKNOWN, False)]
    assert light[0].clock_s(3.0) == 1.9
    assert light[0].clock_s(1.05) == 0.0
    assert [tuple(gap) for gap in gaps(light, 12.0)] == [(0.0, 1.0, Why.BEFORE), (3.0, 9.0, Why.FAULT)]
