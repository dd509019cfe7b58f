"""Whether the wall clock was set forward while no kiosk ran, as far as this run of the machine can tell.

Two clocks run in a machine: the wall's, which anybody sets, and the one since its boot, which nobody does.
A session's journal holds both for its self-test, and so does every line of the safety log about a clock that
was set forward. What the wall's has gained on the other since the newest of these, it was set forward.

It only adds caution: where nothing tells, nothing is said. Of a run of the machine that is over nobody knows
how long it is ago.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tosca_kiosk.domain.journal_lines import JournalError, StreamedJournal
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage import Database, StorageError, sessions
from tosca_kiosk.storage.clock_evidence import SLACK, newest_skip
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.timestamps import from_utc_text

Both = tuple[datetime, SinceBoot]
"""One moment on both clocks."""

_NEWEST: Final = "SELECT session_id FROM sessions ORDER BY session_id DESC LIMIT 50"
"""So many are looked at: those of one run of the machine, and the kiosk's start waits for it."""


def skipped_unseen(database: Database, data_dir: Path, now: datetime, moment: SinceBoot) -> timedelta | None:
    """Return by how much the wall clock was set forward in this run of the machine, unseen; None for not.

    now, moment: one moment on both clocks. Raises StorageError.
    """
    with database.reading() as reader:
        known = [_of_newest_session(reader, data_dir), newest_skip(reader)]
    here = [one for one in known if one is not None and one[1].boot_id == moment.boot_id]
    if not here:
        return None
    utc, then = max(here, key=lambda one: one[1].s)
    by = now - utc - timedelta(seconds=moment.s - then.s)
    return by if by > SLACK else None


def _of_newest_session(reader: Reader, data_dir: Path) -> Both | None:
    """Return when the self-test of the newest session whose journal tells was passed, None where none does.

    One that was refused has no journal, and must not hide the treatment before it.
    """
    told = (_of_session(reader, number, data_dir) for (number,) in reader.tuples(_NEWEST))
    return next((both for both in told if both is not None), None)


def _of_session(reader: Reader, session_id: int, data_dir: Path) -> Both | None:
    try:
        journal = sessions.folder_of(sessions.get(reader, session_id), data_dir) / JOURNAL_NAME
        with journal.open("rb") as lines:
            header = StreamedJournal(lines).header
        if header is None or header.self_test is None:
            return None
        passed = header.self_test
        return from_utc_text(passed.passed_utc), SinceBoot(passed.boot_id, passed.boot_s)
    except (OSError, JournalError, StorageError):
        return None
