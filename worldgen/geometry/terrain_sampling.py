"""Land → terrain maps at the sizes that engines take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.collision import ground_heights
from worldgen.scene.terrain import Terrain
from worldgen.scene.terrain_maps import TerrainMaps

MAX_SAMPLES = 8129
"""The largest landscape that any engine recommends."""

_LEAST_WEIGHT = 0.5 / 255.0
_ROWS_PER_BLOCK = 256

Weights = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float32]]
"""Positions (N,), (N,) in metres → (N, L) weights that sum to 1."""


def sample_terrain(
    terrain: Terrain,
    *,
    num_samples: int,
    layers: Sequence[str] = ("ground",),
    weights: Weights | None = None,
    half_size_m: float | None = None,
) -> TerrainMaps:
    """Sample the land on a square grid around the spawn.

    Args:
        terrain: The land.
        num_samples: Samples along one side.
        layers: Names of the layers in the order of ``weights``.
        weights: Gives the layers' weights; None covers everything with the first layer.
        half_size_m: Half the side of the square; None takes the playable area.

    Returns:
        The maps, without layers that nowhere reach half of a 255th. No ground is cut out.

    Raises:
        InvalidInputError: Too few or too many samples.
    """
    if not 2 <= num_samples <= MAX_SAMPLES:
        raise InvalidInputError(f"A terrain takes 2 to {MAX_SAMPLES} samples, not {num_samples}.")
    half_size_m = terrain.levels[terrain.play_level].half_size_m if half_size_m is None else half_size_m
    axis = np.linspace(-half_size_m, half_size_m, num_samples)
    heights = np.zeros((num_samples, num_samples), dtype=np.float32)
    shares = np.zeros((num_samples, num_samples, len(layers)), dtype=np.uint8)
    greatest = np.zeros(len(layers))
    for start in range(0, num_samples, _ROWS_PER_BLOCK):
        rows = slice(start, min(start + _ROWS_PER_BLOCK, num_samples))
        z, x = (grid.ravel() for grid in np.meshgrid(axis[rows], axis, indexing="ij"))
        heights[rows] = ground_heights(terrain, x, z).reshape(-1, num_samples)
        if weights is None:
            shares[rows, :, 0] = 255
            greatest[0] = 1.0
            continue
        block = weights(x, z)
        greatest = np.maximum(greatest, block.max(axis=0))
        shares[rows] = byte_shares(block).reshape(-1, num_samples, len(layers))
    kept = [index for index in range(len(layers)) if greatest[index] >= _LEAST_WEIGHT and shares[:, :, index].any()]
    return TerrainMaps(
        half_size_m=half_size_m,
        heights=heights,
        layers=tuple(layers[index] for index in kept),
        weights=np.ascontiguousarray(shares[:, :, kept]),
        holes=np.zeros((num_samples, num_samples), dtype=np.bool_),
    )


def byte_shares(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Weights (N, L) as bytes that sum to 255: the largest remainders are rounded up (Hamilton's method)."""
    total = weights.sum(axis=1, keepdims=True, dtype=np.float64)
    if not np.isfinite(total).all() or (total <= 0.0).any() or weights.min() < 0.0:
        raise InvalidInputError("Layer weights must be finite, not negative and not all zero.")
    exact = weights.astype(np.float64) / total * 255.0
    whole = np.floor(exact)
    missing = np.rint(255.0 - whole.sum(axis=1)).astype(np.int64)
    order = np.argsort(np.argsort(whole - exact, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(whole + (order < missing[:, None]), dtype=np.uint8)
