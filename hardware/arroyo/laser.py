"""Arroyo LaserSource, 4300 series: a laser diode driver (currents in mA on the wire and here).

The first bytes after every opening are LAS:OUT 0: power-up returns to the last state and there is no host
watchdog, so a laser that was not watched is taken to be on.
Source: Arroyo Computer Interfacing Manual, P/N 530-1003 Rev K; 4320 user manual.
"""

from __future__ import annotations

from math import floor, inf
from typing import TYPE_CHECKING, Any

from hardware.arroyo.base import ArroyoDevice
from hardware.arroyo.commands import (
    CURRENT_LIMITS,
    LASER_OUTOFF,
    LASER_TOLERANCE,
    MEASURED_CURRENT,
    ON_DELAY,
    SET_CURRENT,
    VOLTAGE_LIMIT,
    Setting,
    at_default,
    decode_bits,
    decode_flag,
    decode_mode,
    decode_number,
    is_off,
)
from hardware.arroyo.models import LASERS
from hardware.arroyo.names import LaserCondition, laser_condition_names
from hardware.arroyo.polled import Polled, oldest
from hardware.conversation import RefusalError, Script, pause
from hardware.interfaces import Laser, LinkState, Reading

if TYPE_CHECKING:
    from hardware.arroyo.shared import Lane
    from hardware.settings import LaserSettings
    from hardware.transport import Port

_OFF = "LAS:OUT 0"
_ON = "LAS:OUT 1"
_ZERO = "LAS:LDI 0"
_OFF_PERIOD_S = 0.1
_OFF_TRIES = 3
_STOP_TRIES = 20
_LATE_S = (0.15, 0.2)
"""One question goes between two sets; one more for each of these the oldest has waited longer than."""
_MOST_BETWEEN = 1 + len(_LATE_S)
"""When the round is so late, identity and settings wait."""
_READ_BACK_LATER_S = 0.25
"""So much later than its turn the set point is read back while sets confirm it: within half a second."""
_DARK_MA = 20.0
"""Well over the 4 mA of the set point's accuracy, well under the threshold of the diodes in use (500 mA)."""
_SETPOINT_STEP_MA = SET_CURRENT.numbers[0].step
_CURRENT_MODES = ("ILBW", "IHBW", "I", "ICW")
"""All of constant current; the last two are what older instruments call it."""
_USUAL = LaserCondition.INTERLOCK_OPEN | LaserCondition.OUT_OF_TOLERANCE | LaserCondition.OUTPUT_ON
"""No finding: the gate is open at start, and a dark laser is out of its tolerance. An interlock that opened
under an output that was on tells by its error, and the output by itself."""
_FOUND_ON = "output found on; switched off first of all"


