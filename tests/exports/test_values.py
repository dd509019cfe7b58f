"""What stands in the files is what stands in the record, value by value, and pandas reads it."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import warnings
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest

import tosca_kiosk.exports
from tosca_kiosk.exports import tables
from tosca_kiosk.exports.columns import Kind
from tosca_kiosk.exports.formats import FORMATS
from tosca_kiosk.exports.ticks import TICKS
from tosca_kiosk.storage import Database

NUMBERS = (1, 2, 3)
EVENTS = [name for name in tables.TREATMENT_EVENTS.names if name != "is_sample"]
TRUTHS = ("footpedal_state", "smoothing_device_state")


@pytest.fixture(scope="module")
def events_held(made_once):
    """The record's events as SQLite holds them, in the order of the exported columns."""
    with closing(sqlite3.connect(made_once / "laser_control.db")) as tool:
        return tool.execute(f"SELECT {', '.join(EVENTS)} FROM treatment_events ORDER BY event_id").fetchall()


def as_held(name, value):
    """Return a value of a file as SQLite holds it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return int(value) if name in TRUTHS and value is not None else value


def read_csv(path, table):
    """Read a file's rows with nothing but Python: an empty cell is NULL."""
    make = {
        Kind.INTEGER: int,
        Kind.NUMBER: float,
        Kind.BOOLEAN: {"true": True, "false": False}.__getitem__,
        Kind.TIME: datetime.fromisoformat,
    }
    kinds = {column.name: column.kind for column in table.columns}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {
                name: None if text == "" else make.get(kinds[name], str)(text) for name, text in row.items()
            }


def read_jsonl(path, table):
    times = {column.name for column in table.columns if column.kind is Kind.TIME}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row | {name: datetime.fromisoformat(row[name]) for name in times if row[name] is not None}


def read_parquet(path, table):
    read = pyarrow.parquet.read_table(path)
    assert read.schema.names == list(table.names)
    return read.to_pylist()


READ = {"csv": read_csv, "jsonl": read_jsonl, "parquet": read_parquet}


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_event_is_exactly_as_the_record_has_it(exported, events_held, format_name):
    folder, _ = exported(*NUMBERS, format_name=format_name)
    rows = READ[format_name](folder / f"treatment_events.{format_name}", tables.TREATMENT_EVENTS)
    assert [tuple(as_held(name, row[name]) for name in EVENTS) for row in rows] == events_held


def with_pandas(folder, name, format_name):
    path = folder / f"{name}.{format_name}"
    if format_name == "csv":
        return pd.read_csv(path)
    return pd.read_json(path, lines=True) if format_name == "jsonl" else pd.read_parquet(path)


@pytest.mark.parametrize("format_name", FORMATS)
def test_pandas_reads_the_files_as_they_are(exported, format_name):
    folder, done = exported(*NUMBERS, format_name=format_name, full_rate=True)
    assert [file.table for file in done.files] == [table.name for table in (*tables.RECORDED, TICKS)]
    for file in done.files:
        assert len(with_pandas(folder, file.table, format_name)) == file.rows
    sessions = with_pandas(folder, "sessions", format_name)
    assert sessions["patient"].tolist() == ["P-2026-0001", "P-2026-0001", "P-2026-0002"]
    assert sessions["start_day"].tolist() == [0, 30, 0]
    assert sessions["patient_age_band"].tolist()[:2] == ["60-69", "60-69"]
    assert sessions["abort_source"].tolist() == ["smoothing"] * 3
    assert pd.to_datetime(sessions["start_time"])[1] == pd.Timestamp("2026-04-13 09:26:53.589793", tz="UTC")
    deviations = with_pandas(folder, "deviations", format_name)
    assert deviations[["session_id", "old_value", "new_value", "time_s"]].to_numpy().tolist() == [
        [number, 5.0, 6.5, 3.0] for number in NUMBERS
    ]
    safety = with_pandas(folder, "safety_events", format_name)
    assert safety["time_offset_ms"].tolist().count(1500) == 3
    events = with_pandas(folder, "treatment_events", format_name)
    samples = events[events["is_sample"]]
    assert set(samples["event_type"]) == {"power_change"}
    ticks = with_pandas(folder, "ticks", format_name)
    assert set(ticks["phase"]) == {"idle", "ready", "armed", "treating"}
    lit = ticks[ticks["beam"] == "emitting"]
    assert lit["power_measured_w"].max() == pytest.approx(lit["power_commanded_w"].max(), rel=0.1)
    assert (lit["ring_diameter_mm"] == samples["ring_size_mm"].max()).all()
    assert lit["gate_closed"].all()


