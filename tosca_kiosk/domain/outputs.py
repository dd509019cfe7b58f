"""What comes out of one tick's decision: what the devices are to do."""

from __future__ import annotations

import msgspec


class Outputs(msgspec.Struct, frozen=True, array_like=True):
    """What the devices are to do. The dark default is what every doubt ends in.

    stage_position_um: None leaves the stage alone. ask_condition, home_stage, acknowledge_stage and
    clear_board_faults are asked once, in the tick they are True. motor_pwm: of 255; None for the
    configured one.
    """

    laser_output: bool = False
    laser_current_ma: float = 0.0
    want_gate: bool = False
    motor_on: bool = False
    stage_position_um: float | None = None
    ask_condition: bool = False
    home_stage: bool = False
    acknowledge_stage: bool = False
    clear_board_faults: bool = False
    aiming_on: bool = False
    motor_pwm: int | None = None


DARK = Outputs()
