"""The session's journal: one `write()` a tick into memory that outlives a kill, copied to disk by a helper.

The tick never waits for a disk. What the disk has is never long behind, or the journal says that it is not
`ok`; after a kill `journal_tail.read_journal` puts the rest there.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tosca_kiosk.domain.journal_lines import ChainWriter, Header, Summary, TickLine
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.fault_traces import FaultTrace, SessionTraces
from tosca_kiosk.journal.store import JournalStore
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.realtime import follow_the_ticks

SYNC_PERIOD_S: Final = 0.08
"""A power cut costs so much and what a sync takes: no more than 100 ms where that is under 20."""
SYNCS_A_DISK_CHECK: Final = 20
ROOM_FOR_A_SESSION_BYTES: Final = 2_000_000_000

BEHIND_LIMIT_S: Final = 0.5
"""A line that the disk does not have after so long is a fault."""
_LONGEST_TICK_S: Final = 0.1
"""More of a tick does not count into a line's age: then the whole process stood still, helper included."""
AHEAD_LIMIT_BYTES: Final = 8 << 20
"""So much may be in memory alone where ticks wait for the disk."""

HELD_BYTES: Final = 1 << 16
"""So much of lines that are not urgent is written at once where ticks wait for the disk."""

log = logging.getLogger("tosca_kiosk.journal.writer")


class Journal:
    """Writes chained lines. The helper copies and syncs them every 80 ms, at once where that is asked.

    ok: False from the first line that memory or disk did not take whole, that could not be synced, or that
    the disk did not have within 0.5 s of ticks, and when the helper finds that folder, file or tail was
    removed or replaced, so that nobody will find what is written; never True again. Lines are taken all the
    same, as long as they will be read back: the one that ends the light comes behind what `ok` says.
    problem: why it is not ok, for a person.
    waits: for ticks on a clock that stands still meanwhile. They wait for a disk that is far behind,
    instead of being a fault, so that what they decide does not depend on the disk. Such lines are written
    many at once, up to the next urgent one.
    recorded: whether every line so far was taken, and will be read back.
    disk_ok: whether the disk has room for a whole session's record, looked at every 2 s by the helper.
    Raises OSError when the journal cannot be made; it is made exclusively, so no record is overwritten.
    """

    def __init__(self, folder: Path, *, waits: bool = False) -> None:
        self._store = JournalStore(folder / JOURNAL_NAME)
        self._append = self._store.append
        self._chain = ChainWriter()
        self._waits = waits
        self._held = bytearray()
        self._wake = threading.Event()
        self._copied = threading.Event()
        self._closing = False
        self._newest_s = 0.0
        self._ticked_s = 0.0
        self._on_disk_s = 0.0
        self.ok = True
        self.problem: str | None = None
        self._all_taken = True
        self._lost = False
        self._folder = folder
        self._traces = SessionTraces(folder)
        self.disk_ok = self._has_room()
        self._helper = threading.Thread(target=self._copy_until_closed, name="journal-copy", daemon=True)
        self._helper.start()

    @property
    def head(self) -> str:
        """The hex digest of the newest tick line."""
        return self._chain.head.hex()

    def begin(self, header: Header) -> None:
        """Write line 1."""
        self._write(self._chain.header(header))

    def tick(self, line: TickLine, urgent: bool) -> None:
        """Write a tick line. urgent: sync at once, for emission edges, faults and operators' decisions."""
        sealed = self._chain.tick(line)
        if self._waits:
            self._hold(sealed, urgent)
            return
        self._write(sealed)
        if urgent:
            self._wake.set()
        now_s = line.t
        took_s = now_s - self._newest_s
        self._newest_s = now_s
        self._ticked_s += took_s if took_s < _LONGEST_TICK_S else _LONGEST_TICK_S
        if self._ticked_s - self._on_disk_s > BEHIND_LIMIT_S:
            self._fail(f"{self._folder / JOURNAL_NAME}: the disk was over {BEHIND_LIMIT_S:g} s behind")

    def keep_trace(self, trace: FaultTrace) -> None:
        """Have a fault's wire traces written beside the journal; losing them is no failure."""
        self._traces.keep_trace(trace)

    def finish(self, summary: Summary, *, wait: bool = True) -> None:
        """Write the last line, sync and close; without `wait` the helper does so after the return."""
        self._write_held()
        self._write(self._chain.end(summary))
        self._end()
        if wait:
            self.close()

    def close(self) -> None:
        """Sync and close, once, and return when that is done."""
        self._write_held()
        self._end()
        self._helper.join()
        self._traces.close()

    @property
    def recorded(self) -> bool:
        """Whether every line so far was taken, and will be read back: each thread has a word in it."""
        return self._all_taken and not self._lost

    @property
    def closed(self) -> bool:
        """Whether all is on the disk, or cannot be brought there, and the file is closed."""
        return not self._helper.is_alive() and self._traces.closed

    def _end(self) -> None:
        self._closing = True
        self._wake.set()
        self._traces.end()

    # --- the tick's thread ------------------------------------------------------------------------------

    def _write(self, line: bytes) -> None:
        self._all_taken = self._all_taken and self._append(line)
        if self._store.short is not None:
            self._fail(self._store.short)

    def _fail(self, problem: str) -> None:
        self.problem = self.problem or problem
        self.ok = False

    def _hold(self, line: bytes, urgent: bool) -> None:
        self._held += line
        if urgent or len(self._held) >= HELD_BYTES:
            self._write_held()
            self._wait_for_disk()
        if urgent:
            self._wake.set()

    def _write_held(self) -> None:
        if self._held:
            self._write(bytes(self._held))
            self._held.clear()

    def _wait_for_disk(self) -> None:
        store = self._store
        while self.ok and self._helper.is_alive() and store.appended - store.synced > AHEAD_LIMIT_BYTES:
            self._copied.clear()
            self._wake.set()
            self._copied.wait()

    # --- the helper's thread ----------------------------------------------------------------------------

    def _copy_until_closed(self) -> None:
        follow_the_ticks()
        clock = RealClock()
        due_s = SYNC_PERIOD_S
        for count in itertools.count(1):
            self._wake.wait(max(0.0, due_s - clock.now_s()))
            # Before the look at whether it closes: what was appended by then is copied below.
            self._wake.clear()
            if self._closing:
                break
            due_s = clock.now_s() + SYNC_PERIOD_S
            self._try(self._copy)
            self._try(self._look_whether_it_is_there)
            if count % SYNCS_A_DISK_CHECK == 0:
                self.disk_ok = self._has_room()
        self._try(self._store.close)

    def _copy(self) -> None:
        began_s = self._ticked_s
        self._store.copy()
        self._on_disk_s = began_s

    def _look_whether_it_is_there(self) -> None:
        if lost := self._store.lost():
            self._lost = True
            raise OSError(errno.ENOENT, "removed or replaced while in use", lost)

    def _try(self, bring: Callable[[], None]) -> None:
        try:
            bring()
        except OSError as error:
            problem = f"{error.filename or self._folder / JOURNAL_NAME}: not written ({error.strerror})"
            if self.ok:
                log.error(problem)
            self._fail(problem)
        finally:
            self._copied.set()

    def _has_room(self) -> bool:
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize >= ROOM_FOR_A_SESSION_BYTES
