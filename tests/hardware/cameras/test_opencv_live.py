"""OpenCV on live sources: a network camera on this machine, and a stand-in for a V4L2 device's handle."""

import math
import threading

import cv2
import numpy as np
import pytest

from hardware.cameras import opencv
from hardware.cameras.interface import LinkState, Origin
from tests.hardware.cameras.camera_thread import poll_until
from tests.hardware.cameras.mjpeg_server import network_camera


def test_a_stream_is_shown_lost_when_it_is_cut_and_shown_again(make, hand):
    with network_camera() as (url, cut):
        camera = make(url)
        frames = poll_until(camera, hand, lambda frames: len(frames) > 3)
        assert camera.origin is Origin.REAL
        assert camera.size_px == (160, 120)
        assert camera.identity.model == "127.0.0.1"
        assert frames[-1].image.mean() == pytest.approx(90, abs=2)
        assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})
        for handed, frame in enumerate(frames, start=1):
            assert handed + frame.dropped == frame.number + 1
        cut.set()
        poll_until(camera, hand, lambda _: camera.link is LinkState.LOST)
        assert camera.problem == f"camera {url}: gives no picture any more; check its cable"
        assert camera.identity is None
        cut.clear()
        again = poll_until(camera, hand, lambda frames: frames, step_s=0.01)
        assert again[0].number == again[0].dropped


class Device:
    """What OpenCV's handle of a V4L2 device does, as documented. `shutter` lets a frame through."""

    def __init__(self, exposure=50.0, takes=True):
        self.values = {cv2.CAP_PROP_FRAME_WIDTH: 160.0, cv2.CAP_PROP_FRAME_HEIGHT: 120.0}
        self.values |= {cv2.CAP_PROP_EXPOSURE: exposure, cv2.CAP_PROP_POS_MSEC: 0.0}
        self.takes = takes
        self.gone = False
        self.released = False
        self.shutter = threading.Semaphore(0)

    def isOpened(self):  # noqa: N802  # OpenCV's name
        return True

    def get(self, name):
        return self.values.get(name, 0.0)

    def set(self, name, value):
        if self.takes:
            self.values[name] = float(value)
        return self.takes

    def read(self):
        if self.gone or not self.shutter.acquire(timeout=5.0) or self.gone:
            return False, None
        return True, np.full((120, 160, 3), 33, np.uint8)

    def release(self):
        self.released = True

    def unplug(self):
        self.gone = True
        self.shutter.release()


@pytest.fixture
def plug_in(monkeypatch):
    """Make /dev/null, which every user may open, this device."""
    plugged = []

    def plug(device):
        plugged.append(device)
        monkeypatch.setattr(opencv, "_opened_capture", lambda _: device)
        return device

    yield plug
    for device in plugged:
        device.unplug()


def frame_of(camera, hand, device):
    device.shutter.release()
    (frame,) = poll_until(camera, hand, lambda frames: frames)
    return frame


def test_an_exposure_is_told_in_microseconds_as_the_device_took_it(make, hand, plug_in):
    device = plug_in(Device())
    camera = make("/dev/null", exposure_us=2049.0)
    frame = frame_of(camera, hand, device)
    assert device.values[cv2.CAP_PROP_AUTO_EXPOSURE] == 1.0
    assert device.values[cv2.CAP_PROP_EXPOSURE] == 20.0
    assert frame.exposure_us == 2000.0
    assert camera.exposure_range_us == (100.0, 500_000.0)
    assert frame.image.shape == (120, 160)
    device.unplug()


def test_an_exposure_is_changed_while_it_runs(make, hand, plug_in):
    device = plug_in(Device())
    camera = make("/dev/null")
    assert math.isnan(frame_of(camera, hand, device).exposure_us)
    camera.set_exposure_us(10_000.0)
    # One read was under way as the wish came.
    frame_of(camera, hand, device)
    assert frame_of(camera, hand, device).exposure_us == 10_000.0
    with pytest.raises(ValueError, match="exposure 99 us asked, 100 to 500000 us allowed"):
        camera.set_exposure_us(99.0)
    with pytest.raises(ValueError, match="gain cannot be set"):
        camera.set_gain_db(3.0)
    device.unplug()


@pytest.mark.parametrize(
    ("device", "said"),
    [(Device(exposure=-1.0), "exposure cannot be set"), (Device(takes=False), "did not take an exposure")],
)
def test_a_device_that_takes_no_exposure_is_refused_where_one_is_asked_for(make, hand, plug_in, device, said):
    plug_in(device)
    camera = make("/dev/null", exposure_us=1000.0)
    poll_until(camera, hand, lambda _: camera.link is LinkState.REFUSED)
    assert said in camera.problem
    assert device.released


def test_a_frame_that_waited_in_the_driver_is_as_old_as_its_stamp_says(make, hand, plug_in):
    device = plug_in(Device())
    camera = make("/dev/null")
    ages_s = []
    for stamp_s, passing_s in ((7.0, 0.0), (7.1, 0.1), (7.2, 1.1)):
        hand.now_s += passing_s
        device.values[cv2.CAP_PROP_POS_MSEC] = stamp_s * 1000.0
        ages_s.append(hand.now_s - frame_of(camera, hand, device).taken_s)
    assert ages_s == pytest.approx([0.0, 0.0, 1.0])
    device.unplug()


def test_an_unplugged_device_is_lost(make, hand, plug_in):
    device = plug_in(Device())
    camera = make("/dev/null")
    frame_of(camera, hand, device)
    device.unplug()
    poll_until(camera, hand, lambda _: camera.link is LinkState.LOST)
    assert camera.problem == "camera /dev/null: gives no picture any more; check its cable"
    assert device.released


def test_a_device_that_hangs_is_lost_and_no_second_thread_is_started_beside_it(make, hand, plug_in):
    device = plug_in(Device())
    camera = make("/dev/null")
    frame_of(camera, hand, device)
    threads = threading.active_count()
    hand.now_s += 2.1
    camera.poll(hand.now_s)
    assert camera.link is LinkState.LOST
    for _ in range(50):
        hand.now_s += 1.0
        assert camera.poll(hand.now_s) is None
    assert threading.active_count() == threads
    assert "no frame for 2 s" in camera.problem
    device.unplug()
