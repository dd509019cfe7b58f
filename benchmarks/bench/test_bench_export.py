"""Export of an hour's 36 000 samples to Parquet beside pandas, which reads and writes the same table alone.

    pytest benchmarks/bench/test_bench_export.py --benchmark-enable

The peer, `pandas.read_sql` and `DataFrame.to_parquet`, gets one table as SQLite holds it: its times stay
text and its truths numbers. The command is a process of its own, with the imports of Python, SQLAlchemy and
pyarrow.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest

from benchmarks.bench.test_bench_import import ROWS, START, SUMMARY, event
from tosca_kiosk.exports.export import How, Wanted, export
from tosca_kiosk.storage import Database, events, patients, record_to_read, sessions

GROUP = "export of 36 000 samples to Parquet"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    with Database.open(folder / "laser_control.db") as database, database.transaction(1) as transaction:
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
        timed = [(number / 10, event(number)) for number in range(ROWS)]
        events.append_treatment(transaction, 1, START, timed)
        sessions.correct(transaction, sessions.get(transaction, 1), SUMMARY, told=True)
    return folder


def measure(benchmark, tmp_path, work):
    folder = tmp_path / "out"

    def fresh():
        shutil.rmtree(folder, ignore_errors=True)

    benchmark.pedantic(work, (folder,), setup=fresh, rounds=5, warmup_rounds=1)
    assert len(pd.read_parquet(folder / "treatment_events.parquet")) == ROWS


@pytest.mark.benchmark(group=GROUP)
def test_peer_pandas_read_sql_and_to_parquet(benchmark, tmp_path, data_dir):
    def peer(folder):
        folder.mkdir()
        with closing(sqlite3.connect(data_dir / "laser_control.db")) as connection:
            read = pd.read_sql("SELECT * FROM treatment_events WHERE session_id = 1", connection)
        read.to_parquet(folder / "treatment_events.parquet")

    measure(benchmark, tmp_path, peer)


@pytest.mark.benchmark(group=GROUP)
def test_all_tables_of_the_session(benchmark, tmp_path, data_dir):
    def ours(folder):
        with record_to_read(data_dir / "laser_control.db", print) as database:
            how = How(format_name="parquet")
            export(database, data_dir, folder, Wanted(sessions=(1,)), how, lambda what, share: None)

    measure(benchmark, tmp_path, ours)


@pytest.mark.process
@pytest.mark.benchmark(group=GROUP)
def test_the_command_with_all_its_imports(benchmark, tmp_path, data_dir):
    def command(folder):
        words = ("sessions", "export", "1", "--format", "parquet", "--to", folder, "--data-dir", data_dir)
        subprocess.run([sys.executable, "-m", "tosca_kiosk", *words], check=True, capture_output=True)

    measure(benchmark, tmp_path, command)
