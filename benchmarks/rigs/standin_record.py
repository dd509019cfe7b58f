"""A real record for a kiosk without a screen: control's helper finds there what was opened."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from tosca_kiosk.config import load_config
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.session import load_shipped_content, recorded_rules
from tosca_kiosk.storage import DATABASE_NAME, Database, patients, users

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, UTC)
SUPERVISOR, SUPERVISOR_PIN = "sue", "271828"
TECHNICIAN, TECHNICIAN_PIN = "jane", "314159"
_MAKING = Lock()
"""Alembic has one context for all threads: one record is made at a time."""


class StandInRecord:
    """A record with two accounts and a patient, made where there is none yet. path: its database."""

    def __init__(self, config_path, data_dir):
        self.config = load_config(config_path)
        self.data_dir = Path(data_dir)
        self.path = self.data_dir / DATABASE_NAME
        with _MAKING, Database.open(self.path) as database:
            if users.find(database, SUPERVISOR) is None:
                self._fill(database)

    def _fill(self, database):
        load_shipped_content(database, self.config, NOW)
        with database.transaction() as transaction:
            for name, role, pin in (
                (SUPERVISOR, "supervisor", SUPERVISOR_PIN),
                (TECHNICIAN, "technician", TECHNICIAN_PIN),
            ):
                users.set_pin(transaction, users.add(transaction, name, name, role, NOW), pin, NOW)
            patients.add(transaction, NOW, code="P-2026-0001", created_by=1)

    def session(self, number, protocol):
        """Make a session's row; return the rules that the record says of it."""
        with Database.open(self.path) as database, database.transaction() as transaction:
            transaction.insert(
                "sessions",
                session_id=number,
                patient_id=1,
                tech_id=users.find(transaction, TECHNICIAN).tech_id,
                start_time=NOW,
                status="in_progress",
                protocol_name=protocol.name,
                protocol_data_snapshot=to_json(protocol, named=True),
            )
            return recorded_rules(transaction, self.config, number)
