"""The camera's optics and sensor in numbers, and the light of one instant in the terms of the picture.

Sensor: Sony IMX273 of the Alvium 1800 U-158c (Allied Vision data sheet): 1456 x 1088 pixels of 3.45 um, full
well 10 600 electrons, read noise 2.4 electrons. The lens, 0.5 x, is ours: it shows 10.0 x 7.5 mm, so the
widest ring of the cart (5 mm) is in the picture with a third of the height to spare. The treatment light is
taken to be visible to the sensor, and the aiming beam to go through the same ring optics.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulators.camera.truth import OpticalState

SENSOR_PX = (1456, 1088)
PIXEL_MM = 0.00345
MAGNIFICATION = 0.5
PX_PER_MM = MAGNIFICATION / PIXEL_MM
"""144.9 pixels of the full sensor to a millimetre of tissue; a picture binned by two has half of it."""
FULL_WELL_E = 10_600.0
READ_NOISE_E = 2.4
FULL_SCALE = 255.0

EXPOSURE_RANGE_US = (100.0, 33_000.0)
"""30 frames a second hold at exposures under 33 ms."""
GAIN_RANGE_DB = (0.0, 24.0)
USUAL_EXPOSURE_US = 10_000.0

# Brightness in grey levels at the usual exposure and no gain; chosen so that 10 W in the smallest ring stay
# just below saturation and the aiming beam alone is well seen.
ROOM_LIGHT = 40.0
LASER_PER_WATT = 18.0
AIMING = 70.0
SMALLEST_RING_MM = 2.0

RING_SIGMA_MM = 0.12
"""The Gaussian's standard deviation across the ring's line; 0.24 mm is the 1/e2 half-width."""
BLUR_PER_DEFOCUS = 0.05
"""Standard deviation of the blur on the tissue for a defocus, both in mm: a numerical aperture of 0.1."""

SPECKLE_CONTRAST_AT_REST = 0.6
"""A multimode diode's spectrum alone takes fully developed speckle (1.0) down to about this."""
PATTERNS_PER_MG_S = 1.6
"""Independent speckle patterns that pass in an exposure, per mg of vibration and second: 2.4 g and 10 ms make
40 of them, and an average of n patterns has 1/sqrt(n) of one's contrast (Goodman, Speckle Phenomena)."""


TISSUE_DEVIATION = 0.091
"""Standard deviation of the tissue's reflectance, whose mean is 1: `picture` lays three textures over it."""

# What a judge of pictures would call black and clipped (16 and 239 there), a little to the safe side.
_BLACK_TO = 20.0
_CLIPPED_FROM = 235.0
_ONE_IN_1000 = 3.1
_SEEN_IN_BLACK = 4.0
_DARKER_THAN_MOST = 2.0
"""Standard deviations from the middle: beyond the first lies one pixel in a thousand of each side, beyond
the second a dozen in a picture, enough that no two are alike. What the third leaves clipped may yet differ
in its darkest spots."""


class Look(NamedTuple):
    """What can be told of a picture without painting it. covered: it is black, or clipped, all over.

    even: the grey level that every pixel of it has, at one end of the scale; None where they differ.
    """

    covered: bool
    even: int | None


class Light(NamedTuple):
    """The picture's parameters. centre, radius and sigma in pixels, the light in grey levels.

    ring: at the ring's brightest line. grey_per_electron: of the converter, gain included.
    """

    centre_px: tuple[float, float]
    radius_px: float
    sigma_px: float
    blur_px: float
    room: float
    ring: float
    speckle_contrast: float
    grey_per_electron: float
    read_noise_e: float


def light_of(
    state: OpticalState, *, binning: int, centre_px: tuple[float, float], exposure_us: float, gain_db: float
) -> Light:
    """Return the light of an instant. centre_px: where the ring was mounted to be."""
    px_per_mm = PX_PER_MM / binning
    gain: float = 10.0 ** (gain_db / 20.0)
    brightness = 0.0 if state.dark else exposure_us / USUAL_EXPOSURE_US * gain
    blur_mm = BLUR_PER_DEFOCUS * abs(state.defocus_mm)
    sigma_mm = math.hypot(RING_SIGMA_MM, blur_mm)
    # The same light on a longer and wider line is weaker; a ring narrower than its line is a spot.
    length_mm = max(state.ring_diameter_mm, sigma_mm)
    spread = SMALLEST_RING_MM * RING_SIGMA_MM / (length_mm * sigma_mm)
    source = LASER_PER_WATT * state.laser_power_w + (AIMING if state.aiming_on else 0.0)
    patterns = 1.0 + PATTERNS_PER_MG_S * state.vibration_mg * exposure_us * 1e-6
    return Light(
        centre_px=(
            centre_px[0] + state.offset_x_mm * px_per_mm,
            centre_px[1] + state.offset_y_mm * px_per_mm,
        ),
        radius_px=state.ring_diameter_mm / 2.0 * px_per_mm,
        sigma_px=sigma_mm * px_per_mm,
        blur_px=blur_mm * px_per_mm,
        room=ROOM_LIGHT * brightness,
        ring=source * spread * brightness,
        speckle_contrast=SPECKLE_CONTRAST_AT_REST / math.sqrt(patterns),
        # A binned pixel is the mean of its parts, which hold as many times the electrons.
        grey_per_electron=FULL_SCALE / FULL_WELL_E * gain / binning**2,
        read_noise_e=READ_NOISE_E * binning * state.noise,
    )


def look_of(light: Light) -> Look:
    """Return what a picture of this light would look like; on the safe side where it is a near thing."""
    brightest = light.room + light.ring
    noise = _noise_grey(light, brightest)
    if brightest + _ONE_IN_1000 * (noise + TISSUE_DEVIATION * brightest) <= _BLACK_TO:
        return Look(True, 0 if brightest + _SEEN_IN_BLACK * noise < 0.5 else None)
    if light.room * (1.0 - _ONE_IN_1000 * TISSUE_DEVIATION) < _CLIPPED_FROM:
        return Look(False, None)
    dark_spot = light.room * (1.0 - _DARKER_THAN_MOST * TISSUE_DEVIATION)
    clipped = dark_spot - _DARKER_THAN_MOST * _noise_grey(light, dark_spot) >= FULL_SCALE
    return Look(True, int(FULL_SCALE) if clipped else None)


def _noise_grey(light: Light, grey: float) -> float:
    """Return the standard deviation of shot and read noise at a grey level, in grey levels."""
    gain = light.grey_per_electron
    return math.sqrt(gain * grey + (gain * light.read_noise_e) ** 2)
