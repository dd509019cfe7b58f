"""Double reports of one finger."""

import pytest

from tosca_kiosk.kiosk.touch.repeats import Repeats


@pytest.mark.parametrize(
    ("later_s", "away_px", "repeat"),
    [(0.0, 0, True), (0.079, 10, True), (0.081, 0, False), (0.01, 11, False), (0.01, -10, True)],
)
def test_a_report_is_a_repeat_when_it_is_soon_and_near(later_s, away_px, repeat):
    repeats = Repeats(near_px=10)
    assert not repeats.is_repeat(5.0, 100, 100)
    assert repeats.is_repeat(5.0 + later_s, 100 + away_px, 100) is repeat


def test_a_repeat_does_not_prolong_the_time_in_which_more_are_swallowed():
    repeats = Repeats(near_px=10)
    assert not repeats.is_repeat(0.0, 100, 100)
    assert repeats.is_repeat(0.06, 100, 100)
    assert not repeats.is_repeat(0.12, 100, 100)


def test_a_touch_after_the_finger_was_lifted_is_a_new_one():
    """A main loop that was held up tells of two quick taps at one instant."""
    repeats = Repeats(near_px=10)
    assert not repeats.is_repeat(5.0, 100, 100)
    repeats.lifted(101, 100)
    assert not repeats.is_repeat(5.0, 100, 100)
