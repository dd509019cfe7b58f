"""`sessions export` as a user calls it: what it writes, and every refusal with nothing half written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.cli.kiosk_command import Cart
from tests.cli.small_disk import small_disk
from tests.storage.cast import safety_event, treatment_event
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, archiving, events, patients, protocols, sessions

DONE = Summary("completed", None, 60.0, 50.0, 5.0, 5.1, 250.0)
EVENTS = 200
AGES_DAYS = (40, 2, 1)


WRITING = """
import sys
from pathlib import Path
from tosca_kiosk.machine.part_file import begin
begin(Path(sys.argv[1]))
print("begun", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def treated_once(tmp_path_factory, made_once):
    """A cart with three sessions of two patients; the oldest is over a month ago."""
    data_dir = tmp_path_factory.mktemp("treated") / "data"
    shutil.copytree(made_once, data_dir)
    with Database.open(data_dir / "laser_control.db") as database:
        with database.transaction(1) as transaction:
            for code in ("P-2026-0001", "P-2026-0002"):
                patients.add(transaction, utc_now(), code=code)
        for number, age_days in enumerate(AGES_DAYS, start=1):
            start = utc_now() - timedelta(days=age_days)
            with database.transaction(1) as transaction:
                sessions.start(
                    transaction,
                    patient_id=1 + (number == 3),
                    tech_id=1,
                    start_utc=start,
                    protocol_name="Gentle",
                    protocol_snapshot="{}",
                    protocol_id=None,
                    origin="sim",
                )
                timed = [(0.1 * tick, treatment_event(5.0)) for tick in range(EVENTS)]
                events.append_treatment(transaction, number, start, timed)
                events.append_safety(transaction, start, [(1.0, safety_event())], session_id=number)
                sessions.correct(transaction, sessions.get(transaction, number), DONE, told=True)
    return data_dir


@pytest.fixture
def treated(tmp_path, treated_once):
    shutil.copytree(treated_once, tmp_path / "treated")
    return Cart(tmp_path / "treated")


def day(age_days):
    return f"{utc_now() - timedelta(days=age_days):%Y-%m-%d}"


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("2",), [2]),
        (("3", "1", "3"), [1, 3]),
        (("--patient", "P-2026-0001"), [1, 2]),
        (("--from", day(2)), [2, 3]),
        (("--until", day(2)), [1, 2]),
        (("--patient", "P-2026-0001", "--from", day(3), "--until", day(1)), [2]),
    ],
)
def test_one_several_a_patient_and_a_range(treated, tmp_path, words, numbers):
    told = treated.json("sessions", "export", *words, "--to", str(tmp_path / "out"))
    assert told["sessions"] == numbers
    rows = {file["table"]: file["rows"] for file in told["files"]}
    assert rows["treatment_events"] == EVENTS * len(numbers)
    assert (rows["sessions"], rows["energies"], rows["safety_events"]) == (len(numbers),) * 3


def test_files_and_folder_are_for_user_and_group(treated, tmp_path):
    treated.text("sessions", "export", "1", "--to", str(tmp_path / "new" / "out"))
    assert (tmp_path / "new" / "out").stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new" / "out").iterdir()} == {0o640}


def test_archived_events_are_found(treated, tmp_path):
    folder = str(tmp_path / "before")
    treated.text("sessions", "export", "1", "--to", folder)
    with Database.open(treated.database) as database:
        old = archiving.old_sessions(database, utc_now(), 30)
        archiving.archive(database, old, operator_id=1, reason="room", details={})
    treated.text("sessions", "export", "1", "--to", str(tmp_path / "after"))
    name = "treatment_events.csv"
    assert (tmp_path / "after" / name).read_bytes() == (tmp_path / "before" / name).read_bytes()
    assert len(treated.json("sessions", "show", "1", "--events")["events"]) == EVENTS
    shutil.rmtree(treated.data_dir / "archives")
    said = treated.refused("sessions", "export", "1", "2", "--to", str(tmp_path / "none"))
    assert "is missing; it holds the events of session 1" in said
    assert not (tmp_path / "none").exists()


