"""The one way in which every procedure is measured: station by station, tick by tick, without a screen.

Whoever runs a procedure hands each tick's inputs and state to `follow` and does what it wishes: select a
station, have a person give its light, or ask the person for a reading. It never touches a device.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite, nan
from statistics import fmean
from typing import Final, NamedTuple

from tosca_kiosk.domain.calibrating.procedures import Procedure, visits_of
from tosca_kiosk.domain.calibrating.seen import Seen
from tosca_kiosk.domain.calibration_session import CalibrationSession
from tosca_kiosk.domain.state import Beam, Phase

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
    _running: Generator[Wish, Seen, None] | None = None
    done: bool = False

    def follow(self, tick: Seen) -> Wish:
        """Take a tick; return what is wanted now. Raises MeasuringError."""
        if self.done:
            return Wish(Wants.NOTHING, "All is measured.")
        try:
            if self._running is None:
                self._running = self._all()
                next(self._running)
            return self._running.send(tick)
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

    def _all(self) -> Generator[Wish, Seen, None]:
        tick = yield Wish(Wants.NOTHING)
        visits = visits_of(self.procedure, len(self.session.stations))
        begun = len(self.measured)
        for visit, station in enumerate(visits):
            if visit < begun or station in self.left_out:
                continue
            if self._too_bright(station):
                self.left_out.update(range(station, len(self.session.stations)))
                continue
            tick = yield from self._selected(station, tick)
            wanted = self.session.stations[station]
            if wanted.light_s > 0.0:
                found, tick = yield from self._in_light(visit, station, tick)
            else:
                found, tick = yield from self._in_the_dark(visit, station, tick)
            if self.procedure.asks_meter:
                found, tick = yield from self._typed_for(found, tick)
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

    def _selected(self, station: int, tick: Seen) -> Generator[Wish, Seen, Seen]:
        began_s = tick.now_s
        number = station + 1
        text = f"Going to point {number} of {len(self.session.stations)}."
        wanted_um = self.session.stations[station].stage_position_um
        tick = yield Wish(Wants.SELECT, text, station)
        while not (tick.station == station and not tick.station_lit and tick.stage_there):
            if tick.phase == Phase.FAULT:
                raise MeasuringError(f"point {number}: {tick.abort_reason}")
            if tick.now_s - began_s > _STILL_WITHIN_S:
                raise MeasuringError(
                    f"point {number}: the stage did not come to {wanted_um} um within {_STILL_WITHIN_S:g} s; "
                    "see that it moves freely"
                )
            wants = Wants.NOTHING if tick.station == station and not tick.station_lit else Wants.SELECT
            tick = yield Wish(wants, text, station)
        return tick

    def _in_light(self, visit: int, station: int, tick: Seen) -> Generator[Wish, Seen, tuple[Measured, Seen]]:
        point = self.session.stations[station]
        text = (
            f"Point {station + 1}, {point.current_ma:g} mA: arm, then hold the pedal for {point.light_s:g} s."
        )
        window = _Window()
        while not tick.station_lit:
            if tick.phase == Phase.FAULT:
                raise MeasuringError(f"point {station + 1}: {tick.abort_reason}")
            if tick.beam != Beam.EMITTING:
                window = _Window()  # light that was broken off says nothing
            elif tick.lit_s >= point.light_s - self.procedure.window_s - 0.1:
                window.take(tick)
            tick = yield Wish(Wants.LIGHT, text, station)
        found = window.measured(visit, station, self.procedure.drift_part)
        return found, tick

    def _in_the_dark(
        self, visit: int, station: int, tick: Seen
    ) -> Generator[Wish, Seen, tuple[Measured, Seen]]:
        began_s, window = tick.now_s, _Window()
        text = f"Point {station + 1}: {self.procedure.measures}."
        while tick.now_s - began_s < self.procedure.settle_s + self.procedure.window_s:
            if tick.phase == Phase.FAULT:
                raise MeasuringError(f"point {station + 1}: {tick.abort_reason}")
            if tick.now_s - began_s >= self.procedure.settle_s:
                window.take(tick)
            tick = yield Wish(Wants.NOTHING, text, station)
        return window.measured(visit, station, None), tick

    def _typed_for(self, found: Measured, tick: Seen) -> Generator[Wish, Seen, tuple[Measured, Seen]]:
        self._typed = None
        while self._typed is None:
            tick = yield Wish(
                Wants.READING, f"What did the meter read at point {found.station + 1}, in W?", found.station
            )
        return found._replace(typed=self._typed), tick


class _Window:
    """Samples of one measurement, of which each status of the board counts once."""

    def __init__(self) -> None:
        self._volts: list[float] = []
        self._milliamperes: list[float] = []
        self._places_um: list[float] = []
        self._vibration_mg: list[float] = []
        self._newest_s = -1.0

    def take(self, tick: Seen) -> None:
        """Take a tick whose board has told something new."""
        if tick.board_s is None or tick.photodiode_v is None or not tick.board_s > self._newest_s:
            return
        self._newest_s = tick.board_s
        self._volts.append(tick.photodiode_v)
        for samples, value in (
            (self._milliamperes, tick.set_current_ma),
            (self._places_um, tick.stage_um),
            (self._vibration_mg, tick.vibration_mg),
        ):
            if value is not None:
                samples.append(value)

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
            current_ma=fmean(self._milliamperes) if self._milliamperes else nan,
            stage_um=fmean(self._places_um) if self._places_um else None,
            vibration_mg=fmean(self._vibration_mg) if self._vibration_mg else None,
        )


_STEP_V: Final = 5.0 / 1024
"""Of the board's converter."""
