"""From a cart as it stands to one that takes a session: nothing latched, all there, homed and tested."""

from __future__ import annotations

from functools import partial
from typing import Final

from tosca_kiosk.attended.attendant import Attendant
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.link.telemetry import Telemetry

CONNECT_WITHIN_S: Final = 30.0
HOME_WITHIN_S: Final = 60.0
TEST_WITHIN_S: Final = 60.0
RESET_WITHIN_S: Final = 5.0
RESETS: Final = "technician"


class NotPreparedError(Exception):
    """The cart takes no session now. The text says why and what to do."""


def prepare(attendant: Attendant, *, anew: bool = False) -> None:
    """Reset what is latched where the person wants it, wait for the devices, home the stage, test the cart.

    anew: test it though a test counts. Raises NotPreparedError and StoppedError.
    """
    attendant.until(_there, CONNECT_WITHIN_S, "every device ready; check power and cables")
    _reset(attendant)
    if not attendant.newest.stage_homed:
        _do(attendant, CommandType.HOME_STAGE)
        attendant.until(_homed, HOME_WITHIN_S, "the stage's index found; check that it moves freely")
    tested = attendant.newest.self_test
    if anew or tested is None or tested.problem is not None:
        runs = 0 if tested is None else tested.runs
        _do(attendant, CommandType.RUN_SELF_TEST)
        attendant.until(lambda shown: _tested_since(shown, runs), TEST_WITHIN_S, "the self-test's end")
        found = attendant.newest.self_test
        if found is None or found.problem is not None:
            raise NotPreparedError(f"the self-test failed: {'' if found is None else found.problem}")


def _reset(attendant: Attendant) -> None:
    """Have the person see each fault and reset it: one that needs a supervisor by that one's PIN."""
    shown = attendant.newest
    if shown.phase != Phase.FAULT:
        return
    rows = [BY_SOURCE[source] for source in shown.faults if source in BY_SOURCE]
    for row in rows:
        attendant.say(f"Latched: {row.what} {row.to_do}")
    higher = next((row.reset_role for row in rows if row.reset_role != RESETS), None)
    if higher is None:
        attendant.typed("Enter resets it")
        reset = partial(attendant.order, CommandType.ACKNOWLEDGE)
    else:
        name = attendant.typed(f"username of a {higher}, who resets it")
        pin = attendant.typed(f"PIN of {name}", hidden=True)
        reset = partial(attendant.signed_order, CommandType.ACKNOWLEDGE, name, pin)
    ends_s = attendant.now_s + RESET_WITHIN_S
    while refused := reset():
        # The loss of whoever stood here before is over once this terminal was heard for a moment.
        if higher is not None or attendant.now_s > ends_s:
            raise NotPreparedError(refused)
    attendant.until(lambda newest: newest.phase == Phase.IDLE, RESET_WITHIN_S, "the fault's end")


def _do(attendant: Attendant, command: CommandType) -> None:
    if refused := attendant.order(command):
        raise NotPreparedError(refused)


def _there(shown: Telemetry) -> bool:
    return all(device.state == "ready" for device in shown.devices)


def _homed(shown: Telemetry) -> bool:
    return bool(shown.stage_homed)


def _tested_since(shown: Telemetry, runs: int) -> bool:
    test = shown.self_test
    return test is not None and test.runs > runs and test.done is None
