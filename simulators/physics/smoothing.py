"""The vibrating speckle smoother: motor PWM to vibration, as measured on a real cart.

The measured mean and standard deviation are of single accelerometer samples. A window's value averages
about ten independent ones (100 ms at the motor's rate), so its deviation is the table's over the square root
of ten: at PWM 127 a window then lies more than six deviations above the board's 800 mg, at PWM 76 little more
than one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from random import Random

from simulators.kernel import Kernel

# PWM, mean and standard deviation in mg; pooled from 40 to 45 samples each, rest level included.
MEASURED = (
    (0, 300.0, 84.0),
    (76, 1275.0, 411.0),
    (102, 1965.0, 435.0),
    (127, 2447.0, 634.0),
    (153, 2544.0, 631.0),
)
MEASURED_PWM = tuple(row[0] for row in MEASURED)
MAX_PWM = 153
INDEPENDENT_SAMPLES = 10
WINDOW_S = 0.1
SPIN_UP_S = 0.1
"""Time constant: 95 % of the speed after 0.3 s."""
# The rest level wandered between 140 and 430 mg over sessions.
REST_LOW_MG = 140.0
REST_HIGH_MG = 430.0
REST_STEP_MG = 0.5
"""One step of the wandering, each window: some 50 mg in a quarter of an hour."""
BASELINE_S = 5.0
"""How fast the board's removal of gravity and drift follows."""


class Smoothing:
    """Motor and accelerometer. `close_window` is called every 100 ms.

    rest_mg: the rest level that it begins with; None leaves it to chance.
    """

    __slots__ = (
        "_baseline_mg",
        "_kernel",
        "_pwm",
        "_pwm_seconds",
        "_random",
        "_rest_mg",
        "_since_s",
        "_speed_pwm",
        "_vibration_mg",
        "accelerometer_present",
        "sensor_stuck",
        "strength",
        "vibration_gain",
    )

    def __init__(
        self, kernel: Kernel, random: Random, *, vibration_gain: float = 1.0, rest_mg: float | None = None
    ) -> None:
        self.accelerometer_present = True
        self.strength = 1.0
        """The part of the motor's vibration that arrives, 0..1; 0 is a dead motor."""
        self.vibration_gain = vibration_gain
        """This motor's vibration over the measured one's."""
        self.sensor_stuck = False
        """Its reading stands still."""
        self._kernel = kernel
        self._random = random
        self._pwm = 0
        self._since_s = kernel.now_s
        self._speed_pwm = 0.0
        self._pwm_seconds = 0.0
        own_rest_mg = random.uniform(REST_LOW_MG, REST_HIGH_MG)
        self._rest_mg = own_rest_mg if rest_mg is None else rest_mg
        self._baseline_mg = self._rest_mg
        self._vibration_mg = 0

    def set_motor_pwm(self, pwm: int) -> None:
        """Raises ValueError outside 0..153."""
        if not 0 <= pwm <= MAX_PWM:
            raise ValueError(f"smoothing: PWM {pwm} asked, 0 to {MAX_PWM} allowed")
        if pwm != self._pwm:
            self._commit()
            self._pwm = pwm

    def vibration_mg(self) -> int:
        """RMS over the last whole window, rest level removed; 0 without an accelerometer."""
        return self._vibration_mg if self.accelerometer_present else 0

    def speed_pwm(self) -> float:
        """The motor's speed now, as the PWM that would hold it; 0 for a dead motor."""
        if self.strength == 0.0:
            return 0.0
        return self._pwm + (self._speed_pwm - self._pwm) * self._decay(self._kernel.now_s - self._since_s)

    @property
    def arriving(self) -> float:
        """The vibration that arrives over the measured one at the same speed."""
        return self.strength * self.vibration_gain

    def rest_mg(self) -> float:
        """The true rest level, which `vibration_mg` does not show."""
        return self._rest_mg

    def close_window(self) -> None:
        """End a window: its vibration from the motor's mean speed in it, with the noise of its average."""
        self._commit()
        mean_mg, sd_mg = _measured_mg(self._pwm_seconds / WINDOW_S)
        self._pwm_seconds = 0.0
        wandered_mg = self._rest_mg + self._random.gauss(0.0, REST_STEP_MG)
        self._rest_mg = min(REST_HIGH_MG, max(REST_LOW_MG, wandered_mg))
        _, rest_mean_mg, rest_sd_mg = MEASURED[0]
        sd_mg = rest_sd_mg + self.arriving * (sd_mg - rest_sd_mg)
        noise_mg = self._random.gauss(0.0, sd_mg / math.sqrt(INDEPENDENT_SAMPLES))
        motor_mg = self.arriving * (mean_mg - rest_mean_mg)
        if not self.sensor_stuck:
            self._vibration_mg = max(0, round(motor_mg + self._rest_mg - self._baseline_mg + noise_mg))
        self._baseline_mg += (self._rest_mg - self._baseline_mg) * WINDOW_S / BASELINE_S

    def _commit(self) -> None:
        """Add up speed over time to the kernel's instant, exactly, so the window's mean is exact."""
        now_s = self._kernel.now_s
        elapsed_s = now_s - self._since_s
        self._since_s = now_s
        lag_pwm = self._speed_pwm - self._pwm
        decay = self._decay(elapsed_s)
        self._pwm_seconds += self._pwm * elapsed_s + lag_pwm * SPIN_UP_S * (1.0 - decay)
        self._speed_pwm = self._pwm + lag_pwm * decay

    @staticmethod
    def _decay(elapsed_s: float) -> float:
        return math.exp(-elapsed_s / SPIN_UP_S)


def _measured_mg(pwm: float) -> tuple[float, float]:
    """Mean and deviation of a single sample, interpolated in the measured table."""
    above = min(max(1, bisect_right(MEASURED_PWM, pwm)), len(MEASURED) - 1)
    pwm_low, mean_low, sd_low = MEASURED[above - 1]
    pwm_high, mean_high, sd_high = MEASURED[above]
    part = (pwm - pwm_low) / (pwm_high - pwm_low)
    return mean_low + part * (mean_high - mean_low), sd_low + part * (sd_high - sd_low)
