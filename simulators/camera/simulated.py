"""The simulated camera, behind the interface of the real ones.

Frames lie on a grid of 30 a second of the caller's clock, however often it is polled; a picture is painted
when it is first looked at, so a poll costs microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from hardware.cameras.interface import KEY, Frame, Identity, Image, LinkState, Origin, Range, outside
from simulators.camera.optics import (
    EXPOSURE_RANGE_US,
    GAIN_RANGE_DB,
    SENSOR_PX,
    USUAL_EXPOSURE_US,
    Light,
    Look,
    light_of,
    look_of,
)
from simulators.camera.truth import OpticalState

if TYPE_CHECKING:
    from simulators.camera.picture import Painter

USUAL_BINNING = 2
"""728 x 544: painted in 2 ms, where the whole sensor takes 8 to 12 of the 33 between two frames."""
FRAME_S = 1.0 / 30.0
SLOW_FRAME_S = 0.5
SILENT_S = 2.0
_LOOK_AGAIN_S = 0.5
_GRID_SLACK = 1e-6
"""Part of a frame: a poll whose time was added up in floats still meets the grid's point."""
_MOUNTING_PX = 24.0
"""How far the ring may have been mounted from the picture's middle, each way, in pixels of the sensor."""
_WHO = "camera simulated"
_IDENTITY = Identity(model="Simulated 1800 U-158c", serial_number="SIM-CAMERA", firmware="1")


class GroundTruth(NamedTuple):
    """What only a judge may know of a frame. radius_px: of the brightest line; None where there is no light.

    centre_px: x and y; the middle of the first pixel is 0, 0. sigma_px: of the Gaussian across the line.
    """

    centre_px: tuple[float, float]
    radius_px: float | None
    sigma_px: float
    defocus_mm: float
    power_w: float
    aiming_on: bool
    speckle_contrast: float


class SimulatedFrame(Frame):
    """A frame with the truth about it. instead: the frame whose picture it shows, None for one of its own."""

    __slots__ = ("_light", "_state")

    def __init__(
        self,
        painter: Callable[[], Painter],
        state: OpticalState,
        light: Callable[[], Light],
        *,
        taken_s: float,
        number: int,
        dropped: int,
        exposure_us: float,
        gain_db: float,
        content: int,
        covered: bool,
        instead: Frame | None,
    ) -> None:
        steady = state.vibration_mg == 0.0

        def image() -> Image:
            if instead is not None:
                return instead.image
            return painter().paint(light(), number, steady_speckle=steady)

        super().__init__(
            taken_s=taken_s,
            number=number,
            dropped=dropped,
            exposure_us=exposure_us,
            gain_db=gain_db,
            content=content,
            covered=covered,
            image=image,
        )
        self._state = state
        self._light = light

    @property
    def truth(self) -> GroundTruth:
        state, light = self._state, self._light()
        return GroundTruth(
            centre_px=light.centre_px,
            radius_px=light.radius_px if light.ring > 0.0 else None,
            sigma_px=light.sigma_px,
            defocus_mm=state.defocus_mm,
            power_w=state.laser_power_w,
            aiming_on=state.aiming_on,
            speckle_contrast=light.speckle_contrast,
        )


