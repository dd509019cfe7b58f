"""Arroyo TECSource, 5300 series: a temperature controller (currents in A on the wire and here).

Source: Arroyo Computer Interfacing Manual, P/N 530-1003 Rev K; 5300 user manual.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from hardware.arroyo.base import ArroyoDevice
from hardware.arroyo.commands import (
    TEC_CURRENT_LIMITS,
    TEC_LIMIT_HIGH,
    TEC_LIMIT_LOW,
    TEC_OUTOFF,
    TEC_SETPOINT,
    TEC_TOLERANCE,
    TEMPERATURE,
    Setting,
    at_default,
    decode_bits,
    decode_mode,
    decode_number,
    is_off,
)
from hardware.arroyo.names import TecCondition, tec_condition_names
from hardware.arroyo.polled import Polled, oldest
from hardware.conversation import RefusalError, Script, pause
from hardware.interfaces import Reading, TemperatureController

if TYPE_CHECKING:
    from hardware.arroyo.shared import Lane
    from hardware.settings import TecSettings
    from hardware.transport import Port

T = TypeVar("T")


class _Pace(NamedTuple):
    """How often is asked: heat is slow, and the line stays idle between two questions.

    late_s: a measurement older than this has time neither for pauses nor for what changes by nobody's hand.
    """

    period_s: float
    late_s: float


_ALONE = _Pace(period_s=0.05, late_s=0.35)
"""Five questions in a quarter of a second; the longest the rotation takes with a slow one."""
_BESIDE_A_LASER = _Pace(period_s=0.15, late_s=0.5)
"""Control wants a laser's readings within half a second, and a temperature within one."""
_LASERS_TURN_S = 0.05
"""Between two questions of the start, while the laser of the box works: it asks two meanwhile."""
_RETRY_S = 0.1
_ON_TRIES = 20
_OFF_TRIES = 20
_USUAL = TecCondition.OUT_OF_TOLERANCE | TecCondition.OUTPUT_ON
"""Bits that are no finding when a controller is met."""


