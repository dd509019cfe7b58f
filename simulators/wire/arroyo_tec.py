"""Arroyo TECSource 5300, and the TEC half of a ComboSource, on its wire. Currents are amperes everywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from simulators.plant import OnChange, Plant
from simulators.wire.arroyo_box import BOX, ArroyoBox, ArroyoOptions
from simulators.wire.arroyo_common import COMMON_COMMANDS
from simulators.wire.arroyo_device import OUT_OF_TOLERANCE, OUTPUT_ON, ArroyoDevice
from simulators.wire.arroyo_errors import OUT_OF_RANGE, WireError
from simulators.wire.arroyo_models import TEC_MAX_A
from simulators.wire.arroyo_syntax import Command, Language, number, truth, whole, within, word_or_number

MAX_VOLTAGE_V = 12.0
LOWEST_C, HIGHEST_C = -99.0, 250.0
MODES = ("T", "R", "ITE")
GAINS = ("1", "3", "5", "10", "30", "50", "100", "300", "PID")
FACTORY_OFF_MASK = 1240
FACTORY_TOLERANCE = (0.2, 5.0)  # deg C, s; WIRE.md gives none
MISSING_SENSOR = ("-273.15", "999.99", "NAN")
"""No temperatures, that instruments have been seen to answer without a sensor."""
SENSOR_TYPE = 1
STEINHART_HART = (1.129e-3, 2.341e-4, 0.878e-7)  # a thermistor of 10 kohm at 25 deg C; WIRE.md gives none
KELVIN = 273.15
RUNAWAY_S, RUNAWAY_K = 15.0, 1.0  # at the current limit for so long, and yet so much further off: our choice

CURRENT_LIMIT, VOLTAGE_LIMIT, TOO_HOT, TOO_COLD, SENSOR_SHORT, SENSOR_OPEN, MODULE_OPEN = (
    1 << bit for bit in (0, 1, 3, 4, 5, 6, 7)
)
RUNAWAY = 1 << 12
BROKEN = SENSOR_SHORT | SENSOR_OPEN | MODULE_OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class TecOptions(ArroyoOptions):
    """The TEC controller's power-up state: set point in deg C."""

    model: str = "5305"
    serial: str = "SIM-TEC"
    setpoint_c: float = 25.0


