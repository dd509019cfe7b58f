"""`tosca-kiosk treat` when something comes between: pedal, stop loop, photodiode, Ctrl-C, kill, full disk."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.treat_bench import (
    COMMAND,
    Finished,
    arguments,
    decided_again,
    emitting,
    finish,
    protocol_text,
    rows,
    run,
    start,
    treated,
)
from tosca_kiosk.cli import simulated_session
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.session import SessionBackup
from tosca_kiosk.storage import calibrations

pytestmark = pytest.mark.slow

DARK_WITHIN_S = 0.1
"""From the scenario's change to true darkness: the board's status period, a tick, the driver's line."""


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Path:
    """A protocol of twelve seconds: longer than every shipped scenario lets it run at a stretch."""
    path = tmp_path_factory.mktemp("protocol") / "twelve_seconds.json"
    path.write_text(protocol_text((12.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def endless(tmp_path_factory) -> Path:
    """A protocol that no test waits for."""
    path = tmp_path_factory.mktemp("protocol") / "endless.json"
    path.write_text(protocol_text((3000.0, 0.5, 0.5, 3.0)), encoding="utf-8")
    return path


def _until_light(process):
    assert any("LASER EMITTING" in line for line in process.stderr)


def scenario(name: str) -> Path:
    return bundled(f"scenarios/{name}.yaml")


def details(row):
    return json.loads(row["event_details"])


def session_rows(data_dir):
    return rows(data_dir, "SELECT * FROM sessions ORDER BY session_id")


def event_types(data_dir, session_id=1):
    sql = "SELECT event_type FROM treatment_events WHERE session_id = ? ORDER BY event_id"
    return [row["event_type"] for row in rows(data_dir, sql, session_id)]


# --- the pedal ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paused(new_data_dir, warm, long):
    return treated(new_data_dir(), long, config=warm, scenario=scenario("pedal_pauses"))


def test_lifting_the_foot_pauses_and_pressing_resumes_without_a_fault(paused):
    assert paused.result["status"] == "completed"
    edges = [row["event_type"] for row in paused.events("pause", "resume", "laser_on", "laser_off")]
    assert edges == ["laser_on", *["pause", "laser_off", "resume", "laser_on"] * 2, "laser_off"]
    assert not paused.events("safety_trigger")


def test_each_release_stands_in_the_safety_log(paused):
    logged = [(row["event_type"], row["severity"]) for row in paused.safety_log()]
    assert logged == [("footpedal_released", "info")] * 2
    assert paused.result["safety_events"] == 2


def test_the_treatment_clock_stands_in_a_pause_and_nothing_is_skipped(paused):
    pauses, resumes = paused.events("pause"), paused.events("resume")
    for pause, resume in zip(pauses, resumes, strict=True):
        assert details(pause)["elapsed_s"] == details(resume)["elapsed_s"]
        assert resume["time_offset_ms"] > pause["time_offset_ms"]
    for before, after in pairwise(decision.state for decision in paused.decisions):
        if not emitting(before):
            assert after.elapsed_s == before.elapsed_s or not before.session_open
    assert max(decision.state.elapsed_s for decision in paused.decisions) == pytest.approx(12.0, abs=0.02)


def test_the_true_light_is_out_soon_after_a_release(paused):
    released_s = [index for index, decision in enumerate(paused.decisions) if _released(decision)]
    assert len(released_s) == 2
    for index in released_s:
        assert paused.true_power_w[index + round(DARK_WITHIN_S * 100)] == 0.0


def _released(decision):
    return any(event.event_type == "footpedal_released" for event in decision.safety)


# --- faults ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    scenario: str
    source: str
    event_type: str
    severity: str


FAULTS = (
    Fault("stop_loop_opened", "stop_loop", "e_stop_pressed", "emergency"),
    Fault("photodiode_blocked", "photodiode_out_of_range", "photodiode_out_of_range", "critical"),
)


@pytest.mark.process
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.scenario)
def test_a_fault_aborts_the_session_and_every_record_says_so(data_dir, warm, long, fault):
    words = ("--config", warm, "--scenario", scenario(fault.scenario), "--fast", "--json")
    ended = run(*arguments(data_dir, long, *words))
    assert ended.code == 1
    assert ended.json["status"] == "aborted"
    assert ended.json["abort_reason"].startswith(f"{fault.source}: ")
    assert ended.stderr.splitlines()[-1].startswith("tosca-kiosk: session 1 was aborted: ")
    [session] = session_rows(data_dir)
    assert session["status"] == "aborted"
    assert session["abort_reason"] == ended.json["abort_reason"]
    assert session["total_energy_joules"] == ended.json["total_energy_joules"] > 0.0
    triggers = rows(data_dir, "SELECT * FROM treatment_events WHERE event_type = 'safety_trigger'")
    assert details(triggers[0])["trigger_source"] == fault.source
    assert details(triggers[0])["action_taken"] == "laser_shutdown"
    logged = rows(
        data_dir,
        "SELECT * FROM safety_log WHERE severity != 'info' AND action_taken != 'none' ORDER BY log_id",
    )
    assert (logged[0]["event_type"], logged[0]["severity"]) == (fault.event_type, fault.severity)
    assert (logged[0]["session_id"], logged[0]["tech_id"]) == (1, session["tech_id"])
    assert event_types(data_dir).count("laser_on") == event_types(data_dir).count("laser_off") == 1


@pytest.fixture(scope="module")
def faulted(new_data_dir, warm, long):
    """The same faults in this process, by scenario."""
    names = [fault.scenario for fault in FAULTS]
    return {name: treated(new_data_dir(), long, config=warm, scenario=scenario(name)) for name in names}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.scenario)
def test_a_fault_darkens_the_true_light_and_it_stays_dark(faulted, fault):
    seen = faulted[fault.scenario]
    faulty = next(index for index, decision in enumerate(seen.decisions) if decision.state.faults)
    assert max(seen.true_power_w[:faulty]) > 4.5
    assert not seen.decisions[faulty].outputs.laser_output
    assert seen.world.true_power_w() == 0.0
    _, ticks = decided_again(seen.journal)
    assert all(tick.again == tick.line for tick in ticks)


def test_the_stop_loop_darkens_the_true_light_within_the_boards_time(faulted):
    seen = faulted["stop_loop_opened"]
    lit_s = [seen.decisions[i].state.now_s for i, power_w in enumerate(seen.true_power_w) if power_w > 0.0]
    assert lit_s[-1] - lit_s[0] == pytest.approx(4.0, abs=DARK_WITHIN_S)


@pytest.mark.process
def test_the_dose_of_an_aborted_session_is_told_before_the_next_one(faulted, warm, short):
    data_dir = faulted["stop_loop_opened"].data_dir
    ended = run(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))
    assert ended.code == 0
    assert "P-2026-0001 had" in ended.stderr
    assert "in a session that may be less than 24 h old." in ended.stderr
    [before] = ended.json["earlier_dose"]
    assert (before["session_id"], before["status"]) == (1, "aborted")
    first = faulted["stop_loop_opened"].result
    assert before["measured_joules"] == first["total_energy_joules"]
    assert before["commanded_joules"] == first["commanded_energy_joules"]
    assert ended.json["earlier_dose_joules"] == first["dose_energy_joules"] > 0.0


