"""A photo or panorama as it came from a file, before it is placed on the sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, kw_only=True)
class SphereRegion:
    """The part of an equirectangular panorama that a picture covers, in radians.

    ``left`` is the azimuth of its left edge, counted from the panorama's own left edge; ``top`` the angle of its upper
    edge below the zenith.
    """

    left: float
    top: float
    horizontal: float
    vertical: float

    def __post_init__(self) -> None:
        """Check that the region lies on the sphere."""
        slack = 1e-6
        if not (0.0 < self.horizontal <= 2.0 * np.pi + slack and 0.0 < self.vertical <= np.pi + slack):
            raise InvalidInputError("A panorama covers more than 0° and at most 360° by 180°.")
        if not (-slack <= self.top and self.top + self.vertical <= np.pi + slack and abs(self.left) <= 4.0 * np.pi):
            raise InvalidInputError("The panorama's edges lie beyond the poles.")

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.horizontal > 2.0 * np.pi - 1e-3 and self.vertical > np.pi - 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMetadata:
    """What a file says about how its picture was taken."""

    region: SphereRegion | None = None
    """The part of the panorama that it covers (Google's photo sphere metadata)."""
    horizontal_fov: float | None = None
    """Of a photo, in radians, from its focal length."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Picture:
    """Pixels of a file, turned upright.

    pixels    (H, W, 3) float32  sRGB-encoded, 0 to 1; linear radiance where ``is_radiance``
    is_given  (H, W)    bool     False where the file is transparent

    ``file_width`` and ``file_height`` are those of the upright picture before it was made smaller.
    """

    pixels: NDArray[np.float32]
    is_given: NDArray[np.bool_]
    is_radiance: bool
    file_width: int
    file_height: int
    metadata: PictureMetadata
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check shapes and that all pixels are finite."""
        pixels = require_array("Picture", "pixels", self.pixels, ("H", "W", 3), np.float32)
        freeze(
            self,
            pixels=pixels,
            is_given=require_array("Picture", "is_given", self.is_given, pixels.shape[:2], np.bool_),
        )
