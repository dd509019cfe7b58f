"""The book of alarms: order, latching, acknowledging."""

from __future__ import annotations

import pytest

from tosca_kiosk.domain.interlocks import INTERLOCKS, Severity
from tosca_kiosk.kiosk.alarms.alarm import Priority
from tosca_kiosk.kiosk.alarms.book import AlarmBook
from tosca_kiosk.kiosk.alarms.conditions import of_interlock

STOP, FIBRE, STAGE = (of_interlock(name) for name in ("stop_loop", "photodiode_warning", "stage"))


@pytest.mark.parametrize("row", INTERLOCKS, ids=lambda row: row.source)
def test_priorities_follow_the_severity_of_the_interlock(row):
    high = row.severity in (Severity.EMERGENCY, Severity.CRITICAL)
    assert of_interlock(row.source).priority is (Priority.HIGH if high else Priority.MEDIUM)


def test_an_interlock_that_is_not_known_is_taken_for_grave():
    assert of_interlock("new_one").priority is Priority.HIGH


def test_the_highest_comes_first_and_of_equals_the_newest():
    book = AlarmBook()
    book.update(1.0, [FIBRE])
    book.update(2.0, [FIBRE, STAGE])
    shown = book.update(3.0, [FIBRE, STAGE, STOP])
    assert [alarm.source for alarm in shown] == ["stop_loop", "stage", "photodiode_warning"]


def test_what_is_over_stays_until_somebody_has_seen_it():
    book = AlarmBook()
    book.update(1.0, [STOP])
    (over,) = book.update(2.0, [])
    assert (over.active, over.acknowledged) == (False, False)
    book.acknowledge()
    assert book.update(3.0, []) == ()


def test_what_was_seen_and_stands_goes_when_it_is_over():
    book = AlarmBook()
    book.update(1.0, [STOP])
    book.acknowledge(["stop_loop"])
    (standing,) = book.update(2.0, [STOP])
    assert (standing.active, standing.acknowledged, standing.since_s) == (True, True, 1.0)
    assert book.update(3.0, []) == ()


def test_what_comes_again_is_a_new_occurrence():
    book = AlarmBook()
    book.update(1.0, [STOP])
    book.acknowledge()
    book.update(2.0, [])
    (again,) = book.update(5.0, [STOP])
    assert (again.since_s, again.acknowledged) == (5.0, False)


def test_an_unchanged_book_is_the_same_object_turn_after_turn():
    book = AlarmBook()
    shown = book.update(1.0, [STOP, FIBRE])
    assert book.update(1.03, [STOP, FIBRE]) is shown
