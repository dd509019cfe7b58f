"""Arroyo LaserSource 4300, and the laser half of a ComboSource, on its wire. Currents are milliamperes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from simulators.kernel import Timer
from simulators.physics.contacts import ContactFault
from simulators.plant import Plant
from simulators.wire.arroyo_beside import InterlockLoop, TecInBox, forbidden_by
from simulators.wire.arroyo_box import BOX, ArroyoBox, ArroyoOptions
from simulators.wire.arroyo_common import COMMON_COMMANDS
from simulators.wire.arroyo_device import OUT_OF_TOLERANCE, OUTPUT_ON, ArroyoDevice
from simulators.wire.arroyo_errors import OUT_OF_RANGE, WireError
from simulators.wire.arroyo_models import RATINGS
from simulators.wire.arroyo_power_stage import PowerStage
from simulators.wire.arroyo_regulator import LAST_STEP_MA, Regulator
from simulators.wire.arroyo_syntax import Command, Language, number, truth, whole, within

CURRENT_STEP_MA = 1.0
SET_STEP_MA = 0.01  # of INC and DEC
HIGHEST_MONITOR = 1e6  # uA or mW; WIRE.md names no limit that could be set
LONGEST_STEP = 9999  # WIRE.md gives none, nor what the factory sets
CURRENT_MODES = ("ILBW", "IHBW")
MODES = (*CURRENT_MODES, "MDI", "MDP", "LDV")
OLDER_SPELLINGS = {"ILBW": "|I", "MDI": "|IPD", "MDP": "|PPD"}
METERS = {"LDV": (0.001, 3), "MDI": (0.5, 0), "MDP": (0.5, 0)}  # noise and decimals
FACTORY_SETPOINTS: Mapping[str, float] = {"LDV": 0.0, "MDI": 0.0, "MDP": 0.0}  # V, uA, mW
FACTORY_ON_DELAY_MS = 3000
FACTORY_OFF_MASK = 40350
FACTORY_TOLERANCE = (10.0, 5.0)  # mA, s; WIRE.md gives none

CURRENT_LIMIT, VOLTAGE_LIMIT, INTERLOCK_OPEN, OPEN_CIRCUIT, SHORT_CIRCUIT = (
    1 << bit for bit in (0, 1, 4, 7, 8)
)
THERMAL_TRIP = 1 << 15
MODE_CHANGED = 514
BLOCKING = ((INTERLOCK_OPEN, 501), (THERMAL_TRIP, 537))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserOptions(ArroyoOptions):
    """The laser driver's power-up state: set point and limit in mA; without a limit the model's maximum.

    current_mode: what MODE? calls constant current at low bandwidth; instruments say ILBW, I or ICW.
    on_delay: False for an instrument that does not know ONDELAY and has no delay.
    """

    model: str = "4320"
    serial: str = "SIM-LASER"
    setpoint_ma: float = 0.0
    limit_ma: float | None = None
    current_mode: str = "ILBW"
    on_delay: bool = True


class ArroyoLaser(ArroyoDevice):
    """The laser driver. `thermal_trip` set True is the driver overheating. tec: in the same box.

    lying_readback_ma, lying_measured_ma: added to what SET:LDI? and LDI? say. current_gain: the true current
    over the one that the driver measures and regulates, for its shunt drifts.
    """

    __slots__ = (
        "_current_mode",
        "_diode",
        "_flowing",
        "_inside_since_s",
        "_interlock",
        "_limit_ma",
        "_limit_v",
        "_mode",
        "_on_delay_ms",
        "_on_timer",
        "_power_stage",
        "_rating",
        "_regulator",
        "_setpoint_ma",
        "_setpoints",
        "_step",
        "_tec",
        "_tolerance",
        "lying_measured_ma",
        "lying_readback_ma",
        "thermal_trip",
    )

    NAME = "laser"
    SAVED = (
        "_setpoint_ma",
        "_setpoints",
        "_step",
        "_limit_ma",
        "_limit_v",
        "_mode",
        "_tolerance",
        "_off_mask",
        "_on_delay_ms",
    )
    SUPERVISION_S = 0.005
    FORCED_OFF: ClassVar = {0: 504, 1: 505, 4: 501, 7: 507, 8: 509, 9: 510, 15: 537}
    STATUS_BITS = (2, 3)

    def __init__(
        self,
        plant: Plant,
        options: LaserOptions | None = None,
        *,
        box: ArroyoBox | None = None,
        tec: TecInBox | None = None,
    ) -> None:
        options = options or LaserOptions()
        super().__init__(plant.kernel, options, plant.random_seed("wire.laser"), box)
        if not options.on_delay:
            self._box.never_knew("ONDELAY")
        self._diode = plant.diode
        self._interlock = InterlockLoop(plant.gate.contact, self._beside_changed)
        self._tec = tec
        self._rating = rating = RATINGS.get(options.model, RATINGS["4320"])
        self._power_stage = PowerStage(plant.diode, rating, self._random)
        self._regulator = Regulator()
        self._setpoints = FACTORY_SETPOINTS
        self._setpoint_ma = 0.0
        self._step = 1
        self._limit_ma = rating.max_ma
        self._limit_v = rating.max_v
        self._mode = "ILBW"
        self._tolerance = FACTORY_TOLERANCE
        self._off_mask = FACTORY_OFF_MASK
        self._always_off = INTERLOCK_OPEN
        self._on_delay_ms = FACTORY_ON_DELAY_MS if options.on_delay else 0
        self._current_mode = options.current_mode
        self._flowing = False
        self._on_timer: Timer | None = None
        self._inside_since_s: float | None = None
        self.thermal_trip = False
        self.lying_readback_ma = self.lying_measured_ma = 0.0
        self._power_up()
        if tec is not None:
            tec.subscribe(self._beside_changed)
        self._limit_ma = rating.max_ma if options.limit_ma is None else options.limit_ma
        self._setpoint_ma = min(options.setpoint_ma, self._limit_ma)
        self.switch_output(options.output_on)

    # What may go wrong in it.

    @property
    def current_gain(self) -> float:
        return self._power_stage.current_gain

    @current_gain.setter
    def current_gain(self, gain: float) -> None:
        self._power_stage.current_gain = gain

    def fail_interlock_plug(self, fault: ContactFault) -> None:
        """The plug of its interlock loop: ok, out (open) or bridged (closed)."""
        self._interlock.fail_plug(fault)

    # Output.

    def switch_output(self, on: bool) -> None:
        if on == self.output_on:
            return
        if on:
            self._switch_on()
        else:
            self._switch_off()

    def _switch_on(self) -> None:
        standing = self._conditions() & (self._off_mask | self._always_off)
        forbidding = [code for bit, code in BLOCKING if standing & bit] + self._forbidden_from_beside()
        for code in forbidding:
            self.errors.push(code)
        if forbidding:
            return
        self.output_on = True
        self._on_timer = self._kernel.after(self._on_delay_ms / 1000.0, self._let_current_flow)
        self._go_on_supervising()
        self._refresh()

    def _switch_off(self) -> None:
        self.output_on = False
        self._flowing = False
        self._inside_since_s = None
        if self._on_timer is not None:
            self._on_timer.cancel()
            self._on_timer = None
        self._settings_changed()

    def _let_current_flow(self) -> None:
        self._on_timer = None
        self._flowing = True
        self._regulator = Regulator()
        self._settings_changed()
        self._refresh()

    def _settings_changed(self) -> None:
        self._power_stage.drive(self._target_ma())

    def _target_ma(self) -> float:
        return min(self._asked_ma(), self._clamped_at_ma()) if self._flowing else 0.0

    def _asked_ma(self) -> float:
        return self._setpoint_ma if self._mode in CURRENT_MODES else self._regulator.current_ma

    def _clamped_at_ma(self) -> float:
        return max(0.0, self._power_stage.true_limit_ma(self._limit_ma))

    def _regulate(self) -> None:
        """Look at what is regulated, where that is not the current itself."""
        stage, mode = self._power_stage, self._mode
        most_ma = self._clamped_at_ma() + LAST_STEP_MA  # it would ask for more: COND? says that it is clamped
        self._regulator.look(stage.regulated(mode), self._setpoints[mode], stage.regulated_ma(), most_ma)
        self._settings_changed()

    def _beside_changed(self) -> None:
        self._refresh()

    # Conditions.

    def _conditions(self) -> int:
        since_s = self._inside_since_s
        conditions = 0 if self._interlock.closed else INTERLOCK_OPEN
        if self.thermal_trip:
            conditions |= THERMAL_TRIP
        if since_s is None or not self._kernel.now_s - since_s >= self._tolerance[1]:
            conditions |= OUT_OF_TOLERANCE
        if self.output_on:
            conditions |= OUTPUT_ON
        if self._power_stage.driving:
            conditions |= self._load_conditions()
        return conditions

    def _load_conditions(self) -> int:
        limited = CURRENT_LIMIT if self._asked_ma() > self._clamped_at_ma() else 0
        circuit = self._diode.circuit
        if circuit == "open":
            return limited | OPEN_CIRCUIT
        if circuit == "short":
            return limited | SHORT_CIRCUIT
        return limited | (VOLTAGE_LIMIT if self._diode.voltage_v() >= self._limit_v else 0)

    def _forbidden_from_beside(self) -> list[int]:
        return forbidden_by(self._tec, self._off_mask)

    def _look_at_load(self) -> None:
        if self._flowing and self._mode not in CURRENT_MODES:
            self._regulate()
        error_ma = self._power_stage.regulated_ma() - self._asked_ma()
        if not self._flowing or abs(error_ma) > self._tolerance[0]:
            self._inside_since_s = None
        elif self._inside_since_s is None:
            self._inside_since_s = self._kernel.now_s

    # Commands.

    def _set_current(self, current_ma: float) -> None:
        if not 0.0 <= current_ma <= self._limit_ma:
            raise WireError(OUT_OF_RANGE)
        self._setpoint_ma = round(current_ma / CURRENT_STEP_MA) * CURRENT_STEP_MA
        self._settings_changed()

    def _set_step(self, step: int) -> None:
        self._step = step

    def _move_setpoint(self, direction: int) -> None:
        moved_ma = round(self._setpoint_ma + direction * self._step * SET_STEP_MA, 2)
        if not 0.0 <= moved_ma <= self._limit_ma:
            raise WireError(OUT_OF_RANGE)
        self._setpoint_ma = moved_ma
        self._settings_changed()

    def _set_current_limit(self, limit_ma: float) -> None:
        if not 0.0 <= limit_ma <= self._rating.max_ma:
            raise WireError(OUT_OF_RANGE)
        step_ma = self._rating.limit_step_ma
        self._limit_ma = round(limit_ma / step_ma) * step_ma
        self._setpoint_ma = min(self._setpoint_ma, self._limit_ma)
        self._settings_changed()

    def _set_voltage_limit(self, limit_v: float) -> None:
        if not 0.0 <= limit_v <= self._rating.max_v:
            raise WireError(OUT_OF_RANGE)
        self._limit_v = round(limit_v, 2)
        self._keep_setpoint("LDV", min(self._setpoints["LDV"], self._limit_v))
        self._refresh()

    def _set_voltage(self, voltage_v: float) -> None:
        if not 0.0 <= voltage_v <= self._limit_v:
            raise WireError(OUT_OF_RANGE)
        self._keep_setpoint("LDV", voltage_v)

    def _keep_setpoint(self, mode: str, value: float) -> None:
        self._setpoints = {**self._setpoints, mode: value}
        self._regulator.begin()

    def _set_mode(self, mode: str) -> None:
        if mode == self._mode:
            return
        if self.output_on:
            self._force_off([MODE_CHANGED])
        self._mode = mode

    def _set_tolerance(self, window_ma: float, time_s: float) -> None:
        self._tolerance = (window_ma, time_s)

    def _set_on_delay(self, delay_ms: int) -> None:
        self._on_delay_ms = delay_ms

    def _measured_current(self) -> str:
        return self.form.real(self._power_stage.metered_ma(self.lying_measured_ma), 0)

    def _setpoint_text(self) -> str:
        return self.form.real(self._setpoint_ma + self.lying_readback_ma, 0)

    def _mode_text(self) -> str:
        return self._current_mode if self._mode == "ILBW" else self._mode

    def _metered(self, mode: str) -> str:
        noise, decimals = METERS[mode]
        return self.form.real(self._power_stage.regulated(mode) + self._random.gauss(0.0, noise), decimals)

    def _tolerance_text(self) -> str:
        return f"{self.form.real(self._tolerance[0], 0)},{self.form.real(self._tolerance[1], 1)}"


def _mode_command(mode: str) -> Command:
    # A value behind it is passed over: `LASER:MODE:LDV;LDV 0.5` changes the mode twice.
    older = OLDER_SPELLINGS.get(mode, "")
    return Command(
        f"LASer:MODE:{mode}{older}", lambda device, _=None: device._set_mode(mode), (str,), fewest=0
    )


def _keep(mode: str) -> Callable[[ArroyoLaser, float], None]:
    return lambda laser, value: laser._keep_setpoint(mode, value)


_Laser = ArroyoLaser
_monitor = within(0.0, HIGHEST_MONITOR)

LASER_COMMANDS = (
    Command(
        "ONDELAY",
        _Laser._set_on_delay,
        (whole(0, 30000),),
        lambda laser: laser.form.integer(laser._on_delay_ms),
    ),
    Command("LASer:OUTput", _Laser.switch_output, (truth,), _Laser._output_text),
    Command("LASer:LDI|I", _Laser._set_current, (number,), _Laser._measured_current),
    Command("LASer:SET:LDI|I", answer=_Laser._setpoint_text),
    Command(
        "LASer:STEP",
        _Laser._set_step,
        (whole(1, LONGEST_STEP),),
        lambda laser: laser.form.integer(laser._step),
    ),
    Command("LASer:INC", lambda laser: laser._move_setpoint(+1)),
    Command("LASer:DEC", lambda laser: laser._move_setpoint(-1)),
    Command("LASer:SET:LDV", answer=lambda laser: laser.form.real(laser._setpoints["LDV"], 3)),
    Command("LASer:SET:MDI|IPD", answer=lambda laser: laser.form.real(laser._setpoints["MDI"], 1)),
    Command("LASer:SET:MDP|PPD", answer=lambda laser: laser.form.real(laser._setpoints["MDP"], 1)),
    Command(
        "LASer:LIMit:LDI|I",
        _Laser._set_current_limit,
        (number,),
        lambda laser: laser.form.real(laser._limit_ma, 0),
    ),
    Command("LASer:LDV", _Laser._set_voltage, (number,), lambda laser: laser._metered("LDV")),
    Command(
        "LASer:LIMit:LDV",
        _Laser._set_voltage_limit,
        (number,),
        lambda laser: laser.form.real(laser._limit_v, 2),
    ),
    Command("LASer:MDI|IPD", _keep("MDI"), (_monitor,), lambda laser: laser._metered("MDI")),
    Command("LASer:MDP|PPD", _keep("MDP"), (_monitor,), lambda laser: laser._metered("MDP")),
    Command("LASer:MODE", answer=_Laser._mode_text),
    *(_mode_command(mode) for mode in MODES),
    Command(
        "LASer:TOLerance",
        _Laser._set_tolerance,
        (within(0.0, 20000.0), within(0.0, 50.0)),
        _Laser._tolerance_text,
    ),
    Command("LASer:CONDition", answer=_Laser._condition_register),
    Command("LASer:EVEnt", answer=_Laser._take_events),
    Command(
        "LASer:ENABle:OUTOFF",
        _Laser._set_off_mask,
        (whole(0, 0xFFFF),),
        lambda laser: laser.form.integer(laser._off_mask),
    ),
)

ArroyoLaser.LANGUAGE = Language({BOX: COMMON_COMMANDS, ArroyoLaser.NAME: LASER_COMMANDS})
