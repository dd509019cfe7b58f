"""As much of the module vmbpy 1.2.3 as the driver uses, with one camera that the test holds in its hand.

Written from the package's own documentation; it has never been compared with a camera.
"""

from enum import Enum
from types import SimpleNamespace

import numpy as np


class VmbCameraError(Exception):
    pass


class VmbTransportLayerError(Exception):
    pass


class Feature:
    def __init__(self, name, value, allowed=None, writeable=True):
        self.name, self.value, self.allowed, self.writeable = name, value, allowed, writeable

    def get_name(self):
        return self.name

    def get(self):
        return self.value

    def set(self, value):
        if self.allowed is not None and not self.allowed[0] <= value <= self.allowed[1]:
            raise ValueError("out of range")
        self.value = value

    def get_range(self):
        return self.allowed

    def is_writeable(self):
        return self.writeable

    def is_readable(self):
        return True


class PixelFormat(Enum):
    Mono8 = "Mono8"
    BayerRG8 = "BayerRG8"


class FrameStatus(Enum):
    Complete = 0
    Incomplete = -1


class Frame:
    def __init__(self, number, stamp, buffer, status=FrameStatus.Complete, pixel_format=PixelFormat.Mono8):
        self.number, self.stamp, self.buffer = number, stamp, buffer
        self.status, self.pixel_format = status, pixel_format

    def get_status(self):
        return self.status

    def get_id(self):
        return self.number

    def get_timestamp(self):
        return self.stamp

    def get_pixel_format(self):
        return self.pixel_format

    def convert_pixel_format(self, pixel_format):
        return Frame(self.number, self.stamp, self.buffer, self.status, pixel_format)

    def as_numpy_ndarray(self):
        return self.buffer[:, :, np.newaxis]


class Camera:
    """An 1800 U-158c. `give` is a frame's arrival."""

    def __init__(self, serial="0F6E1"):
        self.serial = serial
        self.open = self.streaming = False
        self.handler = None
        self.formats = (PixelFormat.BayerRG8, PixelFormat.Mono8)
        self.pixel_format = PixelFormat.BayerRG8
        self.buffer = np.zeros((1088, 1456), np.uint8)
        self.queued = []
        features = (
            Feature("ExposureTime", 5000.0, (20.0, 10_000_000.0)),
            Feature("Gain", 0.0, (0.0, 24.0)),
            Feature("ExposureAuto", "Continuous"),
            Feature("GainAuto", "Continuous"),
            Feature("Width", 1456),
            Feature("Height", 1088),
            Feature("DeviceFirmwareVersion", "11.0"),
        )
        self.features = {feature.name: feature for feature in features}

    def __enter__(self):
        self.open = True
        return self

    def __exit__(self, *_):
        self.open = False

    def get_serial(self):
        return self.serial

    def get_model(self):
        return "1800 U-158c"

    def get_all_features(self):
        assert self.open
        return tuple(self.features.values())

    def get_feature_by_name(self, name):
        return self.features[name]

    def get_pixel_formats(self):
        return self.formats

    def set_pixel_format(self, pixel_format):
        assert not self.streaming
        self.pixel_format = pixel_format

    def start_streaming(self, handler, buffer_count):
        assert buffer_count > 1
        self.handler, self.streaming = handler, True

    def stop_streaming(self):
        self.handler, self.streaming = None, False

    def queue_frame(self, frame):
        self.queued.append(frame)

    def give(self, number, stamp=None, grey=0, **frame):
        """Hand a frame over in the camera's one buffer, as the next one will be."""
        self.buffer[:] = grey
        frame = Frame(number, stamp, self.buffer, pixel_format=self.pixel_format, **frame)
        self.handler(self, None, frame)
        assert self.queued.pop() is frame


class System:
    def __init__(self, cameras):
        self.cameras = cameras
        self.running = False

    def __enter__(self):
        self.running = True
        return self

    def __exit__(self, *_):
        self.running = False

    def get_all_cameras(self):
        assert self.running
        return tuple(self.cameras)


def module(*cameras):
    """Return a vmbpy with these cameras plugged in."""
    system = System(list(cameras))
    return SimpleNamespace(
        VmbSystem=SimpleNamespace(get_instance=lambda: system),
        PixelFormat=PixelFormat,
        FrameStatus=FrameStatus,
        VmbCameraError=VmbCameraError,
        VmbTransportLayerError=VmbTransportLayerError,
        system=system,
    )
