"""When the gate closes and opens on the chip, and which fault each way of opening leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.firmware.chip import CYCLES_PER_MS, SimulatedBoardChip, framed, statuses
from benchmarks.firmware.host import (
    ACCELEROMETER,
    ALIVE,
    GATE,
    HEALTHY,
    LOST,
    MOTOR,
    PRESSED,
    SILENT,
    STOP,
    STOPPED,
    STUCK,
    VIBRATION,
    WANTED,
    WELDED,
    WIRING,
    Host,
)

pytestmark = pytest.mark.process

OPEN_WITHIN_MS = 2.0
TICK_MS = 0.25
WINDOW_MS = 100


def test_with_everything_in_order_the_gate_closes_and_says_so(treating: Host) -> None:
    flags = treating.status().flags
    assert flags == PRESSED | STOP | GATE | WANTED | MOTOR | HEALTHY | ACCELEROMETER | ALIVE


@pytest.mark.parametrize("contact", [{"no": 0}, {"nc": 1}], ids=["no opens", "nc closes"])
def test_the_first_contact_to_leave_the_pressed_pair_opens_the_gate(
    treating: Host, contact: dict[str, int]
) -> None:
    edge = treating.chip.cycle
    treating.chip.set(**contact)
    treating.chip.run_ms(10)
    [(after_ms, value)] = treating.gate_changes_ms(edge)
    assert value == 0
    assert 0 <= after_ms < OPEN_WITHIN_MS
    assert treating.status().faults == 0


def test_a_stop_opens_the_gate_and_is_a_fault(treating: Host) -> None:
    edge = treating.chip.cycle
    treating.chip.set(stop=0)
    treating.chip.run_ms(10)
    [(after_ms, value)] = treating.gate_changes_ms(edge)
    assert (value, after_ms < OPEN_WITHIN_MS) == (0, True)
    assert treating.status().faults == STOPPED


def test_a_host_that_no_longer_wants_the_gate_gets_it_open_without_a_fault(treating: Host) -> None:
    treating.wants = 0
    treating.heartbeat()
    line_ms = 20 * 0.1  # "$HB,n,0*CRC" and its line end
    sent = treating.chip.cycle
    treating.chip.run_ms(10)
    [(after_ms, value)] = treating.gate_changes_ms(sent)
    assert (value, after_ms < line_ms + OPEN_WITHIN_MS) == (0, True)
    assert treating.status().faults == 0


def test_a_host_that_falls_silent_loses_the_gate_within_250_ms_of_its_last_word(host: Host) -> None:
    host.close_gate()
    host.heartbeat()
    sent = host.chip.cycle
    host.chip.run_ms(300)
    [(after_ms, value)] = host.gate_changes_ms(sent)
    assert value == 0
    assert 249.0 < after_ms < 250.0 + 3.0
    status = host.status()
    assert status.faults == SILENT
    assert not status.flags & ALIVE


def test_a_host_that_wanted_nothing_may_fall_silent_without_a_fault(host: Host) -> None:
    host.keep(100)
    host.chip.run_ms(400)
    status = host.status()
    assert status.faults == 0
    assert not status.flags & ALIVE


def test_the_pedal_is_debounced_for_20_ms_on_press_alone(host: Host) -> None:
    host.spin_up()
    host.wants = 1
    host.keep(20)
    host.gate_changes_ms(0)
    for _ in range(3):  # bounce: each leaving starts the 20 ms anew
        host.chip.press()
        host.chip.run_ms(15)
        host.chip.release()
        host.chip.run_ms(1)
    assert host.gate_changes_ms(0) == []
    host.heartbeat()
    host.chip.press()
    pressed = host.chip.cycle
    host.chip.run_ms(40)
    [(after_ms, value)] = host.gate_changes_ms(pressed)
    assert value == 1
    assert 20.0 <= after_ms <= 20.0 + 2 * TICK_MS


def test_the_gate_waits_for_500_ms_of_motor_and_three_windows(host: Host) -> None:
    """The vibration comes at once here, so the motor's 500 ms are what is waited for."""
    host.chip.set(accelerometer="mpu6050", vibration_mg=2000)
    host.keep(600)
    host.wants = 1
    host.chip.press()
    host.keep(50)
    host.gate_changes_ms(0)
    started = host.chip.cycle
    host.chip.command("MO", 1, 127)
    host.keep(700)
    [(after_ms, value)] = host.gate_changes_ms(started)
    assert value == 1
    assert 500.0 <= after_ms < 505.0


