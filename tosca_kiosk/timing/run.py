"""One measured run: starts the processes, waits until light is on, watches a window, ends them all."""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.display import has_display
from tosca_kiosk.machine.realtime import FIFO_PRIORITY
from tosca_kiosk.machine.runtime import RuntimeDirError, runtime_dir
from tosca_kiosk.session import RefusedError, helper_command
from tosca_kiosk.timing import loads
from tosca_kiosk.timing.hand import FAULT, TREATING
from tosca_kiosk.timing.processes import READY
from tosca_kiosk.timing.ran_then import Timeline, read_timeline
from tosca_kiosk.timing.samples import Rows, SamplesError, read_rows, window
from tosca_kiosk.timing.witness import (
    BARE_LOOP,
    CYCLICTEST,
    Wakeups,
    cyclictest_command,
    half_a_period_after,
    wakeups,
)

STARTS_WITHIN_S: Final = 120.0
SETTLES_S: Final = 2.0
"""From the last load's beginning to the window's: the witness has begun by then."""
WITNESS_GOES_ON_S: Final = 1.5
CONTROL_ENDS_WITHIN_S: Final = 30.0
LOOK_EVERY_S: Final = 0.1

SEED_AT_INDEX: Final = 10
"""In this world the stage wakes up so near its index that homing takes 0.2 s; it can take 30."""

Progress = Callable[[str, float | None], None]
"""Told what is going on, and how much of it is done, 0 to 1; None where nobody knows how long it takes."""


class InterruptedRunError(RefusedError):
    """Somebody ended the run."""


@dataclass(frozen=True)
class Request:
    """What is to be measured."""

    config_path: Path
    rate_hz: int
    seconds: float
    loads: tuple[str, ...]
    has_camera: bool

    @property
    def with_camera(self) -> bool:
        """The camera's process belongs to the kiosk's."""
        return self.has_camera and loads.UI in self.loads


@dataclass(frozen=True)
class Measured:
    """What a run has left. rows: one tick more than the window's, first. faults: that ended the light."""

    rows: Rows
    witness_name: str
    witness: Wakeups
    ready: dict[str, Any]
    timelines: Mapping[str, Timeline]
    began_s: float
    ended_s: float
    faults: tuple[str, ...]


