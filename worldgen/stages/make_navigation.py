"""Scene → navigation: the navmesh of an agent, places to start from, and what is worth walking to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.events import RunContext
from worldgen.geometry.collision import Collision
from worldgen.navigation.navmesh import Area, build_navmesh
from worldgen.navigation.places import nearest_place, random_places, rim_distances, stand_at
from worldgen.navigation.sights import points_of_interest
from worldgen.navigation.solids import solids_of
from worldgen.navigation.water import Waters
from worldgen.scene.navmesh import Agent, Navigation, NavMesh, PointOfInterest, SpawnPoint
from worldgen.scene.scene import Scene
from worldgen.stages.choose_stations import RayTracer

FloatArray = NDArray[np.float64]

NUM_SPAWN_POINTS = 5
ENOUGH_REACHABLE = 0.8
"""Share of the walkable area that a spawn point should reach."""

_NUM_CANDIDATES = 240
_LEAST_ROOM_M = 0.7
_APART_M = 12.0
_SIGHT_M = (4.0, 90.0)
_BEST_SIGHT_M = 18.0
_NUM_DIRECTIONS = 24
_KINDS = {"structure": 1.0, "thing": 0.6, "water": 0.8, "viewpoint": 0.0}


def make_navigation(
    scene: Scene, collision: Collision, tracer: RayTracer, context: RunContext, *, agent: Agent | None = None
) -> Navigation:
    """Build everything that agents and players need to find their way.

    Args:
        scene: The world.
        collision: Its colliders.
        tracer: Casts rays into the scene, to see what a place looks at.
        context: For the seed, and where events go.
        agent: Who walks; None takes the default.

    Returns:
        The navigation; the first spawn point is the world's own.
    """
    with context.stage("make navmesh"):
        half = scene.terrain.levels[scene.terrain.play_level].half_size_m
        navmesh = build_navmesh(
            solids_of(collision),
            Area(x=(-half, half), z=(-half, half)),
            agent or Agent(),
            waters=Waters(scene.terrain),
        )
    with context.stage("place spawn points"):
        warnings = []
        if not navmesh.num_triangles:
            return Navigation(
                navmesh=navmesh,
                spawn_points=(),
                points_of_interest=points_of_interest(scene, navmesh, home=None),
                warnings=("nothing in the playable area can be walked on",),
            )
        place, triangle = _home(navmesh)
        if math.hypot(place[0], place[2]) > 0.5:
            warnings.append(
                f"the spawn is not walkable: the nearest place lies {math.hypot(place[0], place[2]):.1f} m off"
            )
        island = int(navmesh.island_ids[triangle])
        points = points_of_interest(scene, navmesh, home=island)
        share = navmesh.islands[island].area_m2 / navmesh.area_m2
        if share < ENOUGH_REACHABLE:
            warnings.append(
                f"from the spawn {share:.0%} of the walkable area can be reached: water, cliffs or walls part the rest"
            )
        own = (place, scene.spawn_yaw, "the world's best view")
        chosen = [own, *_choose(navmesh, points, scene, tracer, (place, island, context))]
        if len(chosen) < NUM_SPAWN_POINTS:
            warnings.append(f"only {len(chosen)} spawn points have room around them and stand apart")
    return Navigation(
        navmesh=navmesh,
        spawn_points=spawn_points_of(chosen, island, share),
        points_of_interest=points,
        warnings=tuple(warnings),
    )


def spawn_points_of(
    chosen: list[tuple[FloatArray, float, str]], island: int, reachable_share: float
) -> tuple[SpawnPoint, ...]:
    """Spawn points of places on one island, each with its heading and what it faces."""
    return tuple(
        SpawnPoint(
            name=f"spawn_{index}",
            position=_triple(position),
            yaw=round(yaw, 5),
            island=island,
            reachable_share=round(reachable_share, 5),
            facing=facing,
        )
        for index, (position, yaw, facing) in enumerate(chosen)
    )


def _home(navmesh: NavMesh) -> tuple[FloatArray, int]:
    """Where the world's own spawn stands on the navmesh."""
    here = stand_at(navmesh, 0.0, 0.0, y=0.0)
    if here is None or abs(here[0][1]) > 1.0:
        here = nearest_place(navmesh, np.zeros(3), reach_m=np.inf)
    assert here is not None
    return here


