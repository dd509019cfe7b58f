"""Taking operators' commands: what each does once it is not refused."""

from __future__ import annotations

from tosca_kiosk.domain import station_light
from tosca_kiosk.domain.commands import judge
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.judging import latch
from tosca_kiosk.domain.overriding import overridden_by
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.domain.summary import not_confirmed
from tosca_kiosk.domain.tick import Tick


def take_commands(tick: Tick) -> None:
    """Judge each command in its order; do those that are taken, answer all."""
    for what in tick.inputs.turned_away:
        tick.rows.turned_away(what)
    for command in tick.inputs.commands:
        reply = judge(tick.rules, tick.state, tick.inputs, command)
        tick.replies.append(reply)
        tick.rows.command(reply)
        if reply.refused is None:
            _TAKE[command.type](tick, command)


def _open_session(tick: Tick, command: Command) -> None:
    tick.state.session_open = True
    tick.enter(Phase.READY)
    tick.rows.step_planned()


def _home_stage(tick: Tick, command: Command) -> None:
    tick.asked["home_stage"] = True


def _begin_arm(tick: Tick, command: Command) -> None:
    tick.state.hold_since_s = tick.now_s


def _cancel_arm(tick: Tick, command: Command) -> None:
    tick.state.hold_since_s = None


def _arm(tick: Tick, command: Command) -> None:
    tick.state.armed_since_s = tick.now_s
    tick.enter(Phase.ARMED)


def _pause(tick: Tick, command: Command) -> None:
    tick.pause("operator")
    tick.enter(Phase.READY)


def _stop(tick: Tick, command: Command) -> None:
    tick.state.stop_pressed = True
    tick.failing += (BY_SOURCE["screen"],)
    if "screen" not in tick.state.faults:
        latch(tick, (BY_SOURCE["screen"],))


def _acknowledge(tick: Tick, command: Command) -> None:
    tick.state.acknowledged_s = tick.now_s
    tick.state.stop_pressed = False
    tick.asked["clear_board_faults"] = bool(tick.inputs.board and tick.inputs.board.faults)
    # A stage that is not there may be waiting at its start for just this.
    tick.asked["acknowledge_stage"] = tick.inputs.stage is None or bool(tick.inputs.stage.trips)


def _close_session(tick: Tick, command: Command) -> None:
    state = tick.state
    if tick.rules.calibration_session is not None and command.reason is None and state.abort_reason is None:
        state.finished = True  # whoever measures says when all is measured
    if not state.finished and state.abort_reason is None:
        state.abort_reason = command.reason or "closed before the protocol was finished"
    _leave_session(tick)


def _confirm_key_off(tick: Tick, command: Command) -> None:
    tick.rows.key_off(command)
    tick.state.abort_reason = not_confirmed(tick.state.abort_reason)
    _leave_session(tick)


def _leave_session(tick: Tick) -> None:
    tick.state.session_open = tick.state.aiming = False
    if tick.state.phase is Phase.READY:
        tick.enter(Phase.IDLE)


def _run_self_test(tick: Tick, command: Command) -> None:
    """Control begins the test when the answer says that it may; what it asks for comes by the inputs."""


def _aiming_on(tick: Tick, command: Command) -> None:
    tick.state.aiming = True


def _aiming_off(tick: Tick, command: Command) -> None:
    tick.state.aiming = False


def _override(tick: Tick, command: Command) -> None:
    """Change the plan from the treatment clock on, which may have come to a new step as the light ended."""
    tick.follow_steps()
    tick.state.plan = overridden_by(tick.rules, tick.state, command)
    tick.rows.overridden(command)


_TAKE = {
    CommandType.OPEN_SESSION: _open_session,
    CommandType.HOME_STAGE: _home_stage,
    CommandType.BEGIN_ARM: _begin_arm,
    CommandType.CANCEL_ARM: _cancel_arm,
    CommandType.ARM: _arm,
    CommandType.PAUSE: _pause,
    CommandType.STOP: _stop,
    CommandType.ACKNOWLEDGE: _acknowledge,
    CommandType.CLOSE_SESSION: _close_session,
    CommandType.RUN_SELF_TEST: _run_self_test,
    CommandType.AIMING_ON: _aiming_on,
    CommandType.AIMING_OFF: _aiming_off,
    CommandType.CONFIRM_KEY_OFF: _confirm_key_off,
    CommandType.POWER_OVERRIDE: _override,
    CommandType.RING_OVERRIDE: _override,
    CommandType.SELECT_STATION: station_light.select,
}
