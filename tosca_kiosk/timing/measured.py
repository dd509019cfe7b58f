"""The real control process with a glance at the clock between the parts of its tick."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.process import ControlProcess
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.timing.samples import COLUMNS


class TickRows:
    """Keeps the rows of so many ticks in memory that is there from the start; later ticks are not kept."""

    def __init__(self, ticks: int) -> None:
        self._width = len(COLUMNS)
        self._values = array("q", bytes(8 * self._width * ticks))
        self._room = ticks
        self._kept = 0

    def keep(self, row: tuple[int, ...]) -> None:
        """Keep one tick's row, in the order of COLUMNS."""
        if self._kept < self._room:
            start = self._kept * self._width
            self._values[start : start + self._width] = array("q", row)
            self._kept += 1

    def save(self, path: Path) -> None:
        """Write the rows."""
        with path.open("wb") as file:
            file.write(memoryview(self._values)[: self._kept * self._width])


class MeasuredController(Controller):
    """Notes when each part of the tick ended. marks: of the newest tick, in order of the parts."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.polled = self.sampled = self.stepped = self.acted = self.journalled = 0

    def inputs(self, now_s: float, late_s: float, overrun_s: float) -> Inputs:
        self.polled = perf_counter_ns()
        inputs = super().inputs(now_s, late_s, overrun_s)
        self.sampled = perf_counter_ns()
        return inputs

    def decide(self, inputs: Inputs) -> Decision:
        decision = super().decide(inputs)
        self.stepped = perf_counter_ns()
        return decision

    def record(self, inputs: Inputs, decision: Decision) -> None:
        self.acted = perf_counter_ns()
        super().record(inputs, decision)
        self.journalled = perf_counter_ns()


class MeasuredProcess(ControlProcess):
    """Records a row for every tick.

    advance: lets the simulated world run to now_s, before the tick and apart from it.
    """

    def __init__(
        self,
        controller: MeasuredController,
        *arguments: Any,
        rows: TickRows,
        advance: Callable[[float], None],
        **named: Any,
    ) -> None:
        super().__init__(controller, *arguments, **named)
        self._measured = controller
        self._rows = rows
        self._advance = advance
        self._served = 0
        self._missed = 0

    def _serve(self, now_s: float) -> None:
        super()._serve(now_s)
        self._served = perf_counter_ns()

    def _tick(self, now_s: float, late_s: float, overrun_s: float) -> None:
        woke = round((self._clock.start_s + now_s) * 1e9)
        missed, self._missed = self.loop.missed - self._missed, self.loop.missed
        before = perf_counter_ns()
        self._advance(now_s)
        began = perf_counter_ns()
        super()._tick(now_s, late_s, overrun_s)
        ended = perf_counter_ns()
        parts = self._measured
        self._rows.keep(
            (
                woke,
                # Told is the lateness from the first deadline that passed; it may have slept for a later one.
                round((now_s - self.loop.deadline_s) * 1e9),
                missed,
                parts.state.beam is Beam.EMITTING,
                began - before,
                self._served - began,
                parts.polled - self._served,
                parts.sampled - parts.polled,
                parts.stepped - parts.sampled,
                parts.acted - parts.stepped,
                parts.journalled - parts.acted,
                ended - parts.journalled,
            )
        )
