"""Debian's `restic` as a process that gives way to everything else, and its refusals in one line each."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.storage.errors import StorageError

PROGRAM: Final = "restic"
_GIVES_WAY: Final = ("nice", "-n", "39", "ionice", "-c", "3", "setpriv", "--pdeathsig", "INT")
"""The last place at processor and disk, whatever this process has; it ends with whoever started it."""
_LOOK_EVERY_S: Final = 0.2
_LEAVES_WITHIN_S: Final = 5.0
_READ_BYTES: Final = 65536
STANDS_STILL_S: Final = 60.0
"""One that reads nothing for so long has come to no end: 0.14 may, once the last files are on a full disk."""
_FULL_BYTES: Final = 64 * 1024 * 1024
"""With less free than a few of its packs, that is why."""


class InterruptedRunError(StorageError):
    """A run that was ended as somebody needs the machine; the next one does what is left."""


class FullError(StorageError):
    """There is no room left in the place."""


@dataclass(frozen=True, slots=True)
class Restic:
    """A repository and the file that holds its password. may_go_on: asked five times a second."""

    repository: Path
    password_file: Path
    may_go_on: Callable[[], bool] = lambda: True

    def run(
        self, *words: str, folder: Path | None = None, told: Callable[[float], object] = lambda share: None
    ) -> list[Any]:
        """Run it; return the objects that it prints, parsed.

        folder: where it works. told: is called with the share of a backup that is done. Raises StorageError
        with one line for whatever it refuses, InterruptedRunError where it was ended.
        """
        if shutil.which(PROGRAM) is None:
            raise StorageError(
                f"{PROGRAM} is not installed, which backs up the folders: apt install {PROGRAM}"
            )
        try:
            return self._run(words, folder, told)
        except OSError as error:
            raise StorageError(
                f"{PROGRAM} cannot be run ({error.strerror}); make room, or install what is missing"
            ) from error

    def _run(self, words: tuple[str, ...], folder: Path | None, told: Callable[[float], object]) -> list[Any]:
        options = ("--repo", self.repository, "--password-file", self.password_file, "--no-cache", "--json")
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                (*_GIVES_WAY, PROGRAM, *options, *words),
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
            try:
                found = list(self._followed(process, errors, told))
            finally:
                _end(process)
            if process.returncode != 0:
                raise self._refusal(_said(errors))
        return found

    def _followed(
        self, process: subprocess.Popen[bytes], errors: IO[bytes], told: Callable[[float], object]
    ) -> Iterator[Any]:
        assert process.stdout is not None
        for line in self._lines(process, process.stdout, errors):
            try:
                said = json.loads(line)
            except ValueError:
                continue  # what it says to a person
            if isinstance(said, dict) and said.get("message_type") == "status":
                told(float(said.get("percent_done", 0.0)))
            else:
                yield said
        process.wait()

    def _lines(self, process: subprocess.Popen[bytes], pipe: IO[bytes], errors: IO[bytes]) -> Iterator[bytes]:
        """Yield its lines; look between them whether it may go on, and whether it tries what is in vain.

        On a full or a lost disk it tries each file for a quarter of an hour.
        """
        rest, clock, read_s = b"", RealClock(), 0.0
        read_bytes: int | None = None
        while True:
            if not self.may_go_on():
                raise InterruptedRunError("the folder backup was broken off; the next one goes on")
            if (refused := self._known_refusal(_said(errors))) is not None:
                raise refused
            if (found := _bytes_read(process.pid)) != read_bytes or found is None:
                read_bytes, read_s = found, clock.now_s()
            elif clock.now_s() - read_s > STANDS_STILL_S:
                raise self._standstill()
            if not select.select([pipe], [], [], _LOOK_EVERY_S)[0]:
                continue
            if not (read := os.read(pipe.fileno(), _READ_BYTES)):
                break
            *whole, rest = (rest + read).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def _standstill(self) -> StorageError:
        place = self.repository.parent
        if shutil.disk_usage(place).free < _FULL_BYTES:
            return FullError(f"{place}: there is no room left; make some there, then repeat")
        return StorageError(f"{place}: {PROGRAM} stood still for {STANDS_STILL_S:.0f} s; look at the disk")

    def _known_refusal(self, said: str) -> StorageError | None:
        place = self.repository.parent
        for words, kind, text in _REFUSALS:
            if words in said.lower():
                return kind(text.format(place=place, repository=self.repository, password=self.password_file))
        return None

    def _refusal(self, said: str) -> StorageError:
        if (known := self._known_refusal(said)) is not None:
            return known
        lines = [line for line in said.splitlines() if line.strip() and not line.startswith(("\t", "github"))]
        fatal = next(
            (line for line in lines if line.startswith("Fatal: ")), lines[-1] if lines else "no reason"
        )
        return StorageError(f"{self.repository}: {PROGRAM} refuses: {fatal.removeprefix('Fatal: ').strip()}")


_REFUSALS: Final[tuple[tuple[str, type[StorageError], str], ...]] = (
    (
        "wrong password",
        StorageError,
        "{repository}: the password in {password} does not open it; put back the one that it was made with",
    ),
    ("no space left", FullError, "{place}: there is no room left; make some there, then repeat"),
    ("read-only file system", StorageError, "{place}: is read-only; mount it for writing, then repeat"),
    ("permission denied", StorageError, "{place}: permission is denied; give it to the user of the cart"),
    ("already locked", StorageError, "{repository}: another run uses it; wait until that has ended"),
    ("unable to open config file", StorageError, "{repository}: is no repository of restic; move it away"),
    ("input/output error", StorageError, "{place}: cannot be read or written (input/output error)"),
)
"""What it says, in lower case, and what a person is told of it; the first that fits."""


def _bytes_read(process_id: int) -> int | None:
    """Return how much a process has read so far, None where nobody says."""
    try:
        told = Path(f"/proc/{process_id}/io").read_text(encoding="ascii")
    except OSError:
        return None
    return int(told.split()[1])


def _said(errors: IO[bytes]) -> str:
    """Return what it has said so far on standard error, whose place in the file is its own."""
    return os.pread(errors.fileno(), _READ_BYTES, 0).decode(errors="replace")


def _environment() -> dict[str, str]:
    """Return this process's environment with nothing of another repository in it, and one processor alone."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RESTIC_")}
    return own | {"GOMAXPROCS": "1", "RESTIC_PROGRESS_FPS": "5"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it where it has not ended: it takes its lock away when it is asked."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_LEAVES_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):  # one that waits for a dead disk cannot be ended
                process.wait(_LEAVES_WITHIN_S)
    if process.stdout is not None:
        process.stdout.close()
