"""How far a measurement is: a bar on a terminal, lines elsewhere; always on standard error."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from tosca_kiosk.cli.console import say

LINES: Final = 10
"""In so many steps lines tell how far a part of the work is."""


class Measuring:
    """Told what is done now, and how much of it, 0 to 1. lines: also where no terminal shows a bar."""

    def __init__(self, *, lines: bool = True) -> None:
        self._lines = lines
        console = Console(stderr=True, highlight=False)
        self._bar = Bar(
            TextColumn("{task.description:<32}"),
            BarColumn(),
            TextColumn("{task.fields[share]:>5}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, share="")
        self._said: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, doing: str, done: float | None) -> None:
        """Show it. done: None where nobody knows how long it takes."""
        share = "" if done is None else f"{done:.0%}"
        if not self._bar.disable:
            total = None if done is None else 1.0
            self._bar.update(self._task, description=doing, completed=done or 0.0, total=total, share=share)
            return
        step = doing, int((done or 0.0) * LINES)
        if step == self._said or not self._lines:
            return
        self._said = step
        say(f"{doing} {share}".rstrip())