@dataclass
class Process:
    """A process that was started, and what it has said so far."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path
    said: bytearray = field(default_factory=bytearray)


def _measured_config(request: Request, folder: Path) -> Path:
    """Write the configuration as it is measured: at the rate, warm, without a camera where no kiosk is."""
    tree = yaml.safe_load(request.config_path.read_text(encoding="utf-8-sig"))
    tree["control"] = {"rate_hz": request.rate_hz}
    tree["simulation"] = (tree.get("simulation") or {}) | {"warm": True, "seed": SEED_AT_INDEX}
    if not request.with_camera:
        tree["camera"] = "none"
    path = folder / request.config_path.name
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


class MeasuredRun:
    """The processes of a run in a folder of their own. stopped: whether somebody wants it to end."""

    def __init__(
        self, request: Request, folder: Path, stopped: Callable[[], bool], progress: Progress
    ) -> None:
        self._request = request
        self._folder = folder
        self._stopped = stopped
        self._progress = progress
        self._clock = RealClock()
        self._processes: list[Process] = []
        (folder / "data").mkdir()
        try:
            self._runtime = runtime_dir(folder / "data")  # in memory, as a cart's: no disk delays telemetry
        except RuntimeDirError as error:
            raise RefusedError(str(error)) from error
        self._config_path = _measured_config(request, folder)

    def now_s(self) -> float:
        """Return the system's monotonic time."""
        return self._clock.start_s + self._clock.now_s()

    # --- the run ----------------------------------------------------------------------------------------

    def measure(self) -> Measured:
        request = self._request
        said = self._until_said(self._start_control(), b"\n", "starting control")
        ready = json.loads(said.splitlines()[0])
        if request.with_camera:
            self._start("camera", self._ours("camera", "--config", str(self._config_path)))
        operator = self._start_operator()
        self._until_said(operator, TREATING.encode(), "arming")
        running = [self._start_load(name) for name in request.loads if name != loads.UI]
        for load in running:
            self._until_said(load, READY.encode(), f"starting the load {load.name}")
        witness = self._start_witness(ready)
        began_s = self.now_s() + SETTLES_S
        ended_s = began_s + request.seconds
        del operator.said[:]
        seen = self._watch(witness, began_s, ended_s)
        lines = operator.said.decode(errors="replace").splitlines()
        faults = tuple(line.removeprefix(FAULT) for line in lines if line.startswith(FAULT))
        witness_name, wakes = self._witnessed(witness, ready, seen)
        self._end_control()
        try:
            rows = window(read_rows(self._samples), began_s, ended_s)
        except (OSError, SamplesError) as error:
            raise RefusedError(f"control left no samples ({error})") from error
        names = [each.name for each in running]
        timelines = {name: read_timeline(self._folder / f"activity-{name}.txt") for name in names}
        return Measured(
            rows=rows,
            witness_name=witness_name,
            witness=wakes,
            ready=ready,
            timelines=timelines,
            began_s=began_s,
            ended_s=ended_s,
            faults=faults,
        )

    @property
    def _samples(self) -> Path:
        return self._folder / "samples"

    def _watch(self, witness: Process, began_s: float, ended_s: float) -> list[tuple[int, int]]:
        """Wait for the window's end; return how much the witness had said by when."""
        seen: list[tuple[int, int]] = []
        while (now_s := self.now_s()) < ended_s + WITNESS_GOES_ON_S / 2:
            before = len(witness.said)
            self._look(now_s + LOOK_EVERY_S, at_ends=witness)
            if len(witness.said) > before:
                seen.append((len(witness.said), round(self.now_s() * 1e9)))
            done = (now_s - began_s) / (ended_s - began_s)
            self._progress(f"measuring {self._request.seconds:g} s", min(1.0, max(0.0, done)))
        self._progress("making the report", None)
        return seen

    # --- processes --------------------------------------------------------------------------------------

    def _ours(self, name: str, *more: str) -> list[str]:
        runtime = ["--runtime", str(self._runtime)] if name not in ("timing-load", "timing-witness") else []
        return [sys.executable, "-m", "tosca_kiosk", name, *more, *runtime, "--parent", str(os.getpid())]

    def _start_control(self) -> Process:
        return self._start("control", self._ours("timing-control", *self._control_options()))

    def _control_options(self) -> list[str]:
        request = self._request
        room = round(request.rate_hz * (request.seconds + 4 * STARTS_WITHIN_S))
        record = ["--helper", shlex.join(helper_command()), "--data-dir", str(self._folder / "data")]
        where = ["--config", str(self._config_path), "--out", str(self._samples)]
        return [*where, "--ticks", str(room), *record]

    def _start_operator(self) -> Process:
        screen = "none"
        if loads.UI in self._request.loads:
            screen = "panel" if has_display(os.environ) else "offscreen"
        where = ["--data-dir", str(self._folder / "data"), "--config", str(self._config_path)]
        return self._start("operator", self._ours("timing-operator", "--screen", screen, *where))

    def _start_load(self, name: str) -> Process:
        return self._start(name, self._ours("timing-load", name, "--folder", str(self._folder)))

    def _start_witness(self, ready: dict[str, Any]) -> Process:
        rate_hz, seconds = self._request.rate_hz, SETTLES_S + self._request.seconds + WITNESS_GOES_ON_S
        priority = ready["priority"] or FIFO_PRIORITY
        command = cyclictest_command(
            rate_hz, seconds, priority, half_a_period_after(ready["start_s"], rate_hz)
        )
        if command is not None and ready["scheduling"] == "fifo":
            return self._start(CYCLICTEST, command)
        out = ["--rate", str(rate_hz), "--seconds", str(seconds), "--out", str(self._folder / "witness")]
        return self._start(BARE_LOOP, self._ours("timing-witness", *out))

    def _start(self, name: str, command: Sequence[str]) -> Process:
        """Start a process, in a session of its own, so that Ctrl-C reaches this one alone."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as errors:
            running = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        process = Process(name, running, log)
        self._processes.append(process)
        return process

    def _until_said(self, process: Process, what: bytes, doing: str) -> bytes:
        """Wait until a process has said something; return all it has said."""
        give_up_s = self.now_s() + STARTS_WITHIN_S
        self._progress(doing, None)
        while what not in process.said:
            if self.now_s() > give_up_s:
                raise RefusedError(f"{doing} took over {STARTS_WITHIN_S:g} s{self._last_words(process)}")
            self._look(self.now_s() + LOOK_EVERY_S)
        return bytes(process.said)

    def _look(self, until_s: float, at_ends: Process | None = None) -> None:
        """Take in what the processes say. at_ends: the one that may end. Raises RefusedError when one has."""
        while True:
            pipes = {process.running.stdout: process for process in self._processes if process.running.stdout}
            wait_s = max(0.0, until_s - self.now_s())
            readable, _, _ = select.select(list(pipes), (), (), wait_s)
            for pipe in readable:
                said = os.read(pipe.fileno(), 1 << 16)
                pipes[pipe].said += said
                if not said:
                    self._ended(pipes[pipe], at_ends)
            if self._stopped():
                raise InterruptedRunError("interrupted; nothing was written")
            if self.now_s() >= until_s:
                return

    def _ended(self, process: Process, at_ends: Process | None) -> None:
        assert process.running.stdout is not None
        process.running.stdout.close()
        process.running.stdout = None
        code = process.running.wait()
        if process is not at_ends or code != 0:
            raise RefusedError(f"{process.name} ended by itself ({code}){self._last_words(process)}")

    def _last_words(self, process: Process) -> str:
        lines = process.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    # --- the end ----------------------------------------------------------------------------------------

    def _witnessed(
        self, witness: Process, ready: dict[str, Any], seen: list[tuple[int, int]]
    ) -> tuple[str, Wakeups]:
        self._until_ended(witness)
        rate_hz = self._request.rate_hz
        if witness.name == CYCLICTEST:
            offset_us = half_a_period_after(ready["start_s"], rate_hz)
            return CYCLICTEST, wakeups(bytes(witness.said), rate_hz, offset_us, seen)
        pairs = np.fromfile(self._folder / "witness", dtype=np.int64).reshape(-1, 2)
        return BARE_LOOP, Wakeups.of_one(pairs[:, 0], pairs[:, 1])

    def _until_ended(self, process: Process) -> None:
        give_up_s = self.now_s() + STARTS_WITHIN_S
        while process.running.stdout is not None and self.now_s() < give_up_s:
            self._look(self.now_s() + LOOK_EVERY_S, at_ends=process)
        if process.running.poll() is None:
            raise RefusedError(f"{process.name} does not end")

    def _end_control(self) -> None:
        control = self._processes[0]
        for process in self._processes[1:]:
            process.running.kill()
        control.running.terminate()
        try:
            code = control.running.wait(CONTROL_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired as error:
            raise RefusedError(f"control did not end within {CONTROL_ENDS_WITHIN_S:g} s") from error
        if code != 0:
            raise RefusedError(f"control ended with {code}{self._last_words(control)}")

    def close(self) -> None:
        """End every process that is left."""
        for process in self._processes:
            process.running.kill()
            process.running.wait()
            if process.running.stdout is not None:
                process.running.stdout.close()
        shutil.rmtree(self._runtime, ignore_errors=True)


@contextmanager
def _folder() -> Iterator[Path]:
    """Return a folder with a path short enough for sockets; nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="tosca-timing-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(
    request: Request,
    stopped: Callable[[], bool],
    progress: Progress,
    kind: type[MeasuredRun] = MeasuredRun,
) -> Measured:
    """Measure. Raises RefusedError where a process will not start, ends by itself, or `stopped` says so."""
    with ExitStack() as stack:
        run = kind(request, stack.enter_context(_folder()), stopped, progress)
        stack.callback(run.close)
        return run.measure()
