"""The keys of an interactive terminal, read as they are struck, and what is written beside them.

Nothing here waits: a terminal that takes no more output loses lines, never the loop its time. While the keys
are read no key means anything to the system: Ctrl-C, Ctrl-Z and Ctrl-S are keys like others.
"""

from __future__ import annotations

import os
import select
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

NO_TERMINAL: Final = (
    "light is made by a person at an interactive terminal alone: a held key arms, any other is STOP; "
    "standard input and standard error must both be that terminal, in the foreground"
)
_READ_BYTES: Final = 4096
_INPUT, _LOCAL = 0, 3  # places in what tcgetattr returns


class TerminalLostError(Exception):
    """The terminal is gone: hung up, at its end, or another program's."""


class NoTerminalError(Exception):
    """There is no interactive terminal. The text says what is needed."""


class Keys:
    """A terminal whose keys are read. Made by `terminal_keys`."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._ready = select.poll()
        self._ready.register(file, select.POLLIN)

    def read(self, wait_s: float) -> bytes:
        """Return the keys struck since the last call, after wait_s at most; none is b"".

        Raises TerminalLostError.
        """
        events = self._ready.poll(wait_s * 1000.0)
        if not _in_foreground(self._file):
            raise TerminalLostError("the terminal has another program in its foreground")
        if not events:
            return b""
        try:
            struck = os.read(self._file, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise TerminalLostError(f"the terminal is gone ({error.strerror})") from error
        if not struck:
            raise TerminalLostError("the terminal's input has ended")
        return struck

    def forget(self) -> None:
        """Drop what was struck and not read yet: nobody knows when."""
        with suppress(termios.error):
            termios.tcflush(self._file, termios.TCIFLUSH)

    def write(self, text: str) -> None:
        """Show text; a courtesy, of which a terminal that takes nothing loses the rest."""
        with suppress(OSError):
            os.write(self._file, text.encode(errors="replace"))


@contextmanager
def terminal_keys() -> Iterator[Keys]:
    """Read the keys of standard input's terminal inside `with`; afterwards it is as before.

    Raises NoTerminalError where there is none, it is not the one that shows what is said, or it is another
    program's.
    """
    file = _opened()
    try:
        before = termios.tcgetattr(file)
        raw = termios.tcgetattr(file)
        raw[_LOCAL] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        raw[_INPUT] &= ~(termios.IXON | termios.ISTRIP | termios.INLCR | termios.IGNCR)
        termios.tcsetattr(file, termios.TCSAFLUSH, raw)
        try:
            yield Keys(file)
        finally:
            with suppress(termios.error):
                # What is left of a held key is no line for the shell.
                termios.tcflush(file, termios.TCIFLUSH)
                termios.tcsetattr(file, termios.TCSANOW, before)
    finally:
        os.close(file)


def _opened() -> int:
    """Open the terminal anew: waiting or not is a thing of the opened file, which a shell shares with us."""
    try:
        name = os.ttyname(sys.stdin.fileno())
        if os.ttyname(sys.stderr.fileno()) != name:
            raise NoTerminalError(NO_TERMINAL)
        file = os.open(name, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError, AttributeError) as error:
        raise NoTerminalError(NO_TERMINAL) from error
    if not _in_foreground(file):
        os.close(file)
        raise NoTerminalError(NO_TERMINAL)
    return file


def _in_foreground(file: int) -> bool:
    try:
        return os.tcgetpgrp(file) == os.getpgrp()
    except OSError:
        return False
