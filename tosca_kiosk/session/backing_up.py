"""The backup before a session: begun when patient and protocol are chosen, in a thread of its own.

A session's row is written only where every change that the audit knows of stands in a verified copy. What the
logs get between the copy's snapshot and that row (a line of what control noticed) is in the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.session.sealing import Sealing
from tosca_kiosk.storage import Database, Reader, make_backup, prune_backups
from tosca_kiosk.storage.backup import NEWEST_CHANGE, newest_change
from tosca_kiosk.storage.clock_evidence import clock_doubt

COPYING: Final = 0.3
"""The copy's part of a backup's time, whose rest is its verification: of 1 GB two seconds and five."""
_LEAVES_WITHIN_S: Final = 2.0
"""A verification ends by itself alone; a process that ends does not wait longer for it."""


class BackupOvertakenError(RefusedError):
    """The record was changed since the snapshot of the backup that was to precede the session."""


class _LeftError(Exception):
    """Nobody waits for the backup any more."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A verified backup. newest_change: the number of the audit's newest row in it.

    to_say: what a person must know of the older ones, a sentence each.
    """

    path: Path
    newest_change: int
    to_say: tuple[str, ...] = ()

    def refuse_overtaken(self, reader: Reader) -> None:
        """Raise BackupOvertakenError unless all that the audit knows of stands in it."""
        if reader.rows(NEWEST_CHANGE)[0]["newest"] != self.newest_change:
            raise BackupOvertakenError(
                f"{reader.path}: the record was changed since the backup before this session was begun; "
                "try again"
            )


def back_up(
    database: Database, backup_dir: Path, now: datetime, told: Callable[[float], object] = lambda copied: None
) -> BackedUp:
    """Make the backup that precedes a session and thin the older ones.

    told: is called with the share that is copied, and ends the backup by what it raises. It may take longer
    than devices like to be left alone. Raises StorageError.
    """
    made = make_backup(database.path, backup_dir, now, told)
    pruned = prune_backups(backup_dir, now, clock_doubt(database, now))
    return BackedUp(path=made, newest_change=newest_change(made), to_say=tuple(pruned.to_say))


class SessionBackup:
    """Makes a backup beside everything else, and keeps the newest for as long as nothing is changed.

    database: gives the open record; its directory's lock is held by this process. utc: labels the files.
    sealing: signs what is copied.
    Close it, or its thread goes on.
    """

    def __init__(
        self,
        database: Callable[[], Database],
        backup_dir: Path,
        utc: Callable[[], datetime],
        sealing: Sealing,
    ) -> None:
        self._database = database
        self._backup_dir = backup_dir
        self._utc = utc
        self._sealing = sealing
        self._clock = RealClock()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked_again = False
        self._leaving = False
        self._made: BackedUp | None = None
        self._failure: Exception | None = None
        self._begun_s = 0.0
        self._copied = 0.0
        self._copied_s: float | None = None

    def begin(self) -> None:
        """See to it that a backup holds what is in the record now; one that does is kept.

        One that is under way goes on, and is looked at when it is made. A failure before is forgotten.
        """
        with self._turn:
            self._asked_again = self._thread is not None
            if self._thread is None:
                self._failure = None
                self._thread = threading.Thread(target=self._run, name="session-backup", daemon=True)
                self._thread.start()

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._thread is not None

    @property
    def failed(self) -> bool:
        """Whether the last one failed, which `taken` has not told yet."""
        return self._failure is not None

    @property
    def share(self) -> float:
        """How much of the one under way is done, 0 to 1; what its verification takes is an estimate."""
        copied_s = self._copied_s
        if copied_s is None:
            return COPYING * self._copied
        takes_s = max(copied_s - self._begun_s, 0.1) * (1.0 - COPYING) / COPYING
        verified = min((self._clock.now_s() - copied_s) / takes_s, 0.99)
        return COPYING + (1.0 - COPYING) * verified

    def wait(self, timeout_s: float) -> bool:
        """Wait until none is under way; False when that did not come in time."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return not self.running

    def taken(self) -> BackedUp:
        """Return the newest backup. Raises what the last one failed by, once; `begin` tries again."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        if self._made is None:
            raise RefusedError("no backup precedes this session yet; try again")
        return self._made

    def close(self) -> None:
        """End what is under way; what it leaves on the disk goes at the next backup."""
        self._leaving = True
        self.wait(_LEAVES_WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while True:
            try:
                self._made = self._standing() or self._new()
            except Exception as error:  # whatever it is, it is told to the one who opens a session
                self._made, self._failure = None, error
            with self._turn:
                if self._failure is not None or not self._asked_again or self._leaving:
                    self._thread = None
                    return
                self._asked_again = False

    def _standing(self) -> BackedUp | None:
        """Return the backup that was made before, where nothing is changed since."""
        made = self._made
        if made is None or not made.path.exists():
            return None
        with self._database().reading() as reader:
            try:
                made.refuse_overtaken(reader)
            except BackupOvertakenError:
                return None
        return made

    def _new(self) -> BackedUp:
        self._begun_s, self._copied, self._copied_s = self._clock.now_s(), 0.0, None
        self._sealing.sign(self._database(), "backup")
        return back_up(self._database(), self._backup_dir, self._utc(), self._told)

    def _told(self, copied: float) -> None:
        if self._leaving:
            raise _LeftError
        self._copied = copied
        if copied >= 1.0:
            self._copied_s = self._clock.now_s()
