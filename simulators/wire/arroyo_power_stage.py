"""The laser driver's power stage: it clamps, drives the diode and measures its current, with errors."""

from __future__ import annotations

from random import Random

from simulators.plant import DiodePlant
from simulators.wire.arroyo_models import Rating

LIMIT_ERROR_STEPS = 2  # +-200 mA on the 4320; WIRE.md gives none for the others


class PowerStage:
    """Milliamperes towards the firmware, amperes towards the diode."""

    __slots__ = (
        "_current_gain",
        "_diode",
        "_driven_a",
        "_limit_error_ma",
        "_meter_gain",
        "_meter_offset_ma",
        "_random",
    )

    def __init__(self, diode: DiodePlant, rating: Rating, random: Random) -> None:
        self._diode = diode
        self._random = random
        self._limit_error_ma = random.uniform(-1.0, 1.0) * LIMIT_ERROR_STEPS * rating.limit_step_ma
        self._meter_gain = 1.0 + random.uniform(-0.0005, 0.0005)
        self._meter_offset_ma = random.uniform(-3.0, 3.0)  # with its noise inside 4 mA
        self._driven_a = 0.0
        self._current_gain = 1.0

    @property
    def current_gain(self) -> float:
        """The true current over the one that is measured and regulated."""
        return self._current_gain

    @current_gain.setter
    def current_gain(self, gain: float) -> None:
        self._current_gain = gain
        self._diode.drive(self._driven_a * gain)

    @property
    def driving(self) -> bool:
        return self._driven_a > 0.0

    def true_limit_ma(self, limit_ma: float) -> float:
        """Return where it clamps with its limit set so; below 0 it lets nothing through."""
        return limit_ma + self._limit_error_ma

    def drive(self, current_ma: float) -> None:
        """Regulate towards a current from now on."""
        target_a = current_ma / 1000.0
        if target_a != self._driven_a:
            self._driven_a = target_a
            self._diode.drive(target_a * self._current_gain)

    def regulated_ma(self) -> float:
        """Return the current as its shunt has it."""
        return self._diode.current_a() / self._current_gain * 1000.0

    def regulated(self, mode: str) -> float:
        """Return what a mode other than the current's regulates: V, uA or mW."""
        diode = self._diode
        if mode == "LDV":
            return diode.voltage_v()
        return diode.monitor_current_ua() if mode == "MDI" else diode.optical_power_w() * 1000.0

    def metered_ma(self, lie_ma: float) -> float:
        """Return what its meter shows of the current, and of a lie."""
        noise_ma = self._random.gauss(0.0, 0.3)
        return (self.regulated_ma() + lie_ma) * self._meter_gain + self._meter_offset_ma + noise_ma
