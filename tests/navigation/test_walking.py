"""A simulated capsule walks random paths of the navmesh on the colliders of whole worlds."""

from __future__ import annotations

import pytest

from tests.navigation.lands import box, plain, solids
from tests.navigation.walking import arena_of, find_path, walk
from tests.worlds import tiny_scene
from worldgen.geometry.collision import build_collision
from worldgen.navigation.navmesh import Area, build_navmesh
from worldgen.navigation.places import nearest_place, random_places
from worldgen.navigation.solids import Solids, solids_of
from worldgen.navigation.water import Waters
from worldgen.randomness import rng
from worldgen.scene.navmesh import Agent, NavMesh

WORLDS = (
    "a log cabin by a mountain lake, pine forest",
    "a medieval village with a church and a stone bridge over a river",
    "a desert canyon with a ruined temple and cacti",
    "a lighthouse on a rocky coast",
    "a snowy mountain valley with a small castle",
    "a tropical beach with palms, a dock and huts",
)


def walk_paths(navmesh: NavMesh, made: Solids, count: int, seed: int) -> list[str]:
    arena, agent = arena_of(made), navmesh.agent
    generator = rng(seed, "walk")
    outcomes = []
    places = random_places(navmesh, 2 * count, generator, island=0)
    for start, goal in zip(places[::2], places[1::2], strict=True):
        found = [nearest_place(navmesh, point, reach_m=1.0, island=0) for point in (start, goal)]
        assert found[0] is not None
        assert found[1] is not None
        path = find_path(navmesh, found[0], found[1])
        assert path is not None, "an island is connected"
        outcome, feet = walk(arena, path, radius=agent.radius_m, height=agent.height_m, step=agent.max_step_m)
        outcomes.append(outcome if outcome == "arrived" else f"{outcome} at {feet.round(2).tolist()}")
    return outcomes


def walk_world(prompt: str, seed: int, count: int, reach_m: float) -> list[str]:
    scene = tiny_scene(prompt, seed).scene
    made = solids_of(build_collision(scene))
    area = Area(x=(-reach_m, reach_m), z=(-reach_m, reach_m))
    navmesh = build_navmesh(made, area, Agent(), waters=Waters(scene.terrain))
    return walk_paths(navmesh, made, count, seed)


def test_the_walker_can_fail() -> None:
    """On a navmesh that ignores a wall and a pit it gets stuck and falls."""
    open_land = solids(plain((-6, 6), (-6, 6)))
    navmesh = build_navmesh(open_land, Area(x=(-6, 6), z=(-6, 6)), Agent())
    assert set(walk_paths(navmesh, open_land, 10, 1)) == {"arrived"}
    walled = solids(plain((-6, 6), (-6, 6)), [box((-0.2, 0, -6), (0.2, 2, 6))])
    assert any(outcome.startswith("stuck") for outcome in walk_paths(navmesh, walled, 10, 1))
    pit = solids([*plain((-6, -1), (-6, 6)), *plain((1, 6), (-6, 6)), *plain((-1, 1), (-6, 6), -5.0)])
    assert any(outcome.startswith("fell") for outcome in walk_paths(navmesh, pit, 10, 1))


def test_a_capsule_walks_a_small_world() -> None:
    assert set(walk_world(WORLDS[0], 0, 12, 48.0)) == {"arrived"}


@pytest.mark.slow
@pytest.mark.parametrize("prompt", WORLDS)
def test_a_capsule_walks_a_hundred_paths(prompt: str) -> None:
    outcomes = walk_world(prompt, 3, 100, 128.0)
    assert [outcome for outcome in outcomes if outcome != "arrived"] == []
