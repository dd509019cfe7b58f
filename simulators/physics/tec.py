"""Diode mount, Peltier module and sink, with the controller's regulating loop, in fixed steps.

Current is positive where it cools the mount.
"""

from __future__ import annotations

from random import Random

from simulators.physics.profiles import TecProfile
from simulators.plant import Sensor

KELVIN = 273.15
MAX_LIMIT_A = 20.0
# A thermistor with a broken lead looks infinitely cold, a shorted one infinitely hot.
BROKEN_SENSOR_C = {"open": -99.0, "short": 199.0}
BURNT_C = 200.0
"""Solder has melted long before: the model ends here, so a runaway stays finite."""


class Tec:
    """The cooled mount. `step` is called on the world's grid, step_s apart, with the diode's heat.

    preheated: regulated and settled at setpoint_c, as if the controller had only been restarted; this lasts
    until the first `regulate(True, ...)`.
    """

    __slots__ = (
        "_current_a",
        "_fixed",
        "_integral_a",
        "_limit_a",
        "_mount_c",
        "_on",
        "_preheated",
        "_profile",
        "_random",
        "_sensed_c",
        "_sensor_c",
        "_setpoint_c",
        "_sink_c",
        "_slow_c",
        "_step_s",
        "ambient_c",
        "fan_running",
        "leads_reversed",
        "module",
        "sensor",
        "sensor_offset_c",
    )

    def __init__(
        self,
        profile: TecProfile,
        random: Random,
        *,
        ambient_c: float,
        step_s: float,
        preheated: bool = False,
        setpoint_c: float = 25.0,
    ) -> None:
        self.ambient_c = ambient_c
        self.fan_running = True
        self.leads_reversed = False
        """The module wired backwards: the loop then drives away from its set point."""
        self.module: Sensor = "ok"
        self.sensor: Sensor = "ok"
        self.sensor_offset_c = 0.0
        """By how much the thermistor reads high; the loop believes it."""
        self._profile = profile
        self._random = random
        self._step_s = step_s
        self._on = False
        self._fixed = False
        self._preheated = False
        self._setpoint_c = setpoint_c
        self._limit_a = 0.0
        self._current_a = 0.0
        self._integral_a = 0.0
        self._mount_c = ambient_c
        self._sink_c = ambient_c
        self._sensor_c = ambient_c
        self._sensed_c = ambient_c
        self._slow_c = ambient_c
        if preheated:
            self._settle(setpoint_c)

    def regulate(self, on: bool, setpoint_c: float, current_limit_a: float) -> None:
        """Hold setpoint_c with at most current_limit_a either way.

        Raises ValueError for a set point outside -100..250 C or a limit outside 0..20 A.
        """
        if not -100.0 <= setpoint_c <= 250.0:
            raise ValueError(f"TEC: set point {setpoint_c} C asked, -100 to 250 C allowed")
        if not 0.0 <= current_limit_a <= MAX_LIMIT_A:
            raise ValueError(f"TEC: current limit {current_limit_a} A asked, 0 to {MAX_LIMIT_A:g} A allowed")
        if self._preheated and not on:
            return
        if on and (self._fixed or not self._on):
            self._integral_a = 0.0
            self._slow_c = self._sensed_c
        self._preheated = self._fixed = False
        self._on = on
        self._setpoint_c = setpoint_c
        self._limit_a = current_limit_a
        if not on:
            self._current_a = 0.0

    def drive(self, current_a: float) -> None:
        """Let this current flow until `regulate`; 0 ends it. Raises ValueError outside -20..20 A."""
        if not -MAX_LIMIT_A <= current_a <= MAX_LIMIT_A:
            raise ValueError(f"TEC: {current_a} A asked, -{MAX_LIMIT_A:g} to {MAX_LIMIT_A:g} A allowed")
        self._preheated = False
        self._fixed = True
        self._on = current_a != 0.0
        self._current_a = current_a

    def temperature_c(self) -> float:
        """What the thermistor says; far out of range with a broken one."""
        return BROKEN_SENSOR_C.get(self.sensor, self._sensed_c + self.sensor_offset_c)

    def mount_c(self) -> float:
        """The mount's true temperature."""
        return self._mount_c

    def sink_c(self) -> float:
        """The sink's true temperature."""
        return self._sink_c

    def current_a(self) -> float:
        return 0.0 if self.module == "open" else self._current_a

    def voltage_v(self) -> float:
        """0 while off; compliance over an open module, with the sign of what is asked."""
        if not self._on or self.module == "short":
            return 0.0
        profile = self._profile
        if self.module == "open":
            return profile.compliance_v if self._current_a >= 0.0 else -profile.compliance_v
        seebeck_v = profile.seebeck_v_per_k * (self._sink_c - self._mount_c)
        return self._current_a * profile.module_ohm + (-seebeck_v if self.leads_reversed else seebeck_v)

    def step(self, heat_w: float) -> None:
        """One step of the world's grid, with the mean heat from the diode during it."""
        profile = self._profile
        step_s = self._step_s
        self._exchange_heat(heat_w)
        self._sensor_c += (self._mount_c - self._sensor_c) * step_s / profile.sensor_time_constant_s
        self._sensed_c = self._sensor_c + profile.sensor_noise_c * self._random.gauss(0.0, 1.0)
        if self._on and not self._fixed:
            self._current_a = self._regulated_a()

    def _exchange_heat(self, heat_w: float) -> None:
        profile = self._profile
        step_s = self._step_s
        mount_c = self._mount_c
        sink_c = self._sink_c
        current_a = self._current_a if self.module == "ok" else 0.0
        if self.leads_reversed:
            current_a = -current_a
        leak_w = profile.module_w_per_k * (sink_c - mount_c)
        joule_w = 0.5 * current_a * current_a * profile.module_ohm
        pumped_v = profile.seebeck_v_per_k * current_a
        cooling_w = pumped_v * (mount_c + KELVIN) - joule_w - leak_w
        rejected_w = pumped_v * (sink_c + KELVIN) + joule_w - leak_w
        air_w = profile.mount_to_air_w_per_k * (self.ambient_c - mount_c)
        sink_k_per_w = profile.sink_k_per_w if self.fan_running else profile.sink_without_fan_k_per_w
        vented_w = (sink_c - self.ambient_c) / sink_k_per_w
        self._mount_c = min(BURNT_C, mount_c + (heat_w + air_w - cooling_w) * step_s / profile.mount_j_per_k)
        self._sink_c = min(BURNT_C, sink_c + (rejected_w - vented_w) * step_s / profile.sink_j_per_k)

    def _regulated_a(self) -> float:
        """PI with a filtered derivative; the integral stands still while the output is at its limit."""
        profile = self._profile
        sensed_c = self.temperature_c()
        error_k = sensed_c - self._setpoint_c
        self._slow_c += (sensed_c - self._slow_c) * self._step_s / profile.derivative_filter_s
        rate_k_per_s = (sensed_c - self._slow_c) / profile.derivative_filter_s
        wanted_a = (
            profile.proportional_a_per_k * error_k
            + self._integral_a
            + profile.derivative_a_s_per_k * rate_k_per_s
        )
        current_a = min(self._limit_a, max(-self._limit_a, wanted_a))
        if current_a == wanted_a or wanted_a * error_k < 0.0:
            self._integral_a += profile.integral_a_per_k_s * error_k * self._step_s
        return current_a

    def _settle(self, setpoint_c: float) -> None:
        """Hold the set point from the start, with the current that balances the heat from the air."""
        self._preheated = self._on = True
        self._limit_a = MAX_LIMIT_A
        self._mount_c = self._sensor_c = self._sensed_c = self._slow_c = setpoint_c
        for _ in range(50):
            self._balance()
        self._current_a = self._integral_a

    def _balance(self) -> None:
        profile = self._profile
        pumped_w = profile.seebeck_v_per_k * (self._mount_c + KELVIN)
        joule_w = 0.5 * self._integral_a**2 * profile.module_ohm
        leak_w = profile.module_w_per_k * (self._sink_c - self._mount_c)
        air_w = profile.mount_to_air_w_per_k * (self.ambient_c - self._mount_c)
        self._integral_a = (joule_w + leak_w + air_w) / pumped_w
        through_w = self._integral_a * (profile.seebeck_v_per_k * (self._sink_c + KELVIN)) + joule_w - leak_w
        self._sink_c = self.ambient_c + through_w * profile.sink_k_per_w
