"""What is asked of a record every day, by the program's own functions; as a process of its own, all of it.

    python -m benchmarks.rigs.daily_questions DATA_DIR USUAL LONG

USUAL and LONG are the numbers of two sessions. The exit code is 0 where all was answered.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Final, NamedTuple, cast

from tosca_kiosk.exports.export import How, Wanted, export
from tosca_kiosk.kiosk.services import Record, history, people
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.reports import report_pdf
from tosca_kiosk.session import earlier_dose
from tosca_kiosk.storage import Database, Reader, patients, protocols, queries, session_list, sessions
from tosca_kiosk.storage.history import history as history_of

QUERY_MS: Final = 5.0
PAGE_MS: Final = 50.0
EXPORT_MS: Final = 1000.0
REPORT_MS: Final = 3000.0
PATIENT: Final = 7
VIEWS: Final = ("active_sessions", "patient_session_history", "safety_events_summary")
OLD_PAGE: Final = 500
ROWS_OF_A_LIST: Final = 50


class Asked(NamedTuple):
    """Something that is asked. limit_ms: None where it is only told; ask: does it; times: at most."""

    what: str
    limit_ms: float | None
    ask: Callable[[], object]
    times: int = 100


def questions(database: Database, data_dir: Path, *, usual: int, long: int, out: Path) -> Iterator[Asked]:
    """Yield all that is asked of an open record. out: a folder for what is written; usual, long: sessions."""
    yield from _by_sql(database.path, usual)
    # All that these services ask of the kiosk's record, which would also write.
    record = cast(Record, SimpleNamespace(database=database, utc=utc_now))
    yield from (
        Asked("patients on the screen, with a part of a note", PAGE_MS, lambda: people.found(record, "sec")),
        Asked("every patient", PAGE_MS, lambda: patients.list_all(database)),
        Asked("every protocol", PAGE_MS, lambda: protocols.list_all(database)),
        Asked("a patient's sessions", PAGE_MS, lambda: sessions.for_patient(database, PATIENT)),
        Asked("a page of all sessions", PAGE_MS, _in_snapshot(database, _newest_sessions)),
        Asked("a page of the safety log", PAGE_MS, lambda: history.safety_rows(record)),
        Asked("the same, an old one", PAGE_MS, lambda: history.safety_rows(record, OLD_PAGE)),
        Asked("result of a session", PAGE_MS, lambda: history.result(record, usual)),
        Asked("the same, an hour of light", PAGE_MS, lambda: history.result(record, long)),
        Asked(
            "the history of a row", PAGE_MS, lambda: history_of(database, "patients", str(PATIENT), limit=100)
        ),
        Asked("a patient's earlier light", None, lambda: earlier_dose(database, PATIENT, utc_now())),
        Asked(
            "export of the hour to Parquet",
            EXPORT_MS,
            partial(_exported, database, data_dir, out, long, full_rate=False),
            times=5,
        ),
        Asked(
            "report of the hour",
            REPORT_MS,
            _in_snapshot(database, lambda reader: report_pdf(reader, data_dir, long)),
            times=3,
        ),
        Asked(
            "export of the hour with every tick of its journal",
            None,
            partial(_exported, database, data_dir, out, long, full_rate=True),
            times=1,
        ),
    )


def _by_sql(path: Path, usual: int) -> Iterator[Asked]:
    """Yield the user's queries and views, asked of the file as any SQLite tool does."""
    tool = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def rows(sql: str, values: tuple[int, ...] = ()) -> object:
        return tool.execute(sql, values).fetchall()

    values = {"patient_id": (PATIENT,), "session_id": (usual,)}
    for query in queries.QUERIES:
        given = values.get(query.parameter, ()) if query.stands_for == "?" else ()
        yield Asked(query.title, QUERY_MS, partial(rows, query.text, given))
    for view in VIEWS:
        yield Asked(f"view {view}", QUERY_MS, partial(rows, f"SELECT * FROM {view}"))


def _in_snapshot(database: Database, ask: Callable[[Reader], object]) -> Callable[[], object]:
    def asked() -> object:
        with database.reading() as reader:
            return ask(reader)

    return asked


def _newest_sessions(reader: Reader) -> object:
    return session_list.listed(reader, limit=ROWS_OF_A_LIST)


def _exported(database: Database, data_dir: Path, out: Path, number: int, *, full_rate: bool) -> None:
    shutil.rmtree(out, ignore_errors=True)
    export(
        database,
        data_dir,
        out,
        Wanted(sessions=(number,)),
        How(format_name="parquet", full_rate=full_rate),
        lambda _doing, _done: None,
    )


def main() -> int:
    data_dir, usual, long = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with (
        tempfile.TemporaryDirectory(prefix="tosca-daily-") as out,
        closing(Database.read_only(data_dir / "laser_control.db")) as database,
    ):
        for asked in questions(database, data_dir, usual=usual, long=long, out=Path(out) / "export"):
            asked.ask()
    return 0


if __name__ == "__main__":
    sys.exit(main())
