"""A hung program loses the gate within 130 ms and says afterwards that its watchdog restarted it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.firmware.build import FIRMWARE, sizes, symbols
from benchmarks.firmware.chip import HANGS, SimulatedBoardChip
from benchmarks.firmware.edges import LATEST_HANG_MS, LATEST_OPEN_MS, measure_edges, measure_hang
from benchmarks.firmware.host import RESTARTED, Host

pytestmark = pytest.mark.process

FLASH_BYTES = 32768
RAM_BYTES = 2048
SHARE = 0.8
BIG = "volatile char big[1100];\n__attribute__((constructor)) void touch() { big[0] = 1; }\n"


@pytest.mark.parametrize("how", HANGS)
def test_a_hung_program_opens_the_gate_and_reports_its_restart(firmware_build: str, how: str) -> None:
    hang = measure_hang(how, phase_ms=3.7)
    assert hang.open_ms <= LATEST_HANG_MS
    assert hang.faults == RESTARTED


def test_after_its_watchdog_every_output_is_off_until_the_host_speaks(treating: Host) -> None:
    treating.ask("AI", 1)
    treating.heartbeat()
    treating.chip.hang("everything")
    treating.chip.run_ms(200)
    outputs = treating.chip.outputs()
    assert (outputs.gate, outputs.aiming, outputs.pwm) == (0, 0, 0)
    resets = [change for change in treating.chip.take_changes() if change.name == "reset"]
    assert len(resets) == 1
    treating.chip.release()
    assert treating.status().faults == RESTARTED
    assert treating.ask("CL").startswith("OK")
    assert treating.status().faults == 0


def test_it_runs_on_without_a_second_restart(treating: Host) -> None:
    treating.chip.hang("main loop")
    treating.chip.run_ms(200)
    treating.chip.take_changes()
    treating.chip.run_ms(1000)
    assert [change for change in treating.chip.take_changes() if change.name == "reset"] == []


def test_a_pushed_reset_button_is_no_watchdog(treating: Host) -> None:
    treating.chip.push_reset_button()
    treating.chip.run_ms(50)
    outputs = treating.chip.outputs()
    assert (outputs.gate, outputs.aiming, outputs.pwm) == (0, 0, 0)
    assert treating.status().faults == 0


def test_a_healthy_program_never_restarts(chip: SimulatedBoardChip) -> None:
    Host(chip).keep(2000)
    assert [change for change in chip.take_changes() if change.name == "reset"] == []


def test_pedal_edges_under_full_traffic_open_the_gate_in_time(firmware_build: str) -> None:
    edges = measure_edges(30, seed=7)
    assert len(edges.open_ms) == 30
    assert max(edges.open_ms) <= LATEST_OPEN_MS
    assert edges.sent_bytes > 0.9 * edges.line_bytes
    assert edges.ram_bytes < SHARE * RAM_BYTES


def test_the_image_leaves_a_fifth_of_the_chip_free(firmware_build: str) -> None:
    assert 0 < sizes()["flash"] < SHARE * FLASH_BYTES
    assert 0 < sizes()["ram"] < SHARE * RAM_BYTES


def test_an_image_that_is_too_large_fails_the_build(firmware_build: str, tmp_path: Path) -> None:
    big = tmp_path / "big.cpp"
    big.write_text(BIG, encoding="utf-8")
    sources = " ".join([*(path.name for path in sorted(FIRMWARE.glob("*.cpp"))), str(big)])
    made = subprocess.run(
        ["make", "-C", FIRMWARE, f"BUILD={tmp_path}", f"SOURCES={sources}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode != 0
    assert "too large: under 80 % of either" in made.stdout
    assert not (tmp_path / "interlock_board.elf").exists()


def test_the_image_has_no_dynamic_memory(firmware_build: str) -> None:
    assert "feed_watchdog" in symbols()
    assert not {"malloc", "free", "realloc", "calloc", "operator new(unsigned int)"} & symbols().keys()
