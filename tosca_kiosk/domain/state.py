"""What one tick's decision leaves for the next."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tosca_kiosk.domain.plan import Plan


class Phase(StrEnum):
    """The schema's system states."""

    __hash__ = str.__hash__  # tables are asked by phase in every tick; an Enum's own hash is Python

    IDLE = "idle"
    READY = "ready"
    ARMED = "armed"
    TREATING = "treating"
    FAULT = "fault"


class Beam(StrEnum):
    """How far the switch-on order has come, inside armed and treating."""

    __hash__ = str.__hash__

    DARK = "dark"
    CLEARING = "clearing"
    """Output read back off, set current read back 0, error queue drained: only then is the gate wanted."""
    WAITING = "waiting"
    """The gate is wanted; the board closes it when the pedal is pressed."""
    CLOSING = "closing"
    CHECKING = "checking"
    """A condition register asked after the gate closed must show the interlock bit clear."""
    MOVING = "moving"
    """The ring changes: output off, gate stays, clock stands."""
    STARTING = "starting"
    """Output on at zero current, not yet confirmed."""
    EMITTING = "emitting"


class State(msgspec.Struct, kw_only=True):
    """The whole memory of the safety machine; `step` copies it and never changes what it was given.

    Times are session seconds. elapsed_s: the treatment clock, running only while light is confirmed.
    dark_since_s: when the output was last asked off, None while it is asked on. dark: it is known that no
    light leaves. unconfirmed_since_s: when that was last known, or the output on. emission_s: time with the
    output on. expected_w: the confirmed set value behind the known lag. setpoint_s: when the set point was
    last moved on; slewed_s: when it last changed fast, or was off. loop_proved: since the gate's last opening
    the laser has told that its interlock loop is open; loop_clear: answers in a row that told the contrary;
    loop_answer_s: when the newest of them was asked for; loop_doubted_s: when one was of which it is not
    known yet whether the gate was still open. vibration_rested: when the motor last stood, its sensor showed
    no vibration. pedal_up_since_s: None while it is down or unknown; pedal_up_s: for how long it was
    seen up. failing_since: source -> time, on the clock of its interlock row. faults: sources latched in this
    fault, oldest first; latched_s: the newest's time.
    aiming: the aiming beam is wanted. plan: the plan in force once an override was taken, None before: then
    it is the session's protocol (see Rules.plan_in_force).
    station: the one of a calibration's session, None before one is selected; lit_s: how long its present
    light has gone on; station_lit: its light is complete.
    unended_w: power of the last set current, counted as commanded until it is proved that its light ended;
    light_seen_s: when the photodiode last saw that light behind a closed gate, None where it has not.
    """

    phase: Phase = Phase.IDLE
    beam: Beam = Beam.DARK
    now_s: float = 0.0
    phase_since_s: float = 0.0
    beam_since_s: float = 0.0
    armed_since_s: float = 0.0
    hold_since_s: float | None = None
    dark_since_s: float | None = 0.0
    dark: bool = False
    unconfirmed_since_s: float = 0.0
    gate_closed: bool = False
    gate_since_s: float = 0.0
    loop_proved: bool = False
    loop_clear: int = 0
    loop_answer_s: float = 0.0
    loop_doubted_s: float | None = None
    vibration_rested: bool = False
    pedal_up_since_s: float | None = None
    pedal_up_s: float = 0.0
    tec_settled_since_s: float | None = None
    session_open: bool = False
    finished: bool = False
    elapsed_s: float = 0.0
    plan: Plan | None = None
    step_index: int = 0
    step_started: bool = False
    paused: bool = False
    command_w: float = 0.0
    command_ma: float = 0.0
    setpoint_slot: int = -1
    setpoint_s: float = 0.0
    slewed_s: float = 0.0
    sample_slot: int = -1
    expected_w: float = 0.0
    measured_w: float | None = None
    emission_s: float = 0.0
    commanded_j: float = 0.0
    unended_w: float = 0.0
    light_seen_s: float | None = None
    measured_j: float = 0.0
    max_measured_w: float = 0.0
    lit_beyond_s: float = 0.0  # for which measured light counted beyond emission_s: no off has ended it
    failing_since: dict[str, float] = {}
    warned: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    recovered: frozenset[str] = frozenset()
    latched_s: float = 0.0
    acknowledged_s: float | None = None
    stop_pressed: bool = False
    aiming: bool = False
    abort_reason: str | None = None
    station: int | None = None
    lit_s: float = 0.0
    station_lit: bool = False
