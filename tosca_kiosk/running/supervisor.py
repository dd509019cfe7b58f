"""Starts control, camera and kiosk, watches them, and ends them. It owns no device and no screen.

Kiosk and camera are started again when they die or freeze, with growing pauses. Control is not: whoever
stands at the cart asks for it on the screen. The run ends by a wish that the kiosk sends, never by an exit
code of its: the compositor that it may run in has one for every end. Where there is no kiosk, the link is
free for a terminal, and the run ends with control, for nobody is there to ask for it.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tosca_kiosk.link.datagram import ALIVE, CAMERA_ALIVE, END_RUN, START_CONTROL
from tosca_kiosk.machine.clock import Clock
from tosca_kiosk.machine.runtime import SUPERVISOR_SOCKET
from tosca_kiosk.machine.service_manager import ServiceManager

PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Before the first start again, the second, ...; the last one from then on."""

HEALTHY_AFTER_S: Final = 60.0
"""A process that has lived this long begins at the first pause again."""

FROZEN_AFTER_S: Final = 10.0
"""A kiosk that has begun and then says nothing for so long is ended; the laser was off long before."""

CAMERA_SILENT_AFTER_S: Final = 10.0
"""A camera process without a frame for so long, from its start on, is ended; the light was off after 1 s."""

HOPELESS_AFTER: Final = 5
"""A kiosk that has ended this often without ever drawing a frame is given up."""

KIOSK_ENDS_WITHIN_S: Final = 3.0
CAMERA_ENDS_WITHIN_S: Final = 3.0
CONTROL_ENDS_WITHIN_S: Final = 10.0
LOOK_EVERY_S: Final = 0.1
MAX_LOG_BYTES: Final = 5_000_000
_LAST_BYTES: Final = 500

log = logging.getLogger("tosca_kiosk.running.supervisor")


