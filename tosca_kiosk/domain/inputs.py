"""What goes into one tick's decision. All times are session seconds.

Every value carries the time of its measurement, or of the question that it answers (`asked_s`): the value
can be no older. None means unknown, which is unsafe.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CommandType(StrEnum):
    """What an operator can ask of control."""

    OPEN_SESSION = "open_session"
    HOME_STAGE = "home_stage"
    BEGIN_ARM = "begin_arm"
    CANCEL_ARM = "cancel_arm"
    ARM = "arm"
    PAUSE = "pause"
    STOP = "stop"
    ACKNOWLEDGE = "acknowledge"
    CLOSE_SESSION = "close_session"
    RUN_SELF_TEST = "run_self_test"
    AIMING_ON = "aiming_on"
    AIMING_OFF = "aiming_off"
    CONFIRM_KEY_OFF = "confirm_key_off"
    POWER_OVERRIDE = "protocol_power_override"
    RING_OVERRIDE = "protocol_ring_override"
    SELECT_STATION = "select_station"


class Command(msgspec.Struct, frozen=True, array_like=True):
    """One command. user, role: of the operator who resets, as control's own check of the PIN found them.

    Of an override, value is the new power in W or ring size in mm, and user is who the screen says asks; of
    select_station value is the station's number from 0.
    """

    id: int
    type: CommandType
    role: str | None = None
    reason: str | None = None
    user: str | None = None
    value: float | None = None


class TurnedAway(msgspec.Struct, frozen=True, array_like=True):
    """What was turned away before it could become a command: by whom it was not for, or not understood.

    asked: what it wanted, as far as that could be read.
    """

    asked: str
    refused: str


class BoardIn(msgspec.Struct, frozen=True, array_like=True):
    """The interlock board's newest status; measured_s by the board's own clock."""

    measured_s: float
    pedal_pressed: bool
    stop_loop_closed: bool
    gate_closed: bool
    gate_wanted: bool
    motor_on: bool
    vibration_healthy: bool
    photodiode_v: float
    photodiode_saturated: bool
    faults: int
    aiming_on: bool = False


class LaserIn(msgspec.Struct, frozen=True, array_like=True):
    """The laser driver's newest answers. errors: empty when its queue was found drained."""

    output_on: bool
    output_asked_s: float
    set_current_ma: float
    set_asked_s: float
    measured_current_ma: float
    measured_asked_s: float
    condition: int
    condition_asked_s: float
    errors: tuple[int, ...]
    errors_asked_s: float


class TecIn(msgspec.Struct, frozen=True, array_like=True):
    """The temperature controller's newest answers."""

    temperature_c: float
    temperature_asked_s: float
    setpoint_c: float
    output_on: bool
    output_asked_s: float
    condition: int
    condition_asked_s: float


class StageIn(msgspec.Struct, frozen=True, array_like=True):
    """The stage's newest status. settled: fresh since the last command, reached, within tolerance."""

    measured_s: float
    position_um: float
    target_um: float
    index_known: bool
    settled: bool
    trips: tuple[str, ...]


class Inputs(msgspec.Struct, frozen=True, array_like=True):
    """Everything a decision may depend on. A device is None until it is ready and when it is lost.

    late_s: how late this tick began. overrun_s: how long ticks have taken longer than their period in a
    row. operator_s: the newest sign of life of the operator's screen. frame_s: the newest new picture.
    turned_away: is recorded, and nothing else depends on it. frame_covered: the newest picture is black or
    clipped all over; True before the first one. runtime_ok: the processes' folder is the one they began in.
    rules_problem, self_test_problem, real_time_problem: why there may be no light, None where nothing is.
    self_test_problem is asked while idle; self_test_motor: a test under way asks for the smoothing motor.
    """

    now_s: float
    late_s: float
    overrun_s: float
    board: BoardIn | None
    laser: LaserIn | None
    tec: TecIn | None
    stage: StageIn | None
    operator_s: float | None
    frame_s: float | None
    journal_ok: bool
    disk_ok: bool
    commands: tuple[Command, ...] = ()
    turned_away: tuple[TurnedAway, ...] = ()
    frame_covered: bool = False
    runtime_ok: bool = True
    rules_problem: str | None = None
    self_test_problem: str | None = None
    real_time_problem: str | None = None
    self_test_motor: bool = False
