"""Every key of `system_config` that exists: its type, unit and range, who reads it, and what it does.

A key that has no row is at its default, which is the design's value; the range lets a site only tighten it.
"""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tosca_kiosk.domain.rules import Limits

IDLE_WITHIN_S: Final = 30.0
"""So long after a change of a limit the idle cart holds it: control asks the record this often."""


class Kind(StrEnum):
    """A value's type, as the column `config_type` names it."""

    FLOAT = "float"
    INTEGER = "integer"
    STRING = "string"


class Holds(StrEnum):
    """Since when a changed value holds. A session that is open keeps what it was opened with."""

    CART = f"on the idle cart within {IDLE_WITHIN_S:g} s, in sessions from the next"
    NEXT = "from the next session"
    CAMERA = "with the camera"


class Setting(NamedTuple):
    """One key. default: None for no limit, or for no row. lowest, highest: of a number, both allowed.

    reader: the module that reads it. does: one sentence. field, scale: of Limits, which is the value times
    the scale. pattern: of a text, allowed: what that means.
    """

    key: str
    kind: Kind
    unit: str
    default: float | int | str | None
    lowest: float | None
    highest: float | None
    reader: str
    does: str
    holds: Holds
    field: str | None = None
    scale: float = 1.0
    pattern: str = ""
    allowed: str = ""

    @property
    def range_text(self) -> str:
        """What is allowed, in words."""
        if self.lowest is None or self.highest is None:
            return self.allowed
        return f"{self.lowest:g} to {self.highest:g}{f' {self.unit}' if self.unit else ''}"

    def problem(self, value: Any) -> str | None:
        """Return why this is no value of it, None where it is one: what was given, what is allowed."""
        if self._is(value):
            return None
        return f"system_config.{self.key}: {value!r} given, {self._noun(value)}{self.range_text} allowed"

    def _noun(self, value: Any) -> str:
        """Say what kind of number is needed, where it was not that."""
        if self.kind is Kind.STRING:
            return ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "a number from " if self.kind is Kind.FLOAT else "a whole number from "
        return "a whole number from " if self.kind is Kind.INTEGER and value % 1 else ""

    def _is(self, value: Any) -> bool:
        if self.kind is Kind.STRING:
            return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        if self.kind is Kind.INTEGER and value != int(value):
            return False
        return self.lowest is not None and self.highest is not None and self.lowest <= value <= self.highest


_DESIGN: Final = Limits()
_UNITS: Final = {"_s": "s", "_w": "W", "_v": "V", "_c": "°C", "_ma": "mA", "_um": "µm"}
"""Of a limit's field by its ending; fractions and factors have none."""

# More is tighter only where a time must pass before something is allowed.
_MORE_IS_TIGHTER: Final = frozenset(
    {"tec_arm_s", "arm_hold_s", "pedal_after_arm_s", "pedal_lifted_s", "laser_on_delay_s", "key_off_after_s"}
)
_LONGEST_WAIT_S: Final = 60.0

_CHECKS: Final = "domain/checks.py"
_LASER: Final = "domain/laser_checks.py"
_TABLE: Final = "domain/interlocks.py"
_PHASES: Final = "domain/phases.py"
_LIGHT: Final = "domain/light.py"

