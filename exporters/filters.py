"""Filters of a conversion: what is cut away and how the rest is placed, always in the same order."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from worldgen.errors import InvalidInputError
from worldgen.frames import rotation_from_angles
from worldgen.geometry.splat_selection import inside_box, inside_sphere
from worldgen.geometry.splat_transforms import take_gaussians, transform_gaussians, with_sh_degree
from worldgen.scene.gaussian_cloud import GaussianCloud

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplatFilters:
    """What a conversion does to splats between reading and writing, in the order of the fields.

    Everything is in the world frame: RUB, metres.
    """

    crop_box: tuple[Point, Point] | None = None
    """Lowest and highest corner; splats with their centre outside are left out."""
    crop_sphere: tuple[Point, float] | None = None
    """Centre and radius."""
    min_opacity: float = 0.0
    """Splats with less opacity are left out."""
    budget: int | None = None
    """How many splats to keep at most: the most important ones seen from around the origin, grown to close gaps."""
    sh_degree: int | None = None
    """The highest degree of spherical harmonics to keep."""
    scale: float = 1.0
    rotate_deg: Point = (0.0, 0.0, 0.0)
    """Degrees about x, then y, then z."""
    translate: Point = field(default=(0.0, 0.0, 0.0))
    """Metres, after scale and rotation."""

    def __post_init__(self) -> None:
        """Check ranges; boxes and spheres are checked where they are used."""
        if not 0.0 <= self.min_opacity <= 1.0:
            raise InvalidInputError("The least opacity must lie in 0 to 1.")
        if self.sh_degree is not None and not 0 <= self.sh_degree <= 3:
            raise InvalidInputError("The degree of spherical harmonics is 0 to 3.")
        if not 0.0 < self.scale < math.inf:
            raise InvalidInputError("The scale must be positive.")
        if not all(math.isfinite(value) for value in (*self.rotate_deg, *self.translate)):
            raise InvalidInputError("Rotation and translation must be finite numbers.")


def apply_filters(cloud: GaussianCloud, filters: SplatFilters) -> tuple[GaussianCloud, tuple[str, ...]]:
    """The filtered cloud, and what was left out in words.

    Raises:
        InvalidInputError: A box or sphere is none, or no splat is left.
    """
    notes = []
    keep = np.ones(cloud.num_gaussians, dtype=bool)
    if filters.crop_box is not None:
        keep &= inside_box(cloud, *filters.crop_box)
    if filters.crop_sphere is not None:
        keep &= inside_sphere(cloud, *filters.crop_sphere)
    if filters.min_opacity > 0.0:
        keep &= cloud.opacities >= filters.min_opacity
    before = cloud.num_gaussians
    if not keep.all():
        cloud = take_gaussians(cloud, keep)
    if filters.budget is not None and filters.budget < cloud.num_gaussians:
        # It brings a compiler along, which takes longer to load than a usual file takes to convert.
        from worldgen.geometry.splat_levels import thinned

        cloud = thinned(cloud, filters.budget)
    if before and not cloud.num_gaussians:
        raise InvalidInputError("The filters leave no splat.", hint="Is the crop in metres, in world?")
    if cloud.num_gaussians < before:
        notes.append(f"{before - cloud.num_gaussians} of {before} splats were left out by the filters")
    if filters.sh_degree is not None and filters.sh_degree < cloud.sh_degree:
        notes.append(f"spherical harmonics above degree {filters.sh_degree} were left out by the filters")
        cloud = with_sh_degree(cloud, filters.sh_degree)
    turn = rotation_from_angles(*(math.radians(angle) for angle in filters.rotate_deg))
    cloud = transform_gaussians(cloud, turn, scale=filters.scale, translation=filters.translate)
    return cloud, tuple(notes)