def _choose(
    navmesh: NavMesh,
    points: tuple[PointOfInterest, ...],
    scene: Scene,
    tracer: RayTracer,
    home: tuple[FloatArray, int, RunContext],
) -> list[tuple[FloatArray, float, str]]:
    """Further spawn points: with room, apart, each with the best sight that nobody faces yet."""
    place, island, context = home
    candidates = random_places(navmesh, _NUM_CANDIDATES, context.rng("spawn points"), island=island)
    candidates = candidates[rim_distances(navmesh, candidates) >= _LEAST_ROOM_M]
    if not len(candidates):
        return []
    eyes = candidates + np.array([0.0, scene.eye_height_m, 0.0])
    sights = [point for point in points if _KINDS[point.kind] > 0.0]
    values = _sight_values(eyes, sights, tracer)
    openness, headings = _open_views(eyes, tracer)
    chosen: list[tuple[FloatArray, float, str]] = []
    taken = [place]
    used = np.zeros(len(sights))
    while len(chosen) < NUM_SPAWN_POINTS - 1:
        apart = np.min([np.linalg.norm(candidates - other, axis=1) for other in taken], axis=0)
        faced = values / (1.0 + 2.0 * used) if len(sights) else np.zeros((len(candidates), 1))
        # Places farther apart are better, too, but less so the farther they are.
        score = faced.max(axis=1) + 0.15 * openness + 0.25 * np.minimum(apart / 60.0, 1.0)
        score[apart < _APART_M] = -1.0
        best = int(np.argmax(score))
        if score[best] < 0.0:
            break
        sight = int(np.argmax(faced[best]))
        if len(sights) and faced[best, sight] > 0.0:
            offset = np.array(sights[sight].position) - eyes[best]
            yaw, facing = math.atan2(-offset[0], -offset[2]), sights[sight].name
            used[sight] += 1.0
        else:
            yaw, facing = float(headings[best]), "the open land"
        chosen.append((candidates[best], yaw, facing))
        taken.append(candidates[best])
    return chosen


def _sight_values(eyes: FloatArray, sights: list[PointOfInterest], tracer: RayTracer) -> FloatArray:
    """(C, S) how much it is worth to look from each eye at each sight; 0 where something hides it."""
    if not sights:
        return np.zeros((len(eyes), 0))
    targets = np.array([sight.position for sight in sights])
    radii = np.array([sight.radius_m for sight in sights])
    offsets = targets[None] - eyes[:, None]
    distances = np.linalg.norm(offsets, axis=2)
    directions = (offsets / np.maximum(distances, 1e-6)[..., None]).reshape(-1, 3)
    depth = tracer.trace(np.repeat(eyes, len(sights), axis=0), directions).euclidean_depth.reshape(distances.shape)
    # A sight is seen when the ray ends on it or beyond.
    is_seen = depth.astype(np.float64) >= distances - np.maximum(radii, 0.5)
    beyond = np.maximum(distances - radii, 0.0)
    is_near = (distances > radii + _SIGHT_M[0]) & (beyond < _SIGHT_M[1])
    nearness = np.exp(-(np.log(np.maximum(beyond, 1.0) / _BEST_SIGHT_M) ** 2))
    worth = np.array([_KINDS[sight.kind] for sight in sights]) * np.clip(0.5 + radii / 8.0, 0.5, 1.5)
    return np.where(is_seen & is_near, worth * nearness, 0.0)


def _open_views(eyes: FloatArray, tracer: RayTracer) -> tuple[FloatArray, FloatArray]:
    """How open the best view from each eye is, 0 to 1, and its heading."""
    yaw = 2.0 * math.pi * np.arange(_NUM_DIRECTIONS) / _NUM_DIRECTIONS
    rays = np.stack([-np.sin(yaw), np.zeros_like(yaw), -np.cos(yaw)], axis=1)
    depth = tracer.trace(np.repeat(eyes, len(rays), axis=0), np.tile(rays, (len(eyes), 1))).euclidean_depth
    reach = np.minimum(depth.reshape(len(eyes), -1).astype(np.float64), 120.0) / 120.0
    wide = (reach + 0.5 * np.roll(reach, 1, axis=1) + 0.5 * np.roll(reach, -1, axis=1)) / 2.0
    return wide.max(axis=1), yaw[np.argmax(wide, axis=1)]


def _triple(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 4) + 0.0 for value in values)
    return x, y, z
