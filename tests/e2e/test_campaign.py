"""The fault campaign in short: no treatment breaks a rule, and the monitor sees those that do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from benchmarks.campaign.__main__ import campaign
from benchmarks.campaign.plan import (
    KIOSK_SILENT,
    TREATMENTS_A_BATCH,
    Fault,
    draw_value,
    neutral,
    treatment,
)
from benchmarks.campaign.scenario_file import write_finding
from benchmarks.campaign.technician import Technician
from benchmarks.campaign.treatments import Outcome, run_batch, run_seeds
from benchmarks.campaign.ways import TRIALS, measure
from simulators.scenario import load_scenario
from simulators.settable import SETTABLE, check_value
from simulators.settable.operator import OPERATOR
from simulators.wire.board import InterlockBoard
from tosca_kiosk.domain import commands, operating, safety, situations
from tosca_kiosk.domain.first_faults import LOST_WAYS
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol
from tosca_kiosk.domain.rows import StepRows
from tosca_kiosk.domain.state import Phase

TREATMENTS = 50
BREAKING = range(4 * TREATMENTS_A_BATCH, 5 * TREATMENTS_A_BATCH)
WHAT_HAPPENS_ONCE = {
    *(f"{device}.firmware.reboot" for device in ("board", "laser", "stage", "tec")),
    *(f"{device}.firmware.error" for device in ("board", "laser", "stage", "tec")),
    *(f"{device}.firmware.mains_blink" for device in ("laser", "tec")),
    "board.firmware.hang",
}
"""These are orders, not states: nothing takes them back."""


@pytest.mark.process
def test_no_treatment_breaks_a_rule():
    """Whatever technician and faults do, the true light obeys the rules, is recorded and replays alike."""
    report = campaign(TREATMENTS, seed=2)
    assert [outcome.violations for outcome in report.findings] == []
    assert report.treatments == TREATMENTS
    assert report.with_light > TREATMENTS // 3
    assert report.simulated_s <= 6.5 * TREATMENTS
    assert len(report.faults) >= 5
    assert {"pedal up", "pause"} <= report.ended.keys()


@pytest.mark.process
def test_each_way_alone_ends_the_light_in_time():
    """Every cause, with the gate welded and with a laser that hears nothing."""
    measured = list(measure(TRIALS, 2, seed=3))
    assert [one for one in measured if not one.in_time] == []
    assert len(measured) == 2 * len(TRIALS) >= 40


@pytest.mark.process
def test_neither_way_is_found(monkeypatch):
    allowed = InterlockBoard._gate_allowed
    monkeypatch.setattr(InterlockBoard, "_gate_allowed", lambda board: board._coil or allowed(board))
    trials = [trial for trial in TRIALS if trial.way == "gate" and trial.cause != "laser lost"]
    assert not any(one.in_time for one in measure(trials[:3], 1, seed=3))


@pytest.mark.process
def test_a_treatment_is_its_seed_alone():
    (once,), (again,) = list(run_seeds([2_000_005])), list(run_seeds([2_000_005]))
    assert once == again
    assert treatment(2_000_005) == treatment(2_000_005) != treatment(2_000_006)


def test_every_settable_path_can_be_drawn_and_taken_back():
    random = treatment(1).random("test")
    for path in SETTABLE.keys() - OPERATOR.keys():
        for _ in range(20):
            check_value(path, draw_value(path, random))
        usual = neutral(path)
        if usual is not None:
            check_value(path, usual)
    assert {path for path in SETTABLE.keys() - OPERATOR.keys() if neutral(path) is None} == WHAT_HAPPENS_ONCE


# --- a monitor that finds nothing proves nothing --------------------------------------------------------


def outcomes(*faults: Fault, duration_s: float = 2.5) -> list[Outcome]:
    """Run half a batch of armed carts with these faults and whatever the test has broken."""
    plain = [treatment(seed) for seed in BREAKING if not treatment(seed).from_ready][:8]
    treatments = [replace(one, faults=faults, duration_s=duration_s) for one in plain]
    return list(run_batch(plain[0].batch.number, treatments))


def broken_rules(*faults: Fault, duration_s: float = 2.5) -> set[str]:
    found = outcomes(*faults, duration_s=duration_s)
    return {violation.rule for outcome in found for violation in outcome.violations}


@pytest.mark.process
def test_a_whole_cart_breaks_no_rule():
    assert broken_rules() == set()


@pytest.mark.process
def test_light_that_a_failing_interlock_does_not_forbid_is_found(monkeypatch):
    monkeypatch.setattr(safety, "judge_interlocks", lambda tick: None)
    monkeypatch.setattr(safety, "judge_light_before_it_is_on", lambda tick: None)
    assert "light with screen silent" in broken_rules(Fault(0.3, KIOSK_SILENT, True))


@pytest.mark.process
def test_overrides_that_are_taken_anywhere_and_of_anything_are_found(monkeypatch):
    row = commands.COMMANDS[CommandType.POWER_OVERRIDE]
    anywhere = row._replace(phases=frozenset(Phase), refusal=_unless_it_is_none)
    monkeypatch.setitem(commands.COMMANDS, CommandType.POWER_OVERRIDE, anywhere)
    monkeypatch.setattr(Technician, "_look", Technician._override)
    assert {"an override under light", "an override over the limit"} <= broken_rules()


def _unless_it_is_none(rules, state, inputs, command):
    """Refuse only what no plan can take in."""
    in_time = state.elapsed_s < rules.protocol.duration_s
    return None if command.value is not None and state.session_open and in_time else "no override"


@pytest.mark.process
def test_a_single_missing_interlock_is_found(monkeypatch):
    rows = tuple(row for row in situations.INTERLOCKS if row.source != "kiosk_lost")
    monkeypatch.setitem(situations._ROWS, False, rows)
    acting = {
        key: situations._rows_in(situations._scopes_in(*key[:3]), key[3]) for key in situations._SITUATIONS
    }
    monkeypatch.setattr(situations, "_ACTING", acting)
    assert broken_rules(Fault(0.3, KIOSK_SILENT, True)) == {"light with screen silent"}


@pytest.mark.process
def test_a_pause_that_is_not_obeyed_is_found(monkeypatch):
    monkeypatch.setitem(operating._TAKE, CommandType.PAUSE, lambda tick, command: None)
    assert "light with pause" in broken_rules()


@pytest.mark.process
def test_a_gate_that_does_not_open_is_found(monkeypatch):
    """The laser's driver still ends the light, too late for a gate."""
    allowed = InterlockBoard._gate_allowed
    monkeypatch.setattr(InterlockBoard, "_gate_allowed", lambda board: board._coil or allowed(board))
    assert "light with pedal up" in broken_rules()


