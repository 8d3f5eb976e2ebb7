"""Places on a navmesh: where a point stands on it, how far the rim is, what lies near."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.scene.navmesh import NavMesh

FloatArray = NDArray[np.float64]


def stand_at(navmesh: NavMesh, x: float, z: float, *, y: float) -> tuple[FloatArray, int] | None:
    """The point of the navmesh above or below (x, z) that is nearest to a height.

    Returns:
        The point (3,) and its triangle, or None where there is no navmesh.
    """
    corners = navmesh.vertices[navmesh.triangles].astype(np.float64)
    if not len(corners):
        return None
    flat = corners[:, :, [0, 2]]
    near = np.flatnonzero(
        (flat.min(axis=1) <= (x + 1e-6, z + 1e-6)).all(axis=1) & (flat.max(axis=1) >= (x - 1e-6, z - 1e-6)).all(axis=1)
    )
    weights = _weights(flat[near], np.array([x, z]))
    inside = near[(weights >= -1e-6).all(axis=1)]
    if not len(inside):
        return None
    heights = (weights[(weights >= -1e-6).all(axis=1)] * corners[inside, :, 1]).sum(axis=1)
    best = int(np.argmin(np.abs(heights - y)))
    return np.array([x, heights[best], z]), int(inside[best])


def nearest_place(
    navmesh: NavMesh, point: FloatArray, *, reach_m: float, island: int | None = None
) -> tuple[FloatArray, int] | None:
    """The place on the navmesh nearest to a point.

    Args:
        navmesh: Where to look.
        point: (3,) metres, in world.
        reach_m: How far to look.
        island: Only on this island, or None.

    Returns:
        The place (3,) and its triangle, or None where none is near enough.
    """
    corners = navmesh.vertices[navmesh.triangles].astype(np.float64)
    low, high = corners.min(axis=1), corners.max(axis=1)
    near = ((low <= point + reach_m) & (high >= point - reach_m)).all(axis=1)
    if island is not None:
        near &= navmesh.island_ids == island
    chosen = np.flatnonzero(near)
    if not len(chosen):
        return None
    closest = closest_on_triangles(corners[chosen], point)
    distances = np.linalg.norm(closest - point, axis=1)
    best = int(np.argmin(distances))
    if distances[best] > reach_m:
        return None
    return closest[best], int(chosen[best])


def closest_on_triangles(corners: FloatArray, point: FloatArray) -> FloatArray:
    """The point of each of N triangles (N, 3, 3) that is nearest to a point; (N, 3).

    A projection onto the plane that falls outside is moved to the nearest point of the three edges.
    """
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normals = np.cross(first, second)
    squares = np.maximum((normals**2).sum(axis=1), 1e-18)
    offset = point - corners[:, 0]
    beside = np.einsum("nc,nc->n", np.cross(offset, second), normals) / squares
    above = np.einsum("nc,nc->n", np.cross(first, offset), normals) / squares
    inside = (beside >= 0.0) & (above >= 0.0) & (beside + above <= 1.0)
    result = corners[:, 0] + beside[:, None] * first + above[:, None] * second
    best = np.full(len(corners), np.inf)
    for k in range(3):
        start, along = corners[:, k], corners[:, (k + 1) % 3] - corners[:, k]
        share = np.einsum("nc,nc->n", point - start, along) / np.maximum((along**2).sum(axis=1), 1e-18)
        candidate = start + np.clip(share, 0.0, 1.0)[:, None] * along
        away = ((candidate - point) ** 2).sum(axis=1)
        take = ~inside & (away < best)
        result[take], best[take] = candidate[take], away[take]
    return result


def heading(place: FloatArray, target: FloatArray) -> float:
    """The yaw in which a target lies from a place, both (3,) in world."""
    return round(math.atan2(float(place[0] - target[0]), float(place[2] - target[2])), 5)


def rim_distances(navmesh: NavMesh, points: FloatArray) -> FloatArray:
    """Distance of points (N, 3) to the navmesh's rim; (N,), infinite where there is no rim."""
    triangle, side = np.nonzero(navmesh.neighbours < 0)
    start = navmesh.vertices[navmesh.triangles[triangle, side]].astype(np.float64)
    end = navmesh.vertices[navmesh.triangles[triangle, (side + 1) % 3]].astype(np.float64)
    return _distances_to_segments(np.ascontiguousarray(points, dtype=np.float64), start, end)


@njit(cache=True, parallel=True)
def _distances_to_segments(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    result = np.full(len(points), np.inf)
    for index in prange(len(points)):
        nearest = np.inf
        for segment in range(len(start)):
            along, square, reach = 0.0, 0.0, 0.0
            for axis in range(3):
                step = end[segment, axis] - start[segment, axis]
                along += (points[index, axis] - start[segment, axis]) * step
                square += step * step
            share = min(max(along / max(square, 1e-18), 0.0), 1.0)
            for axis in range(3):
                foot = start[segment, axis] + share * (end[segment, axis] - start[segment, axis])
                reach += (points[index, axis] - foot) ** 2
            nearest = min(nearest, reach)
        result[index] = math.sqrt(nearest)
    return result


def random_places(navmesh: NavMesh, count: int, rng: np.random.Generator, *, island: int) -> FloatArray:
    """Points spread evenly over an island, (count, 3)."""
    chosen = np.flatnonzero(navmesh.island_ids == island)
    corners = navmesh.vertices[navmesh.triangles[chosen]].astype(np.float64)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    picks = np.searchsorted(np.cumsum(areas), rng.random(count) * areas.sum(), side="right")
    u, v = rng.random((2, count))
    u, v = np.where(u + v > 1.0, 1.0 - u, u), np.where(u + v > 1.0, 1.0 - v, v)
    corners = corners[np.minimum(picks, len(chosen) - 1)]
    return corners[:, 0] + u[:, None] * (corners[:, 1] - corners[:, 0]) + v[:, None] * (corners[:, 2] - corners[:, 0])


def _weights(triangles: FloatArray, point: FloatArray) -> FloatArray:
    """Barycentric weights of a point in triangles (N, 3, 2) of the plane; (N, 3)."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    area = _cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    v = _cross(point - a, c - a) / area
    w = _cross(b - a, point - a) / area
    return np.stack([1.0 - v - w, v, w], axis=1)


def _cross(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
