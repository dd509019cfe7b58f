"""The gate rule on this machine: every combination of inputs against the sentences of WIRE.md."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.firmware.build import BUILD, FIRMWARE, HARNESS

pytestmark = pytest.mark.process

SMALLEST_COUNT = 10_000_000
# What may go wrong in such a rule, one word each; the table must notice.
MUTATIONS = {
    "a silent host is no fault": ("if (s.wanted && !host_alive(s)) faults |= kHostSilent;", ""),
    "an unwilling host may treat": ("host_alive(s) && s.wanted &&", "host_alive(s) &&"),
    "the pedal is not asked": ("&& pedal_pressed(s) &&", "&&"),
    "the stop loop is not asked": ("if (!in.stop_closed) faults |= kStopOpened;", ""),
    "the motor may just have started": ("s.motor_samples >= kMotorSamples &&\n", "in.motor_on &&\n"),
    "a still device may treat": ("in.accelerometer_present && in.vibration_healthy &&", ""),
    "a latched fault may treat": ("s.faults == 0 && readback_agrees", "readback_agrees"),
    "the read-back is not asked": ("s.faults == 0 && readback_agrees", "s.faults == 0"),
    "the debounce is a tick short": (
        "kPressSamples = samples_over_ms(20)",
        "kPressSamples = samples_over_ms(20) - 1",
    ),
    "a heartbeat lives a tick longer": (
        "s.heartbeat_ticks < kSilentTicks",
        "s.heartbeat_ticks <= kSilentTicks",
    ),
    "faults are forgotten": ("s.faults |= arising", "s.faults = arising"),
    "cleared under the foot": ("in.pair == Pair::kPressed || standing", "standing"),
    "cleared while the cause stands": ("|| standing(s, in) != 0) return false", ") return false"),
}


def gate_rule(program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program], capture_output=True, text=True, check=False)


def test_every_combination_obeys_every_sentence(firmware_build: str) -> None:
    done = gate_rule(BUILD / "gate_rule")
    assert done.returncode == 0, done.stdout
    assert int(done.stdout) > SMALLEST_COUNT


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_rule_is_found_out(mutation: str, firmware_build: str, tmp_path: Path) -> None:
    right = (FIRMWARE / "gate.hpp").read_text(encoding="utf-8")
    was, becomes = MUTATIONS[mutation]
    assert right.count(was) == 1
    (tmp_path / "gate.hpp").write_text(right.replace(was, becomes), encoding="utf-8")
    make = ["make", "-s", "-C", HARNESS, f"BUILD={tmp_path}", f"GATE={tmp_path}", f"{tmp_path}/gate_rule"]
    # Unchecked for what the missing word leaves unused.
    subprocess.run([*make, "WARN="], check=True, capture_output=True)
    assert gate_rule(tmp_path / "gate_rule").returncode == 1
