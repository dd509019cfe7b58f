"""A data directory with two rows at least in every table and log, both sessions treated and imported."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from benchmarks.rigs.recorded_calibration import SESSION, calibrated, calibration_header
from benchmarks.rigs.recorded_cart import header, treated
from tosca_kiosk.storage import (
    Database,
    acknowledgements,
    calibration_sessions,
    calibrations,
    check,
    import_journal,
    operations,
    patients,
    protocols,
    sessions,
    users,
)
from tosca_kiosk.storage.calibration_sessions import CalibrationValue
from tosca_kiosk.storage.timestamps import utc_text

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)


def treat(database, folder, number, started):
    """Treat as session `number`: its row, its journal, its import."""
    with database.transaction(1) as transaction:
        session = sessions.start(
            transaction,
            patient_id=number,
            tech_id=1,
            start_utc=started,
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=number,
            origin="sim",
            session_data_path="sessions",
        )
    cart = treated(header(session_id=number, patient_id=number, started_utc=utc_text(started)))
    journal = sessions.folder_of(session, folder) / "journal.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"".join(cart.lines))
    import_journal(database, journal, started, operator_id=1)


def calibrate(database, folder, number, started):
    """Calibrate as session `number`: its row, its journal, its import, and what it found."""
    with database.transaction(1) as transaction:
        row = calibration_sessions.start(
            transaction,
            tech_id=1,
            start_utc=started,
            rules=SESSION,
            device_serials={"laser": str(number)},
            origin="sim",
        )
        found = CalibrationValue(name="span", value=0.1 * number, unit="W", passed=True, high=0.3)
        calibration_sessions.finish(
            transaction, number, verdict="passed", validation_data="{}", values=[found]
        )
    cart = calibrated(calibration_header(session_id=number, started_utc=utc_text(started)))
    journal = calibration_sessions.folder_of(row, folder) / "journal.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"".join(cart.lines))
    import_journal(database, journal, started, operator_id=1)


def fill(folder):
    """Make the record in a folder, with the journals and films beside it."""
    path = folder / "laser_control.db"
    with Database.open(path) as database:
        with database.transaction(1) as transaction:
            users.add(transaction, "jane.doe", "Jane Doe", "supervisor", NOW)
            for number in (1, 2):
                patients.add(transaction, NOW, created_by=1)
                protocols.add(transaction, f"Gentle {number}", "constant", "{}", NOW)
                calibrations.add(
                    transaction,
                    calibrated_utc=NOW,
                    tech_id=1,
                    device_type="actuator",
                    device_serial=str(number),
                    calibration_type="actuator_position_to_ring_size",
                    calibration_data='{"x": 0.1}',
                )
                transaction.insert(
                    "credentials", tech_id=number, pin_hash="x", pin_digest="y", changed_date=NOW
                )
                users.set_pin(transaction, number, "271828", NOW)
        for number in (1, 2):
            treat(database, folder, number, NOW + timedelta(hours=number))
            film = f"film {number}".encode()
            (folder / f"{number}.avi").write_bytes(film)
            with database.transaction(1, reason="the film") as transaction:
                row = {"session_id": number, "recording_type": "video", "timestamp": NOW}
                transaction.insert(
                    "session_recordings",
                    file_path=f"{number}.avi",
                    file_size_bytes=len(film),
                    frame_count=1,
                    **row,
                )
                transaction.insert("recording_hashes", recording_id=number, sha256=sha256(film).hexdigest())
                transaction.update("session_energies", {"session_id": number}, commanded_joules=1.0 * number)
                transaction.insert(
                    "session_amendments",
                    session_id=number,
                    field="treatment_site",
                    amendment="left",
                    reason="it was the left",
                    tech_id=1,
                    amended_date=NOW,
                )
                transaction.update("session_timing", {"session_id": number}, worst_late_ms=0.1 * number)
                if number == 2:
                    transaction.insert("session_parts", session_id=1, first_session_id=1)
                    transaction.insert("session_parts", session_id=2, first_session_id=2)
                operations.begin(
                    transaction.connection,
                    "archive",
                    operator_id=1,
                    reason="room",
                    details={"number": number},
                )
            with closing(sqlite3.connect(path, isolation_level=None)) as tool:
                tool.execute("UPDATE patients SET notes = 'by hand' WHERE patient_id = ?", (number,))
            calibrate(database, folder, number, NOW + timedelta(hours=10 + number))
            acknowledgements.acknowledge(database, 2, "known", NOW)
        assert check(database, folder).problems == ()
