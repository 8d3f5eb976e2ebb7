"""Which splats of a cloud to keep: inside a box or a sphere, opaque enough, the most important ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.gaussian_cloud import GaussianCloud

NEAREST_VISIT_M = 3.0
"""Splats nearer to the origin than this count as if they were this far."""


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


def most_important(cloud: GaussianCloud, budget: int) -> NDArray[np.int64]:
    """Indices, in their order, of the splats that cover most of what is seen from around the origin.

    The weight of a splat is its opacity times the solid angle of its disc (the two longer axes) seen from the origin,
    and no nearer than ``NEAREST_VISIT_M``.

    Raises:
        InvalidInputError: The budget is not positive.
    """
    if budget < 1:
        raise InvalidInputError("A budget must be at least one splat.")
    if budget >= cloud.num_gaussians:
        return np.arange(cloud.num_gaussians)
    scales = np.sort(cloud.scales.astype(np.float64), axis=1)
    squared_distance = (cloud.means.astype(np.float64) ** 2).sum(axis=1) + NEAREST_VISIT_M**2
    area = scales[:, 1] * scales[:, 2]
    # A disc that is wider than it is far away fills half the sphere at most.
    weight = cloud.opacities * area / (area + squared_distance)
    return np.sort(np.argsort(-weight, kind="stable")[:budget])
