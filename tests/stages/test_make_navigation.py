"""Spawn points, points of interest and the navmesh's files of a small world, read back by other libraries."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.worlds import TINY, tiny_scene
from worldgen.events import RunContext
from worldgen.exporters.navmesh_files import write_navmesh_glb, write_navmesh_obj
from worldgen.geometry.collision import build_collision
from worldgen.navigation.places import nearest_place, rim_distances
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.navmesh import Navigation
from worldgen.stages.make_navigation import NUM_SPAWN_POINTS, make_navigation
from worldgen.stages.summarise_navigation import summarise_navigation

PROMPT = "a log cabin by a mountain lake, pine forest"


@pytest.fixture(scope="module")
def navigation() -> Navigation:
    scene = tiny_scene(PROMPT).scene
    return make_navigation(scene, build_collision(scene), SceneTracer(scene), RunContext(seed=0, tier=TINY))


def test_spawn_points_stand_apart_on_one_island(navigation: Navigation) -> None:
    spawns = navigation.spawn_points
    assert len(spawns) == NUM_SPAWN_POINTS
    assert len({spawn.island for spawn in spawns}) == 1
    positions = np.array([spawn.position for spawn in spawns])
    assert np.hypot(positions[0, 0], positions[0, 2]) < 0.5
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=2) + 1e9 * np.eye(len(spawns))
    assert apart.min() > 11.9
    for spawn in spawns:
        found = nearest_place(navigation.navmesh, np.array(spawn.position), reach_m=0.05)
        assert found is not None
        assert navigation.navmesh.island_ids[found[1]] == spawn.island
        assert spawn.reachable_share >= 0.8 or navigation.warnings
    assert rim_distances(navigation.navmesh, positions[1:]).min() > 0.5


def test_spawn_points_face_what_they_say(navigation: Navigation) -> None:
    named = {point.name: point for point in navigation.points_of_interest}
    facing = [spawn for spawn in navigation.spawn_points if spawn.facing in named]
    assert facing
    for spawn in facing:
        offset = np.array(named[spawn.facing].position) - np.array(spawn.position)
        ahead = np.array([-np.sin(spawn.yaw), -np.cos(spawn.yaw)])
        assert ahead @ (offset[[0, 2]] / np.hypot(offset[0], offset[2])) > 0.999


def test_the_cabin_and_the_lake_can_be_reached(navigation: Navigation) -> None:
    reachable = {point.label for point in navigation.points_of_interest if point.is_reachable}
    assert {"cabin", "lake"} <= reachable


def test_the_files_come_back(navigation: Navigation, tmp_path: Path) -> None:
    write_navmesh_glb(navigation, tmp_path / "navmesh.glb")
    write_navmesh_obj(navigation, tmp_path / "navmesh.obj")
    loaded = trimesh.load(tmp_path / "navmesh.glb")
    area = sum(mesh.area for mesh in loaded.geometry.values())
    assert area == pytest.approx(navigation.navmesh.area_m2, rel=1e-4)
    names = set(loaded.graph.nodes)
    assert {f"spawn_{index}" for index in range(NUM_SPAWN_POINTS)} <= names
    as_obj = trimesh.load(tmp_path / "navmesh.obj", process=False, force="mesh")
    assert len(as_obj.faces) == navigation.navmesh.num_triangles
    assert as_obj.area == pytest.approx(navigation.navmesh.area_m2, rel=1e-4)


def test_the_summary_is_json(navigation: Navigation) -> None:
    document = json.loads(summarise_navigation(navigation).model_dump_json())
    assert document["walkable_area_m2"] == pytest.approx(navigation.navmesh.area_m2, abs=0.01)
    assert len(document["spawn_points"]) == NUM_SPAWN_POINTS
