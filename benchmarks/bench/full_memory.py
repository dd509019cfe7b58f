"""A memory file system that is full, before a session and under its light, as the screen shows it.

    python -m benchmarks.bench.full_memory

The whole kiosk on an Xvfb, with a memory file system of its own that has room for a session and is filled by
hand. Full when a session is opened: the screen names it and no session stays open; with room again the same
kiosk opens one. Full under light: the light ends, the screen names it again, END closes the session while it
is still full, and the next one opens when there is room. Exit code 1 when one took too long; an
AssertionError where something else is seen. Only root may mount it.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from benchmarks.rigs.command_line import command_line, machine_load
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.panel import missing
from benchmarks.rigs.running_kiosk import RunningKiosk, kiosk_place
from benchmarks.rigs.small_file_system import fill, in_small_memory, memory_of, no_small_memory
from tosca_kiosk.machine.runtime import MEMORY
from tosca_kiosk.storage import DATABASE_NAME, check, record_to_read, sessions
from tosca_kiosk.storage.sessions import Session

MEMORY_BYTES = 8_000_000
"""Of which a journal takes up to 2.5 MB."""
LIGHT_OFF_MS = 500.0
"""What the journal's own rule allows a record that is behind."""
CLOSED_S = 10.0
ADVICE = f"ake room in memory, on {MEMORY}, not on the disk"
FULL = f"{MEMORY}: no more of the journal was taken (No space left on device)"


def main() -> int:
    command_line("bench.full_memory", __doc__).parse_args()
    if absent := no_small_memory() or ", ".join(missing()):
        print(f"not here: {absent}", file=sys.stderr)
        return 2
    with kiosk_place() as (folder, display), ExitStack() as stack:
        # The sockets lie where both this process and the kiosk see them.
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        kiosk = RunningKiosk(folder, display, stack, in_small_memory(MEMORY_BYTES))
        return judged(f"a full memory; machine load {machine_load()}", go(kiosk))


def go(kiosk: RunningKiosk) -> list[Row]:
    """Go through it once; return what was measured."""
    memory = memory_of(kiosk.supervisor_pid)
    ballast = fill(memory)
    kiosk.sign_in()
    kiosk.choose()
    kiosk.tap("HOME STAGE")
    kiosk.panel.wait_text(ADVICE, 40.0)
    kiosk.tap("TRY AGAIN")
    kiosk.until(lambda seen: len(rows(kiosk)) == 2)
    kiosk.panel.wait_text(ADVICE, 40.0)
    assert [row.status for row in rows(kiosk)] == ["aborted", "aborted"], rows(kiosk)
    ballast.unlink()
    kiosk.tap("TRY AGAIN")
    kiosk.panel.target("HOLD TO ARM", 30.0)
    kiosk.arm()
    kiosk.treat()
    kiosk.wait(0.5)
    light_off_s = kiosk.judge.light_off_after_s(lambda: fill(memory))
    kiosk.release()
    kiosk.panel.wait_screen("fault")
    assert kiosk.telemetry().faults == ("journal",), kiosk.telemetry()
    kiosk.panel.wait_text(FULL)
    began_s = kiosk.now_s()
    kiosk.tap("End session")
    kiosk.until(lambda seen: rows(kiosk)[-1].status == "aborted", CLOSED_S)
    closed_s = kiosk.now_s() - began_s
    closed = rows(kiosk)[-1]
    assert (closed.abort_reason or "").startswith("journal: "), closed
    (memory / ballast.name).unlink()
    kiosk.until_control(lambda tick: tick.phase == "fault" and not tick.standing)
    kiosk.tap("RESET")
    kiosk.until_control(lambda tick: tick.phase == "idle")
    with record_to_read(kiosk.data_dir / DATABASE_NAME, print) as database:
        assert check(database).problems == ()
    return [
        Row("light off after memory was full", 1000.0 * light_off_s, LIGHT_OFF_MS, "ms"),
        Row("END to the closed row, memory still full", closed_s, CLOSED_S, "s"),
        Row("energy that is known of it", closed.total_energy_joules or 0.0, None, "J"),
    ]


def rows(kiosk: RunningKiosk) -> list[Session]:
    """Return the sessions of the kiosk's record, oldest first."""
    with record_to_read(kiosk.data_dir / DATABASE_NAME, print) as database:
        return list(reversed(sessions.for_patient(database, 1)))


if __name__ == "__main__":
    sys.exit(main())
