"""The age of the picture in control: polled or shared, a camera that stands still is an old picture."""

import math

import pytest

from hardware.cameras.interface import Frame
from simulators.camera.simulated import FRAME_S, SimulatedCamera
from simulators.camera.truth import OpticalState
from tosca_kiosk.camera.frame_memory import FrameWriter
from tosca_kiosk.control.frames import POLL_EVERY_S, PolledCamera, SharedFrames

TICK_S = 0.01


class World:
    """What the simulated camera sees."""

    def __init__(self):
        self.seen = OpticalState()

    def __call__(self):
        return self.seen


@pytest.fixture
def world():
    return World()


@pytest.fixture
def frames(world):
    return PolledCamera(SimulatedCamera(world))


def age_s(frames, now_s):
    newest_s = frames.newest_s(now_s)
    return None if newest_s is None else now_s - newest_s


def test_a_camera_that_runs_is_never_older_than_two_frames(frames):
    ages = [age_s(frames, tick * TICK_S) for tick in range(300)]
    assert all(0.0 <= age <= 2.0 * FRAME_S + TICK_S for age in ages[10:])


def test_no_picture_is_painted_for_its_age(world):
    camera = SimulatedCamera(world)
    frames = PolledCamera(camera)
    camera._painter = None
    assert [age_s(frames, tick * TICK_S) is None for tick in (0, 10)] == [True, False]


@pytest.mark.parametrize("fault", ["frozen", "unplugged"])
def test_a_camera_that_stops_ages_and_is_fresh_again_when_it_goes_on(frames, world, fault):
    for tick in range(100):
        frames.newest_s(tick * TICK_S)
    world.seen = OpticalState(**{fault: True})
    ages = [age_s(frames, tick * TICK_S) for tick in range(100, 300)]
    assert ages == sorted(ages)
    assert ages[-1] >= 1.9
    world.seen = OpticalState()
    ages = [age_s(frames, tick * TICK_S) for tick in range(300, 500)]
    assert ages[-1] <= 0.1


COVERED = 99
"""Number of a frame in which nothing can be seen."""


class ScriptedCamera:
    """Hands over frames as they are listed, (number, taken_s) each, or (number, taken_s, content)."""

    def __init__(self, *frames):
        self._frames = [*frames]

    def poll(self, now_s):
        number, taken_s, *content = self._frames.pop(0)
        return Frame(
            taken_s=taken_s,
            number=number,
            dropped=0,
            exposure_us=1.0,
            gain_db=0.0,
            content=content[0] if content else number,
            covered=number == COVERED,
            image=None,
        )


@pytest.mark.parametrize(
    "second",
    [(1, 0.1), (2, 5.0), (2, math.nan), (2, 0.1, 1)],
    ids=["stands", "future", "timeless", "repeats"],
)
def test_a_polled_frame_that_is_no_news_leaves_the_last_one_in_force(second):
    frames = PolledCamera(ScriptedCamera((1, 0.0), second, (3, 0.2)))
    assert [frames.newest_s(at_s) for at_s in (0.0, 0.1, 0.2)] == [0.0, 0.0, 0.2]


def test_between_two_frames_the_camera_is_not_asked():
    frames = PolledCamera(ScriptedCamera((1, 0.0)))
    assert frames.newest_s(0.0) == frames.newest_s(POLL_EVERY_S / 2) == 0.0


def test_whether_it_is_covered_is_known_from_the_newest_frame_and_before_the_first_it_is():
    frames = PolledCamera(ScriptedCamera((1, 0.0), (COVERED, 0.1), (2, 0.2)))
    assert frames.covered
    covered = []
    for at_s in (0.0, 0.1, 0.2):
        frames.newest_s(at_s)
        covered.append(frames.covered)
    assert covered == [False, True, False]


@pytest.mark.parametrize("change", [{"repeats": True}, {"dark": True}], ids=["repeats", "black"])
def test_a_camera_that_repeats_its_picture_ages_though_its_counter_runs(frames, world, change):
    for tick in range(100):
        frames.newest_s(tick * TICK_S)
    world.seen = OpticalState(**change)
    ages = [age_s(frames, tick * TICK_S) for tick in range(100, 300)]
    assert ages[10:] == sorted(ages[10:])
    assert ages[-1] >= 1.9
    world.seen = OpticalState()
    ages = [age_s(frames, tick * TICK_S) for tick in range(300, 500)]
    assert ages[-1] <= 0.1


def test_shared_frames_are_on_the_controllers_clock(tmp_path):
    frames, writer = SharedFrames(tmp_path, mono_offset_s=5000.0), FrameWriter(tmp_path)
    assert frames.newest_s(1.0) is None
    image = SimulatedCamera(OpticalState).poll(0.0)
    assert image is None, "the first frame comes a frame after the camera was opened"
    camera = SimulatedCamera(OpticalState)
    camera.poll(0.0)
    frame = camera.poll(FRAME_S)
    assert frames.covered, "unknown is covered"
    writer.publish(frame.image, number=frame.number, taken_s=5002.0, content=7)
    assert frames.newest_s(2.1) == pytest.approx(2.0)
    assert not frames.covered
    writer.publish(frame.image, number=frame.number + 1, taken_s=5002.2, content=7, covered=True)
    assert frames.newest_s(2.3) == pytest.approx(2.0), "the same picture under a new number"
    assert frames.covered
    frames.close()
    writer.close()
