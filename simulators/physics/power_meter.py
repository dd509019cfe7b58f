"""A thermal power meter held into the beam at the fibre's end, as whoever calibrates reads it.

Its head warms up with a time constant of its own, its display has a resolution and ends at its range. What
a person does wrong with it is settable: a range read by a factor of ten, a head that is slower than thought.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from random import Random


@dataclass
class PowerMeter:
    """random: of its noise. time_constant_s: of its head. gain: its own error, 1 for none.

    noise_part: the standard deviation of a reading, as a part of it. factor: by which whoever reads it is
    wrong. range_w: where its display ends.
    """

    random: Random
    time_constant_s: float = 0.9
    gain: float = 1.0
    noise_part: float = 0.002
    resolution_w: float = 0.001
    range_w: float = 15.0
    factor: float = 1.0
    serial_number: str = "SIM-METER"
    wavelength_nm: float = 1550.0
    _head_w: float = field(default=0.0, init=False)
    _at_s: float = field(default=0.0, init=False)

    def light(self, power_w: float, now_s: float) -> None:
        """Let the head follow the power that has fallen on it since the last call."""
        if now_s > self._at_s:
            self._head_w += (power_w - self._head_w) * (
                1.0 - exp(-(now_s - self._at_s) / self.time_constant_s)
            )
            self._at_s = now_s

    def read_w(self) -> float:
        """Return what its display is read as."""
        shown_w = self.gain * self._head_w * (1.0 + self.random.gauss(0.0, self.noise_part))
        shown_w = min(max(shown_w, 0.0), self.range_w)
        return round(shown_w / self.resolution_w) * self.resolution_w * self.factor
