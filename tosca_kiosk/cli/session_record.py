"""The record of a session that runs in this process: opened with its journal, closed by its import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.control.devices import Devices, described
from tosca_kiosk.domain.journal_lines import Header, Summary
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.session import BackedUp, SessionPlan, opening
from tosca_kiosk.storage import Database, Imported, close_session
from tosca_kiosk.storage.sessions import Session


@dataclass(frozen=True)
class OpenedSession:
    """A session whose row, folder and journal exist."""

    session: Session
    folder: Path
    header: Header
    journal: Journal


def open_record(
    workplace: Workplace,
    database: Database,
    plan: SessionPlan,
    devices: Devices,
    now: datetime,
    backup: BackedUp,
    *,
    waits: bool,
) -> OpenedSession:
    """Make row, folder and journal together or not at all. Raises StorageError or RefusedError.

    backup: the one that precedes it. waits: whether ticks wait for a disk that is far behind (see Journal).
    """
    identities = {device.key: described(device) for device in devices}
    origin = workplace.config.origin
    with opening(database, workplace.data_dir, plan, identities, origin, now, backup) as opened:
        return OpenedSession(
            opened.session, opened.folder, opened.header, Journal(opened.folder, waits=waits)
        )


def close_record(
    workplace: Workplace,
    database: Database,
    opened: OpenedSession,
    now: datetime,
    summary: Summary,
    unwritten: Sequence[Decision],
) -> Imported:
    """Import the finished journal and close the session's row, in the technician's name.

    unwritten: what was decided after the journal took no more, oldest first; its events follow the others.
    Raises StorageError.
    """
    journal = opened.journal
    with workplace.sealing.signing(database) as key:
        return close_session(
            database,
            opened.session,
            workplace.data_dir,
            now,
            operator_id=opened.header.tech_id,
            known=summary,
            missing=None if journal.recorded else journal.problem,
            unwritten=unwritten,
            key=key,
        )
