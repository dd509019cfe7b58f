"""Which rows of the interlock table count in which situation, and which of them fail now."""

from __future__ import annotations

from tosca_kiosk.domain import checks
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.interlocks import INTERLOCKS, LAMPS, Interlock, Scope
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Phase, State


def _scopes_in(phase: Phase, session_open: bool, lit: bool) -> Scope:
    scope = Scope.ANY
    if session_open:
        scope |= Scope.SESSION
    if phase in (Phase.ARMED, Phase.TREATING):
        scope |= Scope.HELD
    if phase is Phase.TREATING and lit:
        scope |= Scope.LIGHT | Scope.WARN
    return scope


def is_paused(phase: str, elapsed_s: float, *, finished: bool) -> bool:
    """Whether a session stands still between two parts of its light. elapsed_s: its treatment clock."""
    return phase == Phase.READY and elapsed_s > 0.0 and not finished


InterlockRows = tuple[Interlock, ...]


def _rows_in(scope: Scope) -> InterlockRows:
    return tuple(row for row in INTERLOCKS if row.scope & scope)


def _failing(rows: InterlockRows, rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    return tuple([row for row in rows if not row.passes(rules, state, inputs)])


_SITUATIONS = [(phase, opened, lit) for phase in Phase for opened in (False, True) for lit in (False, True)]
_ACTING = {situation: _rows_in(_scopes_in(*situation)) for situation in _SITUATIONS}
_SHOWN = {
    situation: _rows_in(
        _scopes_in(*situation) & ~Scope.WARN
        | (Scope.ANY if situation[0] in (Phase.ARMED, Phase.TREATING) else Scope.ARM)
    )
    for situation in _SITUATIONS
}
_DEMANDED = {scope: _rows_in(scope) for scope in (Scope.OPEN, Scope.ARM)}


def _acting(state: State) -> InterlockRows:
    return _ACTING[state.phase, state.session_open, state.beam in checks.LIT_BEAMS]


def acting_failures(rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    """Return the failing rows among those that fault or warn in the present phase, in table order."""
    return _failing(_acting(state), rules, state, inputs)


def acts_now(row: Interlock, state: State) -> bool:
    """Return whether a row can fault or warn in the present phase."""
    return row in _acting(state)


def refusals(scope: Scope, rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    """Return the rows that refuse now. scope: OPEN for a session, ARM for arming."""
    return _failing(_DEMANDED[scope], rules, state, inputs)


def lamps(rules: Rules, state: State, inputs: Inputs) -> dict[str, bool]:
    """Return every lamp of the screen and of the record: True when all its rows that apply now pass."""
    shown = dict.fromkeys(LAMPS, True)
    shown["footpedal"] = checks.pedal_pressed(rules, state, inputs)
    situation = _SHOWN[state.phase, state.session_open, state.beam in checks.LIT_BEAMS]
    for row in _failing(situation, rules, state, inputs):
        shown[row.lamp] = False
    return shown