BRIDGED, DEAF = Fault(0.3, "laser.interlock_plug", "closed"), Fault(2.0, "laser.wire.deaf", True)


@pytest.mark.process
def test_a_first_fault_that_stays_hidden_is_found(monkeypatch):
    """A loop that is never asked for: with the laser deaf too, nothing ends the light."""

    def believe(tick):
        tick.state.loop_proved = True

    assert broken_rules(BRIDGED, DEAF, duration_s=5.0) == set()
    monkeypatch.setattr(safety, "_observe_loop", believe)
    assert "a first fault stayed hidden" in broken_rules(BRIDGED, DEAF, duration_s=5.0)


@pytest.mark.process
def test_both_ways_lost_under_one_light_break_no_rule_and_are_no_pass():
    found = outcomes(replace(BRIDGED, at_s=0.8), replace(DEAF, at_s=0.81))
    assert {violation.rule for outcome in found for violation in outcome.violations} == set()
    assert {outcome.endless for outcome in found} == {None, "gate and laser"}
    assert "gate" in {lost.way for lost in LOST_WAYS}


@pytest.mark.process
def test_energy_that_is_not_counted_is_found(monkeypatch):
    monkeypatch.setattr("benchmarks.campaign.treatments.dose_j", lambda state: 0.0)
    assert broken_rules() == {"energy is not counted"}


@pytest.mark.process
def test_light_that_is_not_recorded_is_found(monkeypatch):
    monkeypatch.setattr(StepRows, "laser_on", lambda self: None)
    assert "light that is not recorded" in broken_rules()


@pytest.mark.process
def test_a_decision_that_replay_does_not_repeat_is_found(monkeypatch):
    monkeypatch.setattr(StepRows, "laser_off", lambda self: None)
    plain = StepRows.pause

    def pause(self, source):
        self._state.elapsed_s += next(numbers)
        plain(self, source)

    numbers = iter(range(1, 1000))
    monkeypatch.setattr(StepRows, "pause", pause)
    assert "replay decides otherwise" in broken_rules()


@pytest.fixture(scope="module")
def finding(tmp_path_factory):
    """A finding as it is written down: a dose rule that allows nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.campaign.totals.DOSE_MARGIN", 0.0)
        patch.setattr("benchmarks.campaign.totals.LAST_LIGHT_S", 0.0)
        outcome = next(one for one in run_seeds(BREAKING) if one.violations)
    return outcome, write_finding(tmp_path_factory.mktemp("finding"), outcome)


@pytest.mark.process
def test_a_finding_is_written_as_scenario_protocol_and_journal(finding):
    outcome, path = finding
    assert {violation.rule for violation in outcome.violations} == {"dose"}
    assert load_scenario(path).presses_pedal
    assert f"--repeat {outcome.seed}" in path.read_text(encoding="utf-8")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["name"] == f"campaign {outcome.seed}"
    source = path.with_suffix(".json")
    assert parse_protocol(source.read_text(encoding="utf-8"), str(source), "", Limits(10.0)).steps
    assert path.with_suffix(".jsonl").read_bytes() == outcome.journal
