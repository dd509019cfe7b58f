"""What the present rules decide otherwise than older ones did, and mean to.

A header names the revision of the rules that decided its session. A journal of the present revision is
decided again bit for bit. An older one is decided by the present rules: what differs must be written here, or
the journal is not what that revision wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Intended(NamedTuple):
    """A difference that is meant. path: into a tick line or the summary, `*` for the number of an event.

    recorded, decided: the values, as JSON has them. why: for whoever reads the replay.
    """

    path: str
    recorded: Any
    decided: Any
    why: str


_LOOP = "the laser tells its interlock loop open before the gate is wanted, asked out of turn for it"

INTENDED: Final[Mapping[int, tuple[Intended, ...]]] = {
    1: (
        Intended("o.ask_condition", False, True, _LOOP),
        Intended("o.want_gate", True, False, _LOOP),
        Intended("e.*.interlocks.laser", True, False, _LOOP),
    ),
}
"""By the older revision: every difference between its decisions and the present ones."""


def intended(revision: int, path: str, recorded: Any, decided: Any) -> Intended | None:
    """Return why a difference is meant, None where it is not. path: as a replay names it."""
    general = ".".join("*" if part.isdecimal() else part for part in path.split("."))
    for row in INTENDED.get(revision, ()):
        if (row.path, row.recorded, row.decided) == (general, recorded, decided):
            return row
    return None
