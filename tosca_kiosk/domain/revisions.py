"""What the present rules decide otherwise than older ones did, and mean to.

A header names the revision of the rules that decided its session. A journal of the present revision is
decided again bit for bit. An older one is decided by the present rules: what differs must be written here, or
the journal is not what that revision wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.laser_checks import dark_confirmed
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import State

ANY: Final = "any"
"""For a value of an intended difference that may be whatever it is."""


class Event(NamedTuple):
    """A whole row of the record, by its type, where a difference is that it is there or not."""

    event_type: str


class Intended(NamedTuple):
    """A difference that is meant. path: into a tick line or the summary, `*` for the number of an event.

    recorded, decided: the values, as JSON has them, ANY or an Event. why: for whoever reads the replay.
    """

    path: str
    recorded: Any
    decided: Any
    why: str


MISSING: Final = "nothing"
"""A value that one of the two has not."""

_LOOP = "the laser tells its interlock loop open before the gate is wanted, asked out of turn for it"
_DARK = "a session is opened once darkness is known by answers of its own time"
_ENERGY = "the commanded energy is kept beside the measured one"
_OPENING_ROWS = ("user_action", "ring_size_set")

INTENDED: Final[Mapping[int, tuple[Intended, ...]]] = {
    1: (
        Intended(path="o.ask_condition", recorded=False, decided=True, why=_LOOP),
        Intended(path="o.want_gate", recorded=True, decided=False, why=_LOOP),
        Intended(path="e.*.interlocks.laser", recorded=True, decided=False, why=_LOOP),
        *(Intended(path="e.*", recorded=Event(row), decided=MISSING, why=_DARK) for row in _OPENING_ROWS),
        *(Intended(path="e.*", recorded=MISSING, decided=Event(row), why=_DARK) for row in _OPENING_ROWS),
        Intended(path="o.stage_position_um", recorded=ANY, decided=None, why=_DARK),
        Intended(path="summary.commanded_j", recorded=None, decided=ANY, why=_ENERGY),
    ),
    2: (),  # it knew no overrides; whatever it did decide is decided so still
    3: (),  # it knew no calibration's session, and no motor at another PWM than the configured one
}
"""By the older revision: every difference between its decisions and the present ones."""


def intended(revision: int, path: str, recorded: Any, decided: Any) -> Intended | None:
    """Return why a difference is meant, None where it is not. path: as a replay names it."""
    general = ".".join("*" if part.isdecimal() else part for part in path.split("."))
    for row in INTENDED.get(revision, ()):
        if row.path == general and _is(row.recorded, recorded) and _is(row.decided, decided):
            return row
    return None


def _is(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Event):
        return isinstance(value, dict) and value.get("event_type") == wanted.event_type
    return wanted is ANY or wanted == value


_ONCE_DARK: Final[Mapping[int, frozenset[CommandType]]] = {1: frozenset({CommandType.OPEN_SESSION})}


class AskedOnceDark:
    """Asks what older revisions asked in their first tick when the present controller would ask it.

    It knows nothing of a tick before the session: so the session is asked for when darkness is known.
    """

    def __init__(self, revision: int) -> None:
        self._kinds = _ONCE_DARK.get(revision, frozenset())
        self._held: tuple[Command, ...] = ()

    def inputs(self, rules: Rules, state: State, inputs: Inputs) -> Inputs:
        """Return a tick's inputs with its commands as they come now."""
        if not self._kinds:
            return inputs
        self._held += tuple(command for command in inputs.commands if command.type in self._kinds)
        others = tuple(command for command in inputs.commands if command.type not in self._kinds)
        if self._held and dark_confirmed(rules, state, inputs):
            others, self._held = (*self._held, *others), ()
        return msgspec.structs.replace(inputs, commands=others)
