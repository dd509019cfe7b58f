"""A site can tighten the limits, and only tighten them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.setting_table import SETTINGS
from tosca_kiosk.domain.site_limits import LIMIT_KEYS, ORDERED, ROOM_S, SiteLimitError, site_limits

SEED_VALUES = {
    "max_laser_power_watts": 10.0,
    "treatment_loop_frequency_hz": 10,
    "photodiode_warning_threshold_percent": 15.0,
    "photodiode_fault_threshold_percent": 30.0,
}
LIMITS = {row.key: row for row in LIMIT_KEYS.values()}
BESIDE = {one: other for pair in ORDERED for one, other in (pair, pair[::-1])}


def test_the_seeds_values_are_the_designs_limits() -> None:
    assert site_limits(SEED_VALUES) == Limits()


def test_every_limit_has_a_key() -> None:
    assert LIMIT_KEYS.keys() == set(Limits.__struct_fields__)


def test_a_tightened_limit_governs() -> None:
    limits = site_limits({"photodiode_fault_threshold_percent": 20, "interlock_board_fresh_s": 0.05})
    assert limits.photodiode_fault_fraction == pytest.approx(0.2)
    assert limits.board_fresh_s == 0.05


def test_a_longer_wait_is_tighter() -> None:
    assert site_limits({"interlock_pedal_after_arm_s": 5}).pedal_after_arm_s == 5
    with pytest.raises(SiteLimitError, match="2 to 60 s allowed"):
        site_limits({"interlock_pedal_after_arm_s": 1.0})


def test_other_settings_are_left_alone() -> None:
    assert site_limits({"video_fps": 30}) == Limits()


@pytest.mark.parametrize("key", LIMITS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 0, True, "10", None])
def test_what_is_no_limit_is_refused_by_key(key: str, value: object) -> None:
    if value == 0 and LIMITS[key].lowest == 0:
        assert site_limits({key: value})
        return
    with pytest.raises(SiteLimitError, match=rf"system_config\.{key}: "):
        site_limits({key: value})


@given(st.sampled_from(sorted(LIMITS)), st.floats(allow_nan=False))
def test_nothing_passes_outside_the_designs_range(key: str, value: float) -> None:
    row = LIMITS[key]
    try:
        site_limits({key: value})
    except SiteLimitError as error:
        contradicts = key in BESIDE and LIMITS[BESIDE[key]].key in str(error)
        assert contradicts or not row.lowest <= value <= row.highest or value % 1
    else:
        assert row.lowest <= value <= row.highest


def test_the_seeds_own_keys_are_among_them() -> None:
    assert SEED_VALUES.keys() <= LIMITS.keys()


def test_a_key_that_has_no_row_means_the_design() -> None:
    for key, row in SETTINGS.items():
        assert row.key == key
        assert row.default is None or row.problem(row.default) is None
    assert site_limits({key: row.default for key, row in LIMITS.items()}) == Limits()


def test_a_rate_is_a_whole_number() -> None:
    assert type(site_limits({"treatment_loop_frequency_hz": 20.0}).setpoint_rate_hz) is int
    with pytest.raises(SiteLimitError, match=r"20\.5 given, a whole number from 10 to 50 Hz allowed"):
        site_limits({"treatment_loop_frequency_hz": 20.5})


@pytest.mark.parametrize(("lower", "upper"), ORDERED)
def test_two_limits_leave_time_between_them_or_both_are_named(lower: str, upper: str) -> None:
    least, most = LIMITS[lower].default, LIMITS[upper].default
    for settings in (
        {lower: most},
        {lower: most - 0.9 * ROOM_S},
        {upper: least},
        {lower: least + 0.2, upper: least + 0.1},
    ):
        with pytest.raises(SiteLimitError, match=rf"system_config\.{lower}: .*system_config\.{upper}: "):
            site_limits(settings)
    for settings in (
        {lower: most - ROOM_S},
        {upper: least + ROOM_S},
        {lower: least + 0.2, upper: most - 0.2},
    ):
        site_limits(settings)
