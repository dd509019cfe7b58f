"""The worker: order, delivery in the poller's thread, errors handed over, nothing left running."""

from __future__ import annotations

import threading

import pytest

from tosca_kiosk.kiosk.services import Worker

LONG_S = 20.0


@pytest.fixture
def worker():
    before = set(threading.enumerate())
    made = Worker()
    yield made
    made.close()
    assert set(threading.enumerate()) == before


def test_a_result_is_delivered_in_the_thread_that_polls(worker):
    seen = []
    worker.submit(
        lambda: threading.current_thread().name,
        lambda name: seen.append((name, threading.current_thread().name)),
        pytest.fail,
    )
    assert worker.wait(LONG_S)
    assert seen == [("kiosk-record", threading.main_thread().name)]
    assert worker.pending == 0


def test_nothing_is_delivered_before_it_is_polled_and_the_poll_never_waits(worker):
    gate, seen = threading.Event(), []
    worker.submit(lambda: gate.wait(LONG_S), seen.append, pytest.fail)
    worker.poll()
    assert (seen, worker.pending) == ([], 1)
    gate.set()
    assert worker.wait(LONG_S)
    assert seen == [True]


def test_jobs_run_in_the_order_they_were_given(worker):
    seen = []
    for number in range(20):
        worker.submit(lambda number=number: number, seen.append, pytest.fail)
    while worker.pending:
        assert worker.wait(LONG_S)
    assert seen == list(range(20))


def test_an_error_is_handed_over_and_the_next_job_still_runs(worker):
    seen = []
    worker.submit(lambda: 1 / 0, pytest.fail, seen.append)
    worker.submit(lambda: "next", seen.append, pytest.fail)
    while worker.pending:
        assert worker.wait(LONG_S)
    assert isinstance(seen[0], ZeroDivisionError)
    assert seen[1] == "next"