class Child:
    """A process of ours, started again under the same name; what it prints goes into its log."""

    def __init__(self, name: str, command: Sequence[str], log_dir: Path) -> None:
        self.name = name
        self.log_path = log_dir / f"{name}.log"
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self.started_s = 0.0

    def start(self, now_s: float) -> None:
        """Start it, in a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone."""
        if self.log_path.exists() and self.log_path.stat().st_size > MAX_LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self.log_path.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started_s = now_s
        log.info("%s: started as process %d", self.name, self._process.pid)

    @property
    def pid(self) -> int | None:
        """The process's number while it is running or not yet collected."""
        return None if self._process is None else self._process.pid

    def ended(self) -> int | None:
        """Return its exit code, once, in the call that finds it ended; None in every other."""
        if self._process is None or self._process.poll() is None:
            return None
        code, self._process = self._process.returncode, None
        # Its own log is rolled over by all the starts that follow; the reason must not go under in it.
        log.error("%s: %s: %s", self.name, exit_text(code), last_words(self.log_path))
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it is running."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait_or_kill(self, timeout_s: float) -> None:
        """Return when it has ended; it is killed when that takes longer."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.error("%s: has not ended within %g s; killed", self.name, timeout_s)
            self._process.kill()
            self._process.wait()
        self._process = None


class Revived(Child):
    """A process that is started again after growing pauses, and ended when it is silent for too long.

    silent_after_s: from its last sign of life, or from its start where `speaks_at_once`.
    """

    def __init__(
        self, name: str, command: Sequence[str], log_dir: Path, *, silent_after_s: float, speaks_at_once: bool
    ) -> None:
        super().__init__(name, command, log_dir)
        self._silent_after_s = silent_after_s
        self._speaks_at_once = speaks_at_once
        self._alive_s: float | None = None
        self._due_s: float | None = None
        self.deaths = 0
        self.ever_alive = False

    def start(self, now_s: float) -> None:
        super().start(now_s)
        self._due_s = None
        self._alive_s = now_s if self._speaks_at_once else None

    def alive(self, now_s: float) -> None:
        """Note a sign of life."""
        self._alive_s, self.ever_alive = now_s, True

    def plan(self, now_s: float) -> None:
        """It has ended: plan its next start."""
        if now_s - self.started_s >= HEALTHY_AFTER_S:
            self.deaths = 0
        self._due_s = now_s + PAUSES_S[min(self.deaths, len(PAUSES_S) - 1)]
        self._alive_s = None
        self.deaths += 1

    def look(self, now_s: float) -> None:
        """Start it when that is due; end it when it is silent."""
        if self._due_s is not None and now_s >= self._due_s:
            self.start(now_s)
        if self._alive_s is not None and now_s - self._alive_s > self._silent_after_s:
            log.error("%s: no sign of life for %g s; killed", self.name, self._silent_after_s)
            self._alive_s = None
            self.signal(signal.SIGKILL)


class Supervisor:
    """Watches one control and, where there are, a kiosk and a camera. Each is given by its command line.

    manager: is told how the run goes. Raises OSError when the wishes' socket or a log cannot be made.
    """

    def __init__(
        self,
        control: Sequence[str],
        kiosk: Sequence[str] | None,
        runtime_dir: Path,
        log_dir: Path,
        clock: Clock,
        camera: Sequence[str] | None = None,
        manager: ServiceManager | None = None,
    ) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._manager = ServiceManager({}) if manager is None else manager
        self._control = Child("control", control, log_dir)
        self._kiosk = None
        if kiosk is not None:
            self._kiosk = Revived(
                "kiosk", kiosk, log_dir, silent_after_s=FROZEN_AFTER_S, speaks_at_once=False
            )
        self._camera = None
        if camera is not None:
            self._camera = Revived(
                "camera", camera, log_dir, silent_after_s=CAMERA_SILENT_AFTER_S, speaks_at_once=True
            )
        self._end_wished = False
        self._wishes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        path = runtime_dir / SUPERVISOR_SOCKET
        path.unlink(missing_ok=True)
        self._wishes.bind(str(path))
        path.chmod(0o600)

    @property
    def _children(self) -> tuple[Child, ...]:
        """All of them, in the order in which they are started."""
        return tuple(child for child in (self._control, self._camera, self._kiosk) if child is not None)

    def run(self, stopped: Callable[[], bool]) -> int:
        """Watch until the operator wishes the end or `stopped` says so; return the exit code.

        1 when the kiosk could not be brought to draw a frame, or control has ended where there is no kiosk.
        All children have ended on return.
        """
        try:
            for child in self._children:
                child.start(self._clock.now_s())
            self._manager.ready()
            while not stopped():
                self._manager.alive(self._clock.now_s())
                self._wait()
                code = self._look(self._clock.now_s())
                if code is not None:
                    return code
            return 0
        finally:
            self._manager.stopping()
            self._end_all()
            self._manager.close()

    def _wait(self) -> None:
        """Return at a wish or at a child's end, or after a while."""
        opened = [os.pidfd_open(pid) for child in self._children if (pid := child.pid)]
        try:
            select.select([self._wishes.fileno(), *opened], (), (), LOOK_EVERY_S)
        finally:
            for file in opened:
                os.close(file)

    def _look(self, now_s: float) -> int | None:
        kiosk = self._kiosk
        kiosk_ended = kiosk is not None and kiosk.ended() is not None
        self._take_wishes(now_s)  # after: what a kiosk wished before it ended has come by now
        if kiosk_ended and self._end_wished:
            return 0
        control_ended = self._control.ended() is not None
        self._look_at_camera(now_s)
        if kiosk is None:
            return 1 if control_ended else None
        if kiosk_ended:
            kiosk.plan(now_s)
            if not kiosk.ever_alive and kiosk.deaths >= HOPELESS_AFTER:
                log.error("kiosk: gave up, it never drew a frame; see %s", kiosk.log_path)
                return 1
        kiosk.look(now_s)
        return None

    def _look_at_camera(self, now_s: float) -> None:
        """Never give it up: a camera may be plugged in at any time."""
        camera = self._camera
        if camera is None:
            return
        if camera.ended() is not None:
            camera.plan(now_s)
        camera.look(now_s)

    def _take_wishes(self, now_s: float) -> None:
        while True:
            try:
                wish = json.loads(self._wishes.recv(4096))
            except BlockingIOError:
                return
            except (ValueError, RecursionError):
                log.warning("a wish that is no JSON was dropped")
                continue
            if wish == ALIVE:
                self._kiosk_alive(now_s)
            elif wish == CAMERA_ALIVE and self._camera is not None:
                self._camera.alive(now_s)
            elif wish == END_RUN:
                self._end_wished = True
            elif wish == START_CONTROL:
                self._start_control(now_s)
            else:
                log.warning("an unknown wish was dropped: %.100r", wish)

    def _kiosk_alive(self, now_s: float) -> None:
        if self._kiosk is not None:  # a terminal on the link is nobody's child, and comes and goes
            self._kiosk.alive(now_s)

    def _start_control(self, now_s: float) -> None:
        self._control.ended()
        if self._control.pid is None:
            self._control.start(now_s)
        else:
            log.info("control: is running, not started again")

    def _end_all(self) -> None:
        for child in reversed(self._children):
            child.signal(signal.SIGTERM)
        if self._kiosk is not None:
            self._kiosk.wait_or_kill(KIOSK_ENDS_WITHIN_S)
        if self._camera is not None:
            self._camera.wait_or_kill(CAMERA_ENDS_WITHIN_S)
        self._control.wait_or_kill(CONTROL_ENDS_WITHIN_S)
        self._wishes.close()


def last_words(log_path: Path) -> str:
    """Return the last line of a log, which says why its process has ended; as much as a line can hold."""
    try:
        with log_path.open("rb") as said:
            said.seek(max(0, said.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = said.read().decode(errors="replace").split("\n")
    except OSError as error:
        return f"{log_path} cannot be read ({error.strerror})"
    return next((line.strip() for line in reversed(lines) if line.strip()), "without a word")


def exit_text(code: int) -> str:
    """Return how a process ended, for a person."""
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
