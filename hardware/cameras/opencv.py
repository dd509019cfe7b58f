"""Cameras and recordings by OpenCV: a V4L2 number or device file, a video file, a stream's URL.

OpenCV tells neither a frame's own counter nor what the device dropped, so frames are counted as they come. It
tells gain in steps of the camera's own, never in decibels: gain is left alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import cv2

from hardware.cameras.device_clock import DeviceClock
from hardware.cameras.feed import Feed, Opened, Shot, Wanted
from hardware.cameras.interface import Identity, Image, Origin, Range, outside
from hardware.cameras.source import is_recording, recording_path
from hardware.cameras.threaded import LostError, RefusedError, ThreadedCamera
from hardware.settings import LONGEST_EXPOSURE_US, V4L2_EXPOSURE_US, CameraSettings

_NETWORK_TIMEOUT_MS = 5000
_USUAL_RATE_HZ = 30.0
"""Of a file that does not tell its own."""
_RATES_HZ = (1.0, 1000.0)
_V4L2_MANUAL = 1
"""V4L2_EXPOSURE_MANUAL, as OpenCV hands it through."""
_V4L2_RANGE_US = (V4L2_EXPOSURE_US, LONGEST_EXPOSURE_US)
"""OpenCV tells no limits of the camera's own; what it took is read back."""


class OpenCvCamera(ThreadedCamera):
    """settings.source says what is opened. A recording plays once, at its own rate, and then it is lost."""

    def __init__(self, settings: CameraSettings, clock: Callable[[], float]) -> None:
        self._source = settings.source
        self._is_recording = is_recording(settings.source)
        super().__init__(
            f"camera {settings.source}",
            clock,
            Wanted(exposure_us=settings.exposure_us),
            origin=Origin.SIM if self._is_recording else Origin.REAL,
            silent_s=math.inf if self._is_recording else 2.0,
        )

    def _run(self, feed: Feed) -> None:
        if self._is_recording:
            self._play(feed)
        else:
            self._watch(feed)

    def _play(self, feed: Feed) -> None:
        path = recording_path(self._source)
        _look_for_file(path)
        with _capture(str(path)) as capture:
            feed.open_as(_opened(capture, Identity(model=path.name, serial_number="", firmware=""), None))
            if feed.take_wanted() != Wanted():
                raise RefusedError("a recording has no exposure to set; leave out exposure_us")
            rate_hz = capture.get(cv2.CAP_PROP_FPS)
            if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
                rate_hz = _USUAL_RATE_HZ
            began_s = self._clock()
            number = 0
            while not feed.stopping and (image := _next(capture)) is not None:
                feed.put_ahead(
                    Shot(
                        taken_s=began_s + number / rate_hz,
                        number=number,
                        lost=0,
                        exposure_us=math.nan,
                        gain_db=math.nan,
                        image=image,
                    )
                )
                number += 1
            raise LostError(
                f"the recording has ended after {number} frames; start again to play it again", again=False
            )

    def _watch(self, feed: Feed) -> None:
        is_device = "://" not in self._source
        if is_device:
            _look_for_device(self._source)
        with _capture(self._source) as capture:
            exposure_range = _exposure_range(capture) if is_device else None
            feed.open_as(_opened(capture, _identity(self._source), exposure_range))
            device_clock = DeviceClock()
            exposure_us = math.nan
            number = 0
            while not feed.stopping:
                if (wanted := feed.take_wanted()) and wanted.exposure_us is not None:
                    exposure_us = self._expose(capture, wanted.exposure_us, exposure_range)
                image = _next(capture)
                if image is None:
                    raise LostError("gives no picture any more; check its cable")
                taken_s = self._clock()
                stamp_ms = capture.get(cv2.CAP_PROP_POS_MSEC) if is_device else 0.0
                if stamp_ms > 0.0:
                    taken_s = device_clock.caller_s(stamp_ms / 1000.0, taken_s)
                feed.put(
                    Shot(
                        taken_s=taken_s,
                        number=number,
                        lost=0,
                        exposure_us=exposure_us,
                        gain_db=math.nan,
                        image=image,
                    )
                )
                number += 1

    def _expose(self, capture: cv2.VideoCapture, wanted_us: float, allowed: Range | None) -> float:
        """Set the exposure and return what the camera took. Raises RefusedError."""
        if wrong := outside("exposure", wanted_us, allowed, "us"):
            raise RefusedError(wrong)
        capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _V4L2_MANUAL)
        if not capture.set(cv2.CAP_PROP_EXPOSURE, round(wanted_us / V4L2_EXPOSURE_US)):
            raise RefusedError(f"did not take an exposure of {wanted_us:g} us; leave out exposure_us")
        return capture.get(cv2.CAP_PROP_EXPOSURE) * V4L2_EXPOSURE_US


@contextmanager
def _capture(source: str) -> Iterator[cv2.VideoCapture]:
    # OpenCV and FFmpeg write to the terminal by themselves; the reasons are in the texts of this file.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    capture = _opened_capture(source)
    try:
        if not capture.isOpened():
            raise LostError(
                "cannot be opened; check the source in the configuration and that nothing else uses it"
            )
        yield capture
    finally:
        capture.release()


def _opened_capture(source: str) -> cv2.VideoCapture:
    if source.isdecimal():
        return cv2.VideoCapture(int(source), cv2.CAP_V4L2)
    if source.startswith("/dev/"):
        return cv2.VideoCapture(os.path.realpath(source), cv2.CAP_V4L2)
    if "://" in source:
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
        return cv2.VideoCapture(
            source, cv2.CAP_FFMPEG, [v for limit in limits for v in (limit, _NETWORK_TIMEOUT_MS)]
        )
    return cv2.VideoCapture(source)


def _next(capture: cv2.VideoCapture) -> Image | None:
    """Wait for the next picture; None when there is none. It is the caller's own, and mono."""
    good, picture = capture.read()
    if not good:
        return None
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return picture  # type: ignore[return-value]


def _opened(capture: cv2.VideoCapture, identity: Identity, exposure_range: Range | None) -> Opened:
    size_px = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    return Opened(identity=identity, size_px=size_px, exposure_range_us=exposure_range, gain_range_db=None)


def _exposure_range(capture: cv2.VideoCapture) -> Range | None:
    # A camera without the control answers -1 or 0.
    return _V4L2_RANGE_US if capture.get(cv2.CAP_PROP_EXPOSURE) > 0.0 else None


def _device_file(source: str) -> Path:
    return Path(f"/dev/video{source}" if source.isdecimal() else source)


def _look_for_device(source: str) -> None:
    path = _device_file(source)
    if not path.exists():
        raise LostError(
            "is not there; check that the camera is plugged in and the source in the configuration"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise LostError(
            "may not be opened by this user; add the user to the group that owns it (often video)"
        )


def _look_for_file(path: Path) -> None:
    if not path.is_file():
        raise LostError("no such file; check the source in the configuration", again=False)
    if not os.access(path, os.R_OK):
        raise LostError("may not be read by this user; change the file's mode", again=False)


def _identity(source: str) -> Identity:
    """What Linux calls the device; OpenCV itself does not tell."""
    if "://" in source:
        return Identity(model=urlsplit(source).hostname or source, serial_number="", firmware="")
    name = Path("/sys/class/video4linux") / _device_file(source).resolve().name / "name"
    try:
        return Identity(model=name.read_text(encoding="utf-8").strip(), serial_number="", firmware="")
    except OSError:
        return Identity(model=source, serial_number="", firmware="")
