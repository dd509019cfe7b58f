"""The interlock board: its firmware's gate logic and wire, event by event instead of loop by loop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from random import Random

from simulators.kernel import Kernel
from simulators.plant import Plant
from simulators.wire import board_faults as fault
from simulators.wire import board_lines as wire
from simulators.wire.board_outbox import Outbox
from simulators.wire.board_pedal import PedalInput
from simulators.wire.board_timers import Timers
from simulators.wire.board_vibration import WINDOW_S, VibrationWatch
from simulators.wire.ignored import NOTHING
from simulators.wire.line import VirtualLine

STATUS_S = 0.010
HOST_SILENCE_S = 0.250
MOTOR_SPIN_UP_S = 0.500
READ_BACK_S = 0.020
WATCHDOG_S = 0.120
BOOT_S = 0.050  # WIRE.md gives none
REACTION_S = (0.0, 0.00025)  # the firmware looks four times a millisecond; WIRE.md allows 2 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """What the board says it is. answers: False for a board whose line is cut; its gate logic still runs."""

    serial: str = "SIM-BOARD"
    firmware: str = "1.0-sim"
    protocol: int = 1
    baud: int = 115200
    answers: bool = True


class InterlockBoard:
    """The board. dropped_lines counts lines too long, damaged, without a number or room for their answer.

    ignores: a command that it answers and does not obey, or nothing. lying_flags: bits of the status flags
    that it tells inverted. stale_status: it says the newest status again and again.
    """

    __slots__ = (
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
        "_outbox",
        "_pedal",
        "_photodiode",
        "_plant",
        "_random",
        "_read_back",
        "_running",
        "_sequence",
        "_smoothing",
        "_stop_loop",
        "_ticks",
        "_timers",
        "_vibration",
        "_wants_gate",
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
        seed = self._random.getrandbits(32)
        self.line = VirtualLine(plant.kernel, self._receive, baud=options.baud, seed=seed)
        self.line.mute = self.line.deaf = not options.answers
        self._outbox = Outbox(self.line)
        self.dropped_lines = 0
        self.ignores = NOTHING
        self.lying_flags = 0
        self.stale_status = False
        self._newest_status = b""
        self._smoothing = plant.smoothing
        self._vibration = VibrationWatch(plant.smoothing)
        self._photodiode = plant.photodiode
        self._stop_loop = plant.stop_loop
        self._read_back = plant.gate.contact
        miswired = partial(self._latch, fault.PEDAL_WIRING)
        self._pedal = PedalInput(plant.kernel, plant.pedal_no, plant.pedal_nc, self._input_changed, miswired)
        self._timers = Timers(plant.kernel)
        self._running = False
        self._stop_loop.subscribe(self._stop_loop_moved)
        self._read_back.subscribe(self._read_back_moved)
        self._clear_state(faults=0)
        # Not in step with the host's ticks.
        self._timers.plan("boot", self._random.random() * STATUS_S, self._boot)

    @property
    def serial_number(self) -> str:
        return self._options.serial

    # Life of the processor.

    def reboot(self, *, by_watchdog: bool = False) -> None:
        """Reset now: every output off, then a start from nothing; by its watchdog it reports fault 7."""
        self._halt()
        self._clear_state(faults=fault.RESTARTED if by_watchdog else 0)
        self._switch_outputs_off()
        self.line.deaf_until_s = self._kernel.now_s + BOOT_S
        self._timers.plan("boot", BOOT_S, self._boot)

    def hang(self) -> None:
        """The main loop stands still, outputs as they are, until the watchdog resets the processor."""
        if self._running:
            self._halt()
            self._timers.plan("watchdog", WATCHDOG_S, lambda: self.reboot(by_watchdog=True))

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

    def fail(self, bit: int) -> None:
        """Latch a fault as if its cause had been seen."""
        if self._running:
            self._latch(bit)
            self._tell_edge()

    def _halt(self) -> None:
        self._running = False
        self._pedal.stop()
        self._timers.cancel_all()

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
        self._vibration.clear()
        self._pedal.clear()

    def _switch_outputs_off(self) -> None:
        self._plant.gate.set_coil(False)
        self._smoothing.set_motor_pwm(0)
        self._plant.set_aiming(False)

    def _boot(self) -> None:
        self._running = True
        self._booted_s = self._kernel.now_s
        self._vibration.look_for_accelerometer()
        if not self._stop_loop.closed:
            self.faults |= fault.STOP_OPENED
        if self._read_back.closed:
            self._timers.plan("read-back", READ_BACK_S, self._check_read_back)
        self._pedal.start()
        self._timers.plan("status", STATUS_S, self._tick)
        self._timers.plan("window", WINDOW_S, self._close_window)

    # The gate.

    def _gate_allowed(self) -> bool:
        return (
            self._host_alive
            and self._wants_gate
            and self._pedal.pressed
            and self._stop_loop.closed
            and self._motor_ready
            and self._vibration.healthy
            and not self.faults
            and (self._coil or not self._read_back.closed)
        )

    def _decide(self) -> None:
        """Something the gate hangs on has changed; the firmware's loop acts a moment later."""
        if self._gate_allowed() != self._coil and "gate" not in self._timers:
            self._timers.plan("gate", self._random.uniform(*REACTION_S), self._move_gate)

    def _move_gate(self) -> None:
        self._timers.cancel("gate")
        allowed = self._gate_allowed()
        if allowed != self._coil:
            self._coil = allowed
            self._gate_settled = False
            self._timers.plan("read-back", READ_BACK_S, self._check_read_back)
            self._plant.gate.set_coil(allowed)

    def _check_read_back(self) -> None:
        closed = self._read_back.closed
        if self._coil and not closed:
            self._latch(fault.GATE_STUCK_OPEN)
        elif closed and not self._coil:
            self._latch(fault.GATE_WELDED)
        self._gate_settled = True

    def _latch(self, bit: int) -> None:
        self.faults |= bit
        self._decide()

    # Inputs.

    def _input_changed(self) -> None:
        self._decide()
        self._tell_edge()

    def _stop_loop_moved(self) -> None:
        if not self._running:
            return
        self.faults |= 0 if self._stop_loop.closed else fault.STOP_OPENED
        self._input_changed()

    def _read_back_moved(self) -> None:
        if not self._running:
            return
        closed = self._read_back.closed
        if self._coil and self._gate_settled and not closed:
            self.faults |= fault.GATE_STUCK_OPEN
        elif closed and not self._coil:
            self._timers.plan("read-back", READ_BACK_S, self._check_read_back)
        elif not closed and not self._coil:
            self._timers.cancel("read-back")
        self._input_changed()

    def _close_window(self) -> None:
        self._timers.plan("window", WINDOW_S, self._close_window)
        healthy = self._vibration.close_window()
        if healthy:
            self._decide()
        elif healthy is not None:
            self._latch(fault.VIBRATION_LOST if self._coil else 0)

    def _watch_host(self) -> None:
        self._timers.cancel("host")
        silent_s = self._kernel.now_s - self._heard_s
        if silent_s < HOST_SILENCE_S - 1e-9:
            self._timers.plan("host", HOST_SILENCE_S - silent_s, self._watch_host)
            return
        self._host_alive = False
        self._latch(fault.HOST_SILENT if self._wants_gate else 0)

    # Status.

    def _tick(self) -> None:
        self._ticks += 1
        due_s = self._booted_s + (self._ticks + 1) * STATUS_S
        self._timers.go_on_at("status", due_s, self._tick)
        if self._vibration.look_for_accelerometer():
            lost = self._motor_pwm and not self._vibration.accelerometer_present
            self._latch(fault.ACCELEROMETER_LOST if lost else 0)
        self._tell_status()

    def _tell_edge(self) -> None:
        """Tell the status at once, or as soon as there is room for it."""
        if wait_s := self._outbox.edge_after_s():
            self._timers.plan("edge", wait_s, self._tell_edge)
        else:
            self._tell_status()

    def _tell_status(self) -> None:
        self._timers.cancel("edge")
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFFFF
        if not self.line.attached:
            return
        light = self._photodiode.counts()
        if not self.stale_status:
            milliseconds = int((self._kernel.now_s - self._booted_s) * 1000.0 + 1e-6) & 0xFFFFFFFF
            flags = self._flags() ^ self.lying_flags
            self._newest_status = wire.frame(
                f"ST,{sequence},{milliseconds},{flags:X},{light},{self._vibration.vibration_mg},{self.faults:X}"
            )
        self._outbox.send(self._newest_status)

    def _flags(self) -> int:
        return (
            self._pedal.pressed
            | self._stop_loop.closed << 1
            | self._read_back.closed << 2
            | self._wants_gate << 3
            | (self._motor_pwm > 0) << 4
            | self._vibration.healthy << 5
            | self._aiming << 6
            | self._vibration.accelerometer_present << 7
            | self._host_alive << 8
        )

    # Commands.

    def _receive(self, line: bytes) -> None:
        if not self._running:
            return
        command = wire.command_of(line)
        if command is None or not (command.name == "HB" or self._outbox.takes_answer()):
            self.dropped_lines += 1
        elif answer := self._obey(*command):
            self._outbox.send(wire.frame(answer))

    def _obey(self, name: str, number: int, values: list[str]) -> str:
        """Carry out one command; returns its answer, empty for none."""
        if name == self.ignores and name in wire.VALUE_RANGES:
            return "" if name == "HB" else f"OK,{number}"
        try:
            value = wire.value_of(name, values)
        except wire.RefusedError as error:
            return f"ER,{number},{error.code}"
        if value is None:
            return self._obey_order(name, number)
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
            return f"ER,{number},{wire.NOT_NOW}"
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
            self._vibration.threshold_mg = value

    def _heartbeat(self, wants_gate: bool) -> None:
        self._heard_s = self._kernel.now_s
        self._wants_gate = wants_gate
        self._host_alive = True
        if "host" not in self._timers:
            self._timers.plan("host", HOST_SILENCE_S, self._watch_host)
        self._decide()

    def _set_motor(self, pwm: int) -> None:
        if pwm and not self._motor_pwm:
            self._timers.plan("motor", MOTOR_SPIN_UP_S, self._motor_has_spun_up)
        elif not pwm:
            self._stop_motor()
        self._motor_pwm = pwm
        self._smoothing.set_motor_pwm(pwm)

    def _stop_motor(self) -> None:
        self._timers.cancel("motor")
        # Without its motor a gate that may be closed loses the vibration it was closed for.
        lost = self._coil and self._gate_allowed()
        self._motor_ready = False
        self._latch(fault.VIBRATION_LOST if lost else 0)

    def _motor_has_spun_up(self) -> None:
        self._motor_ready = True
        self._decide()

    def _standing_causes(self) -> int:
        causes = fault.PEDAL_WIRING if self._pedal.ambiguous else 0
        if not self._stop_loop.closed:
            causes |= fault.STOP_OPENED
        if self._motor_pwm and not self._vibration.healthy:
            causes |= fault.VIBRATION_LOST
        if self._wants_gate and not self._host_alive:
            causes |= fault.HOST_SILENT
        if self._read_back.closed and not self._coil:
            causes |= fault.GATE_WELDED
        if self._motor_pwm and not self._vibration.accelerometer_present:
            causes |= fault.ACCELEROMETER_LOST
        return causes
