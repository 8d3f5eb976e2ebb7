"""The navmesh of worlds made from pictures: within the range, and honest about what cannot be reached."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.analytic_surroundings import TOWER_HEIGHT_M, TOWER_RADIUS_M, tower_view
from tests.scenes import quad_mesh
from worldgen.events import RunContext, ignore_events
from worldgen.geometry.collision import Collision, CollisionNode, CollisionPart
from worldgen.geometry.ground_field import GroundField
from worldgen.geometry.walk_walls import add_walls
from worldgen.geometry.water_volumes import WaterBox, box_mesh
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.navmesh import Navigation
from worldgen.scene.view import View
from worldgen.scene.walk_range import WalkRange
from worldgen.settings import TIERS
from worldgen.stages.make_seen_navigation import make_seen_navigation

RANGE = WalkRange(radii_m=np.full(16, 5.0), distances_m=np.zeros(0), untrue_shares=np.zeros(0), tolerance=0.25)


def navigation(*boxes: WaterBox, view: View | None = None, sun_azimuth: float | None = None) -> Navigation:
    """On level ground that goes on beyond the range, with some blocks."""
    parts = [CollisionPart(name="COL_ground", kind="ground", mesh=quad_mesh(30.0, 0.0), surface="soil")]
    parts += [CollisionPart(name="COL_things", kind="mesh", mesh=box_mesh(box), surface="stone") for box in boxes]
    nodes = tuple(
        CollisionNode(name=part.name, part=k, world_from_part=np.eye(4), object_id="", spec_id="seen", label="thing")
        for k, part in enumerate(parts)
    )
    level = GroundField(radii=np.array([0.5, 100.0]), heights=np.zeros((2, 8)))
    collision = add_walls(Collision(parts=tuple(parts), nodes=nodes), RANGE, level)
    context = RunContext(seed=1, tier=TIERS["draft"], report=ignore_events)
    return make_seen_navigation(collision, RANGE, view or gap_view(), context, sun_azimuth=sun_azimuth)


def gap_view() -> View:
    """Ground that ends 20 m off all around, but 55 m off to the right."""
    view = tower_view(tower=None, height=32)
    depth = np.full((32, 64), 20.0, dtype=np.float32)
    depth[:, 46:50] = 55.0
    labels = np.full((32, 64), LABEL_INDEX["ground"], dtype=np.uint8)
    return dataclasses.replace(view, buffers=dataclasses.replace(view.buffers, euclidean_depth=depth, labels=labels))


def test_open_ground_is_walked_up_to_the_walls() -> None:
    made = navigation()
    assert made.warnings == ()
    assert len(made.navmesh.islands) == 1
    inner = RANGE.area_m2 * ((5.0 - 0.35) / 5.0) ** 2
    assert made.navmesh.area_m2 == pytest.approx(inner, rel=0.05)
    assert len(made.spawn_points) == 5
    assert made.spawn_points[0].position == (0.0, 0.0, 0.0)
    assert any(abs(spawn.yaw + np.pi / 2) < 0.7 for spawn in made.spawn_points[1:])


@pytest.mark.parametrize(("tower", "is_reachable"), [((4.0, -9.0), True), ((-20.0, -15.0), False)])
def test_what_stands_out_is_a_point_of_interest(tower: tuple[float, float], is_reachable: bool) -> None:
    """It is seen from the nearest place within the range; one can walk there if that is near its foot."""
    made = navigation(view=tower_view(tower=tower, height=256))
    (found,) = (point for point in made.points_of_interest if point.kind == "thing")
    distance = np.hypot(*tower)
    # Of the tower, the half that faces the picture's middle is seen.
    front = np.array(tower) * (1.0 - TOWER_RADIUS_M / distance)
    assert np.hypot(found.position[0] - front[0], found.position[2] - front[1]) < TOWER_RADIUS_M
    assert 0.4 * TOWER_HEIGHT_M < found.position[1] < 0.6 * TOWER_HEIGHT_M
    assert 0.5 * TOWER_RADIUS_M < found.radius_m < 1.2 * TOWER_RADIUS_M
    assert found.approach is not None
    assert np.hypot(found.approach[0], found.approach[2]) == pytest.approx(5.0 - 0.35, abs=0.2)
    assert found.is_reachable == is_reachable
    assert found.yaw is not None
    to_tower = np.array([found.position[0] - found.approach[0], found.position[2] - found.approach[2]])
    looking = np.array([-np.sin(found.yaw), -np.cos(found.yaw)])
    assert looking @ to_tower / np.linalg.norm(to_tower) == pytest.approx(1.0, abs=1e-4)
    assert any(spawn.facing == found.name for spawn in made.spawn_points)


def test_gaps_and_the_sun_are_viewpoints() -> None:
    made = navigation(sun_azimuth=-2.0)
    views = {point.name: point for point in made.points_of_interest}
    assert set(views) == {"viewpoint_0", "viewpoint_sun"}
    assert views["viewpoint_0"].yaw == pytest.approx(-np.pi / 2, abs=0.3)
    assert views["viewpoint_sun"].yaw == pytest.approx(2.0)
    for point in views.values():
        assert point.approach == point.position
        assert point.is_reachable
        # From the rim of the range on that side.
        out = np.array([-np.sin(point.yaw), -np.cos(point.yaw)])
        assert np.array(point.position)[[0, 2]] @ out == pytest.approx(4.65, abs=0.2)


def test_woods_all_around_are_told_by_their_highest_places() -> None:
    view = tower_view(tower=None, height=128)
    depth, labels = view.buffers.euclidean_depth.copy(), view.buffers.labels.copy()
    tops = np.where(np.abs(np.arange(256) - 60) < 8, 40, 52)  # rows; one clump rises over the rest
    is_wood = (np.arange(128)[:, None] >= tops) & (np.arange(128)[:, None] < 68)
    depth[is_wood], labels[is_wood] = 15.0, LABEL_INDEX["thing"]
    woods = dataclasses.replace(view, buffers=dataclasses.replace(view.buffers, euclidean_depth=depth, labels=labels))
    things = [point for point in navigation(view=woods).points_of_interest if point.kind == "thing"]
    assert 2 <= len(things) <= 3
    yaw = np.pi * (1.0 - 2.0 * 60 / 256)
    assert np.arctan2(-things[0].position[0], -things[0].position[2]) == pytest.approx(yaw, abs=0.25)


def test_what_cannot_be_reached_is_told() -> None:
    """A wall across the range leaves less than four fifths of it to a visitor."""
    made = navigation(WaterBox(minimum=(-6.0, -0.2, -1.6), maximum=(6.0, 3.0, -1.0)))
    assert len(made.navmesh.islands) == 2
    share = made.spawn_points[0].reachable_share
    assert share == pytest.approx(made.navmesh.islands[0].area_m2 / made.navmesh.area_m2, abs=1e-4)
    assert share < 0.8
    assert any("can be reached" in warning for warning in made.warnings)
    assert {spawn.island for spawn in made.spawn_points} == {0}
