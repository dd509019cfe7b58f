"""Operators' commands: in which phases each is taken, and why it is refused otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tosca_kiosk.domain import checks, laser_checks
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.interlocks import BY_SOURCE, ROLES, Interlock, Scope
from tosca_kiosk.domain.overriding import why_not_override
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.selecting import why_not_select
from tosca_kiosk.domain.situations import refusals
from tosca_kiosk.domain.state import Phase, State


class Reply(NamedTuple):
    """The answer to a command; `refused` says why, None when it was taken."""

    command: Command
    refused: str | None


Refusal = Callable[[Rules, State, Inputs, Command], str | None]

_ALL = frozenset(Phase)
_HOMING = frozenset({Phase.IDLE, Phase.READY, Phase.FAULT})
_READY = frozenset({Phase.READY})
_CLOSING = frozenset({Phase.READY, Phase.FAULT})

KEY_OFF_ROLE = "supervisor"
"""The lowest role that may vouch for darkness which the cart does not know of."""

_NOT_NOW = {
    CommandType.OPEN_SESSION: "a session can only be opened when idle",
    CommandType.HOME_STAGE: "the stage is not homed while armed or treating",
    CommandType.BEGIN_ARM: "arming begins from ready",
    CommandType.CANCEL_ARM: "nothing is being armed",
    CommandType.ARM: "arming ends from ready",
    CommandType.PAUSE: "there is nothing to pause",
    CommandType.ACKNOWLEDGE: "pause the treatment first",
    CommandType.CLOSE_SESSION: "pause the treatment first",
    CommandType.RUN_SELF_TEST: "the cart is tested while no session is open and nothing is latched",
    CommandType.CONFIRM_KEY_OFF: "pause the treatment first",
    CommandType.POWER_OVERRIDE: "the power is overridden in a pause alone",
    CommandType.RING_OVERRIDE: "the ring is overridden in a pause alone",
    CommandType.SELECT_STATION: "a station is selected while nothing is armed or latched",
}

NOT_KNOWN_DARK = (
    "The laser may still be giving light. Turn its key off; then see that laser and board answer."
)


def _no_reason(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    return None


def _failing(scope: Scope, rules: Rules, state: State, inputs: Inputs) -> str | None:
    failing = refusals(scope, rules, state, inputs)
    return " ".join(row.said(inputs) for row in failing) or None


def _why_not_open(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    if rules.protocol is None and rules.calibration_session is None:
        return "no protocol was chosen"
    if state.finished or state.elapsed_s > 0.0 or state.abort_reason is not None:
        return "a closed session is not opened again"
    failing = _failing(Scope.OPEN, rules, state, inputs)
    return failing or (None if laser_checks.dark_confirmed(rules, state, inputs) else NOT_KNOWN_DARK)


def _why_not_home(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    if inputs.stage is None:
        return "the stage does not answer"
    if laser_checks.light_may_leave(rules, state, inputs):
        return "wait until the laser is read back off"
    return None


def _why_not_begin_arm(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    if state.finished:
        return (
            "the treatment is finished"
            if rules.calibration_session is None
            else "the calibration is finished"
        )
    if rules.calibration_session is not None and not checks.station_due(rules, state):
        return "select a station first: this one has no light, or has had it"
    return None


def _why_not_arm(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    hold_s = state.hold_since_s
    if hold_s is None or not inputs.now_s - hold_s >= rules.limits.arm_hold_s:
        return f"hold for {rules.limits.arm_hold_s:g} s to arm"
    if not checks.pedal_up(rules, state, inputs):
        return "release the pedal first"
    return _failing(Scope.ARM, rules, state, inputs)


def standing_causes(rules: Rules, state: State, inputs: Inputs) -> tuple[Interlock, ...]:
    """Return the latched rows whose cause is still there, as far as the dark output lets it be seen."""
    rows = (BY_SOURCE[source] for source in state.faults)
    return tuple(row for row in rows if row.judged_dark and not row.passes(rules, state, inputs))


def _why_not_acknowledge(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    if state.phase is Phase.FAULT and not inputs.now_s > state.latched_s:
        return "a fault must be seen before it is reset"
    needed = max((ROLES.index(BY_SOURCE[source].reset_role) for source in state.faults), default=0)
    if inputs.board is not None and inputs.board.faults:
        needed = max(needed, ROLES.index("supervisor"))
    if command.role not in ROLES or ROLES.index(command.role) < needed:
        return f"a {ROLES[needed]} must reset this"
    standing = [row for row in standing_causes(rules, state, inputs) if not row.reset_clears]
    return " ".join(f"Still there: {row.said(inputs)}" for row in standing) or None


def _why_not_close(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    if not state.session_open:
        return "no session is open"
    dark = laser_checks.dark_confirmed(rules, state, inputs)
    return None if dark else "wait until the laser is read back off and the photodiode is dark"


def _why_not_key_off(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    if not state.session_open:
        return "no session is open"
    if command.role not in ROLES[ROLES.index(KEY_OFF_ROLE) :]:
        return f"a {KEY_OFF_ROLE} must confirm this"
    if not (command.reason or "").strip():
        return "say why: this needs a reason"
    if laser_checks.dark_confirmed(rules, state, inputs):
        return "it is known that the light has ended: close the session"
    unknown_s, after_s = inputs.now_s - state.unconfirmed_since_s, rules.limits.key_off_after_s
    long_enough = unknown_s >= after_s and checks.clock_runs(rules, state, inputs)
    return None if long_enough else f"wait {after_s:g} s for the light's end to be known"


class CommandRow(NamedTuple):
    """Where a command is taken and what may still refuse it there."""

    phases: frozenset[Phase]
    refusal: Refusal = _no_reason


COMMANDS = {
    CommandType.OPEN_SESSION: CommandRow(frozenset({Phase.IDLE}), _why_not_open),
    CommandType.HOME_STAGE: CommandRow(_HOMING, _why_not_home),
    CommandType.BEGIN_ARM: CommandRow(_READY, _why_not_begin_arm),
    CommandType.CANCEL_ARM: CommandRow(_READY),
    CommandType.ARM: CommandRow(_READY, _why_not_arm),
    CommandType.PAUSE: CommandRow(frozenset({Phase.ARMED, Phase.TREATING})),
    CommandType.STOP: CommandRow(_ALL),
    CommandType.ACKNOWLEDGE: CommandRow(
        frozenset({Phase.IDLE, Phase.READY, Phase.FAULT}), _why_not_acknowledge
    ),
    CommandType.CLOSE_SESSION: CommandRow(_CLOSING, _why_not_close),
    CommandType.CONFIRM_KEY_OFF: CommandRow(_CLOSING, _why_not_key_off),
    CommandType.RUN_SELF_TEST: CommandRow(frozenset({Phase.IDLE})),
    CommandType.POWER_OVERRIDE: CommandRow(_READY, why_not_override),
    CommandType.RING_OVERRIDE: CommandRow(_READY, why_not_override),
    CommandType.SELECT_STATION: CommandRow(_READY, why_not_select),
    CommandType.AIMING_ON: CommandRow(_ALL),
    CommandType.AIMING_OFF: CommandRow(_ALL),
}


def judge(rules: Rules, state: State, inputs: Inputs, command: Command) -> Reply:
    """Say whether a command is taken in this state, and why not."""
    row = COMMANDS[command.type]
    if state.phase not in row.phases:
        return Reply(command, _NOT_NOW[command.type])
    return Reply(command, row.refusal(rules, state, inputs, command))
