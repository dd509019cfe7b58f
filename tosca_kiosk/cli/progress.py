"""What a person sees while a session runs without a screen; always on standard error."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam, Phase

WORDS = {
    Phase.IDLE: "connecting, homing",
    Phase.READY: "STANDBY",
    Phase.ARMED: "READY, gate waits for the pedal",
    Phase.TREATING: "switching on",
    Phase.FAULT: "FAULT",
}
EMITTING = "LASER EMITTING"
SHOW_EVERY_TICKS = 10


class Listener(Console):
    """Standard error for a person; rich itself would end the program when that person leaves."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, sys.stderr.fileno())
        os.close(nobody)


class Progress:
    """A bar over the treatment time where there is a terminal; a line for every change everywhere."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._console = Listener(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Bar(
            TextColumn("SIMULATED  {task.description:<32}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=protocol.duration_s, figures="")
        self._words = ""
        self._ticks = 0
        self._gone = False

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._bar.stop()

    def show(self, decision: Decision) -> None:
        """Show a decision: changes at once, figures every tenth tick. A reader who left ends nothing."""
        if self._gone:
            return
        try:
            self._show(decision)
        except OSError:
            self._gone = True

    def _show(self, decision: Decision) -> None:
        state = decision.state
        words = EMITTING if state.beam is Beam.EMITTING else WORDS[state.phase]
        if state.phase is Phase.IDLE and self._words not in ("", words):
            words = "closed"
        if words != self._words:
            self._words = words
            self._console.print(f"{state.now_s:8.2f} s  {words}")
        for event in decision.safety:
            self._console.print(f"{state.now_s:8.2f} s  {event.severity}: {event.description}")
        self._ticks += 1
        if self._ticks % SHOW_EVERY_TICKS == 0 and self._console.is_terminal:
            self._bar.update(
                self._task,
                completed=state.elapsed_s,
                description=words,
                figures=f"{state.measured_w or 0.0:5.2f} W  {state.measured_j:7.1f} J of "
                f"{self._protocol.planned_energy_j:.1f} J",
            )
