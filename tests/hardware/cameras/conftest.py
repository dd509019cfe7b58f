"""What the OpenCV camera's tests share: a clock by hand, and cameras on it."""

from __future__ import annotations

import pytest

from hardware.cameras.opencv import OpenCvCamera
from hardware.settings import CameraSettings
from tests.hardware.cameras.camera_thread import Hand


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def make(hand):
    """Make cameras that are closed afterwards."""
    made = []

    def make_camera(source, **settings):
        made.append(OpenCvCamera(CameraSettings(driver="opencv", source=str(source), **settings), hand))
        return made[-1]

    yield make_camera
    for camera in made:
        camera.close()
