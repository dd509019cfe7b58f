"""All light of a patient that is not provably older than 24 h is known before another session."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.site_limits import SiteLimitError
from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED
from tosca_kiosk.machine.clock import since_boot
from tosca_kiosk.session import earlier_dose
from tosca_kiosk.storage import Database, clock_evidence, energies, events, patients, sessions, settings
from tosca_kiosk.storage.energies import Energies

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Record:
    """A record with two patients, written by a wall clock that a test sets.

    The audit's times are SQLite's own: they are put to this clock's where the test asks for it.
    """

    def __init__(self, path):
        self.path = path
        self.clock = datetime.now(UTC)
        self.database = Database.open(path)
        for _ in range(2):
            with self.database.transaction(1) as transaction:
                patients.add(transaction, self.clock, created_by=1)

    def opened(self, patient_id=1):
        with self.database.transaction(1) as transaction:
            return sessions.start(
                transaction,
                patient_id=patient_id,
                tech_id=1,
                start_utc=self.clock,
                protocol_name="Gentle",
                protocol_snapshot="{}",
                protocol_id=None,
                origin="sim",
            ).session_id

    def treated(
        self, *, patient_id=1, status="completed", reason="test", measured_j=5.0, commanded_j=5.0, whole=True
    ):
        """Open and close a session of a minute."""
        session_id = self.opened(patient_id)
        reason = None if status == "completed" else reason
        told = Summary(status, reason, 60.0, 60.0, 1.0, 1.0, measured_j, commanded_j)
        self.clock += timedelta(minutes=1)
        with self.database.transaction(1) as transaction:
            sessions.correct(transaction, sessions.get(transaction, session_id), told, told=True)
            energies.keep(transaction, session_id, told, whole=whole)
        return session_id

    def signed_in(self):
        """Leave a row of the audit, as every sign-in does."""
        with self.database.transaction(1) as transaction:
            transaction.update("tech_users", {"tech_id": 1}, last_login=self.clock)

    def earlier(self, patient_id=1):
        return earlier_dose(self.database, patient_id, self.clock)

    def numbers(self, patient_id=1):
        return [one.session_id for one in self.earlier(patient_id).sessions]

    def sql(self, statement, *values):
        with closing(sqlite3.connect(self.path, isolation_level=None)) as tool:
            tool.execute(statement, values)


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "laser_control.db"
    Database.open(path).close()
    return path.read_bytes()


@pytest.fixture
def record(tmp_path, empty):
    path = tmp_path / "laser_control.db"
    path.write_bytes(empty)
    made = Record(path)
    yield made
    made.database.close()


@pytest.fixture
def by_clock(record):
    """The same, the audit's times being those of the test's clock too: what a wrong wall clock writes."""
    record.database.close()
    for (name,) in _triggers(record.path):
        record.sql(f"DROP TRIGGER {name}")
    record.sql("DELETE FROM audit_log")
    record.database = Database.open(record.path)
    return Clocked(record)


def _triggers(path):
    with closing(sqlite3.connect(path)) as tool:
        return tool.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' "
            "AND (name LIKE '%_audit_%' OR name LIKE 'audit_log_%')"
        ).fetchall()


class Clocked:
    """Writes the audit's rows that the triggers would have written under the test's clock."""

    def __init__(self, record):
        self.record = record

    def __getattr__(self, name):
        return getattr(self.record, name)

    def treated(self, **how):
        number = self.record.treated(**how)
        start = sessions.get(self.record.database, number).start_time
        self._row("sessions", number, "insert", start)
        self._row("sessions", number, "update", self.record.clock)
        return number

    def passes(self, time):
        self.record.clock += time

    def signed_in(self):
        self._row("tech_users", 1, "update", self.record.clock)

    def _row(self, table, key, action, time):
        self.sql(
            "INSERT INTO audit_log (timestamp, source, table_name, row_key, action) "
            "VALUES (?, 'sql', ?, ?, ?)",
            time.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds"),
            table,
            str(key),
            action,
        )


def test_a_patient_without_light_is_asked_nothing(record):
    record.treated(patient_id=2)
    record.treated(measured_j=0.0, commanded_j=0.0)
    earlier = record.earlier()
    assert (earlier.sessions, earlier.energy_j, earlier.must_ask) == ((), 0.0, False)


def test_all_light_of_the_patient_counts_whatever_its_status_the_newest_first(record):
    completed = record.treated(measured_j=296.0, commanded_j=295.0)
    record.treated(patient_id=2)
    aborted = record.treated(status="aborted", measured_j=0.0, commanded_j=1.6)
    earlier = record.earlier()
    assert [(one.session_id, one.status) for one in earlier.sessions] == [
        (aborted, "aborted"),
        (completed, "completed"),
    ]
    assert earlier.sessions[0].energies == Energies(0.0, 1.6, 1.6)
    assert earlier.energy_j == pytest.approx(297.6)
    assert earlier.must_ask


def test_light_before_midnight_counts(record):
    record.treated()
    record.clock += 23 * HOUR
    assert record.numbers() == [1]


def test_a_session_that_the_next_goes_on_from_counts_however_old_it_is(record):
    for _ in range(2):
        record.treated()
    record.treated(patient_id=2)
    record.clock += 9 * DAY
    record.treated(patient_id=2)
    record.clock += 9 * DAY
    assert record.numbers() == []
    [counted] = earlier_dose(record.database, 1, record.clock, frozenset({1})).sessions
    assert (counted.session_id, counted.goes_on) == (1, True)


def test_what_is_provably_older_than_a_day_is_left_out(record):
    record.treated()
    record.treated(patient_id=2)
    record.clock += DAY + timedelta(minutes=6)
    assert record.numbers() == []


def test_the_newest_session_of_all_counts_for_nothing_later_bears_it_out(record):
    record.treated()
    record.clock += 30 * DAY
    assert record.numbers() == [1]


def test_a_clock_that_was_slow_from_the_start_does_not_hide_the_newest_session(by_clock):
    """An abort 12 minutes ago, by a clock that was two days slow and is put right now."""
    for _ in range(3):
        by_clock.treated(patient_id=2)
        by_clock.passes(HOUR)
    aborted = by_clock.treated(status="aborted")
    by_clock.passes(2 * DAY + timedelta(minutes=12))
    assert by_clock.numbers() == [aborted]


def test_a_session_whose_light_is_not_confirmed_ended_says_so(record):
    record.treated(status="aborted", reason=f"{LIGHT_NOT_CONFIRMED}; laser_stale", whole=False)
    record.treated(status="aborted")
    assert [one.ending for one in record.earlier().sessions] == ["aborted", LIGHT_NOT_CONFIRMED]


def test_a_session_that_is_open_counts_and_is_asked_about(record):
    record.opened()
    record.clock += 30 * DAY
    earlier = record.earlier()
    assert (earlier.unknown, earlier.energy_j, earlier.must_ask) == (1, 0.0, True)


def test_an_energy_that_is_not_known_whole_is_asked_about_whatever_the_site_lets_pass(record):
    record.treated(measured_j=1.0, commanded_j=2.0, whole=False)
    with record.database.transaction(1) as transaction:
        settings.put(transaction, "earlier_dose_asked_above_joules", 100.0, record.clock)
    earlier = record.earlier()
    assert (earlier.energy_j, earlier.unknown, earlier.must_ask) == (2.0, 1, True)


@pytest.mark.parametrize(("above_j", "asked"), [(0.0, True), (9.9, True), (10.0, False), (10_000.0, False)])
def test_a_site_says_from_which_sum_on_it_is_asked(record, above_j, asked):
    record.treated()
    record.treated()
    with record.database.transaction(1) as transaction:
        settings.put(transaction, "earlier_dose_asked_above_joules", above_j, record.clock)
    earlier = record.earlier()
    assert (earlier.energy_j, len(earlier.sessions), earlier.must_ask) == (10.0, 2, asked)


def test_a_question_beyond_its_range_opens_no_session(record):
    record.sql("UPDATE system_config SET config_value = '1e9' WHERE config_key LIKE 'earlier_dose%'")
    with pytest.raises(SiteLimitError, match="earlier_dose_asked_above_joules: 1000000000"):
        record.earlier()


def test_a_row_whose_time_lies_before_its_own_audit_proves_nothing(record):
    """By any tool: the audit knows when the row was written."""
    record.treated()
    record.sql(
        "UPDATE sessions SET start_time = datetime(start_time, '-30 hours'), "
        "end_time = datetime(end_time, '-30 hours')"
    )
    assert record.numbers() == [1]


def test_a_clock_25_hours_slow_hides_no_abort(by_clock):
    by_clock.treated(patient_id=2)
    by_clock.passes(HOUR)
    by_clock.passes(-25 * HOUR)
    slow = by_clock.treated(status="aborted")
    by_clock.passes(25 * HOUR)
    assert by_clock.numbers() == [slow]


def test_a_clock_put_right_again_hides_none_of_several_sessions(by_clock):
    by_clock.treated(patient_id=2)
    by_clock.passes(-47 * HOUR)
    slow = [by_clock.treated(), by_clock.treated()]
    by_clock.passes(48 * HOUR)
    right = by_clock.treated()
    assert by_clock.numbers() == [right, *reversed(slow)]


def test_sessions_from_before_the_audit_are_doubted_by_its_first_rows(by_clock):
    by_clock.treated()
    by_clock.treated(patient_id=2)
    by_clock.sql("DELETE FROM audit_log")
    by_clock.passes(-5 * DAY)
    by_clock.signed_in()
    by_clock.passes(8 * DAY)
    assert by_clock.numbers() == [1]


def test_a_sign_in_by_the_right_clock_is_enough_to_see_that_it_was_slow(by_clock):
    by_clock.signed_in()
    by_clock.passes(-48 * HOUR)
    slow = by_clock.treated()
    by_clock.passes(48 * HOUR)
    assert by_clock.numbers() == [slow]


def test_a_clock_that_is_years_fast_now_hides_nothing(by_clock):
    today = [by_clock.treated(), by_clock.treated(), by_clock.treated(patient_id=2)][:2]
    by_clock.passes(17 * 365 * DAY)
    assert by_clock.numbers() == [*reversed(today)]


def test_for_a_day_after_a_kiosk_saw_the_clock_set_forward_it_hides_nothing(record):
    today = [record.treated(), record.treated(), record.treated(patient_id=2)][:2]
    record.clock += 25 * HOUR
    with record.database.transaction() as transaction:
        skip = clock_evidence.set_forward(25 * HOUR, since_boot())
        events.append_safety(transaction, record.clock, [(0.0, skip)])
    assert record.numbers() == [*reversed(today)]
    record.clock += 23 * HOUR
    assert record.numbers() == [*reversed(today)]
    record.clock += 2 * HOUR
    assert record.numbers() == []


def test_a_clock_that_is_slow_now_hides_nothing(by_clock):
    by_clock.treated()
    by_clock.passes(-3 * DAY)
    assert by_clock.numbers() == [1]


def test_a_session_in_the_future_counts(by_clock):
    by_clock.passes(5 * DAY)
    fast = by_clock.treated()
    by_clock.passes(-5 * DAY)
    by_clock.treated(patient_id=2)
    by_clock.passes(3 * DAY)
    assert by_clock.numbers() == [fast]


def test_a_step_back_makes_all_before_it_recent_until_the_clock_has_run_a_day(by_clock):
    before = by_clock.treated()
    by_clock.passes(10 * DAY)
    by_clock.signed_in()
    by_clock.passes(-2 * DAY)
    by_clock.treated(patient_id=2)
    assert by_clock.numbers() == [before]
    for _ in range(4):
        by_clock.passes(12 * HOUR)
        by_clock.treated(patient_id=2)
    assert by_clock.numbers() == []


def test_a_clock_once_years_ahead_does_not_make_everything_recent_for_years(by_clock):
    by_clock.passes(2000 * DAY)
    by_clock.signed_in()
    by_clock.passes(-2000 * DAY)
    first = by_clock.treated()
    for _ in range(3):
        by_clock.passes(13 * HOUR)
        by_clock.treated(patient_id=2)
    assert by_clock.numbers() == [first]
    by_clock.passes(13 * HOUR)
    assert by_clock.numbers() == []


def test_a_time_that_is_none_proves_nothing(by_clock):
    by_clock.treated()
    by_clock.treated(patient_id=2)
    by_clock.passes(2 * DAY)
    assert by_clock.numbers() == []
    by_clock.sql(
        "UPDATE audit_log SET timestamp = 'yesterday' WHERE audit_id = (SELECT max(audit_id) FROM audit_log)"
    )
    assert by_clock.numbers() == [1]


def test_the_safety_log_tells_of_a_step_too(by_clock):
    by_clock.treated()
    by_clock.treated(patient_id=2)
    by_clock.passes(2 * DAY)
    assert by_clock.numbers() == []
    ahead = (by_clock.clock + DAY).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    by_clock.sql(
        "INSERT INTO safety_log (timestamp, event_type, severity, description) VALUES (?, 'x', 'info', 'x')",
        ahead,
    )
    assert by_clock.numbers() == [1]
