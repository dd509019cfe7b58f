"""The one way in which every procedure is measured: station by station, tick by tick, without a screen.

Whoever runs a procedure hands each tick's inputs and state to `follow` and does what it wishes: select a
station, have a person give its light, or ask the person for a reading. It never touches a device.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from statistics import fmean
from typing import Final, NamedTuple

from tosca_kiosk.domain.calibrating.procedures import Procedure, visits_of
from tosca_kiosk.domain.calibration_session import CalibrationSession
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.state import Beam, Phase, State

CEILING_PART: Final = 0.95
"""Of the photodiode's ceiling: a station that would see more, by the stations before it, is left out."""
_LEAST_SAMPLES: Final = 20
_STILL_WITHIN_S: Final = 20.0
"""So long a stage may take to its place, which is farther than any of a treatment's."""


class Wants(StrEnum):
    """What an engine wants of whoever runs it."""

    SELECT = "select"
    LIGHT = "light"
    READING = "reading"
    NOTHING = "nothing"


class Wish(NamedTuple):
    """station: of SELECT and LIGHT; text: for a person."""

    wants: Wants
    text: str = ""
    station: int | None = None


class Measured(NamedTuple):
    """What was measured at one visit of a station.

    visit: from 0, its place in the procedure's order. photodiode_v, current_ma, stage_um, vibration_mg: means
    over the window, the last two None where they were not known; typed: what the person read, None where
    nobody was asked.
    """

    visit: int
    station: int
    photodiode_v: float
    current_ma: float
    stage_um: float | None
    vibration_mg: float | None = None
    typed: float | None = None


class MeasuringError(Exception):
    """A procedure cannot go on; the text says where, why and what to do."""


@dataclass
class Engine:
    """Runs one procedure. session: what control was opened with; measured: what it has so far.

    range_w: where the reference meter's range ends.
    """

    procedure: Procedure
    session: CalibrationSession
    range_w: float = 0.0
    measured: list[Measured] = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)
    _typed: float | None = None
    _vibration_mg: float | None = None
    _running: Generator[Wish, tuple[Inputs, State], None] | None = None
    done: bool = False

    def follow(self, inputs: Inputs, state: State, vibration_mg: float | None = None) -> Wish:
        """Take a tick; return what is wanted now. Raises MeasuringError.

        vibration_mg: the board's newest, which no decision depends on.
        """
        self._vibration_mg = vibration_mg
        if self.done:
            return Wish(Wants.NOTHING, "All is measured.")
        try:
            if self._running is None:
                self._running = self._all()
                next(self._running)
            return self._running.send((inputs, state))
        except StopIteration:
            self.done = True
            return Wish(Wants.NOTHING, "All is measured.")

    def answer(self, typed_w: float, *, still: bool = True) -> str | None:
        """Take what a person read of the meter, in W; return why it is none, and is to be read anew.

        still: whether the meter's display had come to rest before the light ended. Raises MeasuringError
        where it had not: that reading cannot be had again without its light.
        """
        if not still:
            raise MeasuringError(
                "the meter still moved when the light ended, so it was read too early; take one with a "
                "faster head, or set its filter to fast, and begin anew"
            )
        if not 0.0 < typed_w < self.range_w:
            return (
                f"{typed_w:g} W is no reading of a meter whose range ends at {self.range_w:g} W; see in "
                "which range it is, and that it is in the beam"
            )
        self._typed = typed_w
        return None

    # --- the procedure ----------------------------------------------------------------------------------

    def _all(self) -> Generator[Wish, tuple[Inputs, State], None]:
        inputs, state = yield Wish(Wants.NOTHING)
        visits = visits_of(self.procedure, len(self.session.stations))
        begun = len(self.measured)
        for visit, station in enumerate(visits):
            if visit < begun or station in self.left_out:
                continue
            if self._too_bright(station):
                self.left_out.update(range(station, len(self.session.stations)))
                continue
            inputs, state = yield from self._selected(station, inputs, state)
            wanted = self.session.stations[station]
            if wanted.light_s > 0.0:
                found, inputs, state = yield from self._in_light(visit, station, inputs, state)
            else:
                found, inputs, state = yield from self._in_the_dark(visit, station, inputs, state)
            if self.procedure.asks_meter:
                found, inputs, state = yield from self._typed_for(found, inputs, state)
            self.measured.append(found)

    def _too_bright(self, station: int) -> bool:
        """Whether a station would bring the photodiode too near its ceiling, by the two brightest so far."""
        current_ma = self.session.stations[station].current_ma
        seen = sorted({(one.current_ma, one.photodiode_v) for one in self.measured})[-2:]
        if current_ma == 0.0 or len(seen) < 2 or seen[0][0] == seen[1][0]:
            return False
        (one_ma, one_v), (other_ma, other_v) = seen
        expected_v = other_v + (current_ma - other_ma) * (other_v - one_v) / (other_ma - one_ma)
        return expected_v > CEILING_PART * self.session.bounds.photodiode_v

    def _selected(
        self, station: int, inputs: Inputs, state: State
    ) -> Generator[Wish, tuple[Inputs, State], tuple[Inputs, State]]:
        began_s = inputs.now_s
        number = station + 1
        text = f"Going to point {number} of {len(self.session.stations)}."
        wanted_um = self.session.stations[station].stage_position_um
        inputs, state = yield Wish(Wants.SELECT, text, station)
        while not (state.station == station and not state.station_lit and _at(inputs, wanted_um)):
            if state.phase is Phase.FAULT:
                raise MeasuringError(f"point {number}: {state.abort_reason}")
            if inputs.now_s - began_s > _STILL_WITHIN_S:
                raise MeasuringError(
                    f"point {number}: the stage did not come to {wanted_um} um within {_STILL_WITHIN_S:g} s; "
                    "see that it moves freely"
                )
            wants = Wants.NOTHING if state.station == station and not state.station_lit else Wants.SELECT
            inputs, state = yield Wish(wants, text, station)
        return inputs, state

    def _in_light(
        self, visit: int, station: int, inputs: Inputs, state: State
    ) -> Generator[Wish, tuple[Inputs, State], tuple[Measured, Inputs, State]]:
        point = self.session.stations[station]
        text = (
            f"Point {station + 1}, {point.current_ma:g} mA: arm, then hold the pedal for {point.light_s:g} s."
        )
        window = _Window()
        while not state.station_lit:
            if state.phase is Phase.FAULT:
                raise MeasuringError(f"point {station + 1}: {state.abort_reason}")
            if state.beam is not Beam.EMITTING:
                window = _Window()  # light that was broken off says nothing
            elif state.lit_s >= point.light_s - self.procedure.window_s - 0.1:
                window.take(inputs, self._vibration_mg)
            inputs, state = yield Wish(Wants.LIGHT, text, station)
        found = window.measured(visit, station, self.procedure.drift_part)
        return found, inputs, state

    def _in_the_dark(
        self, visit: int, station: int, inputs: Inputs, state: State
    ) -> Generator[Wish, tuple[Inputs, State], tuple[Measured, Inputs, State]]:
        began_s, window = inputs.now_s, _Window()
        text = f"Point {station + 1}: {self.procedure.measures}."
        while inputs.now_s - began_s < self.procedure.settle_s + self.procedure.window_s:
            if state.phase is Phase.FAULT:
                raise MeasuringError(f"point {station + 1}: {state.abort_reason}")
            if inputs.now_s - began_s >= self.procedure.settle_s:
                window.take(inputs, self._vibration_mg)
            inputs, state = yield Wish(Wants.NOTHING, text, station)
        return window.measured(visit, station, None), inputs, state

    def _typed_for(
        self, found: Measured, inputs: Inputs, state: State
    ) -> Generator[Wish, tuple[Inputs, State], tuple[Measured, Inputs, State]]:
        self._typed = None
        while self._typed is None:
            inputs, state = yield Wish(
                Wants.READING, f"What did the meter read at point {found.station + 1}, in W?", found.station
            )
        return found._replace(typed=self._typed), inputs, state


