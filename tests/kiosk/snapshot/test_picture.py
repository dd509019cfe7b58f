"""The kiosk's picture: the newest frame in memory, reduced, no more often than the panel needs it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.camera.frame_memory import FrameWriter
from tosca_kiosk.kiosk.snapshot.picture import COPY_EVERY_S, PictureSource, reduced
from tosca_kiosk.machine.runtime import FRAMES_FILE

FRAME_S = 1 / 30


@pytest.fixture
def writer(tmp_path):
    frames = FrameWriter(tmp_path)
    yield frames
    frames.close()


@pytest.fixture
def source(tmp_path):
    pictures = PictureSource(tmp_path)
    yield pictures
    pictures.close()


def publish(writer, number, taken_s, content=None, **more):
    """Publish a frame with a picture of its own, or with the content of an earlier one."""
    content = number if content is None else content
    image = np.full((40, 60), content, np.uint8)
    writer.publish(image, number=number, taken_s=taken_s, content=content, **{"simulated": True, **more})


def test_a_frame_is_shown_with_its_time_and_rate(writer, source):
    for number in range(60):
        now_s = 100.0 + number * FRAME_S
        publish(writer, number, now_s)
        picture = source.newest(now_s, wanted=True)
    assert picture.rate_hz == pytest.approx(30.0)
    assert picture.pixels.max() == picture.content
    assert picture.live(picture.taken_s + 0.5)
    assert not picture.live(picture.taken_s + 0.51)


def test_a_slow_camera_is_shown_as_slow(writer, source):
    for frame in range(6):
        publish(writer, 15 * frame, 100.0 + 0.5 * frame)
        picture = source.newest(100.0 + 0.5 * frame, wanted=True)
    assert picture.rate_hz == pytest.approx(30.0)
    for frame in range(6):
        publish(writer, 100 + frame, 110.0 + 0.5 * frame)
        picture = source.newest(110.0 + 0.5 * frame, wanted=True)
    assert picture.rate_hz == pytest.approx(2.0)


def test_pictures_are_copied_no_more_often_than_wanted(writer, source):
    copied = set()
    for number in range(30):
        now_s = 100.0 + number * FRAME_S
        publish(writer, number, now_s)
        copied.add(source.newest(now_s, wanted=True))
    assert 10 <= len(copied) <= 1.0 / COPY_EVERY_S
    assert source.newest(101.1, wanted=False) in copied
    publish(writer, 40, 101.2)
    assert source.newest(101.2, wanted=False) in copied, "no screen shows it"


def test_a_restarted_camera_counts_its_rate_anew(tmp_path, writer, source):
    publish(writer, 200, 100.0)
    source.newest(100.0, wanted=True)
    again = FrameWriter(tmp_path)
    publish(again, 0, 103.0)
    assert source.newest(103.0, wanted=True).rate_hz is None
    again.close()


def test_a_source_that_repeats_itself_is_not_live_and_has_no_rate_of_its_own(writer, source):
    """The counter runs and the time with it: neither makes an old picture a new one."""
    for number in range(60):
        publish(writer, number, 100.0 + number * FRAME_S)
        live = source.newest(100.0 + number * FRAME_S, wanted=True)
    for number in range(60, 120):
        now_s = 100.0 + number * FRAME_S
        publish(writer, number, now_s, content=59)
        picture = source.newest(now_s, wanted=True)
        assert picture.live(now_s) is (number <= 59 + 15)
    assert picture.taken_s == pytest.approx(live.taken_s, abs=2.1 * FRAME_S)
    now_s += FRAME_S
    publish(writer, 120, now_s, content=60)
    assert source.newest(now_s, wanted=True).live(now_s)


def test_half_the_pictures_repeated_are_half_the_rate(writer, source):
    for number in range(90):
        now_s = 100.0 + number * FRAME_S
        publish(writer, number, now_s, content=number // 2)
        picture = source.newest(now_s, wanted=True)
    assert picture.rate_hz == pytest.approx(15.0, rel=0.05)


def test_a_covered_picture_is_known_as_such(writer, source):
    publish(writer, 1, 100.0, covered=True)
    assert source.newest(100.0, wanted=True).covered
    publish(writer, 2, 100.1)
    assert not source.newest(100.1, wanted=True).covered


def test_frames_that_were_removed_are_a_problem_and_no_live_picture(writer, source, tmp_path):
    publish(writer, 1, 100.0)
    assert source.newest(100.0, wanted=True).live(100.0)
    (tmp_path / FRAMES_FILE).unlink()
    assert not source.newest(100.6, wanted=True).live(100.6)
    assert source.problem.startswith("the camera's memory was lost")


def test_no_camera_gives_no_picture(source):
    assert source.newest(100.0, wanted=True) is None
    assert not source.simulated


def test_a_frame_that_is_simulated_is_known_as_such_on_every_screen(writer, source):
    publish(writer, 1, 100.0)
    source.newest(100.0, wanted=False)
    assert source.simulated
    publish(writer, 2, 100.1, simulated=False)
    source.newest(100.1, wanted=False)
    assert not source.simulated


@settings(max_examples=50, deadline=None)
@given(
    height=st.integers(1, 90), width=st.integers(1, 90), wanted=st.integers(6, 60), level=st.integers(0, 255)
)
def test_a_reduced_picture_is_about_as_wide_as_wanted_and_as_bright_as_before(height, width, wanted, level):
    small = reduced(np.full((height, width), level, np.uint8), wanted)
    assert small.dtype == np.uint8
    assert small.size > 0
    assert (small == level).all()
    # Blocks are square: a picture that is low enough for its width is a single row before it is so narrow.
    assert small.shape[1] <= 1.5 * wanted or small.shape[0] == 1


def test_a_picture_of_few_rows_keeps_one():
    assert reduced(np.zeros((2, 3000), np.uint8)).shape == (1, 1500)


def test_a_reduced_picture_holds_means():
    image = np.zeros((8, 8), np.uint8)
    image[:2, :2] = [[0, 100], [200, 100]]
    small = reduced(image, 4)
    assert small.shape == (4, 4)
    assert small[0, 0] == 100
    assert small.sum() == 100
