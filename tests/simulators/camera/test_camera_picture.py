"""The simulated picture: every statement is about what can be measured in it, none about single pixels."""

import numpy as np
import pytest

from simulators.camera.optics import FULL_SCALE, FULL_WELL_E, PX_PER_MM, SENSOR_PX
from tests.simulators.camera.camera_bench import (
    LIT,
    ROOM,
    SMOOTH_MG,
    Bench,
    contrast,
    fitted_circle,
    grain_on_the_line,
    on_the_line,
    picture,
)

pytestmark = pytest.mark.slow

LONG_US = 33_000.0


@pytest.mark.parametrize("diameter_mm", [2.0, 3.3, 5.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_ring_is_where_the_truth_says_and_as_wide_as_the_optics_make_it(diameter_mm, seed):
    frame = Bench(LIT._replace(ring_diameter_mm=diameter_mm, laser_power_w=8.0), seed=seed).frame()
    x_px, y_px, radius_px = fitted_circle(frame.image, threshold=68)
    assert frame.truth.radius_px == pytest.approx(diameter_mm / 2.0 * PX_PER_MM / 2.0)
    assert radius_px == pytest.approx(frame.truth.radius_px, abs=1.0)
    assert (x_px, y_px) == pytest.approx(frame.truth.centre_px, abs=1.0)


def test_the_whole_sensor_shows_the_same_ring_in_twice_the_pixels():
    whole, half = (Bench(LIT, binning=binning).frame() for binning in (1, 2))
    assert whole.image.shape == (SENSOR_PX[1], SENSOR_PX[0])
    assert half.image.shape == (SENSOR_PX[1] // 2, SENSOR_PX[0] // 2)
    assert fitted_circle(whole.image, 75)[2] == pytest.approx(2.0 * fitted_circle(half.image, 75)[2], abs=2.0)


def test_the_line_across_the_ring_is_a_gaussian_of_the_told_width():
    frame = Bench(LIT._replace(ring_diameter_mm=4.0), exposure_us=LONG_US).frame()
    dark = picture(ROOM._replace(ring_diameter_mm=4.0), exposure_us=LONG_US).astype(float)
    truth = frame.truth
    row = round(truth.centre_px[1])
    light = (frame.image.astype(float) - dark)[row - 3 : row + 4].mean(axis=0)
    x = np.arange(light.size)
    line = np.abs(x - truth.centre_px[0] - truth.radius_px) < 4.0 * truth.sigma_px
    middle = np.average(x[line], weights=light[line])
    deviation = np.sqrt(np.average((x[line] - middle) ** 2, weights=light[line]))
    assert deviation == pytest.approx(truth.sigma_px, rel=0.1)


def test_brightness_follows_power_exposure_and_gain():
    def level(power_w, **settings):
        frame = Bench(ROOM._replace(laser_power_w=power_w, ring_diameter_mm=4.0), **settings).frame()
        truth = frame.truth._replace(radius_px=PX_PER_MM)
        return on_the_line(frame.image, truth).mean()

    room = level(0.0)
    assert level(4.0) - room == pytest.approx(2.0 * (level(2.0) - room), rel=0.05)
    assert level(4.0, exposure_us=5000.0) == pytest.approx(level(4.0) / 2.0, rel=0.05)
    assert level(4.0, gain_db=6.02) == pytest.approx(level(4.0) * 2.0, rel=0.05)


def test_too_much_light_saturates_and_does_not_wrap():
    frame = Bench(LIT._replace(laser_power_w=10.0), exposure_us=LONG_US).frame()
    assert on_the_line(frame.image, frame.truth).min() == FULL_SCALE


@pytest.mark.parametrize("binning", [1, 2])
@pytest.mark.parametrize(("gain_db", "noise"), [(0.0, 1.0), (12.0, 1.0), (12.0, 30.0)])
def test_noise_between_frames_is_that_of_counting_electrons_and_reading_them(binning, gain_db, noise):
    """Two frames of the same scene differ by shot and read noise and by rounding, twice each."""
    gain = 10.0 ** (gain_db / 20.0)
    bench = Bench(ROOM._replace(noise=noise), binning=binning, gain_db=gain_db, exposure_us=LONG_US / gain)
    first, second = (bench.frame().image.astype(float) for _ in range(2))
    electrons_per_grey = FULL_WELL_E / FULL_SCALE * binning**2 / gain
    shot = first.mean() / electrons_per_grey
    read = (2.4 * noise * binning / electrons_per_grey) ** 2
    rounding = 1.0 / 12.0
    assert (first - second).var() / 2.0 == pytest.approx(shot + read + rounding, rel=0.1)


def test_speckle_makes_hot_spots_until_the_motor_averages_it_away():
    rest, turning = (Bench(LIT._replace(vibration_mg=mg)).frame() for mg in (0.0, SMOOTH_MG))
    assert rest.truth.speckle_contrast == pytest.approx(0.6)
    assert turning.truth.speckle_contrast == pytest.approx(0.1, abs=0.01)
    still, smoothed = grain_on_the_line(rest), grain_on_the_line(turning)
    assert contrast(still) > 0.35
    assert contrast(smoothed) < 0.12
    assert np.percentile(still, 99.5) > 1.5 * np.percentile(smoothed, 99.5)


def test_the_pattern_stands_still_with_the_motor_and_changes_while_it_turns():
    def correlation(vibration_mg):
        bench = Bench(LIT._replace(vibration_mg=vibration_mg))
        return np.corrcoef(*(grain_on_the_line(bench.frame()) for _ in range(2)))[0, 1]

    assert correlation(0.0) > 0.9
    assert abs(correlation(SMOOTH_MG)) < 0.2


def test_defocus_widens_and_weakens_the_ring_and_says_so():
    sharp, soft = (Bench(LIT._replace(defocus_mm=mm)).frame() for mm in (0.0, 4.0))
    assert soft.truth.defocus_mm == 4.0
    assert soft.truth.sigma_px > 1.5 * sharp.truth.sigma_px
    assert on_the_line(soft.image, soft.truth).mean() < 0.8 * on_the_line(sharp.image, sharp.truth).mean()


def test_aiming_beam_and_laser_draw_the_same_ring_and_without_them_there_is_none():
    aimed = Bench(ROOM._replace(aiming_on=True)).frame()
    assert fitted_circle(aimed.image, 65)[2] == pytest.approx(aimed.truth.radius_px, abs=1.0)
    unlit = Bench(ROOM).frame()
    assert unlit.truth.radius_px is None
    assert unlit.image.max() < 65


def test_a_covered_lens_sees_nothing():
    assert picture(LIT._replace(dark=True)).max() <= 3


def test_tissue_is_textured():
    assert 0.05 < contrast(picture(ROOM)) < 0.3


@pytest.mark.parametrize("diameter_mm", [0.0, 0.01, 30.0])
def test_a_ring_of_no_size_and_one_out_of_the_picture_can_be_painted(diameter_mm):
    assert picture(LIT._replace(ring_diameter_mm=diameter_mm, offset_x_mm=9.0)).shape == (544, 728)


def test_an_offset_moves_the_ring_by_so_many_millimetres():
    mounted, moved = (
        Bench(LIT._replace(offset_x_mm=x, offset_y_mm=y)).frame() for x, y in ((0, 0), (1.0, -0.5))
    )
    shift = np.subtract(moved.truth.centre_px, mounted.truth.centre_px)
    assert shift == pytest.approx((PX_PER_MM / 2.0, -PX_PER_MM / 4.0))
    assert fitted_circle(moved.image, 75)[:2] == pytest.approx(moved.truth.centre_px, abs=1.0)


def test_the_same_seed_and_number_make_the_same_picture_and_others_another():
    one, same, other = (Bench(LIT, seed=seed) for seed in (5, 5, 6))
    firsts = [bench.frame() for bench in (one, same, other)]
    assert np.array_equal(firsts[0].image, firsts[1].image)
    assert not np.array_equal(firsts[0].image, firsts[2].image)
    assert not np.array_equal(firsts[0].image, one.frame().image)


def test_frames_may_be_looked_at_late_and_in_any_order():
    early, late = Bench(LIT, seed=5), Bench(LIT, seed=5)
    frames = [early.frame() for _ in range(3)]
    images = [late.frame().image for _ in range(3)]
    for number in (2, 0, 1):
        assert np.array_equal(frames[number].image, images[number])
