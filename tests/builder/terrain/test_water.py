from __future__ import annotations

import numpy as np
import pytest

from tests.builder.terrain.lands import DRAFT, ground_of, land_of, spec_of
from worldgen.builder.terrain.queries import ground_height, water_depth_at
from worldgen.builder.terrain.ripples import ripple_normals
from worldgen.builder.terrain.water import BuiltWater, build_water
from worldgen.builder.terrain.water_meshes import HORIZON_M
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.spec.model import Biome


def _water(biome: Biome, waters: str, seed: int, frozen: bool = False) -> BuiltWater:
    land = land_of(biome, waters, seed)
    sites = land.waters
    if frozen:
        import dataclasses

        sites = tuple(dataclasses.replace(site, frozen=True) for site in sites)
    return build_water(land.terrain, sites, spec_of(biome, waters), DRAFT, seed, ground_of(biome, waters, seed).cover)


def _mesh(water: BuiltWater, label: str) -> TriangleMesh:
    prototype = next(item for item in water.prototypes.values() if item.label == label)
    return prototype.lods[0][0].mesh


def _covered(mesh: TriangleMesh, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Whether points lie under a mesh seen from above."""
    from embreex import rtcore_scene
    from embreex.mesh_construction import TriangleMesh as EmbreeMesh

    scene = rtcore_scene.EmbreeScene()
    EmbreeMesh(scene, np.array(mesh.vertices), np.array(mesh.triangles))
    origins = np.stack([x, np.full_like(x, 500.0), z], axis=-1).astype(np.float32)
    directions = np.tile(np.array([[0.0, -1.0, 0.0]], dtype=np.float32), (len(x), 1))
    hit = scene.run(origins, directions, output=True)
    covered: np.ndarray = hit["geomID"] >= 0
    return covered


@pytest.mark.parametrize(("biome", "label", "seed"), [("alpine", "lake", 1), ("coast", "sea", 1)])
def test_still_water_is_level_and_covers_all_wet_ground(biome: Biome, label: str, seed: int) -> None:
    waters = "lake" if label == "lake" else ""
    land, water = land_of(biome, waters, seed), _water(biome, waters, seed)
    mesh = _mesh(water, label)
    site = next(site for site in land.waters if site.kind == label)
    np.testing.assert_allclose(mesh.vertices[:, 1], site.surface_y, atol=1e-5)
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    assert (np.cross(b - a, c - a)[:, 1] > 0.0).all()
    random = np.random.Generator(np.random.PCG64(8))
    for reach in (31.0, 127.0, 1000.0):
        x, z = random.uniform(-reach, reach, (2, 6000))
        wet = ground_height(land.terrain, x, z) < site.surface_y - 1e-3
        covered = _covered(mesh, x, z)
        if label == "sea":
            assert covered[wet].all()
        else:
            assert covered[wet & (water_depth_at(land.terrain, x, z) > 0.01)].all()
        # Where the mesh reaches over dry ground it lies below that ground.
        assert (ground_height(land.terrain, x, z)[covered & ~wet] > site.surface_y - 2e-3).all()
        assert (covered & ~wet).mean() < 0.08


def test_the_sea_meets_the_horizon() -> None:
    mesh = _mesh(_water("coast", "", 1), "sea")
    assert mesh.vertices[:, 0].max() == HORIZON_M
    assert mesh.vertices[:, 2].min() == -HORIZON_M


def test_a_river_falls_along_its_way_and_lies_in_its_bed() -> None:
    land, water = land_of("temperate_forest", "river", 3), _water("temperate_forest", "river", 3)
    mesh = _mesh(water, "river")
    across = 15
    rows = mesh.vertices.reshape(-1, across, 3)
    assert np.ptp(rows[..., 1], axis=1).max() < 1e-6
    assert (np.diff(rows[:, 0, 1]) <= 1e-6).all()
    half = land.terrain.levels[1].half_size_m - 2.0
    near = np.abs(rows[:, across // 2, [0, 2]]).max(axis=-1) < half
    middle = rows[near, across // 2]
    assert (ground_height(land.terrain, middle[:, 0], middle[:, 2]) < middle[:, 1] - 0.2).mean() > 0.97
    for edge in (0, across - 1):
        bank = rows[near, edge]
        assert (ground_height(land.terrain, bank[:, 0], bank[:, 2]) > bank[:, 1]).mean() > 0.95


def test_colours_show_the_depth() -> None:
    mesh = _mesh(_water("alpine", "lake", 1), "lake")
    land = land_of("alpine", "lake", 1)
    assert mesh.colors is not None
    depth = water_depth_at(land.terrain, mesh.vertices[:, 0], mesh.vertices[:, 2])
    brightness = mesh.colors.mean(axis=1)
    assert brightness[depth < 0.1].mean() > 1.5 * brightness[depth > 2.0].mean()
    deep = mesh.colors[depth > 2.0].mean(axis=0)
    assert deep[2] > deep[0]


def test_surf_is_white_at_the_shore_only() -> None:
    mesh = _mesh(_water("coast", "", 1), "sea")
    land = land_of("coast", "", 1)
    assert mesh.colors is not None
    near = np.abs(mesh.vertices[:, [0, 2]]).max(axis=1) < 100.0
    depth = water_depth_at(land.terrain, mesh.vertices[:, 0], mesh.vertices[:, 2])
    white = mesh.colors.min(axis=1) > 0.45
    assert white[near & (depth < 0.15)].mean() > 0.3
    assert white[near & (depth > 4.0)].mean() < 0.02


def test_ice_is_a_solid_surface() -> None:
    water = _water("alpine", "lake", 1, frozen=True)
    (material,) = water.materials.values()
    assert material.kind == "surface"
    mesh = _mesh(water, "lake")
    assert mesh.colors is not None
    assert mesh.colors.mean() > 0.3


def test_ripples_tile_and_have_the_slope() -> None:
    normals = ripple_normals(128, 0.06, 0.3, 7).astype(np.float64) / 127.5 - 1.0
    slope = normals[..., :2] / normals[..., 2:]
    assert abs(np.sqrt((slope**2).sum(axis=-1).mean()) - 0.06) < 0.01
    seam = np.abs(slope[:, 0] - slope[:, -1]).mean()
    assert seam < 2.0 * np.abs(np.diff(slope, axis=1)).mean()
