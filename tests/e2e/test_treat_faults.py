"""`tosca-kiosk treat` and a fault under light: in the dark at once, in every record, in the dose."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.treat_bench import (
    DARK_WITHIN_S,
    arguments,
    decided_again,
    details,
    event_types,
    rows,
    run,
    scenario,
    session_rows,
    treated,
)

pytestmark = pytest.mark.slow


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
