"""What covers the land that a photo shows: told pixel by pixel from colour and roughness, without a model.

The rules are those of an eye that knows nothing but landscapes: leaves are green or, in the shade, dark and rough;
water is smooth and takes the sky's hue; sand is warm, light and even; snow is as light as clouds; stone is grey.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.equirectangular import equirectangular_rays

_ROWS = 512
_WINDOW = math.radians(1.6)
"""Side of the window, as an angle, over which roughness is measured."""
_ROUGH, _EVEN = 0.13, 0.055
"""Standard deviation of brightness over its mean: of leaves, and of sand and water at most."""
_HIGH = math.radians(6.0)
"""How far over the horizon a skyline reaches that mountains make ..."""
_MOUNTAINOUS = 0.45
"""... over this share of the photo's width."""
_LEVEL = math.radians(1.5)
"""How far below the horizon ground certainly is ground."""


class Cover(IntEnum):
    """What a pixel shows."""

    NOTHING = 0
    """Outside the photo."""
    SKY = 1
    LEAVES = 2
    AUTUMN_LEAVES = 3
    WATER = 4
    SNOW = 5
    SAND = 6
    STONE = 7
    DRY = 8
    """Dry grass, earth, bark, wood: brown of any lightness."""
    OTHER = 9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhotoCover:
    """The cover of a photo on the sphere.

    classes  (R, 2R) uint8  values of ``Cover``; R is at most 512
    up       (R, 1) float64  sine of each row's elevation
    """

    classes: NDArray[np.uint8]
    up: NDArray[np.float64]

    @property
    def below(self) -> NDArray[np.bool_]:
        """(R, 2R), land that certainly lies below the horizon."""
        return self._land & (self.up < -math.sin(_LEVEL))

    @property
    def above(self) -> NDArray[np.bool_]:
        """(R, 2R), what stands over the horizon."""
        return self._land & (self.up >= 0.0)

    @property
    def _land(self) -> NDArray[np.bool_]:
        return self.classes > Cover.SKY

    def has_mountains(self) -> bool:
        """Whether bare heights take a good part of the skyline, without the jumps that roofs and trees make."""
        land, rows = self._land, len(self.classes)
        columns = (self.classes != Cover.NOTHING).any(axis=0)
        skyline = np.where(land.any(axis=0), land.argmax(axis=0), rows)[columns]
        top = self.classes[np.minimum(skyline + rows // 64, rows - 1), np.flatnonzero(columns)]
        high = skyline < rows * (0.5 - _HIGH / math.pi)
        under_sky = self.classes[np.maximum(skyline - 1, 0), np.flatnonzero(columns)] == Cover.SKY
        bare = high & under_sky & ~np.isin(top, (Cover.LEAVES, Cover.AUTUMN_LEAVES, Cover.WATER, Cover.SAND))
        smooth = np.abs(np.diff(skyline, prepend=skyline[:1])) <= max(1, rows // 170)
        return bool((bare & smooth).mean() > _MOUNTAINOUS)

    def share(self, where: NDArray[np.bool_], *covers: Cover) -> float:
        """Share of some pixels that has one of some covers; 0 without pixels."""
        count = int(where.sum())
        return float(np.isin(self.classes[where], covers).sum()) / count if count else 0.0


def read_cover(image: NDArray[np.float32], known: NDArray[np.bool_], is_sky: NDArray[np.bool_]) -> PhotoCover:
    """Tell what each pixel of a level photo on the sphere shows.

    Args:
        image: (H, 2H, 3) float32 sRGB-encoded.
        known: (H, 2H), within the photo.
        is_sky: (H, 2H), sky within the photo.
    """
    step = max(1, len(image) // _ROWS)
    image, known, is_sky = image[::step, ::step], known[::step, ::step], (is_sky & known)[::step, ::step]
    red, green, blue = image[..., 0], image[..., 1], image[..., 2]
    most, least = image.max(axis=2), image.min(axis=2)
    paleness = least / np.maximum(most, np.float32(1e-3))
    rough = _roughness(image.mean(axis=2), known & ~is_sky, len(image))
    up = equirectangular_rays(len(image))[:, :1, 1]
    below = up < 0.0

    classes = np.full(known.shape, Cover.OTHER, dtype=np.uint8)
    grey = paleness > 0.88
    classes[paleness > 0.8] = Cover.STONE
    brown = (red > 1.04 * green) & (green > 1.08 * blue) & (paleness < 0.8)
    classes[brown] = Cover.DRY
    sand = (red >= green) & (green >= blue) & (paleness > 0.4) & (paleness < 0.9) & (most > 0.45) & (rough < _ROUGH)
    classes[sand] = Cover.SAND
    # Olive is green with red in it and little blue.
    green_hue = ((green > 0.96 * red) & (green > 1.06 * blue)) | ((green > 0.88 * red) & (green > 1.35 * blue))
    shaded = (most < 0.42) & (rough > _ROUGH) & (green > 0.9 * red) & (green > 0.95 * blue) & ~grey
    classes[green_hue | shaded] = Cover.LEAVES
    orange = (red > 1.2 * green) & (green > 1.2 * blue) & (most > 0.3)
    classes[orange & ~below] = Cover.AUTUMN_LEAVES
    water = below & (rough < _EVEN) & _sky_hued(image, is_sky) & ~green_hue
    classes[water] = Cover.WATER
    # Hazy water is nearly as pale as snow.
    bright = float(np.percentile(most[is_sky], 60.0)) if is_sky.any() else 0.8
    white = (least > 0.62) & (most > 0.8 * bright)
    classes[white & (paleness > np.where(water, 0.93, 0.84))] = Cover.SNOW
    classes[is_sky] = Cover.SKY
    classes[~known] = Cover.NOTHING
    return PhotoCover(classes=classes, up=up)


def _roughness(brightness: NDArray[np.float32], where: NDArray[np.bool_], height: int) -> NDArray[np.float32]:
    """Standard deviation of brightness in a window over its mean there, over pixels of a mask alone."""
    from scipy.ndimage import uniform_filter

    size = max(3, round(_WINDOW / math.pi * height))
    weight = np.maximum(uniform_filter(where.astype(np.float32), size), np.float32(1e-6))
    masked = np.where(where, brightness, np.float32(0.0))
    mean = uniform_filter(masked, size) / weight
    square = uniform_filter(np.square(masked), size) / weight
    deviation = np.sqrt(np.maximum(square - np.square(mean), np.float32(0.0)))
    return (deviation / np.maximum(mean, np.float32(0.03))).astype(np.float32)


def _sky_hued(image: NDArray[np.float32], is_sky: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the hue is blue, or one that the sky has."""
    total = np.maximum(image.sum(axis=2, keepdims=True), np.float32(1e-3))
    chroma = image / total
    blue = chroma[..., 2] > 1.06 * chroma[..., 0]
    if not is_sky.any():
        return np.asarray(blue)
    low, high = np.percentile(chroma[is_sky], (5.0, 95.0), axis=0)
    like_sky = ((chroma > low - 0.012) & (chroma < high + 0.012)).all(axis=-1)
    return np.asarray(blue | like_sky)
