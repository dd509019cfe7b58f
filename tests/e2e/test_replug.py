"""USB cables that come out of a treating cart: light off, the device named, and found again by its number."""

import pytest

from benchmarks.bench.replug import measure, report
from benchmarks.bench.replug_trial import ALONE, KEPT_ON, SWAPPED, Replug

pytestmark = pytest.mark.slow

SEED = 3
CASES = (
    ("laser", "ramping"),
    ("laser", "steady"),
    ("laser", "paused"),
    ("tec", "steady"),
    ("tec", "armed"),
    ("stage", "ring moving"),
    ("board", "ramping"),
    ("board", "ring moving"),
)


@pytest.fixture(scope="module")
def replugs():
    return list(measure(len(CASES), SEED, CASES))


def test_nothing_is_missed(replugs):
    assert [(str(replug), replug.misses) for replug in replugs if replug.misses] == []
    assert {(replug.key, replug.phase) for replug in replugs} == set(CASES)


def test_every_way_was_tried(replugs):
    """Else nothing was proved: light at the moment, a bridged plug, a name that another device got."""
    assert {replug.way for replug in replugs} == {ALONE, SWAPPED, KEPT_ON}
    assert sum(replug.lit for replug in replugs) >= 3
    assert {replug.resumed for replug in replugs} == {True, False}


def test_the_report_says_which_seed_repeats_a_miss(capsys):
    whole = Replug(
        7, "laser", "steady", ALONE, 12.5, True, 0.01, 1.0, named=True, other_name=True, resumed=True
    )
    assert report([whole]) == 0
    missed = Replug(7, "laser", "steady", KEPT_ON, 12.5, True, 0.2, 1.0, misses=["dark after 200.0 ms"])
    assert report([whole, missed]) == 1
    assert "MISS seed 7, laser kept on, steady, at 12.5000 s: dark after" in capsys.readouterr().out
