"""Whether the wall clock can be right by the rows of the record: behind, far ahead, before the program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tosca_kiosk.domain.events import noticed
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import events, schema
from tosca_kiosk.storage.clock_evidence import Wrong, clock_doubt, doubt, newest_row, newest_skip, released

NEWEST = datetime(2027, 3, 14, 9, 26, 53, tzinfo=UTC)
A_MINUTE, A_DAY, A_YEAR = timedelta(minutes=1), timedelta(days=1), timedelta(days=365)


def wrong(now, newest=NEWEST):
    doubted = doubt(now, newest)
    return None if doubted is None else doubted.wrong


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (NEWEST, None),
        (NEWEST - A_MINUTE, None),
        (NEWEST - 6 * A_MINUTE, Wrong.BEHIND),
        (NEWEST - 30 * A_DAY, Wrong.BEHIND),
        (NEWEST + A_YEAR, None),
        (NEWEST + A_YEAR + 2 * A_DAY, Wrong.AHEAD),
        (datetime(2043, 1, 1, tzinfo=UTC), Wrong.AHEAD),
        (datetime(1970, 1, 1, tzinfo=UTC), Wrong.BEFORE_RELEASE),
    ],
)
def test_a_clock_is_doubted_beside_the_newest_row(now, said):
    assert wrong(now) is said


def test_without_any_row_only_the_programs_release_tells(now):
    assert wrong(released(), None) is None
    assert wrong(datetime(2043, 1, 1, tzinfo=UTC), None) is None
    assert wrong(released() - A_MINUTE, None) is Wrong.BEFORE_RELEASE


def test_the_program_is_no_older_than_its_newest_schema():
    assert f"{released() + A_DAY:%Y%m%d}" == schema.revisions()[-1][:8]
    assert released() < utc_now()


def log(database, *times):
    """Have the log hold a line of no session at each of these times, in this order."""
    line = noticed("interlock_failure", "x", "operator_informed", {})
    for time in times:
        with database.transaction() as transaction:
            events.append_safety(transaction, time, [(0.0, line)])


def newest(database):
    with database.reading() as reader:
        return newest_row(reader)


def test_the_record_of_a_right_clock_is_not_doubted(database):
    log(database, utc_now())
    assert clock_doubt(database, utc_now()) is None


def test_one_start_in_a_far_year_is_doubted_for_days_and_makes_no_right_clock_look_slow(database):
    right = utc_now()
    log(database, right)
    far = right.replace(year=2043, month=3, day=1)
    for days in range(6):
        assert clock_doubt(database, far + days * A_DAY).wrong is Wrong.AHEAD
        log(database, far + days * A_DAY)
    assert clock_doubt(database, right) is None
    assert newest(database) < right + A_DAY


def test_a_cart_that_stood_for_years_is_believed_after_a_week_of_rows(database):
    log(database, utc_now())
    later = utc_now() + 3 * A_YEAR
    log(database, *(later + days * A_DAY for days in range(9)))
    assert clock_doubt(database, later + 9 * A_DAY) is None
    assert newest(database) == later + 8 * A_DAY


@pytest.mark.parametrize(
    "rest",
    [
        *("T23:59:59Z", " 23:59:59+02:00", " later", " 24:00:00", " 25:00:00", " 23:60:00", " 23:59:60"),
        *(" 23:59:59.99999 ", " 23:59:59.99.999", " 23-59-59"),
    ],
)
def test_a_value_that_is_no_time_hides_no_row_of_its_day(database, session, rest):
    newest_yet = utc_now() + 10 * A_DAY
    log(database, newest_yet)
    with database.transaction() as transaction:
        transaction.execute("UPDATE sessions SET start_time = :odd", odd=f"{newest_yet:%Y-%m-%d}{rest}")
    assert newest(database) == newest_yet


def test_rows_from_before_any_record_of_this_program_and_what_is_no_time_prove_nothing(database, session):
    log(database, datetime(1970, 1, 1, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC))
    with database.transaction() as transaction:
        transaction.execute("UPDATE sessions SET start_time = '03/22/15 12:00'")
    assert released() <= newest(database) <= utc_now()
    assert clock_doubt(database, utc_now()) is None


@pytest.mark.parametrize(
    ("boot_s", "told"),
    [("12.5", 12.5), ("0", 0.0), ("-1", None), ("9e999", None), ("-9e999", None), ("1e300", None)],
)
def test_what_no_machine_runs_for_is_no_moment_since_its_boot(database, boot_s, told):
    """Time between such moments is reckoned with: of an infinite one the kiosk could say nothing ever."""
    with database.transaction() as transaction:
        transaction.insert(
            "safety_log",
            timestamp=utc_now(),
            event_type="clock_set_forward",
            severity="warning",
            description="x",
            details=f'{{"boot_id": "this run", "boot_s": {boot_s}}}',
        )
    with database.reading() as reader:
        found = newest_skip(reader)
    assert (None if found is None else found[1].s) == told
