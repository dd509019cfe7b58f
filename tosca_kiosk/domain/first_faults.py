"""When a first fault is found: the interlock table's column of proofs.

Light ends by two ways, the gate and the laser driver's output, and by what sensors tell. A way or a sensor
that has failed in silence is a first fault; it hurts only together with a second. So each row says what may
fail behind it unseen, and when that shows: before the next light, or never. `tests/e2e/test_first_faults.py`
brings each fault about, waits for its proof and only then adds a second one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Proof(StrEnum):
    """When a first fault shows at the latest."""

    OPENING = "at session start"
    ARMING = "at arming"
    PRESS = "at each press"
    LIGHT = "under light"
    RELEASE = "at each release"
    ALWAYS = "continuously"
    NEVER = "never"


class FirstFault(NamedTuple):
    """What may fail unseen, when it shows, and by what; for NEVER: why, and what is left."""

    fault: str
    shows: Proof
    how: str


def _silent(device: str, row: str) -> FirstFault:
    return FirstFault(f"the {device} falls silent", Proof.ALWAYS, f"its answers grow old: {row}")


_BRIDGED = FirstFault(
    "the laser's interlock loop is bridged",
    Proof.RELEASE,
    "behind each opened gate the laser must tell its loop open: laser_interlock_bridged",
)
_REGISTER = FirstFault(
    "the laser's condition register stands still",
    Proof.RELEASE,
    "it must show the gate open after each release and closed after each press",
)
_PHOTODIODE = FirstFault(
    "the photodiode is blocked, has drifted or tells always the same",
    Proof.LIGHT,
    "measured power must be the current's: photodiode_out_of_range, photodiode_over_power",
)
_PHOTODIODE_IN_CALIBRATION = FirstFault(
    "the photodiode is blocked or tells always the same",
    Proof.LIGHT,
    "it must be dark without light and see what a current over a bound gives: station_unseen",
)
_VIBRATION = FirstFault(
    "the vibration sensor's reading stands still",
    Proof.ARMING,
    "it must have come to rest since the motor last ran: vibration_unproved",
)
_STOP_LOOP = FirstFault(
    "the emergency stop's loop is bridged",
    Proof.NEVER,
    "it looks like a button that is not pressed until somebody presses it; pedal and STOP are left",
)
_BOARD_BITS = FirstFault(
    "the board's status is an old one", Proof.ALWAYS, "its sequence and its clock must go on: board_lost"
)
_TEMPERATURE = FirstFault(
    "the thermistor reads what it should and not what is",
    Proof.NEVER,
    "there is one; a diode at a wrong temperature gives another power, which the photodiode tells under "
    "light, and the TEC controller has a trip of its own",
)
_SCREEN = FirstFault("the screen or its link hangs", Proof.ALWAYS, "its heartbeat stops: kiosk_lost")
_CAMERA = FirstFault(
    "the picture stands still", Proof.ALWAYS, "the newest picture that is new grows old: camera"
)

FIRST_FAULTS: Final[dict[str, FirstFault]] = {
    "board_lost": _silent("board", "board_lost"),
    "footpedal_stale": _silent("board", "board_lost"),
    "stop_loop": _STOP_LOOP,
    "screen": _SCREEN,
    "smoothing": FirstFault("the motor does not shake the fibre", Proof.LIGHT, "the sensor tells: smoothing"),
    "vibration_unproved": _VIBRATION,
    "board_fault_0": FirstFault(
        "one of the pedal's contacts fails",
        Proof.RELEASE,
        "both must change at each press and release: board_fault_0; and arming asks for a pedal that is up",
    ),
    "board_fault_1": _STOP_LOOP,
    "board_fault_2": _VIBRATION,
    "board_fault_3": FirstFault(
        "the board no longer notices that the computer is silent",
        Proof.NEVER,
        "only silence would try it; its firmware is tried on its emulated chip, and its own watchdog is left",
    ),
    "board_fault_4": FirstFault(
        "the gate relay is welded", Proof.RELEASE, "its read-back must open with it: board_fault_4"
    ),
    "board_fault_5": FirstFault(
        "the gate relay does not close", Proof.PRESS, "its read-back must close with it: board_fault_5"
    ),
    "board_fault_6": FirstFault(
        "the accelerometer is lost", Proof.ALWAYS, "the board asks it in every window: board_fault_6"
    ),
    "board_fault_7": FirstFault(
        "the board's own watchdog does not restart it",
        Proof.NEVER,
        "only a board that hangs would try it; its firmware is tried on its emulated chip, and a board that "
        "hangs is silent: board_lost",
    ),
    "board_fault_other": _BOARD_BITS,
    "gate": FirstFault("the gate relay opens by itself", Proof.LIGHT, "its read-back opens with it: gate"),
    "laser_not_clearing": FirstFault(
        "the laser no longer obeys its set point",
        Proof.RELEASE,
        "0 must be read back behind each release, or the gate is not wanted: laser_not_clearing",
    ),
    "gate_not_closing": FirstFault("the gate relay does not close", Proof.PRESS, "gate_not_closing"),
    "laser_interlock_open": _REGISTER,
    "stage_move": FirstFault("the stage is stuck", Proof.LIGHT, "at the next ring: stage_move"),
    "laser_not_starting": FirstFault(
        "the laser no longer obeys its output command",
        Proof.PRESS,
        "on is the same command as off and must be read back: laser_not_starting; off alone is the gate's "
        "too, and current 0 goes with it",
    ),
    "photodiode_warning": _PHOTODIODE,
    "photodiode_over_power": _PHOTODIODE,
    "photodiode_out_of_range": _PHOTODIODE,
    "light_while_off": _PHOTODIODE,
    "power_limit": _PHOTODIODE,
    "converter_saturated": _PHOTODIODE,
    "laser_stale": _silent("laser", "laser_stale"),
    "laser_condition": _REGISTER,
    "laser_interlock": _BRIDGED,
    "laser_interlock_bridged": _BRIDGED,
    "laser_interlock_unproved": _REGISTER,
    "laser_output_lost": FirstFault(
        "the laser always says that its output is on",
        Proof.RELEASE,
        "off must be read back behind each release: laser_output_stuck",
    ),
    "laser_setpoint": FirstFault(
        "the laser tells a set point that it has not",
        Proof.LIGHT,
        "it must be the commanded one, and fit the measured current and the light: laser_setpoint",
    ),
    "laser_current": FirstFault(
        "the laser tells a current that it does not give",
        Proof.LIGHT,
        "it must be the set one, and fit the light: laser_current",
    ),
    "laser_regulation": _REGISTER,
    "laser_output_stuck": FirstFault(
        "the laser always says that its output is off", Proof.LIGHT, "on must be read back: laser_output_lost"
    ),
    "laser_error": FirstFault(
        "the laser's error queue stays empty whatever it refuses",
        Proof.NEVER,
        "what it would tell is read back: output, set point, current and condition",
    ),
    "laser_warning": _REGISTER,
    "tec": _silent("temperature controller", "tec"),
    "tec_settling": _TEMPERATURE,
    "tec_off_setpoint": _TEMPERATURE,
    "tec_far_off_setpoint": _TEMPERATURE,
    "stage": _silent("stage", "stage"),
    "stage_position": FirstFault(
        "the encoder has slipped on its scale, or the optics have moved",
        Proof.NEVER,
        "homing proves the scale at the session's start; after it only a ring that is seen would tell",
    ),
    "camera_to_arm": _CAMERA,
    "camera": _CAMERA,
    "camera_covered": FirstFault(
        "the lens is covered", Proof.ARMING, "a picture that is black or clipped all over: camera_covered"
    ),
    "self_test": FirstFault(
        "a device has failed since it was tested",
        Proof.OPENING,
        "a test counts in this boot, for 24 h, and for devices that stayed connected: self_test; one that "
        "goes in a session is a fault of its own",
    ),
    "real_time": FirstFault(
        "control has no real-time rights", Proof.OPENING, "it looks what it was given: real_time"
    ),
    "rules": FirstFault(
        "the screen tells other limits than the record has", Proof.OPENING, "control has them compared: rules"
    ),
    "session": FirstFault("the session is another's", Proof.OPENING, "commands carry its number"),
    "calibration": FirstFault(
        "a calibration is another device's", Proof.OPENING, "serial numbers are compared: calibration"
    ),
    "kiosk_lost": _SCREEN,
    "clock": FirstFault(
        "the computer's clock stands still or leaps",
        Proof.ALWAYS,
        "the board counts its own time: board_lost",
    ),
    "loop": FirstFault(
        "control stands still",
        Proof.ALWAYS,
        "it is late when it goes on: loop; meanwhile the board opens the gate",
    ),
    "journal": FirstFault(
        "the disk takes no more", Proof.ALWAYS, "every line must be on it in time: journal"
    ),
    "runtime": FirstFault(
        "the folder in which the processes meet is removed or replaced",
        Proof.ALWAYS,
        "control looks: runtime",
    ),
    "disk": FirstFault("the disk fills up", Proof.ALWAYS, "every line must be on it in time: journal"),
    "station_photodiode": _PHOTODIODE_IN_CALIBRATION,
    "station_current": _REGISTER,
    "station_setpoint": _REGISTER,
    "station_light": FirstFault(
        "control's clock runs slow", Proof.ALWAYS, "the board counts its own time: board_lost"
    ),
    "station_energy": _PHOTODIODE_IN_CALIBRATION,
    "station_duration": FirstFault(
        "control's clock runs slow", Proof.ALWAYS, "the board counts its own time: board_lost"
    ),
    "station_unseen": _PHOTODIODE_IN_CALIBRATION,
    "board_gone": _silent("board", "board_lost"),
    "laser_gone": _silent("laser", "laser_stale"),
    "tec_gone": _silent("temperature controller", "tec"),
    "stage_gone": _silent("stage", "stage"),
}
"""By the source of the interlock's row; the table takes no row that is missing here."""


class LostWay(NamedTuple):
    """A way to darkness that can be lost in silence, and when that shows."""

    way: str
    lost_by: str
    shows: Proof


LOST_WAYS: Final = (
    LostWay(way="gate", lost_by="the relay is welded", shows=Proof.RELEASE),
    LostWay(way="gate", lost_by="the laser's interlock loop is bridged", shows=Proof.RELEASE),
    LostWay(
        way="gate",
        lost_by="the board does not obey the computer or does not see its inputs",
        shows=Proof.NEVER,
    ),
    LostWay(way="laser", lost_by="its line is cut or stalled, or it hangs", shows=Proof.ALWAYS),
    LostWay(way="laser", lost_by="it ignores what it is told", shows=Proof.RELEASE),
    LostWay(way="laser", lost_by="the computer stands still", shows=Proof.ALWAYS),
)
"""Both ways lost under one light is light that software cannot end: no proof lies between two faults of one
press. Only the key of the laser and the emergency stop of the mains are left then."""
