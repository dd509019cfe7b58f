"""Every shipped scenario, run as a whole session: what it comes to, and when the true light is out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.treat_bench import Treated, config_text, protocol_text, treated
from tosca_kiosk.config import bundled
from tosca_kiosk.control.operator import OperatorGaveUpError
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED

pytestmark = pytest.mark.slow

SCENARIOS = {path.stem: path for path in sorted(bundled("scenarios").glob("*.yaml"))}

# Steps of duration in s, power at start and end in W, ring in mm.
PROTOCOLS = {
    "steady": [(4.0, 5.0, 5.0, 3.0)],
    "long": [(12.0, 5.0, 5.0, 3.0)],
    "hot": [(20.0, 8.0, 8.0, 3.0)],
    "falling": [(5.0, 8.0, 4.0, 3.0)],
    "rings": [(2.0, 5.0, 5.0, 3.0), (2.0, 5.0, 5.0, 4.0)],
}
RING_TOLERANCE_MM = 0.05
MOST_OF_PLAN = 1.05
OFF_TAKES_S = 0.06
"""From the computer's decision to true darkness, by the laser's slow line alone (the board takes 10 ms)."""

FRAME_S = 0.04
"""A picture is that old when the next one comes."""

# When what is not heard any more is too old (the interlocks' own limits).
BOARD_OLD_S, LASER_OLD_S, TEC_OLD_S = 0.1, 0.5, 1.0

# How old what a device tells in its turn can be: rows without a hold act when they hear of it.
LASER_ROUND_S = 6 * 0.03
"""Five questions and a slow one between them, an answer within 30 ms each."""
TEC_ROUND_S = 6 * 0.05
"""As the laser's, one question every 50 ms."""
STAGE_ROUND_S = 0.1
"""The stage tells its status unasked every 97 ms."""

RELIT_S = 0.4
"""From a press to light again: the contacts settle, the gate closes, the laser tells that its interlock is
closed and then that its output is on, and the next set point is due."""
SETPOINT_S = 0.1
FOLLOW_S = 1.0
"""So long a set point read back may be 15 % off the commanded one (`laser_setpoint`)."""
IGNORED_W, FALLING_W_PER_S = 7.2, 0.8
"""What the protocol "falling" asks for 1 s after the first light, and how fast it asks for less."""


@dataclass(frozen=True)
class Wrong:
    """A constant that is not what the calibrations believe, which nothing but its effects tells.

    counted: the dose as counted over the world's true energy. at_end: whether the session's end says that
    measured and commanded energy differ. ring_mm: the true ring where 3 mm are asked for. found_by: what
    finds and mends it; printed in simulators/TRUTH.md.
    """

    counted: float
    at_end: bool
    found_by: str
    ring_mm: float = 3.0


@dataclass(frozen=True)
class Outcome:
    """What a scenario must come to.

    source: of the fault that ends the session; None where it completes. severity, event_type: of its row in
    the safety log. dark_by_s: when the true light is out for good, in s after the first light; None where
    there is no first light. warnings: rows of the log that ended nothing. also: sources that may be named in
    its place, where the order of a device's answers decides. ring_lies: the ring is not what any device says.
    overridden_mm: rings that were given beside the protocol's.
    unconfirmed: what is left of laser and board never tells that the light has ended; None where it hangs on
    a tick whether it does. most_of_plan: so much of the planned energy is given, and nothing tells.
    wrong: where the world is not what is believed of it.
    """

    source: str | None
    dark_by_s: float | None
    event_type: str = "interlock_failure"
    severity: str = "critical"
    protocol: str = "steady"
    warnings: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    ring_lies: bool = False
    overridden_mm: tuple[float, ...] = ()
    unconfirmed: bool | None = False
    most_of_plan: float = MOST_OF_PLAN
    wrong: Wrong | None = None


@dataclass(frozen=True)
class NeverArmed:
    """A session is opened, never comes to light, and ends with a reason that has all these words."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """No session is opened, and the command ends with a text that has all these words."""

    words: tuple[str, ...]


def stops(source: str, at_s: float, within_s: float, **more: object) -> Outcome:
    """A fault at at_s after the first light, seen within within_s by the interlock's own limit."""
    return Outcome(source, at_s + within_s + OFF_TAKES_S, **more)  # type: ignore[arg-type]


