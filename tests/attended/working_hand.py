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
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.link.numbered import NONE, Numbered
from tosca_kiosk.machine.stop_signals import on_interrupt


def open_session(attendant, folder, number, record):
    prepare(attendant)
    rules = record.session(number, constant(5.0, 600.0, ring_size_mm=2.0))
    refused = attendant.open(
        folder, session_header(rules, number), Numbered(session=number, calibration=None)
    )
    assert refused is None, refused


def give_light(attendant):
    """Until something is STOP."""
    attendant.until(lambda tick: not tick.refusals, 30.0, "ready")
    attendant.say(f"typed {attendant.typed('reading of the meter')}")
    attendant.hand.may_arm = True
    attendant.say("hold the space bar")
    while True:
        attendant.turn()
        if (shown := attendant.shown) is not None:
            attendant.show(f"{shown.phase} {shown.beam}")


def go_on(attendant):
    """Have STOP reset, where somebody is still there who wants to go on in the same session."""
    if attendant.typed("Enter goes on, q ends") == "q":
        raise StoppedError("enough")
    attendant.until(lambda tick: tick.phase == "fault", 5.0, "the fault")
    attendant.until(lambda tick: attendant.order(CommandType.ACKNOWLEDGE) is None, 5.0, "its reset")


def main():
    socket, folder = map(Path, sys.argv[1:3])
    record, asked = StandInRecord(*sys.argv[4:]), []
    folder.mkdir()
    with (
        on_interrupt(lambda: asked.append(True), signal.SIGTSTP),
        reached(socket) as link,
        terminal_keys() as keys,
    ):

        def attendant(session=NONE):
            made = Attendant(link, keys, ask_stop=lambda: bool(asked), on_notice=lambda notice: None)
            made.session = session
            return made

        now = attendant()
        try:
            open_session(now, folder, int(sys.argv[3]), record)
            while True:
                try:
                    give_light(now)
                except StoppedError as error:
                    now.say(f"stopped: {error}")
                asked.clear()
                now = attendant(now.session)
                go_on(now)
        except StoppedError as error:
            now.say(f"stopped: {error}")
        now.say(f"ended: {now.close(now.stopped)}")


if __name__ == "__main__":
    try:
        main()
    except (NoTerminalError, NotReachedError) as error:
        raise SystemExit(f"refused: {error}") from error
