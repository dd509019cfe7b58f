"""The live picture: upright, in its proportions, and nothing of it left when it is not live."""

import numpy as np
import pytest

from tosca_kiosk.kiosk import widgets as ui

SIZE = (400, 300)


@pytest.fixture
def picture(stage):
    return stage.show(ui.UiLivePicture(message="NO LIVE IMAGE", rate="LIVE 30 fps"), SIZE)


def seen(stage):
    return stage.picture()[-SIZE[1] :, : SIZE[0]].astype(int)


def halves(bright, height=120, width=160):
    """Return a picture that is white in one half and black in the other."""
    image = np.zeros((height, width), np.uint8)
    image[{"top": np.s_[: height // 2], "left": np.s_[:, : width // 2]}[bright]] = 255
    return image


def test_the_first_row_is_at_the_top_and_the_first_column_at_the_left(stage, picture):
    picture.live = True
    picture.show(halves("top"))
    stage.turn(3)
    shown = seen(stage)
    assert shown[100:130, 300:390].min() > 240
    assert shown[200:290, 300:390].max() < 15
    picture.show(halves("left"))
    stage.turn(3)
    shown = seen(stage)
    assert shown[200:290, 20:100].min() > 240
    assert shown[200:290, 300:390].max() < 15


def test_every_picture_that_is_shown_is_seen(stage, picture):
    picture.live = True
    for level in (10, 200, 90):
        picture.show(np.full((120, 160), level, np.uint8))
        stage.turn(2)
        assert abs(seen(stage)[250, 350] - level).max() <= 2


def test_a_picture_that_is_not_live_is_not_seen_at_all(stage, picture):
    without = seen(stage)
    picture.live = True
    picture.show(halves("top"))
    stage.turn(3)
    assert not np.array_equal(seen(stage), without)
    picture.live = False
    stage.turn(3)
    assert np.array_equal(seen(stage), without)


def test_live_without_a_picture_is_no_live_image(stage, picture):
    without = seen(stage)
    picture.live = True
    stage.turn(3)
    assert np.array_equal(seen(stage), without)


@pytest.mark.parametrize(("height", "width"), [(120, 100), (100, 200)])
def test_a_picture_of_another_size_keeps_its_proportions(stage, picture, height, width):
    picture.live, picture.rate = True, ""
    picture.show(halves("top"))
    picture.show(np.full((height, width), 255, np.uint8))
    stage.turn(3)
    white = (seen(stage) > 240).all(axis=2)
    across, upward = white.any(axis=0).sum(), white.any(axis=1).sum()
    assert across / upward == pytest.approx(width / height, rel=0.02)
    assert across == SIZE[0] or upward == SIZE[1]


@pytest.mark.parametrize("target", [0.25, 0.5])
def test_the_planned_ring_is_as_wide_as_its_share_of_the_picture(stage, picture, target):
    picture.live, picture.target, picture.rate = True, target, ""
    picture.show(np.zeros((300, 400), np.uint8))
    stage.turn(3)
    red, green, _ = np.moveaxis(seen(stage), 2, 0)
    across = np.flatnonzero((green - red > 60).any(axis=0))
    assert across[-1] - across[0] == pytest.approx(target * 400, abs=6)


@pytest.mark.parametrize("target", [None, 0.0, 1.5, float("nan")])
def test_a_ring_that_is_not_known_or_not_inside_is_not_drawn(stage, picture, target):
    picture.live, picture.target, picture.rate = True, target, ""
    picture.show(np.zeros((300, 400), np.uint8))
    stage.turn(3)
    red, green, _ = np.moveaxis(seen(stage), 2, 0)
    assert (green - red).max() < 60