def test_light_that_a_blocked_photodiode_did_not_see_is_in_the_dose_and_in_both_logs(faulted):
    seen = faulted["photodiode_blocked"]
    result = seen.result
    assert result["true_energy_joules"] > 1.06 * result["total_energy_joules"] + 0.2
    assert result["true_energy_joules"] <= 1.06 * result["dose_energy_joules"] + 0.2
    [kept] = rows(seen.data_dir, "SELECT * FROM session_energies")
    assert kept["larger_joules"] == kept["commanded_joules"] == result["dose_energy_joules"]
    told = rows(seen.data_dir, "SELECT severity, description FROM safety_log ORDER BY log_id")[-1]
    assert told["severity"] == "warning"
    assert f"{result['dose_energy_joules']:.1f} J counts." in told["description"]


NEVER_LIT = {
    "no_vibration": (
        "{at: session + 100ms, smoothing.strength: 0}",
        "arming was refused 3 times: The smoothing motor does not shake the fibre as it must.",
    ),
    "pedal_held_too_early": (
        "{at: session + 100ms, pedal.pressed: true}",
        "arming was refused 3 times: release",
    ),
    "no_cooling": (
        "{at: session + 100ms, tec.module: open}",
        "not ready to arm within 120 s: The laser's cooling",
    ),
}


@pytest.mark.parametrize(("event", "reason"), NEVER_LIT.values(), ids=NEVER_LIT)
def test_a_session_that_never_comes_to_light_ends_with_its_reason(
    data_dir, warm, short, tmp_path, event, reason
):
    path = tmp_path / "never.yaml"
    path.write_text(f"events: [{event}]", encoding="utf-8")
    seen = treated(data_dir, short, config=warm, scenario=path)
    assert seen.result["status"] == "aborted"
    assert reason in seen.result["abort_reason"]
    assert seen.result["total_laser_on_time_seconds"] == seen.result["true_energy_joules"] == 0.0
    assert seen.session["abort_reason"] == seen.result["abort_reason"]


