"""A site can tighten the limits, and only tighten them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.site_limits import SEED_KEYS, SITE_KEYS, SiteLimitError, site_limits

SEED_VALUES = {
    "max_laser_power_watts": 10.0,
    "treatment_loop_frequency_hz": 10,
    "photodiode_warning_threshold_percent": 15.0,
    "photodiode_fault_threshold_percent": 30.0,
}


def test_the_seeds_values_are_the_designs_limits() -> None:
    assert site_limits(SEED_VALUES) == Limits()


def test_every_limit_has_a_key() -> None:
    assert {row.field for row in SITE_KEYS.values()} == set(Limits.__struct_fields__)


def test_a_tightened_limit_governs() -> None:
    limits = site_limits({"photodiode_fault_threshold_percent": 20, "interlock_board_fresh_s": 0.05})
    assert limits.photodiode_fault_fraction == pytest.approx(0.2)
    assert limits.board_fresh_s == 0.05


def test_a_longer_wait_is_tighter() -> None:
    assert site_limits({"interlock_pedal_after_arm_s": 5}).pedal_after_arm_s == 5
    with pytest.raises(SiteLimitError, match="2 to 60 allowed"):
        site_limits({"interlock_pedal_after_arm_s": 1.0})


def test_other_settings_are_left_alone() -> None:
    assert site_limits({"video_fps": 30}) == Limits()


@pytest.mark.parametrize("key", SITE_KEYS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 0, True, "10", None])
def test_what_is_no_limit_is_refused_by_key(key: str, value: object) -> None:
    if value == 0 and SITE_KEYS[key].low == 0:
        assert site_limits({key: value})
        return
    with pytest.raises(SiteLimitError, match=rf"system_config\.{key}: "):
        site_limits({key: value})


@given(st.sampled_from(sorted(SITE_KEYS)), st.floats(allow_nan=False))
def test_nothing_passes_outside_the_designs_range(key: str, value: float) -> None:
    row = SITE_KEYS[key]
    try:
        site_limits({key: value})
    except SiteLimitError:
        assert not row.low <= value <= row.high
    else:
        assert row.low <= value <= row.high


def test_the_seeds_own_keys_are_among_them() -> None:
    assert SEED_KEYS.keys() <= SITE_KEYS.keys()
