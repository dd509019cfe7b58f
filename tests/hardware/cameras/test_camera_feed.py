"""The feed between a camera's thread and poll: nothing is lost unsaid, and a feed given up takes nothing."""

from threading import Thread

import numpy as np
import pytest

from hardware.cameras.content import ContentWatch
from hardware.cameras.device_clock import DeviceClock
from hardware.cameras.feed import Ended, Feed, Shot, Wanted
from tests.waiting import until

IMAGE = np.zeros((2, 3), np.uint8)


def shot(number, taken_s=0.0, lost=0):
    return Shot(taken_s=taken_s, number=number, lost=lost, exposure_us=1000.0, gain_db=0.0, image=IMAGE)


@pytest.fixture
def feed():
    return Feed(Wanted(), ContentWatch())


def test_the_newest_frame_is_taken_and_those_before_it_are_counted(feed):
    for number in range(3):
        feed.put(shot(number))
    newest, overrun = feed.take(0.0)
    assert (newest.number, overrun) == (2, 2)
    assert feed.take(0.0) is None
    feed.put(shot(3))
    assert feed.take(0.0)[1] == 2


def test_frames_that_nobody_takes_are_dropped_oldest_first_and_counted(feed):
    for number in range(100):
        feed.put(shot(number))
    newest, overrun = feed.take(0.0)
    assert (newest.number, overrun) == (99, 99)


def test_a_frame_is_taken_when_its_time_has_come(feed):
    for number in range(3):
        feed.put_ahead(shot(number, taken_s=float(number)))
    assert feed.take(0.5)[0].number == 0
    assert feed.take(0.9) is None
    assert feed.take(1.0)[0].number == 1


def test_the_end_comes_after_the_last_frame(feed):
    feed.put(shot(0, taken_s=1.0))
    feed.end(Ended("over"))
    assert feed.ended is None
    assert feed.take(0.5) is None
    assert feed.ended is None
    assert feed.take(1.0) is not None
    assert feed.ended == Ended("over")


def test_the_newest_wish_wins_and_is_taken_once(feed):
    assert feed.take_wanted() == Wanted()
    feed.want(Wanted(exposure_us=1.0))
    feed.want(Wanted(exposure_us=2.0))
    assert feed.take_wanted() == Wanted(exposure_us=2.0)
    assert feed.take_wanted() is None


def test_stopping_frees_a_thread_that_waits_for_room(feed):
    taken_ahead = []

    def fill():
        while not feed.stopping:
            feed.put_ahead(shot(len(taken_ahead), taken_s=1.0))
            taken_ahead.append(1)

    thread = Thread(target=fill, daemon=True)
    thread.start()
    until(lambda: len(taken_ahead) >= 8, "eight are taken ahead")
    feed.stop()
    thread.join(5.0)
    assert not thread.is_alive()


def test_a_frame_that_waited_in_a_queue_is_as_old_as_it_is():
    clock = DeviceClock()
    assert clock.caller_s(5.0, 100.0) == 100.0
    assert clock.caller_s(5.1, 100.1) == pytest.approx(100.1)
    assert clock.caller_s(5.2, 101.0) == pytest.approx(100.2)


def test_a_quicker_frame_shows_that_those_before_were_late():
    clock = DeviceClock()
    assert clock.caller_s(5.0, 100.5) == 100.5
    clock.caller_s(5.1, 100.1)
    assert clock.caller_s(5.2, 100.5) == pytest.approx(100.2)


def test_a_late_frame_is_late_even_as_the_first_of_a_new_window():
    clock = DeviceClock()
    for tenth in range(99):
        clock.caller_s(5.0 + tenth / 10.0, 100.0 + tenth / 10.0)
    assert clock.caller_s(15.0, 111.0) == pytest.approx(110.0)


@pytest.mark.parametrize("drift", [-1e-4, 1e-4])
def test_the_clocks_may_drift_for_hours(drift):
    """Over ten hours at 100 ppm they part by 3.6 s; no frame is ever taken for 10 ms older than it is."""
    clock = DeviceClock()
    for number in range(36_000):
        now_s = float(number)
        assert 0.0 <= now_s - clock.caller_s(7.0 + now_s * (1.0 + drift), now_s) < 0.01
