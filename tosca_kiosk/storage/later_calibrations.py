"""Calibration sessions that a restored record does not know, brought back from their whole journals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.journal_lines import Header, JournalError
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import calibration_journal, calibration_sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_contents import contents_of, ending, read
from tosca_kiosk.storage.later_sessions import need
from tosca_kiosk.storage.replaced import Record
from tosca_kiosk.storage.session_folders import SessionFolder
from tosca_kiosk.storage.timestamps import from_utc_text

_TOLD: Final = ("meter", "readings", "verdict", "validation_data")
"""What of a session's row its journal does not tell, and a proved record that is replaced does."""


def bring_back_calibrations(
    database: Database,
    folders: Sequence[SessionFolder],
    replaced: Record,
    data_dir: Path,
    now: datetime,
    operator_id: int | None,
) -> Iterator[tuple[int, str | None]]:
    """Make the rows of these sessions again and import their journals.

    Yield each number with why it could not be brought back, None where it was. Readings, verdict and values
    are taken from the replaced record where that is proved; a calibration that a session became is not made
    again, for a supervisor confirmed it in the record that is replaced.
    """
    for folder in folders:
        try:
            contents = contents_of(*read(folder.path / JOURNAL_NAME))
            found = ending(contents, None)
            with database.transaction(operator_id) as transaction:
                _make_rows(transaction, folder, replaced, data_dir)
                row = calibration_sessions.get(transaction, folder.session_id)
                calibration_journal.take_rows(transaction, row, contents, found, now)
        except (OSError, JournalError, StorageError) as error:
            yield folder.session_id, str(error)
        else:
            yield folder.session_id, None


def _make_rows(transaction: Transaction, folder: SessionFolder, replaced: Record, data_dir: Path) -> None:
    header, number = folder.header, folder.session_id
    assert header is not None  # of folders whose journals are whole
    rules = header.rules.calibration_session
    if rules is None:
        raise StorageError(f"{folder.path}: its journal tells of no calibration")
    known = replaced.calibrations.get(number, {}) if replaced.is_proved else {}
    need(transaction, "tech_users", header.tech_id, replaced.accounts if replaced.is_proved else {})
    transaction.insert(
        "calibration_sessions",
        calibration_session_id=number,
        kind=rules.kind,
        tech_id=header.tech_id,
        started_utc=from_utc_text(header.started_utc),
        status=calibration_sessions.OPEN_STATUS,
        origin=header.origin,
        folder_path=f"data/{folder.path.relative_to(data_dir).as_posix()}",
        device_serials=_json(_serials(header)),
        rules_snapshot=_json(rules),
        **{"readings": "[]"} | {name: known[name] for name in _TOLD if known.get(name) is not None},
    )
    for said in replaced.values.values() if replaced.is_proved else ():
        if said["calibration_session_id"] == number:
            names = [name for name in said if name != "value_id"]
            transaction.insert_rows("calibration_values", names, [tuple(said[name] for name in names)])


def _serials(header: Header) -> dict[str, str]:
    return {key: said.get("serial_number", "") for key, said in header.devices.items()}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
