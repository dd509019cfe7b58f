"""`tosca-kiosk treat` where something is wrong before the light."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.treat_bench import (
    arguments,
    rows,
    run,
    session_rows,
    treated,
)
from tosca_kiosk.cli import simulated_session
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.domain.calibration import MADE_BY
from tosca_kiosk.session import SessionBackup
from tosca_kiosk.storage import calibrations

pytestmark = pytest.mark.slow


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
    for command in MADE_BY.values():
        assert f"it was due after 365. {command} makes it anew." in ended.stderr
    told = rows(data_dir, "SELECT * FROM safety_log WHERE details LIKE '%calibration_overdue%'")
    assert {(row["event_type"], row["severity"], row["session_id"]) for row in told} == {
        ("interlock_failure", "warning", 1)
    }


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
