"""How wet the ground is: near water, in hollows and along gullies more than on crests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.blurring import blur_grid
from worldgen.builder.terrain.distances import nearest_marked
from worldgen.builder.terrain.levels import refine
from worldgen.builder.terrain.noise import fbm, smoothstep


@dataclass(frozen=True, slots=True, eq=False)
class ShoreField:
    """Where the nearest water is, for each sample of a level.

    distance   (N, N) float32  signed metres to the nearest shore, negative in water, ``FAR_M`` where there is none
    surface_y  (N, N) float32  height of that water's surface
    """

    distance: NDArray[np.float32]
    surface_y: NDArray[np.float32]


FAR_M = 1.0e6
"""Distance to water where there is none."""


def shore_fields(
    spacings: Sequence[float], heights: Sequence[NDArray[np.float32]], depths: Sequence[NDArray[np.float32]]
) -> list[ShoreField]:
    """Shore fields of nested levels, finest first; a level also knows of the water beyond its border.

    Args:
        spacings: Distance between samples per level, in metres.
        heights: (N, N) per level.
        depths: (N, N) water depth per level.
    """
    fields: list[ShoreField] = []
    for k in range(len(spacings) - 1, -1, -1):
        own = _shore_field(spacings[k], heights[k], depths[k])
        if fields:
            coordinates = (np.arange(len(heights[k])) - (len(heights[k]) - 1) / 2) * spacings[k]
            outer = fields[-1]
            # A level knows its own shores best; only water beyond its border may be nearer than what it knows.
            border = 0.5 * (len(coordinates) - 1) * spacings[k] - np.abs(coordinates)
            to_border = np.minimum(border[:, None], border[None, :])
            beyond = np.maximum(refine(outer.distance, spacings[k + 1], coordinates, 0.0, 0), to_border)
            nearer = (own.distance > to_border) & (beyond < own.distance)
            surface = refine(outer.surface_y, spacings[k + 1], coordinates, 0.0, 0)
            own = ShoreField(
                np.where(nearer, beyond, own.distance).astype(np.float32),
                np.where(nearer, surface, own.surface_y).astype(np.float32),
            )
        fields.append(own)
    return fields[::-1]


def _shore_field(spacing: float, heights: NDArray[np.float32], depth: NDArray[np.float32]) -> ShoreField:
    wet = depth > 0.0
    if not wet.any():
        return ShoreField(np.full(wet.shape, np.float32(FAR_M)), np.full(wet.shape, np.float32(-FAR_M)))
    to_wet, rows, columns = nearest_marked(wet)
    to_dry = np.full(wet.shape, FAR_M / spacing) if wet.all() else nearest_marked(~wet)[0]
    # Half a step on both sides puts the zero between the last wet and the first dry sample.
    signed = spacing * np.where(wet, 0.5 - to_dry, to_wet - 0.5)
    return ShoreField(signed.astype(np.float32), (heights + depth)[rows, columns].astype(np.float32))


def hollowness(heights: NDArray[np.float32], spacing_m: float, radius_m: float) -> NDArray[np.float32]:
    """Mean height around a sample minus its own, over ``radius_m``: positive in hollows, negative on crests.

    In units of the radius, so about a slope.
    """
    sigma = max(0.7, radius_m / spacing_m)
    return (blur_grid(heights, sigma) - heights) / np.float32(max(radius_m, spacing_m))


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
