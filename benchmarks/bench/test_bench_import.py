"""Import of an hour's 36 000 events beside the bare driver, same tables, indexes, triggers and pragmas.

    pytest benchmarks/bench/test_bench_import.py --benchmark-enable

The peer, sqlite3's executemany in one transaction, gets rows, hashes and links ready; it shapes and hashes
nothing.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tosca_kiosk.domain.events import TreatmentEvent
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.journal_lines import ChainWriter, Header, Summary, TickLine
from tosca_kiosk.domain.outputs import DARK
from tosca_kiosk.domain.rules import NO_SESSION
from tosca_kiosk.storage import Database, check, events, import_journal, patients, sessions
from tosca_kiosk.storage.database import _PRAGMAS

ROWS = 36_000
START = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
INTERLOCKS = dict.fromkeys(
    ("board", "pedal", "stop_loop", "smoothing", "laser", "tec", "stage", "camera"), True
)
SUMMARY = Summary("completed", None, ROWS / 10, ROWS / 10, 5.0, 5.1, ROWS / 2)


def event(number):
    return TreatmentEvent(
        event_type="power_change",
        power_commanded_w=5.0,
        power_actual_w=5.0 + number * 1e-6,
        ring_size_mm=3.0,
        actuator_position_um=1000.0,
        photodiode_v=2.5 + number * 1e-7,
        footpedal=True,
        smoothing=True,
        interlocks=INTERLOCKS,
        details={"sample": True},
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "laser_control.db"
    with Database.open(path) as database, database.transaction(1) as transaction:
        patients.add(transaction, START)
        sessions.start(
            transaction,
            patient_id=1,
            tech_id=1,
            start_utc=START,
            protocol_name="bench",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
    return path


@pytest.fixture
def path(template, tmp_path):
    return tmp_path / "laser_control.db"


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """A journal with one event in each line."""
    writer = ChainWriter()
    header = Header(1, 1, 1, 1, "2026-03-14 09:26:53.589793", "sim", "0", {}, NO_SESSION)
    lines = [writer.header(header)]
    for number in range(ROWS):
        inputs = Inputs(number / 10, 0.0, 0.0, None, None, None, None, None, None, True, True)
        lines.append(writer.tick(TickLine(number / 10, inputs, DARK, (event(number),))))
    lines.append(writer.end(SUMMARY))
    file = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    file.write_bytes(b"".join(lines))
    return file


def peer(path, ready):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in (*_PRAGMAS, "PRAGMA journal_mode=WAL"):
            connection.execute(pragma)
        connection.execute("BEGIN IMMEDIATE")
        for table, rows in ready.items():
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.execute("COMMIT")


def ours(path, timed):
    with Database.open(path) as database, database.transaction(1) as transaction:
        events.append_treatment(transaction, 1, START, timed)


def whole(path, journal):
    with Database.open(path) as database:
        import_journal(database, journal, START)


@pytest.fixture(scope="module")
def shaped(template, journal, tmp_path_factory):
    """The rows as the peer gets them: ready."""
    path = tmp_path_factory.mktemp("shaped") / "laser_control.db"
    shutil.copy(template, path)
    whole(path, journal)
    with Database.open(path) as database, database.reading() as reader:
        assert check(database).problems == ()
        ready = {
            "treatment_events": reader.tuples("SELECT * FROM treatment_events ORDER BY event_id"),
            "treatment_events_chain": reader.tuples("SELECT * FROM treatment_events_chain ORDER BY event_id"),
            "chain_links": reader.tuples("SELECT * FROM chain_links WHERE log = 'treatment_events'"),
        }
    assert [len(rows) for rows in ready.values()] == [ROWS, ROWS, 1]
    return ready


def measure(benchmark, template, path, work, *arguments):
    def fresh():
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copy(template, path)

    benchmark.pedantic(work, (path, *arguments), setup=fresh, rounds=5)


@pytest.mark.benchmark(group="import of 36 000 treatment events")
def test_peer_sqlite3_executemany(benchmark, template, path, shaped):
    measure(benchmark, template, path, peer, shaped)


@pytest.mark.benchmark(group="import of 36 000 treatment events")
def test_events_in_memory_to_rows_and_chain(benchmark, template, path):
    measure(benchmark, template, path, ours, [(number / 10, event(number)) for number in range(ROWS)])


@pytest.mark.benchmark(group="import of 36 000 treatment events")
def test_journal_file_to_rows_chain_and_summary(benchmark, template, path, journal):
    measure(benchmark, template, path, whole, journal)
