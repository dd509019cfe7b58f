"""Every journal of the record decided again, as `replay` does, and its events looked for among the rows.

The rules are pure: of the same inputs they decide the same. So a decision that was changed in a journal, and
chained anew there and in the record, is found all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from tosca_kiosk.domain.journal_lines import ChainReader, JournalError
from tosca_kiosk.domain.replay import Difference, replay
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_import import Contents, contents_of, read

_IMPORTED: Final = (
    "SELECT s.session_id, s.session_folder_path, j.is_whole FROM sessions s JOIN session_journals j "
    "USING (session_id) WHERE j.tick_count > 0 ORDER BY s.session_id"
)
_EVENTS: Final = (
    "SELECT time_offset_ms, event_type FROM treatment_events WHERE session_id = ? ORDER BY event_id"
)
_SAFETY: Final = (
    "SELECT event_type, severity, description FROM safety_log WHERE session_id = ? ORDER BY log_id"
)


def differences(database: Database, data_dir: Path, tell: Callable[[float], object]) -> Iterator[str]:
    """Yield what is decided otherwise now, or is not among the rows, by session.

    tell: hears how much is done, 0 to 1.
    """
    with database.reading() as reader:
        found = reader.rows(_IMPORTED)
        for number, row in enumerate(found):
            tell(number / len(found))
            for what in _of_session(reader, row, data_dir):
                yield f"session {row['session_id']}: {what}"
                break


def _of_session(reader: Reader, row: dict[str, Any], data_dir: Path) -> Iterator[str]:
    try:
        journal = sessions.inside(data_dir, row["session_folder_path"], "its folder") / JOURNAL_NAME
        contents = contents_of(*read(journal))
        if contents.broken is not None:
            yield f"its journal cannot be decided again: it is damaged at {contents.broken}"
            return
        again = replay(ChainReader(contents.content))
    except OSError as error:
        yield f"its journal cannot be decided again: {error.filename} cannot be read ({error.strerror})"
    except (JournalError, StorageError, msgspec.DecodeError) as error:
        yield f"its journal cannot be decided again: {error}"
    else:
        if again.difference is not None:
            yield _told(again.difference)
        yield from _without_row(reader.connection, row["session_id"], contents)


def _told(difference: Difference) -> str:
    return (
        f"line {difference.line} of its journal, at {difference.session_s:.3f} s, is decided otherwise: "
        f"{difference.path}"
    )


def _without_row(connection: Connection, session_id: int, contents: Contents) -> Iterator[str]:
    """Yield the first event and the first safety event of a journal that no row follows in its order."""
    events = ((round(tick.t * 1000), event.event_type) for _, tick in contents.ticks for event in tick.e)
    rows = connection.exec_driver_sql(_EVENTS, (session_id,)).fetchall()
    if (lost := _first_lost(events, rows)) is not None:
        yield f"{lost[1]} at {lost[0]} ms is in its journal, and not in treatment_events"
    said = (
        (event.event_type, event.severity, event.description)
        for _, tick in contents.ticks
        for event in tick.s
    )
    rows = connection.exec_driver_sql(_SAFETY, (session_id,)).fetchall()
    if (lost := _first_lost(said, rows)) is not None:
        yield f"{lost[0]} is in its journal, and not in safety_log"


def _first_lost(wanted: Iterable[tuple[Any, ...]], rows: Iterable[Any]) -> tuple[Any, ...] | None:
    left = iter(rows)
    return next((each for each in wanted if not any(tuple(row) == each for row in left)), None)
