"""What is always true of a decision, whatever was read: searched with random worlds."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tosca_kiosk.domain.inputs import BoardIn, Command, CommandType, Inputs, LaserIn, StageIn, TecIn
from tosca_kiosk.domain.safety import step
from tosca_kiosk.domain.state import Beam, Phase, State

AGES_S = st.sampled_from([0.0, 0.01, 0.09, 0.11, 0.6, 5.0, math.nan, -1.0])
NUMBERS = st.sampled_from([0.0, 0.03, 2.5, 4.99, 24.9, 25.0, 500.0, 1000.0, 5600.0, math.nan, math.inf])
BITS = st.sampled_from([0, 1, 1 << 1, 1 << 4, 1 << 10, 0xFFFF])


@st.composite
def worlds(draw: st.DrawFn, now_s: float) -> Inputs:
    """Draw everything that can be read at now_s, sensible or not."""

    def at_s() -> float:
        return now_s - draw(AGES_S)

    flag = st.booleans()
    board = BoardIn(
        at_s(),
        *(draw(flag) for _ in range(6)),
        draw(NUMBERS),
        draw(flag),
        draw(st.integers(0, 255)) if draw(flag) else 0,
    )
    errors = draw(st.sampled_from([(), (501,)]))
    laser = LaserIn(
        draw(flag), at_s(), draw(NUMBERS), at_s(), draw(NUMBERS), at_s(), draw(BITS), at_s(), errors, at_s()
    )
    tec = TecIn(draw(NUMBERS), at_s(), 25.0, draw(flag), at_s(), draw(BITS), at_s())
    stage = StageIn(at_s(), draw(NUMBERS), draw(NUMBERS), draw(flag), draw(flag), ())
    roles = st.sampled_from([None, "technician", "supervisor", "admin", "nobody"])
    commands = tuple(
        Command(number, draw(st.sampled_from(list(CommandType))), draw(roles))
        for number in range(draw(st.integers(0, 2)))
    )
    present = st.sampled_from([True, True, True, False])
    return Inputs(
        now_s=draw(st.sampled_from([now_s, now_s, math.nan])),
        late_s=draw(st.sampled_from([0.0, 0.2, math.nan])),
        overrun_s=0.0,
        board=board if draw(present) else None,
        laser=laser if draw(present) else None,
        tec=tec if draw(present) else None,
        stage=stage if draw(present) else None,
        operator_s=draw(st.sampled_from([None, now_s, now_s - 1.0])),
        frame_s=None,
        journal_ok=draw(flag),
        disk_ok=draw(flag),
        commands=commands,
    )


def assert_always_true(before: State, inputs: Inputs) -> State:
    kept = msgspec.json.encode(before)
    state, outputs, _, _, replies = step(SESSION, before, inputs)
    assert msgspec.json.encode(before) == kept, "a step changes nothing it was given"
    if outputs.laser_output:
        assert state.phase is Phase.TREATING
        assert state.session_open
        assert inputs.board is not None
        assert inputs.board.pedal_pressed
        assert inputs.board.stop_loop_closed
        assert inputs.board.gate_closed
        assert inputs.journal_ok
        assert inputs.board.faults == 0
        assert outputs.want_gate
    else:
        assert outputs.laser_current_ma == 0.0
    if state.phase is Phase.FAULT:
        assert state.faults
        assert not (outputs.laser_output)
        assert not (outputs.want_gate)
        assert not (outputs.motor_on)
    if outputs.want_gate:
        assert state.phase in (Phase.ARMED, Phase.TREATING)
    assert 0.0 <= outputs.laser_current_ma <= 9490.0 + 600.0
    assert len(replies) == len(inputs.commands)
    assert state.elapsed_s >= before.elapsed_s
    return state


SESSION = rules((0.5, 5.0, 8.0, 3.0), (0.5, 8.0, 8.0, 3.5))


def states_of_a_whole_treatment() -> list[State]:
    """Collect a state of every phase and beam, from a treatment with all that can happen in it."""
    cart = IdealCart(SESSION)
    cart.emit()
    cart.pedal = False
    cart.run(0.5)
    cart.pedal = True
    cart.run_until(lambda: cart.state.finished)
    cart.pedal = False
    cart.tick(CommandType.STOP)
    cart.run(0.2)
    cart.tick(CommandType.CLOSE_SESSION)
    first_of = {(d.state.phase, d.state.beam, d.state.step_index): d.state for d in cart.decisions}
    return [State(), *first_of.values()]


STATES = states_of_a_whole_treatment()


def test_the_search_starts_from_every_phase_and_beam() -> None:
    assert {state.phase for state in STATES} == set(Phase)
    assert {state.beam for state in STATES} == set(Beam)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_world_turns_the_laser_on_without_every_interlock(data: st.DataObject) -> None:
    state = data.draw(st.sampled_from(STATES))
    for _ in range(3):
        start_s = state.now_s if math.isfinite(state.now_s) else 0.0
        state = assert_always_true(state, data.draw(worlds(start_s + 0.01)))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_equal_arguments_give_equal_decisions(data: st.DataObject) -> None:
    state = data.draw(st.sampled_from(STATES))
    inputs = data.draw(worlds(state.now_s + 0.01))
    first, second = step(SESSION, state, inputs), step(SESSION, state, inputs)
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