def test_what_the_paper_advises_reads_every_number_exactly_and_warns_of_nothing(exported, events_held):
    paper = Path(tosca_kiosk.exports.__file__).with_name("EXPORTS.md").read_text(encoding="utf-8")
    advised = dict(
        re.findall(r'^events = (pd\.read_\w+\("export/treatment_events\.(\w+)".*\))$', paper, re.M)
    )
    assert set(advised.values()) == set(FORMATS)
    column = "laser_power_actual_watts"
    held = [row[EVENTS.index(column)] for row in events_held]
    for line, format_name in advised.items():
        folder, _ = exported(*NUMBERS, format_name=format_name, to=format_name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            events = eval(line.replace("export/", f"{folder}/"), {"pd": pd})
        assert events[column].dropna().tolist() == [value for value in held if value is not None]


def test_the_schema_says_what_every_file_holds(exported):
    folder, done = exported(1, format_name="csv", full_rate=True)
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    assert schema["schema_version"] == tables.SCHEMA_VERSION
    assert schema["rows"] == {file.table: file.rows for file in done.files}
    for table in schema["tables"]:
        with (folder / table["file"]).open(encoding="utf-8") as file:
            assert file.readline().rstrip("\n").split(",") == [column["name"] for column in table["columns"]]


def test_a_parquet_file_alone_says_its_version_and_its_units(exported):
    folder, _ = exported(1, format_name="parquet")
    schema = pyarrow.parquet.read_schema(folder / "treatment_events.parquet")
    assert schema.metadata[b"tosca_kiosk_schema_version"] == str(tables.SCHEMA_VERSION).encode()
    assert schema.field("actuator_position_um").metadata[b"unit"].decode() == "µm"


def test_sessions_share_a_row_group(exported):
    folder, _ = exported(*NUMBERS, format_name="parquet")
    for name in ("sessions", "treatment_events"):
        assert pyarrow.parquet.read_metadata(folder / f"{name}.parquet").num_row_groups == 1


def test_a_value_of_another_type_is_left_empty_and_said(record_dir, exported):
    with closing(sqlite3.connect(record_dir / "laser_control.db", isolation_level=None)) as tool:
        tool.execute(
            "INSERT INTO treatment_events (session_id, timestamp, time_offset_ms, event_type, ring_size_mm) "
            "VALUES (1, 'yesterday', 5000, 'pause', 'wide')"
        )
    folder, done = exported(1, data_dir=record_dir, format_name="jsonl")
    row = json.loads((folder / "treatment_events.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (row["timestamp"], row["ring_size_mm"], row["event_type"]) == (None, None, "pause")
    assert sorted(note.partition(":")[0] for note in done.notes) == [
        "treatment_events.ring_size_mm",
        "treatment_events.timestamp",
    ]


@pytest.mark.parametrize(
    ("reason", "source"),
    [
        ("light not confirmed ended; laser_stale: The laser driver does not answer.", "laser_stale"),
        ("light not confirmed ended", None),
        ("not finished", None),
    ],
)
def test_a_fault_is_told_also_where_the_light_is_not_confirmed_ended(record_dir, exported, reason, source):
    with Database.open(record_dir / "laser_control.db") as database, database.transaction(2) as transaction:
        transaction.update("sessions", {"session_id": 1}, status="aborted", abort_reason=reason)
    folder, _ = exported(1, data_dir=record_dir, format_name="jsonl")
    assert json.loads((folder / "sessions.jsonl").read_text("utf-8"))["abort_source"] == source


def test_equal_exports_are_equal_byte_for_byte(exported):
    first, _ = exported(1, 2, format_name="csv", to="first")
    second, _ = exported(2, 1, format_name="csv", to="second")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()
