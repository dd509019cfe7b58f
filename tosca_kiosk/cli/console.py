"""Standard output and standard error of a command, whatever they can show and whoever reads them.

What standard output does not take is an OutputError, of which one line tells; standard error is a courtesy
and never fails. Characters that they cannot show are replaced.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

STDOUT: Final = 1
STDERR: Final = 2


class OutputError(Exception):
    """Standard output does not take what a command says. The text says why."""


class _Stream(io.FileIO):
    """A standard stream. must: the first failure is an OutputError; what follows goes nowhere."""

    def __init__(self, number: int, *, must: bool) -> None:
        super().__init__(number, "w", closefd=False)
        self._must = must
        self._lost = False

    def write(self, data: Any, /) -> int:
        if not self._lost:
            try:
                return super().write(data)
            except OSError as error:
                self._lost = True
                if self._must:
                    raise OutputError(
                        f"standard output cannot be written ({error.strerror}); what was done stands, "
                        "what was to be shown is lost"
                    ) from error
        return len(data)


@contextmanager
def console() -> Iterator[None]:
    """Put both streams in order for the block; an OutputError in it ends it with one line and code 1."""
    _occupy_closed()
    before = sys.stdout, sys.stderr
    sys.stdout = _guarded(sys.stdout, STDOUT, errors="replace", must=True)
    sys.stderr = _guarded(sys.stderr, STDERR, errors="backslashreplace", must=False)
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputError as error:
        say(f"tosca-kiosk: {error}")
        raise SystemExit(1) from error
    finally:
        sys.stdout, sys.stderr = before


def put(text: str) -> None:
    """Write a result to standard output, at once. Raises OutputError."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(line: str) -> None:
    """Tell the person who waits; standard output is left to results."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _occupy_closed() -> None:
    """Let no file that is opened later become a standard stream and take what is meant for a closed one."""
    while (number := os.open(os.devnull, os.O_RDONLY)) <= STDERR:
        pass
    os.close(number)


def _guarded(stream: TextIO | None, number: int, *, errors: str, must: bool) -> TextIO:
    """Return the stream with the guard under it; one that is no file of the system's as it is."""
    encoding, by_line = "utf-8", True
    if stream is not None:
        try:
            number = stream.fileno()
        except OSError:
            return stream
        encoding, by_line = stream.encoding, getattr(stream, "line_buffering", True)
    raw = io.BufferedWriter(_Stream(number, must=must))
    return io.TextIOWrapper(raw, encoding=encoding, errors=errors, line_buffering=by_line)
