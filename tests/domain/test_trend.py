"""Where a measured value is going, and the day on which it leaves its bounds."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest

from tosca_kiosk.domain.calibrating.trend import LEAST_DAYS, LEAST_VALUES, Measured, trend

FIRST = datetime(2027, 1, 4, 7, 30)


def history(per_day=0.0, days=20, start=100.0, noise=0.0, seed=1):
    chance = random.Random(seed)
    return [
        Measured(FIRST + timedelta(days=day), start + per_day * day + chance.gauss(0.0, noise))
        for day in range(days)
    ]


def test_a_steady_fall_is_told_with_the_day_on_which_it_leaves():
    found = trend(history(per_day=-0.1), low=89.95, high=110.0)
    assert found.per_year == pytest.approx(-36.525)
    assert found.leaves_on == date(2027, 1, 4) + timedelta(days=100)


def test_noise_alone_is_no_trend_nearly_always():
    told = [trend(history(noise=1.0, seed=seed), low=90.0, high=110.0).per_year for seed in range(200)]
    assert sum(one is not None for one in told) < 5


def test_a_trend_through_noise_is_found_and_near():
    found = trend(history(per_day=0.3, noise=0.5, days=30), low=90.0, high=110.0)
    assert found.per_year == pytest.approx(0.3 * 365.25, rel=0.1)
    assert abs((found.leaves_on - date(2027, 1, 4)).days - 33) <= 4


@pytest.mark.parametrize("known", [[], history(1.0, LEAST_VALUES - 1), history(1.0, 6)[:1] * LEAST_VALUES])
def test_too_short_a_history_tells_none(known):
    found = trend(known, low=0.0, high=200.0)
    assert (found.values, found.per_year, found.leaves_on) == (len(known), None, None)


def test_one_morning_of_many_values_is_no_history():
    known = [Measured(FIRST + timedelta(minutes=5 * n), 100.0 + n) for n in range(50)]
    assert trend(known, low=0.0, high=200.0).per_year is None
    assert LEAST_DAYS > 1.0


def test_what_is_outside_already_leaves_on_the_day_of_its_last_value():
    found = trend(history(per_day=1.0), low=90.0, high=110.0)
    assert found.leaves_on == date(2027, 1, 23)


@pytest.mark.parametrize(("low", "high"), [(None, 110.0), (90.0, None)])
def test_an_open_side_or_one_too_far_away_has_no_day(low, high):
    per_day = -0.1 if low is None else 0.1
    assert trend(history(per_day), low=low, high=high).leaves_on is None
    assert trend(history(-per_day / 1000.0), low=low, high=high).leaves_on is None


def test_a_value_that_never_changes_has_no_trend():
    assert trend(history(), low=90.0, high=110.0).per_year is None
