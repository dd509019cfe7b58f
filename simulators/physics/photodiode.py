"""The pick-off photodiode, its amplifier and the interlock board's 10-bit converter."""

from __future__ import annotations

import math
from random import Random

from simulators.kernel import Kernel

VOLT_PER_WATT = 0.5
TIME_CONSTANT_S = 0.001
DARK_V = 0.005
NOISE_V = 0.002
REFERENCE_V = 5.0
STEPS = 1024
SETTLED_S = 40.0 * TIME_CONSTANT_S


class Photodiode:
    """Follows the light through a first-order lag, solved in closed form for each straight line of light."""

    __slots__ = (
        "_kernel",
        "_noise_v",
        "_power_w",
        "_random",
        "_since_s",
        "_slope",
        "_start_w",
        "blocked",
        "dark_v",
        "drift",
        "volt_per_watt",
    )

    def __init__(
        self,
        kernel: Kernel,
        random: Random,
        *,
        volt_per_watt: float = VOLT_PER_WATT,
        dark_v: float = DARK_V,
    ) -> None:
        self.volt_per_watt = volt_per_watt
        """What it and its amplifier were made with."""
        self.drift = 1.0
        """What the gain has drifted to; 1 is as made."""
        self._kernel = kernel
        self._random = random
        self.blocked = False
        """Whether something keeps the light from the photodiode."""
        self.dark_v = dark_v
        """Amplifier and converter without light."""
        self._noise_v = 0.0
        self._since_s = kernel.now_s
        self._power_w = 0.0
        self._slope = 0.0
        self._start_w = 0.0

    def counts(self) -> int:
        """One conversion at the kernel's instant, 0..1023. The noise stays for one step of the grid."""
        seen_w = 0.0 if self.blocked else self._lagging_w()
        volts = self.dark_v + self._noise_v + self.volt_per_watt * self.drift * seen_w
        return min(STEPS - 1, max(0, int(volts * (STEPS / REFERENCE_V))))

    def light(self, power_w: float, slope_w_per_s: float) -> None:
        """From the kernel's instant on the light follows this straight line."""
        self._start_w = self._lagging_w()
        self._since_s = self._kernel.now_s
        self._power_w = power_w
        self._slope = slope_w_per_s

    def step(self) -> None:
        """One step of the world's grid: fresh amplifier noise."""
        self._noise_v = NOISE_V * self._random.gauss(0.0, 1.0)

    def _lagging_w(self) -> float:
        """The answer of a first-order lag to the present line: a line of the same slope, one lag later."""
        elapsed_s = self._kernel.now_s - self._since_s
        behind_w = self._slope * TIME_CONSTANT_S
        line_w = self._power_w + self._slope * elapsed_s - behind_w
        if elapsed_s > SETTLED_S:
            return line_w
        start_error_w = self._start_w - self._power_w + behind_w
        return line_w + start_error_w * math.exp(-elapsed_s / TIME_CONSTANT_S)
