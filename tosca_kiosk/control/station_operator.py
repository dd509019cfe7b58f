"""An operator without a screen at a calibration's stations: goes there, arms, holds the pedal for light."""

from __future__ import annotations

from math import inf
from typing import Final

from tosca_kiosk.control.operator import (
    PEDAL_WITHIN_S,
    TEST_WITHIN_S,
    OperatorGaveUpError,
    Script,
    UnattendedOperator,
)
from tosca_kiosk.domain.checks import stage_in_position
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import Scope
from tosca_kiosk.domain.state import Phase

SETTLES_WITHIN_S: Final = 10.0
ASK_AGAIN_S: Final = 0.1


class StationOperator(UnattendedOperator):
    """Scripts of one session that calibrates. Each raises OperatorGaveUpError with why where it fails."""

    def test(self) -> Script:
        """Wait until a self-test has come to its end, whatever it found: its results stand in control's."""
        kept = self._controller.self_test
        runs, deadline_s = kept.runs, self.now_s + TEST_WITHIN_S
        self._submit(CommandType.RUN_SELF_TEST)
        yield
        while kept.progress is not None or kept.runs == runs:
            if faults := self._faults():
                raise OperatorGaveUpError(faults)
            if self.now_s > deadline_s:
                raise OperatorGaveUpError(f"the self-test did not end within {TEST_WITHIN_S:g} s")
            yield

    def home(self, within_s: float) -> Script:
        """Find the stage's index, as it was not found since the devices were connected."""
        yield from self._while_faultless(self._home(within_s))

    def open(self) -> Script:
        """See that nothing refuses the session that was asked for, and wait until it is open."""
        refused = yield from self.ask_until_open()
        if refused is not None:
            raise OperatorGaveUpError(refused)

    def go_to(self, number: int) -> Script:
        """Select a station and wait until the stage has arrived there."""
        deadline_s, asked_s = self.now_s + SETTLES_WITHIN_S, -inf
        while not self._arrived(number):
            if not self._selected(number) and self.now_s - asked_s >= ASK_AGAIN_S:
                asked_s = self.now_s  # until the light before it is known to have ended it is refused
                self._submit(CommandType.SELECT_STATION, value=float(number))
            if faults := self._faults():
                raise OperatorGaveUpError(faults)
            if self.now_s > deadline_s:
                raise OperatorGaveUpError(self._not_there(number))
            yield

    def give_light(self, by_s: float) -> Script:
        """Arm and hold the pedal until the station's light is complete; armed by by_s at the latest."""
        while refused := self._refused(Scope.ARM, except_lamp="smoothing"):
            if faults := self._faults():
                raise OperatorGaveUpError(faults)
            if self.now_s > by_s:
                raise OperatorGaveUpError(f"not ready to arm: {refused}")
            yield
        self._pedal_by_s = self.now_s + PEDAL_WITHIN_S
        for part in (self._arm(), self._wait_for_light()):
            reason = yield from part
            if reason is not None:
                raise OperatorGaveUpError(reason)
        self._pedal(False)
        state = self._controller.state
        if state.phase is Phase.FAULT:
            raise OperatorGaveUpError(self._faults())
        if not state.station_lit:
            raise OperatorGaveUpError("the light ended before its time")

    def _selected(self, number: int) -> bool:
        state = self._controller.state
        return state.station == number and not state.station_lit

    def _arrived(self, number: int) -> bool:
        controller, inputs = self._controller, self.inputs
        if not self._selected(number) or inputs is None or inputs.stage is None:
            return False
        return stage_in_position(controller.rules, controller.state, inputs)

    def _not_there(self, number: int) -> str:
        state, inputs = self._controller.state, self.inputs
        if state.station != number:
            return f"station {number} was refused: {self.newest_refusal}"
        wanted_um = self._controller.rules.stage_target_um(state)
        stage = None if inputs is None else inputs.stage
        where = "unknown" if stage is None else f"{stage.position_um:.0f} um"
        return (
            f"stage: not at {wanted_um:g} um within {SETTLES_WITHIN_S:g} s, but at {where}; "
            "check that it moves freely"
        )
