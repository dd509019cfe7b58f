"""An export of sessions: which they are, what is written of them, and what had to be left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from tosca_kiosk.exports import formats, journals
from tosca_kiosk.exports.columns import Batch, Table
from tosca_kiosk.exports.folder import export_folder, leftovers_taken_away
from tosca_kiosk.exports.journals import ProvedJournal, RecordedJournal
from tosca_kiosk.exports.record import ROWS_A_BATCH, Recorded
from tosca_kiosk.exports.reduced import KEY_NAME, Pseudonyms
from tosca_kiosk.exports.tables import RECORDED, SCHEMA_VERSION, shown
from tosca_kiosk.exports.ticks import TICKS
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database, Reader, patients

SCHEMA_FILE: Final = "schema.json"
_ODD: Final = (
    "{column}: values that are none of the column's type, left empty: {odd}; see tosca-kiosk db check"
)
_LEFTOVER: Final = "{path} was left by an export that was killed, and was taken away"
Tell = Callable[[str, float], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be exported. sessions: their numbers; else all of patient, first_day and last_day (UTC)."""

    sessions: tuple[int, ...] = ()
    patient: str | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How it is written. full_rate: with every tick of the journals."""

    format_name: str
    full_rate: bool = False
    pseudonymised: bool = False


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file of an export."""

    file: str
    table: str
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported. notes: what is missing or was left empty, each a line for a person.

    key_made: the key of the site's pseudonyms, where this export had to make one.
    """

    sessions: tuple[int, ...]
    files: tuple[ExportedFile, ...]
    notes: tuple[str, ...]
    key_made: Path | None


def chosen(reader: Reader, wanted: Wanted) -> tuple[int, ...]:
    """Return the numbers of the sessions that are wanted, in order.

    Raises RefusedError where one is not there, or none is; StorageError for a patient who is not.
    """
    if wanted.sessions:
        numbers = tuple(sorted(set(wanted.sessions)))
        known = {row[0] for row in reader.tuples("SELECT session_id FROM sessions")}
        if missing := [str(number) for number in numbers if number not in known]:
            raise RefusedError(
                f"no session has the number {', '.join(missing)}; the record has {_span(known)}"
            )
        return numbers
    where, values = _conditions(reader, wanted)
    found = reader.tuples(
        f"SELECT session_id FROM sessions WHERE {' AND '.join(where)} ORDER BY session_id", values
    )
    if not found:
        raise RefusedError("no session is of this patient and these days; nothing was exported")
    return tuple(row[0] for row in found)


def _conditions(reader: Reader, wanted: Wanted) -> tuple[list[str], tuple[Any, ...]]:
    """Return the conditions of a SELECT, and their values. Days compare as text: times begin with theirs."""
    conditions: list[tuple[str, Any]] = []
    if wanted.patient is not None:
        conditions.append(("patient_id = ?", patients.get(reader, wanted.patient).patient_id))
    if wanted.first_day is not None:
        conditions.append(("start_time >= ?", wanted.first_day.isoformat()))
    if wanted.last_day is not None:
        conditions.append(("start_time < ?", (wanted.last_day + timedelta(days=1)).isoformat()))
    return [condition for condition, _ in conditions], tuple(value for _, value in conditions)


def _span(known: set[int]) -> str:
    return f"{min(known)} to {max(known)}" if known else "none yet"


def export(
    database: Database, data_dir: Path, folder: Path, wanted: Wanted, how: How, tell: Tell
) -> Exported:
    """Write the wanted sessions into a folder: a file a table, and schema.json; all of it or nothing.

    tell(what, share): hears what is done, and how much of it. Raises RefusedError, StorageError and
    JournalError.
    """
    formats.need(how.format_name)
    with database.reading() as reader:
        numbers = chosen(reader, wanted)
        found = [journals.recorded(reader, one, data_dir) for one in numbers] if how.full_rate else []
    proved = tuple(_proved(found, tell))
    writing = _Writing(data_dir, how, proved)
    leftovers = leftovers_taken_away(folder, writing.names)
    with export_folder(folder, writing.names) as files:
        with database.reading() as reader:
            recorded = Recorded(reader, sorted(numbers, key=writing.number))
            for table in RECORDED:
                writing.write(files, table, recorded.batches(table, _told(tell, f"Exporting {table.name}")))
        if how.full_rate:
            writing.write(
                files,
                TICKS,
                _ticks(
                    sorted(proved, key=lambda one: writing.number(one.session_id)),
                    _told(tell, "Exporting ticks"),
                ),
            )
        odd = [_ODD.format(column=column, odd=odd) for column, odd in recorded.odd.items() if odd]
        files[SCHEMA_FILE].write(writing.whole_schema([*_problems(proved, writing.number), *odd]))
    notes = (*(_LEFTOVER.format(path=path) for path in leftovers), *_problems(proved, int), *odd)
    return Exported(numbers, tuple(writing.done), notes, writing.key_made)


def _problems(proved: Sequence[ProvedJournal], named: Callable[[int], int]) -> Iterator[str]:
    for journal in proved:
        if journal.problem is not None:
            yield f"session {named(journal.session_id)}: {journal.problem}"


class _Writing:
    """Writes the tables of one export. done: the files so far; key_made: as in Exported."""

    def __init__(self, data_dir: Path, how: How, proved: tuple[ProvedJournal, ...]) -> None:
        self._how = how
        self._proved = proved
        self._pseudonyms: Pseudonyms | None = None
        self.key_made: Path | None = None
        if how.pseudonymised:
            self._pseudonyms, made = Pseudonyms.of_site(data_dir)
            self.key_made = data_dir / KEY_NAME if made else None
        self.done: list[ExportedFile] = []
        every = (*RECORDED, TICKS) if how.full_rate else RECORDED
        shown_tables = (shown(table, pseudonymised=how.pseudonymised) for table in every)
        self._tables = {table.name: table for table in shown_tables if table is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files."""
        return (*(self._file(name) for name in self._tables), SCHEMA_FILE)

    def number(self, session_id: int) -> int:
        """Return what stands for a session's number; rows in the order of the record would tell it, too."""
        return session_id if self._pseudonyms is None else self._pseudonyms.of_session(session_id)

    def write(self, files: Mapping[str, BinaryIO], table: Table, batches: Iterator[Batch]) -> None:
        """Write a table's file. Raises OSError."""
        left = self._tables.get(table.name)
        if left is None:
            return  # a pseudonymised export has nothing of it
        file, rows = files[self._file(table.name)], 0
        with closing(formats.writer(self._how.format_name, file, left, self._marks)) as writer:
            for batch in _gathered(batches):
                rows += len(batch[0])
                writer.write(batch if self._pseudonyms is None else self._pseudonyms.reduced(table, batch))
        self.done.append(
            ExportedFile(file=self._file(table.name), table=table.name, rows=rows, size_bytes=file.tell())
        )

    def whole_schema(self, notes: Sequence[str]) -> bytes:
        """Return what schema.json holds: what every file says of itself, and what this export is of."""
        facts = {
            "rows": {done.table: done.rows for done in self.done},
            "journals": [
                {
                    "session_id": self.number(journal.session_id),
                    "ticks": journal.ticks,
                    "software": journal.software,
                    "rules_revision": journal.rules_revision,
                }
                for journal in sorted(self._proved, key=lambda one: self.number(one.session_id))
            ],
            "notes": list(notes),
        }
        return msgspec.json.format(msgspec.json.encode(self._described() | facts), indent=2) + b"\n"

    @property
    def _marks(self) -> dict[str, str]:
        return {
            "tosca_kiosk_schema_version": str(SCHEMA_VERSION),
            "tosca_kiosk_pseudonymised": str(self._how.pseudonymised).lower(),
        }

    def _file(self, table: str) -> str:
        return f"{table}.{self._how.format_name}"

    def _described(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "format": self._how.format_name,
            "pseudonymised": self._how.pseudonymised,
            "tables": [
                {
                    "table": table.name,
                    "file": self._file(table.name),
                    "row": table.meaning,
                    "columns": [
                        {"name": one.name, "type": one.kind, "unit": one.unit, "meaning": one.meaning}
                        for one in table.columns
                    ],
                }
                for table in self._tables.values()
            ],
        }


def _gathered(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the same rows in fewer batches: what a format keeps about each would outweigh a session's row."""
    held: Batch = []
    for batch in batches:
        for column, values in zip(held, batch, strict=bool(held)):
            column.extend(values)
        held = held or batch
        if len(held[0]) >= ROWS_A_BATCH:
            yield held
            held = []
    if held:
        yield held


def _proved(found: Sequence[RecordedJournal], tell: Tell) -> Iterator[ProvedJournal]:
    for number, journal in enumerate(found):
        tell("Proving the journals", number / len(found))
        yield journals.proved(journal)


def _ticks(proved: Sequence[ProvedJournal], tell: Callable[[float], object]) -> Iterator[Batch]:
    for number, journal in enumerate(proved):

        def of_all(share: float, before: int = number) -> None:
            tell((before + share) / len(proved))

        yield from journals.batches(journal, of_all)


def _told(tell: Tell, what: str) -> Callable[[float], object]:
    return lambda share: tell(what, share)
