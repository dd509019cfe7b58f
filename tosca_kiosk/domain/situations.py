"""Which rows of the interlock table count in which situation, and which of them fail now."""

from __future__ import annotations

from itertools import product

from tosca_kiosk.domain import checks
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.interlocks import INTERLOCKS, LAMPS, STATION_INTERLOCKS, Interlock, Scope
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Phase, State
from tosca_kiosk.domain.waivers import WAIVED


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


_ROWS: dict[bool, InterlockRows] = {
    False: INTERLOCKS,
    True: tuple(row for row in INTERLOCKS if row.source not in WAIVED) + STATION_INTERLOCKS,
}
"""By whether a session calibrates."""


def _rows_in(scope: Scope, calibrating: bool) -> InterlockRows:
    return tuple(row for row in _ROWS[calibrating] if row.scope & scope)


def _failing(rows: InterlockRows, rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    return tuple([row for row in rows if not row.passes(rules, state, inputs)])


_EITHER = (False, True)
_SITUATIONS = list(product(Phase, _EITHER, _EITHER, _EITHER))
_ACTING = {
    (phase, opened, lit, calibrating): _rows_in(_scopes_in(phase, opened, lit), calibrating)
    for phase, opened, lit, calibrating in _SITUATIONS
}
_SHOWN = {
    (phase, opened, lit, calibrating): _rows_in(
        _scopes_in(phase, opened, lit) & ~Scope.WARN
        | (Scope.ANY if phase in (Phase.ARMED, Phase.TREATING) else Scope.ARM),
        calibrating,
    )
    for phase, opened, lit, calibrating in _SITUATIONS
}
_DEMANDED = {
    (scope, calibrating): _rows_in(scope, calibrating)
    for scope, calibrating in product((Scope.OPEN, Scope.ARM), _EITHER)
}


def _situation(rules: Rules, state: State) -> tuple[Phase, bool, bool, bool]:
    lit, calibrating = state.beam in checks.LIT_BEAMS, rules.calibration_session is not None
    return state.phase, state.session_open, lit, calibrating


def _acting(rules: Rules, state: State) -> InterlockRows:
    return _ACTING[_situation(rules, state)]


def acting_failures(rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    """Return the failing rows among those that fault or warn in the present phase, in table order."""
    return _failing(_acting(rules, state), rules, state, inputs)


def acts_now(row: Interlock, rules: Rules, state: State) -> bool:
    """Return whether a row can fault or warn in the present phase."""
    return row in _acting(rules, state)


def refusals(scope: Scope, rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    """Return the rows that refuse now. scope: OPEN for a session, ARM for arming."""
    demanded = _DEMANDED[scope, rules.calibration_session is not None]
    return _failing(demanded, rules, state, inputs)


def lamps(rules: Rules, state: State, inputs: Inputs) -> dict[str, bool]:
    """Return every lamp of the screen and of the record: True when all its rows that apply now pass."""
    shown = dict.fromkeys(LAMPS, True)
    shown["footpedal"] = checks.pedal_pressed(rules, state, inputs)
    for row in _failing(_SHOWN[_situation(rules, state)], rules, state, inputs):
        shown[row.lamp] = False
    return shown
