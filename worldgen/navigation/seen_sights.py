"""What a seen world offers to look at and to walk to: things that stand out in its picture, gaps, the way to the sun.

A picture tells things from ground and no more, so a thing is what hangs together in depth and stands up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.equirectangular import equirectangular_rays, row_solid_angles
from worldgen.navigation.places import heading, nearest_place
from worldgen.scene.navmesh import NavMesh, PointOfInterest

FloatArray = NDArray[np.float64]

_ROWS = 256
_JUMP = 0.2
"""Neighbours whose depths differ by more than this share belong to different things."""
_LEAST_SOLID_ANGLE = 0.008
_LEAST_HEIGHT_M = 1.0
_MAX_THINGS = 8
_WIDE = math.radians(60.0)
"""What is wider than that is a wall of things: its ..."""
_PIECE_HALF_WIDTH = math.radians(12.0)
_MAX_PIECES = 3
"""... highest pieces stand for it."""
_APPROACH_M = 8.0
_FAR_M = 1000.0
_GAP_RISE = 0.08
_GAP_APART = math.radians(70.0)
_MAX_GAPS = 2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenSurroundings:
    """What a panorama shows around the eye, which stands ``camera_height`` metres over the origin.

    euclidean_depth  (H, 2H) float32  metres, +inf for the sky
    is_thing         (H, 2H) bool     neither sky nor ground
    openness         (2H,)   float64  how far one sees along the horizon, by columns, 0 to 1
    sun_azimuth      of the sun, radians from straight ahead to the right, None where it is not seen
    """

    euclidean_depth: NDArray[np.float32]
    is_thing: NDArray[np.bool_]
    openness: FloatArray
    camera_height: float
    sun_azimuth: float | None


def seen_points_of_interest(seen: SeenSurroundings, navmesh: NavMesh, *, home: int) -> tuple[PointOfInterest, ...]:
    """Things that stand out, those that fill most of the picture first, then views through gaps and to the sun.

    Args:
        seen: What the panorama shows.
        navmesh: Where one can walk.
        home: The island of the spawn.
    """
    points = [_thing(number, found, navmesh, home) for number, found in enumerate(_things(seen)[:_MAX_THINGS])]
    yaws = math.pi * (1.0 - 2.0 * (np.arange(len(seen.openness)) + 0.5) / len(seen.openness))
    for number, yaw in enumerate(_gaps(seen.openness, yaws)):
        points.append(_view(f"viewpoint_{number}", "ground", yaw, navmesh, home))
    if seen.sun_azimuth is not None:
        points.append(_view("viewpoint_sun", "sky", -seen.sun_azimuth, navmesh, home))
    return tuple(points)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A thing in the picture: (N, 3) points in world, and the solid angle that each stands for."""

    points: FloatArray
    weights: FloatArray

    @property
    def solid_angle(self) -> float:
        return float(self.weights.sum())


