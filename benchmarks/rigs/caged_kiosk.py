"""The whole kiosk as a cart runs it, the screen inside cage, on a panel that cage only imagines."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from benchmarks.rigs.panel import look_at
from tosca_kiosk.link.datagram import START_CONTROL, DatagramOutlet
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import SUPERVISOR_SOCKET

Found = TypeVar("Found")

COMPOSITOR: Final = "cage -s --"
HEADLESS: Final = {"WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1"}
NOT_ROOT: Final = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
"""In front of what refuses to run as root, as cage does."""
NEEDED: Final = ("cage", "Xwayland", "setpriv", "unshare")
CHILDREN: Final = ("control", "camera", "cage", "kiosk")
WITHIN_S: Final = 30.0
"""On a busy machine; a start takes 2 s."""


def missing() -> list[str]:
    """Return what is needed and not there."""
    found = [name for name in NEEDED if shutil.which(name) is None]
    if not found and subprocess.run([*_not_root(), "true"], capture_output=True, check=False).returncode:
        return ["user namespaces"]
    return found


def _not_root() -> tuple[str, ...]:
    return NOT_ROOT if os.geteuid() == 0 else ()


class CagedKiosk:
    """One data directory, started as often as asked. `pids`: of the processes that run, by name."""

    def __init__(self, folder: Path, compositor: str = COMPOSITOR) -> None:
        self._folder = folder
        self._clock = RealClock()
        self._test_socket = folder / "test.sock"
        self._runtime = folder / "run"
        self._runtime.mkdir(mode=0o700)
        self._compositor = compositor
        self._supervisor: subprocess.Popen[bytes] | None = None
        self.data_dir = folder / "data"

    def start(self) -> None:
        """Start everything, as the unit does."""
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        places = {"XDG_RUNTIME_DIR": str(self._runtime), "TOSCA_KIOSK_TEST_SOCKET": str(self._test_socket)}
        with (self._folder / "run.log").open("ab") as output:
            self._supervisor = subprocess.Popen(
                [
                    *(*_not_root(), sys.executable, "-m", "tosca_kiosk", "run"),
                    *("--compositor", self._compositor, "--data-dir", str(self.data_dir)),
                ],
                env=kept | HEADLESS | places,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """What all its starts have said."""
        return (self._folder / "run.log").read_text(encoding="utf-8", errors="replace")

    @property
    def pids(self) -> dict[str, int]:
        if self._supervisor is None or self._supervisor.poll() is not None:
            return {}
        found = {"supervisor": self._supervisor.pid}
        for parent in ("supervisor", "cage"):
            if parent in found:
                found |= _children(found[parent])
        return found

    def drawn(self) -> dict[str, int]:
        """Wait until all processes run and a screen of theirs was drawn; return them."""

        def seen() -> dict[str, int] | None:
            found = self.pids
            shown = found.keys() >= set(CHILDREN) and look_at(self._test_socket)
            return found if shown and shown["first_drawn_s"] and found == self.pids else None

        return self.until("a screen that is drawn", seen)

    def until(self, what: str, condition: Callable[[], Found | None]) -> Found:
        """Look until condition() gives something; return that."""
        deadline_s = self._clock.now_s() + WITHIN_S
        while not (found := condition()):
            assert self._clock.now_s() < deadline_s, (
                f"not within {WITHIN_S:g} s: {what}; {self.pids}: {self.said}"
            )
            self._clock.sleep_until(self._clock.now_s() + 0.02)
        return found

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(self.pids[name], number)

    def ask_for_control(self) -> None:
        """What a person at the screen asks for where control has ended."""
        (path,) = self._runtime.glob(f"*/{SUPERVISOR_SOCKET}")
        outlet = DatagramOutlet(path)
        assert outlet.send(START_CONTROL)
        outlet.close()

    def ended(self) -> int:
        """Wait for the run's own end; return the exit code that a service manager would see."""
        assert self._supervisor is not None
        return self._supervisor.wait(WITHIN_S)

    def close(self) -> None:
        """End it, by force where it does not end."""
        if self._supervisor is None or self._supervisor.poll() is not None:
            return
        self._supervisor.terminate()
        try:
            self._supervisor.wait(WITHIN_S)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()


@contextmanager
def caged_kiosk(compositor: str = COMPOSITOR) -> Iterator[CagedKiosk]:
    """Yield a kiosk that was not started yet; afterwards it has ended."""
    # Short, for the sockets in it.
    with TemporaryDirectory(prefix="tosca-", dir="/tmp") as name:
        kiosk = CagedKiosk(Path(name), compositor)
        try:
            yield kiosk
        finally:
            kiosk.close()


def running(pid: int) -> bool:
    """Whether a process is there and no corpse."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _children(parent: int) -> dict[str, int]:
    """Return the processes of ours that a process has started, by what each runs."""
    found = {}
    try:
        for number in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split():
            words = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
            name = next((word for word in words if word in CHILDREN), None)
            if name is not None:
                found[name] = int(number)
    except OSError:
        return {}  # one has just gone
    return found
