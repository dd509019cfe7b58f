"""A host at the emulated board: heartbeats while time passes, and the way to a closed gate."""

from __future__ import annotations

from benchmarks.firmware.chip import SimulatedBoardChip, Status, answers, framed, statuses

HEARTBEAT_MS = 50
STARTED_MS = 3  # after which a board listens
VIBRATION_MG = 2400
# Flags of the status.
PRESSED, STOP, GATE, WANTED, MOTOR, HEALTHY, AIMING, ACCELEROMETER, ALIVE = (1 << bit for bit in range(9))
# Faults of the status.
WIRING, STOPPED, VIBRATION, SILENT, WELDED, STUCK, LOST, RESTARTED = (1 << bit for bit in range(8))


class Host:
    """Sends heartbeats with what it wants while time passes; numbers its commands."""

    def __init__(self, chip: SimulatedBoardChip) -> None:
        self.chip = chip
        self.wants = 0
        self._number = 0
        chip.run_ms(STARTED_MS)

    def _next(self) -> int:
        self._number = (self._number + 1) % 65536
        return self._number

    def heartbeat(self) -> None:
        """Send one heartbeat now."""
        self.chip.command("HB", self._next(), self.wants)

    def keep(self, ms: float) -> None:
        """Let time pass with a heartbeat at the start of every 50 ms of it."""
        while ms > 0:
            self.heartbeat()
            self.chip.run_ms(min(ms, HEARTBEAT_MS))
            ms -= HEARTBEAT_MS

    def ask(self, name: str, *values: int) -> str:
        """Send a command; return its answer, or "" where none came within 20 ms."""
        self.chip.take_lines()
        number = self._next()
        self.chip.command(name, number, *values)
        self.chip.run_ms(20)
        found = answers(self.chip.take_lines())
        assert all(int(answer.split(",")[1]) == number for answer in found)
        return found[0] if found else ""

    def say(self, body: str) -> list[str]:
        """Send a sound line with this body; return the answers of the next 20 ms."""
        self.chip.take_lines()
        self.chip.write(framed(body).encode("latin-1"))
        self.chip.run_ms(20)
        return answers(self.chip.take_lines())

    def status(self) -> Status:
        """Return the newest status, after 20 ms."""
        self.chip.run_ms(20)
        return statuses(self.chip.take_lines())[-1]

    def spin_up(self) -> None:
        """Motor on, accelerometer there, vibration healthy, pedal released."""
        self.chip.set(accelerometer="mpu6050", vibration_at_127_mg=VIBRATION_MG)
        self.keep(50)
        assert self.ask("MO", 127).startswith("OK")
        self.keep(600)

    def close_gate(self) -> None:
        """Do all that the gate needs; it is closed afterwards, and its contact has followed."""
        self.spin_up()
        self.wants = 1
        self.chip.press()
        self.keep(40)
        assert self.chip.outputs().gate == 1
        assert self.status().faults == 0
        self.heartbeat()
        self.chip.run_ms(5)
        self.chip.take_lines()
        self.chip.take_changes()

    def gate_changes_ms(self, since_cycle: int) -> list[tuple[float, int]]:
        """Return the gate's changes since the last call: ms after the cycle, and what it became."""
        changes = [change for change in self.chip.take_changes() if change.name == "gate"]
        return [((change.cycle - since_cycle) / 16_000, change.value) for change in changes]
