"""The cast of these tests: a record of three sessions in which every text that a person types is a mark."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from benchmarks.rigs.recorded_cart import header, treated
from tests.storage.cast import safety_event, treatment_event
from tosca_kiosk.exports.export import How, Wanted, export
from tosca_kiosk.storage import Database, events, import_journal, patients, record_to_read, sessions, users
from tosca_kiosk.storage.timestamps import utc_text

STARTED = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
BORN = date(1961, 7, 23)
MARKS = (
    "P-2026-0001",
    "P-2026-0002",
    "jane.doe",
    "Jane Doe",
    "1961-07-23",
    "Zanzibar",
)
"""What names somebody or was typed by somebody: code, username, full name, birth date, and a word."""
DAYS = (0, 30, 31)
PATIENTS = (1, 1, 2)


def _treat(database, folder, number):
    started = STARTED + timedelta(days=DAYS[number - 1])
    patient_id = PATIENTS[number - 1]
    with database.transaction(2) as transaction:
        session = sessions.start(
            transaction,
            patient_id=patient_id,
            tech_id=2,
            start_utc=started,
            protocol_name="Zanzibar special",
            protocol_snapshot='{"version": "1.0", "protocol_name": "Zanzibar", "steps": [], "n": "Zanzibar"}',
            protocol_id=None,
            origin="sim",
            treatment_site="Zanzibar, left",
            treatment_notes='Zanzibar, "quoted"\nand a second line',
        )
    first = header(session_id=number, patient_id=patient_id, tech_id=2, started_utc=utc_text(started))
    journal = sessions.folder_of(session, folder) / "journal.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"".join(treated(first).lines))
    import_journal(database, journal, started, operator_id=2)
    deviation = msgspec.structs.replace(
        treatment_event(4.0),
        event_type="user_action",
        details={
            "action": "protocol_power_override",
            "old_value": 5.0,
            "new_value": 6.5,
            "reason": "Zanzibar said so",
            "user": "jane.doe",
        },
    )
    said = msgspec.structs.replace(
        safety_event(),
        description="Reset by Jane Doe of Zanzibar",
        details={"trigger_source": "smoothing", "user": "jane.doe", "reason": "Zanzibar"},
    )
    with database.transaction(2) as transaction:
        events.append_treatment(transaction, number, started, [(3.0, deviation)])
        events.append_safety(transaction, started, [(1.5, said)], session_id=number, tech_id=2)
        transaction.insert(
            "session_amendments",
            session_id=number,
            field="treatment_site",
            amendment="Zanzibar, right",
            reason="Zanzibar",
            tech_id=2,
            amended_date=started,
        )
    with database.transaction(2) as transaction:
        transaction.update(
            "sessions",
            {"session_id": number},
            abort_reason="smoothing: Zanzibar stopped it",
            post_treatment_notes="Zanzibar after",
        )


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """The record with its journals."""
    folder = tmp_path_factory.mktemp("exported") / "data"
    folder.mkdir()
    with Database.open(folder / "laser_control.db") as database:
        with database.transaction(1) as transaction:
            users.add(transaction, "jane.doe", "Jane Doe", "technician", STARTED)
            patients.add(
                transaction, STARTED, created_by=2, date_of_birth=BORN, gender="female", notes="Zanzibar"
            )
            patients.add(transaction, STARTED, created_by=2, gender="Zanzibar")
        for number in (1, 2, 3):
            _treat(database, folder, number)
    return folder


@pytest.fixture
def record_dir(tmp_path, made_once):
    """The test's own copy of it, a data directory."""
    return shutil.copytree(made_once, tmp_path / "data")


@pytest.fixture
def exported(made_once, tmp_path):
    """Return what exports sessions from the record, which it leaves as it is, and the folder."""

    def run(*numbers, data_dir=made_once, to="out", **how):
        folder = tmp_path / to
        with record_to_read(data_dir / "laser_control.db", print) as database:
            done = export(
                database, data_dir, folder, Wanted(sessions=numbers), How(**how), lambda what, share: None
            )
        return folder, done

    return run
