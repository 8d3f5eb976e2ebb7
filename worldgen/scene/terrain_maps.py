"""A square of land sampled as engines' terrains hold it: heights, weights of the ground's layers, holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TerrainMaps:
    """Samples on a square grid around the spawn; rows grow along +Z, columns along +X, as in ``TerrainLevel``.

    Sample (row, column) lies at x = column * spacing - half_size_m and z = row * spacing - half_size_m.

    heights  (N, N)    float32  metres, in world
    weights  (N, N, L) uint8    share of each layer, in 255ths; they sum to 255 everywhere
    holes    (N, N)    bool     where the ground shall be cut out
    """

    half_size_m: float
    heights: NDArray[np.float32]
    layers: tuple[str, ...]
    weights: NDArray[np.uint8]
    holes: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check sizes, names and that the weights are complete."""
        heights = require_array("TerrainMaps", "heights", self.heights, ("N", "N"), np.float32)
        size = heights.shape
        if size[0] != size[1] or size[0] < 2:
            raise InvalidInputError("TerrainMaps.heights must be square, 2x2 or more.")
        if not self.half_size_m > 0.0:
            raise InvalidInputError("TerrainMaps.half_size_m must be positive.")
        if not self.layers or len(set(self.layers)) != len(self.layers):
            raise InvalidInputError("TerrainMaps.layers must be named, each differently.")
        weights = require_array("TerrainMaps", "weights", self.weights, (*size, len(self.layers)), np.uint8)
        if not (weights.sum(axis=2, dtype=np.int64) == 255).all():
            raise InvalidInputError("TerrainMaps.weights must sum to 255 everywhere.")
        holes = require_array("TerrainMaps", "holes", self.holes, size, np.bool_)
        freeze(self, heights=heights, weights=weights, holes=holes)

    @property
    def num_samples(self) -> int:
        """Samples along one side."""
        return len(self.heights)

    @property
    def spacing_m(self) -> float:
        """Distance between neighbouring samples, in metres."""
        return 2.0 * self.half_size_m / (len(self.heights) - 1)