UNFIT = {
    "smoothing.strength: 0": "board: vibration with motor: ",
    "pedal.pressed: true": "board: pedal up: pressed",
}


@pytest.mark.process
@pytest.mark.parametrize("change", UNFIT)
def test_what_the_self_test_finds_is_named_and_there_is_no_session(data_dir, warm, short, tmp_path, change):
    path = tmp_path / "unfit.yaml"
    path.write_text(f"events: [{{at: 100ms, {change}}}]", encoding="utf-8")
    ended = run(*arguments(data_dir, short, "--config", warm, "--scenario", path, "--fast", "--json"))
    assert ended.code == 1
    assert ended.json["error"].startswith("The self-test failed. ")
    assert UNFIT[change] in ended.json["error"]
    assert session_rows(data_dir) == []


@pytest.mark.process
def test_an_overdue_calibration_is_told_and_logged_and_refuses_nothing(data_dir, warm, short):
    workplace = Workplace(warm, data_dir, as_json=True)
    made = datetime.now(UTC) - timedelta(days=400)
    with workplace.record() as database, database.transaction(1) as transaction:
        for row in calibrations.history(database):
            transaction.update("calibrations", {"calibration_id": row.calibration_id}, calibration_date=made)
    ended = run(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))
    assert ended.code == 0
    assert ended.stderr.count("is 400 days old; it was due after 365.") == 3
    told = rows(data_dir, "SELECT * FROM safety_log WHERE details LIKE '%calibration_overdue%'")
    assert {(row["event_type"], row["severity"], row["session_id"]) for row in told} == {
        ("interlock_failure", "warning", 1)
    }


def test_a_pedal_that_is_not_pressed_again_ends_the_session(data_dir, warm, long, tmp_path):
    path = tmp_path / "once.yaml"
    path.write_text("events: [{at: armed + 3s, pedal.pressed: true}, {at: armed + 6s, pedal.pressed: false}]")
    seen = treated(data_dir, long, config=warm, scenario=path)
    assert seen.result["abort_reason"] == "the pedal was not pressed within 120 s"
    assert 2.0 < seen.result["total_laser_on_time_seconds"] < 3.1


@pytest.mark.process
def test_a_fault_that_comes_and_goes_before_the_session_refuses_it(data_dir, warm, short, tmp_path):
    path = tmp_path / "early.yaml"
    path.write_text(
        "events:\n- {at: 200ms, stop_loop.closed: false}\n- {at: 400ms, stop_loop.closed: true}\n"
    )
    ended = run(*arguments(data_dir, short, "--config", warm, "--scenario", path, "--fast", "--json"))
    assert ended.code == 1
    assert "The emergency stop is pressed" in ended.json["error"]
    assert "Traceback" not in ended.stderr
    assert session_rows(data_dir) == []


def test_a_long_backup_is_no_late_tick(data_dir, warm, short, monkeypatch):
    """Devices are left alone while the backup is made; the session begins when they answer again."""
    clocks = []
    make_clock = simulated_session.VirtualClock
    monkeypatch.setattr(simulated_session, "VirtualClock", lambda: clocks.append(make_clock()) or clocks[0])
    wait = SessionBackup.wait

    def slow(*arguments):
        clocks[0].sleep_until(clocks[0].now_s() + 1.5)
        return wait(*arguments)

    monkeypatch.setattr(SessionBackup, "wait", slow)
    assert treated(data_dir, short, config=warm).result["status"] == "completed"


# --- the wall's clock -----------------------------------------------------------------------------------


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
    _until_light(stopped)
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


# --- death ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(new_data_dir, warm, short, endless):
    """A session killed in mid-treatment, and what the next command did."""
    data_dir = new_data_dir()
    process = start(*arguments(data_dir, endless, "--config", warm, "--fast", "--json"))
    _until_light(process)
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


# --- no room --------------------------------------------------------------------------------------------


def limited(size_kib: int, *words: str | Path) -> Finished:
    """Run tosca-kiosk where no file may grow over a size: to it, a disk that is full from there on."""
    shell = f'ulimit -f {size_kib * 2}; exec "$@"'
    return _ran("/bin/sh", "-c", shell, "sh", *COMMAND, *words)


def _ran(*words: str | Path) -> Finished:
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    return Finished(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.process
def test_a_disk_that_fills_in_mid_session_is_a_fault_that_darkens(data_dir, warm, long):
    ended = limited(450, *arguments(data_dir, long, "--config", warm, "--fast", "--json"))
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
    _until_light(process)
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
