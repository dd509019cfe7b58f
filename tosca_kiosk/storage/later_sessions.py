"""Sessions that a restored record does not know, brought back from the whole journals in their folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from tosca_kiosk.domain.journal_lines import JournalError
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.domain.remainder import rest_by_name
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import session_parts, sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_contents import contents_of, ending, read
from tosca_kiosk.storage.journal_import import take_rows
from tosca_kiosk.storage.replaced import Record, Row
from tosca_kiosk.storage.session_folders import SessionFolder
from tosca_kiosk.storage.timestamps import from_utc_text

_DESCRIBES: Final = (
    "treatment_site",
    "treatment_notes",
    "protocol_name",
    "protocol_data_snapshot",
    "session_folder_path",
    "post_treatment_notes",
)
"""What of a session's row its journal does not tell, and a proved record that is replaced does."""


def bring_back(
    database: Database,
    folders: Sequence[SessionFolder],
    replaced: Record,
    data_dir: Path,
    now: datetime,
    operator_id: int | None,
) -> Iterator[tuple[int, str | None]]:
    """Make the rows of these sessions again and import their journals.

    Yield each number with why it could not be brought back, None where it was. What a journal does not tell
    is taken from the replaced record where that is proved: patient, account, site, notes, amendments. Whose
    rest a session was the name of its plan tells too, so that no rest is offered a second time.
    """
    back: list[SessionFolder] = []
    for folder in folders:
        try:
            contents = contents_of(*read(folder.path / JOURNAL_NAME))
            found = ending(contents, None)
            with database.transaction(operator_id) as transaction:
                _make_rows(transaction, folder, replaced, data_dir)
                session = sessions.get(transaction, folder.session_id)
                take_rows(transaction, session, contents, found, now)
        except (OSError, JournalError, StorageError) as error:
            yield folder.session_id, str(error)
        else:
            back.append(folder)
            yield folder.session_id, None
    with database.transaction(operator_id) as transaction:
        for folder in back:  # when all are there, for each may be the rest of any other
            _join(transaction, folder, replaced)


def _make_rows(transaction: Transaction, folder: SessionFolder, replaced: Record, data_dir: Path) -> None:
    header = folder.header
    assert header is not None  # of folders whose journals are whole
    known = replaced.sessions.get(folder.session_id, {}) if replaced.is_proved else {}
    need(transaction, "tech_users", header.tech_id, replaced.accounts if replaced.is_proved else {})
    assert header.patient_id is not None  # a treatment's, for the folder is among theirs
    need(transaction, "patients", header.patient_id, replaced.patients if replaced.is_proved else {})
    protocol = header.rules.protocol
    told = {
        "protocol_name": protocol and protocol.name,
        "protocol_data_snapshot": protocol and to_json(protocol, named=True),
        "session_folder_path": f"data/{folder.path.relative_to(data_dir).as_posix()}",
    }
    started = from_utc_text(header.started_utc)
    transaction.insert(
        "sessions",
        session_id=folder.session_id,
        patient_id=header.patient_id,
        tech_id=header.tech_id,
        start_time=started,
        created_date=started,
        status=sessions.OPEN_STATUSES[0],
        **told | {name: known[name] for name in _DESCRIBES if known.get(name) is not None},
    )
    transaction.insert("session_journals", session_id=folder.session_id, origin=header.origin)
    for said in replaced.amendments.values() if replaced.is_proved else ():
        if said["session_id"] == folder.session_id:
            need(transaction, "tech_users", said["tech_id"], replaced.accounts)
            names = [name for name in said if name != "amendment_id"]
            transaction.insert_rows("session_amendments", names, [tuple(said[name] for name in names)])


def _join(transaction: Transaction, folder: SessionFolder, replaced: Record) -> None:
    """Say whose rest a session is, where that one is there and nobody else finishes it."""
    header, number = folder.header, folder.session_id
    assert header is not None  # of folders whose journals are whole
    first = replaced.rests.get(number) if replaced.is_proved else None
    first = first or rest_by_name(header.rules.protocol)
    if first in (None, number):
        return
    there = transaction.held_one("sessions", session_id=first)
    if there is None or there.row["patient_id"] != header.patient_id:
        return
    if session_parts.of_session(transaction, first).finished_by is None:
        session_parts.join(transaction, number, first)


def need(transaction: Transaction, table: str, number: int, rows: dict[int, Row]) -> None:
    """Have a row that a session points at, taken over where it is missing. Raises StorageError for none."""
    key = {"patients": "patient_id", "tech_users": "tech_id"}[table]
    if transaction.held_one(table, **{key: number}) is not None:
        return
    if number not in rows:
        raise StorageError(
            f"row {number} of {table} is in none of both records; restore one that has it, or keep the folder"
        )
    names = sorted(set(rows[number]) & set(transaction.columns(table)))
    transaction.insert_rows(table, names, [tuple(rows[number][name] for name in names)])
