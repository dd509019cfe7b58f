"""From light to a picture: tissue, ring, speckle, shot and read noise, converter.

Whatever is random is drawn once, in tiles larger than the picture, and shifted at random for each frame; so a
frame costs a few passes over the picture. The tiles are made with the first picture, not before.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.camera.optics import Light

Plane = NDArray[np.float32]

_SHIFTS = 256
"""Ways to shift a tile in each direction: 65 536 different pictures of noise."""
_GRAIN_SIGMA_PX = 1.1
_RING_SIGMAS = 5.0
"""Further from the line there is less than a hundred-thousandth of its light."""
_TISSUE_SCALES = ((30.0, 0.07), (8.0, 0.05), (2.0, 0.03))
"""Smoothness in pixels and standard deviation of each layer of the tissue's reflectance, whose mean is 1."""
_DARKEST_TISSUE = 0.1


class Painter:
    """Makes pictures of one size. The same seed, light and frame number make the same picture."""

    def __init__(self, size_px: tuple[int, int], seed: int) -> None:
        self._width, self._height = size_px
        self._seed = seed
        self._blurred: tuple[float, Plane] | None = None
        self._distances: tuple[tuple[float, float], Plane] | None = None

    def paint(self, light: Light, number: int, *, steady_speckle: bool) -> NDArray[np.uint8]:
        """Return the picture, height x width. steady_speckle: nothing moves the pattern between frames."""
        random = np.random.default_rng((self._seed, number))
        shifts = random.integers(0, _SHIFTS, size=4)
        grey = self._tissue(light.blur_px) * np.float32(light.room)
        if light.ring > 0.0:
            at = (0, 0) if steady_speckle else (int(shifts[0]), int(shifts[1]))
            self._add_ring(grey, light, at)
        return self._exposed(grey, light, int(shifts[2]), int(shifts[3]))

    def _add_ring(self, grey: Plane, light: Light, at: tuple[int, int]) -> None:
        rows, columns = self._box(light)
        profile: Plane = self._distance(light.centre_px)[rows, columns] - np.float32(light.radius_px)
        cv2.multiply(profile, profile, dst=profile, scale=-0.5 / light.sigma_px**2)
        cv2.exp(profile, dst=profile)
        y, x = at
        speckle = self._speckle[y : y + self._height, x : x + self._width][rows, columns]
        speckled = cv2.multiply(profile, speckle, scale=light.speckle_contrast * light.ring)
        cv2.addWeighted(profile, (1.0 - light.speckle_contrast) * light.ring, speckled, 1.0, 0.0, dst=profile)
        # The tissue under the ring reflects it as it reflects the room's light.
        cv2.multiply(profile, self._tissue(light.blur_px)[rows, columns], dst=profile)
        grey[rows, columns] += profile

    def _exposed(self, grey: Plane, light: Light, y: int, x: int) -> NDArray[np.uint8]:
        """Add the noise of counting electrons and reading them out; round and saturate."""
        gain = light.grey_per_electron
        deviation: Any = cv2.addWeighted(grey, gain, grey, 0.0, (gain * light.read_noise_e) ** 2)
        cv2.sqrt(deviation, dst=deviation)
        noise = self._noise[y : y + self._height, x : x + self._width]
        cv2.multiply(deviation, noise, dst=deviation)
        picture: NDArray[np.uint8] = cv2.add(grey, deviation, dtype=cv2.CV_8U)  # type: ignore[assignment]
        return picture

    def _box(self, light: Light) -> tuple[slice, slice]:
        """Rows and columns that the ring's light reaches."""
        reach = light.radius_px + _RING_SIGMAS * light.sigma_px
        x, y = light.centre_px
        return (
            slice(max(0, math.floor(y - reach)), max(0, min(self._height, math.ceil(y + reach) + 1))),
            slice(max(0, math.floor(x - reach)), max(0, min(self._width, math.ceil(x + reach) + 1))),
        )

    def _distance(self, centre_px: tuple[float, float]) -> Plane:
        """Return every pixel's distance from the centre."""
        if self._distances is None or self._distances[0] != centre_px:
            x = (np.arange(self._width) - centre_px[0]).astype(np.float32)[np.newaxis, :]
            y = (np.arange(self._height) - centre_px[1]).astype(np.float32)[:, np.newaxis]
            self._distances = centre_px, np.hypot(x, y)
        return self._distances[1]

    def _tissue(self, blur_px: float) -> Plane:
        if self._blurred is None or self._blurred[0] != blur_px:
            sharp = self._sharp_tissue
            self._blurred = blur_px, _smooth(sharp, blur_px) if blur_px > 0.0 else sharp
        return self._blurred[1]

    @cached_property
    def _sharp_tissue(self) -> Plane:
        random = np.random.default_rng((self._seed, 1 << 40))
        tissue = np.ones((self._height, self._width), np.float32)
        for scale_px, deviation in _TISSUE_SCALES:
            layer = _smooth(random.standard_normal(tissue.shape, dtype=np.float32), scale_px)
            tissue += layer * np.float32(deviation / layer.std())
        return np.maximum(tissue, np.float32(_DARKEST_TISSUE))

    @cached_property
    def _speckle(self) -> Plane:
        """Fully developed: intensity of a field of random phases; mean 1, contrast 1."""
        random = np.random.default_rng((self._seed, 1 << 41))
        shape = (self._height + _SHIFTS, self._width + _SHIFTS)
        parts = [_smooth(random.standard_normal(shape, dtype=np.float32), _GRAIN_SIGMA_PX) for _ in range(2)]
        intensity = parts[0] ** 2 + parts[1] ** 2
        speckle: Plane = intensity / intensity.mean()
        return speckle

    @cached_property
    def _noise(self) -> Plane:
        random = np.random.default_rng((self._seed, 1 << 42))
        shape = (self._height + _SHIFTS, self._width + _SHIFTS)
        return random.standard_normal(shape, dtype=np.float32)


def _smooth(plane: Plane, sigma_px: float) -> Plane:
    smooth: Plane = cv2.GaussianBlur(plane, (0, 0), sigma_px)  # type: ignore[assignment]
    return smooth
