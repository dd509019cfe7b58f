"""A cart that does at once what it is told, for tests of the safety machine alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tosca_kiosk.domain.calibration import (
    CalibrationSet,
    PhotodiodeCalibration,
    PiecewiseLinear,
    PowerCalibration,
    RingCalibration,
)
from tosca_kiosk.domain.inputs import BoardIn, Command, CommandType, Inputs, LaserIn, StageIn, TecIn
from tosca_kiosk.domain.outputs import DARK, Outputs
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import Decision, step
from tosca_kiosk.domain.state import Beam, Phase, State

TICK_S = 0.01
DARK_KNOWN_S = 0.4
"""By then darkness is known, and the next set point is as far away as at the beginning."""

TRAVEL_UM = (200.0, 1900.0)

CALIBRATIONS = CalibrationSet(
    ring=RingCalibration("-1", PiecewiseLinear((0.0, 1000.0, 2000.0), (2.0, 3.0, 4.0))),
    photodiode=PhotodiodeCalibration("SIM-BOARD", PiecewiseLinear((0.5, 2.5, 5.0), (1.0, 5.0, 10.0))),
    power=PowerCalibration("SIM-LASER", PiecewiseLinear((600.0, 10600.0), (0.0, 10.0))),
)


def protocol(*steps: tuple[float, float, float, float]) -> Protocol:
    """Make a protocol of linear steps (duration_s, start_w, end_w, ring_mm)."""
    rows = tuple(
        Step(number, duration_s, start_w, end_w, ring_mm, RampType.LINEAR)
        for number, (duration_s, start_w, end_w, ring_mm) in enumerate(steps, start=1)
    )
    return Protocol("test", "", rows)


def rules(*steps: tuple[float, float, float, float], **limits: Any) -> Rules:
    """Make the rules of a session over a camera-less cart."""
    base = Rules(camera_required=False)
    return msgspec.structs.replace(
        base,
        limits=msgspec.structs.replace(base.limits, **limits),
        power_limit_w=9.49,
        calibration_problem=None,
        calibrations=CALIBRATIONS,
        protocol=protocol(*(steps or ((2.0, 5.0, 5.0, 3.0),))),
        travel_min_um=TRAVEL_UM[0],
        travel_max_um=TRAVEL_UM[1],
    )


class IdealCart:
    """Steps the machine; the devices follow within a tick. Change `inject` to falsify what it reads.

    inject: field of Inputs -> function of the true value giving the value read. reason: of every command.
    """

    def __init__(self, session: Rules) -> None:
        self.rules = session
        self.state = State()
        self.now_s = 0.0
        self.pedal = False
        self.outputs: Outputs = DARK
        self.gate_closed = False
        self.stage_um = 0.0
        self.inject: dict[str, Any] = {}
        self.decisions: list[Decision] = []
        self.reason: str | None = None
        self.power_factor = 1.0
        self.laser_lag_s = 0.0
        self._history: list[tuple[float, Outputs, bool]] = []
        self._pressed_ticks = 0
        self._motor_ticks = 0
        self._number = 0

    def inputs(self, *commands: CommandType, role: str | None = None) -> Inputs:
        """Return what the machine would read now."""
        out, now_s = self.outputs, self.now_s
        power_w = CALIBRATIONS.power_w(out.laser_current_ma) if out.laser_output else 0.0
        self._number += len(commands)
        inputs = Inputs(
            now_s=now_s,
            late_s=0.0,
            overrun_s=0.0,
            board=BoardIn(
                now_s,
                self.pedal,
                True,
                self.gate_closed,
                out.want_gate,
                self._motor_ticks > 0,
                self._motor_ticks > 80,
                CALIBRATIONS.photodiode.voltage_v(power_w * self.power_factor),
                False,
                0,
            ),
            laser=self._laser(),
            tec=TecIn(25.0, now_s, 25.0, True, now_s, 1 << 10, now_s),
            stage=StageIn(now_s, self.stage_um, self.stage_um, True, True, ()),
            operator_s=now_s,
            frame_s=now_s,
            journal_ok=True,
            disk_ok=True,
            commands=tuple(
                Command(self._number - index, command, role, self.reason)
                for index, command in enumerate(commands)
            ),
        )
        return msgspec.structs.replace(
            inputs, **{field: change(getattr(inputs, field)) for field, change in self.inject.items()}
        )

    def _laser(self) -> LaserIn:
        """Return what the laser driver answered to questions asked laser_lag_s ago."""
        asked_s = self.now_s - self.laser_lag_s
        out, gate_closed = self.outputs, self.gate_closed
        for at_s, then, gate in reversed(self._history):
            out, gate_closed = then, gate
            if at_s <= asked_s:
                break
        current_ma = out.laser_current_ma
        measured_ma = current_ma if out.laser_output else 0.0
        condition = 0 if gate_closed else 16
        return LaserIn(
            out.laser_output,
            asked_s,
            current_ma,
            asked_s,
            measured_ma,
            asked_s,
            condition,
            asked_s,
            (),
            asked_s,
        )

    def tick(self, *commands: CommandType, role: str | None = None) -> Decision:
        """Let one tick pass and the devices follow."""
        self.now_s = round(self.now_s + TICK_S, 6)
        return self.read(self.inputs(*commands, role=role))

    def ask(self, *commands: Command) -> Decision:
        """Let one tick pass in which these commands come, whatever they bring along."""
        self.now_s = round(self.now_s + TICK_S, 6)
        return self.read(msgspec.structs.replace(self.inputs(), commands=commands))

    def read(self, inputs: Inputs) -> Decision:
        """Let the machine read these inputs and the devices follow."""
        decision = step(self.rules, self.state, inputs)
        self.decisions.append(decision)
        self.state, self.outputs = decision.state, decision.outputs
        self._follow()
        return decision

    def _follow(self) -> None:
        out = self.outputs
        self._pressed_ticks = self._pressed_ticks + 1 if self.pedal else 0
        self._motor_ticks = self._motor_ticks + 1 if out.motor_on else 0
        self.gate_closed = out.want_gate and self._pressed_ticks > 2
        self._history.append((self.now_s, out, self.gate_closed))
        if out.stage_position_um is not None:
            self.stage_um = out.stage_position_um

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / TICK_S)):
            self.tick()

    def run_until(self, condition: Any, within_s: float = 60.0) -> None:
        """Let time pass until a condition holds; fail when it does not in time."""
        for _ in range(round(within_s / TICK_S)):
            if condition():
                return
            self.tick()
        raise AssertionError(f"did not come to it; {self.state.phase} {self.state.beam} {self.state.faults}")

    def open(self) -> None:
        """Open the session, once darkness is known by what was asked in its own time."""
        self.run(DARK_KNOWN_S)
        self.tick(CommandType.OPEN_SESSION)
        assert self.state.phase is Phase.READY, self.decisions[-1].replies

    def arm(self) -> None:
        """Open, let the TEC settle, hold ARM and arm."""
        self.open()
        self.run(5.1)
        self.tick(CommandType.BEGIN_ARM)
        self.run(1.6)
        self.tick(CommandType.ARM)
        assert self.state.phase is Phase.ARMED, self.decisions[-1].replies

    def emit(self) -> None:
        """Arm, press the pedal when the gate is wanted, and wait for the output."""
        self.arm()
        self.run_until(lambda: self.state.beam is Beam.WAITING)
        self.pedal = True
        self.run_until(lambda: self.state.beam is Beam.EMITTING, within_s=1.0)
        self.run(0.5)

    def event_types(self) -> list[str]:
        """Return every treatment event so far but the samples."""
        return [
            event.event_type
            for decision in self.decisions
            for event in decision.events
            if event.event_type != "power_change"
        ]

    def safety_types(self) -> list[str]:
        """Return every safety-log event so far."""
        return [event.event_type for decision in self.decisions for event in decision.safety]


def emitting() -> IdealCart:
    """Return a cart under steady light."""
    cart = IdealCart(rules((20.0, 5.0, 5.0, 3.0)))
    cart.emit()
    return cart


def with_(**fields: Any) -> Callable[[Any], Any]:
    """Return a change of a reading, to be injected."""
    return lambda reading: msgspec.structs.replace(reading, **fields)
