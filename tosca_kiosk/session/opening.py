"""A session's opening in the record: row, folder and journal, all or nothing, once its backup is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, Header
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.domain.rules_difference import rules_difference
from tosca_kiosk.journal.tail import not_made
from tosca_kiosk.machine.synced import make_folder
from tosca_kiosk.session.backing_up import BackedUp
from tosca_kiosk.session.doubtful import doubtful_setting
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.session.overdue import overdue_event
from tosca_kiosk.session.plan import SessionPlan
from tosca_kiosk.session.recorded_rules import recorded_rules
from tosca_kiosk.session.rest import OpenRest, rest_of
from tosca_kiosk.session.session_result import session_result
from tosca_kiosk.storage import (
    Database,
    Transaction,
    calibration_sessions,
    cart_key,
    events,
    session_parts,
    sessions,
    settings,
)
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.timestamps import utc_text


@dataclass(frozen=True)
class OpenedRecord:
    """A session whose row and folder exist."""

    session: Session
    folder: Path
    header: Header


def _join(transaction: Transaction, rest: OpenRest, session_id: int) -> None:
    """Say whose rest a session is. Raises RefusedError where that is another by now, as `rest_of`."""
    if rest_of(transaction, session_result(transaction, rest.of_session)).plan != rest.plan:
        raise RefusedError(f"the rest of session {rest.of_session} is another by now; plan it anew")
    session_parts.join(transaction, session_id, rest.of_session)


@contextmanager
def opening(
    database: Database,
    data_dir: Path,
    plan: SessionPlan,
    devices: Mapping[str, dict[str, str]],
    origin: Literal["sim", "real"],
    now: datetime,
    backup: BackedUp,
) -> Iterator[OpenedRecord]:
    """Make row and folder; what is done inside `with` belongs to it: an error undoes the row.

    The header's rules are those that the record says of the row, as whoever compares them will find them.
    devices: what the journal's header says of each device. backup: the one that precedes it. Without the
    cart's key, by which the record is signed at its end, no session begins. Raises BackupOvertakenError where
    something was changed since, StorageError or RefusedError, and what
    `recorded_rules` does.
    """
    cart_key.of_record(database, data_dir)
    with database.transaction(plan.technician.tech_id) as transaction:
        backup.refuse_overtaken(transaction)
        calibration_sessions.refuse_open(transaction)
        session = sessions.start(
            transaction,
            patient_id=plan.patient.patient_id,
            tech_id=plan.technician.tech_id,
            start_utc=now,
            protocol_name=plan.protocol.name,
            protocol_snapshot=to_json(plan.protocol, named=True),
            protocol_id=plan.protocol_id,
            origin=origin,
            session_data_path=settings.session_data_path(transaction, data_dir),
            treatment_site=plan.site,
            treatment_notes=plan.notes,
        )
        if plan.rest is not None:
            _join(transaction, plan.rest, session.session_id)
        rules = recorded_rules(transaction, plan.config, session.session_id)
        if changed := rules_difference(plan.rules, rules):
            raise RefusedError(f"the session was planned under other rules: {changed}; plan it anew")
        told = [
            *(overdue_event(warning) for warning in plan.warnings),
            *(doubtful_setting(doubt) for doubt in plan.doubts),
        ]
        if told:
            warned = [(0.0, event) for event in told]
            tech_id = plan.technician.tech_id
            events.append_safety(transaction, now, warned, session_id=session.session_id, tech_id=tech_id)
        folder = sessions.folder_of(session, data_dir)
        header = Header(
            version=FORMAT_VERSION,
            session_id=session.session_id,
            patient_id=plan.patient.patient_id,
            tech_id=plan.technician.tech_id,
            started_utc=utc_text(now),
            origin=origin,
            software=version("tosca-kiosk"),
            devices=dict(devices),
            rules=rules,
        )
        try:
            make_folder(folder, new=True)
            yield OpenedRecord(session, folder, header)
        except OSError as error:
            raise RefusedError(not_made(error, folder)) from error
