"""What a person at a terminal sees beside the lines that anybody gets: rich, which takes 20 ms to load."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar


class TreatmentBar:
    """A bar over the treatment time; lines go above it."""

    def __init__(self, total_s: float) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Bar(
            TextColumn("SIMULATED  {task.description:<32}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total_s, figures="")

    def start(self) -> None:
        """Show it."""
        self._bar.start()

    def stop(self) -> None:
        """Take it away."""
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print a line above it."""
        self._console.print(line)

    def update(self, elapsed_s: float, words: str, figures: str) -> None:
        """Move it on."""
        self._bar.update(self._task, completed=elapsed_s, description=words, figures=figures)
