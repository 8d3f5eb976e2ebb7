"""Scene and spec → terrain maps, with the ground's own cover as layers."""

from __future__ import annotations

import numpy as np

from worldgen.builder.terrain.cover import COVER_LAYERS
from worldgen.builder.terrain.fields import ground_cover
from worldgen.geometry.terrain_sampling import sample_terrain
from worldgen.scene.terrain import Terrain
from worldgen.scene.terrain_maps import TerrainMaps
from worldgen.spec.model import WorldSpec


def make_terrain_maps(terrain: Terrain, spec: WorldSpec, seed: int, *, num_samples: int) -> TerrainMaps:
    """The playable area with weights of grass, sand, rock and so on, by the rules that its textures were baked by.

    Args:
        terrain: The land.
        spec: The world's description.
        seed: The world's seed.
        num_samples: Samples along one side; see ``UNITY_SIZES`` and ``UNREAL_SIZES`` of
            ``worldgen.exporters.terrain_files``.
    """
    cover = ground_cover(terrain, spec, seed, np.zeros((len(COVER_LAYERS), 3), dtype=np.float32))
    return sample_terrain(terrain, num_samples=num_samples, layers=COVER_LAYERS, weights=cover.weights)
