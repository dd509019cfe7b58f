"""The simulated camera as a camera: its grid of frames, its counters and what can go wrong with it."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.cameras.content import Content, ContentWatch
from hardware.cameras.interface import LinkState, Origin
from simulators.camera.simulated import FRAME_S, SimulatedCamera
from tests.simulators.camera.camera_bench import LIT, ROOM, Bench


def test_it_gives_30_frames_a_second_however_often_it_is_polled():
    for poll_s in (0.001, 0.01, 0.02):
        frames = Bench().frames_in(2.0, poll_s)
        assert [frame.number for frame in frames] == list(range(len(frames)))
        assert len(frames) in (59, 60)
        assert frames[-1].dropped == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.001, 0.4), min_size=1, max_size=40))
def test_every_frame_is_handed_over_or_counted_as_dropped(pauses_s):
    bench = Bench()
    now_s, handed = 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        frame = bench.camera.poll(now_s)
        if frame is not None:
            handed += 1
            assert frame.number + 1 == handed + frame.dropped
            assert 0.0 <= now_s - frame.taken_s + 1e-6 <= FRAME_S + 2e-6
            assert frame.taken_s == pytest.approx((frame.number + 1) * FRAME_S)


def test_the_world_is_asked_once_a_frame_and_a_picture_only_when_looked_at():
    bench = Bench()
    frames = bench.frames_in(1.0, 0.001)
    assert bench.asked == len(frames) + 1
    assert frames[0].image is frames[0].image


@pytest.mark.process
def test_without_a_look_at_a_picture_opencv_is_never_loaded():
    """A session in fast time polls for hours of virtual time, and must start at once."""
    program = (
        "import sys\n"
        "from simulators.camera.simulated import SimulatedCamera\n"
        "from simulators.camera.truth import OpticalState\n"
        "camera = SimulatedCamera(OpticalState)\n"
        "frames = [camera.poll(tick / 100) for tick in range(100)]\n"
        "assert any(frames) and 'cv2' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_it_says_what_it_is():
    camera = Bench().camera
    assert (camera.key, camera.origin, camera.link) == ("camera", Origin.SIM, LinkState.READY)
    assert camera.identity.serial_number == "SIM-CAMERA"
    assert camera.size_px == (728, 544)


def test_exposure_and_gain_take_effect_with_the_next_frame():
    bench = Bench()
    bench.camera.set_exposure_us(2000.0)
    bench.camera.set_gain_db(6.0)
    frame = bench.frame()
    assert (frame.exposure_us, frame.gain_db) == (2000.0, 6.0)


@pytest.mark.parametrize("value", [0.0, 99.0, 33_001.0, math.nan, math.inf])
def test_an_exposure_out_of_range_is_refused_with_the_range(value):
    camera = Bench().camera
    with pytest.raises(ValueError, match=r"exposure .* us asked, 100 to 33000 us allowed"):
        camera.set_exposure_us(value)
    with pytest.raises(ValueError, match="exposure"):
        SimulatedCamera(lambda: LIT, exposure_us=value)


@pytest.mark.parametrize("value", [-0.1, 24.1, math.nan])
def test_a_gain_out_of_range_is_refused_with_the_range(value):
    with pytest.raises(ValueError, match=r"gain .* dB asked, 0 to 24 dB allowed"):
        Bench().camera.set_gain_db(value)


def test_unplugged_it_is_lost_and_begins_anew_when_it_is_back():
    bench = Bench()
    bench.frames_in(1.0)
    bench.state = LIT._replace(unplugged=True)
    assert bench.frames_in(1.0) == []
    assert (bench.camera.link, bench.camera.identity) == (LinkState.LOST, None)
    assert bench.camera.problem == "camera simulated: is not plugged in; check its cable"
    bench.state = LIT
    frames = bench.frames_in(1.0)
    assert (bench.camera.link, bench.camera.problem) == (LinkState.READY, None)
    assert (frames[0].number, frames[0].dropped) == (0, 0)


def test_frozen_its_counter_stands_and_after_two_seconds_it_is_lost():
    bench = Bench()
    bench.frames_in(1.0)
    bench.state = LIT._replace(frozen=True)
    assert bench.frames_in(1.9) == []
    assert bench.camera.link is LinkState.READY
    bench.frames_in(0.3)
    assert bench.camera.link is LinkState.LOST
    assert "no frame for 2 s" in bench.camera.problem
    bench.state = LIT
    assert bench.frames_in(1.0)
    assert bench.camera.link is LinkState.READY


def test_after_a_short_freeze_it_goes_on_counting_and_none_is_dropped():
    bench = Bench()
    before = bench.frames_in(0.5)
    bench.state = LIT._replace(frozen=True)
    bench.frames_in(0.5)
    bench.state = LIT
    after = bench.frames_in(0.5)
    assert after[0].number == before[-1].number + 1
    assert after[-1].dropped == 0


def test_its_content_grows_with_every_picture_and_goes_on_over_a_reopening():
    bench = Bench()
    contents = [frame.content for frame in bench.frames_in(1.0)]
    bench.state = LIT._replace(unplugged=True)
    bench.frames_in(1.0)
    bench.state = LIT
    contents += [frame.content for frame in bench.frames_in(1.0)]
    assert contents == list(range(len(contents)))


def test_repeating_its_counter_and_time_run_and_its_picture_and_content_stand():
    bench = Bench()
    last = bench.frames_in(0.5)[-1]
    bench.state = LIT._replace(repeats=True, laser_power_w=0.0, dark=True)
    again = bench.frames_in(0.5)
    assert again[-1].number == last.number + len(again)
    assert again[-1].taken_s > last.taken_s
    assert {frame.content for frame in again} == {last.content}
    assert not any(frame.covered for frame in again)
    assert np.array_equal(again[-1].image, last.image)
    bench.state = LIT
    assert bench.frame().content == last.content + 1


@pytest.mark.slow
@pytest.mark.parametrize("exposure_us", [100.0, 1000.0, 10_000.0, 33_000.0])
@pytest.mark.parametrize("gain_db", [0.0, 24.0])
@pytest.mark.parametrize("noise", [1.0, 30.0, 100.0])
@pytest.mark.parametrize("state", [ROOM, LIT, LIT._replace(dark=True)], ids=["room", "lit", "covered"])
def test_what_it_says_of_a_picture_without_painting_it_is_what_its_pixels_say(
    state, noise, exposure_us, gain_db
):
    """Where it is a near thing it may say that a picture is covered, or no new one, but never the reverse."""
    bench = Bench(state._replace(noise=noise), exposure_us=exposure_us, gain_db=gain_db)
    watch = ContentWatch()
    told, seen = [], []
    for frame in (bench.frame() for _ in range(4)):
        told.append(Content(frame.content, frame.covered))
        seen.append(watch.look(frame.image))
    if told != seen:
        assert all(said.covered >= is_so.covered for said, is_so in zip(told, seen, strict=True))
        assert told[-1].number <= seen[-1].number


def test_slow_it_gives_two_frames_a_second_and_none_is_dropped():
    bench = Bench()
    bench.frames_in(1.0)
    bench.state = LIT._replace(slow=True)
    slow = bench.frames_in(5.0)
    assert len(slow) in (10, 11)
    bench.state = LIT
    again = bench.frames_in(1.0)
    assert len(again) >= 14
    assert again[-1].dropped == 0


def test_closed_it_gives_no_frame_any_more():
    bench = Bench()
    bench.camera.close()
    assert bench.frames_in(1.0) == []
    assert bench.camera.link is LinkState.CLOSED
