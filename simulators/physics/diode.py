"""The laser diode and the power stage that drives it.

Between two commits the current is a straight line and the junction's threshold and slope are constants, so
the light is a straight line too and its integral is exact. Commits happen on the world's grid (temperatures,
noise), when the set point changes, and where the current reaches threshold or target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from simulators.kernel import Kernel, Timer
from simulators.physics.profiles import DiodeProfile
from simulators.plant import Sensor

OnLight = Callable[[float, float], None]
MAX_DRIVE_A = 100.0
SHORT_OHM = 0.02
MOST_AGEING = 0.9


class Diode:
    """A diode on its mount. step_s is the world's grid, on which `step` is called.

    on_light(power_w, slope_w_per_s) is told of every new straight line of light.
    """

    __slots__ = (
        "_ageing",
        "_break_a",
        "_chip_decay",
        "_chip_k",
        "_circuit",
        "_current_a",
        "_current_slope",
        "_dark",
        "_electric_j",
        "_energy_j",
        "_heat_j",
        "_kernel",
        "_mount_c",
        "_on_light",
        "_power_slope",
        "_power_w",
        "_random",
        "_since_s",
        "_slope_w_per_a",
        "_step_s",
        "_stepped_energy_j",
        "_submount_decay",
        "_submount_k",
        "_target_a",
        "_threshold_a",
        "_timer",
        "ageing_per_s",
        "profile",
    )

    def __init__(
        self,
        kernel: Kernel,
        profile: DiodeProfile,
        random: Random,
        *,
        mount_c: Callable[[], float],
        on_light: OnLight,
        step_s: float,
    ) -> None:
        self.profile = profile
        self._kernel = kernel
        self._random = random
        self._mount_c = mount_c
        self._on_light = on_light
        self._step_s = step_s
        self._chip_decay = math.exp(-step_s / profile.chip.time_constant_s)
        self._submount_decay = math.exp(-step_s / profile.submount.time_constant_s)
        self._circuit: Sensor = "ok"
        self._ageing = 0.0
        self.ageing_per_s = 0.0
        """By how much `ageing` grows in a second of current."""
        self._target_a = 0.0
        self._since_s = kernel.now_s
        self._current_a = 0.0
        self._current_slope = 0.0
        self._power_w = 0.0
        self._power_slope = 0.0
        self._energy_j = 0.0
        self._electric_j = 0.0
        self._stepped_energy_j = 0.0
        self._heat_j = 0.0
        self._chip_k = 0.0
        self._submount_k = 0.0
        self._threshold_a = profile.threshold_25_a
        self._slope_w_per_a = profile.slope_25_w_per_a
        self._dark = True
        self._break_a = 0.0
        self._timer: Timer | None = None

    @property
    def circuit(self) -> Sensor:
        """ok, open (a broken lead: no current) or short (current, but no light and no voltage)."""
        return self._circuit

    @circuit.setter
    def circuit(self, circuit: Sensor) -> None:
        self._commit()
        self._circuit = circuit
        if circuit == "open":
            self._current_a = 0.0
        self._begin()

    @property
    def ageing(self) -> float:
        """The part of the slope that is lost; the threshold rises by the same part."""
        return self._ageing

    @ageing.setter
    def ageing(self, ageing: float) -> None:
        self._commit()
        self._ageing = ageing
        self._refresh()
        self._begin()

    def drive(self, current_a: float) -> None:
        """Slew towards current_a from now on. Raises ValueError outside 0..100 A."""
        if not 0.0 <= current_a <= MAX_DRIVE_A:
            raise ValueError(f"diode: {current_a} A asked, 0 to {MAX_DRIVE_A:g} A allowed")
        if current_a == self._target_a:
            return
        self._commit()
        self._target_a = current_a
        if self._dark:
            self._dark = False
            self._refresh()
        self._begin()

    def current_a(self) -> float:
        return self._current_a + self._current_slope * (self._kernel.now_s - self._since_s)

    def voltage_v(self) -> float:
        """Compliance when a broken lead is driven, next to nothing over a short."""
        if self._circuit == "open":
            return self.profile.compliance_v if self._target_a > 0.0 else 0.0
        if self._circuit == "short":
            return SHORT_OHM * self.current_a()
        elapsed_s = self._kernel.now_s - self._since_s
        return self.profile.voltage_v(self._current_a + self._current_slope * elapsed_s)

    def monitor_current_ua(self) -> float:
        return self.profile.monitor_ua_per_w * self.optical_power_w()

    def optical_power_w(self) -> float:
        # The straight line may pass zero by a rounding error just before its end.
        return max(0.0, self._power_w + self._power_slope * (self._kernel.now_s - self._since_s))

    def emitted_energy_j(self) -> float:
        """The integral of optical_power_w since the world began."""
        elapsed_s = self._kernel.now_s - self._since_s
        return self._energy_j + (self._power_w + 0.5 * self._power_slope * elapsed_s) * elapsed_s

    def junction_c(self) -> float:
        return self._mount_c() + self._chip_k + self._submount_k

    def take_heat_j(self) -> float:
        """The heat that went into the mount since the last call; the mount's own step calls it."""
        heat_j = self._heat_j
        self._heat_j = 0.0
        return heat_j

    def step(self) -> None:
        """One step of the grid: junction temperatures from the heat of the last step, then fresh noise."""
        if self._dark:
            return
        self._commit()
        heat_j = self._electric_j - (self._energy_j - self._stepped_energy_j)
        self._electric_j = 0.0
        self._stepped_energy_j = self._energy_j
        self._heat_j += heat_j
        heat_w = heat_j / self._step_s
        profile = self.profile
        chip_end_k = heat_w * profile.chip.k_per_w
        submount_end_k = heat_w * profile.submount.k_per_w
        self._chip_k = chip_end_k + (self._chip_k - chip_end_k) * self._chip_decay
        self._submount_k = submount_end_k + (self._submount_k - submount_end_k) * self._submount_decay
        if self._current_a == 0.0 and self._target_a == 0.0 and self._submount_k < 1e-4:
            self._chip_k = self._submount_k = 0.0
            self._dark = True
            return
        if self.ageing_per_s > 0.0 and self._current_a > 0.0:
            self._ageing = min(MOST_AGEING, self._ageing + self.ageing_per_s * self._step_s)
        self._refresh()
        self._begin()

    def _refresh(self) -> None:
        """Take threshold and slope from the junction's present temperature."""
        profile = self.profile
        junction_c = self._mount_c() + self._chip_k + self._submount_k
        noise = 1.0 + profile.relative_noise * self._random.gauss(0.0, 1.0)
        self._threshold_a = profile.threshold_a(junction_c) * (1.0 + self._ageing)
        self._slope_w_per_a = profile.slope_w_per_a(junction_c) * (1.0 - self._ageing) * noise

    def _commit(self) -> None:
        """Close the present straight line at the kernel's instant."""
        now_s = self._kernel.now_s
        elapsed_s = now_s - self._since_s
        if elapsed_s <= 0.0:
            return
        start_a = self._current_a
        end_a = start_a + self._current_slope * elapsed_s
        self._energy_j += (self._power_w + 0.5 * self._power_slope * elapsed_s) * elapsed_s
        if self._circuit == "ok":
            profile = self.profile
            mean_square = (start_a * start_a + start_a * end_a + end_a * end_a) / 3.0
            mean_w = profile.knee_v * 0.5 * (start_a + end_a) + profile.series_ohm * mean_square
            self._electric_j += mean_w * elapsed_s
        self._current_a = end_a
        self._since_s = now_s

    def _begin(self) -> None:
        """Open the next straight line, up to wherever the current will bend or cross the threshold."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._since_s = self._kernel.now_s
        missing_a = 0.0 if self._circuit == "open" else self._target_a - self._current_a
        if missing_a == 0.0:
            self._current_slope = 0.0
        else:
            self._current_slope = self._slew(missing_a)
            self._plan_break(missing_a)
        self._shine()

    def _slew(self, missing_a: float) -> float:
        if missing_a > 0.0:
            return self.profile.slew_a_per_s
        return -(self.profile.off_slew_a_per_s if self._target_a == 0.0 else self.profile.slew_a_per_s)

    def _plan_break(self, missing_a: float) -> None:
        to_threshold_a = self._threshold_a - self._current_a
        crosses = 0.0 < to_threshold_a / missing_a < 1.0
        self._break_a = self._threshold_a if crosses else self._target_a
        reach_a = to_threshold_a if crosses else missing_a
        self._timer = self._kernel.after(reach_a / self._current_slope, self._on_break)

    def _on_break(self) -> None:
        self._commit()
        self._current_a = self._break_a
        self._timer = None
        self._begin()

    def _shine(self) -> None:
        excess_a = self._current_a - self._threshold_a
        rising = excess_a > 0.0 or (excess_a == 0.0 and self._current_slope > 0.0)
        if rising and self._circuit == "ok":
            self._power_w = self._slope_w_per_a * excess_a
            self._power_slope = self._slope_w_per_a * self._current_slope
        else:
            self._power_w = self._power_slope = 0.0
        self._on_light(self._power_w, self._power_slope)
