"""Which splats of a cloud to keep: inside a box or a sphere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.gaussian_cloud import GaussianCloud


def inside_box(cloud: GaussianCloud, low: Sequence[float], high: Sequence[float]) -> NDArray[np.bool_]:
    """(N,) whether centres lie in a box given by two corners in world, metres.

    Raises:
        InvalidInputError: A corner is not finite, or the box has no inside.
    """
    corners = np.array([low, high], dtype=np.float64)
    if corners.shape != (2, 3) or not np.isfinite(corners).all() or (corners[0] >= corners[1]).any():
        raise InvalidInputError("A crop box needs its lowest corner first, then its highest.")
    return ((cloud.means >= corners[0]) & (cloud.means <= corners[1])).all(axis=1)


def inside_sphere(cloud: GaussianCloud, center: Sequence[float], radius_m: float) -> NDArray[np.bool_]:
    """(N,) whether centres lie in a sphere in world.

    Raises:
        InvalidInputError: The centre is not finite or the radius not positive.
    """
    middle = np.array(center, dtype=np.float64)
    if middle.shape != (3,) or not np.isfinite(middle).all() or not 0.0 < radius_m < np.inf:
        raise InvalidInputError("A crop sphere needs a centre and a positive radius.")
    return ((cloud.means - middle) ** 2).sum(axis=1) <= radius_m * radius_m
