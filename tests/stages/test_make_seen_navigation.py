"""The navmesh of worlds made from pictures: within the range, and honest about what cannot be reached."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scenes import quad_mesh
from worldgen.events import RunContext, ignore_events
from worldgen.geometry.collision import Collision, CollisionNode, CollisionPart
from worldgen.geometry.ground_field import GroundField
from worldgen.geometry.walk_walls import add_walls
from worldgen.geometry.water_volumes import WaterBox, box_mesh
from worldgen.scene.navmesh import Navigation
from worldgen.scene.walk_range import WalkRange
from worldgen.settings import TIERS
from worldgen.stages.make_seen_navigation import make_seen_navigation

RANGE = WalkRange(radii_m=np.full(16, 5.0), distances_m=np.zeros(0), untrue_shares=np.zeros(0), tolerance=0.25)


def navigation(*boxes: WaterBox) -> Navigation:
    """On level ground that goes on beyond the range, with some blocks."""
    parts = [CollisionPart(name="COL_ground", kind="ground", mesh=quad_mesh(30.0, 0.0), surface="soil")]
    parts += [CollisionPart(name="COL_things", kind="mesh", mesh=box_mesh(box), surface="stone") for box in boxes]
    nodes = tuple(
        CollisionNode(name=part.name, part=k, world_from_part=np.eye(4), object_id="", spec_id="seen", label="thing")
        for k, part in enumerate(parts)
    )
    level = GroundField(radii=np.array([0.5, 100.0]), heights=np.zeros((2, 8)))
    collision = add_walls(Collision(parts=tuple(parts), nodes=nodes), RANGE, level)
    depth = np.full((32, 64), 20.0, dtype=np.float32)
    depth[:, 46:50] = 55.0  # a view to the right
    return make_seen_navigation(collision, RANGE, depth, RunContext(seed=1, tier=TIERS["draft"], report=ignore_events))


def test_open_ground_is_walked_up_to_the_walls() -> None:
    made = navigation()
    assert made.warnings == ()
    assert len(made.navmesh.islands) == 1
    inner = RANGE.area_m2 * ((5.0 - 0.35) / 5.0) ** 2
    assert made.navmesh.area_m2 == pytest.approx(inner, rel=0.05)
    assert len(made.spawn_points) == 5
    assert made.spawn_points[0].position == (0.0, 0.0, 0.0)
    assert any(abs(spawn.yaw + np.pi / 2) < 0.7 for spawn in made.spawn_points[1:])


def test_what_cannot_be_reached_is_told() -> None:
    """A wall across the range leaves less than four fifths of it to a visitor."""
    made = navigation(WaterBox(minimum=(-6.0, -0.2, -1.6), maximum=(6.0, 3.0, -1.0)))
    assert len(made.navmesh.islands) == 2
    share = made.spawn_points[0].reachable_share
    assert share == pytest.approx(made.navmesh.islands[0].area_m2 / made.navmesh.area_m2, abs=1e-4)
    assert share < 0.8
    assert any("can be reached" in warning for warning in made.warnings)
    assert {spawn.island for spawn in made.spawn_points} == {0}
