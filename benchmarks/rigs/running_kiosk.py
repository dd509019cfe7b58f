"""The kiosk as it is delivered, on an Xvfb of its own, with a hand on the panel and a judge in the world.

Its record is that of the timing report: one technician, one patient, an hour of constant power. The simulated
cart is warm and homes at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.judge import Judge
from benchmarks.rigs.panel import TAP_S, Display, Kiosk, Panel
from benchmarks.rigs.programs import running_program
from tosca_kiosk.config import load_config
from tosca_kiosk.link.ring import RingReader
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import WORLD_INPUT_SOCKET, runtime_dir
from tosca_kiosk.timing.hand import PATIENT, PIN, PROTOCOL, TECHNICIAN, make_record

PEDAL_COUNTS_AFTER_S = 2.2
"""After arming; an earlier edge is not taken for a wish."""
_telemetry = msgspec.msgpack.Decoder(Telemetry)


class Hand:
    """One finger, by an xdotool that stays running, so that no process is started at a touch."""

    def __init__(self, display: Display) -> None:
        self._process = subprocess.Popen(
            ["xdotool", "-"], env=dict(os.environ, DISPLAY=display.name), stdin=subprocess.PIPE, text=True
        )

    def move(self, x: int, y: int) -> None:
        self._do(f"mousemove {x} {y}")

    def down(self) -> None:
        self._do("mousedown 1")

    def up(self) -> None:
        self._do("mouseup 1")

    def close(self) -> None:
        self._process.communicate()

    def _do(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class RunningKiosk:
    """The processes of one run. kiosk_pid: the screen's process. started_s: monotonic time of the command.

    before: what stands in front of the command line, and becomes the supervisor.
    """

    def __init__(
        self, folder: Path, display: Display, stack: ExitStack, before: tuple[str, ...] = ()
    ) -> None:
        self.clock = RealClock()
        self.display = display
        socket_path = folder / "test.sock"
        runtime = runtime_dir(folder / "data")
        self.started_s = self.now_s()
        self.data_dir = folder / "data"
        kiosk = Kiosk(display, self.data_dir, warm_config_file(folder, "simulated"), socket_path, before)
        stack.callback(kiosk.close)
        self.supervisor_pid: int = kiosk.pid
        self.panel = Panel(display, socket_path)
        self.hand = Hand(display)
        stack.callback(self.hand.close)
        self.first_drawn_s = self.until(lambda seen: seen["first_drawn_s"], 30.0)
        self.usable_s = self.until(lambda seen: self.find(seen, TECHNICIAN) and self.now_s(), 30.0)
        self.kiosk_pid = _child(self.supervisor_pid, "kiosk")
        (ring,) = runtime.glob("telemetry-*")
        self._ring = RingReader(ring)
        stack.callback(self._ring.close)
        self.judge = Judge(runtime / WORLD_INPUT_SOCKET, folder / "judge.sock")
        stack.callback(self.judge.close)

    def kill(self) -> None:
        """Kill supervisor, control and screen at once, as a cart that loses its computer."""
        control_pid = _child(self.supervisor_pid, "control")
        for pid in (self.supervisor_pid, control_pid, self.kiosk_pid):
            os.kill(pid, signal.SIGKILL)

    def now_s(self) -> float:
        """Return the system's monotonic time."""
        return self.clock.start_s + self.clock.now_s()

    def wait(self, seconds: float) -> None:
        self.clock.sleep_until(self.clock.now_s() + seconds)

    def telemetry(self) -> Telemetry:
        """Return control's newest tick."""
        found = self._ring.newest()
        assert found is not None
        return _telemetry.decode(found[1])

    def until_control(self, condition: Callable[[Telemetry], bool], within_s: float = 10.0) -> Telemetry:
        """Look at every tick until condition(telemetry) holds; return that tick."""
        deadline_s = self.now_s() + within_s
        while not condition(tick := self.telemetry()):
            assert self.now_s() < deadline_s, tick
            self.wait(0.002)
        return tick

    # --- the panel --------------------------------------------------------------------------------------

    def until(self, condition: Callable[[dict], object], within_s: float = 10.0):
        """Look until condition(seen) is true; return what it gave."""
        return self.panel.wait("what the benchmark waits for", within_s, condition)

    @staticmethod
    def find(seen: dict, text: str) -> dict | None:
        """Return what takes a touch and has this text."""
        for widget in seen["widgets"]:
            enabled = widget["state"].get("disabled") != "True"
            if widget["tappable"] and enabled and widget["text"] == text:
                return widget
        return None

    def aim(self, text: str) -> None:
        """Bring the finger over something that takes a touch."""
        self.hand.move(*self.panel.target(text))
        self.wait(0.05)

    def tap(self, text: str) -> None:
        """Touch something once."""
        self.aim(text)
        self._touch()

    def open_alarms(self) -> None:
        """Touch the alarm slot and see the list."""
        seen = self.panel.look()
        left, top, width, height = next(
            widget["box"] for widget in seen["widgets"] if widget["kind"] == "_Banner"
        )
        self.hand.move(round(left + width / 2), round(top + height / 2))
        self.wait(0.05)
        self._touch()
        self.panel.wait_text("There is no alarm.")

    def _touch(self) -> None:
        self.hand.down()
        self.wait(TAP_S)
        self.hand.up()
        self.wait(TAP_S)

    def screen(self) -> str:
        """Return the screen's name."""
        return str(self.panel.look()["screen"])

    # --- the way through a treatment --------------------------------------------------------------------

    def sign_in(self) -> None:
        self.panel.wait_screen("login")
        self.tap(TECHNICIAN)
        for digit in PIN:
            self.tap(digit)
        self.until(lambda seen: seen["screen"] != "login")

    def choose(self) -> None:
        """From the patients to the treatment."""
        self.tap(PATIENT)
        self.tap("Protocol")
        self.tap(PROTOCOL)
        self.tap("Treatment")

    def open_session(self) -> None:
        """From the patients to a session that can be armed."""
        self.choose()
        self.tap("HOME STAGE")
        self.panel.target("HOLD TO ARM", 30.0)

    def arm(self) -> None:
        """Hold ARM until control waits for the pedal."""
        self.until_control(lambda tick: tick.phase == "ready" and not tick.refusals)
        self.aim("HOLD TO ARM")
        self.hand.down()
        self.until_control(lambda tick: tick.beam == "waiting", 30.0)
        self.hand.up()
        self.wait(PEDAL_COUNTS_AFTER_S)

    def treat(self) -> None:
        """Press the pedal and see light."""
        self.judge.press_until_light()

    def release(self) -> None:
        """Lift the foot."""
        self.judge.release()

    def reset(self) -> None:
        """Reset the fault that STOP has left, as who is signed in."""
        self.panel.wait_screen("fault")
        self.until_control(lambda tick: tick.phase == "fault" and set(tick.standing) <= {"screen"})
        self.tap("RESET")
        self.until_control(lambda tick: tick.phase != "fault")

    def reset_by_pin(self) -> None:
        """Reset the fault where nobody is signed in; that signs in."""
        self.panel.wait_screen("fault")
        self.tap(TECHNICIAN)
        for digit in PIN:
            self.tap(digit)
        self.until_control(lambda tick: tick.phase != "fault")


@contextmanager
def kiosk_place() -> Iterator[tuple[Path, Display]]:
    """Make a folder with a record, and a display, for one kiosk after another."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="tosca-bench-") as name, ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, before)
        folder = Path(name)
        (folder / "data").mkdir()
        make_record(load_config(warm_config_file(folder, "simulated")), folder / "data")
        display = Display()
        stack.callback(display.close)
        yield folder, display


@contextmanager
def running_kiosk() -> Iterator[RunningKiosk]:
    """Run the kiosk; afterwards all its processes have ended, by SIGTERM too."""
    with kiosk_place() as (folder, display), ExitStack() as stack:
        yield RunningKiosk(folder, display, stack)


@contextmanager
def loaded_core() -> Iterator[None]:
    """Keep one core busy, at the priority of any program."""
    with running_program('print("ready", flush=True)\nwhile True: pass'):
        yield


def _child(parent: int, command: str) -> int:
    """Return the process that a parent started to run a command of ours."""
    for number in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        if command.encode() in words:
            return int(number)
    raise LookupError(f"process {parent} has no child that runs {command}")
