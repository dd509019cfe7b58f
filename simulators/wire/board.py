"""The interlock board: its firmware's gate logic and wire, event by event instead of loop by loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from simulators.kernel import Kernel, Timer
from simulators.plant import Plant
from simulators.wire.board_lines import frame, unframe, unsigned
from simulators.wire.board_pedal import PedalInput
from simulators.wire.line import VirtualLine

STATUS_S = 0.010
WINDOW_S = 0.100
WINDOWS_TO_AGREE = 3
HOST_SILENCE_S = 0.250
MOTOR_SPIN_UP_S = 0.500
READ_BACK_S = 0.020
WATCHDOG_S = 0.120
BOOT_S = 0.050  # the page gives none
REACTION_S = (0.0002, 0.0018)  # the firmware's loop acts on an edge within 2 ms
LONGEST_BACKLOG_S = 0.05  # a chattering input must not fill the sender
DEFAULT_THRESHOLD_MG = 800

UNKNOWN_COMMAND, OUT_OF_RANGE, NOT_NOW = 1, 2, 3
# Range of each command's value; None for a command without one.
VALUE_RANGES = {"HB": (0, 1), "MO": (0, 153), "AI": (0, 1), "VT": (50, 2000), "CL": None, "ID": None}

PEDAL_WIRING, STOP_OPENED, VIBRATION_LOST, HOST_SILENT = 1 << 0, 1 << 1, 1 << 2, 1 << 3
GATE_WELDED, GATE_STUCK_OPEN, ACCELEROMETER_LOST, RESTARTED = 1 << 4, 1 << 5, 1 << 6, 1 << 7


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """What the board says it is. answers: False for a board whose line is cut; its gate logic still runs."""

    serial: str = "SIM-BOARD"
    firmware: str = "1.0-sim"
    protocol: int = 1
    baud: int = 115200
    answers: bool = True


class InterlockBoard:
    """The board. dropped_lines counts received lines that were too long, damaged or without a number.

    ignores: a command that it answers and does not obey, or nothing. lying_flags: bits of the status flags
    that it tells inverted. stale_status: it says the newest status again and again.
    """

    __slots__ = (
        "_accelerometer_present",
        "_aiming",
        "_booted_s",
        "_coil",
        "_gate_settled",
        "_heard_s",
        "_host_alive",
        "_kernel",
        "_motor_pwm",
        "_motor_ready",
        "_newest_status",
        "_options",
        "_pedal",
        "_photodiode",
        "_plant",
        "_random",
        "_read_back",
        "_running",
        "_sequence",
        "_smoothing",
        "_stop_loop",
        "_threshold_mg",
        "_ticks",
        "_timers",
        "_vibration_healthy",
        "_vibration_mg",
        "_wants_gate",
        "_windows_over",
        "_windows_under",
        "dropped_lines",
        "faults",
        "ignores",
        "line",
        "lying_flags",
        "stale_status",
    )

    def __init__(self, plant: Plant, options: BoardOptions | None = None) -> None:
        self._options = options = options or BoardOptions()
        self._plant = plant
        self._kernel: Kernel = plant.kernel
        self._random = Random(plant.random_seed("wire.board"))
        self.line = VirtualLine(
            plant.kernel, self._receive, baud=options.baud, seed=self._random.getrandbits(32)
        )
        self.line.mute = self.line.deaf = not options.answers
        self.dropped_lines = 0
        self.ignores = "nothing"
        self.lying_flags = 0
        self.stale_status = False
        self._newest_status = b""
        self._smoothing = plant.smoothing
        self._photodiode = plant.photodiode
        self._stop_loop = plant.stop_loop
        self._read_back = plant.gate.contact
        self._pedal = PedalInput(
            plant.kernel, plant.pedal_no, plant.pedal_nc, self._input_changed, self._pedal_wiring_failed
        )
        self._timers: dict[str, Timer] = {}
        self._running = False
        self._stop_loop.subscribe(self._stop_loop_moved)
        self._read_back.subscribe(self._read_back_moved)
        self._clear_state(faults=0)
        self._plan("boot", self._random.random() * STATUS_S, self._boot)  # not in step with the host's ticks

    @property
    def serial_number(self) -> str:
        return self._options.serial

    # Life of the processor.

    def reboot(self, *, by_watchdog: bool = False) -> None:
        """Reset now: every output off, then a start from nothing; by its watchdog it reports fault 7."""
        self._halt()
        self._clear_state(faults=RESTARTED if by_watchdog else 0)
        self._switch_outputs_off()
        self.line.deaf_until_s = self._kernel.now_s + BOOT_S
        self._plan("boot", BOOT_S, self._boot)

    def hang(self) -> None:
        """The main loop stands still, outputs as they are, until the watchdog resets the processor."""
        if self._running:
            self._halt()
            self._plan("watchdog", WATCHDOG_S, lambda: self.reboot(by_watchdog=True))

    @property
    def busy(self) -> bool:
        """Whether the main loop stands still for good, outputs as they are: its watchdog is dead too."""
        return not self._timers

    @busy.setter
    def busy(self, busy: bool) -> None:
        if busy:
            self._halt()
        elif not self._timers:
            self.reboot()

    def fail(self, fault: int) -> None:
        """Latch a fault as if its cause had been seen."""
        if self._running:
            self._latch(fault)
            self._send_status()

    def _halt(self) -> None:
        self._running = False
        self._pedal.stop()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _clear_state(self, faults: int) -> None:
        self.faults = faults
        self._sequence = 0
        self._ticks = 0
        self._booted_s = 0.0
        self._coil = False
        self._gate_settled = False
        self._wants_gate = False
        self._host_alive = False
        self._heard_s = 0.0
        self._motor_pwm = 0
        self._motor_ready = False
        self._aiming = False
        self._threshold_mg = DEFAULT_THRESHOLD_MG
        self._vibration_mg = 0
        self._vibration_healthy = False
        self._windows_over = 0
        self._windows_under = 0
        self._accelerometer_present = False
        self._pedal.clear()

    def _switch_outputs_off(self) -> None:
        self._plant.gate.set_coil(False)
        self._smoothing.set_motor_pwm(0)
        self._plant.set_aiming(False)

    def _boot(self) -> None:
        self._running = True
        self._booted_s = self._kernel.now_s
        self._accelerometer_present = self._smoothing.accelerometer_present
        if not self._stop_loop.closed:
            self.faults |= STOP_OPENED
        if self._read_back.closed:
            self._plan("read-back", READ_BACK_S, self._check_read_back)
        self._pedal.start()
        self._plan("status", STATUS_S, self._tick)
        self._plan("window", WINDOW_S, self._close_window)

    def _plan(self, name: str, delay_s: float, action: Callable[[], None]) -> None:
        self._cancel(name)
        self._timers[name] = self._kernel.after(delay_s, action)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    # The gate.

    def _gate_allowed(self) -> bool:
        return (
            self._host_alive
            and self._wants_gate
            and self._pedal.pressed
            and self._stop_loop.closed
            and self._motor_ready
            and self._vibration_healthy
            and not self.faults
            and (self._coil or not self._read_back.closed)
        )

    def _decide(self) -> None:
        """Something the gate hangs on has changed; the firmware's loop acts a moment later."""
        if self._gate_allowed() != self._coil and "gate" not in self._timers:
            self._plan("gate", self._random.uniform(*REACTION_S), self._move_gate)

    def _move_gate(self) -> None:
        self._cancel("gate")
        allowed = self._gate_allowed()
        if allowed != self._coil:
            self._coil = allowed
            self._gate_settled = False
            self._plan("read-back", READ_BACK_S, self._check_read_back)
            self._plant.gate.set_coil(allowed)

    def _check_read_back(self) -> None:
        closed = self._read_back.closed
        if self._coil and not closed:
            self._latch(GATE_STUCK_OPEN)
        elif closed and not self._coil:
            self._latch(GATE_WELDED)
        self._gate_settled = True

    def _latch(self, fault: int) -> None:
        self.faults |= fault
        self._decide()

    # Inputs.

    def _input_changed(self) -> None:
        self._decide()
        self._send_status()

    def _pedal_wiring_failed(self) -> None:
        self._latch(PEDAL_WIRING)

    def _stop_loop_moved(self) -> None:
        if self._running:
            if not self._stop_loop.closed:
                self.faults |= STOP_OPENED
            self._input_changed()

    def _read_back_moved(self) -> None:
        if not self._running:
            return
        closed = self._read_back.closed
        if self._coil and self._gate_settled and not closed:
            self.faults |= GATE_STUCK_OPEN
        elif closed and not self._coil:
            self._plan("read-back", READ_BACK_S, self._check_read_back)
        elif not closed and not self._coil:
            self._cancel("read-back")
        self._input_changed()

    def _close_window(self) -> None:
        self._plan("window", WINDOW_S, self._close_window)
        if not self._accelerometer_present:
            return
        self._vibration_mg = self._smoothing.vibration_mg()
        over = self._vibration_mg > self._threshold_mg
        self._windows_over = self._windows_over + 1 if over else 0
        self._windows_under = 0 if over else self._windows_under + 1
        if self._windows_over >= WINDOWS_TO_AGREE:
            self._vibration_healthy = True
            self._decide()
        elif self._windows_under >= WINDOWS_TO_AGREE and self._vibration_healthy:
            self._vibration_healthy = False
            self._latch(VIBRATION_LOST if self._coil else 0)

    def _accelerometer_changed(self) -> None:
        self._accelerometer_present = self._smoothing.accelerometer_present
        self._vibration_healthy = False
        self._vibration_mg = 0
        self._windows_over = self._windows_under = 0
        lost = self._motor_pwm and not self._accelerometer_present
        self._latch(ACCELEROMETER_LOST if lost else 0)

    def _watch_host(self) -> None:
        self._cancel("host")
        silent_s = self._kernel.now_s - self._heard_s
        if silent_s < HOST_SILENCE_S - 1e-9:
            self._plan("host", HOST_SILENCE_S - silent_s, self._watch_host)
            return
        self._host_alive = False
        self._latch(HOST_SILENT if self._wants_gate else 0)

    # Status.

    def _tick(self) -> None:
        self._ticks += 1
        due_s = self._booted_s + (self._ticks + 1) * STATUS_S
        self._timers["status"] = self._kernel.at(due_s, self._tick)
        if self._smoothing.accelerometer_present != self._accelerometer_present:
            self._accelerometer_changed()
        self._send_status()

    def _send_status(self) -> None:
        line = self.line
        if line.backlog_s > LONGEST_BACKLOG_S:
            return
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFF
        if not line.attached:
            return
        milliseconds = int((self._kernel.now_s - self._booted_s) * 1000.0 + 1e-6) & 0xFFFFFFFF
        light = self._photodiode.counts()
        if not self.stale_status:
            flags = self._flags() ^ self.lying_flags
            self._newest_status = frame(
                f"ST,{sequence},{milliseconds},{flags:X},{light},{self._vibration_mg},{self.faults:X}"
            )
        line.send(self._newest_status)

    def _flags(self) -> int:
        return (
            self._pedal.pressed
            | self._stop_loop.closed << 1
            | self._read_back.closed << 2
            | self._wants_gate << 3
            | (self._motor_pwm > 0) << 4
            | self._vibration_healthy << 5
            | self._aiming << 6
            | self._accelerometer_present << 7
            | self._host_alive << 8
        )

    # Commands.

    def _receive(self, line: bytes) -> None:
        if not self._running:
            return
        fields = unframe(line)
        number = unsigned(fields[1]) if fields is not None and len(fields) > 1 else None
        if fields is None or number is None:
            self.dropped_lines += 1
            return
        answer = self._obey(fields[0], number, fields[2:])
        if answer:
            self.line.send(frame(answer))

    def _obey(self, name: str, number: int, values: list[str]) -> str:
        """Carry out one command; returns its answer, empty for none."""
        if name not in VALUE_RANGES:
            return f"ER,{number},{UNKNOWN_COMMAND}"
        if name == self.ignores:
            return "" if name == "HB" else f"OK,{number}"
        limits = VALUE_RANGES[name]
        if limits is None:
            return self._obey_order(name, number) if not values else f"ER,{number},{OUT_OF_RANGE}"
        value = unsigned(values[0]) if len(values) == 1 else None
        if value is None or not limits[0] <= value <= limits[1]:
            return f"ER,{number},{OUT_OF_RANGE}"
        if name == "HB":
            self._heartbeat(value == 1)
            return ""
        self._set(name, value)
        return f"OK,{number}"

    def _obey_order(self, name: str, number: int) -> str:
        if name == "ID":
            options = self._options
            return f"ID,{number},TOSCA-IL,{options.protocol},{options.firmware},{options.serial}"
        if self._pedal.pressed or self._pedal.contacts_pressed or self.faults & self._standing_causes():
            return f"ER,{number},{NOT_NOW}"
        self.faults = 0
        self._decide()
        return f"OK,{number}"

    def _set(self, name: str, value: int) -> None:
        if name == "MO":
            self._set_motor(value)
        elif name == "AI":
            self._aiming = value == 1
            self._plant.set_aiming(self._aiming)
        else:
            self._threshold_mg = value

    def _heartbeat(self, wants_gate: bool) -> None:
        self._heard_s = self._kernel.now_s
        self._wants_gate = wants_gate
        self._host_alive = True
        if "host" not in self._timers:
            self._plan("host", HOST_SILENCE_S, self._watch_host)
        self._decide()

    def _set_motor(self, pwm: int) -> None:
        if pwm and not self._motor_pwm:
            self._plan("motor", MOTOR_SPIN_UP_S, self._motor_has_spun_up)
        elif not pwm:
            self._stop_motor()
        self._motor_pwm = pwm
        self._smoothing.set_motor_pwm(pwm)

    def _stop_motor(self) -> None:
        self._cancel("motor")
        # Without its motor a gate that may be closed loses the vibration it was closed for.
        fault = VIBRATION_LOST if self._coil and self._gate_allowed() else 0
        self._motor_ready = False
        self._latch(fault)

    def _motor_has_spun_up(self) -> None:
        self._motor_ready = True
        self._decide()

    def _standing_causes(self) -> int:
        causes = PEDAL_WIRING if self._pedal.ambiguous else 0
        if not self._stop_loop.closed:
            causes |= STOP_OPENED
        if self._motor_pwm and not self._vibration_healthy:
            causes |= VIBRATION_LOST
        if self._wants_gate and not self._host_alive:
            causes |= HOST_SILENT
        if self._read_back.closed and not self._coil:
            causes |= GATE_WELDED
        if self._motor_pwm and not self._accelerometer_present:
            causes |= ACCELEROMETER_LOST
        return causes
