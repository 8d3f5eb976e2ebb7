"""A seen world's solids → navigation: the navmesh where the picture holds, and places to start from."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from worldgen.events import RunContext
from worldgen.geometry.cameras import camera_position
from worldgen.geometry.collision import Collision
from worldgen.navigation.navmesh import Area, build_navmesh
from worldgen.navigation.places import heading, nearest_place, random_places, rim_distances, stand_at
from worldgen.navigation.seen_sights import SeenSurroundings, seen_points_of_interest
from worldgen.navigation.solids import solids_of
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.navmesh import Agent, Navigation, NavMesh, PointOfInterest
from worldgen.scene.view import View
from worldgen.scene.walk_range import WalkRange
from worldgen.stages.make_navigation import ENOUGH_REACHABLE, NUM_SPAWN_POINTS, spawn_points_of

FloatArray = NDArray[np.float64]

_NUM_CANDIDATES = 240
_LEAST_ROOM_M = 0.1
_APART_SHARE = 0.3
"""Spawn points stand apart by this share of the range's size, ..."""
_LEAST_APART_M = 0.7
"""... but never closer than people do."""
_BAND = (math.radians(-5.0), math.radians(15.0))
"""Elevations of what one faces."""
_VIEW_HALF_ANGLE = math.radians(35.0)
_FARTHEST_M = 60.0
_LEAST_SIGHT_M = 1.0
_CELL_M = 0.15
"""The range is small, so it is sampled finely."""


def make_seen_navigation(
    collision: Collision,
    walk_range: WalkRange,
    view: View,
    context: RunContext,
    *,
    sun_azimuth: float | None = None,
    agent: Agent | None = None,
) -> Navigation:
    """Build a navmesh of a seen world's ground, as far as its picture holds.

    Args:
        collision: The world's solids, the walls around the range among them.
        walk_range: The range.
        view: The panorama with its depth and labels, to find out where there is something to see.
        context: For the seed, and where events go.
        sun_azimuth: Of the sun, radians from straight ahead to the right, where the picture shows it.
        agent: Who walks; None takes the default.

    Returns:
        The navigation.
    """
    with context.stage("make navmesh"):
        low, high = walk_range.corners.min(axis=0), walk_range.corners.max(axis=0)
        navmesh = build_navmesh(
            solids_of(collision),
            Area(x=(float(low[0]), float(high[0])), z=(float(low[1]), float(high[1]))),
            agent or Agent(),
            cell_m=_CELL_M,
            min_island_m2=0.5,
        )
        navmesh = _within(navmesh, walk_range)
    home = None
    if navmesh.num_triangles:
        home = stand_at(navmesh, 0.0, 0.0, y=0.0) or nearest_place(navmesh, np.zeros(3), reach_m=np.inf)
    if home is None:
        return Navigation(
            navmesh=navmesh,
            spawn_points=(),
            points_of_interest=(),
            warnings=("nothing within the range in which the picture holds can be walked on",),
        )
    place, triangle = home
    island = int(navmesh.island_ids[triangle])
    share = navmesh.islands[island].area_m2 / navmesh.area_m2
    openness = _openness(view.buffers.euclidean_depth)
    seen = SeenSurroundings(
        euclidean_depth=view.buffers.euclidean_depth,
        is_thing=view.buffers.labels == LABEL_INDEX["thing"],
        openness=openness,
        camera_height=float(camera_position(view.camera)[1]),
        sun_azimuth=sun_azimuth,
    )
    points = seen_points_of_interest(seen, navmesh, home=island)
    chosen = [(place, 0.0, "the picture's middle")]
    for position in _apart(navmesh, place, island, walk_range, context):
        chosen.append((position, *_sight_from(position, points, openness, chosen)))
    warnings = []
    if math.hypot(place[0], place[2]) > 0.5:
        warnings.append(f"the spawn is not walkable: the nearest place lies {math.hypot(place[0], place[2]):.1f} m off")
    if share < ENOUGH_REACHABLE:
        warnings.append(
            f"from the spawn {share:.0%} of the walkable area can be reached: what stands there parts the rest"
        )
    if len(chosen) < NUM_SPAWN_POINTS:
        warnings.append(f"only {len(chosen)} spawn points have room within the range in which the picture holds")
    return Navigation(
        navmesh=navmesh,
        spawn_points=spawn_points_of(chosen, island, share),
        points_of_interest=points,
        warnings=tuple(warnings),
    )