@pytest.mark.parametrize("model", ["mpu6050", "adxl345"])
@pytest.mark.parametrize("level_mg", [100, 800, 2447])
def test_vibration_is_its_rms_without_gravity_and_drift(host: Host, model: str, level_mg: int) -> None:
    host.chip.set(accelerometer=model, vibration_mg=level_mg, drift_mg=150)
    host.chip.run_ms(500)
    assert host.status().vibration_mg == pytest.approx(level_mg, rel=0.05, abs=8)


def test_vibration_becomes_healthy_and_unhealthy_after_three_whole_windows(host: Host) -> None:
    def windows_until(flag: int) -> float:
        begun = host.chip.cycle
        for _ in range(60):
            host.chip.run_ms(10)
            if statuses(host.chip.take_lines())[-1].flags & HEALTHY == flag:
                return (host.chip.cycle - begun) / CYCLES_PER_MS / WINDOW_MS
        return float("inf")

    host.chip.set(accelerometer="mpu6050", vibration_mg=100)
    host.chip.run_ms(600)
    host.chip.set(vibration_mg=1200)
    assert (
        3.0 <= windows_until(HEALTHY) <= 4.3
    )  # the window in which it changes counts where it is over as a whole
    host.chip.set(vibration_mg=100)
    assert 2.8 <= windows_until(0) <= 4.3


def test_one_weak_window_in_nine_does_not_open_the_gate(treating: Host) -> None:
    for _ in range(2):
        treating.chip.set(vibration_mg=300)
        treating.keep(100)
        treating.chip.set(vibration_mg=2400)
        treating.keep(800)
    assert treating.gate_changes_ms(0) == []


def test_the_threshold_is_the_hosts(host: Host) -> None:
    host.chip.set(accelerometer="adxl345", vibration_mg=600)
    host.chip.run_ms(500)
    assert not host.status().flags & HEALTHY
    assert host.ask("VT", 500).startswith("OK")
    host.chip.run_ms(400)
    assert host.status().flags & HEALTHY


def weak(chip: SimulatedBoardChip) -> None:
    chip.set(vibration_at_127_mg=-1, vibration_mg=100)


def unplugged(chip: SimulatedBoardChip) -> None:
    chip.set(accelerometer="none")


def stuck_bus(chip: SimulatedBoardChip) -> None:
    chip.set(bus_stuck=1)


def motor_off(chip: SimulatedBoardChip) -> None:
    chip.write(framed("MO,9,0").encode())


def both_closed(chip: SimulatedBoardChip) -> None:
    chip.set(nc=1)


def both_open(chip: SimulatedBoardChip) -> None:
    chip.set(no=0)


def dropped_out(chip: SimulatedBoardChip) -> None:
    chip.set(relay="stuck")


@pytest.mark.parametrize(
    ("cause", "within_ms", "fault"),
    [
        (weak, 450, VIBRATION),
        (motor_off, 5, VIBRATION),
        (unplugged, 25, LOST),
        (stuck_bus, 30, LOST),
        (dropped_out, OPEN_WITHIN_MS, STUCK),
        (both_closed, OPEN_WITHIN_MS, WIRING),
        (both_open, OPEN_WITHIN_MS, WIRING),
    ],
)
def test_what_opens_the_gate_leaves_its_fault(
    treating: Host, cause: Callable[[SimulatedBoardChip], None], within_ms: float, fault: int
) -> None:
    treating.keep(30)  # longer than the gate has to follow
    begun = treating.chip.cycle
    cause(treating.chip)
    treating.keep(1100)
    (after_ms, value), *more = treating.gate_changes_ms(begun)
    assert value == 0
    assert after_ms < within_ms
    assert more == []
    assert treating.status().faults == fault


