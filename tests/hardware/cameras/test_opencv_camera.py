"""The OpenCV camera on real files and a real stream; a V4L2 device alone is a stand-in here."""

import math

import cv2
import numpy as np
import pytest

from hardware.cameras.interface import LinkState, Origin
from hardware.cameras.source import is_recording, recording_path
from tests.hardware.cameras.camera_thread import poll_until

RATE_HZ = 25.0
FRAMES = 20
SIZE_PX = (160, 120)


def level(number):
    return 20 + 10 * number


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Twenty flat frames, each brighter than the one before, as MJPG in an AVI of 25 frames a second."""
    path = tmp_path_factory.mktemp("video") / "ring one.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, SIZE_PX)
    assert writer.isOpened()
    for number in range(FRAMES):
        writer.write(np.full((SIZE_PX[1], SIZE_PX[0], 3), level(number), np.uint8))
    writer.release()
    return path


def lost(camera):
    return lambda _frames: camera.link is LinkState.LOST


def played(camera, hand):
    """Move the clock by a frame's time whenever a frame has come; return them all."""
    frames = []
    for _ in range(FRAMES):
        frames += poll_until(camera, hand, lambda frames: frames)
        hand.now_s += 1.0 / RATE_HZ
    return frames


def test_a_recording_plays_once_frame_by_frame_and_then_it_is_lost_with_a_reason(make, hand, recording):
    camera = make(recording)
    frames = played(camera, hand)
    poll_until(camera, hand, lost(camera))
    assert [frame.number for frame in frames] == list(range(FRAMES))
    assert [frame.dropped for frame in frames] == [0] * FRAMES
    for frame in frames:
        assert frame.image.dtype == np.uint8
        assert frame.image.shape == (SIZE_PX[1], SIZE_PX[0])
        assert frame.image.mean() == pytest.approx(level(frame.number), abs=2.0)
    assert camera.problem == (
        f"camera {recording}: the recording has ended after {FRAMES} frames; start again to play it again"
    )


def test_its_frames_lie_on_the_grid_of_its_own_rate(make, hand, recording):
    camera = make(recording)
    frames = played(camera, hand)
    steps = np.diff([frame.taken_s for frame in frames])
    assert steps == pytest.approx([1.0 / RATE_HZ] * (FRAMES - 1))


def test_while_the_clock_stands_no_more_than_the_first_frame_comes(make, hand, recording):
    camera = make(recording)
    (first,) = poll_until(camera, hand, lambda frames: frames)
    assert (first.number, first.taken_s) == (0, hand.now_s)
    for _ in range(100):
        assert camera.poll(hand.now_s) is None


def test_frames_that_a_slow_poll_passed_over_are_counted(make, hand, recording):
    camera = make(recording)
    frames = poll_until(camera, hand, lost(camera), step_s=0.15)
    assert frames[-1].number == FRAMES - 1
    for handed, frame in enumerate(frames, start=1):
        assert handed + frame.dropped == frame.number + 1


def test_an_ended_recording_does_not_begin_again_by_itself(make, hand, recording):
    camera = make(recording)
    poll_until(camera, hand, lost(camera), step_s=0.1)
    hand.now_s += 100.0
    assert camera.poll(hand.now_s) is None
    assert camera.link is LinkState.LOST


def test_what_is_known_of_a_recording(make, hand, recording):
    camera = make(recording)
    assert (camera.link, camera.identity, camera.size_px) == (LinkState.CONNECTING, None, None)
    (frame,) = poll_until(camera, hand, lambda frames: frames)
    assert camera.link is LinkState.READY
    assert camera.identity.model == "ring one.avi"
    assert camera.size_px == SIZE_PX
    assert math.isnan(frame.exposure_us)
    assert math.isnan(frame.gain_db)
    assert camera.origin is Origin.SIM


def test_exposure_and_gain_of_a_recording_are_refused_in_words(make, hand, recording):
    camera = make(recording)
    poll_until(camera, hand, lambda frames: frames)
    assert camera.exposure_range_us is camera.gain_range_db is None
    with pytest.raises(ValueError, match="exposure cannot be set"):
        camera.set_exposure_us(1000.0)
    with pytest.raises(ValueError, match="gain cannot be set"):
        camera.set_gain_db(1.0)


def test_a_recording_with_an_exposure_in_its_configuration_is_refused(make, hand, recording):
    camera = make(recording, exposure_us=1000.0)
    poll_until(camera, hand, lambda _: camera.link is LinkState.REFUSED)
    assert "leave out exposure_us" in camera.problem


def test_a_file_url_is_the_file(make, hand, recording):
    camera = make(recording.as_uri())
    assert "%20" in recording.as_uri()
    poll_until(camera, hand, lambda frames: frames)
    assert camera.size_px == SIZE_PX


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/nowhere/ring.avi", "no such file; check the source"),
        ("/dev/video-of-nobody", "is not there; check that the camera is plugged in"),
        ("987", "is not there; check that the camera is plugged in"),
        ("http://127.0.0.1:9/ring", "cannot be opened; check the source"),
    ],
)
def test_what_cannot_be_opened_is_lost_with_what_to_do(make, hand, source, said):
    camera = make(source)
    poll_until(camera, hand, lost(camera))
    assert camera.problem.startswith(f"camera {source}: {said}")
    assert "\n" not in camera.problem


def test_a_file_that_is_no_video_is_named(make, hand, tmp_path):
    path = tmp_path / "ring.avi"
    path.write_text("no video")
    camera = make(path)
    poll_until(camera, hand, lost(camera))
    assert camera.problem.startswith(f"camera {path}: cannot be opened")


def test_a_device_that_appears_later_is_opened_after_growing_pauses(make, hand):
    camera = make("987")
    tried_s = []
    for _ in range(4):
        poll_until(camera, hand, lambda _: camera.link is LinkState.CONNECTING, step_s=0.1)
        tried_s.append(hand.now_s)
        poll_until(camera, hand, lost(camera))
    pauses_s = np.diff(tried_s)
    assert pauses_s == pytest.approx([0.5, 1.0, 2.0], abs=0.11)


def test_closing_ends_the_thread_in_the_middle_of_a_recording(make, hand, recording):
    camera = make(recording)
    poll_until(camera, hand, lambda frames: frames)
    camera.close()
    assert camera.link is LinkState.CLOSED
    assert camera.poll(hand.now_s + 10.0) is None


@pytest.mark.parametrize(
    ("source", "is_a_recording"),
    [
        ("0", False),
        ("/dev/video0", False),
        ("/dev/v4l/by-id/usb-camera", False),
        ("rtsp://camera/1", False),
        ("/data/ring.mkv", True),
        ("file:///data/ring.mkv", True),
    ],
)
def test_a_recording_is_told_from_a_camera(source, is_a_recording):
    assert is_recording(source) is is_a_recording


def test_a_file_url_is_decoded():
    assert str(recording_path("file:///data/a%20ring.mkv")) == "/data/a ring.mkv"
