"""Terrain maps of a built world: the ground's heights and its own cover."""

from __future__ import annotations

import numpy as np

from tests.worlds import tiny_scene
from worldgen.geometry.collision import ground_heights
from worldgen.pipelines.generate import parse
from worldgen.stages.terrain_maps import make_terrain_maps

PROMPT = "a cabin by a lake, pine forest"


def test_the_maps_are_the_land() -> None:
    terrain = tiny_scene(PROMPT).scene.terrain
    maps = make_terrain_maps(terrain, parse(PROMPT), 0, num_samples=127)
    axis = np.linspace(-maps.half_size_m, maps.half_size_m, 127)
    z, x = np.meshgrid(axis, axis, indexing="ij")
    truth = ground_heights(terrain, x.ravel(), z.ravel()).reshape(127, 127)
    assert np.abs(maps.heights - truth).max() < 1e-3
    assert {"grass", "forest_floor"} & set(maps.layers)
    assert all(maps.weights[:, :, index].any() for index in range(len(maps.layers)))
