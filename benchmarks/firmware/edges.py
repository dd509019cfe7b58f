"""The interlock firmware on its emulated chip: pedal edge to gate open, starved watchdog, flash and RAM.

    python -m benchmarks.firmware.edges --edges 10000 --seed 1

All times are the chip's. Edges come at random phases of everything the chip does, by a random contact of the
pedal, while both directions of the line are full: commands without a pause one way, answers and statuses the
other. The watchdog is starved in each of the ways in which a program hangs.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from benchmarks.firmware.build import build, sizes
from benchmarks.firmware.chip import CYCLES_PER_MS, HANGS, RAM_END, SimulatedBoardChip, framed, statuses
from benchmarks.firmware.host import Host
from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.percentiles import percentile

LATEST_OPEN_MS = 2.0
LATEST_HANG_MS = 130.0
FLASH_LIMIT_BYTES = 0.8 * 32768
RAM_LIMIT_BYTES = 0.8 * 2048
HANGS_EACH = 8
# 117 647 baud; the emulated chip counts eleven bits to a character.
FASTEST_BYTES_A_MS = 117.647 / 11
# The line brings a byte every 0.1 ms; queued a little ahead so that it never falls idle.
BYTE_MS = 0.1
AHEAD_MS = 60.0
PRESS_MS = 24.0


class Edges(NamedTuple):
    """Times from edge to open gate; bytes sent, of those the line carries; RAM with the stack."""

    open_ms: list[float]
    sent_bytes: int
    line_bytes: int
    ram_bytes: int


class Hang(NamedTuple):
    """From the hang to the open gate, and the faults told after the restart."""

    open_ms: float
    faults: int


class Traffic:
    """Keeps the line to the chip full: heartbeats, and between them questions and wrong commands."""

    def __init__(self, chip: SimulatedBoardChip, random: Random) -> None:
        self._chip = chip
        self._random = random
        self._queued_until_ms = chip.cycle / CYCLES_PER_MS
        self.sent_bytes = 0

    def run_ms(self, ms: float) -> None:
        """Let time pass with the line full all the while."""
        until_ms = self._chip.cycle / CYCLES_PER_MS + ms + AHEAD_MS
        raw = bytearray()
        while self._queued_until_ms < until_ms:
            body = self._random.choice(("ID,7", "MO,7,127", "VT,7,800", "AI,7,1", "XX,7", "MO,7,999"))
            lines = framed("HB,7,1") + framed(body) * self._random.randint(4, 10)
            raw += lines.encode()
            self._queued_until_ms += len(lines) * BYTE_MS
        self._chip.write(bytes(raw))
        self._chip.run_ms(ms)
        self.sent_bytes += sum(len(line.text) for line in self._chip.take_lines())


def measure_edges(count: int, seed: int) -> Edges:
    """Press and release so many times; each release by a random contact at a random moment."""
    random = Random(seed)
    open_ms = []
    with SimulatedBoardChip() as chip:
        host = Host(chip)
        host.close_gate()
        begun = chip.cycle
        traffic = Traffic(chip, random)
        for _ in tracked(range(count), "edges", count):
            chip.press()
            traffic.run_ms(PRESS_MS + random.random() * 12.0)
            assert chip.outputs().gate == 1, "the gate did not close"
            chip.take_changes()
            edge = chip.cycle
            chip.set(**random.choice(({"no": 0}, {"nc": 1})))
            traffic.run_ms(3.0)
            opened = [
                change.cycle for change in chip.take_changes() if (change.name, change.value) == ("gate", 0)
            ]
            open_ms.append((opened[0] - edge) / CYCLES_PER_MS if opened else float("inf"))
            chip.release()
            traffic.run_ms(3.0)
        line_bytes = round((chip.cycle - begun) / CYCLES_PER_MS * FASTEST_BYTES_A_MS)
        ram_bytes = sizes()["ram"] + RAM_END - chip.outputs().lowest_sp
    return Edges(open_ms, traffic.sent_bytes, line_bytes, ram_bytes)


def measure_hang(how: str, phase_ms: float) -> Hang:
    """Hang the program in this way while the gate is closed; the host stays, and so does the foot."""
    with SimulatedBoardChip() as chip:
        host = Host(chip)
        host.close_gate()
        chip.run_ms(phase_ms)
        chip.hang(how)
        hung = chip.cycle
        host.keep(150)
        changes = host.gate_changes_ms(hung)
        open_ms = changes[0][0] if changes else float("inf")
        return Hang(open_ms, statuses(chip.take_lines())[-1].faults)


def main() -> int:
    """Run the campaign; return 1 when a figure is past its limit."""
    parser = command_line("firmware.edges", __doc__)
    parser.add_argument("--edges", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    build()
    random = Random(arguments.seed)
    edges = measure_edges(arguments.edges, arguments.seed)
    hangs = {how: [measure_hang(how, random.random() * 20.0) for _ in range(HANGS_EACH)] for how in HANGS}
    rows = [
        Row("pedal edge to gate open, median", percentile(edges.open_ms, 0.5), None, "ms"),
        Row("pedal edge to gate open, worst", max(edges.open_ms), LATEST_OPEN_MS, "ms"),
        Row("line to the host in use", 100.0 * edges.sent_bytes / edges.line_bytes, None, "%"),
        *(
            Row(
                f"hung ({how}) to gate open, worst",
                max(hang.open_ms for hang in of_kind),
                LATEST_HANG_MS,
                "ms",
            )
            for how, of_kind in hangs.items()
        ),
        Row("flash", sizes()["flash"], FLASH_LIMIT_BYTES, "bytes"),
        Row("RAM, variables", sizes()["ram"], RAM_LIMIT_BYTES, "bytes"),
        Row("RAM, with the deepest stack", edges.ram_bytes, RAM_LIMIT_BYTES, "bytes"),
    ]
    return judged(f"Interlock firmware, {arguments.edges} edges, seed {arguments.seed}", rows)


if __name__ == "__main__":
    raise SystemExit(main())
