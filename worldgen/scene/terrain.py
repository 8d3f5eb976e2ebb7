"""The land as nested heightfields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TerrainLevel:
    """A square grid of ground samples centred on the spawn; rows grow along +Z, columns along +X.

    Sample (row, column) lies at x = (column - (N - 1) / 2) * spacing_m and z = (row - (N - 1) / 2) * spacing_m.

    heights      (N, N) float32  metres, in world
    water_depth  (N, N) float32  metres of water above the ground, 0 where it is dry
    moisture     (N, N) float32  0 (arid) to 1 (wet)
    path_weight  (N, N) float32  0 (no path) to 1 (trodden)
    """

    spacing_m: float
    heights: NDArray[np.float32]
    water_depth: NDArray[np.float32]
    moisture: NDArray[np.float32]
    path_weight: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that all grids are square, of one size and in range."""
        heights = require_array("TerrainLevel", "heights", self.heights, ("N", "N"), np.float32)
        size = heights.shape
        if size[0] != size[1] or size[0] < 2:
            raise InvalidInputError("TerrainLevel.heights must be square, 2x2 or more.")
        if self.spacing_m <= 0.0:
            raise InvalidInputError("TerrainLevel.spacing_m must be positive.")
        water_depth = require_array("TerrainLevel", "water_depth", self.water_depth, size, np.float32)
        if water_depth.min() < 0.0:
            raise InvalidInputError("TerrainLevel.water_depth must not be negative.")
        freeze(
            self,
            heights=heights,
            water_depth=water_depth,
            moisture=require_array("TerrainLevel", "moisture", self.moisture, size, np.float32),
            path_weight=require_array("TerrainLevel", "path_weight", self.path_weight, size, np.float32),
        )

    @property
    def num_samples(self) -> int:
        """Samples along one side."""
        return len(self.heights)

    @property
    def half_size_m(self) -> float:
        """Distance from the centre to each side, in metres."""
        return 0.5 * (len(self.heights) - 1) * self.spacing_m


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Terrain:
    """Nested levels, finest and smallest first; ``levels[play_level]`` covers the playable area.

    Where levels overlap the finest one is the ground; coarser ones agree with it there within their spacing.
    """

    levels: tuple[TerrainLevel, ...]
    play_level: int

    def __post_init__(self) -> None:
        """Check the order of the levels."""
        if not self.levels or not 0 <= self.play_level < len(self.levels):
            raise InvalidInputError("Terrain needs at least one level and a valid play_level.")
        sizes = [level.half_size_m for level in self.levels]
        if sizes != sorted(sizes):
            raise InvalidInputError("Terrain.levels must grow in size.")