class ArroyoTec(ArroyoDevice):
    """The TEC controller. lying_readback_c, lying_measured_c: added to what SET:T? and T? say.

    missing_sensor: what T? says without a sensor, one of MISSING_SENSOR.
    """

    __slots__ = (
        "_gain",
        "_highest_c",
        "_inside_since_s",
        "_limit_a",
        "_lowest_c",
        "_max_a",
        "_meter_offset_c",
        "_mode",
        "_pid",
        "_runaway",
        "_saturated_from",
        "_setpoint_a",
        "_setpoint_c",
        "_subscribers",
        "_tec",
        "_tolerance",
        "lying_measured_c",
        "lying_readback_c",
        "missing_sensor",
    )

    NAME = "tec"
    SAVED = (
        "_setpoint_a",
        "_setpoint_c",
        "_highest_c",
        "_lowest_c",
        "_limit_a",
        "_mode",
        "_gain",
        "_pid",
        "_tolerance",
        "_off_mask",
    )
    SUPERVISION_S = 0.1
    FORCED_OFF: ClassVar = {0: 404, 1: 405, 3: 407, 4: 407, 5: 415, 6: 402, 7: 403, 12: 439}
    STATUS_BITS = (0, 1)

    def __init__(
        self, plant: Plant, options: TecOptions | None = None, *, box: ArroyoBox | None = None
    ) -> None:
        options = options or TecOptions()
        super().__init__(plant.kernel, options, plant.random_seed("wire.tec"), box)
        self._subscribers: list[OnChange] = []
        self._tec = plant.tec
        self._meter_offset_c = self._random.uniform(-0.02, 0.02)
        self._setpoint_c = 25.0
        self._highest_c = HIGHEST_C
        self._lowest_c = LOWEST_C
        self._max_a = TEC_MAX_A.get(options.model, TEC_MAX_A["5305"])
        self._limit_a = self._max_a
        self._setpoint_a = 0.0
        self._mode = "T"
        self._gain = "30"
        self._pid = (1.0, 0.0, 0.0)
        self._tolerance = FACTORY_TOLERANCE
        self._off_mask = FACTORY_OFF_MASK
        self._inside_since_s: float | None = None
        self._saturated_from: tuple[float, float] | None = None  # instant, error in K
        self._runaway = False
        self.lying_readback_c = 0.0
        self.lying_measured_c = 0.0
        self.missing_sensor = MISSING_SENSOR[0]
        self._power_up()
        self._setpoint_c = options.setpoint_c
        self.switch_output(options.output_on)

    def switch_output(self, on: bool) -> None:
        if on == self.output_on:
            return
        self.output_on = on
        if on or not self._in_tolerance():  # switched off, it is within until the temperature leaves
            self._inside_since_s = None
        self._saturated_from = None
        self._runaway = False
        self._settings_changed()
        self._go_on_supervising()
        if on:
            self._refresh()
        for on_output in self._subscribers:
            on_output()

    # What a laser driver in the same box sees of it.

    @property
    def outside_limits(self) -> bool:
        """Whether the temperature is over its high or under its low limit."""
        return bool(self._conditions() & (TOO_HOT | TOO_COLD))

    @property
    def broken(self) -> bool:
        """Whether sensor or module fails."""
        return bool(self._conditions() & BROKEN)

    def subscribe(self, on_output: OnChange) -> None:
        """Have on_output called whenever the output is switched."""
        self._subscribers.append(on_output)

    def _settings_changed(self) -> None:
        if self._mode == "ITE":
            self._tec.drive(self._driven_a() if self.output_on else 0.0)
        else:
            # WIRE.md names no set point for a resistance: in that mode no current flows.
            self._tec.regulate(self.output_on and self._mode == "T", self._setpoint_c, self._limit_a)

    def _driven_a(self) -> float:
        return min(max(self._setpoint_a, -self._limit_a), self._limit_a)

    def _must_supervise(self) -> bool:
        return self.output_on or self._inside_since_s is not None

    # Conditions.

    def _conditions(self) -> int:
        conditions = self._sensor_conditions()
        if self._runaway:
            conditions |= RUNAWAY
        if not self._in_tolerance():
            conditions |= OUT_OF_TOLERANCE
        if self.output_on:
            conditions |= OUTPUT_ON | self._load_conditions()
        return conditions

    def _sensor_conditions(self) -> int:
        sensor = self._tec.sensor
        if sensor != "ok":
            return SENSOR_OPEN if sensor == "open" else SENSOR_SHORT
        temperature_c = self._tec.temperature_c()
        if temperature_c > self._highest_c:
            return TOO_HOT
        return TOO_COLD if temperature_c < self._lowest_c else 0

    def _load_conditions(self) -> int:
        limited = CURRENT_LIMIT if self._saturated() else 0
        if abs(self._tec.voltage_v()) >= MAX_VOLTAGE_V:
            limited |= VOLTAGE_LIMIT
        return limited | (MODULE_OPEN if self._tec.module == "open" else 0)

    def _saturated(self) -> bool:
        return self._limit_a > 0.0 and abs(self._tec.current_a()) >= 0.999 * self._limit_a

    def _in_tolerance(self) -> bool:
        since_s = self._inside_since_s
        return since_s is not None and self._kernel.now_s - since_s >= self._tolerance[1]

    def _look_at_load(self) -> None:
        error_k = abs(self._tec.temperature_c() - self._setpoint_c)
        if self._tec.sensor != "ok" or error_k > self._tolerance[0]:
            self._inside_since_s = None
        elif self._inside_since_s is None and self.output_on:
            self._inside_since_s = self._kernel.now_s
        self._look_for_runaway(error_k)

    def _look_for_runaway(self, error_k: float) -> None:
        if not self._saturated():
            self._saturated_from = None
        elif self._saturated_from is None:
            self._saturated_from = (self._kernel.now_s, error_k)
        else:
            since_s, error_then_k = self._saturated_from
            if self._kernel.now_s - since_s >= RUNAWAY_S and error_k - error_then_k >= RUNAWAY_K:
                self._runaway = True

    # Commands.

    def _set_temperature(self, temperature_c: float) -> None:
        if not self._lowest_c <= temperature_c <= self._highest_c:
            raise WireError(OUT_OF_RANGE)
        self._setpoint_c = round(temperature_c, 2)
        self._inside_since_s = None
        self._settings_changed()

    def _set_highest(self, limit_c: float) -> None:
        if limit_c < self._lowest_c:
            raise WireError(OUT_OF_RANGE)
        self._highest_c = round(limit_c, 2)
        self._keep_setpoint_inside()

    def _set_lowest(self, limit_c: float) -> None:
        if limit_c > self._highest_c:
            raise WireError(OUT_OF_RANGE)
        self._lowest_c = round(limit_c, 2)
        self._keep_setpoint_inside()

    def _keep_setpoint_inside(self) -> None:
        self._setpoint_c = min(max(self._setpoint_c, self._lowest_c), self._highest_c)
        self._settings_changed()

    def _set_current(self, current_a: float) -> None:
        if not -self._limit_a <= current_a <= self._limit_a:
            raise WireError(OUT_OF_RANGE)
        self._setpoint_a = round(current_a, 2)
        self._settings_changed()

    def _set_current_limit(self, limit_a: float) -> None:
        if not 0.0 <= limit_a <= self._max_a:
            raise WireError(OUT_OF_RANGE)
        self._limit_a = round(limit_a, 2)
        self._settings_changed()

    def _set_mode(self, mode: str) -> None:
        if mode != self._mode:
            self.switch_output(False)
            self._mode = mode

    def _set_gain(self, gain: str) -> None:
        self._gain = gain

    def _set_pid(self, p: float, i: float, d: float) -> None:
        self._pid = (p, i, d)

    def _set_tolerance(self, window_k: float, time_s: float) -> None:
        self._tolerance = (window_k, time_s)

    def _measured_temperature(self) -> str:
        sensor = self._tec.sensor
        if sensor == "ok":
            return self.form.real(
                self._tec.temperature_c()
                + self._meter_offset_c
                + self.lying_measured_c
                + self._random.gauss(0.0, 0.002),
                2,
            )
        return self.missing_sensor if sensor == "open" else self.form.real(HIGHEST_C, 2)

    def _sensor_resistance(self) -> str:
        """In kohm, as the constants make it of the temperature: Steinhart and Hart's equation inverted."""
        sensor = self._tec.sensor
        if sensor != "ok":
            return self.form.real(0.0 if sensor == "short" else 999.999, 3)
        a, b, c = STEINHART_HART
        x = (a - 1.0 / (self._tec.temperature_c() + KELVIN)) / c
        y = math.sqrt((b / (3.0 * c)) ** 3 + x * x / 4.0)
        ohm = math.exp((y - x / 2.0) ** (1 / 3) - (y + x / 2.0) ** (1 / 3))
        return self.form.real(ohm / 1000.0, 3)

    def _constants(self) -> str:
        a, b, c = STEINHART_HART
        return ",".join(self.form.real(value, 4) for value in (a * 1e3, b * 1e4, c * 1e7))

    def _measured_current(self) -> str:
        return self.form.real(self._tec.current_a() + self._random.gauss(0.0, 0.003), 2)

    def _measured_voltage(self) -> str:
        return self.form.real(self._tec.voltage_v() + self._random.gauss(0.0, 0.003), 2)

    def _tolerance_text(self) -> str:
        return f"{self.form.real(self._tolerance[0], 2)},{self.form.real(self._tolerance[1], 1)}"

    def _pid_text(self) -> str:
        return ",".join(self.form.real(value, 4) for value in self._pid)


