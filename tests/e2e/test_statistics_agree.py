"""A session's figures in the record agree with what its events and its journal say by themselves."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest

from tests.e2e.treat_bench import decided_again, protocol_text, rows, treated

pytestmark = pytest.mark.slow

SAMPLE_S, TICK_S = 0.1, 0.01
SCENARIOS = {
    "pedal let go, then left": """
  - at: emission + 2s
    pedal.pressed: false
  - at: emission + 3s
    pedal.pressed: true
  - at: emission + 4s
    pedal.pressed: false
  - at: emission + 74s
    pedal.pressed: true
""",
    "stopped": """
  - at: emission + 3s
    stop_loop.closed: false
""",
    "photodiode drifts": """
  - at: emission + 1s
    photodiode.drift: 1.1
""",
}


@pytest.fixture(scope="module")
def data_dir(new_data_dir):
    return new_data_dir()


@pytest.fixture(scope="module", params=SCENARIOS)
def session(request, data_dir, warm, tmp_path_factory):
    """A treatment of 6 s with a ramp and a change of the ring."""
    folder = tmp_path_factory.mktemp("scenario")
    plan = folder / "plan.json"
    plan.write_text(protocol_text((4.0, 2.0, 6.0, 3.0), (2.0, 5.0, 5.0, 3.5)), encoding="utf-8")
    events = SCENARIOS[request.param]
    presses = "" if "pedal" not in events else "  - at: armed + 2s\n    pedal.pressed: true"
    scenario = folder / "scenario.yaml"
    scenario.write_text(f"name: Any\nevents:\n{presses}{events}", encoding="utf-8")
    done = treated(data_dir, plan, config=warm, scenario=scenario)
    done.name = request.param
    return done


def light_of(session):
    """Return (from, to) in session seconds of each piece of light, as the events say."""
    edges = [
        (row["time_offset_ms"] / 1000.0, row["event_type"]) for row in session.events("laser_on", "laser_off")
    ]
    assert [name for _, name in edges] == ["laser_on", "laser_off"] * (len(edges) // 2)
    times = [time_s for time_s, _ in edges]
    return list(zip(times[::2], times[1::2], strict=True))


def test_duration_and_light_time_are_those_of_the_events(session):
    row, pieces = session.session, light_of(session)
    lit_s = sum(to_s - from_s for from_s, to_s in pieces)
    assert row["total_laser_on_time_seconds"] == pytest.approx(lit_s, abs=2 * TICK_S * len(pieces))
    last_s = max(event["time_offset_ms"] for event in session.events("user_action")) / 1000.0
    assert row["duration_seconds"] == round(last_s)


def test_measured_energy_mean_and_maximum_are_those_of_the_samples(session):
    row, pieces = session.session, light_of(session)
    samples = [
        (event["time_offset_ms"] / 1000.0, event["laser_power_actual_watts"])
        for event in session.events("power_change")
    ]
    energy_j = 0.0
    for from_s, to_s in pieces:
        inside = [(time_s, power_w) for time_s, power_w in samples if from_s <= time_s <= to_s]
        energy_j += sum((b - a) * (p + q) / 2.0 for (a, p), (b, q) in pairwise(inside))
        energy_j += inside[0][1] * (inside[0][0] - from_s) + inside[-1][1] * (to_s - inside[-1][0])
    slack_j = row["max_power_watts"] * SAMPLE_S * len(pieces)
    assert row["total_energy_joules"] == pytest.approx(energy_j, abs=0.02 * energy_j + slack_j)
    lit_s = row["total_laser_on_time_seconds"]
    assert row["avg_power_watts"] == pytest.approx(row["total_energy_joules"] / lit_s)
    highest_w = max(power_w for _, power_w in samples)
    assert highest_w <= row["max_power_watts"] + 1e-9
    assert row["max_power_watts"] == pytest.approx(highest_w, abs=0.3)


def test_both_energies_are_those_of_the_journals_readings_and_set_points(session):
    reader, ticks = decided_again(session.journal)
    calibrations = reader.header.rules.calibrations
    measured_j = commanded_j = highest_w = 0.0
    for before, tick in pairwise(ticks):
        if not before.outputs.laser_output:
            continue
        gap_s = tick.inputs.now_s - before.inputs.now_s
        power_w = calibrations.measured_power_w(tick.inputs.board.photodiode_v)
        measured_j += power_w * gap_s
        commanded_j += calibrations.power_w(before.outputs.laser_current_ma) * gap_s
        highest_w = max(highest_w, power_w)
    row, pieces = session.session, light_of(session)
    [kept] = rows(session.data_dir, "SELECT * FROM session_energies WHERE session_id = ?", row["session_id"])
    slack_j = row["max_power_watts"] * 0.1 * len(pieces)  # light goes on until it is proved that it ended
    assert kept["measured_joules"] == row["total_energy_joules"]
    assert kept["measured_joules"] == pytest.approx(measured_j, rel=0.005, abs=slack_j)
    assert kept["commanded_joules"] == pytest.approx(commanded_j, rel=0.005, abs=slack_j)
    assert kept["larger_joules"] == max(kept["measured_joules"], kept["commanded_joules"])
    assert row["max_power_watts"] == pytest.approx(highest_w, abs=0.05)


def test_the_journals_ticks_are_those_that_the_record_counts_none_of_them_late(session):
    _, ticks = decided_again(session.journal)
    number = session.result["session_id"]
    [timing] = rows(session.data_dir, "SELECT * FROM session_timing WHERE session_id = ?", number)
    worst_ms = max(tick.inputs.late_s for tick in ticks) * 1000.0
    assert (timing["ticks"], timing["late_ticks"]) == (len(ticks), 0)
    assert timing["worst_late_ms"] == pytest.approx(worst_ms)


STOOD = {
    "pedal let go, then left": ["in_progress", "paused", "in_progress", "completed"],
    "stopped": ["in_progress", "aborted"],
    "photodiode drifts": ["in_progress", "completed"],
}
"""What the row has said one after the other; who leaves the pedal for a minute is disarmed, which pauses."""


def test_a_pause_stands_in_the_row_while_it_lasts(session):
    told = rows(
        session.data_dir,
        "SELECT json_extract(new_values, '$.status') AS status FROM audit_log "
        "WHERE table_name = 'sessions' AND row_key = ? ORDER BY audit_id",
        str(session.result["session_id"]),
    )
    assert [status for status, _ in groupby(row["status"] for row in told)] == STOOD[session.name]
