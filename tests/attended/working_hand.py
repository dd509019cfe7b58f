"""An attendant as a process on a terminal: opens a session, gives light by keys and pedal, closes it.

    python -m tests.attended.working_hand SOCKET FOLDER NUMBER CONFIG DATA_DIR

A treatment's session arms by the same rows and commands as a calibration's, and its record is there.
"""

import signal
import sys
from pathlib import Path

from benchmarks.rigs.sessions import constant, session_header
from benchmarks.rigs.standin_record import StandInRecord
from tosca_kiosk.attended.attendant import Attendant, StoppedError
from tosca_kiosk.attended.keys import NoTerminalError, terminal_keys
from tosca_kiosk.attended.preparing import prepare
from tosca_kiosk.attended.reaching import NotReachedError, reached
from tosca_kiosk.link.numbered import Numbered
from tosca_kiosk.machine.stop_signals import on_interrupt


def work(attendant, folder, number, record):
    prepare(attendant)
    rules = record.session(number, constant(5.0, 600.0, ring_size_mm=2.0))
    numbered = Numbered(session=number, calibration=None)
    refused = attendant.open(folder, session_header(rules, number), numbered)
    assert refused is None, refused
    attendant.until(lambda tick: not tick.refusals, 30.0, "ready")
    attendant.say(f"typed {attendant.typed('reading of the meter')}")
    attendant.hand.may_arm = True
    attendant.say("hold the space bar")
    while True:
        attendant.turn()
        if (shown := attendant.shown) is not None:
            attendant.show(f"{shown.phase} {shown.beam}")


def main():
    socket, folder = map(Path, sys.argv[1:3])
    record, asked = StandInRecord(*sys.argv[4:]), []
    folder.mkdir()
    with (
        on_interrupt(lambda: asked.append(True), signal.SIGTSTP),
        reached(socket) as link,
        terminal_keys() as keys,
    ):
        attendant = Attendant(link, keys, ask_stop=lambda: bool(asked), on_notice=lambda notice: None)
        try:
            work(attendant, folder, int(sys.argv[3]), record)
        except StoppedError as error:
            attendant.say(f"stopped: {error}")
        ended = attendant.close(attendant.stopped)
        attendant.say(f"ended: {ended}")


if __name__ == "__main__":
    try:
        main()
    except (NoTerminalError, NotReachedError) as error:
        raise SystemExit(f"refused: {error}") from error
