"""A kiosk without a screen that treats whatever it finds: the process that a watchdog campaign can lose.

    python benchmarks/treating_kiosk.py SOCKET FOLDER

Prints as one JSON line what it found latched or refused, resets it as supervisor, homes the stage where that
is needed and opens a session with its journal in FOLDER unless control has one. Then it arms, prints `armed`
and goes on being alive until it is ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from math import inf
from pathlib import Path

import msgspec

# The kiosk without a screen is that of the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "control"))

from simulated_cart import constant, shipped_session_rules
from standin_kiosk import WITHIN_S, StandInKiosk, header, say

from tosca_kiosk.control.clock import RealClock
from tosca_kiosk.control.realtime import end_with_parent
from tosca_kiosk.domain.records import CommandType

ASK_AGAIN_S = 0.2
TREATMENT_S = 3000.0


def main() -> None:
    end_with_parent(os.getppid(), signal.SIGKILL)
    kiosk, folder = StandInKiosk(sys.argv[1]), Path(sys.argv[2])
    kiosk.connect()
    tick = kiosk.until(lambda tick: all(device.state == "ready" for device in tick.devices))
    say(json.dumps([*tick.faults, *tick.refusals]))
    if not tick.stage_homed:
        assert kiosk.order(CommandType.HOME_STAGE) is None
        kiosk.until(lambda tick: tick.stage_homed)
    reset(kiosk)
    if kiosk.link.hello.session is None:
        kiosk.have_it_tested()
        open_session(kiosk, folder)
    kiosk.arm()
    say("armed")
    kiosk.until(lambda tick: False, inf)


def reset(kiosk: StandInKiosk) -> None:
    """Reset until nothing is latched, neither in control nor in the board: what stands still is refused."""
    clock = RealClock()
    while _latched(kiosk.link.latest()):
        refused = kiosk.order(CommandType.ACKNOWLEDGE, role="supervisor")
        assert clock.now_s() < WITHIN_S, refused
        kiosk.wait(ASK_AGAIN_S)


def _latched(tick) -> bool:
    return (
        tick is None or tick.phase == "fault" or any(each.startswith("board_fault") for each in tick.refusals)
    )


def open_session(kiosk: StandInKiosk, folder: Path) -> None:
    """Open a session that needs the live picture, as a real cart's does."""
    folder.mkdir()
    rules = shipped_session_rules(constant(5.0, TREATMENT_S, ring_size_mm=2.0))
    rules = msgspec.structs.replace(rules, camera_required=True)
    assert kiosk.answer(kiosk.link.open_session(folder, header(1, rules))).refused is None


if __name__ == "__main__":
    main()