def test_a_welded_gate_is_found_20_ms_after_it_should_have_opened(treating: Host) -> None:
    treating.chip.set(relay="welded")
    treating.chip.release()
    released = treating.chip.cycle
    treating.chip.run_ms(60)
    told = statuses(treating.chip.take_lines())
    first = next(status for status in told if status.faults)
    assert first.faults == WELDED
    assert 20.0 <= (first.cycle - released) / CYCLES_PER_MS < 20.0 + 10.0 + OPEN_WITHIN_MS


def test_a_gate_that_does_not_close_is_found_within_20_ms(host: Host) -> None:
    host.spin_up()
    host.chip.set(relay="stuck")
    host.wants = 1
    host.chip.press()
    begun = host.chip.cycle
    host.keep(60)
    (closed_ms, one), (opened_ms, zero) = host.gate_changes_ms(begun)
    assert (one, zero) == (1, 0)
    assert 20.0 <= opened_ms - closed_ms <= 20.0 + 2 * TICK_MS
    assert host.status().faults == STUCK


def test_the_gate_stays_open_while_a_fault_is_latched(treating: Host) -> None:
    treating.chip.set(stop=0)
    treating.chip.run_ms(5)
    treating.chip.set(stop=1)
    treating.gate_changes_ms(0)
    treating.keep(200)
    assert treating.gate_changes_ms(0) == []
    assert treating.status().faults == STOPPED


def test_clearing_waits_for_the_cause_to_go_and_the_pedal_to_be_released(treating: Host) -> None:
    treating.chip.set(stop=0)
    treating.keep(50)
    assert treating.ask("CL").endswith(",3")
    treating.chip.set(stop=1)
    assert treating.ask("CL").endswith(",3")
    treating.chip.release()
    assert treating.ask("CL").startswith("OK")
    assert treating.status().faults == 0
    treating.chip.press()
    treating.keep(50)
    assert treating.chip.outputs().gate == 1


@pytest.mark.parametrize("seen_as", ["never there", "there again"])
def test_an_accelerometer_is_found_whenever_it_comes(host: Host, seen_as: str) -> None:
    if seen_as == "there again":
        host.chip.set(accelerometer="adxl345")
        host.chip.run_ms(300)
        assert host.status().flags & ACCELEROMETER
        host.chip.set(accelerometer="none")
    host.chip.run_ms(300)
    assert not host.status().flags & ACCELEROMETER
    assert host.status().vibration_mg == 0
    host.chip.set(accelerometer="mpu6050")
    host.chip.run_ms(300)
    assert host.status().flags & ACCELEROMETER


def test_an_accelerometer_that_lost_its_power_for_a_moment_is_set_up_again(host: Host) -> None:
    host.chip.set(accelerometer="mpu6050", vibration_mg=1000)
    host.chip.run_ms(500)
    host.chip.set(accelerometer="mpu6050")  # another one, asleep as after power-up
    host.chip.run_ms(300)
    assert host.status().vibration_mg == pytest.approx(1000, rel=0.05)


def test_a_freed_bus_brings_the_accelerometer_back(host: Host) -> None:
    host.chip.set(accelerometer="adxl345", bus_stuck=1)
    host.chip.run_ms(300)
    assert not host.status().flags & ACCELEROMETER
    host.chip.set(bus_stuck=0)
    host.chip.run_ms(300)
    assert host.status().flags & ACCELEROMETER


@pytest.mark.parametrize(
    ("contacts", "limit_ms"), [({"no": 1}, 50), ({"nc": 0}, 1000)], ids=["both closed", "both open"]
)
def test_a_pair_that_cannot_be_is_a_wiring_fault_after_its_time(
    host: Host, contacts: dict[str, int], limit_ms: int
) -> None:
    host.chip.run_ms(20)
    host.chip.set(**contacts)
    host.chip.run_ms(limit_ms - 15)
    host.chip.take_lines()
    host.chip.run_ms(13)
    assert statuses(host.chip.take_lines())[-1].faults == 0
    host.chip.run_ms(15)
    assert statuses(host.chip.take_lines())[-1].faults == WIRING
    assert host.ask("CL").endswith(",3")
    host.chip.release()
    assert host.ask("CL").startswith("OK")