class SimulatedCamera:
    """A camera over the simulated tissue. truth: what there is to be seen now; asked once a frame.

    binning: 2 halves the sensor's 1456 x 1088 pixels, 1 leaves them. Raises ValueError for an exposure or a
    gain that it does not have.
    """

    def __init__(
        self,
        truth: Callable[[], OpticalState],
        *,
        seed: int = 0,
        binning: int = USUAL_BINNING,
        exposure_us: float | None = None,
        gain_db: float | None = None,
    ) -> None:
        self._truth = truth
        self._binning = binning
        self._size_px = SENSOR_PX[0] // binning, SENSOR_PX[1] // binning
        random = Random(f"{seed}/mounting")
        middle = [(length_px - 1) / 2.0 for length_px in self._size_px]
        self._centre_px = (
            middle[0] + random.uniform(-_MOUNTING_PX, _MOUNTING_PX) / binning,
            middle[1] + random.uniform(-_MOUNTING_PX, _MOUNTING_PX) / binning,
        )
        self._seed = seed
        self._maybe_painter: Painter | None = None
        self._exposure_us = USUAL_EXPOSURE_US
        self._gain_db = 0.0
        self._link = LinkState.CONNECTING
        self._problem: str | None = None
        self._due_s = -math.inf
        self._frame_s = FRAME_S
        self._last_point = 0
        self._next_number = 0
        self._dropped = 0
        self._newest_s = 0.0
        self._content = -1
        self._painted: Frame | None = None
        """The newest frame with a picture of its own."""
        self._even: int | None = None
        self._room_look: tuple[tuple[float, ...], Look] | None = None
        if exposure_us is not None:
            self.set_exposure_us(exposure_us)
        if gain_db is not None:
            self.set_gain_db(gain_db)

    @property
    def key(self) -> str:
        return KEY

    @property
    def origin(self) -> Origin:
        return Origin.SIM

    @property
    def link(self) -> LinkState:
        return self._link

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def identity(self) -> Identity | None:
        return _IDENTITY if self._link is LinkState.READY else None

    @property
    def size_px(self) -> tuple[int, int] | None:
        return self._size_px

    @property
    def exposure_range_us(self) -> Range | None:
        return EXPOSURE_RANGE_US

    @property
    def gain_range_db(self) -> Range | None:
        return GAIN_RANGE_DB

    def set_exposure_us(self, value: float) -> None:
        """From the next frame on. Raises ValueError with the allowed range."""
        if wrong := outside("exposure", value, EXPOSURE_RANGE_US, "us"):
            raise ValueError(f"{_WHO}: {wrong}")
        self._exposure_us = value

    def set_gain_db(self, value: float) -> None:
        """From the next frame on. Raises ValueError with the allowed range."""
        if wrong := outside("gain", value, GAIN_RANGE_DB, "dB"):
            raise ValueError(f"{_WHO}: {wrong}")
        self._gain_db = value

    def poll(self, now_s: float) -> Frame | None:
        """Return the newest frame of the grid since the last poll."""
        if now_s < self._due_s:
            return None
        state = self._truth()
        if state.unplugged:
            self._lose("is not plugged in; check its cable", now_s)
            return None
        frame_s = SLOW_FRAME_S if state.slow else FRAME_S
        point = math.floor(now_s / frame_s + _GRID_SLACK)
        if self._link is not LinkState.READY and not state.frozen:
            self._begin(now_s, point)
        elif frame_s != self._frame_s:
            self._last_point = point
        self._frame_s = frame_s
        self._due_s = (point + 1 - _GRID_SLACK) * frame_s
        if state.frozen:
            self._stand_still(now_s, point)
            return None
        return self._take(state, point)

    def close(self) -> None:
        """No frame comes any more."""
        self._link = LinkState.CLOSED
        self._problem = None
        self._due_s = math.inf

    def _begin(self, now_s: float, point: int) -> None:
        """Open the camera: its counters start anew, with the next point of the grid."""
        self._link = LinkState.READY
        self._problem = None
        self._last_point = point
        self._next_number = 0
        self._dropped = 0
        self._newest_s = now_s

    def _stand_still(self, now_s: float, point: int) -> None:
        self._last_point = point
        if now_s - self._newest_s > SILENT_S:
            self._lose(f"no frame for {SILENT_S:g} s; check its cable, then switch it off and on", now_s)

    def _take(self, state: OpticalState, point: int) -> Frame | None:
        passed = point - self._last_point
        if passed <= 0:
            return None
        self._last_point = point
        self._next_number += passed
        self._dropped += passed - 1
        self._newest_s = point * self._frame_s
        # Of a frame whose age alone is looked at, nobody asks what it shows.
        light: Callable[[], Light] = partial(
            light_of,
            state,
            binning=self._binning,
            centre_px=self._centre_px,
            exposure_us=self._exposure_us,
            gain_db=self._gain_db,
        )
        look = self._look(state, light)
        instead = self._painted if state.repeats else None
        if instead is None and (look.even is None or look.even != self._even):
            self._content += 1
        frame = SimulatedFrame(
            self._painter,
            state,
            light,
            taken_s=self._newest_s,
            number=self._next_number - 1,
            dropped=self._dropped,
            exposure_us=self._exposure_us,
            gain_db=self._gain_db,
            content=self._content,
            covered=look.covered if instead is None else instead.covered,
            instead=instead,
        )
        if instead is None:
            self._painted, self._even = frame, look.even
        return frame

    def _look(self, state: OpticalState, light: Callable[[], Light]) -> Look:
        """Say what the picture would look like, as a judge of its pixels would, without painting it.

        The room alone decides, and it is the same from frame to frame; in a black one the ring may be seen.
        """
        seen = (state.dark, state.noise, self._exposure_us, self._gain_db)
        if self._room_look is None or self._room_look[0] != seen:
            self._room_look = seen, look_of(light()._replace(ring=0.0))
        room = self._room_look[1]
        return look_of(light()) if room.covered and not state.dark else room

    def _painter(self) -> Painter:
        if self._maybe_painter is None:
            # Half a second to load OpenCV and numpy, which a session in fast time never needs.
            from simulators.camera.picture import Painter  # noqa: PLC0415

            self._maybe_painter = Painter(self._size_px, self._seed)
        return self._maybe_painter

    def _lose(self, why: str, now_s: float) -> None:
        self._link = LinkState.LOST
        self._problem = f"{_WHO}: {why}"
        self._due_s = now_s + _LOOK_AGAIN_S
