"""A clock that was set forward while no kiosk ran is seen where the machine has run on."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.rigs.recorded_cart import header
from tosca_kiosk.domain.journal_lines import ChainWriter, SelfTestPassed, Summary
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.kiosk.services import history
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.session import earlier_dose, skipped_unseen
from tosca_kiosk.storage import DATABASE_NAME, Database, energies, patients, sessions

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOOT = SinceBoot("this run", 600.0)
DONE = Summary("completed", None, 60.0, 60.0, 1.0, 1.0, 5.0, 5.0)


class Kiosk:
    """What the services have of a kiosk: the record, and the machine's two clocks."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.database = Database.open(data_dir / DATABASE_NAME)
        self.now = datetime.now(UTC)  # as the audit, which goes by SQLite's own
        self.boot_id, self.boot_s = BOOT
        with self.database.transaction(1) as transaction:
            patients.add(transaction, self.now, created_by=1)

    def utc(self):
        return self.now

    def since_boot(self):
        return SinceBoot(self.boot_id, self.boot_s)

    def passes(self, time, wall=timedelta(0)):
        """Let time pass, and the wall clock be set by so much more."""
        self.now += time + wall
        self.boot_s += time.total_seconds()

    def treats(self, self_test=True):
        with self.database.transaction(1) as transaction:
            session = sessions.start(
                transaction,
                patient_id=1,
                tech_id=1,
                start_utc=self.now,
                protocol_name="Gentle",
                protocol_snapshot="{}",
                protocol_id=None,
                origin="sim",
            )
        folder = sessions.folder_of(session, self.data_dir)
        folder.mkdir(parents=True)
        tested = SelfTestPassed(
            passed_utc=str(self.now.replace(tzinfo=None)),
            boot_id=self.boot_id,
            boot_s=self.boot_s,
            software="0.1.0",
            checks=39,
            serial_numbers={},
        )
        first = header(session_id=session.session_id, self_test=tested if self_test else None)
        (folder / JOURNAL_NAME).write_bytes(ChainWriter().header(first))
        self.passes(timedelta(minutes=1))
        with self.database.transaction(1) as transaction:
            sessions.correct(transaction, session, DONE, told=True)
            energies.keep(transaction, session.session_id, DONE, whole=True)
        return folder

    def starts(self):
        return history.keep_skipped_unseen(self, None)

    def skipped(self):
        return skipped_unseen(self.database, self.data_dir, self.now, self.since_boot())

    def recent(self):
        return [one.session_id for one in earlier_dose(self.database, 1, self.now).sessions]

    def told(self):
        rows = self.database.find("safety_log", event_type="clock_set_forward")
        return [row["description"] for row in rows]


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / DATABASE_NAME
    Database.open(path).close()
    return path


@pytest.fixture
def kiosk(tmp_path, empty):
    shutil.copy(empty, tmp_path)
    made = Kiosk(tmp_path)
    yield made
    made.database.close()


def test_light_of_an_hour_ago_is_recent_though_the_clock_was_set_by_days_while_no_kiosk_ran(kiosk):
    for _ in range(3):
        kiosk.treats()
    kiosk.passes(HOUR, wall=2 * DAY)
    assert kiosk.recent() != [3, 2, 1], "by the clock alone some are over two days old"
    assert kiosk.starts() == 1
    assert kiosk.recent() == [3, 2, 1]
    assert kiosk.told() == ["The cart's clock was set forward by 172800 s while no kiosk ran."]
    kiosk.passes(23 * HOUR)
    assert kiosk.starts() == 0, "it is told once, however often the kiosk starts"
    assert kiosk.recent() == [3, 2, 1]
    kiosk.passes(3 * HOUR)
    assert kiosk.recent() == [3], "the newest of all has no witness"


def test_a_second_step_behind_one_that_was_told_is_told_too_and_one_back_is_none(kiosk):
    kiosk.treats()
    steps = ((10 * HOUR, 1), (-10 * HOUR, 0), (10 * HOUR, 0), (timedelta(minutes=6), 1), (HOUR, 1))
    for wall, lines in steps:
        kiosk.passes(HOUR, wall)
        assert kiosk.starts() == lines, wall


@pytest.mark.parametrize("drift", [timedelta(0), timedelta(minutes=4), -DAY])
def test_a_clock_that_drifts_or_is_behind_was_not_set_forward(kiosk, drift):
    kiosk.treats()
    kiosk.passes(6 * HOUR, drift)
    assert kiosk.skipped() is None


def test_another_run_of_the_machine_tells_nothing(kiosk):
    kiosk.treats()
    kiosk.passes(HOUR, wall=2 * DAY)
    kiosk.boot_id, kiosk.boot_s = "another run", 30.0
    assert kiosk.skipped() is None


@pytest.mark.parametrize("content", [None, b"", b"no journal\n"], ids=["none", "empty", "damaged"])
def test_a_newer_session_whose_journal_tells_nothing_does_not_hide_the_one_before(kiosk, content):
    kiosk.treats()
    journal = kiosk.treats() / JOURNAL_NAME
    journal.unlink()
    if content is not None:
        journal.write_bytes(content)
    kiosk.treats(self_test=False)
    kiosk.passes(HOUR, wall=2 * DAY)
    assert kiosk.starts() == 1
    assert kiosk.recent() == [3, 2, 1]


def test_a_record_without_sessions_or_journals_tells_nothing(kiosk):
    assert kiosk.skipped() is None
    kiosk.treats(self_test=False)
    kiosk.passes(HOUR, wall=2 * DAY)
    assert kiosk.skipped() is None
    folder = kiosk.treats()
    kiosk.passes(HOUR, wall=2 * DAY)
    assert kiosk.skipped() == 2 * DAY
    for damaged in (b"", b"no journal\n", b"\xff" * 400):
        (folder / JOURNAL_NAME).write_bytes(damaged)
        assert kiosk.skipped() is None
    (folder / JOURNAL_NAME).unlink()
    assert kiosk.skipped() is None
