"""The simulated camera: what a poll costs, and what a picture.

    pytest benchmarks/bench/test_bench_camera.py --benchmark-enable

A session in fast time polls and never looks; the camera process paints each frame, 30 a second, so a picture
has 33 ms, of which a quarter is its share. Without --benchmark-enable each test runs its subject once.
"""

from __future__ import annotations

from itertools import count

import pytest

from simulators.camera.optics import SENSOR_PX
from simulators.camera.simulated import FRAME_S, SimulatedCamera
from simulators.camera.truth import OpticalState, optical_state
from simulators.world import World

TREATING = OpticalState(ring_diameter_mm=3.0, laser_power_w=5.0, vibration_mg=2147.0)


def frame_of(state, binning):
    camera = SimulatedCamera(lambda: state, seed=1, binning=binning)
    camera.poll(0.0)
    return camera.poll(FRAME_S)


@pytest.mark.benchmark(group="picture")
@pytest.mark.parametrize("binning", [2, 1], ids=["728x544", "1456x1088"])
@pytest.mark.parametrize("diameter_mm", [2.0, 5.0], ids=["smallest ring", "widest ring"])
def test_picture(benchmark, diameter_mm, binning):
    """One picture from light to grey levels; the tiles of noise are made before."""
    camera = SimulatedCamera(lambda: TREATING._replace(ring_diameter_mm=diameter_mm), seed=1, binning=binning)
    camera.poll(0.0)
    numbers = count(1)

    def next_frame():
        return (camera.poll(next(numbers) * FRAME_S),), {}

    def look(frame):
        return frame.image

    look(next_frame()[0][0])
    image = benchmark.pedantic(look, setup=next_frame, rounds=100)

    assert image.shape == (SENSOR_PX[1] // binning, SENSOR_PX[0] // binning)


@pytest.mark.benchmark(group="first picture")
@pytest.mark.parametrize("binning", [2, 1], ids=["728x544", "1456x1088"])
def test_first_picture(benchmark, binning):
    """The first picture makes the tiles."""
    image = benchmark.pedantic(
        lambda frame: frame.image, setup=lambda: ((frame_of(TREATING, binning),), {}), rounds=3
    )

    assert image.max() > 0


@pytest.fixture
def world():
    world = World(seed=1, warm=True)
    world.smoothing.set_motor_pwm(127)
    world.advance(1.0)
    return world


@pytest.mark.benchmark(group="poll")
def test_poll_between_frames(benchmark, world):
    """Most polls of a loop at 100 Hz: no frame is due."""
    camera = SimulatedCamera(lambda: optical_state(world), seed=1)
    camera.poll(0.0)

    assert benchmark(camera.poll, FRAME_S / 2.0) is None


@pytest.mark.benchmark(group="poll")
def test_poll_with_a_frame(benchmark, world):
    """Ask the world, and hand over a frame that nobody looks at."""
    camera = SimulatedCamera(lambda: optical_state(world), seed=1)
    camera.poll(0.0)
    numbers = count(1)

    frame = benchmark(lambda: camera.poll(next(numbers) * FRAME_S))

    assert frame.dropped == 0
