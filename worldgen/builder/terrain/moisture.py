"""How wet the ground is: near water, in hollows and along gullies more than on crests."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy import ndimage

from worldgen.builder.terrain.noise import fbm, smoothstep


def distance_to(mask: NDArray[np.bool_], spacing_m: float) -> NDArray[np.float32]:
    """Distance of each sample to the nearest True sample in metres, infinite where there is none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(~mask, sampling=spacing_m)
    return distance.astype(np.float32)


def hollowness(heights: NDArray[np.float32], spacing_m: float, radius_m: float) -> NDArray[np.float32]:
    """Mean height around a sample minus its own, over ``radius_m``: positive in hollows, negative on crests.

    In units of the radius, so about a slope.
    """
    sigma = max(0.7, radius_m / spacing_m)
    mean: NDArray[np.float32] = ndimage.gaussian_filter(heights, sigma, mode="nearest", truncate=2.5)
    return (mean - heights) / np.float32(max(radius_m, spacing_m))


@njit(cache=True, parallel=True)
def moisture_of(
    shore: NDArray[np.float32],
    hollow: NDArray[np.float32],
    coordinates: NDArray[np.float64],
    base: float,
    seed: int,
) -> NDArray[np.float32]:
    """Moisture of a grid, 0 to 1.

    Args:
        shore: (N, N) distance to water in metres.
        hollow: (N, N) hollowness.
        coordinates: (N,) grid positions in metres.
        base: The biome's moisture far from water.
        seed: Seed of the patches.

    Returns:
        (N, N) moisture.
    """
    size = coordinates.shape[0]
    result = np.zeros((size, size), dtype=np.float32)
    for row in prange(size):
        z = coordinates[row]
        for column in range(size):
            x = coordinates[column]
            patch = 0.22 * fbm(x / 62.0, z / 62.0, seed, 3, 0.5) * (0.25 + base)
            bank = (0.95 - base) * (1.0 - smoothstep(0.0, 14.0, shore[row, column])) ** 2
            bowl = min(0.25, max(-0.22, 1.4 * hollow[row, column]))
            result[row, column] = min(1.0, max(0.0, base + patch + bowl + bank))
    return result
