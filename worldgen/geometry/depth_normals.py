"""Surface normals of a panorama's depth."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.equirectangular import equirectangular_rays


def normals_from_depth(euclidean_depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normals of the surface that a panorama sees.

    In each direction the neighbour whose depth is nearer to the pixel's own is taken, so that a normal does not bridge
    a depth edge; columns wrap around.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky.

    Returns:
        (H, 2H, 3) float32 unit, facing the camera; zero for the sky.
    """
    rays = equirectangular_rays(euclidean_depth.shape[0])
    return _normals(euclidean_depth.astype(np.float64), rays)


@numba.njit(parallel=True, cache=True)
def _normals(depth: NDArray[np.float64], rays: NDArray[np.float64]) -> NDArray[np.float32]:
    height, width = depth.shape
    normals = np.zeros((height, width, 3), dtype=np.float32)
    for row in numba.prange(height):
        # Near the poles neighbouring columns are one ray: step further, about as far as a row is high.
        step = max(1, int(1.0 / max(np.sin((row + 0.5) / height * np.pi), 2.0 / width)))
        step = min(step, width // 8)
        for column in range(width):
            here = depth[row, column]
            if not np.isfinite(here):
                continue
            left, right = (column - step) % width, (column + step) % width
            across = right if abs(depth[row, right] - here) <= abs(depth[row, left] - here) else left
            up, down = max(row - 1, 0), min(row + 1, height - 1)
            beside = down if (abs(depth[down, column] - here) <= abs(depth[up, column] - here) and down != row) else up
            if beside == row:
                beside = down
            nx, ny, nz = 0.0, 0.0, 0.0
            if np.isfinite(depth[row, across]) and np.isfinite(depth[beside, column]):
                ax = rays[row, across, 0] * depth[row, across] - rays[row, column, 0] * here
                ay = rays[row, across, 1] * depth[row, across] - rays[row, column, 1] * here
                az = rays[row, across, 2] * depth[row, across] - rays[row, column, 2] * here
                bx = rays[beside, column, 0] * depth[beside, column] - rays[row, column, 0] * here
                by = rays[beside, column, 1] * depth[beside, column] - rays[row, column, 1] * here
                bz = rays[beside, column, 2] * depth[beside, column] - rays[row, column, 2] * here
                nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
            length = np.sqrt(nx * nx + ny * ny + nz * nz)
            if length < 1e-12 * here * here:
                nx, ny, nz = -rays[row, column, 0], -rays[row, column, 1], -rays[row, column, 2]
                length = 1.0
            toward = nx * rays[row, column, 0] + ny * rays[row, column, 1] + nz * rays[row, column, 2]
            sign = -1.0 if toward > 0.0 else 1.0
            normals[row, column, 0] = sign * nx / length
            normals[row, column, 1] = sign * ny / length
            normals[row, column, 2] = sign * nz / length
    return normals
