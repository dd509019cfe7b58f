"""The phases of a cart, the order of switching on, and the commands that are taken in each phase."""

from __future__ import annotations

import inspect
import re

from tests.papers.tables import diagram, table
from tests.papers.tables import paper as whole
from tosca_kiosk.domain.beam import ORDER
from tosca_kiosk.domain.commands import COMMANDS
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.domain.tick import TRANSITIONS

_RETURNED = re.compile(r"\bBeam\.(\w+)")


def _leads_to(beam: Beam) -> list[Beam]:
    """Return what the part's own function names as the next ones, in the order of switching on."""
    named = {Beam[name] for name in _RETURNED.findall(inspect.getsource(ORDER[beam].after))}
    return [other for other in Beam if other in named and other is not beam]


def _yes(flag: bool) -> str:
    return "yes" if flag else ""


def paper() -> str:
    """Print STATES.md."""
    phases = [f"{one} --> {other}" for one in Phase for other in Phase if other in TRANSITIONS[one]]
    beams = [f"{one} --> {other}" for one in Beam for other in _leads_to(one)]
    order = (
        (str(beam), _yes(row.want_gate), _yes(row.ask_condition), _yes(row.laser_output))
        for beam, row in ORDER.items()
    )
    taken = ((str(kind), *(_yes(phase in row.phases) for phase in Phase)) for kind, row in COMMANDS.items())
    return whole(
        "States",
        "Idle: no session. Ready: a session is open, in the dark. Armed: the gate waits for the pedal. "
        "Treating: the pedal is held. Fault: latched until its cause is gone and a person of the right role "
        "resets it. A way that is not drawn does not exist: taking it is an error of the program.",
        diagram((f"[*] --> {Phase.IDLE}", *phases)),
        "## The order of switching on",
        "Inside armed and treating; light leaves in `emitting` alone. Off has no order: whatever ends it, "
        "output, current and gate are taken back in the same tick, and armed begins again with `clearing`.",
        diagram(beams),
        table(("part", "gate wanted", "condition asked", "output on"), order),
        "## Commands",
        "In which phases a command is taken; there it may still be refused, with a reason.",
        table(("command", *(str(phase) for phase in Phase)), taken),
    )
