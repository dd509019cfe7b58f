"""Histories that hypothesis makes up: pedal, commands, faults that come and go, time and clock jumps.

The judge of the exhaustive search stands beside the cart and sees every tick.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from benchmarks.exhaustive.starts import JudgedCart
from benchmarks.exhaustive.worlds import WAYS, taken_at
from benchmarks.rigs.ideal_cart import rules
from tosca_kiosk.domain.inputs import CommandType, Inputs
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam, Phase

SESSION = msgspec.structs.replace(
    rules((1.0, 3.0, 8.0, 3.0), (1.0, 8.0, 2.0, 3.5)), camera_required=True, power_limit_w=7.5
)
SECONDS = st.sampled_from([0.01, 0.03, 0.1, 0.3, 1.0])
ROLES = st.sampled_from([None, "nobody", "technician", "supervisor", "admin"])


class HistoryCart(JudgedCart):
    """The judged cart whose readings may be bad in any number of ways; it keeps what the history needs."""

    def __init__(self) -> None:
        super().__init__(SESSION)
        self.bad: set[int] = set()
        self.leap_s = 0.0
        self.edges: list[str] = []
        self.faulted = self.armed_again = False
        self.elapsed_s = [0.0]

    def inputs(self, *commands: CommandType, role: str | None = None) -> Inputs:
        inputs = super().inputs(*commands, role=role)
        for way in sorted(self.bad):
            inputs = WAYS[way][2](inputs)
        if self.leap_s:
            inputs, self.leap_s = taken_at(inputs, inputs.now_s + self.leap_s), 0.0
        return inputs

    def read(self, inputs: Inputs) -> Decision:
        decision = super().read(inputs)
        self.edges += [e.event_type for e in decision.events if e.event_type in ("laser_on", "laser_off")]
        self.elapsed_s = [self.elapsed_s[-1], decision.state.elapsed_s]
        if decision.state.phase is Phase.FAULT:
            self.faulted, self.armed_again = True, False
        elif decision.state.phase is Phase.ARMED and self.faulted:
            self.armed_again = any(reply.command.type is CommandType.ARM for reply in decision.replies) or (
                self.armed_again
            )
        return decision


class History(RuleBasedStateMachine):
    """A session as it may go."""

    @initialize(light=st.booleans())
    def begin(self, light: bool) -> None:
        self.cart = HistoryCart()
        self.cart.arm()
        self.cart.run_until(lambda: self.cart.state.beam is Beam.WAITING)
        if light:
            self.cart.pedal = True
            self.cart.run(0.5)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.cart.run(seconds)

    @rule(down=st.booleans())
    def the_pedal_moves(self, down: bool) -> None:
        self.cart.pedal = down
        self.cart.tick()

    @rule(command=st.sampled_from(list(CommandType)), role=ROLES)
    def the_operator_commands(self, command: CommandType, role: str | None) -> None:
        self.cart.tick(command, role=role)

    @rule(one=st.sampled_from(list(CommandType)), other=st.sampled_from(list(CommandType)), role=ROLES)
    def two_commands_come_at_once(self, one: CommandType, other: CommandType, role: str | None) -> None:
        self.cart.tick(one, other, role=role)

    @rule(way=st.integers(0, len(WAYS) - 1))
    def a_reading_goes_bad(self, way: int) -> None:
        self.cart.bad.add(way)
        self.cart.tick()

    @precondition(lambda self: self.cart.bad)
    @rule()
    def all_is_well_again(self) -> None:
        self.cart.bad.clear()
        self.cart.run(0.05)

    @rule(lag_s=st.sampled_from([0.0, 0.06, 0.2]))
    def the_laser_lags(self, lag_s: float) -> None:
        self.cart.laser_lag_s = lag_s
        self.cart.tick()

    @rule(by_s=st.sampled_from([-3600.0, -0.05, 0.12, 0.24, 5.0]))
    def the_clock_jumps(self, by_s: float) -> None:
        self.cart.leap_s = by_s
        self.cart.tick()
        if by_s > 0.0:
            self.cart.now_s = round(self.cart.now_s + by_s, 6)

    @rule(factor=st.sampled_from([0.5, 0.9, 1.0, 1.1, 1.5]))
    def the_light_is_another(self, factor: float) -> None:
        self.cart.power_factor = factor
        self.cart.tick()

    @precondition(lambda self: self.cart.state.phase is Phase.FAULT)
    @rule()
    def a_supervisor_resets(self) -> None:
        self.cart.bad.clear()
        self.cart.pedal = False
        self.cart.run(0.2)
        self.cart.tick(CommandType.ACKNOWLEDGE, role="supervisor")
        self.cart.run(0.02)

    @precondition(lambda self: self.cart.state.phase is Phase.READY)
    @rule(press=st.booleans())
    def the_technician_arms_again(self, press: bool) -> None:
        self.cart.bad.clear()
        self.cart.pedal, self.cart.power_factor, self.cart.laser_lag_s = False, 1.0, 0.0
        self.cart.run(5.2)
        self.cart.tick(CommandType.BEGIN_ARM)
        self.cart.run(1.6)
        self.cart.tick(CommandType.ARM)
        self.cart.run(2.2)
        self.cart.pedal = press
        self.cart.run(0.3)

    @invariant()
    def the_judge_is_silent(self) -> None:
        if hasattr(self, "cart"):
            assert self.cart.broken == []

    @invariant()
    def every_on_has_its_off(self) -> None:
        if hasattr(self, "cart"):
            edges = self.cart.edges
            assert edges == ["laser_on", "laser_off"] * (len(edges) // 2) + ["laser_on"] * (len(edges) % 2)
            assert len(edges) % 2 == (self.cart.state.beam is Beam.EMITTING)

    @invariant()
    def nothing_shines_after_a_fault_without_the_whole_order(self) -> None:
        if hasattr(self, "cart") and self.cart.faulted and not self.cart.armed_again:
            assert not self.cart.outputs.laser_output

    @invariant()
    def the_account_only_grows(self) -> None:
        if hasattr(self, "cart"):
            before_s, after_s = self.cart.elapsed_s[0], self.cart.elapsed_s[-1]
            assert after_s >= before_s
            assert math.isfinite(self.cart.state.measured_j)

    @invariant()
    def the_commanded_dose_keeps_its_limit(self) -> None:
        if hasattr(self, "cart"):
            assert SESSION.protocol is not None
            # Of what was asked for; what counts beyond it is light that nobody has told to be over. A tick
            # longer than the one before it is not foreseen: the gap of a clock's jump at most.
            jump_j = 0.25 * SESSION.power_limit_w
            assert self.cart.memory.commanded_j <= 1.05 * SESSION.protocol.planned_energy_j + jump_j
            assert self.cart.state.commanded_j >= self.cart.memory.commanded_j - 1e-6


@pytest.mark.slow
def test_no_history_breaks_a_sentence() -> None:
    keep: dict[str, Any] = {"suppress_health_check": list(HealthCheck)}
    run_state_machine_as_test(
        History, settings=settings(max_examples=25, stateful_step_count=25, deadline=None, **keep)
    )
