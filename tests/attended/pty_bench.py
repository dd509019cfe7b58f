"""A program on a pseudo-terminal of its own, whose other end is the test: keys as a held one sends them."""

import os
import select
import subprocess
import threading
from contextlib import suppress

from tests.waiting import until
from tosca_kiosk.machine.clock import RealClock

FIRST_S, EVERY_S = 0.25, 0.09
"""Of the Linux console: a held key's first pause, and the others."""


class OnTerminal:
    """Runs a command in a session of its own whose terminal is a new one. said: all that it has shown."""

    def __init__(self, command):
        self.ours, theirs = os.openpty()
        self._clock = RealClock()
        self._held = False
        self._holder = None
        self._reads = threading.Event()
        self._reads.set()
        self._hung_up = threading.Event()
        self.said = ""
        # setsid becomes the command: the process is the same.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        ready = select.poll()
        ready.register(self.ours, select.POLLIN)
        with suppress(OSError):  # the other end is gone
            while not self._hung_up.is_set():
                # Never inside a read: the file would be open for as long as that lasts.
                if ready.poll(20) and self._reads.wait(0.02):
                    self.said += os.read(self.ours, 4096).decode(errors="replace")

    def until_said(self, *texts):
        """Wait until one of them was said; return the first of those."""
        until(lambda: any(text in self.said for text in texts) or self.process.poll() is not None, texts)
        found = [text for text in texts if text in self.said]
        assert found, self.said[-2000:]
        return found[0]

    def wait(self, seconds):
        self._clock.sleep_until(self._clock.now_s() + seconds)

    def strike(self, keys):
        os.write(self.ours, keys)

    def hold(self):
        """Begin to hold the space bar."""
        self._held = True
        self._holder = threading.Thread(target=self._repeat, daemon=True)
        self._holder.start()

    def _repeat(self):
        wait_s = FIRST_S
        while self._held:
            self.strike(b" ")
            self.wait(wait_s)
            wait_s = EVERY_S

    def let_go(self):
        self._held = False
        if self._holder is not None:
            self._holder.join()
        self._holder = None

    def stall(self):
        """Read no more of what is shown: its end of the terminal fills."""
        self._reads.clear()

    def go_on(self):
        """Read again."""
        self._reads.set()

    def forget(self):
        """Count what was said until now no more."""
        self.said = ""

    def hang_up(self):
        self._hung_up.set()
        self._reader.join()
        os.close(self.ours)

    def ended(self):
        """Wait for its end; return the exit code."""
        until(lambda: self.process.poll() is not None, f"its end: {self.said[-2000:]}")
        return self.process.returncode

    def close(self):
        self.let_go()
        self._reads.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if not self._hung_up.is_set():
            self.hang_up()
