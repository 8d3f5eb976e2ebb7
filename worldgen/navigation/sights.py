"""What a world offers to walk to: buildings and other single things, waters, viewpoints."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from worldgen.navigation.places import heading, nearest_place
from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.scene.navmesh import NavMesh, PointOfInterest
from worldgen.scene.scene import Scene, SceneObject

FloatArray = NDArray[np.float64]

_MAX_PER_ENTRY = 12
"""Things of one spec entry at most, the nearest to the spawn first."""
_LINES = frozenset({"fence", "wall", "path"})
"""Labels of things that come in long rows."""
_APPROACH_M = 8.0
_MAX_VIEWPOINTS = 3
_VIEW_CELL_M = 24.0
_LEAST_PROMINENCE_M = 6.0


def points_of_interest(scene: Scene, navmesh: NavMesh, *, home: int | None) -> tuple[PointOfInterest, ...]:
    """Everything worth going to in the playable area, the nearest to the spawn first within each kind.

    Args:
        scene: The world.
        navmesh: Where one can walk.
        home: The island of the spawn, or None if it is on none.
    """
    reach = scene.terrain.levels[scene.terrain.play_level].half_size_m
    entries: dict[str, list[SceneObject]] = defaultdict(list)
    waters = []
    for item in scene.objects:
        label = scene.label_of(item)
        group = LABELS[LABEL_INDEX[label]].group
        if group == "water":
            waters.append(item)
        elif group in ("structure", "prop") and label not in _LINES and _reach(item) <= reach:
            entries[item.spec_id].append(item)
    points = []
    for items in entries.values():
        items.sort(key=lambda item: (_distance(item), item.object_id))
        points += [_of_object(scene, navmesh, item, home) for item in items[:_MAX_PER_ENTRY]]
    points += [point for item in waters if (point := _of_water(scene, navmesh, item, home)) is not None]
    points += _viewpoints(navmesh, home)
    return tuple(points)


def _of_object(scene: Scene, navmesh: NavMesh, item: SceneObject, home: int | None) -> PointOfInterest:
    prototype = scene.prototypes[item.prototype]
    matrix = item.world_from_object
    scale = float(np.cbrt(np.linalg.det(matrix[:3, :3])))
    vertices = np.concatenate([part.mesh.vertices for part in prototype.lods[item.lod]])
    low, high = vertices.min(axis=0).astype(np.float64), vertices.max(axis=0).astype(np.float64)
    middle = matrix[:3, :3] @ (0.5 * (low + high)) + matrix[:3, 3]
    radius = 0.5 * scale * float(np.hypot(high[0] - low[0], high[2] - low[2]))
    # Doors are in front, where +Z points; things are approached at their feet.
    front = matrix[:3, :3] @ np.array([0.0, 0.0, high[2]]) + matrix[:3, 3]
    approach = nearest_place(navmesh, front, reach_m=_APPROACH_M, island=home) or nearest_place(
        navmesh, matrix[:3, 3], reach_m=radius + _APPROACH_M
    )
    group = LABELS[LABEL_INDEX[prototype.label]].group
    return PointOfInterest(
        name=item.object_id,
        kind="structure" if group == "structure" else "thing",
        label=prototype.label,
        position=_triple(middle),
        radius_m=round(radius, 3),
        approach=None if approach is None else _triple(approach[0]),
        is_reachable=approach is not None and int(navmesh.island_ids[approach[1]]) == home,
        yaw=None if approach is None else heading(approach[0], middle),
    )


def _of_water(scene: Scene, navmesh: NavMesh, item: SceneObject, home: int | None) -> PointOfInterest | None:
    """The part of a water that is nearest to the spawn, and the place on its shore."""
    reach = scene.terrain.levels[scene.terrain.play_level].half_size_m
    prototype = scene.prototypes[item.prototype]
    matrix = item.world_from_object
    vertices = np.concatenate([part.mesh.vertices for part in prototype.lods[item.lod]]).astype(np.float64)
    points = vertices @ matrix[:3, :3].T + matrix[:3, 3]
    points = points[np.abs(points[:, [0, 2]]).max(axis=1) <= reach]
    if not len(points):
        return None
    nearest = points[np.argmin((points[:, [0, 2]] ** 2).sum(axis=1))]
    around = points[np.hypot(points[:, 0] - nearest[0], points[:, 2] - nearest[2]) <= 40.0]
    middle = around.mean(axis=0)
    approach = nearest_place(navmesh, nearest, reach_m=2.0 * _APPROACH_M, island=home)
    return PointOfInterest(
        name=item.object_id,
        kind="water",
        label=prototype.label,
        position=_triple(middle),
        radius_m=round(float(np.hypot(*(around[:, [0, 2]] - middle[[0, 2]]).T).max()), 3),
        approach=None if approach is None else _triple(approach[0]),
        is_reachable=approach is not None,
        yaw=None if approach is None else heading(approach[0], middle),
    )


def _viewpoints(navmesh: NavMesh, home: int | None) -> list[PointOfInterest]:
    """Places that are the highest of all around them, by how far they rise above their surroundings."""
    if home is None:
        return []
    corners = navmesh.vertices[navmesh.triangles[navmesh.island_ids == home]].reshape(-1, 3).astype(np.float64)
    cells = np.floor(corners[:, [0, 2]] / _VIEW_CELL_M).astype(np.int64)
    low = cells.min(axis=0)
    rows, columns = (cells.max(axis=0) - low + 1)[::-1]
    highest = np.full((rows + 2, columns + 2), -np.inf)
    np.maximum.at(highest, (cells[:, 1] - low[1] + 1, cells[:, 0] - low[0] + 1), corners[:, 1])
    points = []
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            around = highest[row - 1 : row + 2, column - 1 : column + 2]
            finite = around[np.isfinite(around)]
            top = highest[row, column]
            # At the border the land goes on where nobody can walk: what is highest there is no summit.
            if len(finite) < 9 or top < finite.max() or top - np.sort(finite)[4] < _LEAST_PROMINENCE_M:
                continue
            here = (cells[:, 1] == row - 1 + low[1]) & (cells[:, 0] == column - 1 + low[0]) & (corners[:, 1] == top)
            points.append((float(top - np.sort(finite)[4]), corners[here][0]))
    points.sort(key=lambda entry: (-entry[0], tuple(entry[1])))
    return [
        PointOfInterest(
            name=f"viewpoint_{index}",
            kind="viewpoint",
            label="ground",
            position=_triple(place),
            radius_m=1.0,
            approach=_triple(place),
            is_reachable=True,
        )
        for index, (_, place) in enumerate(points[:_MAX_VIEWPOINTS])
    ]


def _reach(item: SceneObject) -> float:
    return float(max(abs(item.world_from_object[0, 3]), abs(item.world_from_object[2, 3])))


def _distance(item: SceneObject) -> float:
    return math.hypot(float(item.world_from_object[0, 3]), float(item.world_from_object[2, 3]))


def _triple(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 4) for value in values)
    return x, y, z
