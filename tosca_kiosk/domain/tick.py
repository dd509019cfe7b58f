"""The working copy of one step: what it knows, what it has decided so far, and how it moves on."""

from __future__ import annotations

from tosca_kiosk.domain import checks
from tosca_kiosk.domain.commands import Reply
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.interlocks import Interlock
from tosca_kiosk.domain.rows import StepRows
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase, State

TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.IDLE: frozenset({Phase.READY, Phase.FAULT}),
    Phase.READY: frozenset({Phase.ARMED, Phase.IDLE, Phase.FAULT}),
    Phase.ARMED: frozenset({Phase.TREATING, Phase.READY, Phase.FAULT}),
    Phase.TREATING: frozenset({Phase.ARMED, Phase.READY, Phase.FAULT}),
    Phase.FAULT: frozenset({Phase.READY, Phase.IDLE}),
}
"""Every way from one phase to another; `_enter` refuses any that is not listed."""


class Tick:
    """Lives no longer than its step. state: the step's own copy, changed in place.

    failing: the rows that fail now and forbid light at once. asked: one-off outputs by name.
    """

    __slots__ = ("asked", "failing", "inputs", "now_s", "replies", "rows", "rules", "state")

    def __init__(self, rules: Rules, state: State, inputs: Inputs) -> None:
        self.rules = rules
        self.state = state
        self.inputs = inputs
        self.now_s = inputs.now_s if checks.clock_runs(rules, state, inputs) else state.now_s
        self.rows = StepRows(rules, state, inputs)
        self.replies: list[Reply] = []
        self.failing: tuple[Interlock, ...] = ()
        self.asked: dict[str, bool] = {}

    def slot(self) -> int:
        return int(self.now_s * self.rules.limits.setpoint_rate_hz + 1e-6)

    def enter(self, phase: Phase) -> None:
        state = self.state
        if phase not in TRANSITIONS[state.phase]:
            raise AssertionError(f"no way from {state.phase} to {phase}")
        state.phase, state.phase_since_s = phase, self.now_s
        if phase is Phase.TREATING:
            return
        state.hold_since_s = None
        self.set_beam(Beam.CLEARING if phase is Phase.ARMED else Beam.DARK)

    def set_beam(self, beam: Beam) -> None:
        state, was = self.state, self.state.beam
        if beam is was:
            state.beam_since_s = self.now_s
            return
        if was is Beam.EMITTING:
            self.rows.laser_off()
            state.command_w = state.command_ma = state.expected_w = 0.0
        state.beam, state.beam_since_s = beam, self.now_s
        if beam is Beam.MOVING:
            self.follow_steps()
        elif beam is Beam.EMITTING:
            state.setpoint_slot, state.setpoint_s = self.slot(), self.now_s
            self._begin_light()

    def _begin_light(self) -> None:
        state = self.state
        if self.rules.calibration_session is not None:
            state.lit_s = 0.0
            self.rows.station_start()
            self.rows.laser_on()
            return
        if state.paused:
            self.rows.resume()
            state.paused = False
        if not state.step_started:
            state.step_started = True
            self.rows.step_start()
        self.rows.laser_on()

    def pause(self, source: str) -> None:
        """The treatment stands still with light still due; the next light is its resumption."""
        self.state.paused = self.state.step_started
        self.rows.pause(source)

    def sample(self) -> None:
        """Write the hardware's state at the rate of set points, while armed or treating."""
        state, slot = self.state, self.slot()
        if state.phase in (Phase.ARMED, Phase.TREATING) and slot != state.sample_slot:
            state.sample_slot = slot
            self.rows.sample()

    def follow_steps(self) -> None:
        state, plan = self.state, self.rules.plan_in_force(self.state)
        if plan is None:
            return
        index = plan.step_at(state.elapsed_s)
        if index != state.step_index:
            self.rows.step_finished()
            ring_changes = plan.rings_mm[index] != plan.rings_mm[state.step_index]
            state.step_index = index
            self.rows.step_begun(ring_changes)
