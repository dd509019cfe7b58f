"""The simulated interlock board on a small plant, and a host that keeps it alive."""

from dataclasses import dataclass

from simulators.wire.board import InterlockBoard
from simulators.wire.board_lines import unframe
from tests.simulators.wire.wire_bench import Bench, Host, framed


@dataclass
class Status:
    seq: int
    ms: int
    flags: int
    pd: int
    vib: int
    faults: int


PEDAL, LOOP, GATE, WANTED, MOTOR, HEALTHY, AIMING, ACCELEROMETER, ALIVE = (1 << bit for bit in range(9))


class Rig(Host):
    """A host that sends heartbeats every 20 ms while `beating`."""

    def __init__(self, seed=1):
        self.bench = Bench(seed)
        self.board = InterlockBoard(self.bench)
        self.gate = self.bench.gate
        super().__init__(self.bench, self.board.line)
        self.number = 0
        self.beating = True
        self.want = 0
        self.answers = []
        self.statuses = []
        self.kernel.after(0.015, self._beat)
        self.run(0.05)

    def _beat(self):
        if self.beating:
            self.send(f"HB,{{n}},{self.want}")
        self.kernel.after(0.02, self._beat)

    def send(self, body):
        self.number += 1
        self.type(framed(body.replace("{n}", str(self.number))))
        return self.number

    def run(self, seconds):
        """Let time pass and sort what the board said."""
        until_s = self.kernel.now_s + seconds
        while self.kernel.now_s < until_s - 1e-12:
            self.kernel.advance(min(until_s, self.kernel.now_s + 0.1))
            self._sort()

    def _sort(self):
        self._rest = getattr(self, "_rest", b"") + self.read()
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            fields = unframe(line)
            assert fields is not None, line
            if fields[0] == "ST":
                hexadecimal = {3, 6}
                self.statuses.append(
                    Status(*(int(f, 16 if i in hexadecimal else 10) for i, f in enumerate(fields) if i))
                )
            else:
                self.answers.append(",".join(fields))

    def command(self, body):
        """Send a command and return its answer with the number taken out."""
        self.answers.clear()
        number = self.send(body)
        self.run(0.02)
        (answer,) = self.answers
        kind, answered, *rest = answer.split(",")
        assert int(answered) == number
        return ",".join([kind, *rest])

    @property
    def newest(self):
        self.run(0.02)
        return self.statuses[-1]

    def set_want(self, want):
        self.want = want
        self.send(f"HB,{{n}},{want}")

    def close_gate(self):
        self.command("MO,{n},127")
        self.run(1.0)
        self.bench.press()
        self.run(0.03)
        self.set_want(1)
        self.run(0.03)
        assert self.gate.contact.closed
        assert self.newest.faults == 0