def test_uses_of_protocols_are_counted_by_the_common_query(treated):
    with Database.open(treated.database) as database, database.transaction(1) as transaction:
        start = utc_now()
        [used] = [one for one in protocols.list_all(transaction) if one.protocol_name.startswith("Constant")]
        sessions.start(
            transaction,
            patient_id=1,
            tech_id=1,
            start_utc=start,
            protocol_name=used.protocol_name,
            protocol_snapshot="{}",
            protocol_id=used.protocol_id,
            origin="sim",
        )
    [first, *others] = treated.json("protocols", "usage")["protocols"]
    assert (first["protocol_name"], first["usage_count"], first["actual_usage"]) == (used.protocol_name, 1, 1)
    assert {one["actual_usage"] for one in others} == {0}
    assert treated.text("protocols", "usage").splitlines()[2].startswith(used.protocol_name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("7",), "no session has the number 7; the record has 1 to 3"),
        (("--patient", "P-2026-0009"), "no patient has the code 'P-2026-0009'"),
        (("--from", "2020-01-01", "--until", "2020-02-01"), "no session is of this patient and these days"),
        (("--from", "2020-02-01", "--until", "2020-01-01"), "--until 2020-01-01 is before --from 2020-02-01"),
        (("1", "--patient", "P-2026-0001"), "not both"),
        ((), "which sessions?"),
    ],
)
def test_what_is_not_there_is_refused(treated, tmp_path, words, said):
    assert said in treated.refused("sessions", "export", *words, "--to", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_folders_place_is_left_alone(treated, tmp_path):
    (tmp_path / "out").write_text("mine")
    assert "out: cannot be written" in treated.refused(
        "sessions", "export", "1", "--to", str(tmp_path / "out")
    )
    assert (tmp_path / "out").read_text() == "mine"


def test_no_file_is_written_over(treated, tmp_path):
    treated.text("sessions", "export", "1", "--to", str(tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.glob("*.*")}
    said = treated.refused("sessions", "export", "2", "--to", str(tmp_path))
    assert said.startswith(f"{tmp_path / 'sessions.csv'} is there already")
    (tmp_path / "sessions.csv").unlink()
    assert "energies.csv is there already" not in said
    treated.refused("sessions", "export", "2", "--to", str(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.glob("*.*")} == {
        path: content for path, content in before.items() if path.name != "sessions.csv"
    }


@pytest.mark.process
def test_what_a_killed_export_has_left_is_taken_away_and_named(treated, tmp_path):
    """The part of a living one is neither taken away nor written into."""
    folder = tmp_path / "out"
    folder.mkdir()
    part = folder / "sessions.csv.part"
    command = ("sessions", "export", "1", "--to", str(folder))
    writing = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(part)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with writing:
        assert writing.stdout.readline()
        assert "of an export that runs" in treated.refused(*command)
        assert part.exists()
        writing.kill()
    told = treated.json(*command)
    assert [note for note in told["notes"] if str(part) in note]
    assert not list(folder.glob("*.part"))
    assert (folder / "sessions.csv").stat().st_size > 0


@pytest.mark.process
@pytest.mark.parametrize("format_name", ["csv", "parquet"])
def test_a_full_disk_is_one_line_and_no_half_file(treated, tmp_path, format_name):
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        (disk.path / "filled").write_bytes(bytes(1000 * 1024))
        result = treated.process(
            "sessions", "export", "1", "--format", format_name, "--to", str(disk.path / "out")
        )
        assert result.returncode == 1
        assert result.stderr.count("\n") == 1
        assert "the disk is full, nothing was exported" in result.stderr
        assert [path.name for path in disk.path.iterdir()] == ["filled"]


def test_without_its_library_parquet_says_what_to_install(treated, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    said = treated.refused("sessions", "export", "1", "--format", "parquet", "--to", str(tmp_path / "out"))
    assert "pip install 'tosca-kiosk[parquet]'" in said
    assert not (tmp_path / "out").exists()


def test_an_open_session_has_no_ticks_yet(cart, tmp_path):
    with Database.open(cart.database) as database, database.transaction(1) as transaction:
        patients.add(transaction, utc_now())
        sessions.start(
            transaction,
            patient_id=1,
            tech_id=1,
            start_utc=utc_now(),
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
    result = cart.run("sessions", "export", "1", "--full-rate", "--json", "--to", str(tmp_path / "out"))
    assert json.loads(result.stdout)["notes"] == ["session 1: it is still open, so it has no ticks here"]
    assert "Warning: session 1: it is still open" in result.stderr
