"""Garbage goes when a quiet screen is shown, and not while light may be."""

import gc
import weakref

import pytest

from tosca_kiosk.kiosk.main_loop.collector import Collector
from tosca_kiosk.kiosk.presenter.registry import ROWS

QUIET = {row.name for row in ROWS if row.quiet}


class Sheet:
    """Something in a cycle, as every closed sheet is."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def collector():
    before = gc.get_threshold()
    yield Collector(QUIET)
    gc.set_threshold(*before)
    gc.unfreeze()


def closed_sheet():
    return weakref.ref(Sheet())


@pytest.mark.parametrize("screen", sorted(QUIET))
def test_garbage_goes_on_a_quiet_screen_once_it_is_shown(collector, screen):
    sheet = closed_sheet()
    collector.look("treatment")
    assert sheet() is not None
    collector.look(screen)
    assert sheet() is None


def test_a_quiet_screen_that_stays_is_not_held_up_again(collector):
    collector.look("login")
    sheet = closed_sheet()
    collector.look("login")
    assert sheet() is not None
    collector.look("patients")
    collector.look("login")
    assert sheet() is None


def test_the_treatment_is_not_quiet():
    assert "treatment" not in QUIET


def test_no_full_collection_comes_by_itself(collector):
    full = gc.get_stats()[2]["collections"]
    kept = [[number] for number in range(200_000)]
    assert kept
    assert gc.get_stats()[2]["collections"] == full
