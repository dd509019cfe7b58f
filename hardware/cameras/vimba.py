"""Allied Vision cameras by vmbpy, the maker's own package, which is an optional extra.

Written for the Alvium 1800 U-158c (1456 x 1088, USB) and its SFNC features ExposureTime (us) and Gain (dB).
vmbpy calls a handler in a thread of its own for each frame; the buffer is copied and given back at once, for
a handler that took longer cost a cart 28 of its 30 frames a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from hardware.cameras.device_clock import DeviceClock
from hardware.cameras.feed import Feed, Opened, Shot, Wanted
from hardware.cameras.interface import Identity, Image, Range, outside
from hardware.cameras.threaded import LostError, RefusedError, ThreadedCamera
from hardware.settings import LONGEST_EXPOSURE_US, CameraSettings

_BUFFERS = 8
_LOOK_S = 0.1
"""How often the thread looks whether it is to stop; settings wake it at once."""
_RUNTIME = "the Vimba X runtime with its USB transport layer, and log in anew"
_NOT_INSTALLED = f"the package vmbpy is not installed; install tosca-kiosk[vimba] and {_RUNTIME}"
_NO_RUNTIME = f"vmbpy finds no transport layer; install {_RUNTIME}"


class VimbaCamera(ThreadedCamera):
    """The camera of settings.serial_number. load: returns the module vmbpy; raises ImportError."""

    def __init__(
        self,
        settings: CameraSettings,
        clock: Callable[[], float],
        load: Callable[[], Any] = lambda: import_module("vmbpy"),
    ) -> None:
        self._serial_number = settings.serial_number
        self._load = load
        wanted = Wanted(exposure_us=settings.exposure_us, gain_db=settings.gain_db)
        super().__init__(f"camera {settings.serial_number}", clock, wanted)

    def _run(self, feed: Feed) -> None:
        try:
            vmbpy = self._load()
        except (ImportError, OSError) as error:
            raise LostError(_NOT_INSTALLED, again=False) from error
        try:
            with vmbpy.VmbSystem.get_instance() as system, self._found(system) as device:
                self._stream(feed, vmbpy, device)
        except vmbpy.VmbTransportLayerError as error:
            raise LostError(_NO_RUNTIME, again=False) from error

    def _stream(self, feed: Feed, vmbpy: Any, device: Any) -> None:
        """Hand over the frames of an open camera until the feed is stopping."""
        _prepare(device, vmbpy)
        opened = _opened(device)
        feed.open_as(opened)
        _set(device, opened, feed.take_wanted() or Wanted())
        stream = _Stream(feed, self._clock, vmbpy, device)
        device.start_streaming(stream, buffer_count=_BUFFERS)
        try:
            while not feed.stopping:
                if wanted := feed.take_wanted(_LOOK_S):
                    _set(device, opened, wanted)
                    stream.read_settings()
        finally:
            device.stop_streaming()

    def _found(self, system: Any) -> Any:
        """Return the camera of our serial number. Raises LostError, naming those that are there."""
        there = {device.get_serial(): device for device in system.get_all_cameras()}
        if self._serial_number not in there:
            others = ", ".join(sorted(there)) or "none"
            raise LostError(f"is not there; cameras found: {others}; check its cable and serial_number")
        return there[self._serial_number]


class _Stream:
    """The handler of frames, called in vmbpy's thread."""

    def __init__(self, feed: Feed, clock: Callable[[], float], vmbpy: Any, device: Any) -> None:
        self._feed = feed
        self._clock = clock
        self._vmbpy = vmbpy
        self._device = device
        self._device_clock = DeviceClock()
        # Stamps count in ticks; a camera that does not tell their rate counts nanoseconds.
        self._ticks_per_s = _value(device, "DeviceTimestampFrequency", 1e9)
        self._first_id: int | None = None
        self._next_number = 0
        self._lost = 0
        self.read_settings()

    def read_settings(self) -> None:
        self._exposure_us = _value(self._device, "ExposureTime", math.nan)
        self._gain_db = _value(self._device, "Gain", math.nan)

    def __call__(self, device: Any, stream: Any, frame: Any) -> None:
        try:
            if frame.get_status() == self._vmbpy.FrameStatus.Complete:
                self._take(frame)
        finally:
            device.queue_frame(frame)

    def _take(self, frame: Any) -> None:
        taken_s = self._clock()
        if (stamp := frame.get_timestamp()) is not None:
            taken_s = self._device_clock.caller_s(stamp / self._ticks_per_s, taken_s)
        number = self._number_of(frame.get_id())
        if number < self._next_number:
            return
        # What the camera counted and we never saw, frames that came in parts among them.
        self._lost += number - self._next_number
        self._next_number = number + 1
        image = _mono(frame, self._vmbpy)
        self._feed.put(
            Shot(
                taken_s=taken_s,
                number=number,
                lost=self._lost,
                exposure_us=self._exposure_us,
                gain_db=self._gain_db,
                image=image,
            )
        )

    def _number_of(self, frame_id: int | None) -> int:
        if frame_id is None:
            return self._next_number
        if self._first_id is None:
            self._first_id = frame_id
        return frame_id - self._first_id


