"""How long what is asked of a large record every day takes: each figure beside its limit.

    python -m benchmarks.bench.daily_use --folder FOLDER

The record has 2 000 sessions and 2 000 000 events (`benchmarks/rigs/busy_record.py`). It is made in the
folder, which takes two minutes, or found there again; without the option it is made aside and taken away.
Each question is asked so many times of a warm record, by the program's own functions; the medians count, of
the processor's time, for the machine may have other work. Exit code 1 where one is over its limit.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final, NamedTuple

from benchmarks.rigs.busy_record import EVENTS, SESSIONS, Busy, busy_record
from benchmarks.rigs.command_line import command_line, machine_load, with_bar
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.kiosk.services import Record, history, people
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import earlier_dose
from tosca_kiosk.storage import Database, patients, protocols, queries, sessions
from tosca_kiosk.storage.as_of import record_as_of
from tosca_kiosk.storage.history import changes
from tosca_kiosk.storage.timestamps import from_utc_text

QUERY_MS: Final = 5.0
PAGE_MS: Final = 50.0
PATIENT: Final = 7
VIEWS: Final = ("active_sessions", "patient_session_history", "safety_events_summary")
CHANGES: Final = 100
"""So many `audit show` shows."""


class Asked(NamedTuple):
    """Something that is asked. limit_ms: None where it is only told; ask: by the program's own function."""

    what: str
    limit_ms: float | None
    ask: Callable[[], object]


class Took(NamedTuple):
    """How long an answer took, in milliseconds: of the processor's time, and by the clock."""

    processor_ms: float
    clock_ms: float


def questions(record: Record, busy: Busy) -> Iterator[Asked]:
    """Yield all that is asked of an open record."""
    database = record.database

    def rows(sql: str, *values: object) -> object:
        """Return rows as SQLite's own driver gives them: what the query takes, and no more."""
        with database.reading() as reader:
            driver = reader.connection.connection.driver_connection
            assert driver is not None
            return driver.execute(sql, values).fetchall()

    of_row = {"table": "patients", "key": str(PATIENT), "limit": CHANGES}
    values = {"patient_id": (PATIENT,), "session_id": (busy.usual,)}
    for query in queries.QUERIES:
        yield Asked(query.title, QUERY_MS, partial(rows, query.text, *values.get(query.parameter, ())))
    for view in VIEWS:
        yield Asked(f"view {view}", QUERY_MS, partial(rows, f"SELECT * FROM {view}"))
    yield from (
        Asked("patients on the screen, with a part of a note", PAGE_MS, lambda: people.found(record, "sec")),
        Asked("every patient", PAGE_MS, lambda: patients.list_all(database)),
        Asked("every protocol", PAGE_MS, lambda: protocols.list_all(database)),
        Asked("a patient's sessions", PAGE_MS, lambda: sessions.for_patient(database, PATIENT)),
        Asked("a page of the safety log", PAGE_MS, lambda: history.safety_rows(record)),
        Asked("the same, an old one", PAGE_MS, lambda: history.safety_rows(record, 500)),
        Asked("result of a session", PAGE_MS, lambda: history.result(record, busy.usual)),
        Asked("the same, an hour of light", PAGE_MS, lambda: history.result(record, busy.long)),
        Asked("the audit of a row", PAGE_MS, partial(changes, database, **of_row)),
        Asked("the newest changes", PAGE_MS, partial(changes, database, limit=CHANGES)),
        Asked(
            "a patient's sessions as of the first change",
            PAGE_MS,
            lambda: as_it_was(database, lambda: patients.sessions_of(database, PATIENT)),
        ),
        Asked("a patient's earlier light", None, lambda: earlier_dose(database, PATIENT, record.utc())),
    )


def as_it_was(database: Database, ask: Callable[[], object]) -> None:
    """Ask the record as it was after its first change, which is the farthest back."""
    [row] = database.rows("SELECT timestamp FROM audit_log ORDER BY audit_id LIMIT 1")
    with record_as_of(database, from_utc_text(row["timestamp"]), utc_now()):
        ask()


def took(ask: Callable[[], object], times: int) -> Took:
    """Ask once, then so many times more; return the medians of these."""
    ask()
    each = []
    for _ in range(times):
        clock_s, processor_s = perf_counter(), process_time()
        ask()
        each.append((process_time() - processor_s, perf_counter() - clock_s))
    processor_s, clock_s = (median(one) for one in zip(*each, strict=True))
    return Took(1000.0 * processor_s, 1000.0 * clock_s)


@contextmanager
def in_folder(folder: Path | None) -> Iterator[Path]:
    """Give the folder, or one that is taken away."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="tosca-daily-use-") as made:
        yield Path(made)


def main() -> int:
    parser = command_line("bench.daily_use", __doc__)
    parser.add_argument("--folder", type=Path, help="where the record is, or is made (default: aside)")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"(default {SESSIONS})")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"(default {EVENTS})")
    parser.add_argument("--times", type=int, default=15, help="each is asked (default 15)")
    options = parser.parse_args()
    if options.times < 1:
        parser.error("--times is 1 or more")
    rows = []
    with in_folder(options.folder) as folder:
        try:
            busy = with_bar(
                "the record is made",
                lambda told: busy_record(folder, options.sessions, options.events, told),
            )
        except ValueError as error:
            parser.error(str(error))
        with closing(Record(load_config(bundled("simulated.yaml")), busy.folder)) as record:
            record.open()
            for asked in questions(record, busy):
                found = took(asked.ask, options.times)
                rows += [
                    Row(asked.what, found.processor_ms, asked.limit_ms, "ms"),
                    Row("    by the clock", found.clock_ms, None, "ms"),
                ]
    title = (
        f"{options.sessions} sessions, {options.events} events, median of {options.times}; "
        f"machine load {machine_load()}"
    )
    return judged(title, rows)


if __name__ == "__main__":
    sys.exit(main())
