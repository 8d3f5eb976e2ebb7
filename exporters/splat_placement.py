"""Splats that a node of a scene graph places: what formats with transforms have in common."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import UnsupportedFormatError
from worldgen.geometry.splat_transforms import transform_gaussians
from worldgen.scene.gaussian_cloud import GaussianCloud


def place_gaussians(cloud: GaussianCloud, world_from_node: NDArray[np.float64], path: Path) -> GaussianCloud:
    """Splats moved by a (4, 4) matrix of a rotation or mirroring, a uniform scale and a translation.

    Raises:
        UnsupportedFormatError: The matrix shears, or scales unevenly.
    """
    linear = world_from_node[:3, :3]
    if np.array_equal(world_from_node, np.eye(4)):
        return cloud
    scale = abs(float(np.linalg.det(linear))) ** (1.0 / 3.0) if np.isfinite(world_from_node).all() else 0.0
    if not 1e-12 < scale < 1e12 or np.abs(linear @ linear.T / scale**2 - np.eye(3)).max() > 1e-5:
        raise UnsupportedFormatError("A node shears its splats or scales them unevenly, which is not read.", path=path)
    # What rounding left is taken out, so that the matrix is orthogonal.
    left, _, right = np.linalg.svd(linear / scale)
    x, y, z = (float(value) for value in world_from_node[:3, 3])
    return transform_gaussians(cloud, left @ right, scale=scale, translation=(x, y, z))
