"""A whole cart as its processes: simulated devices on pseudo-terminals, camera, control and a kiosk.

The devices and their world are a process of their own, which goes on when any other one is stopped; a judge
asks the world at its input socket. Control and its drivers run on the configuration of a real cart whose
ports are found by serial number.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.rigs.cart_configs import real_config_file, warm_config_file
from benchmarks.rigs.judge import Judge
from tosca_kiosk.config import load_config
from tosca_kiosk.machine.runtime import CONTROL_SOCKET, MEMORY, WORLD_INPUT_SOCKET
from tosca_kiosk.session import helper_command

OURS = [sys.executable, "-m", "tosca_kiosk"]
KIOSK = [sys.executable, "-m", "benchmarks.rigs.treating_kiosk"]
SIMULATE = """
import signal, sys
from tosca_kiosk.cli import main
from tosca_kiosk.machine.realtime import end_with_parent
end_with_parent(int(sys.argv.pop(1)), signal.SIGKILL)
main()
"""
"""The command has no parent of its own, and must not outlive a campaign that is ended."""
OUTSIDE_PRIORITY = 60
"""Above control's: real devices and a judge's watch do not wait for this computer's processors."""


@contextmanager
def unhurried() -> Iterator[None]:
    """Put this thread before everything else of the cart, as far as that is allowed."""
    _outside_class(0)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _outside_class(pid: int) -> None:
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(OUTSIDE_PRIORITY))


class CartProcesses:
    """The running processes by name: simulators, control, camera, kiosk. judge: asks the world."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._sessions = 0
        world, links = folder / WORLD_INPUT_SOCKET, folder / "by-id"
        simulated = warm_config_file(folder, camera="simulated")
        devices = load_config(simulated).devices
        ports = {key: f"usb://{getattr(devices, key).serial_number}?by-id={links}" for key in devices.ports}
        real = real_config_file(ports, folder)
        runtime = ["--runtime", str(folder), "--parent", str(os.getpid())]
        self._commands = {
            "simulators": [
                *(sys.executable, "-c", SIMULATE, str(os.getpid())),
                *("simulate", "--config", str(simulated)),
                *("--links", str(links), "--input-socket", str(world)),
            ],
            "control": [
                *(*OURS, "control", "--config", str(real), *runtime),
                *("--helper", shlex.join(helper_command()), "--data-dir", str(folder / "data")),
            ],
            "camera": [*OURS, "camera", "--config", str(simulated), *runtime],
            "kiosk": [
                *(*KIOSK, str(folder / CONTROL_SOCKET), str(real), str(folder / "data")),
            ],
        }

    def start(self) -> None:
        """Start everything but the kiosk."""
        self._start("simulators")
        self._said("simulators")
        _outside_class(self._processes["simulators"].pid)
        self.judge = Judge(self._folder / WORLD_INPUT_SOCKET, self._folder / "judge.sock")
        self._start("camera")
        self.start_control()

    # --- processes --------------------------------------------------------------------------------------

    def signal(self, name: str, number: signal.Signals) -> None:
        self._processes[name].send_signal(number)

    def end(self, name: str) -> None:
        """End a process at once, also a stopped one."""
        process = self._processes.pop(name, None)
        if process is not None:
            process.kill()
            process.communicate()

    def start_control(self) -> None:
        """Start control, in place of one that has ended or not."""
        self.end("control")
        self._start("control")
        self._said("control")

    def start_camera(self) -> None:
        """Start the camera process, in place of one that has ended or not."""
        self.end("camera")
        self._start("camera")

    def start_kiosk(self) -> list[str]:
        """Start a kiosk that goes on to treat; return what it found latched or refused."""
        self.end("kiosk")
        self._sessions += 1
        self._start("kiosk", str(self._folder / f"session-{self._sessions}"))
        found: list[str] = json.loads(self._said("kiosk"))
        return found

    def treat(self) -> None:
        """Wait until the kiosk has armed, press the pedal and wait for light."""
        said = self._said("kiosk")
        assert said == "armed", said
        self.judge.press_until_light()

    def _start(self, name: str, *more: str) -> None:
        with (self._folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [*self._commands[name], *more], stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._processes[name] = process

    def _said(self, name: str) -> str:
        """Return the next line a process prints. Raises AssertionError with its log when it has ended."""
        output = self._processes[name].stdout
        assert output is not None
        line = output.readline().strip()
        log = self._folder / f"{name}.log"
        assert line, f"{name} has ended: {(log.read_text().splitlines() or [''])[-1]:.300}"
        return line

    def close(self) -> None:
        for name in tuple(self._processes):
            self.end(name)


@contextmanager
def cart_processes() -> Iterator[CartProcesses]:
    """Start a warm cart; afterwards every process has ended, whatever happened."""
    # In memory, where there is any, so that no disk delays a tick; short enough for sockets.
    folder = Path(tempfile.mkdtemp(prefix="tosca-", dir=MEMORY if MEMORY.is_dir() else None))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        cart = CartProcesses(folder)
        stack.callback(cart.close)
        cart.start()
        stack.callback(cart.judge.close)
        yield cart
