"""One tick as the screen sees it. Control writes it into the ring; the kiosk shows it or shows nothing."""

from __future__ import annotations

import msgspec

from tosca_kiosk.domain.plan import Override
from tosca_kiosk.domain.rules import Limits


class DeviceLink(msgspec.Struct, frozen=True, array_like=True):
    """A device's link. problem: one line for the operator, None when there is none."""

    device: str
    state: str
    origin: str
    problem: str | None


class SelfTestShown(msgspec.Struct, frozen=True, array_like=True):
    """The cart's self-test. runs: how many control has begun. problem: why none counts, None where one does.

    failed: the first few checks that failed, with what to do. of: how many checks there are; done: the course
    of the test under way as so many of them, None while none is; step: what goes on in it. found: what the
    newest one has measured, by the names of `domain.calibrating.morning`.
    """

    runs: int
    problem: str | None
    of: int
    done: int | None = None
    step: str = ""
    failed: tuple[str, ...] = ()
    found: dict[str, float] = {}


class Telemetry(msgspec.Struct, frozen=True, array_like=True):
    """The newest tick. Values that are not known are None and are shown as `--`, never as 0.

    session_id: of a treatment's session; calibration: of a calibration's, which is counted apart.
    mono_s: the system's monotonic clock at the tick, the same in every process; its age is the data's age.
    refusals: sources of the interlock rows that would refuse arming now, the motor's left out.
    rules_problem: why the session's rules are not known to be the record's, None where they are.
    hold_s: how long ARM has been held, None while it is not; arm_hold_s: how long it must be. aiming: the
    aiming beam as the board reads it back. self_test: None in a session and in a fault.
    station, station_lit: of a calibration's session, where it is and whether the light there is complete;
    stage_um, stage_there: where the stage is, and whether that is where step or station wants it.
    session_open: whether control would still have to close a session. key_off_in_s: for how long darkness
    that is not known must still stay unknown until a supervisor may vouch for it; None where there is
    nothing to vouch for. journal_problem: where the session's journal finds no room, or what else is wrong
    with it. planned_j, remaining_s, ring_target_mm: of the plan in force, which is the session's protocol
    with these overrides.
    """

    tick: int
    mono_s: float
    session_time_s: float
    session_id: int | None
    phase: str
    beam: str
    finished: bool
    simulated: bool
    devices: tuple[DeviceLink, ...]
    lamps: dict[str, bool]
    refusals: tuple[str, ...]
    faults: tuple[str, ...]
    standing: tuple[str, ...]
    warnings: tuple[str, ...]
    hold_s: float | None
    measured_w: float | None
    set_w: float
    power_limit_w: float | None
    elapsed_s: float
    remaining_s: float | None
    step_index: int
    steps: int
    dose_j: float
    planned_j: float | None
    ring_size_mm: float | None
    ring_target_mm: float | None
    stage_homed: bool | None
    stage_searching: bool | None
    tec_c: float | None
    tec_setpoint_c: float
    pedal_pressed: bool | None
    stop_loop_closed: bool | None
    gate_closed: bool | None
    aiming: bool | None = None
    self_test: SelfTestShown | None = None
    rules_problem: str | None = None
    session_open: bool = True
    key_off_in_s: float | None = None
    journal_problem: str | None = None
    overrides: tuple[Override, ...] = ()
    arm_hold_s: float = Limits().arm_hold_s
    calibration: int | None = None
    station: int | None = None
    station_lit: bool = False
    stage_um: float | None = None
    stage_there: bool | None = None
