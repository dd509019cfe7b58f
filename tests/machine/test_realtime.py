"""Helper threads beside the ticks: before everything of the normal class, behind the ticks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.waiting import WITHIN_S, until
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.realtime import Standing, follow_the_ticks, shortcoming
from tosca_kiosk.running.control_process import Delay, delay_of


@pytest.fixture
def priority(request: pytest.FixtureRequest) -> Iterator[int]:
    """The main thread in SCHED_FIFO, as control's."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    wanted: int = request.param
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(wanted))
    except PermissionError:
        pytest.skip("this user may not have SCHED_FIFO")
    yield wanted
    os.sched_setscheduler(0, *before)


def class_of(thread: int) -> tuple[int, int]:
    policy = os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK
    return policy, os.sched_getparam(thread).sched_priority


def class_of_a_helper() -> tuple[int, int]:
    found: list[tuple[int, int]] = []

    def helper() -> None:
        follow_the_ticks()
        found.append(class_of(0))

    thread = threading.Thread(target=helper)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("priority", [50, 2], indirect=True)
def test_a_helper_is_one_below_the_ticks(priority: int) -> None:
    assert class_of_a_helper() == (os.SCHED_FIFO, priority - 1)
    assert class_of(os.getpid()) == (os.SCHED_FIFO, priority)


@pytest.mark.parametrize("priority", [1], indirect=True)
@pytest.mark.usefixtures("priority")
def test_there_is_nothing_below_the_lowest() -> None:
    assert class_of_a_helper() == (os.SCHED_OTHER, 0)


def test_without_the_ticks_in_that_class_nothing_is_taken() -> None:
    assert class_of_a_helper() == class_of(os.getpid())


@pytest.mark.parametrize("priority", [40], indirect=True)
def test_the_journals_helpers_follow_the_ticks(priority: int, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    journal = Journal(tmp_path)
    journal._wake.set()
    assert journal._copied.wait(WITHIN_S)
    helpers = {thread.name: thread.native_id for thread in set(threading.enumerate()) - before}
    assert set(helpers) == {"journal-copy", "traces"}
    follows = (os.SCHED_FIFO, priority - 1)
    until(lambda: {class_of(thread or 0) for thread in helpers.values()} == {follows}, "they follow")
    journal.close()


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (Standing("fifo", True, 50), None),
        (Standing("fifo", False, 50), "Its memory is not locked."),
        (Standing("nice", True, 0), "It is scheduled as nice, not by SCHED_FIFO."),
        (
            Standing("normal", False, 0),
            "It is scheduled as normal, not by SCHED_FIFO. Its memory is not locked.",
        ),
    ],
)
def test_what_may_delay_control_is_named(standing: Standing, told: str | None) -> None:
    assert shortcoming(standing) == told


POOR = Standing("nice", False, 0)
REAL = load_config(bundled("cart.yaml"))


def test_a_real_laser_has_no_light_from_a_control_that_may_be_delayed_unless_its_site_says_so() -> None:
    assert delay_of(REAL, Standing("fifo", True, 50)) == Delay(None, None)
    shown, problem = delay_of(REAL, POOR)
    assert shown is not None
    assert problem == shown
    allowed = replace(REAL, allow_without_real_time=True)
    assert delay_of(allowed, POOR) == Delay(shown, None), "the screen shows it all the same"


def test_a_simulated_laser_asks_for_no_real_time() -> None:
    assert delay_of(load_config(bundled("simulated.yaml")), POOR) == Delay(None, None)