def _mode_command(mode: str) -> Command:
    # A value behind it is passed over, as with the laser's modes.
    return Command(f"TEC:MODE:{mode}", lambda device, _=None: device._set_mode(mode), (str,), fewest=0)


_Tec = ArroyoTec
_temperature = within(LOWEST_C, HIGHEST_C)
_control_gain = within(0.0, 1e6)  # 0..10 in the manual, 32 in the maker's example: not the device's to refuse

TEC_COMMANDS = (
    Command("TEC:OUTput", _Tec.switch_output, (truth,), _Tec._output_text),
    Command("TEC:T", _Tec._set_temperature, (number,), _Tec._measured_temperature),
    Command("TEC:SET:T", answer=lambda tec: tec.form.real(tec._setpoint_c + tec.lying_readback_c, 2)),
    Command(
        "TEC:LIMit:THI", _Tec._set_highest, (_temperature,), lambda tec: tec.form.real(tec._highest_c, 2)
    ),
    Command("TEC:LIMit:TLO", _Tec._set_lowest, (_temperature,), lambda tec: tec.form.real(tec._lowest_c, 2)),
    Command(
        "TEC:LIMit:ITE",
        _Tec._set_current_limit,
        (number,),
        lambda tec: tec.form.real(tec._limit_a, 2),
    ),
    Command("TEC:ITE", _Tec._set_current, (number,), _Tec._measured_current),
    Command("TEC:SET:ITE", answer=lambda tec: tec.form.real(tec._setpoint_a, 2)),
    Command("TEC:V", answer=_Tec._measured_voltage),
    Command("TEC:R", answer=_Tec._sensor_resistance),
    Command("TEC:SENsor", answer=lambda tec: tec.form.integer(SENSOR_TYPE)),
    Command("TEC:CONST", answer=_Tec._constants),
    Command("TEC:MODE", answer=lambda tec: tec._mode),
    *(_mode_command(mode) for mode in MODES),
    Command("TEC:GAIN", _Tec._set_gain, (word_or_number(*GAINS),), lambda tec: tec._gain),
    Command("TEC:PID", _Tec._set_pid, (_control_gain,) * 3, _Tec._pid_text),
    Command(
        "TEC:TOLerance",
        _Tec._set_tolerance,
        (within(0.01, 10.0), within(0.1, 50.0)),
        _Tec._tolerance_text,
    ),
    Command("TEC:CONDition", answer=_Tec._condition_register),
    Command("TEC:EVEnt", answer=_Tec._take_events),
    Command(
        "TEC:ENABle:OUTOFF",
        _Tec._set_off_mask,
        (whole(0, 0xFFFF),),
        lambda tec: tec.form.integer(tec._off_mask),
    ),
)

ArroyoTec.LANGUAGE = Language({BOX: COMMON_COMMANDS, ArroyoTec.NAME: TEC_COMMANDS})
