"""What a person sees while a session runs without a screen; always on standard error."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tosca_kiosk.cli.console import say
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam, Phase, State

if TYPE_CHECKING:
    from tosca_kiosk.cli.terminal import TreatmentBar

WORDS = {
    Phase.IDLE: "connecting, homing",
    Phase.READY: "STANDBY",
    Phase.ARMED: "READY, gate waits for the pedal",
    Phase.TREATING: "switching on",
    Phase.FAULT: "FAULT",
}
EMITTING = "LASER EMITTING"
SHOW_EVERY_TICKS = 10


class Progress:
    """A bar over the treatment time where there is a terminal; a line for every change everywhere."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._bar = _bar(protocol.duration_s)
        self._say = say if self._bar is None else self._bar.say
        self._phase: Phase | None = None
        self._beam: Beam | None = None
        self._words = ""
        self._ticks = 0

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, decision: Decision) -> None:
        """Show a decision: changes at once, figures every tenth tick."""
        state = decision.state
        if state.beam is not self._beam or state.phase is not self._phase:
            self._change(state)
        for event in decision.safety:
            self._say(f"{state.now_s:8.2f} s  {event.severity}: {event.description}")
        self._ticks += 1
        if self._bar is not None and self._ticks % SHOW_EVERY_TICKS == 0:
            figures = (
                f"{state.measured_w or 0.0:5.2f} W  {state.measured_j:7.1f} J of "
                f"{(state.plan or self._protocol).planned_energy_j:.1f} J"
            )
            self._bar.update(state.elapsed_s, self._words, figures)

    def wait_for(self, what: str, share: float) -> None:
        """Show on the bar how far something that is waited for has come, 0 to 1."""
        if self._bar is not None:
            self._bar.update(share * self._protocol.duration_s, what, f"{share:4.0%}")

    def _change(self, state: State) -> None:
        self._beam, self._phase = state.beam, state.phase
        words = EMITTING if state.beam is Beam.EMITTING else WORDS[state.phase]
        if state.phase is Phase.IDLE and self._words not in ("", words):
            words = "closed"
        if words != self._words:
            self._words = words
            self._say(f"{state.now_s:8.2f} s  {words}")


def _bar(duration_s: float) -> TreatmentBar | None:
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from tosca_kiosk.cli.terminal import TreatmentBar  # noqa: PLC0415 - most sessions have no terminal

    return TreatmentBar(duration_s)
