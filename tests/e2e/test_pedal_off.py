"""From pedal up to light off, through the whole cart: drivers, wires, board, laser and physics."""

import pytest

from benchmarks.bench.pedal_off import WAYS, Way, measure, over_limit
from benchmarks.rigs.percentiles import percentile

pytestmark = pytest.mark.slow

BOTH, _, HOST_ALONE = WAYS
RELEASES = 25


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_light_is_off_in_time_after_every_release(way):
    """At any phase of tick, board and wires, and by each of the two ways alone."""
    measured = measure(way, RELEASES, seed=7)

    assert len(measured) == RELEASES
    assert over_limit(way, measured) == []


def test_a_release_is_a_pause_and_no_fault():
    assert {release.faults for release in measure(BOTH, RELEASES, seed=7)} == {()}


def test_a_campaign_sees_light_that_stays_on():
    """With the gate welded and the host silent nothing ends the light, and every release shows it."""
    neither = Way("neither", 0.020, 0.060, gate_welded=True, host_silent=True)

    measured = measure(neither, 3, seed=5)

    assert over_limit(neither, measured) == measured
    assert min(release.dark_after_s for release in measured) > 0.04


def test_equal_seeds_give_equal_campaigns():
    assert measure(HOST_ALONE, 3, seed=11) == measure(HOST_ALONE, 3, seed=11)


def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed():
    assert [percentile([3.0, 1.0, 2.0, 4.0], part) for part in (0.0, 0.5, 0.75, 1.0)] == [1.0, 2.0, 3.0, 4.0]
