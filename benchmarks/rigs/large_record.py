"""A record that has seen months: closed sessions with their events, each written by the program itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tosca_kiosk.domain.events import TreatmentEvent
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.storage import Database, cart_key, events, patients, sessions

EVENTS_A_SESSION = 18_000
"""Half an hour of light: ten rows a second."""
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_EVERY = timedelta(minutes=45)
_LIGHT_S = EVENTS_A_SESSION / 10
_SUMMARY = Summary("completed", None, _LIGHT_S, _LIGHT_S, 5.0, 5.1, 5.0 * _LIGHT_S)
_INTERLOCKS = dict.fromkeys(
    ("board", "pedal", "stop_loop", "smoothing", "laser", "tec", "stage", "camera"), True
)


def fill_record(
    database: Database, megabytes: float, told: Callable[[float], object] = lambda share: None
) -> None:
    """Add sessions of one new patient to a record until its main file has that size, all of it in there.

    told: is called with the share of it that there is. No session is of the last day.
    """
    cart_key.of_record(database, database.path.parent)
    with database.transaction(1) as transaction:
        patient = patients.add(transaction, BEGAN)
    number = 0
    while (size := _main_file(database.path)) < megabytes * 1e6:
        told(size / (megabytes * 1e6))
        _session(database, patient.patient_id, BEGAN + number * _EVERY)
        number += 1


def _main_file(path: Path) -> int:
    """Have the log written back; return the size of the main file in bytes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def _session(database: Database, patient_id: int, start: datetime) -> None:
    with database.transaction(1) as transaction:
        session = sessions.start(
            transaction,
            patient_id=patient_id,
            tech_id=1,
            start_utc=start,
            protocol_name="a long one",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
        timed = ((number / 10, _event(number)) for number in range(EVENTS_A_SESSION))
        events.append_treatment(transaction, session.session_id, start, timed)
        sessions.correct(transaction, session, _SUMMARY, told=True)


def _event(number: int) -> TreatmentEvent:
    return TreatmentEvent(
        event_type="power_change",
        power_commanded_w=5.0,
        power_actual_w=5.0 + number * 1e-6,
        ring_size_mm=3.0,
        actuator_position_um=1000.0,
        photodiode_v=2.5 + number * 1e-7,
        footpedal=True,
        smoothing=True,
        interlocks=_INTERLOCKS,
        details={"sample": True},
    )
