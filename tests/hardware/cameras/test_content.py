"""Which picture is a new one, and in which there is nothing to be seen: by the pixels alone."""

import numpy as np
import pytest

from hardware.cameras.content import REMEMBERED, Content, ContentWatch, is_covered

SHAPE = (1088, 1456)


@pytest.fixture
def random():
    return np.random.default_rng(1)


def noisy(random, level, deviation, shape=SHAPE):
    picture = np.rint(random.normal(level, deviation, shape))
    return picture.clip(0, 255).astype(np.uint8)


def numbers(pictures):
    watch = ContentWatch()
    return [watch.look(picture).number for picture in pictures]


def test_a_picture_of_a_sensor_is_new_every_time(random):
    assert numbers(noisy(random, 40, 0.6) for _ in range(10)) == list(range(10))


def test_one_grey_level_in_one_pixel_makes_another_picture(random):
    first = noisy(random, 40, 2.0)
    second = first.copy()
    second[-1, -1] ^= 1
    assert numbers([first, second]) == [0, 1]


def test_the_same_bytes_again_are_no_new_picture_however_often(random):
    picture = noisy(random, 40, 2.0)
    assert numbers([picture, *(picture.copy() for _ in range(500))]) == [0] * 501


@pytest.mark.parametrize("buffers", [2, 8, REMEMBERED])
def test_buffers_that_go_round_are_no_new_pictures(random, buffers):
    """A driver whose device is dead may hand out what is left in its buffers, one after the other."""
    ring = [noisy(random, 40, 2.0, (48, 64)) for _ in range(buffers)]
    assert max(numbers(ring * 5)) == buffers - 1


def test_a_picture_whose_rows_do_not_lie_together_can_be_looked_at(random):
    wide = noisy(random, 40, 2.0)
    assert ContentWatch().look(wide[:, ::2]) == Content(0, False)


@pytest.mark.parametrize(
    ("level", "deviation", "covered"),
    [
        (0, 0.0, True),
        (0, 2.9, True),
        (4, 1.0, True),
        (16, 0.0, True),
        (17, 0.0, False),
        (40, 2.0, False),
        (128, 30.0, False),
        (238, 0.0, False),
        (239, 0.0, True),
        (255, 0.0, True),
        (252, 3.0, True),
    ],
)
def test_black_or_clipped_all_over_is_covered_whatever_the_noise(random, level, deviation, covered):
    assert is_covered(noisy(random, level, deviation)) is covered


@pytest.mark.parametrize("level", [0, 255])
def test_a_few_pixels_make_no_picture_and_a_spot_does(level):
    picture = np.full(SHAPE, level, np.uint8)
    picture[3, :1000] = 128
    assert is_covered(picture)
    picture[500:550, 500:550] = 128
    assert not is_covered(picture)