def completes(dark_by_s: float = 4.2, **more: object) -> Outcome:
    return Outcome(None, dark_by_s, **more)  # type: ignore[arg-type]


OFF_POWER = "photodiode_out_of_range"
BY_ITSELF = ("laser_condition", "laser_output_lost", "laser_error")
"""What a laser driver that went off by itself is known by, whichever of its answers comes first."""

POWER_METER = "a meter in the beam at a set current: power calibration"
PHOTODIODE_METER = "a meter in the beam beside the voltage: photodiode calibration"
RING_ON_TISSUE = "the ring on the picture or the tissue: ring calibration"

TABLE: dict[str, Outcome | NeverArmed | Refused] = {
    # The technician's own doing.
    "pedal_pauses": completes(12.0 + 3.0 + 0.5 + 2 * RELIT_S, protocol="long"),
    "power_overridden": completes(25.0, protocol="long", overridden_mm=(2.5,)),
    "stop_loop_opened": stops(
        "stop_loop", 4.0, 0.02, event_type="e_stop_pressed", severity="emergency", protocol="long"
    ),
    # Lines.
    "laser_unplugged": stops("laser_stale", 2.0, 0.02, unconfirmed=True),
    "laser_replugged": stops("laser_stale", 2.0, 0.02),
    "board_unplugged": stops("board_lost", 2.0, 0.02, unconfirmed=True),
    "tec_unplugged": stops("tec", 2.0, 0.02),
    "tec_unplugged_early": Outcome("tec_gone", None),
    "stage_unplugged": stops("stage", 2.0, 0.02, severity="warning"),
    "laser_wire_cut": stops("laser_stale", 2.0, LASER_OLD_S, unconfirmed=True),
    "laser_adapter_hangs": stops("laser_stale", 2.0, LASER_OLD_S),
    "laser_babbles": stops("laser_stale", 2.0, LASER_OLD_S, unconfirmed=True),
    "laser_loses_lines": stops("laser_stale", 1.0, LASER_OLD_S, unconfirmed=True),
    "laser_answers_late": stops("laser_stale", 2.0, LASER_OLD_S, unconfirmed=None),
    "laser_wrong_baud": Refused(("laser on sim://laser", "at 38400 baud", "check", "baud rate")),
    "laser_echoes": completes(),
    "board_line_noisy": completes(),
    "board_line_late": stops("board_lost", 2.0, BOARD_OLD_S, unconfirmed=True),
    "stage_line_noisy": completes(),
    # A question that is asked again in time may be answered once, so that its age begins anew.
    "tec_line_loses": stops("tec", 1.0, 2 * TEC_OLD_S, also=("tec_gone",)),
    # Firmware.
    "laser_refuses": stops("laser_error", 2.0, LASER_ROUND_S),
    "laser_restarts": stops("laser_stale", 2.0, 0.0),
    "laser_hangs": stops("laser_stale", 2.0, LASER_OLD_S, unconfirmed=True),
    # 1.17 s until the ignored set point is 15 % over what is asked for, a set point's period, and the hold.
    "laser_ignores_current": stops(
        "laser_setpoint",
        1.0,
        (IGNORED_W - IGNORED_W / 1.15) / FALLING_W_PER_S + SETPOINT_S + FOLLOW_S,
        protocol="falling",
        unconfirmed=True,
    ),
    "laser_ignores_off": stops("laser_not_starting", 2.0, 0.02),
    "laser_says_off": stops("laser_output_lost", 2.0, LASER_ROUND_S),
    "laser_says_on": NeverArmed(("the session was refused", "says its output is on", "by its key")),
    "laser_lies_at_start": Refused(("laser on sim://laser", "wanted 0 mA, got 300 mA", "check")),
    "laser_condition_frozen": Outcome("laser_interlock_open", None),
    "tec_restarts": stops("tec", 2.0, TEC_OLD_S),
    "tec_lies": stops("tec_far_off_setpoint", 2.0, TEC_ROUND_S),
    "stage_encoder_lost": stops("stage", 2.0, STAGE_ROUND_S, severity="warning"),
    "stage_overheats": stops("stage", 2.0, STAGE_ROUND_S, severity="warning"),
    "stage_ignores_move": stops("stage_move", 2.0, 0.02, severity="warning", protocol="rings"),
    "stage_status_frozen": completes(5.5, protocol="rings"),
    "board_restarts": stops("laser_interlock", 2.0, 0.0, also=(*BY_ITSELF, "board_lost")),
    "board_hangs": stops("board_lost", 2.0, BOARD_OLD_S),
    "board_freezes": stops("board_lost", 2.0, BOARD_OLD_S + 0.04, unconfirmed=True),
    "board_status_frozen": stops("board_lost", 2.0, BOARD_OLD_S, unconfirmed=True),
    "board_ignores_heartbeat": stops("board_fault_3", 2.0, 0.25, event_type="system_watchdog_timeout"),
    "board_denies_gate": stops("gate", 2.0, 0.02),
    # Plant.
    "diode_lead_broken": stops("laser_output_lost", 2.0, 0.0, also=BY_ITSELF),
    "diode_short": stops("laser_output_lost", 2.0, 0.0, also=BY_ITSELF),
    "diode_aged": completes(warnings=(OFF_POWER,), wrong=Wrong(1.319, True, POWER_METER)),
    "diode_worn_out": stops(
        OFF_POWER,
        0.5,
        0.2,
        event_type=OFF_POWER,
        warnings=(OFF_POWER,),
        wrong=Wrong(2.545, True, POWER_METER),
    ),
    "diode_ages_under_light": completes(
        12.2, protocol="long", warnings=(OFF_POWER,), wrong=Wrong(1.17, True, POWER_METER)
    ),
    "laser_overheats": stops("laser_condition", 2.0, 0.02, also=BY_ITSELF),
    "laser_shunt_drifts": stops("photodiode_over_power", 2.0, 0.12, event_type=OFF_POWER),
    "laser_calibration_off": completes(4.0, warnings=(OFF_POWER,), wrong=Wrong(1.001, True, POWER_METER)),
    "interlock_plug_out": stops("laser_interlock", 2.0, 0.0, also=BY_ITSELF),
    "interlock_plug_bridged": Outcome("laser_interlock_bridged", None),
    "interlock_plug_bridged_under_light": stops("laser_interlock_bridged", 1.5, 0.02),
    "laser_condition_freezes_under_light": stops("laser_interlock_bridged", 1.5, 0.02),
    "vibration_sensor_stuck": completes(),
    "photodiode_blocked": stops(
        OFF_POWER, 3.0, 0.52, event_type=OFF_POWER, protocol="long", warnings=(OFF_POWER,)
    ),
    "photodiode_drifts_up": stops("photodiode_over_power", 2.0, 0.12, event_type=OFF_POWER),
    "photodiode_fades": completes(warnings=(OFF_POWER,), wrong=Wrong(1.019, True, PHOTODIODE_METER)),
    "photodiode_offset": NeverArmed(("the session was refused", "while the laser is off", "by its key")),
    "pickoff_dusty": completes(wrong=Wrong(1.019, True, PHOTODIODE_METER)),
    "pickoff_dirty": stops(
        OFF_POWER,
        0.5,
        0.2,
        event_type=OFF_POWER,
        warnings=(OFF_POWER,),
        wrong=Wrong(1.379, True, PHOTODIODE_METER),
    ),
    "pickoff_hides_too_much": completes(
        12.2,
        protocol="long",
        most_of_plan=1.14,
        wrong=Wrong(0.89, False, f"{PHOTODIODE_METER}; then {POWER_METER}"),
    ),
    "tec_sensor_broken": stops("tec", 2.0, TEC_ROUND_S),
    # Heat is slow: the temperature is 3 deg C off 8.6 to 8.9 s after the leads are turned.
    "tec_runs_away": stops(
        "tec_far_off_setpoint", 1.0, 9.0, protocol="hot", also=("tec_off_setpoint", "tec")
    ),
    "tec_module_broken": stops("tec", 2.0, TEC_ROUND_S),
    "stage_sticks": stops("stage_move", 2.0, 0.02, severity="warning", protocol="rings"),
    "stage_scale_slipped": completes(ring_lies=True, wrong=Wrong(1.019, False, RING_ON_TISSUE, ring_mm=3.4)),
    "stage_encoder_slips": stops("stage_position", 2.0, STAGE_ROUND_S, severity="warning"),
    "ring_optics_moved": completes(ring_lies=True, wrong=Wrong(1.019, False, RING_ON_TISSUE, ring_mm=3.3)),
    "pedal_worn": completes(),
    "pedal_wire_broken": stops("board_fault_0", 2.0, 0.02),
    "pedal_contact_sticks": stops("board_fault_0", 2.0, 0.04),
    "gate_welded": stops("board_fault_4", 2.0, 0.04),
    "gate_stuck_open": Outcome("board_fault_5", None),
    "accelerometer_lost": stops("smoothing", 2.0, 0.02, event_type="smoothing_device_fault"),
    "smoothing_motor_dead": stops("smoothing", 2.0, 0.42, event_type="smoothing_device_fault"),
    # What a cart can have in the morning, before it is used: tests/e2e/test_check_cart.py.
    "stage_stuck": NeverArmed(("not ready to arm", "The ring stage is silent, tripped or not homed")),
    "accelerometer_dead": NeverArmed(("arming was refused", "does not shake the fibre")),
    "tec_module_dead": NeverArmed(("not ready to arm", "cooling does not run")),
    "gate_welded_shut": NeverArmed(("the session was refused", "gate relay is welded closed")),
    "aiming_beam_dark": completes(),
    "camera_frozen": stops("camera", 1.0, 1.0 + FRAME_S, severity="warning"),
    "camera_repeats": stops("camera", 1.0, 1.0 + FRAME_S, severity="warning"),
    # A black picture is the same again and again, as a dead camera's.
    "camera_lens_covered": stops("camera", 1.0, 1.0 + FRAME_S, severity="warning"),
}


