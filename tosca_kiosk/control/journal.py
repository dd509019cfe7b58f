"""The session's journal on disk: one `write()` a tick, synced by a helper, never waited for."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

from tosca_kiosk.control.traces import FaultTrace, SessionTraces
from tosca_kiosk.domain.journal_lines import ChainWriter, Header, Summary, TickLine

JOURNAL_NAME = "journal.jsonl"
SYNC_PERIOD_S = 0.1
SYNCS_A_DISK_CHECK = 20
ROOM_FOR_A_SESSION_BYTES = 2_000_000_000


class Journal:
    """Writes chained lines; `ok` is False from the first write that did not take every byte.

    disk_ok: whether the disk has room for a whole session's record, looked at every 2 s by the helper.
    Raises OSError when the file cannot be made; it is made exclusively, so no record is overwritten.
    """

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / JOURNAL_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        self._chain = ChainWriter()
        self._wake = threading.Event()
        self._closing = False
        self.ok = True
        self._folder = folder
        self._traces = SessionTraces(folder)
        self.disk_ok = self._has_room()
        self._helper = threading.Thread(target=self._sync_until_closed, name="journal-sync", daemon=True)
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
        self._write(self._chain.tick(line))
        if urgent:
            self._wake.set()

    def keep_trace(self, trace: FaultTrace) -> None:
        """Have the helper write a fault's wire traces beside the journal; losing them is no failure."""
        self._traces.put(trace)
        self._wake.set()

    def finish(self, summary: Summary, *, wait: bool = True) -> None:
        """Write the last line, sync and close; without `wait` the helper does so after the return."""
        self._write(self._chain.end(summary))
        self._closing = True
        self._wake.set()
        if wait:
            self.close()

    def close(self) -> None:
        """Sync and close, once, and return when that is done."""
        self._closing = True
        self._wake.set()
        self._helper.join()

    @property
    def closed(self) -> bool:
        """Whether the file is synced and closed."""
        return not self._helper.is_alive()

    def _write(self, line: bytes) -> None:
        # The helper may say False at any moment: nothing here ever says True again.
        if not self.ok:
            return
        try:
            taken = os.write(self._file, line)
        except OSError:
            taken = -1
        if taken != len(line):
            self.ok = False

    def _sync(self) -> None:
        try:
            os.fdatasync(self._file)
        except OSError:
            self.ok = False

    def _has_room(self) -> bool:
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize >= ROOM_FOR_A_SESSION_BYTES

    def _sync_until_closed(self) -> None:
        for count in itertools.count(1):
            if self._closing:
                break
            self._wake.wait(SYNC_PERIOD_S)
            self._wake.clear()
            self._sync()
            self._traces.write()
            if count % SYNCS_A_DISK_CHECK == 0:
                self.disk_ok = self._has_room()
        self._sync()
        os.close(self._file)
        self._traces.write()
