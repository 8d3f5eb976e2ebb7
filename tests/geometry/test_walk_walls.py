"""Walls around a range: closed, upright, with their inner faces on its sides, whatever the ground does."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from worldgen.errors import InvalidInputError
from worldgen.geometry.collision import Collision
from worldgen.geometry.ground_field import GroundField
from worldgen.geometry.walk_walls import WALL_HEIGHT_M, add_walls
from worldgen.randomness import rng
from worldgen.scene.walk_range import WalkRange


def walk_range(radii: np.ndarray) -> WalkRange:
    return WalkRange(radii_m=radii, distances_m=np.zeros(0), untrue_shares=np.zeros(0), tolerance=0.25)


def test_limits_lie_on_straight_lines_between_corners() -> None:
    square = walk_range(np.full(4, 2.0))  # corners on the axes: |x| + |z| = 2
    turn = np.linspace(0.0, 2.0 * np.pi, 101)
    x, z = np.sin(turn), -np.cos(turn)
    np.testing.assert_allclose(square.limit(x, z), 2.0 / (np.abs(x) + np.abs(z)), rtol=1e-12)
    assert square.area_m2 == pytest.approx(8.0)
    assert square.holds(np.array([0.9, 1.1, 0.0]), np.array([0.9, 1.1, -1.99])).tolist() == [True, False, True]
    np.testing.assert_allclose(square.corners, [[0, -2], [2, 0], [0, 2], [-2, 0]], atol=1e-12)
    uneven = walk_range(rng(1, "test/range").uniform(1.0, 9.0, 16))
    corners = uneven.corners
    np.testing.assert_allclose(uneven.limit(corners[:, 0], corners[:, 1]), uneven.radii_m, rtol=1e-9)
    middle = 0.5 * (corners + np.roll(corners, -1, axis=0))
    np.testing.assert_allclose(uneven.limit(middle[:, 0], middle[:, 1]), np.hypot(*middle.T), rtol=1e-9)


@pytest.mark.parametrize("radii", [np.array([1.0, 2.0]), np.array([1.0, 0.0, 1.0]), np.array([1.0, np.nan, 1.0])])
def test_a_range_needs_corners(radii: np.ndarray) -> None:
    with pytest.raises(InvalidInputError):
        walk_range(radii)


def test_nobody_gets_through() -> None:
    """On rough ground, rays from inside at several heights meet a wall exactly where the range ends."""
    random = rng(2, "test/walls")
    uneven = walk_range(random.uniform(3.0, 9.0, 16))
    field = GroundField(radii=np.geomspace(0.4, 40.0, 30), heights=random.uniform(-0.5, 0.5, (30, 64)))
    made = add_walls(Collision(parts=(), nodes=()), uneven, field)
    assert {part.kind for part in made.parts} == {"blocking"}
    boxes = []
    for node in made.nodes:
        part = made.parts[node.part]
        box = trimesh.Trimesh(part.mesh.vertices, part.mesh.triangles, process=True)
        assert box.is_watertight
        assert box.volume > 0.0
        boxes.append(box.apply_transform(node.world_from_part))
    walls = trimesh.util.concatenate(boxes)
    turn = random.uniform(0.0, 2.0 * np.pi, 300)
    rays = np.stack([np.sin(turn), np.zeros(300), -np.cos(turn)], axis=1)
    for height in (-0.5, 0.3, 1.0, WALL_HEIGHT_M - 0.6):
        places, index, _ = walls.ray.intersects_location(np.tile([0.0, height, 0.0], (300, 1)), rays)
        nearest = np.full(300, np.inf)
        np.minimum.at(nearest, index, np.hypot(places[:, 0], places[:, 2]))
        limit = uneven.limit(rays[:, 0], rays[:, 2])
        assert (nearest <= limit + 1e-3).all()
        assert (nearest >= limit - 0.35).all()  # next to an inward corner a box reaches in by its overlap
        assert np.median(np.abs(nearest - limit)) < 1e-3