_INTERLOCKS: Final = (
    ("dose_margin", _LIGHT, "Ends a treatment at this many times the energy of its plan."),
    ("board_fresh_s", _CHECKS, "Takes the interlock board for lost when its last word is older."),
    ("laser_fresh_s", _LASER, "Takes the laser driver for lost when an answer of it is older."),
    ("tec_fresh_s", _CHECKS, "Takes the temperature controller for lost when an answer of it is older."),
    ("stage_fresh_s", _CHECKS, "Takes the ring stage for lost when its last word is older."),
    ("operator_fresh_s", _CHECKS, "Ends light when the screen's last sign of life is older."),
    ("frame_fresh_to_arm_s", _TABLE, "Refuses arming when the newest picture is older."),
    ("frame_fresh_to_stay_s", _TABLE, "Ends light when the newest picture is older."),
    ("late_tick_s", _CHECKS, "Makes a tick of control that is later a fault."),
    ("overrun_span_s", _CHECKS, "Makes ticks that overrun their period for so long a fault."),
    (
        "photodiode_warning_w",
        _CHECKS,
        "Lets power be off so much before a warning where the % is less.",
    ),
    ("photodiode_warning_s", _TABLE, "Warns of measured power that is off for so long."),
    ("laser_warning_s", _TABLE, "Warns of a driver at its limit or out of tolerance for so long."),
    ("laser_settle_s", _LASER, "Makes a driver at its limit a fault so long after the last change of power."),
    ("setpoint_follow_s", _TABLE, "Makes a set point that is read back wrong for so long a fault."),
    ("laser_current_ma", _LASER, "Lets the measured diode current be off the set one by so much."),
    ("laser_current_s", _TABLE, "Makes a diode current that is off for so long a fault."),
    ("laser_current_settle_s", _LASER, "Judges the diode current so long after the last change of power."),
    (
        "photodiode_fault_w",
        _CHECKS,
        "Lets power be off so much before a fault where the % is less.",
    ),
    ("over_power_s", _TABLE, "Makes power that is far over the set one for so long a fault."),
    ("under_power_s", _TABLE, "Makes power that is far under the set one for so long of light a fault."),
    ("photodiode_dark_v", _CHECKS, "Takes any higher voltage of the photodiode for light."),
    ("photodiode_dark_after_s", _CHECKS, "Makes light that is measured so long after an off a fault."),
    ("light_lag_s", _LIGHT, "Lets expected power follow a confirmed set point by this time constant."),
    ("power_limit_fraction", _CHECKS, "Makes power over so many times the limit in force a fault."),
    ("power_limit_margin_w", _CHECKS, "Is added to that: the photodiode's own noise."),
    ("power_limit_s", _TABLE, "Makes power over the limit for so long a fault."),
    ("tec_arm_c", "domain/safety.py", "Takes a temperature for settled that is so near its set point."),
    ("tec_arm_s", _CHECKS, "Refuses arming until the temperature has been settled for so long."),
    ("tec_stay_c", _TABLE, "Lets the temperature be off its set point by so much."),
    ("tec_stay_s", _TABLE, "Makes a temperature that is off for so long a fault."),
    ("tec_trip_c", _TABLE, "Makes a temperature that is off by more a fault at once."),
    ("stage_tolerance_um", _CHECKS, "Lets the ring stage be off its target by so much."),
    ("stage_move_s", _TABLE, "Makes a move of the ring stage that takes longer a fault."),
    ("arm_hold_s", "domain/commands.py", "Refuses arming until ARM was held for so long."),
    ("arm_hold_max_s", _PHASES, "Forgets a hold of ARM that lasts longer."),
    ("pedal_after_arm_s", _PHASES, "Lets a press of the pedal count so long after arming."),
    ("pedal_lifted_s", _CHECKS, "Lets a press count when the pedal was up for so long before."),
    ("armed_max_s", _PHASES, "Disarms when the pedal was not pressed for so long."),
    ("clear_s", _TABLE, "Makes a laser that does not read off within this a fault."),
    ("gate_close_s", _TABLE, "Makes a gate that does not close within this a fault."),
    (
        "interlock_clear_s",
        _TABLE,
        "Makes a loop that does not follow the gate within this a fault.",
    ),
    ("switch_on_s", _LASER, "Makes an output that is not confirmed on within this a fault."),
    ("switch_off_s", _LASER, "Makes an output that still reads on so long after an off a fault."),
    ("acknowledge_s", _PHASES, "Lets a reset wait for its cause to go for so long."),
    ("key_off_after_s", _LASER, "Lets a person vouch for darkness that stays unknown for so long."),
    ("laser_on_delay_s", "domain/beam.py", "Raises power so long after the output was asked on."),
)
"""Field of Limits, who reads it, what it does. Their keys are `interlock_<field>`."""


def _interlock(field: str, reader: str, does: str) -> Setting:
    design = float(getattr(_DESIGN, field))
    more = field in _MORE_IS_TIGHTER
    return Setting(
        key=f"interlock_{field}",
        kind=Kind.FLOAT,
        unit=_UNITS.get(field[field.rindex("_") :], ""),
        default=design,
        lowest=design if more else design / 100.0,
        highest=_LONGEST_WAIT_S if more else design,
        reader=reader,
        does=does,
        holds=Holds.CART,
        field=field,
    )


