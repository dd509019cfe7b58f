"""Where the exhaustive search starts: a state of every kind that an ideal cart can come to.

Breadth first, by what operators, pedal and faults do; each state comes with what the judge has seen on the
way to it and with what the cart would read next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from copy import copy
from functools import cache
from typing import Any, NamedTuple

import msgspec

from benchmarks.exhaustive.judge import Judge, Memory
from benchmarks.exhaustive.memory import STEADY_S
from benchmarks.rigs.ideal_cart import TICK_S, IdealCart, rules
from tosca_kiosk.domain import safety
from tosca_kiosk.domain.checks import pedal_lifted
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam, Phase, State

SESSION: Rules = msgspec.structs.replace(
    rules((1.5, 4.0, 8.0, 3.0), (3.0, 8.0, 8.0, 3.5)), camera_required=True, power_limit_w=7.5
)
"""A ramp, a ring change and a constant step over the limit, short enough for the search to see its end."""


class JudgedCart(IdealCart):
    """The ideal cart with a live picture and its judge beside it. broken: what the judge has said."""

    def __init__(self, session: Rules = SESSION) -> None:
        super().__init__(session)
        self.judge = Judge(session)
        self.memory = Memory()
        self.broken: list[str] = []

    def inputs(self, *commands: CommandType, role: str | None = None) -> Inputs:
        self.inject.setdefault("frame_s", lambda frame_s: self.now_s)
        return super().inputs(*commands, role=role)

    def read(self, inputs: Inputs) -> Decision:
        """Let the machine read these inputs and the devices follow."""
        decision = safety.step(self.rules, self.state, inputs)
        self.broken += self.judge.violations(self.memory, self.state, inputs, decision)
        self.memory = self.judge.seen(self.memory, inputs, decision)
        self.state, self.outputs = decision.state, decision.outputs
        self.decisions = [decision]
        self._follow()
        del self._history[:-3]
        return decision

    def twin(self) -> JudgedCart:
        """Return a cart in the same state that goes its own way, with all that it reads well again."""
        twin = copy(self)
        twin.inject, twin._history, twin.broken = {}, list(self._history), []
        return twin


class Start(NamedTuple):
    """A state to search from. way: the doings that lead to it. inputs: what would be read next, all well."""

    way: tuple[str, ...]
    state: State
    memory: Memory
    inputs: Inputs
    broken: tuple[str, ...]


Doing = Callable[[JudgedCart], object]


def _wait(seconds: float) -> Doing:
    return lambda cart: cart.run(seconds)


def _command(command: CommandType, role: str | None = None) -> Doing:
    return lambda cart: cart.tick(command, role=role)


def _pedal(down: bool) -> Doing:
    def do(cart: JudgedCart) -> None:
        cart.pedal = down
        cart.tick()

    return do


def _with(device: str, seconds: float, **fields: Any) -> Doing:
    """Make a device's readings wrong for some time."""

    def do(cart: JudgedCart) -> None:
        cart.inject[device] = lambda reading: msgspec.structs.replace(reading, **fields)
        cart.run(seconds)

    return do


def _first(seconds: float, then: Doing) -> Doing:
    """Let the power rise before something is done."""

    def do(cart: JudgedCart) -> None:
        cart.run(seconds)
        then(cart)

    return do


def _in_steady_light(then: Doing) -> Doing:
    """Let the power of the constant step stand still before something is done."""

    def steady(state: State) -> bool:
        return state.step_index == 1 and state.now_s - state.slewed_s > STEADY_S

    def do(cart: JudgedCart) -> None:
        cart.run_until(lambda: steady(cart.state))
        then(cart)

    return do


OPERATING: dict[str, Doing] = {
    "press": _pedal(True),
    "release": _pedal(False),
    **{
        str(command): _command(command, "admin")
        for command in CommandType
        if command is not CommandType.HOME_STAGE
    },
    **{f"wait {seconds:g}": _wait(seconds) for seconds in (0.01, 0.1, 0.6)},
}
WHY = "patient tolerance"
OVERRIDING: dict[str, Doing] = {
    "override": lambda cart: cart.ask(
        Command(id=1, type=CommandType.POWER_OVERRIDE, reason=WHY, value=6.0),
        Command(id=2, type=CommandType.RING_OVERRIDE, reason=WHY, value=2.5),
    ),
}
"""Once in a way: a power over the ramp's and under the constant step's, and another ring."""
WAITING_LONG: dict[str, Doing] = {"wait 2.1": _wait(2.1)}
SETTLING: dict[str, Doing] = {"wait 5.1": _wait(5.1)}
FAILING: dict[str, Doing] = {
    "stop loop opens": _with("board", 0.02, stop_loop_closed=False),
    "board fault": _with("board", 0.02, faults=1 << 3),
    "output read back on": _with("laser", 0.02, output_on=True),
    "error queue filled": _with("laser", 0.02, errors=(501,)),
    "loop told clear once": _with("laser", 2 * TICK_S, condition=0),
    "late tick": lambda cart: cart.read(msgspec.structs.replace(cart.inputs(), late_s=0.2)),
}
UNDER_LIGHT: dict[str, Doing] = {
    "wait for the ring": lambda cart: cart.run_until(lambda: cart.state.beam is not Beam.EMITTING, 5.0),
    "over-power nearly too long": _first(0.4, _with("board", 0.1, photodiode_v=3.9)),
    "under-power nearly too long": _first(0.8, _with("board", 0.5, photodiode_v=1.0)),
    "over the limit nearly too long": _first(1.2, _with("board", 0.05, photodiode_v=4.1)),
    "TEC off nearly too long": _first(1.0, _with("tec", 1.99, temperature_c=27.5)),
    "current astray nearly too long": _in_steady_light(_with("laser", 0.5, measured_current_ma=0.0)),
    "driver's warning": _with("laser", 0.02, condition=1),
}