def names(kind: type) -> list[str]:
    return [name for name, outcome in TABLE.items() if isinstance(outcome, kind)]


@pytest.fixture(scope="module")
def quick(tmp_path_factory) -> Path:
    """A configuration whose laser has settled; its seed homes the stage in 0.2 s."""
    path = tmp_path_factory.mktemp("config") / "quick.yaml"
    path.write_text(config_text(simulation__warm=True, simulation__seed=10), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def protocol(tmp_path_factory):
    """Give a protocol's file by its name in PROTOCOLS."""
    folder = tmp_path_factory.mktemp("protocols")
    for name, steps in PROTOCOLS.items():
        (folder / f"{name}.json").write_text(protocol_text(*steps), encoding="utf-8")
    return lambda name: folder / f"{name}.json"


def test_every_shipped_scenario_has_an_outcome():
    assert set(TABLE) == set(SCENARIOS)
    assert len(TABLE) >= 20


@pytest.mark.parametrize("name", names(Refused))
def test_a_cart_that_starts_wrong_is_refused_in_one_line(data_dir, quick, protocol, name):
    with pytest.raises(OperatorGaveUpError) as caught:
        treated(data_dir, protocol("steady"), config=quick, scenario=SCENARIOS[name])
    assert all(word in str(caught.value) for word in TABLE[name].words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", names(NeverArmed))
def test_a_cart_that_must_not_arm_says_why_and_stays_dark(data_dir, quick, protocol, name):
    seen = treated(data_dir, protocol("steady"), config=quick, scenario=SCENARIOS[name])
    assert seen.result["status"] == "aborted"
    assert all(word in seen.result["abort_reason"] for word in TABLE[name].words)
    assert seen.world.true_energy_j() == 0.0


@pytest.mark.parametrize("name", names(Outcome))
def test_a_scenario_comes_to_its_outcome(data_dir, quick, protocol, name):
    outcome = TABLE[name]
    seen = treated(data_dir, protocol(outcome.protocol), config=quick, scenario=SCENARIOS[name])
    judge_the_light(seen, outcome)
    judge_the_record(seen, outcome)
    if outcome.wrong is not None:
        judge_what_is_wrong(seen, outcome.wrong)


# --- by the world's truth alone -------------------------------------------------------------------------


def judge_the_light(seen: Treated, outcome: Outcome) -> None:
    """The light is out in time and for good, of the right ring, and no more than planned."""
    first_s = seen.world.marked_s("emission")
    if outcome.dark_by_s is None:
        assert first_s is None
        assert seen.world.true_energy_j() == 0.0
        return
    assert first_s is not None
    whole_j = seen.world.true_energy_j()
    assert whole_j == seen.true_energy_j[-1], "light after the session's last tick"
    growing_s = [at_s for at_s, j in zip(seen.world_s, seen.true_energy_j, strict=True) if j < whole_j]
    assert growing_s[-1] - first_s <= outcome.dark_by_s
    assert 0.0 < whole_j <= outcome.most_of_plan * seen.result["planned_energy_joules"]
    if not outcome.ring_lies:
        planned_mm = {*outcome.overridden_mm, *(ring_mm for *_, ring_mm in PROTOCOLS[outcome.protocol])}
        assert all(
            min(abs(ring_mm - mm) for mm in planned_mm) < RING_TOLERANCE_MM for ring_mm in lit_rings(seen)
        )


def lit_rings(seen: Treated) -> Iterator[float]:
    return (mm for mm, power_w in zip(seen.true_ring_mm, seen.true_power_w, strict=True) if power_w > 0.0)


def judge_what_is_wrong(seen: Treated, wrong: Wrong) -> None:
    """Dose and ring are so far from the truth, and energies that differ are told at the end."""
    assert all(abs(ring_mm - wrong.ring_mm) < RING_TOLERANCE_MM for ring_mm in lit_rings(seen))
    counted = seen.result["dose_energy_joules"] / seen.result["true_energy_joules"]
    assert counted == pytest.approx(wrong.counted, abs=0.015)
    assert energies_differ(seen) == wrong.at_end


# --- by the record --------------------------------------------------------------------------------------


def energies_differ(seen: Treated) -> bool:
    """Whether measured and commanded energy are further apart than 5 % and 0.5 J."""
    both = [seen.result[f"{name}_energy_joules"] for name in ("total", "commanded")]
    return max(both) - min(both) > max(0.5, 0.05 * max(both))


def judge_the_record(seen: Treated, outcome: Outcome) -> None:
    """The session's row, its events and the safety log say what happened, and what to do."""
    log = [row for row in seen.safety_log() if row["severity"] != "info"]
    warned = [row for row in log if row["action_taken"] == "none"]
    of_energy = [row for row in warned if json.loads(row["details"])["trigger_source"] == "session_energy"]
    assert tuple(row["event_type"] for row in warned if row not in of_energy) == outcome.warnings
    assert len(of_energy) == energies_differ(seen)
    ended = [row for row in log if row["action_taken"] != "none"]
    switched = [row["event_type"] for row in seen.events("laser_on", "laser_off")]
    assert switched == ["laser_on", "laser_off"] * (len(switched) // 2)
    if outcome.source is None:
        assert (seen.result["status"], seen.result["abort_reason"], ended) == ("completed", None, [])
        return
    assert seen.result["status"] == seen.session["status"] == "aborted"
    unconfirmed = seen.result["abort_reason"].startswith(f"{LIGHT_NOT_CONFIRMED}; ")
    assert outcome.unconfirmed in (None, unconfirmed)
    assert (ended[-1]["action_taken"] == "session_closed") == unconfirmed
    reason = seen.result["abort_reason"].removeprefix(f"{LIGHT_NOT_CONFIRMED}; ")
    source, _, words = reason.partition(": ")
    assert source in (outcome.source, *outcome.also)
    assert words == BY_SOURCE[source].what
    row = outcome if source == outcome.source else BY_SOURCE[source]
    assert (ended[0]["event_type"], ended[0]["severity"]) == (row.event_type, row.severity)
    assert BY_SOURCE[source].to_do in ended[0]["description"]
    triggers = [json.loads(row["event_details"]) for row in seen.events("safety_trigger")]
    assert source in {trigger["trigger_source"] for trigger in triggers}
