"""The journals of the exported sessions, as far as their chain and what the record says of it prove them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.journal_lines import JournalError, StreamedJournal
from tosca_kiosk.exports import ticks
from tosca_kiosk.exports.columns import Batch
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import Reader, StorageError, sessions
from tosca_kiosk.storage.journal_import import of_another_session
from tosca_kiosk.storage.sessions import OPEN_STATUSES, Session

ROWS_A_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class RecordedJournal:
    """What the record says of a session's journal. path: None where its row names no folder inside."""

    session: Session
    path: Path | None
    ticks: int | None
    head: str | None
    header_digest: str | None


@dataclass(frozen=True, slots=True)
class ProvedJournal:
    """As much of a journal as is proved. problem: why that is not all, None where it is.

    The problem does not name the session.
    """

    session_id: int
    path: Path
    ticks: int
    software: str
    rules_revision: int
    problem: str | None


def recorded(reader: Reader, session_id: int, data_dir: Path) -> RecordedJournal:
    """Return what the record says of a session's journal. Raises StorageError for no such session."""
    session = sessions.get(reader, session_id)
    held = reader.held_one("session_journals", session_id=session_id)
    row: dict[str, Any] = {} if held is None else held.row
    try:
        path = sessions.folder_of(session, data_dir) / JOURNAL_NAME
    except StorageError:
        path = None  # an odd value, which `db check` names
    return RecordedJournal(
        session=session,
        path=path,
        ticks=row.get("tick_count"),
        head=row.get("head_hash"),
        header_digest=row.get("header_digest"),
    )


def proved(journal: RecordedJournal) -> ProvedJournal:
    """Read a journal whole and say how much of it is what was written; of one that is not there, nothing."""
    number = journal.session.session_id
    if journal.session.status in OPEN_STATUSES or journal.ticks is None or journal.path is None:
        why = "it is still open" if journal.session.status in OPEN_STATUSES else "it has no imported journal"
        return _nothing(number, f"{why}, so it has no ticks here")
    try:
        with journal.path.open("rb") as lines:
            return _proved(journal, journal.path, StreamedJournal(lines))
    except OSError as error:
        why = f"its journal {JOURNAL_NAME} cannot be read ({error.strerror})"
    except JournalError as error:
        why = f"its journal is not this program's ({error})"
    return _nothing(number, f"{why}, so it has no ticks here")


def _proved(journal: RecordedJournal, path: Path, read: StreamedJournal) -> ProvedJournal:
    number, wanted = journal.session.session_id, journal.ticks or 0
    header, problem = read.header, read.broken
    if header is None:
        return _nothing(number, f"its journal is damaged, {problem}; it has no ticks here")
    foreign = of_another_session(journal.session, header) is not None
    if foreign or journal.header_digest not in (None, (read.header_digest or b"").hex()):
        return _nothing(number, "its journal is not the recorded one; it has no ticks here")
    for _ in read.ticks_json(wanted):
        pass
    told, count = None, read.ticks
    if count < wanted:
        where = read.broken or f"it is cut after {count} ticks"
        told = f"its journal is damaged, {where}; {count} of {wanted} ticks are proved"
    elif read.head.hex() != journal.head:
        return _nothing(number, "its journal is not the recorded one; it has no ticks here")
    return ProvedJournal(
        session_id=number,
        path=path,
        ticks=count,
        software=header.software,
        rules_revision=header.rules_revision,
        problem=told,
    )


def _nothing(session_id: int, problem: str) -> ProvedJournal:
    return ProvedJournal(
        session_id=session_id, path=Path(), ticks=0, software="", rules_revision=0, problem=problem
    )


def batches(journal: ProvedJournal, tell: Callable[[float], object]) -> Iterator[Batch]:
    """Yield the proved ticks of a journal as rows of ticks.TICKS. tell: hears how much of it is read.

    Raises JournalError for a line that is no tick of this program, or where it was changed meanwhile.
    """
    if not journal.ticks:
        return
    done = 0
    try:
        with journal.path.open("rb") as lines:
            read = StreamedJournal(lines)
            assert read.header is not None  # proved before
            found = ticks.rows(read.header, read.ticks_json(journal.ticks))
            while rows := list(islice(found, ROWS_A_BATCH)):
                done += len(rows)
                tell(done / journal.ticks)
                yield [list(column) for column in zip(*rows, strict=True)]
    except OSError as error:
        raise JournalError(f"{journal.path}: cannot be read ({error.strerror}); check the disk") from error
    except msgspec.DecodeError as error:
        raise JournalError(f"{journal.path}: a line is no tick of this program ({error})") from error
    if done < journal.ticks:
        raise JournalError(f"{journal.path}: it was changed while it was read; repeat")
