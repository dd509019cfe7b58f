"""`tosca-kiosk treat` on the wall's clock, stopped by Ctrl-C, and killed."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.treat_bench import (
    Finished,
    arguments,
    decided_again,
    event_types,
    finish,
    rows,
    run,
    session_rows,
    start,
    until_light,
)

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class RealTime:
    """Two sessions on the wall's clock at once: one left alone, one stopped; a third kept waiting.

    checked: `db check` beside the second one, under light.
    """

    left_alone: Finished
    stopped: Finished
    stopped_dir: Path
    locked_out: Finished
    checked: Finished
    holder: int


@pytest.fixture(scope="module")
def real_time(new_data_dir, warm, short, long):
    stopped_dir, other_dir = new_data_dir(), new_data_dir()
    stopped = start(*arguments(stopped_dir, long, "--config", warm, "--json"))
    left_alone = start(*arguments(other_dir, short, "--config", warm, "--json"))
    stopped.stderr.readline()
    locked_out = finish(start(*arguments(stopped_dir, short, "--config", warm, "--fast", "--json")))
    until_light(stopped)
    checked = finish(start("db", "check", "--data-dir", stopped_dir, "--json"))
    stopped.send_signal(signal.SIGINT)
    return RealTime(
        left_alone=finish(left_alone),
        stopped=finish(stopped),
        stopped_dir=stopped_dir,
        locked_out=locked_out,
        checked=checked,
        holder=stopped.pid,
    )


@pytest.mark.process
def test_a_session_on_the_walls_clock_completes(real_time):
    result = real_time.left_alone.json
    assert (real_time.left_alone.code, result["status"]) == (0, "completed")
    assert result["total_energy_joules"] == pytest.approx(result["true_energy_joules"], rel=0.03)
    assert result["simulated_seconds"] == pytest.approx(result["wall_seconds"], abs=1.0)


@pytest.mark.process
def test_ctrl_c_presses_stop_and_the_session_is_closed_in_order(real_time):
    result = real_time.stopped.json
    assert (real_time.stopped.code, result["status"]) == (1, "aborted")
    assert result["abort_reason"].startswith("screen: STOP was pressed")
    assert "Traceback" not in real_time.stopped.stderr
    [session] = session_rows(real_time.stopped_dir)
    assert (session["status"], session["abort_reason"]) == ("aborted", result["abort_reason"])
    types = event_types(real_time.stopped_dir)
    assert types.count("laser_on") == types.count("laser_off") == 1
    [logged] = rows(real_time.stopped_dir, "SELECT * FROM safety_log WHERE severity = 'emergency'")
    assert logged["event_type"] == "e_stop_pressed"
    reader, ticks = decided_again(Path(result["session_folder"]) / "journal.jsonl")
    assert reader.end is not None
    assert not ticks[-1].outputs.laser_output
    assert not ticks[-1].inputs.laser.output_on or not ticks[-1].outputs.want_gate


@pytest.mark.process
def test_a_data_directory_in_use_names_its_holder(real_time):
    assert real_time.locked_out.code == 1
    assert f"in use by process {real_time.holder} (" in real_time.locked_out.json["error"]
    assert len(session_rows(real_time.stopped_dir)) == 1


@pytest.mark.process
def test_a_record_is_checked_while_its_holder_treats(real_time):
    assert (real_time.checked.code, real_time.checked.stderr) == (0, "")
    assert real_time.checked.json["ok"] is True


@pytest.mark.process
def test_ctrl_c_while_homing_ends_at_once_without_a_session(data_dir, warm, short):
    process = start(*arguments(data_dir, short, "--config", warm, "--seed", "1", "--json"))
    assert "homing" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    ended = finish(process)
    assert ended.code == 1
    assert ended.json == {"error": "stopped before the session was opened; nothing was treated"}
    assert "Traceback" not in ended.stderr
    assert session_rows(data_dir) == []


@pytest.fixture(scope="module")
def killed(new_data_dir, warm, short, endless):
    """A session killed in mid-treatment, and what the next command did."""
    data_dir = new_data_dir()
    process = start(*arguments(data_dir, endless, "--config", warm, "--fast", "--json"))
    until_light(process)
    process.kill()
    assert finish(process).code == -signal.SIGKILL
    [before] = session_rows(data_dir)
    return data_dir, before, run(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))


@pytest.mark.process
def test_a_killed_session_stays_open_until_the_next_command_closes_it(killed):
    data_dir, before, ended = killed
    assert before["status"] == "in_progress"
    assert "Session 1 was interrupted; its record is closed: aborted." in ended.stderr
    assert (ended.code, ended.json["session_id"]) == (0, 2)
    closed, following = session_rows(data_dir)
    assert closed["status"] == "aborted"
    assert closed["abort_reason"] == (
        "light not confirmed ended; the program ended before the session was closed"
    )
    assert following["status"] == "completed"
    summary = ("end_time", "duration_seconds", "total_laser_on_time_seconds", "total_energy_joules")
    assert all(closed[column] is not None for column in summary)


@pytest.mark.process
def test_every_event_that_reached_the_killed_sessions_journal_is_imported(killed):
    data_dir, before, _ = killed
    journal = data_dir / before["session_folder_path"].removeprefix("data/") / "journal.jsonl"
    reader, ticks = decided_again(journal)
    assert reader.end is None
    recorded = [event.event_type for tick in ticks for event in tick.events]
    assert "laser_on" in recorded
    assert event_types(data_dir) == recorded
    [energy] = rows(data_dir, "SELECT total_energy_joules AS j FROM sessions WHERE session_id = 1")
    assert energy["j"] == ticks[-1].state.measured_j
