"""A kiosk without a screen that treats whatever it finds: the process that a watchdog campaign can lose.

    python -m benchmarks.rigs.treating_kiosk SOCKET CONFIG DATA_DIR FOLDER

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

from benchmarks.rigs.standin_kiosk import WITHIN_S, StandInKiosk, say
from benchmarks.rigs.standin_record import SUPERVISOR, SUPERVISOR_PIN, StandInRecord
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.realtime import end_with_parent

ASK_AGAIN_S = 0.2
TREATMENT_S = 3000.0


def main() -> None:
    end_with_parent(os.getppid(), signal.SIGKILL)
    socket_path, config_path, data_dir, folder = sys.argv[1:]
    kiosk, folder = StandInKiosk(socket_path, StandInRecord(config_path, data_dir)), Path(folder)
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
        refused = kiosk.signed(CommandType.ACKNOWLEDGE, SUPERVISOR, SUPERVISOR_PIN)
        assert clock.now_s() < WITHIN_S, refused
        kiosk.wait(ASK_AGAIN_S)


def _latched(tick) -> bool:
    return (
        tick is None or tick.phase == "fault" or any(each.startswith("board_fault") for each in tick.refusals)
    )


def open_session(kiosk: StandInKiosk, folder: Path) -> None:
    """Open a session that needs the live picture, as a real cart's does."""
    folder.mkdir()
    number = int(folder.name.rpartition("-")[2])
    assert kiosk.open(folder, number, TREATMENT_S) is None


if __name__ == "__main__":
    main()
