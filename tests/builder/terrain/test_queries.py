from __future__ import annotations

import functools

import numpy as np
import pytest
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh as EmbreeMesh
from numpy.typing import NDArray

from tests.builder.terrain.lands import ground_of, land_of
from worldgen.builder.terrain.ground import BuiltLand
from worldgen.builder.terrain.queries import ground_height, ground_normal, moisture_at, shore_distance, water_depth_at


@functools.lru_cache(maxsize=2)
def _embree_scene(ground: BuiltLand) -> rtcore_scene.EmbreeScene:
    scene = rtcore_scene.EmbreeScene()
    for prototype in ground.prototypes.values():
        mesh = prototype.lods[0][0].mesh
        EmbreeMesh(scene, np.array(mesh.vertices), np.array(mesh.triangles))
    return scene


def drop_rays(ground: BuiltLand, x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height of the ground's meshes under points, NaN where a ray falls through."""
    scene = _embree_scene(ground)
    top = 4000.0
    origins = np.stack([x, np.full_like(x, top), z], axis=-1).astype(np.float32)
    directions = np.tile(np.array([[0.0, -1.0, 0.0]], dtype=np.float32), (len(x), 1))
    hit = scene.run(origins, directions, output=True)
    return np.where(hit["geomID"] >= 0, top - hit["tfar"].astype(np.float64), np.nan)


@pytest.mark.parametrize(("biome", "waters"), [("alpine", "lake"), ("canyon", "")])
def test_ground_height_lies_on_the_meshes(biome: str, waters: str) -> None:
    land, ground = land_of(biome, waters), ground_of(biome, waters)  # type: ignore[arg-type]
    random = np.random.Generator(np.random.PCG64(3))
    for reach, tolerance in ((31.9, 2e-3), (127.0, 2e-3), (1020.0, 5e-3), (8000.0, 2e-2)):
        x, z = random.uniform(-reach, reach, (2, 4000))
        seen = drop_rays(ground, x, z)
        assert not np.isnan(seen).any()
        assert np.abs(ground_height(land.terrain, x, z) - seen).max() < tolerance


def test_no_ray_falls_through_the_borders() -> None:
    land, ground = land_of("alpine", "lake"), ground_of("alpine", "lake")
    for level in land.terrain.levels[:-1]:
        along = np.linspace(-level.half_size_m, level.half_size_m, 3001)
        edge = np.full_like(along, level.half_size_m)
        for x, z in ((along, edge), (along, -edge), (edge, along), (-edge, along)):
            for nudge in (-1e-4, 0.0, 1e-4):
                seen = drop_rays(ground, x + nudge, z + nudge)
                assert not np.isnan(seen).any()


def test_shapes_and_values() -> None:
    terrain = land_of("meadow_hills", "lake lake", 2).terrain
    x = np.zeros((3, 5))
    for query in (ground_height, water_depth_at, moisture_at, shore_distance):
        assert query(terrain, x, 2.0).shape == (3, 5)
    normal = ground_normal(terrain, x, 2.0)
    assert normal.shape == (3, 5, 3)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=-1), 1.0, atol=1e-5)


def test_shore_distance_changes_its_sign_at_the_shore() -> None:
    land = land_of("meadow_hills", "lake lake", 2)
    center = np.array(land.waters[0].center_xz)
    along = np.linspace(0.0, 1.0, 400)[:, None] * center
    distance = shore_distance(land.terrain, along[:, 0], along[:, 1])
    depth = water_depth_at(land.terrain, along[:, 0], along[:, 1])
    step = land.terrain.levels[1].spacing_m
    assert (distance[depth > 0.2] < 0.0).all()
    assert (distance[depth == 0.0] > -step).all()
    # It is a distance: it grows by no more than the way that is walked.
    walked = np.hypot(*np.diff(along, axis=0).T)
    assert (np.abs(np.diff(distance)) < walked + 0.75 * step).all()


def test_moisture_is_higher_by_the_water() -> None:
    land = land_of("meadow_hills", "lake lake", 2)
    random = np.random.Generator(np.random.PCG64(4))
    x, z = random.uniform(-120.0, 120.0, (2, 20000))
    shore, wet = shore_distance(land.terrain, x, z), moisture_at(land.terrain, x, z)
    assert wet[(shore > 0.0) & (shore < 3.0)].mean() > wet[shore > 25.0].mean() + 0.15
    assert wet.min() >= 0.0
    assert wet.max() <= 1.0


def test_every_level_agrees_with_its_own_water() -> None:
    from worldgen.builder.terrain.fields import SHORE, land_fields

    for biome, waters in (("meadow_hills", "lake lake"), ("coast", "")):
        terrain = land_of(biome, waters, 2).terrain  # type: ignore[arg-type]
        for level, fields in zip(terrain.levels, land_fields(terrain).levels, strict=True):
            np.testing.assert_array_equal(fields[..., SHORE] < 0.0, level.water_depth > 0.0)
