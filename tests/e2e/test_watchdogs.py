"""A lost process ends the light, though the devices' own process and their world go on."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from benchmarks.bench.watchdogs import CONTROL_LOST_S, WAYS, Loss, measure, report

BY_NAME = {way.name: way for way in WAYS}
SHARES = (("kiosk stopped", "control killed"), ("control stopped for 150 ms", "camera killed"))
"""Two carts at the same time: each start of a process takes a second."""
SLACK_S = 0.5
"""What a busy machine may add; the figures are the campaign's matter."""


@pytest.fixture(scope="module")
def losses():
    ways = [tuple(BY_NAME[name] for name in names) for names in SHARES]
    with ThreadPoolExecutor(len(ways)) as carts:
        return list(chain.from_iterable(carts.map(lambda share: list(measure(1, 1, share)), ways)))


@pytest.mark.process
def test_every_watchdog_ends_the_light(losses):
    assert [loss.way.name for loss in losses] == [name for names in SHARES for name in names]
    late = [loss for loss in losses if not 0.0 < loss.dark_after_s <= loss.way.limit_s + SLACK_S]
    assert late == []


@pytest.mark.process
def test_the_next_kiosk_finds_which_watchdog_it_was(losses):
    assert [(loss.way.name, loss.found) for loss in losses if not loss.named] == []


def test_the_report_judges_the_worst_and_what_was_not_named():
    way = BY_NAME["control killed"]
    intime, late = (Loss(way, seconds, (way.source,)) for seconds in (CONTROL_LOST_S, CONTROL_LOST_S + 0.01))
    assert report([intime]) == 0
    assert report([intime, late]) == 1
    assert report([intime, intime._replace(found=("loop",))]) == 1