def _prepare(device: Any, vmbpy: Any) -> None:
    """Free running, mono where the camera has it, exposure and gain in our hands."""
    if vmbpy.PixelFormat.Mono8 in device.get_pixel_formats():
        device.set_pixel_format(vmbpy.PixelFormat.Mono8)
    for name, value in (("TriggerMode", "Off"), ("ExposureAuto", "Off"), ("GainAuto", "Off")):
        if (feature := _feature(device, name)) is not None and feature.is_writeable():
            feature.set(value)


def _opened(device: Any) -> Opened:
    identity = Identity(
        model=device.get_model(),
        serial_number=device.get_serial(),
        firmware=str(_value(device, "DeviceFirmwareVersion", "")),
    )
    size_px = int(_value(device, "Width", 0)), int(_value(device, "Height", 0))
    exposure = _range(device, "ExposureTime")
    if exposure is not None:
        exposure = exposure[0], min(exposure[1], LONGEST_EXPOSURE_US)
    return Opened(
        identity=identity, size_px=size_px, exposure_range_us=exposure, gain_range_db=_range(device, "Gain")
    )


def _set(device: Any, opened: Opened, wanted: Wanted) -> None:
    """Set what is wanted. Raises RefusedError with the allowed range."""
    for what, value, allowed, unit, name in (
        ("exposure", wanted.exposure_us, opened.exposure_range_us, "us", "ExposureTime"),
        ("gain", wanted.gain_db, opened.gain_range_db, "dB", "Gain"),
    ):
        if value is None:
            continue
        if wrong := outside(what, value, allowed, unit):
            raise RefusedError(wrong)
        device.get_feature_by_name(name).set(value)


def _feature(device: Any, name: str) -> Any | None:
    """Return a feature, None where the camera has none of that name."""
    found = {feature.get_name(): feature for feature in device.get_all_features()}
    return found.get(name)


def _value(device: Any, name: str, otherwise: Any) -> Any:
    feature = _feature(device, name)
    return feature.get() if feature is not None and feature.is_readable() else otherwise


def _range(device: Any, name: str) -> Range | None:
    feature = _feature(device, name)
    if feature is None or not feature.is_writeable():
        return None
    low, high = feature.get_range()
    return float(low), float(high)


def _mono(frame: Any, vmbpy: Any) -> Image:
    """Return a copy: the buffer goes back to the camera."""
    if frame.get_pixel_format() != vmbpy.PixelFormat.Mono8:
        frame = frame.convert_pixel_format(vmbpy.PixelFormat.Mono8)
    image: Image = np.array(frame.as_numpy_ndarray()[:, :, 0], dtype=np.uint8)
    return image
