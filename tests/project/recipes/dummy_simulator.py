"""The dummy temperature controller's side of the recipe, over the simulated cart's heat."""

from __future__ import annotations

from simulators.plant import Plant
from simulators.wire.line import VirtualLine

LIMIT_A = 4.0


class DummyTec:
    """Takes `S <set point>`, which switches it on, and answers `?`."""

    def __init__(self, plant: Plant) -> None:
        self._tec = plant.tec
        self._setpoint_c = 25.0
        self.line = VirtualLine(plant.kernel, self._take, baud=38400, seed=plant.random_seed("wire.tec"))

    def _take(self, line: bytes) -> None:
        if line.startswith(b"S "):
            self._setpoint_c = float(line[2:])
            self._tec.regulate(True, self._setpoint_c, LIMIT_A)
        elif line == b"?":
            values = (self._tec.temperature_c(), self._setpoint_c)
            self.line.send(b"DUMMY SIM-TEC %.3f %.3f 1\n" % values)