def _things(seen: SeenSurroundings) -> list[_Found]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    step = max(1, len(seen.euclidean_depth) // _ROWS)
    depth = seen.euclidean_depth[step // 2 :: step, step // 2 :: step].astype(np.float64)
    mask = seen.is_thing[step // 2 :: step, step // 2 :: step] & np.isfinite(depth) & (depth > 0.0)
    rows, columns = depth.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    logs = np.log(np.where(mask, depth, 1.0))
    pairs = []
    for one, two in ((index, np.roll(index, -1, axis=1)), (index[:-1], index[1:])):
        joins = mask.ravel()[one] & mask.ravel()[two] & (np.abs(logs.ravel()[one] - logs.ravel()[two]) < _JUMP)
        pairs.append(np.stack([one[joins], two[joins]]))
    first, second = np.concatenate(pairs, axis=1)
    size = rows * columns
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(size, size))
    _, groups = connected_components(graph, directed=False)
    labels = groups.reshape(rows, columns)
    solid = np.broadcast_to(row_solid_angles(rows)[:, None], depth.shape)
    totals = np.bincount(labels.ravel(), weights=(solid * mask).ravel())
    rays = equirectangular_rays(rows).astype(np.float64)
    points = np.where(mask, depth, 0.0)[..., None] * rays + np.array([0.0, seen.camera_height, 0.0])
    found = []
    for label in np.flatnonzero(totals >= _LEAST_SOLID_ANGLE):
        for piece in _pieces(mask & (labels == label)):
            thing = _Found(points[piece], solid[piece])
            # Feet may be hidden, heads seldom are; a few pixels at an edge belong to what is behind.
            height = np.percentile(thing.points[:, 1], 98.0) - max(np.percentile(thing.points[:, 1], 2.0), 0.0)
            if height >= _LEAST_HEIGHT_M and thing.solid_angle >= _LEAST_SOLID_ANGLE:
                found.append(thing)
    return sorted(found, key=lambda thing: (-thing.solid_angle, tuple(thing.points[0])))


def _pieces(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """A thing as it is, or the highest pieces of one that stands all around."""
    columns = mask.shape[1]
    used = mask.any(axis=0)
    if used.sum() * 2.0 * math.pi / columns <= _WIDE:
        return [mask]
    tops = np.where(used, mask.argmax(axis=0), mask.shape[0])
    reach = round(_PIECE_HALF_WIDTH / (2.0 * math.pi) * columns)
    pieces = []
    for _ in range(_MAX_PIECES):
        middle = int(np.argmin(tops))
        if tops[middle] >= mask.shape[0]:
            break
        away = np.abs((np.arange(columns) - middle + columns // 2) % columns - columns // 2)
        pieces.append(mask & (away <= reach))
        tops = np.where(away <= 2 * reach, mask.shape[0], tops)
    return pieces


def _thing(number: int, found: _Found, navmesh: NavMesh, home: int) -> PointOfInterest:
    middle = np.average(found.points, axis=0, weights=found.weights)
    radius = float(np.percentile(np.hypot(*(found.points[:, [0, 2]] - middle[[0, 2]]).T), 90.0))
    foot = np.array([middle[0], max(float(np.percentile(found.points[:, 1], 2.0)), 0.0), middle[2]])
    place = nearest_place(navmesh, foot, reach_m=np.inf, island=home)
    approach = None if place is None else _triple(place[0])
    return PointOfInterest(
        name=f"thing_{number}",
        kind="thing",
        label="thing",
        position=_triple(middle),
        radius_m=round(radius, 3),
        approach=approach,
        is_reachable=place is not None and float(np.linalg.norm(place[0] - foot)) <= radius + _APPROACH_M,
        yaw=None if place is None else heading(place[0], middle),
    )


def _gaps(openness: FloatArray, yaws: FloatArray) -> list[float]:
    """Yaws of the most open views, apart from each other; of an open land the best one, of closed woods none."""
    chosen: list[float] = []
    score = openness.copy()
    while len(chosen) < _MAX_GAPS:
        best = int(np.argmax(score))
        if score[best] < float(openness.mean()) + _GAP_RISE * bool(chosen):
            break
        chosen.append(float(yaws[best]))
        away = np.abs((yaws - yaws[best] + math.pi) % (2.0 * math.pi) - math.pi)
        score = np.where(away < _GAP_APART, -np.inf, score)
    return chosen


def _view(name: str, label: str, yaw: float, navmesh: NavMesh, home: int) -> PointOfInterest:
    """A view from where one comes nearest to what it shows."""
    far = np.array([-math.sin(yaw), 0.0, -math.cos(yaw)]) * _FAR_M
    found = nearest_place(navmesh, far, reach_m=np.inf, island=home)
    assert found is not None  # the island has triangles
    place = _triple(found[0])
    return PointOfInterest(
        name=name,
        kind="viewpoint",
        label=label,
        position=place,
        radius_m=1.0,
        approach=place,
        is_reachable=True,
        yaw=round(yaw, 5),
    )


def _triple(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 4) + 0.0 for value in values)
    return x, y, z