class ArroyoLaser(ArroyoDevice):
    """A `Laser`. Raises ValueError when a setting is outside what the model allows.

    While the output is not wanted the set point is 0, whatever current `want` names. A wanted on that was
    stated while the link was not READY is not sent later: state off first, then on.
    """

    __slots__ = (
        "_condition_due",
        "_condition_jumped",
        "_events",
        "_left_on",
        "_limit_ma",
        "_measured",
        "_off_edges",
        "_off_is_repeat",
        "_off_pending",
        "_on_due",
        "_on_sent",
        "_out_asked_after",
        "_read_back_s",
        "_round",
        "_set_ma",
        "_setpoint",
        "_sets_hold",
        "_setting_ma",
        "_since_set",
        "_want_ma",
        "_want_on",
    )

    _tree = "LAS"
    _first_words = (_OFF, _OFF)
    """Twice: half a command that a lost link left in its buffer spoils the first."""
    _last_words = (_OFF,)
    _loss_advice = "; its output counts as on: open the interlock"
    _stop_doubt = "the output is not confirmed off: open the interlock and switch it off at its key"

    def __init__(self, settings: LaserSettings, port: Port, lane: Lane | None = None) -> None:
        self._limit_ma = settings.current_limit_ma
        self._measured = Polled(MEASURED_CURRENT.query, decode_number(MEASURED_CURRENT))
        self._setpoint = Polled(SET_CURRENT.query, SET_CURRENT.numbers[0].decode)
        self._events = Polled("LAS:EVE?", decode_bits)
        self._want_on = False
        self._want_ma = 0.0
        self._off_edges = 0
        self._left_on = False
        """The link was lost while the output counted as on."""
        self._reset_commands()
        super().__init__("laser", port, settings, _laser_settings(settings), lane)
        self._round = (self._condition, self._measured, self._out, self._errors, self._setpoint)

    @property
    def set_current_ma(self) -> Reading[float] | None:
        return self._setpoint.reading

    @property
    def measured_current_ma(self) -> Reading[float] | None:
        return self._measured.reading

    @property
    def event_bits(self) -> Reading[int] | None:
        """The newest answer of LAS:EVE?, about once a second: what was set since the reading before."""
        return self._events.reading

    def want(self, output_on: bool, current_ma: float) -> None:
        if output_on == self._want_on and current_ma == self._want_ma:
            return
        if not output_on and self._want_on:
            self._want_on = False
            self._begin_off()
        if not 0.0 <= current_ma <= self._limit_ma:
            raise ValueError(
                f"laser: {current_ma:g} mA wanted, 0 to {self._limit_ma:g} mA allowed by the configuration"
            )
        self._want_ma = current_ma
        if output_on and not self._want_on:
            self._want_on = True
            self._on_due = self.link is LinkState.READY
        self._due_s = -inf

    def ask_condition(self) -> None:
        """Make the condition register the next question; called without pause, every second one."""
        self._condition_due = True
        self._due_s = -inf

    # Commands

    def _reset_commands(self) -> None:
        self._set_ma: float | None = 0.0  # what the last set told the device; None: not known, tell it again
        self._setting_ma: float | None = None  # the set point the outstanding ERRSTR? confirms
        self._sets_hold = True  # the newest read-back was what the last set told
        self._read_back_s = -inf  # when the set point was asked for last
        self._since_set = 1  # questions since the last set
        self._on_due = False
        self._on_sent = False
        self._off_pending = False
        self._off_is_repeat = False
        self._out_asked_after = 0  # the off edge before the newest LAS:OUT?
        self._condition_due = False
        self._condition_jumped = False

    def _begin_off(self) -> None:
        self._off_edges += 1
        self._off_pending = True
        self._off_is_repeat = False
        self._on_due = False
        self._on_sent = False
        self._set_ma = None
        self._urgent_s = -inf
        self._due_s = -inf

    def _send_urgent(self, now_s: float) -> None:
        if now_s < self._urgent_s:
            return
        self._line.send(_OFF)
        if self._off_is_repeat:
            self._line.send(_ZERO)  # a device that does not take off may yet take this
        self._off_is_repeat = True
        # Also while it stops: its questions may wait for the other half of a box, and off must not.
        repeats = self.link in (LinkState.READY, LinkState.STOPPING)
        self._urgent_s = now_s + _OFF_PERIOD_S if repeats else inf

    def _next(self, now_s: float) -> tuple[Polled[Any], str]:
        self._send_urgent(now_s)  # a reading may just have shown an output that is not wanted
        polled, text = self._choose(now_s)
        self._since_set = 0 if self._setting_ma is not None else self._since_set + 1
        if polled is self._condition:
            self._condition_due = False
        elif polled is self._out:
            self._out_asked_after = self._off_edges
        return polled, text

    def _choose(self, now_s: float) -> tuple[Polled[Any], str]:
        jumped, self._condition_jumped = self._condition_jumped, False
        is_asked = self._asking is self._out and self._out_asked_after == self._off_edges
        if self._off_pending and not is_asked:
            return self._out, self._out.question
        if self._condition_due and not jumped:
            self._condition_jumped = True
            return self._condition, self._condition.question
        if self._on_due and self._is_ready_for_on():
            self._line.send(_ON)
            self._on_due = False
            self._on_sent = True
            return self._out, self._out.question
        target_ma = float(floor(self._want_ma + 1e-6)) if self._on_sent else 0.0
        waits_longest = oldest(self._round)
        waited_s = now_s - waits_longest.asked_s
        between = 1 + sum(waited_s > late_s for late_s in _LATE_S)
        if target_ma != self._set_ma and not self._off_pending and self._since_set >= between:
            self._setting_ma = self._set_ma = target_ma
            return self._errors, f"{SET_CURRENT.write} {target_ma:.0f};{self._errors.question}"
        polled = (self._slow_question(now_s) if between < _MOST_BETWEEN else None) or waits_longest
        return polled, polled.question

    def _is_ready_for_on(self) -> bool:
        """Whether the device is confirmed off with a set point of 0, so that on brings no current."""
        setpoint = self._setpoint.reading
        return not self._off_pending and self._set_ma == 0.0 and setpoint is not None and setpoint.value < 1.0

    def _taken(self, polled: Polled[Any]) -> None:
        if polled is self._out:
            self._take_output(self._out.reading)
        elif polled is self._errors and self._setting_ma is not None:
            self._take_confirmation(self._setting_ma, self._errors.reading)
        elif polled is self._setpoint:
            self._take_setpoint(self._setpoint.reading)

    def _take_output(self, reading: Reading[bool] | None) -> None:
        if reading is None:
            return
        if reading.value:
            if not self._want_on and not self._off_pending:
                self._begin_off()
        elif self._off_pending and self._out_asked_after == self._off_edges:
            self._off_pending = False
            self._urgent_s = inf

    def _take_setpoint(self, reading: Reading[float] | None) -> None:
        """Compare a read-back with what was told; while they differ, an empty error queue stands for none."""
        if reading is None:
            return
        self._read_back_s = reading.asked_s
        if self._set_ma is None:
            return
        over_ma = reading.value - self._set_ma
        agrees = abs(over_ma) < _SETPOINT_STEP_MA
        if self._sets_hold and not agrees:
            self._setpoint.asked_s = -inf  # the wire has no checksum: look again at once
        self._sets_hold = agrees
        if over_ma >= _SETPOINT_STEP_MA:
            self._set_ma = None  # more current than was told is told again; less is for control to judge

    def _take_confirmation(self, set_ma: float, reading: Reading[tuple[int, ...]] | None) -> None:
        self._setting_ma = None
        if reading is None:
            return
        if reading.value:
            self._setpoint.asked_s = -inf  # was it taken, and the error about something else? Read it back
        elif self._sets_hold:
            self._setpoint.reading = Reading(set_ma, reading.asked_s, reading.received_s)
            self._setpoint.asked_s = min(reading.asked_s, self._read_back_s + _READ_BACK_LATER_S)

    def _gave_up(self, polled: Polled[Any]) -> None:
        if polled is self._errors and self._setting_ma is not None:
            self._setting_ma = None
            self._set_ma = None  # taken or not: an absolute value may be told again

    def _forget(self) -> None:
        reading = self._out.reading
        self._left_on = self._left_on or self._on_sent or (reading is not None and reading.value)
        self.news += 1
        for polled in (*self._round, self._events):
            polled.forget()
        self._reset_commands()

    def _between_checks(self) -> tuple[Polled[Any], ...]:
        return (self._events, self._identity_check, self._events)

    # Sequences

    def _prepare(self) -> Script[None]:
        found_on = self._left_on
        for _ in range(_OFF_TRIES):
            is_on = yield from self._ask(self._out.question, decode_flag)
            if not is_on:
                break
            found_on = True
            self._line.send(_OFF)
        else:
            raise RefusalError(f"the output stays on after {_OFF}: switch it off at its key and look why")
        yield from self._record(found_on)
        self._line.send("*CLS")
        yield from self._write_settings((Setting(SET_CURRENT, (0.0,)),))
        mode = yield from self._ask("LAS:MODE?", decode_mode)
        if mode not in _CURRENT_MODES:
            raise RefusalError(
                f"LAS:MODE is {mode}, {' or '.join(_CURRENT_MODES[:2])} (constant current) "
                "is needed: select it at the device"
            )
        yield from self._write_settings(self._written)
        self._reset_commands()
        self._urgent_s = inf

    def _record(self, found_on: bool) -> Script[None]:
        """Read what must be known before it is reset.

        After the first words every output is off. That it was on shows in the event register, unless somebody
        read it since; then the set point still tells of a laser that was not stopped in order.
        """
        errors = yield from self._error_texts()
        events = yield from self._ask(self._events.question, decode_bits)
        conditions = yield from self._ask(self._condition.question, decode_bits)
        set_ma = yield from self._ask(self._setpoint.question, self._setpoint.decode)
        found_on = found_on or bool(events & LaserCondition.OUTPUT_ON)
        self._found = (
            *((_FOUND_ON,) if found_on else ()),
            *((f"set point {set_ma:g} mA; set to 0",) if set_ma else ()),
            *errors,
            *(f"event {name}" for name in laser_condition_names(events & ~_USUAL)),
            *(f"condition {name}" for name in laser_condition_names(conditions & ~_USUAL)),
        )
        self._left_on = False

    def _switch_off(self) -> Script[None]:
        """Off until read back off and dark, then the set point to 0."""
        for _ in range(_STOP_TRIES):
            self._line.send(_OFF)
            self._urgent_s = self._now_s + _OFF_PERIOD_S
            is_on = yield from self._ask_once(self._out.question)
            measured = yield from self._ask_once(self._measured.question)
            if self._is_dark(is_on, measured):
                break
            yield pause(_OFF_PERIOD_S)
        else:
            self._problem = f"{self._who}: {self._stop_doubt}"
        self._urgent_s = inf
        self._line.send(_ZERO)
        self._line.send("LOCAL")
        yield pause(_OFF_PERIOD_S)

    def _is_dark(self, is_on: str | None, measured: str | None) -> bool:
        try:
            return is_off(is_on) and measured is not None and abs(self._measured.decode(measured)) <= _DARK_MA
        except ValueError:
            self._line.refuse_answer()
            return False


