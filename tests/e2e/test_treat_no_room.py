"""`tosca-kiosk treat` on a disk that fills, or is full."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from tests.e2e.treat_bench import (
    COMMAND,
    Finished,
    arguments,
    event_types,
    finish,
    rows,
    run,
    session_rows,
    start,
    until_light,
)
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.storage import DATABASE_NAME

pytestmark = pytest.mark.slow


def limited(size_kib: int, *words: str | Path) -> Finished:
    """Run tosca-kiosk where no file may grow over a size: to it, a disk that is full from there on."""
    shell = f'ulimit -f {size_kib * 2}; exec "$@"'
    return _ran("/bin/sh", "-c", shell, "sh", *COMMAND, *words)


def _ran(*words: str | Path) -> Finished:
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    return Finished(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.process
def test_a_disk_that_fills_in_mid_session_is_a_fault_that_darkens(data_dir, warm, endless):
    """The record fits with a session's row and events; the journal would grow on."""
    record_kib = (data_dir / DATABASE_NAME).stat().st_size // 1024
    ended = limited(record_kib + 100, *arguments(data_dir, endless, "--config", warm, "--fast", "--json"))
    assert ended.code == 1
    assert "critical: The record could not be written." in ended.stderr
    assert "Traceback" not in ended.stderr
    [session] = session_rows(data_dir)
    journal = data_dir / session["session_folder_path"].removeprefix("data/") / "journal.jsonl"
    reader = ChainReader(journal.read_bytes())
    assert sum(1 for _ in reader.ticks_json()) > 800
    assert reader.end is None
    assert session["status"] == "aborted"
    assert session["abort_reason"].startswith("journal: The record could not be written.")
    types = event_types(data_dir)
    assert types.count("laser_on") == types.count("laser_off") == 1
    logged = rows(data_dir, "SELECT * FROM safety_log WHERE session_id = 1")
    assert [(row["event_type"], row["severity"]) for row in logged] == [("interlock_failure", "critical")]


@pytest.mark.process
def test_a_session_whose_database_has_no_room_either_is_closed_at_the_next_start(
    data_dir, warm, endless, short
):
    process = start(*arguments(data_dir, endless, "--config", warm, "--fast", "--json"))
    until_light(process)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1024, 1024))
    ended = finish(process)
    assert ended.code == 1
    assert "critical: The record could not be written." in ended.stderr
    assert str(data_dir / "laser_control.db") in ended.json["error"]
    assert "Traceback" not in ended.stderr
    following = run(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))
    assert following.code == 0
    assert "Session 1 was interrupted; its record is closed: aborted." in following.stderr
    assert [row["status"] for row in session_rows(data_dir)] == ["aborted", "completed"]
    assert event_types(data_dir).count("laser_on") == 1


@pytest.mark.process
def test_a_disk_that_is_full_from_the_start_refuses_before_anything_is_on(tmp_path, data_dir, warm, short):
    ended = limited(50, *arguments(tmp_path / "new", short, "--config", warm, "--fast", "--json"))
    assert ended.code == 1
    assert str(tmp_path / "new" / "laser_control.db") in ended.json["error"]
    assert "homing" not in ended.stderr
    assert "Traceback" not in ended.stderr