class ArroyoTec(ArroyoDevice):
    """A `TemperatureController`. Raises ValueError when a setting is outside what the device allows.

    READY means configured and switched on; whether the temperature has settled is condition bit 9.
    It is not switched on again after a trip. `begin_stop` switches it off at once: the caller begins it
    when the laser has cooled.
    """

    __slots__ = (
        "_before",
        "_pace",
        "_round",
        "_setpoint",
        "_temperature",
        "_temperatures",
        "_urgent",
    )

    _tree = "TEC"
    _first_words = ("",)
    _stop_doubt = "the output is not confirmed off: switch it off at the device"

    def __init__(self, settings: TecSettings, port: Port, lane: Lane | None = None) -> None:
        self._pace = _ALONE if lane is None else _BESIDE_A_LASER
        self._temperature = Polled(TEMPERATURE.query, decode_number(TEMPERATURE))
        self._setpoint = Polled(TEC_SETPOINT.query, TEC_SETPOINT.numbers[0].decode)
        self._before = _output_settings(settings)
        self._temperatures = _temperature_settings(settings)
        super().__init__("tec", port, settings, (*self._before, *self._temperatures), lane)
        self._urgent = (self._temperature, self._condition, self._out)
        self._round = (*self._urgent, self._setpoint, self._errors)

    @property
    def temperature_c(self) -> Reading[float] | None:
        return self._temperature.reading

    @property
    def setpoint_c(self) -> Reading[float] | None:
        return self._setpoint.reading

    def _next(self, now_s: float) -> tuple[Polled[Any], str]:
        polled = oldest(self._urgent)
        if now_s - polled.asked_s <= self._pace.late_s:
            self._idle_until_s = now_s + self._pace.period_s
            polled = self._slow_question(now_s) or oldest(self._round)
        return polled, polled.question

    def _taken(self, polled: Polled[Any]) -> None:
        """Nothing follows from a reading here: control judges it."""

    def _gave_up(self, polled: Polled[Any]) -> None:
        self._idle_until_s = -inf  # the old reading ages

    def _forget(self) -> None:
        self.news += 1
        for polled in self._round:
            polled.forget()

    def _ask(self, question: str, decode: Callable[[str], T]) -> Script[T]:
        value = yield from super()._ask(question, decode)
        if self._line.other_works:
            yield pause(_LASERS_TURN_S)
        return value

    def _prepare(self) -> Script[None]:
        errors = yield from self._error_texts()
        bits = yield from self._ask(self._condition.question, decode_bits)
        self._found = (*errors, *(f"condition {name}" for name in tec_condition_names(bits & ~_USUAL)))
        mode = yield from self._ask("TEC:MODE?", decode_mode)
        if mode != "T":
            raise RefusalError(f"TEC:MODE is {mode}, T (constant temperature) is needed: select it")
        yield from self._write_settings(self._before)
        yield from self._write_temperatures()
        self._line.send("TEC:OUT 1")
        for _ in range(_ON_TRIES):
            bits = yield from self._ask(self._condition.question, decode_bits)
            if bits & TecCondition.OUTPUT_ON:
                return
            yield pause(_RETRY_S)
        errors = yield from self._error_texts()
        found = ", ".join((*errors, *tec_condition_names(bits & ~_USUAL))) or "no error reported"
        raise RefusalError(f"does not switch on ({found}): check the sensor and the TEC's cable")

    def _write_temperatures(self) -> Script[None]:
        """Write limits and set point so that whatever the device holds, none is refused on the way.

        A limit that widens goes first; then the set point lies inside; then the limits may close in on it. It
        goes last too, for a limit may drag it along.
        """
        high, low, setpoint = self._temperatures
        high_c = yield from self._ask(TEC_LIMIT_HIGH.query, TEC_LIMIT_HIGH.numbers[0].decode)
        low_c = yield from self._ask(TEC_LIMIT_LOW.query, TEC_LIMIT_LOW.numbers[0].decode)
        wider = [
            setting
            for setting, widens in ((high, high.values[0] > high_c), (low, low.values[0] < low_c))
            if widens
        ]
        closer = [setting for setting in (high, low) if setting not in wider]
        yield from self._write_settings((*wider, setpoint, *closer, *([setpoint] if closer else ())))

    def _switch_off(self) -> Script[None]:
        for _ in range(_OFF_TRIES):
            self._line.send("TEC:OUT 0")
            if is_off((yield from self._ask_once(self._out.question))):
                break
            yield pause(_RETRY_S)
        else:
            self._problem = f"{self._who}: {self._stop_doubt}"
        self._line.send("LOCAL")
        yield pause(_RETRY_S)


def _temperature_settings(settings: TecSettings) -> tuple[Setting, Setting, Setting]:
    """Return high limit, low limit and set point. Raises ValueError."""
    if not settings.limit_low_c < settings.setpoint_c < settings.limit_high_c:
        raise ValueError(
            f"tec: a set point of {settings.setpoint_c:g} deg C is configured, between "
            f"{settings.limit_low_c:g} and {settings.limit_high_c:g} deg C is allowed; correct the "
            "configuration"
        )
    return (
        Setting(TEC_LIMIT_HIGH, (settings.limit_high_c,)),
        Setting(TEC_LIMIT_LOW, (settings.limit_low_c,)),
        Setting(TEC_SETPOINT, (settings.setpoint_c,)),
    )


def _output_settings(settings: TecSettings) -> tuple[Setting, ...]:
    """Return what is to hold whatever the temperature, in the order it is written. Raises ValueError."""
    if settings.model not in TEC_CURRENT_LIMITS:
        raise ValueError(
            f"tec: model {settings.model} is configured, {', '.join(TEC_CURRENT_LIMITS)} are known; correct "
            "the configuration"
        )
    return (
        Setting(TEC_CURRENT_LIMITS[settings.model], (settings.current_limit_a,)),
        Setting(TEC_OUTOFF, (settings.outoff_bits,)),
        Setting(
            TEC_TOLERANCE,
            (settings.tolerance_c, settings.tolerance_s),
            may_lack=at_default(settings, "tolerance_c", "tolerance_s"),
        ),
    )


if TYPE_CHECKING:

    def _is_a_temperature_controller(driver: ArroyoTec) -> TemperatureController:
        return driver