def _laser_settings(settings: LaserSettings) -> tuple[Setting, ...]:
    """Return what the start sequence writes, in its order. Raises ValueError."""
    model = LASERS.get(settings.model)
    if model is None:
        raise ValueError(
            f"laser: model {settings.model} is configured, {', '.join(LASERS)} are known; correct the "
            "configuration"
        )
    for value, largest, unit in (
        (settings.current_limit_ma, model.max_current_ma, "mA"),
        (settings.voltage_limit_v, model.max_voltage_v, "V"),
    ):
        if not 0.0 < value <= largest:
            raise ValueError(
                f"laser: a limit of {value:g} {unit} is configured, a {settings.model} allows "
                f"over 0 and at most {largest:g} {unit}; correct the configuration"
            )
    return (
        Setting(CURRENT_LIMITS[settings.model], (settings.current_limit_ma,)),
        Setting(VOLTAGE_LIMIT, (settings.voltage_limit_v,)),
        Setting(LASER_OUTOFF, (settings.outoff_bits,)),
        Setting(
            LASER_TOLERANCE,
            (settings.tolerance_ma, settings.tolerance_s),
            may_lack=at_default(settings, "tolerance_ma", "tolerance_s"),
        ),
        Setting(ON_DELAY, (settings.on_delay_ms,), may_lack=at_default(settings, "on_delay_ms")),
    )


if TYPE_CHECKING:

    def _is_a_laser(driver: ArroyoLaser) -> Laser:
        return driver
