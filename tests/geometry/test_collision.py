"""Collision: the ground follows the land, solids are closed, convex and inside, and the budget holds."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from tests.scenes import BALL_RADIUS, box_mesh, small_scene
from worldgen.errors import InvalidInputError
from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.collision import (
    MAX_TRIANGLES,
    build_collision,
    build_ground_mesh,
    convex_hull_mesh,
    ground_heights,
)
from worldgen.randomness import rng
from worldgen.scene.material import SURFACE_TAGS
from worldgen.scene.scene import Capsule, ConvexHull, Prototype, Scene, SceneObject
from worldgen.scene.terrain import Terrain, TerrainLevel
from worldgen.scene.triangle_mesh import TriangleMesh


def wavy(x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 4.0 * np.sin(x / 23.0) + 3.0 * np.cos(z / 31.0) + 0.05 * x


def wavy_terrain() -> Terrain:
    levels = []
    for count, spacing_m in ((513, 0.5), (129, 16.0)):
        axis = (np.arange(count) - (count - 1) / 2) * spacing_m
        heights = wavy(axis[None, :], axis[:, None]).astype(np.float32)
        zero = np.zeros_like(heights)
        levels.append(
            TerrainLevel(spacing_m=spacing_m, heights=heights, water_depth=zero, moisture=zero, path_weight=zero)
        )
    return Terrain(levels=tuple(levels), play_level=0)


def crowded_scene(count: int) -> Scene:
    """Rocks with round hulls and trees with capsules, all over the place."""
    scene = small_scene()
    generator = rng(1, "test/crowd")
    cloud = generator.normal(size=(300, 3))
    cloud /= np.linalg.norm(cloud, axis=1, keepdims=True)
    prototypes = {
        **scene.prototypes,
        "boulder": dataclasses.replace(
            scene.prototypes["ball"],
            name="boulder",
            colliders=(ConvexHull(points=cloud.astype(np.float32), surface="stone"),),
        ),
        "tree": dataclasses.replace(
            scene.prototypes["ball"],
            name="tree",
            colliders=(Capsule(base=(0.0, 0.3, 0.0), height=4.0, radius=0.3, surface="wood"),),
        ),
    }
    spots = generator.uniform(-90.0, 90.0, (count, 2))
    objects = tuple(
        SceneObject(
            object_id=f"crowd/{k}",
            spec_id="crowd",
            prototype=("boulder", "tree")[k % 2],
            world_from_object=rigid(yaw_rotation(k), np.array([x, 0.0, z])),
        )
        for k, (x, z) in enumerate(spots)
    )
    return dataclasses.replace(scene, prototypes=prototypes, objects=objects)


def solid(mesh: TriangleMesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False)


def test_ground_follows_the_land_closely_near_the_spawn() -> None:
    terrain = wavy_terrain()
    mesh = build_ground_mesh(terrain, max_triangles=130_000)
    assert mesh.num_triangles <= 130_000
    vertices = mesh.vertices.astype(np.float64)
    np.testing.assert_allclose(vertices[:, 1], wavy(vertices[:, 0], vertices[:, 2]), atol=2e-3)
    assert np.abs(vertices[:, [0, 2]]).max() == 128.0
    ground = solid(mesh)
    assert (ground.face_normals[:, 1] > 0.5).all()
    slope = np.stack(
        [
            -4.0 / 23.0 * np.cos(vertices[:, 0] / 23.0) - 0.05,
            np.ones(len(vertices)),
            3.0 / 31.0 * np.sin(vertices[:, 2] / 31.0),
        ],
        axis=1,
    )
    slope /= np.linalg.norm(slope, axis=1, keepdims=True)
    assert ((slope * mesh.normals).sum(axis=1) > 0.999).all()
    edges = ground.edges_unique_length
    middle = np.abs(ground.vertices[ground.edges_unique]).max(axis=(1, 2))
    assert edges[middle < 40.0].max() < 2.0


def test_ground_is_one_sheet_without_cracks() -> None:
    mesh = build_ground_mesh(wavy_terrain(), max_triangles=20_000)
    ground = solid(mesh)
    assert mesh.num_triangles <= 20_000
    assert ground.body_count == 1
    assert ground.euler_number == 1
    # Each inner edge has two triangles; those with one lie on the square's border.
    edges, counts = np.unique(ground.edges_sorted, axis=0, return_counts=True)
    assert counts.max() == 2
    border = ground.vertices[edges[counts == 1]]
    assert (np.abs(border[:, :, [0, 2]]).max(axis=2) == 128.0).all()
    ground.vertices[:, 1] = 0.0
    assert math.isclose(ground.area, 256.0**2, rel_tol=1e-6)


def test_heights_come_from_the_finest_level_and_stop_at_the_border() -> None:
    terrain = wavy_terrain()
    x, z = rng(2, "test/spots").uniform(-120.0, 120.0, (2, 500))
    np.testing.assert_allclose(ground_heights(terrain, x, z), wavy(x, z), atol=2e-3)
    far = ground_heights(terrain, np.array([700.0]), np.array([-300.0]))
    np.testing.assert_allclose(far, wavy(np.array([700.0]), np.array([-300.0])), atol=1.0)
    beyond = ground_heights(terrain, np.array([5000.0]), np.array([0.0]))
    np.testing.assert_allclose(beyond, wavy(np.array([1024.0]), np.array([0.0])), atol=1.0)


@pytest.mark.parametrize("max_points", [None, 32, 8, 4])
def test_hulls_are_closed_convex_and_inside(max_points: int | None) -> None:
    points = rng(3, "test/hull").normal(size=(400, 3)) * (1.0, 2.0, 0.5) + (3.0, 1.0, 0.0)
    mesh = convex_hull_mesh(points, max_points=max_points)
    hull = solid(mesh)
    assert hull.is_watertight
    assert hull.volume > 0.0
    assert hull.is_convex
    assert max_points is None or mesh.num_vertices <= max_points
    whole = trimesh.convex.convex_hull(points)
    assert hull.volume <= whole.volume * 1.000_01
    if max_points is None or max_points >= 32:
        assert hull.volume > 0.7 * whole.volume


@pytest.mark.parametrize("kind", ["a plane", "a line", "a point"])
def test_flat_hulls_get_some_thickness(kind: str) -> None:
    points = np.zeros((8, 3))
    if kind != "a point":
        points[:, 0] = np.arange(8)
    if kind == "a plane":
        points[:, 2] = np.arange(8) ** 2
    hull = solid(convex_hull_mesh(points))
    assert hull.is_watertight
    assert hull.volume > 0.0


def test_small_scene() -> None:
    scene = small_scene()
    collision = build_collision(scene)
    assert [(part.name, part.kind, part.surface) for part in collision.parts] == [
        ("COL_ground", "ground", "soil"),
        ("COL_box_0", "hull", "wood"),
        ("COL_ball_0", "capsule", "metal"),
    ]
    assert [node.part for node in collision.nodes] == [0, 1, 2, 2]
    by_id = {item.object_id: item for item in scene.objects}
    for node in collision.nodes[1:]:
        np.testing.assert_array_equal(node.world_from_part, by_id[node.object_id].world_from_object)
    np.testing.assert_allclose(solid(collision.parts[1].mesh).bounds, solid(box_mesh()).bounds)
    capsule = collision.parts[2].mesh
    assert np.linalg.norm(capsule.vertices - (0.0, BALL_RADIUS, 0.0), axis=1).max() <= BALL_RADIUS + 0.1
    assert solid(capsule).is_watertight


@pytest.mark.parametrize("count", [10, 4000])
def test_the_budget_holds(count: int) -> None:
    collision = build_collision(crowded_scene(count))
    assert collision.num_triangles <= MAX_TRIANGLES
    assert collision.warnings == ()
    assert len(collision.nodes) == count + 1
    if count == 10:
        assert collision.parts[1].mesh.num_vertices > 20


def test_what_is_far_goes_without_when_nothing_else_helps() -> None:
    scene = crowded_scene(400)
    collision = build_collision(scene, max_triangles=2000)
    assert collision.num_triangles <= 2000
    assert len(collision.warnings) == 1
    kept = {node.object_id for node in collision.nodes[1:]}
    distances = {item.object_id: math.hypot(*item.world_from_object[[0, 2], 3]) for item in scene.objects}
    left_out = [distance for name, distance in distances.items() if name not in kept]
    assert 0 < len(kept) < 400
    assert max(distances[name] for name in kept) <= min(left_out)
    with pytest.raises(InvalidInputError):
        build_collision(scene, max_triangles=10)


def test_same_scene_same_collision() -> None:
    left, right = build_collision(crowded_scene(50)), build_collision(crowded_scene(50))
    for one, other in zip(left.parts, right.parts, strict=True):
        np.testing.assert_array_equal(one.mesh.triangles, other.mesh.triangles)
        np.testing.assert_array_equal(one.mesh.vertices, other.mesh.vertices)


def test_prototypes_without_colliders_have_none() -> None:
    scene = small_scene()
    bare = {
        name: Prototype(name=name, label=prototype.label, lods=prototype.lods, footprint_m=prototype.footprint_m)
        for name, prototype in scene.prototypes.items()
    }
    collision = build_collision(dataclasses.replace(scene, prototypes=bare))
    assert [node.name for node in collision.nodes] == ["COL_ground"]


def test_every_triangle_of_the_ground_has_a_surface() -> None:
    scene = dataclasses.replace(small_scene(), terrain=wavy_terrain())
    grass, stone = SURFACE_TAGS.index("grass"), SURFACE_TAGS.index("stone")
    collision = build_collision(scene, surfaces=lambda x, z: np.where(x > 10.0, stone, grass).astype(np.uint8))
    part = collision.parts[0]
    assert part.surface == "grass"
    pieces = dict(part.by_surface())
    assert list(pieces) == ["grass", "stone"]
    assert sum(piece.num_triangles for piece in pieces.values()) == part.mesh.num_triangles
    for surface, piece in pieces.items():
        middles = piece.vertices[piece.triangles].mean(axis=1)[:, 0]
        assert ((middles > 10.0) == (surface == "stone")).all()
        assert set(piece.triangles.ravel()) == set(range(piece.num_vertices))
    area = sum(solid(piece).area for piece in pieces.values())
    assert math.isclose(area, solid(part.mesh).area, rel_tol=1e-6)
    with pytest.raises(InvalidInputError, match="triangle_surfaces"):
        dataclasses.replace(part, triangle_surfaces=np.full(part.mesh.num_triangles, 99, dtype=np.uint8))