POWER_KEY: Final = "max_laser_power_watts"
DURATION_KEY: Final = "max_treatment_duration_seconds"
EARLIER_DOSE_KEY: Final = "earlier_dose_asked_above_joules"
SESSION_DATA_PATH: Final = "session_data_path"
DEFAULT_SESSION_DATA_PATH: Final = "data/sessions"

SETTINGS: Final[dict[str, Setting]] = {
    setting.key: setting
    for setting in (
        Setting(
            key=POWER_KEY,
            kind=Kind.FLOAT,
            unit="W",
            default=10.0,
            lowest=0.1,
            highest=10.0,
            reader="domain/session_rules.py",
            does="Refuses a protocol that asks for more power.",
            holds=Holds.CART,
            field="max_power_w",
        ),
        Setting(
            key="max_power_slew_watts_per_second",
            kind=Kind.FLOAT,
            unit="W/s",
            default=10.0,
            lowest=0.1,
            highest=10.0,
            reader=_LIGHT,
            does="Raises power no faster than this.",
            holds=Holds.CART,
            field="max_power_slew_w_per_s",
        ),
        Setting(
            key="treatment_loop_frequency_hz",
            kind=Kind.INTEGER,
            unit="Hz",
            default=10,
            lowest=10,
            highest=50,
            reader="domain/tick.py",
            does="Sets power and records a sample of it so many times a second.",
            holds=Holds.CART,
            field="setpoint_rate_hz",
            scale=1,
        ),
        Setting(
            key="photodiode_warning_threshold_percent",
            kind=Kind.FLOAT,
            unit="%",
            default=15.0,
            lowest=1.0,
            highest=15.0,
            reader=_CHECKS,
            does="Warns of measured power that is off the expected one by more.",
            holds=Holds.CART,
            field="photodiode_warning_fraction",
            scale=0.01,
        ),
        Setting(
            key="photodiode_fault_threshold_percent",
            kind=Kind.FLOAT,
            unit="%",
            default=30.0,
            lowest=2.0,
            highest=30.0,
            reader=_CHECKS,
            does="Makes measured power that is off the expected one by more a fault.",
            holds=Holds.CART,
            field="photodiode_fault_fraction",
            scale=0.01,
        ),
        Setting(
            key=DURATION_KEY,
            kind=Kind.FLOAT,
            unit="s",
            default=None,
            lowest=1.0,
            highest=86_400.0,
            reader="domain/protocol_file.py",
            does="Refuses a protocol that lasts longer; without a value any duration is allowed.",
            holds=Holds.NEXT,
        ),
        Setting(
            key=EARLIER_DOSE_KEY,
            kind=Kind.FLOAT,
            unit="J",
            default=0.0,
            lowest=0.0,
            highest=10_000.0,
            reader="session/earlier_dose.py",
            does="Has a new session asked about where the patient's light of the last 24 h is over this.",
            holds=Holds.NEXT,
        ),
        Setting(
            key=SESSION_DATA_PATH,
            kind=Kind.STRING,
            unit="",
            default=DEFAULT_SESSION_DATA_PATH,
            lowest=None,
            highest=None,
            reader="session/opening.py",
            does="Has a session's folder made there; a leading data/ is the data directory.",
            holds=Holds.NEXT,
            pattern=r"\S.*",
            allowed="a path inside the data directory",
        ),
        Setting(
            key="video_resolution",
            kind=Kind.STRING,
            unit="pixels",
            default="1920x1080",
            lowest=None,
            highest=None,
            reader="",
            does="Will record video in this size.",
            holds=Holds.CAMERA,
            pattern=r"[1-9]\d{1,3}x[1-9]\d{1,3}",
            allowed="WIDTHxHEIGHT with 10 to 9999 each",
        ),
        Setting(
            key="video_fps",
            kind=Kind.INTEGER,
            unit="1/s",
            default=30,
            lowest=1,
            highest=120,
            reader="",
            does="Will record so many pictures a second.",
            holds=Holds.CAMERA,
        ),
        *(_interlock(*row) for row in _INTERLOCKS),
    )
}
"""By key, in the order in which they are listed."""