def _within(navmesh: NavMesh, walk_range: WalkRange) -> NavMesh:
    """The navmesh without islands outside the range: behind its walls nobody walks."""
    middles = np.array([island.center for island in navmesh.islands], dtype=np.float64).reshape(-1, 3)
    kept = walk_range.holds(middles[:, 0], middles[:, 2])
    if kept.all():
        return navmesh
    chosen = kept[navmesh.island_ids]
    triangles = navmesh.triangles[chosen]
    used = np.unique(triangles)
    new_vertex = np.zeros(len(navmesh.vertices), dtype=np.int32)
    new_vertex[used] = np.arange(len(used), dtype=np.int32)
    # No triangle of an island that stays has a neighbour on one that goes.
    new_triangle = np.append(np.cumsum(chosen) - 1, -1).astype(np.int32)
    return dataclasses.replace(
        navmesh,
        vertices=navmesh.vertices[used],
        triangles=new_vertex[triangles],
        neighbours=new_triangle[navmesh.neighbours[chosen]],
        island_ids=(np.cumsum(kept) - 1)[navmesh.island_ids[chosen]].astype(np.int32),
        islands=tuple(island for island, stays in zip(navmesh.islands, kept, strict=True) if stays),
    )


def _apart(
    navmesh: NavMesh, home: FloatArray, island: int, walk_range: WalkRange, context: RunContext
) -> list[FloatArray]:
    """Further places with room around them, each as far as possible from those before."""
    candidates = random_places(navmesh, _NUM_CANDIDATES, context.rng("seen spawn points"), island=island)
    candidates = candidates[rim_distances(navmesh, candidates) >= _LEAST_ROOM_M]
    least = max(_LEAST_APART_M, _APART_SHARE * math.sqrt(walk_range.area_m2 / math.pi))
    chosen = [home]
    while len(candidates) and len(chosen) < NUM_SPAWN_POINTS:
        apart = np.min([np.linalg.norm(candidates - other, axis=1) for other in chosen], axis=0)
        best = int(np.argmax(apart))
        if apart[best] < least:
            break
        chosen.append(candidates[best])
    return chosen[1:]


def _openness(euclidean_depth: NDArray[np.float32]) -> FloatArray:
    """(2H,) how far one sees along the horizon, by the panorama's columns, blurred to the width of a view; 0 to 1."""
    height = euclidean_depth.shape[0]
    rows = [round((0.5 - elevation / math.pi) * height) for elevation in reversed(_BAND)]
    band = np.minimum(euclidean_depth[rows[0] : max(rows[1], rows[0] + 1)], _FARTHEST_M).astype(np.float64)
    far = np.log1p(band).mean(axis=0) / math.log1p(_FARTHEST_M)
    reach = max(1, round(_VIEW_HALF_ANGLE / math.pi * height))
    return np.mean([np.roll(far, shift) for shift in range(-reach, reach + 1)], axis=0)


def _sight_from(
    position: FloatArray,
    points: tuple[PointOfInterest, ...],
    openness: FloatArray,
    chosen: list[tuple[FloatArray, float, str]],
) -> tuple[float, str]:
    """What to face from a place: by turns the greatest thing that nobody faces yet, and the open view."""
    faced = {name for _, _, name in chosen}
    for point in points if len(chosen) % 2 else ():
        middle = np.array(point.position)
        distance = math.hypot(position[0] - middle[0], position[2] - middle[2])
        if point.kind == "thing" and point.name not in faced and distance > point.radius_m + _LEAST_SIGHT_M:
            return heading(position, middle), point.name
    return _best_heading(openness, chosen), "the open view"


def _best_heading(openness: FloatArray, chosen: list[tuple[FloatArray, float, str]]) -> float:
    """The yaw of the most open view that nobody faces yet; a panorama's column c looks along yaw pi (1 - 2 c / 2H)."""
    yaws = math.pi * (1.0 - 2.0 * (np.arange(len(openness)) + 0.5) / len(openness))
    score = openness.copy()
    for _, other, _ in chosen:
        score -= 0.5 * np.maximum(0.0, np.cos(yaws - other))
    return float(yaws[int(np.argmax(score))])
