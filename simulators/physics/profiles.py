"""The numbers of the simulated optics and cooling, as data. SI units; temperatures in degrees Celsius."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalStage:
    """One stage of the way of heat from junction to mount: a resistance and its time constant."""

    k_per_w: float
    time_constant_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DiodeProfile:
    """A laser module. The `_25` values hold for a junction at 25 C; rated power is reached when warm.

    Above rollover_c the efficiency falls with the square of the excess and is gone at rollover_end_c.
    """

    name: str
    rated_power_w: float
    max_current_a: float
    threshold_25_a: float
    slope_25_w_per_a: float
    t0_k: float
    t1_k: float
    knee_v: float
    series_ohm: float
    chip: ThermalStage
    submount: ThermalStage
    rollover_c: float = 75.0
    rollover_end_c: float = 130.0
    slew_a_per_s: float = 2000.0
    off_slew_a_per_s: float = 20000.0
    """Switching off short-circuits the diode, which is faster than regulating downwards."""
    relative_noise: float = 0.0005
    monitor_ua_per_w: float = 100.0
    compliance_v: float = 6.0

    def threshold_a(self, junction_c: float) -> float:
        return self.threshold_25_a * math.exp((junction_c - 25.0) / self.t0_k)

    def slope_w_per_a(self, junction_c: float) -> float:
        slope = self.slope_25_w_per_a * math.exp((25.0 - junction_c) / self.t1_k)
        if junction_c <= self.rollover_c:
            return slope
        excess = (junction_c - self.rollover_c) / (self.rollover_end_c - self.rollover_c)
        return slope * max(0.0, 1.0 - excess * excess)

    def voltage_v(self, current_a: float) -> float:
        return self.knee_v + self.series_ohm * current_a if current_a > 0.0 else 0.0


TEN_WATT = DiodeProfile(
    name="10 W module",
    rated_power_w=10.0,
    max_current_a=12.0,
    threshold_25_a=0.6,
    slope_25_w_per_a=1.05,
    t0_k=120.0,
    t1_k=200.0,
    knee_v=1.5,
    series_ohm=0.035,
    chip=ThermalStage(k_per_w=0.6, time_constant_s=0.02),
    submount=ThermalStage(k_per_w=0.4, time_constant_s=0.4),
)

# SemiNex 2CM-004-189: 0.5 A, 0.52 W/A, 3.2 V and 5 W at 10.5 A. At 28 W of heat only a low resistance to
# the mount lets those four data-sheet numbers stand together.
FIVE_WATT = DiodeProfile(
    name="5 W module",
    rated_power_w=5.0,
    max_current_a=10.5,
    threshold_25_a=0.5,
    slope_25_w_per_a=0.52,
    t0_k=120.0,
    t1_k=300.0,
    knee_v=2.15,
    series_ohm=0.1,
    chip=ThermalStage(k_per_w=0.15, time_constant_s=0.02),
    submount=ThermalStage(k_per_w=0.1, time_constant_s=0.4),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TecProfile:
    """Diode mount, Peltier module, finned sink with a fan, and the controller's gains.

    The gains (PI with a filtered derivative) give 0.35 C of sag for 10 W of heat and 25 to 40 s to settle.
    """

    mount_j_per_k: float = 80.0
    sink_j_per_k: float = 200.0
    seebeck_v_per_k: float = 0.05
    module_ohm: float = 1.5
    module_w_per_k: float = 0.5
    sink_k_per_w: float = 0.15
    sink_without_fan_k_per_w: float = 5.0
    mount_to_air_w_per_k: float = 0.05
    sensor_time_constant_s: float = 0.4
    sensor_noise_c: float = 0.0005
    proportional_a_per_k: float = 1.6
    integral_a_per_k_s: float = 0.12
    derivative_a_s_per_k: float = 0.5
    derivative_filter_s: float = 1.0
    compliance_v: float = 12.0


STANDARD_TEC = TecProfile()


def steady_state_power_curve(
    profile: DiodeProfile, mount_c: float, points: int = 24
) -> list[tuple[float, float]]:
    """Return (current_ma, power_w) in thermal equilibrium, from threshold to the profile's full current.

    Both columns rise strictly. Straight lines between the points stay within 0.1 % above a fifth of the
    rated power.
    """
    lasing_a = _equilibrium_threshold_a(profile, mount_c)
    step_a = (profile.max_current_a - lasing_a) / (points - 1)
    currents_a = [lasing_a + step_a * i for i in range(1, points)]
    curve = [(lasing_a * 1000.0, 0.0)]
    curve += [
        (current_a * 1000.0, _equilibrium_power_w(profile, mount_c, current_a)) for current_a in currents_a
    ]
    return curve


def _equilibrium_power_w(profile: DiodeProfile, mount_c: float, current_a: float) -> float:
    k_per_w = profile.chip.k_per_w + profile.submount.k_per_w
    electric_w = profile.voltage_v(current_a) * current_a
    power_w = 0.0
    # A contraction: each round shrinks the error at least tenfold for any profile below rollover.
    for _ in range(40):
        junction_c = mount_c + k_per_w * (electric_w - power_w)
        excess_a = current_a - profile.threshold_a(junction_c)
        power_w = max(0.0, profile.slope_w_per_a(junction_c) * excess_a)
    return power_w


def _equilibrium_threshold_a(profile: DiodeProfile, mount_c: float) -> float:
    k_per_w = profile.chip.k_per_w + profile.submount.k_per_w
    current_a = profile.threshold_25_a
    for _ in range(40):
        junction_c = mount_c + k_per_w * profile.voltage_v(current_a) * current_a
        current_a = profile.threshold_a(junction_c)
    return current_a
