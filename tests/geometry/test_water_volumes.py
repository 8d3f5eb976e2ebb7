"""Boxes of water: no deep water is missed, none lies over dry land, surfaces are kept, the number is bounded."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from tests.scenes import small_scene
from worldgen.geometry.collision import build_collision
from worldgen.geometry.water_volumes import WaterBox, box_mesh, water_boxes
from worldgen.navigation.solids import solids_of
from worldgen.randomness import rng
from worldgen.scene.terrain import Terrain, TerrainLevel


def basin_terrain(*, river: bool) -> Terrain:
    """A round lake, or a river that falls along x, in a fine level inside a coarse one."""
    levels = []
    for count, spacing_m in ((65, 1.0), (65, 4.0)):
        axis = ((np.arange(count) - (count - 1) / 2) * spacing_m).astype(np.float32)
        x, z = np.meshgrid(axis, axis)
        if river:
            surface = -0.02 * x
            ground = surface + np.abs(z) - 5.0
        else:
            surface = np.full_like(x, -1.0)
            ground = 0.1 * (np.hypot(x + 20.0, z) - 60.0)
        depth = np.maximum(surface - ground, 0.0).astype(np.float32)
        zero = np.zeros_like(depth)
        levels.append(
            TerrainLevel(
                spacing_m=spacing_m,
                heights=ground.astype(np.float32),
                water_depth=depth,
                moisture=zero,
                path_weight=zero,
            )
        )
    return Terrain(levels=tuple(levels), play_level=1)


def inside(boxes: tuple[WaterBox, ...], points: np.ndarray) -> np.ndarray:
    low, high = np.array([box.minimum for box in boxes]), np.array([box.maximum for box in boxes])
    return ((points[:, None] >= low - 1e-3) & (points[:, None] <= high + 1e-3)).all(axis=2).any(axis=1)


@pytest.mark.parametrize("river", [False, True])
def test_swimmers_are_found_and_walkers_are_not(river: bool) -> None:
    boxes = water_boxes(basin_terrain(river=river))
    assert 1 < len(boxes) <= 256
    x, z = rng(1, "test/spots").uniform(-120.0, 120.0, (2, 4000))
    if river:
        surface, ground = -0.02 * x, -0.02 * x + np.abs(z) - 5.0
    else:
        surface, ground = np.full_like(x, -1.0), 0.1 * (np.hypot(x + 20.0, z) - 60.0)
    deep = surface - ground > 0.8
    swimming = np.stack([x, surface - 0.2, z], axis=1)
    assert inside(boxes, swimming[deep]).mean() > (0.999 if not river else 0.97)
    # A head over the surface is out of the water, wherever it is; a river's stairs rise by a step at most.
    over = np.stack([x, np.maximum(surface, ground) + (0.25 if river else 0.05), z], axis=1)
    assert not inside(boxes, over).any()


def test_few_boxes_are_enough_and_dry_land_needs_none() -> None:
    terrain = basin_terrain(river=False)
    assert len(water_boxes(terrain, max_boxes=10)) <= 10
    dry = [dataclasses.replace(level, water_depth=np.zeros_like(level.water_depth)) for level in terrain.levels]
    assert water_boxes(Terrain(levels=tuple(dry), play_level=1)) == ()


def test_boxes_are_closed_and_no_solids() -> None:
    mesh = box_mesh(WaterBox(minimum=(0.0, -2.0, 1.0), maximum=(4.0, 0.0, 7.0)))
    solid = trimesh.Trimesh(mesh.vertices, mesh.triangles)
    assert solid.is_watertight
    assert solid.volume == pytest.approx(48.0)
    normals = trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False).face_normals
    np.testing.assert_allclose(normals, mesh.normals[mesh.triangles[:, 0]], atol=1e-6)
    scene = dataclasses.replace(small_scene(), terrain=basin_terrain(river=False))
    collision = build_collision(scene)
    triggers = [part for part in collision.parts if part.kind == "trigger"]
    assert triggers
    assert all(part.surface == "water" for part in triggers)
    assert len(solids_of(collision).corners) == collision.num_triangles - 12 * len(triggers)
