"""A disk or a memory that is full, and a kill, while light is on: the next start tells what ended it."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from benchmarks.rigs.small_file_system import fill, in_small_memory, small_disk
from tests.e2e.treat_bench import COMMAND, arguments, finish, protocol_text, rows, run, start
from tosca_kiosk.cli.workplace import Workplace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system"),
]

DISK_BYTES = 2_500_000_000
"""With room for a session, which arming asks for."""


@pytest.fixture
def endless(tmp_path) -> Path:
    path = tmp_path / "endless.json"
    path.write_text(protocol_text((3000.0, 0.5, 0.5, 3.0)), encoding="utf-8")
    return path


@pytest.fixture
def disk(tmp_path, data_dir):
    """The cast's record on a disk of its own."""
    with small_disk(tmp_path / "disk", DISK_BYTES) as place:
        shutil.copytree(data_dir, place / "data")
        yield place


def _until_light(process):
    assert any("LASER EMITTING" in line for line in process.stderr)


def _types(data_dir):
    sql = "SELECT event_type FROM treatment_events WHERE session_id = 1 ORDER BY event_id"
    return [row["event_type"] for row in rows(data_dir, sql)]


def _safety(data_dir):
    sql = "SELECT * FROM safety_log WHERE session_id = 1 AND severity = 'critical' ORDER BY log_id"
    return rows(data_dir, sql)


def test_a_disk_that_is_full_under_light_loses_nothing_of_what_ended_it(disk, warm, endless, short):
    data_dir = disk / "data"
    process = start(*arguments(data_dir, endless, "--config", warm, "--fast", "--json"))
    _until_light(process)
    ballast = fill(disk)
    ended = finish(process)
    assert ended.code == 1
    assert "critical: The record could not be written." in ended.stderr
    assert "the disk is full" in ended.json["error"], "the import has no room either"
    assert "Traceback" not in ended.stderr
    ballast.unlink()
    following = run(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))
    assert following.code == 0, following.stderr
    [first, second] = rows(data_dir, "SELECT * FROM sessions ORDER BY session_id")
    assert (first["status"], second["status"]) == ("aborted", "completed")
    assert first["abort_reason"] == "journal: The record could not be written."
    types = _types(data_dir)
    assert types.count("laser_on") == types.count("laser_off") == 1
    assert types.count("safety_trigger") == 1
    [told] = _safety(data_dir)
    assert json.loads(told["details"])["trigger_source"] == "journal"
    folder = data_dir / first["session_folder_path"].removeprefix("data/")
    again = run("replay", str(folder), "--json")
    assert (again.code, again.json["whole"]) == (0, True)


def test_memory_that_is_full_from_the_start_is_named_and_no_session_stays_open(
    data_dir, warm, short, monkeypatch
):
    monkeypatch.setattr("tests.e2e.treat_bench.COMMAND", (*in_small_memory(100_000), *COMMAND))
    ended = run(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))
    assert ended.code == 1
    assert "No space left on device" in ended.json["error"]
    assert "make room in memory, on /dev/shm, not on the disk" in ended.json["error"]
    assert rows(data_dir, "SELECT * FROM sessions") == []


def test_memory_that_is_full_under_light_ends_it_and_nothing_is_lost(data_dir, warm, endless, monkeypatch):
    monkeypatch.setattr("tests.e2e.treat_bench.COMMAND", (*in_small_memory(1_400_000), *COMMAND))
    monkeypatch.setattr("tests.e2e.treat_bench.BARE_ENVIRONMENT", dict(os.environ))
    ended = run(*arguments(data_dir, endless, "--config", warm, "--json", "--fast"))
    assert ended.code == 1
    assert ended.json["abort_reason"] == "journal: The record could not be written."
    types = _types(data_dir)
    assert types.count("laser_on") == types.count("laser_off") == 1
    assert [json.loads(row["details"])["trigger_source"] for row in _safety(data_dir)] == ["journal"]


def test_treat_that_is_killed_under_light_leaves_a_row_at_the_next_start(data_dir, warm, endless):
    process = start(*arguments(data_dir, endless, "--config", warm, "--json", "--fast"))
    _until_light(process)
    process.kill()
    assert finish(process).code == -signal.SIGKILL
    with Workplace(warm, data_dir, as_json=True).record():
        pass
    [told] = _safety(data_dir)
    assert told["description"].startswith("Light not confirmed ended.")
    assert told["laser_state"] == "on"
