"""`tosca-kiosk treat`: what it prints and delivers, what it leaves in the record, and that it repeats."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.treat_bench import (
    Treated,
    arguments,
    decided_again,
    emitting,
    protocol_text,
    rows,
    run,
    start,
    tick_lines,
    treated,
)
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol

pytestmark = pytest.mark.slow

OPTIONAL_TEXT = (str, type(None))
PRINTED = {
    "session_id": int,
    "session_folder": str,
    "status": str,
    "abort_reason": OPTIONAL_TEXT,
    "origin": str,
    "planned_energy_joules": float,
    "protocol_energy_joules": float,
    "deviations": list,
    "total_energy_joules": float,
    "commanded_energy_joules": float,
    "dose_energy_joules": float,
    "true_energy_joules": float,
    "true_constants": dict,
    "total_laser_on_time_seconds": float,
    "avg_power_watts": float,
    "max_power_watts": float,
    "safety_events": int,
    "simulated_seconds": float,
    "wall_seconds": float,
    "earlier_dose": list,
    "earlier_dose_joules": float,
    "earlier_dose_unknown": int,
}
"""What `treat --json` prints after a session with light, and nothing beside it."""

SHIPPED = {path.stem: path for path in sorted(bundled("protocols").glob("*.json"))}
RAMP = "ramp_2_to_8w_90s"
RINGS = "three_ring_sizes"
STAGE_TOLERANCE_UM = 20.0


def plan_of(stem):
    return parse_protocol(SHIPPED[stem].read_bytes(), stem, stem, Limits(max_power_w=10.0))


@pytest.fixture(scope="module")
def sessions(new_data_dir) -> dict[str, Treated]:
    """Every shipped protocol treated by its name, one after the other in one data directory."""
    data_dir = new_data_dir()
    return {stem: treated(data_dir, plan_of(stem).name) for stem in SHIPPED}


def test_a_scenario_that_works_the_pedal_says_so(data_dir, warm, short, tmp_path):
    """Nobody else presses it then, which looks like a treatment that waits for nothing."""
    pedal = bundled("scenarios/pedal_pauses.yaml")
    loop = bundled("scenarios/stop_loop_opened.yaml")
    words = arguments(data_dir, short, "--fast", "--config", warm)
    done = run(*words, "--scenario", pedal)
    assert done.code == 0
    assert f"{pedal}: works the pedal itself; treat leaves the pedal to it." in done.stderr.splitlines()
    assert "works the pedal" not in run(*words, "--scenario", loop).stderr


@pytest.fixture(scope="module", params=sorted(SHIPPED))
def session(request, sessions) -> Treated:
    return sessions[request.param]


# --- what it prints -------------------------------------------------------------------------------------


@pytest.mark.process
def test_json_is_one_object_of_the_documented_keys_and_types(data_dir, warm, short):
    ended = run(*arguments(data_dir, short, "--config", warm, "--fast", "--json", "--site", "left cheek"))
    assert ended.code == 0
    assert ended.stdout.count("\n") == 1
    assert ended.json.keys() == PRINTED.keys()
    wrong = {key: value for key, value in ended.json.items() if not isinstance(value, PRINTED[key])}
    assert not wrong
    assert (ended.json["status"], ended.json["abort_reason"]) == ("completed", None)
    assert ended.json["origin"] == "sim"
    [row] = rows(data_dir, "SELECT treatment_site FROM sessions")
    assert row == {"treatment_site": "left cheek"}


@pytest.mark.process
def test_without_json_a_person_reads_the_summary(data_dir, warm, short):
    ended = run(*arguments(data_dir, short, "--config", warm, "--fast"))
    assert ended.code == 0
    assert re.search(r"^Session +1 \(completed\), origin: sim$", ended.stdout, re.MULTILINE)
    assert re.search(r"^Commanded +\d+\.\d\d J$", ended.stdout, re.MULTILINE)
    assert re.search(r"^Dose +\d+\.\d\d J$", ended.stdout, re.MULTILINE)
    assert "LASER EMITTING" in ended.stderr


@pytest.mark.process
def test_a_reader_who_leaves_does_not_end_the_treatment(data_dir, warm, short):
    process = start(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))
    with process:
        process.stderr.close()
        assert json.loads(process.stdout.read())["status"] == "completed"
    assert process.returncode == 0


# --- what it delivers -----------------------------------------------------------------------------------


def test_every_shipped_protocol_completes(session):
    assert session.result["status"] == "completed"
    assert session.result["abort_reason"] is None
    assert session.result["safety_events"] == 0
    assert session.safety_log() == []


def test_there_are_four_shipped_protocols():
    assert len(SHIPPED) == 4


def test_measured_energy_of_the_ramp_is_the_closed_form_and_the_worlds_own(sessions):
    result = sessions[RAMP].result
    assert result["planned_energy_joules"] == pytest.approx((2.0 + 8.0) / 2 * 90.0)
    assert result["total_energy_joules"] == pytest.approx(450.0, rel=0.01)
    assert result["total_energy_joules"] == pytest.approx(result["true_energy_joules"], rel=0.03)


def test_true_light_never_exceeds_the_protocols_peak_by_more_than_the_noise(session, request):
    peak_w = plan_of(request.node.callspec.params["session"]).peak_power_w
    assert 0.95 * peak_w < max(session.true_power_w) < 1.05 * peak_w


def test_the_true_light_is_out_at_the_end_and_before_the_first_laser_on(session):
    assert session.true_power_w[-1] == 0.0
    first = next(i for i, decision in enumerate(session.decisions) if emitting(decision.state))
    assert max(session.true_power_w[: first + 1]) == 0.0


def test_every_laser_on_has_its_laser_off(session):
    switched = [row["event_type"] for row in session.events("laser_on", "laser_off")]
    assert switched
    assert switched == ["laser_on", "laser_off"] * (len(switched) // 2)


def test_the_ring_is_truly_right_whenever_light_leaves(sessions):
    """Between the tick that asks the laser off and the last light lies the way over a slow line."""
    session, plan = sessions[RINGS], plan_of(RINGS)
    lit, wanted_mm = 0, 0.0
    ticks = zip(session.decisions, session.true_power_w, session.true_ring_mm, strict=True)
    for decision, power_w, ring_mm in ticks:
        if power_w > 0.0:
            lit += 1
            assert ring_mm == pytest.approx(wanted_mm, abs=STAGE_TOLERANCE_UM / 1000.0)
        if emitting(decision.state):
            wanted_mm = plan.steps[decision.state.step_index].ring_size_mm
    assert lit > 80 * 100


def test_the_record_shows_the_stage_in_place_in_every_sample_under_light(sessions):
    session, plan = sessions[RINGS], plan_of(RINGS)
    switched = session.events("laser_on", "laser_off")
    for planned, on, off in zip(plan.steps, switched[::2], switched[1::2], strict=True):
        samples = [
            row
            for row in session.events("power_change", "laser_on")
            if on["time_offset_ms"] <= row["time_offset_ms"] < off["time_offset_ms"]
        ]
        assert len(samples) > 290
        for row in samples:
            assert row["ring_size_mm"] == pytest.approx(planned.ring_size_mm, abs=0.02)
            assert row["actuator_position_um"] == pytest.approx(
                (planned.ring_size_mm - 2.0) * 1000.0, abs=STAGE_TOLERANCE_UM
            )


def test_ring_events_name_the_ring_that_is_wanted(sessions):
    changes = sessions[RINGS].events("ring_size_set", "ring_size_change")
    wanted = [json.loads(row["event_details"])["new_value"] for row in changes]
    assert wanted == [step.ring_size_mm for step in plan_of(RINGS).steps]


# --- what it leaves in the record -----------------------------------------------------------------------


def test_every_summary_column_is_filled_and_agrees_with_what_was_printed(session):
    row, result = session.session, session.result
    summary = ("total_laser_on_time_seconds", "avg_power_watts", "max_power_watts", "total_energy_joules")
    for column in ("session_id", "status", "abort_reason", *summary):
        assert row[column] == result[column]
    assert all(row[column] is not None for column in (*summary, "end_time", "duration_seconds"))
    assert row["avg_power_watts"] == pytest.approx(
        row["total_energy_joules"] / row["total_laser_on_time_seconds"]
    )
    assert (session.data_dir / row["session_folder_path"].removeprefix("data/")) == session.journal.parent


def test_the_duration_is_from_start_to_end(session):
    sql = "SELECT (julianday(end_time) - julianday(start_time)) * 86400 AS s FROM sessions WHERE session_id=?"
    [row] = rows(session.data_dir, sql, session.result["session_id"])
    assert session.session["duration_seconds"] == round(row["s"])


def test_a_saved_protocol_is_linked_and_counted_a_file_keeps_its_snapshot(sessions, data_dir, warm, short):
    saved = sessions[RAMP]
    sql = "SELECT usage_count FROM protocols WHERE protocol_id = ?"
    assert rows(saved.data_dir, sql, saved.session["protocol_id"]) == [{"usage_count": 1}]
    from_file = treated(data_dir, short, config=warm).session
    assert from_file["protocol_id"] is None
    assert from_file["protocol_name"] == "short"
    assert json.loads(from_file["protocol_data_snapshot"])["steps"][0]["power_start_watts"] == 5.0


def test_every_event_row_holds_the_state_of_the_hardware(session):
    state = (
        "laser_power_commanded_watts", "laser_power_actual_watts", "ring_size_mm", "actuator_position_um",
        "photodiode_voltage_v", "footpedal_state", "smoothing_device_state", "interlock_status",
    )  # fmt: skip
    events = session.events("laser_on", "laser_off", "power_change", "protocol_step_start")
    assert len(events) > 600
    assert all(row[column] is not None for row in events for column in state)
    assert all(json.loads(row["interlock_status"])["stage"] for row in session.events("laser_on"))


def test_samples_come_ten_times_a_second(session):
    _first, *offsets = [row["time_offset_ms"] for row in session.events("power_change")]
    assert {later - earlier for earlier, later in pairwise(offsets)} == {100}


def test_a_verified_backup_precedes_the_session(sessions):
    data_dir = next(iter(sessions.values())).data_dir
    assert list((data_dir / "backups").glob("laser_control_*.db"))
    assert not list((data_dir / "backups").glob("*.part"))


SEED_QUERIES = Path(__file__).parents[1] / "storage" / "seed_queries.sql"
QUERIES = [
    part.strip()
    for part in re.split(r"^-- \d\. .*$", SEED_QUERIES.read_text("utf-8"), flags=re.MULTILINE)
    if part.strip()
]
INDEXES = (
    r"SEARCH patients USING INDEX \S+ \(patient_code=\?\)",
    r"SEARCH s USING INDEX idx_session_patient \(patient_id=\?\)",
    r"SEARCH treatment_events USING INDEX idx_event_session_time \(session_id=\?\)",
    r"SEARCH calibrations USING INDEX idx_calib_\w+ |SCAN calibrations USING INDEX idx_calib_date",
    r"SEARCH safety_log USING INDEX idx_safety_timestamp \(timestamp>\?\)",
    r"SEARCH sessions USING COVERING INDEX idx_session_protocol \(protocol_id=\?\)",
)


@pytest.mark.parametrize(("query", "index"), [*zip(QUERIES, INDEXES, strict=True)], ids=range(1, 7))
def test_the_six_common_queries_run_by_index_on_what_treat_left(sessions, query, index):
    data_dir = next(iter(sessions.values())).data_dir
    parameters = (1,) * query.count("?")
    rows(data_dir, query, *parameters)
    plan = " / ".join(row["detail"] for row in rows(data_dir, f"EXPLAIN QUERY PLAN {query}", *parameters))
    assert re.search(index, plan)


def test_the_common_queries_find_the_sessions_events_and_protocols(sessions):
    data_dir = next(iter(sessions.values())).data_dir
    assert len(rows(data_dir, QUERIES[1], 1)) == len(SHIPPED)
    assert len(rows(data_dir, QUERIES[2], 1)) > 600
    assert {(row["usage_count"], row["actual_usage"]) for row in rows(data_dir, QUERIES[5])} == {(1, 1)}


# --- that it repeats ------------------------------------------------------------------------------------


@pytest.mark.process
def test_the_same_seed_gives_the_same_ticks_in_every_process_and_another_seed_others(
    new_data_dir, warm, short
):
    here = treated(new_data_dir(), short, config=warm, seed=3)
    ended = run(*arguments(new_data_dir(), short, "--config", warm, "--seed", "3", "--fast", "--json"))
    there = Path(ended.json["session_folder"]) / "journal.jsonl"
    other = treated(new_data_dir(), short, config=warm, seed=4)
    assert tick_lines(there) == tick_lines(here.journal)
    assert tick_lines(other.journal) != tick_lines(here.journal)


def test_deciding_every_journalled_tick_again_gives_the_same_bytes(session):
    reader, ticks = decided_again(session.journal)
    assert all(tick.again == tick.line for tick in ticks)
    assert reader.end is not None
    assert reader.end.ticks == len(ticks)
    assert reader.end.summary.energy_j == ticks[-1].state.measured_j


def test_the_output_is_on_in_the_journal_only_with_pedal_gate_and_ring_in_place(session):
    _, ticks = decided_again(session.journal)
    lit = [tick for tick in ticks if tick.outputs.laser_output]
    assert lit
    assert all(tick.inputs.board.pedal_pressed and tick.inputs.board.gate_closed for tick in lit)
    assert all(tick.inputs.stage.settled for tick in lit)


def test_a_file_of_several_steps_follows_them_to_the_joule(data_dir, warm, tmp_path):
    path = tmp_path / "steps.json"
    path.write_text(protocol_text((3.0, 0.0, 3.0, 3.0), (2.0, 3.0, 0.0, 3.0)), encoding="utf-8")
    result = treated(data_dir, path, config=warm).result
    assert result["total_energy_joules"] == pytest.approx(3.0 * 3.0 / 2 + 2.0 * 3.0 / 2, rel=0.03)
