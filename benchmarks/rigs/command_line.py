"""What the measurements that a person runs have alike: a parser of options, progress, the machine's load."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, track

T = TypeVar("T")


def command_line(name: str, text: str | None) -> ArgumentParser:
    """Return the parser of `python -m benchmarks.NAME`. text: the module's own, shown by --help."""
    return ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=text, formatter_class=RawDescriptionHelpFormatter
    )


def tracked(each: Iterable[T], what: str, count: int, *, shown: bool = True) -> Iterable[T]:
    """Pass them on under a progress bar, which only a terminal sees. count: how many there will be."""
    console = Console(stderr=True)
    return track(
        each, what, count, console=console, transient=True, disable=not (shown and console.is_terminal)
    )


def with_bar(what: str, work: Callable[[Callable[[float], object]], T]) -> T:
    """Do some work under a progress bar, which only a terminal sees. work: told what tells the share done."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=1.0)
        return work(lambda share: bar.update(task, completed=share))


def machine_load() -> str:
    """Return the load average of the last minute."""
    return Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
