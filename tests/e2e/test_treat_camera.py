"""The camera in a session without a screen: its picture's age is journalled and decides, its pixels never."""

from __future__ import annotations

import pytest

from simulators.camera.picture import Painter
from tests.e2e.treat_bench import config_text, decided_again, protocol_text, treated

pytestmark = pytest.mark.slow

STAYS_S = 1.0
SCENARIO = """
name: Camera lost
description: The camera fails 2 s after the first light.
events:
  - at: emission + 2s
    camera.{fault}: true
"""


@pytest.fixture
def eight_seconds(tmp_path):
    path = tmp_path / "eight.json"
    path.write_text(protocol_text((8.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    return path


@pytest.fixture
def no_painter(monkeypatch):
    def paint(*_, **__):
        raise AssertionError("a picture was painted, and nobody looks")

    monkeypatch.setattr(Painter, "paint", paint)


@pytest.mark.parametrize("fault", ["frozen", "unplugged", "repeats"])
@pytest.mark.usefixtures("no_painter")
def test_a_camera_that_is_lost_ends_the_light_after_a_second(data_dir, warm, eight_seconds, tmp_path, fault):
    scenario = tmp_path / "lost.yaml"
    scenario.write_text(SCENARIO.format(fault=fault), encoding="utf-8")
    seen = treated(data_dir, eight_seconds, config=warm, scenario=scenario)
    assert seen.result["status"] == "aborted"
    assert seen.result["abort_reason"].startswith("camera: The live picture was lost.")
    _, ticks = decided_again(seen.journal)
    assert all(tick.line == tick.again for tick in ticks), "it replays alike"
    lit_s = [tick.inputs.now_s - tick.inputs.frame_s for tick in ticks if tick.outputs.laser_output]
    assert 0.9 < max(lit_s) <= STAYS_S


COVERED = """
name: Lens covered
description: The lens is covered from {at} on, over a sensor of {noise} times the usual noise.
events:
  - at: {at}
    camera.noise: {noise}
    camera.dark: true
"""


@pytest.fixture
def covered(tmp_path):
    """Make a scenario's file: from when on the lens is covered, and over how noisy a sensor."""

    def make(at, noise):
        path = tmp_path / "covered.yaml"
        path.write_text(COVERED.format(at=at, noise=noise), encoding="utf-8")
        return path

    return make


@pytest.mark.parametrize("noise", [1, 100], ids=["black", "noisy"])
@pytest.mark.usefixtures("no_painter")
def test_a_lens_that_is_covered_from_the_start_arms_nothing_and_says_so(
    data_dir, warm, eight_seconds, covered, noise
):
    seen = treated(data_dir, eight_seconds, config=warm, scenario=covered("0s", noise))
    assert seen.result["status"] == "aborted"
    assert (
        "The camera's picture is black or clipped all over. Uncover the lens" in seen.result["abort_reason"]
    )
    assert seen.world.true_energy_j() == 0.0
    _, ticks = decided_again(seen.journal)
    assert all(tick.line == tick.again for tick in ticks), "it replays alike"
    assert {tick.inputs.frame_covered for tick in ticks} == {True}


@pytest.mark.usefixtures("no_painter")
def test_a_black_picture_that_changes_under_light_is_live_and_ends_nothing(
    data_dir, warm, eight_seconds, covered
):
    seen = treated(data_dir, eight_seconds, config=warm, scenario=covered("emission + 2s", 100))
    assert seen.result["status"] == "completed"
    _, ticks = decided_again(seen.journal)
    assert {tick.inputs.frame_covered for tick in ticks if tick.outputs.laser_output} == {False, True}


def test_a_cart_that_says_none_treats_without(data_dir, short, tmp_path):
    config = tmp_path / "none.yaml"
    changes = {"simulation__warm": True, "simulation__seed": 11, "camera": "none"}
    config.write_text(config_text(**changes), encoding="utf-8")
    seen = treated(data_dir, short, config=config)
    assert seen.result["status"] == "completed"
    _, ticks = decided_again(seen.journal)
    assert {tick.inputs.frame_s for tick in ticks} == {None}
