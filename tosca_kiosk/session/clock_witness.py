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

from tosca_kiosk.domain.journal_lines import JournalError, StreamedJournal
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage import Database, StorageError, sessions
from tosca_kiosk.storage.clock_evidence import SLACK, newest_skip
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.timestamps import from_utc_text

Both = tuple[datetime, SinceBoot]
"""One moment on both clocks."""


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
    """Return when the newest session's self-test was passed, None where its journal does not tell."""
    newest = reader.tuples("SELECT max(session_id) FROM sessions")[0][0]
    if newest is None:
        return None
    try:
        journal = sessions.folder_of(sessions.get(reader, newest), data_dir) / JOURNAL_NAME
        with journal.open("rb") as lines:
            header = StreamedJournal(lines).header
        if header is None or header.self_test is None:
            return None
        passed = header.self_test
        return from_utc_text(passed.passed_utc), SinceBoot(passed.boot_id, passed.boot_s)
    except (OSError, JournalError, StorageError):
        return None