def _at(inputs: Inputs, wanted_um: float | None) -> bool:
    stage = inputs.stage
    if wanted_um is None:
        return True
    return stage is not None and stage.settled and abs(stage.position_um - wanted_um) <= 20.0


class _Window:
    """Samples of one measurement, of which each status of the board counts once."""

    def __init__(self) -> None:
        self._volts: list[float] = []
        self._milliamperes: list[float] = []
        self._places_um: list[float] = []
        self._vibration_mg: list[float] = []
        self._newest_s = -1.0

    def take(self, inputs: Inputs, vibration_mg: float | None) -> None:
        board, laser, stage = inputs.board, inputs.laser, inputs.stage
        if board is None or laser is None or not board.measured_s > self._newest_s:
            return
        self._newest_s = board.measured_s
        self._volts.append(board.photodiode_v)
        self._milliamperes.append(laser.set_current_ma)
        if stage is not None:
            self._places_um.append(stage.position_um)
        if vibration_mg is not None:
            self._vibration_mg.append(vibration_mg)

    def measured(self, visit: int, station: int, drift_part: float | None) -> Measured:
        """Return the means. Raises MeasuringError for too few samples, or volts that still move."""
        number, volts = station + 1, self._volts
        if len(volts) < _LEAST_SAMPLES or not all(map(isfinite, volts)):
            raise MeasuringError(
                f"point {number}: {len(volts)} readings of the photodiode; look at the board"
            )
        half = len(volts) // 2
        mean_v, moved_v = fmean(volts), fmean(volts[half:]) - fmean(volts[:half])
        if drift_part is not None and abs(moved_v) > drift_part * abs(mean_v) + _STEP_V:
            raise MeasuringError(
                f"point {number}: the light still moves, by {100.0 * moved_v / mean_v:.1f} % in its window: "
                "the laser is cold, or it was read too early; wait until its temperature has settled"
            )
        return Measured(
            visit=visit,
            station=station,
            photodiode_v=mean_v,
            current_ma=fmean(self._milliamperes),
            stage_um=fmean(self._places_um) if self._places_um else None,
            vibration_mg=fmean(self._vibration_mg) if self._vibration_mg else None,
        )


_STEP_V: Final = 5.0 / 1024
"""Of the board's converter."""
