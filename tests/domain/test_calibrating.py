"""The judge of calibrations: what passes, what fails and for which cause, what cannot be meant, and drift."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.calibration.papers import NOISE, points, readings, true_points
from tosca_kiosk.domain.calibrating import causes
from tosca_kiosk.domain.calibrating.causes import judged_with_cause
from tosca_kiosk.domain.calibrating.drift import LEAST_CALIBRATIONS, Earlier, drift
from tosca_kiosk.domain.calibrating.judgement import Fault, judged
from tosca_kiosk.domain.calibrating.kinds import KINDS
from tosca_kiosk.domain.calibrating.readings import Reading, mistakes
from tosca_kiosk.domain.calibration import PHOTODIODE, POWER, RING, PiecewiseLinear

METER = {PHOTODIODE: 2.0, POWER: 2.0, RING: 0.02}
EVERY = pytest.mark.parametrize("kind", KINDS)


def judge(kind, rows=None):
    return judged_with_cause(KINDS[kind], points(kind, rows), METER[kind])


def faults(kind, rows):
    return [failure.fault for failure in judge(kind, rows).failures]


def changed(rows, at, y):
    """Return readings with another y in one of them."""
    number, x, _ = rows[at]
    return [*rows[:at], (number, x, y), *rows[at + 1 :]]


def said(kind, rows, y_range=15.0):
    found = [Reading(place=f"r[{at}]", point=n, x=x, y=y) for at, (n, x, y) in enumerate(rows)]
    return [str(one) for one in mistakes(KINDS[kind], found, y_range)]


@EVERY
def test_what_fits_passes_with_its_uncertainty(kind):
    found = judge(kind)
    assert found.failures == ()
    assert said(kind, readings(kind)) == []
    assert found.uncertainty.expanded >= METER[kind]
    assert found.line.r_squared > 0.99
    assert [point.x for point in found.points] == pytest.approx([x for x, _ in true_points(kind)])


def test_the_uncertainty_is_the_sum_of_its_parts_by_the_guide():
    rows = [(n, x, y) for n, x, y in readings(PHOTODIODE, noise=(0.0,))]
    rows = [(n, x, y + away) for n, x, y in rows for away in (0.03, 0.0, -0.03)]
    found = judge(PHOTODIODE, rows).uncertainty
    # Below a fifth of the highest point, 9.6 W, per cent are of that fifth.
    assert found.repeats == pytest.approx(0.03 / math.sqrt(3) / (0.2 * 9.6) * 100.0)
    assert (found.meter, found.curve) == (1.0, pytest.approx(0.0, abs=1e-9))
    assert found.expanded == pytest.approx(2.0 * math.hypot(1.0, found.repeats))


def test_a_ring_may_grow_backwards():
    falling = [(x, 4.0 - x / 1000.0) for x, _ in true_points(RING)]
    assert judge(RING, readings(RING, falling)).passed


@pytest.mark.parametrize("factor", [10.0, 0.1])
@pytest.mark.parametrize("kind", [PHOTODIODE, POWER])
@pytest.mark.parametrize("which", [slice(None), slice(9, None), slice(0, 6), slice(6, 9), slice(7, 8)])
def test_a_wrong_meter_range_is_the_cause_that_is_told(kind, factor, which):
    rows = readings(kind)
    for at in range(len(rows))[which]:
        rows = changed(rows, at, rows[at][2] * factor)
    found = judge(kind, rows)
    assert found.failures[0].fault is Fault.METER_RANGE, found.failures
    assert len(found.failures) > 1
    assert said(kind, rows, y_range=200.0) == [] or factor == 10.0


def test_the_columns_of_a_wrong_meter_range_are_not_taken_for_swapped():
    rows = [(n, x, y / 10.0) for n, x, y in readings(PHOTODIODE)]
    assert said(PHOTODIODE, rows) == []
    assert judge(PHOTODIODE, rows).failures[0].text == (
        "wrong meter range: power_watts of every point reads a tenth of what fits"
    )


@EVERY
def test_two_points_or_two_readings_that_were_swapped_are_named(kind):
    rows = readings(kind)
    swapped = [*rows[:3], *((a[0], a[1], b[2]) for a, b in zip(rows[3:6], rows[9:12], strict=True))]
    swapped += [*rows[6:9], *((a[0], a[1], b[2]) for a, b in zip(rows[9:12], rows[3:6], strict=True))]
    swapped += rows[12:]
    found = judge(kind, swapped).failures[0]
    assert (found.fault, "points 2 and 4 look swapped" in found.text) == (Fault.SWAPPED_READINGS, True)
    single = changed(changed(rows, 4, rows[7][2]), 7, rows[4][2])
    found = judge(kind, single).failures[0]
    assert found.fault is Fault.SWAPPED_READINGS
    assert "reading 2 of point 2 and reading 2 of point 3" in found.text


@EVERY
def test_a_reading_before_it_has_settled_is_named(kind):
    rows, early = readings(kind), 0.96
    for at, part in zip((6, 7, 8), (early, 0.5 * (1.0 + early), 1.0), strict=True):
        rows = changed(rows, at, rows[at][2] * part)
    [first, *_] = judge(kind, rows).failures
    assert (first.fault, first.point) == (Fault.TOO_EARLY, 3)


def test_two_causes_at_once_are_both_named():
    rows = [(n, x, y * (0.1 if n == 4 else 1.0)) for n, x, y in readings(POWER)]
    for at, part in zip((15, 16, 17), (0.93, 0.97, 1.0), strict=True):
        rows = changed(rows, at, rows[at][2] * part)
    found = faults(POWER, rows)
    assert (found[0], Fault.TOO_EARLY in found) == (Fault.METER_RANGE, True)


def test_each_tolerance_fails_what_is_over_it():
    rows, kind = readings(PHOTODIODE, noise=(0.0, 0.0, 0.0)), PHOTODIODE
    assert faults(kind, changed(rows, 10, rows[10][2] * 1.05)) == [Fault.SPREAD]
    bent = [(n, x, y * (1.08 if n == 4 else 1.0)) for n, x, y in rows]
    assert Fault.HELD_BACK in faults(kind, bent)
    curved = [(n, x, y + 0.09 * y * (y - 9.6) / 4.8) for n, x, y in rows]
    assert Fault.NOT_STRAIGHT in faults(kind, curved)
    narrow = [(n, x, y) for n, x, y in readings(kind, [(2.0 + k / 10, 4.0 + k / 5) for k in range(6)])]
    assert faults(kind, narrow) == [Fault.SPAN]
    turned = [(n, x, y * (0.1 if n == 6 else 1.0) + (0.0 if n < 6 else 5.0)) for n, x, y in rows]
    assert Fault.NOT_MONOTONIC in faults(kind, turned)
    assert judged_with_cause(KINDS[kind], points(kind), 6.0).failures[0].fault is Fault.UNCERTAINTY
    loose = changed(readings(RING), 7, readings(RING)[7][2] + 0.02)
    assert "are allowed" in judge(RING, loose).failures[0].text
    assert " um " in judge(RING, loose).failures[0].text


@EVERY
def test_what_cannot_be_meant_is_refused_by_its_place(kind):
    rows, x_name, y_name = readings(kind), KINDS[kind].x_name, KINDS[kind].y_name
    assert said(kind, rows[:6]) == ["readings: 2 points; 5 to 40 make a calibration of this type"]
    assert said(kind, rows[1:]) == ["readings: point 1 has 2 readings; 3 or more say whether it repeats"]
    far = [(n, -1e200 * n, y) for n, _, y in rows]
    assert f"r[0].{x_name}: -1e+200 is over range, which ends at {KINDS[kind].x_high:g}" in said(kind, far)
    equal = [(n, rows[0][1] if n == 2 else x, y) for n, x, y in rows]
    assert "points 1 and 2 are equal" in said(kind, equal)[0]
    for y, word in ((0.0, "no reading"), (-1.0, "no reading"), (15.0, "over range"), (math.nan, "finite")):
        [line] = said(kind, changed(rows, 4, y))
        assert line.startswith(f"r[4].{y_name}: ")
        assert word in line
    exchanged = [(n, y, x) for n, x, y in rows if kind != RING or x > 0.0]
    [line] = said(kind, exchanged, y_range=1e6)
    assert line == f"r[0]: {x_name} and {y_name} look swapped: exchange the two columns"


def test_a_converter_at_its_end_tells_no_more_than_that():
    rows = [(n, min(x * 1.1, 5.0), y) for n, x, y in readings(PHOTODIODE)]
    assert [line for line in said(PHOTODIODE, rows) if "5 is over range" in line]
    dark = [(n, 0.0 if n == 1 else x, y) for n, x, y in readings(PHOTODIODE)]
    assert "no signal" in said(PHOTODIODE, dark)[0]


def curve(by=0.0):
    xs = tuple(x for x, _ in true_points(PHOTODIODE))
    return PiecewiseLinear(xs=xs, ys=tuple(2.0 * x * (1.0 + by) for x in xs))


def history(*parts, apart=timedelta(days=100)):
    return [
        Earlier(number=n, made=date(2026, 1, 1) + n * apart, curve=curve(part))
        for n, part in enumerate(parts)
    ]


def test_drift_is_forecast_where_the_history_shows_a_trend():
    *earlier, newest = history(0.0, 0.0041, 0.0079, 0.012)
    found = drift(KINDS[PHOTODIODE], newest.curve, newest.made, earlier)
    assert [round(one.by, 1) for one in found.moved] == [1.1, 0.7, 0.4]
    days = (found.leaves_on - newest.made).days
    assert found.per_year == pytest.approx(1.32, rel=0.01)
    assert days == pytest.approx(5.0 / found.per_year * 365.25, abs=1.0)


def test_no_forecast_is_made_of_too_little_or_of_scatter():
    for known in (
        history(0.0, 0.004, 0.008)[: LEAST_CALIBRATIONS - 1],
        history(0.0, 0.01, -0.01, 0.01, -0.01, 0.0),
        history(0.0, 0.004, 0.008, 0.012, apart=timedelta(days=1)),
    ):
        *earlier, newest = known
        found = drift(KINDS[PHOTODIODE], newest.curve, newest.made, earlier)
        assert len(found.moved) == len(earlier)
        assert (found.per_year, found.leaves_on) == (None, None)
    assert drift(KINDS[PHOTODIODE], curve(), date(2027, 6, 1), []).moved == ()


def test_more_than_is_needed_of_a_kind_is_data():
    assert not judged_with_cause(replace(KINDS[RING], least_span=9.0), points(RING), 0.02).passed


def test_what_is_read_very_often_and_fails_is_looked_into_for_seconds(monkeypatch):
    rows = readings(PHOTODIODE, noise=NOISE * 20)
    for at in (0, 1, 60, 61):
        rows = changed(rows, at, rows[at][2] * (1.3 if at % 2 else 0.7))
    failed = judged(KINDS[PHOTODIODE], points(PHOTODIODE, rows), METER[PHOTODIODE])
    assert {failure.fault for failure in failed.failures} == {Fault.SPREAD}
    looks = []
    monkeypatch.setattr(causes, "judged", lambda *_given: looks.append(None) or failed)
    assert judge(PHOTODIODE, rows) is failed
    assert 1000 < len(looks) < 1500, "of 3600 exchanges of two readings"
