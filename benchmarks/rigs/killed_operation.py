"""A command over a data directory that SIGKILL ends: at a random moment, or at a step of its own files."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from tosca_kiosk.cli import main


@dataclass(frozen=True)
class Step:
    """A call that the command makes, just before which it dies. event: of Python's audit hooks.

    path: how a path that it names ends. nth: which of them, from 1.
    """

    event: str
    path: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.event} of *{self.path}, {self.nth}."


Moment = Step | float
"""When: before a step, or after so many seconds."""


def run(words: list[str], data_dir: Path) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it said."""
    result = CliRunner().invoke(main, [*words, "--data-dir", str(data_dir)])
    return result.exit_code, result.output


def killed(words: list[str], data_dir: Path, moment: Moment, *, its_children: bool = False) -> bool:
    """Run a command in a process of its own and kill it; return whether it died before its end.

    its_children: whether what it started dies with it, at a moment in time. The process is a fork: whoever
    calls this has no other thread.
    """
    child = os.fork()
    if child == 0:
        _run_to_death(words, data_dir, moment)
    try:
        if isinstance(moment, float):
            _wait(child, moment)
            _kill(child, its_children=its_children)
    finally:
        _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _kill(process_id: int, *, its_children: bool) -> None:
    """Kill a process of ours; its children first, while it stands still and hears of nothing."""
    if its_children:
        os.kill(process_id, signal.SIGSTOP)
        for told in Path(f"/proc/{process_id}/task").glob("*/children"):
            for child in told.read_text(encoding="ascii").split():
                os.kill(int(child), signal.SIGKILL)
    os.kill(process_id, signal.SIGKILL)


def lasts_s(words: list[str], data_dir: Path) -> float:
    """Return how long the command takes when nobody kills it."""
    began_s = time.perf_counter()
    killed(words, data_dir, Step(event="never", path=""))
    return time.perf_counter() - began_s


def _wait(child: int, seconds: float) -> None:
    """Wait so long, or until the child has ended."""
    ended = os.pidfd_open(child)
    try:
        select.select([ended], [], [], seconds)
    finally:
        os.close(ended)


def _run_to_death(words: list[str], data_dir: Path, moment: Moment) -> None:
    """Be the child."""
    code = 1
    with contextlib.suppress(BaseException):
        if isinstance(moment, Step):
            sys.addaudithook(_Killer(moment).hear)
        code, _ = run(words, data_dir)
    os._exit(code)


class _Killer:
    def __init__(self, step: Step) -> None:
        self._step = step
        self._seen = 0

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == self._step.event and any(self._is_named(each) for each in arguments):
            self._seen += 1
            if self._seen == self._step.nth:
                os.kill(os.getpid(), signal.SIGKILL)

    def _is_named(self, argument: object) -> bool:
        named = os.fspath(argument) if isinstance(argument, str | os.PathLike) else ""
        return str(named).endswith(self._step.path)


def left_over(data_dir: Path) -> Iterator[str]:
    """Yield the names of what no start leaves behind: halves, and notes of what was under way."""
    for path in sorted(data_dir.rglob("*")):
        if ".part" in path.name or path.name.endswith(".operation"):
            yield path.name