def _doings(state: State) -> dict[str, Doing]:
    """Return what may be done next; a fault is not met by more faults, and nobody waits long under light."""
    if state.phase is Phase.FAULT:
        return OPERATING
    if state.beam is Beam.EMITTING:
        first_light = state.step_index == 0 and not state.failing_since and not state.warned
        return OPERATING | FAILING | (UNDER_LIGHT if first_light else {})
    settled_s = state.now_s - (
        state.now_s if state.tec_settled_since_s is None else state.tec_settled_since_s
    )
    paused = state.phase is Phase.READY and state.elapsed_s > 0.0
    overriding = OVERRIDING if paused and state.plan is None else {}
    if state.phase is Phase.READY and settled_s < SESSION.limits.tec_arm_s:
        return OPERATING | FAILING | SETTLING | overriding
    if state.phase is Phase.ARMED or state.hold_since_s is not None:
        return OPERATING | FAILING | WAITING_LONG | overriding
    return OPERATING | FAILING | overriding


Kind = Callable[[JudgedCart], Hashable]


def _broad(cart: JudgedCart) -> Hashable:
    """Tell states apart as coarsely as a product over everything that is read can afford."""
    state = cart.state
    return (
        *(state.phase, state.beam, state.session_open, state.finished, state.paused, bool(state.faults)),
        *(state.dark_since_s is None, _pedal(state) if state.phase is Phase.ARMED else None),
        *(state.command_w > 0.0, frozenset(state.failing_since) if state.command_w > 0.0 else None),
        state.phase is Phase.READY and state.loop_clear,
        state.beam is Beam.EMITTING and state.plan is not None,
    )


def _pedal(state: State) -> bool | None:
    """Tell whether a press would count; None while it is pressed."""
    if state.pedal_up_since_s is None:
        return None
    return pedal_lifted(SESSION, state)


def _on_the_way(cart: JudgedCart) -> Hashable:
    """Tell states apart by what they lead to: how long ARM is held, the TEC settled, the pedal pressed."""
    state, limits = cart.state, SESSION.limits
    tec_s, hold_s, now_s = state.tec_settled_since_s, state.hold_since_s, state.now_s
    return (
        *(_broad(cart), state.acknowledged_s is None, state.abort_reason is None, state.step_index),
        state.plan is not None and state.phase is not Phase.FAULT,
        tec_s is not None and now_s - tec_s >= limits.tec_arm_s,
        None if hold_s is None else now_s - hold_s >= limits.arm_hold_s,
        state.phase is Phase.ARMED and now_s - state.armed_since_s >= limits.pedal_after_arm_s,
        *(cart.memory.outputs.want_gate, cart.gate_closed, min(cart._pressed_ticks, 4)),
    )


def _fine(cart: JudgedCart) -> Hashable:
    """Tell states apart by everything that a rule asks with yes or no."""
    state = cart.state
    return (
        *(_on_the_way(cart), state.faults[:1], tuple(state.failing_since)[:1], bool(state.warned)),
        *(state.stop_pressed, _pedal(state), state.gate_closed, state.elapsed_s > 0.0),
        *(state.loop_clear, state.loop_proved),
        state.beam is Beam.EMITTING and state.now_s - state.slewed_s <= SESSION.limits.laser_settle_s,
    )


def _next(cart: JudgedCart) -> Iterator[tuple[str, JudgedCart]]:
    for name, do in _doings(cart.state).items():
        twin = cart.twin()
        do(twin)
        twin.inject = {}
        yield name, twin


def _explored(kind: Kind) -> dict[Hashable, tuple[tuple[str, ...], JudgedCart]]:
    """Return a cart of every kind that the doings reach, nearest first, with its way."""
    first: tuple[tuple[str, ...], JudgedCart] = ((), JudgedCart())
    found, waiting = {kind(first[1]): first}, deque([first])
    while waiting:
        way, cart = waiting.popleft()
        for name, twin in _next(cart):
            if kind(twin) not in found:
                found[kind(twin)] = ((*way, name), twin)
                waiting.append(found[kind(twin)])
    return found


@cache
def fine_starts() -> tuple[Start, ...]:
    """Return a state of every kind that a rule tells apart."""
    return tuple(_start(way, cart) for way, cart in _explored(_fine).values())


@cache
def broad_starts() -> tuple[Start, ...]:
    """Return a state of every phase and beam, with and without a session, paused, finished, in a fault."""
    found: dict[Hashable, Start] = {}
    for way, cart in _explored(_on_the_way).values():
        found.setdefault(_broad(cart), _start(way, cart))
    return tuple(found.values())


def _start(way: tuple[str, ...], cart: JudgedCart) -> Start:
    ahead = cart.twin()
    ahead.now_s = round(ahead.now_s + TICK_S, 6)
    return Start(way, cart.state, cart.memory, ahead.inputs(), tuple(cart.broken))
