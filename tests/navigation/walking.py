"""A capsule that walks along paths of a navmesh by colliding and sliding on triangles, to prove that the navmesh holds.

Paths are found over triangles by A*, straightened by the funnel algorithm (Lee and Preparata 1984), and walked in small
steps: forwards, out of whatever is touched, then down onto the ground. Nothing of the navmesh's making is used.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.navigation.solids import Solids
from worldgen.scene.navmesh import NavMesh

FloatArray = NDArray[np.float64]

BUCKET_M = 2.0


@dataclass(frozen=True)
class Arena:
    """Triangles (T, 3, 3), and those of each square of the ground: starts (C + 1,) and members."""

    corners: FloatArray
    origin: FloatArray
    shape: tuple[int, int]
    starts: NDArray[np.int64]
    members: NDArray[np.int64]


def arena_of(solids: Solids) -> Arena:
    corners = np.ascontiguousarray(solids.corners)
    low, high = corners.min(axis=1)[:, [0, 2]], corners.max(axis=1)[:, [0, 2]]
    origin = low.min(axis=0)
    columns, rows = (np.floor((high.max(axis=0) - origin) / BUCKET_M).astype(int) + 1).tolist()
    first, last = (np.floor((limit - origin) / BUCKET_M).astype(int) for limit in (low, high))
    pairs = [
        (row * columns + column, index)
        for index, ((c0, r0), (c1, r1)) in enumerate(zip(first.tolist(), last.tolist(), strict=True))
        for row in range(r0, r1 + 1)
        for column in range(c0, c1 + 1)
    ]
    pairs.sort()
    cells = np.array([cell for cell, _ in pairs])
    starts = np.searchsorted(cells, np.arange(rows * columns + 1))
    members = np.array([index for _, index in pairs], dtype=np.int64)
    return Arena(corners, origin, (rows, columns), starts.astype(np.int64), members)


def find_path(navmesh: NavMesh, start: tuple[FloatArray, int], goal: tuple[FloatArray, int]) -> FloatArray | None:
    """Corners of the shortest way within the corridor that A* over triangle middles finds; (N, 3)."""
    middles = navmesh.vertices[navmesh.triangles].mean(axis=1).astype(np.float64)
    source, target = start[1], goal[1]
    costs, came = {source: 0.0}, {source: -1}
    queue = [(0.0, source)]
    done = set()
    while queue:
        _, triangle = heapq.heappop(queue)
        if triangle == target:
            break
        if triangle in done:
            continue
        done.add(triangle)
        for other in navmesh.neighbours[triangle].tolist():
            if other < 0:
                continue
            cost = costs[triangle] + float(np.linalg.norm(middles[other] - middles[triangle]))
            if cost < costs.get(other, math.inf):
                costs[other], came[other] = cost, triangle
                heapq.heappush(queue, (cost + float(np.linalg.norm(middles[other] - goal[0])), other))
    if target not in came:
        return None
    corridor = [target]
    while corridor[-1] != source:
        corridor.append(came[corridor[-1]])
    return _funnel(navmesh, corridor[::-1], start[0], goal[0])


def _funnel(navmesh: NavMesh, corridor: list[int], start: FloatArray, goal: FloatArray) -> FloatArray:
    portals = []
    for here, there in itertools.pairwise(corridor):
        k = navmesh.neighbours[here].tolist().index(there)
        right, left = navmesh.triangles[here][k], navmesh.triangles[here][(k + 1) % 3]
        portals.append((navmesh.vertices[left].astype(np.float64), navmesh.vertices[right].astype(np.float64)))
    portals.append((goal, goal))
    points, apex = [start], start
    left, right = portals[0]
    left_at = right_at = 0
    index = 0
    while index < len(portals):
        new_left, new_right = portals[index]
        if _turn(apex, right, new_right) >= 0.0:
            if np.array_equal(apex, right) or _turn(apex, left, new_right) < 0.0:
                right, right_at = new_right, index
            else:
                points.append(left)
                apex, index = left, left_at + 1
                left_at = right_at = left_at
                left = right = apex
                continue
        if _turn(apex, left, new_left) <= 0.0:
            if np.array_equal(apex, left) or _turn(apex, right, new_left) > 0.0:
                left, left_at = new_left, index
            else:
                points.append(right)
                apex, index = right, right_at + 1
                left_at = right_at = right_at
                left = right = apex
                continue
        index += 1
    points.append(goal)
    return np.array(points)


def _turn(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """Positive where c lies left of a-b as seen from above, with x to the right and z towards the viewer."""
    return float((b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2]))


def walk(arena: Arena, path: FloatArray, *, radius: float, height: float, step: float) -> tuple[str, FloatArray]:
    """Walk a capsule along a path.

    Returns:
        "arrived", "stuck" or "fell", and where its feet were at last.
    """
    outcome, feet = _walk(
        (arena.corners, arena.origin, np.array(arena.shape), arena.starts, arena.members),
        np.ascontiguousarray(path),
        np.array([radius, height, step]),
    )
    return ("arrived", "stuck", "fell")[outcome], feet


@njit(cache=True)
def _closest(t: FloatArray, p: FloatArray) -> FloatArray:
    """The point of a triangle nearest to p (Ericson, Real-Time Collision Detection, chapter 5)."""
    ab, ac, ap = t[1] - t[0], t[2] - t[0], p - t[0]
    d1, d2 = ab.dot(ap), ac.dot(ap)
    if d1 <= 0.0 and d2 <= 0.0:
        return t[0].copy()
    bp = p - t[1]
    d3, d4 = ab.dot(bp), ac.dot(bp)
    if d3 >= 0.0 and d4 <= d3:
        return t[1].copy()
    if d1 * d4 - d3 * d2 <= 0.0 and d1 >= 0.0 and d3 <= 0.0:
        return t[0] + ab * (d1 / (d1 - d3))
    cp = p - t[2]
    d5, d6 = ab.dot(cp), ac.dot(cp)
    if d6 >= 0.0 and d5 <= d6:
        return t[2].copy()
    if d5 * d2 - d1 * d6 <= 0.0 and d2 >= 0.0 and d6 <= 0.0:
        return t[0] + ac * (d2 / (d2 - d6))
    if d3 * d6 - d5 * d4 <= 0.0 and d4 - d3 >= 0.0 and d5 - d6 >= 0.0:
        return t[1] + (t[2] - t[1]) * ((d4 - d3) / ((d4 - d3) + (d5 - d6)))
    total = 1.0 / ((d3 * d6 - d5 * d4) + (d5 * d2 - d1 * d6) + (d1 * d4 - d3 * d2))
    return t[0] + ab * ((d5 * d2 - d1 * d6) * total) + ac * ((d1 * d4 - d3 * d2) * total)


@njit(cache=True)
def _height_below(t: FloatArray, x: float, z: float) -> float:
    """Height at which a vertical line crosses a triangle, NaN where it misses."""
    ux, uz, vx, vz = t[1, 0] - t[0, 0], t[1, 2] - t[0, 2], t[2, 0] - t[0, 0], t[2, 2] - t[0, 2]
    area = ux * vz - uz * vx
    if abs(area) < 1e-12:
        return np.nan
    px, pz = x - t[0, 0], z - t[0, 2]
    v = (px * vz - pz * vx) / area
    w = (ux * pz - uz * px) / area
    if v < -1e-9 or w < -1e-9 or v + w > 1.0 + 1e-9:
        return np.nan
    return t[0, 1] + v * (t[1, 1] - t[0, 1]) + w * (t[2, 1] - t[0, 1])


@njit(cache=True)
def _bucket_range(arena, low_x, high_x, low_z, high_z):  # type: ignore[no-untyped-def]
    shape, origin = arena[2], arena[1]
    r0 = max(0, int((low_z - origin[1]) / 2.0))
    r1 = min(shape[0] - 1, int((high_z - origin[1]) / 2.0))
    c0 = max(0, int((low_x - origin[0]) / 2.0))
    c1 = min(shape[1] - 1, int((high_x - origin[0]) / 2.0))
    return r0, r1, c0, c1


@njit(cache=True)
def _pushed_out(arena, feet, sizes):  # type: ignore[no-untyped-def]
    """Move the capsule sideways out of what it overlaps above its step; its foot is a ball that rides over the rest."""
    radius, height, step = sizes[0], sizes[1], sizes[2]
    for _ in range(8):
        push = np.zeros(3)
        deepest = 1e-6
        r0, r1, c0, c1 = _bucket_range(arena, feet[0] - radius, feet[0] + radius, feet[2] - radius, feet[2] + radius)
        for row in range(r0, r1 + 1):
            for column in range(c0, c1 + 1):
                cell = row * arena[2][1] + column
                for k in range(arena[3][cell], arena[3][cell + 1]):
                    t = arena[0][arena[4][k]]
                    low, high = min(t[0, 1], t[1, 1], t[2, 1]), max(t[0, 1], t[1, 1], t[2, 1])
                    if high <= feet[1] + step or low >= feet[1] + height:
                        continue
                    # Balls from the step to the top of the head stand for the capsule.
                    y = feet[1] + step + radius
                    while y <= feet[1] + height - radius + 1e-9:
                        center = np.array([feet[0], y, feet[2]])
                        away = center - _closest(t, center)
                        distance = math.sqrt(away.dot(away))
                        if radius - distance > deepest and distance > 1e-9:
                            deepest = radius - distance
                            push = away / distance * deepest
                        y += 0.25
        if deepest <= 1e-6:
            return True
        feet[0] += push[0] * 1.001
        feet[2] += push[2] * 1.001
        if push[0] * push[0] + push[2] * push[2] < 1e-16:
            return False
    return False


@njit(cache=True)
def _ground_below(arena, x, z, top):  # type: ignore[no-untyped-def]
    best = -np.inf
    r0, r1, c0, c1 = _bucket_range(arena, x, x, z, z)
    for row in range(r0, r1 + 1):
        for column in range(c0, c1 + 1):
            cell = row * arena[2][1] + column
            for k in range(arena[3][cell], arena[3][cell + 1]):
                y = _height_below(arena[0][arena[4][k]], x, z)
                if y <= top and y > best:
                    best = y
    return best


@njit(cache=True)
def _walk(arena, path, sizes):  # type: ignore[no-untyped-def]
    feet = path[0].copy()
    # Whoever is put onto a navmesh is first set down on the ground, which it follows within an error.
    feet[1] = _ground_below(arena, feet[0], feet[2], feet[1] + 1.0)
    stride = 0.1
    for target in range(1, len(path)):
        best = np.inf
        idle = 0
        while True:
            dx, dz = path[target, 0] - feet[0], path[target, 2] - feet[2]
            distance = math.hypot(dx, dz)
            if distance < 0.15:
                break
            if distance < best - 0.01:
                best, idle = distance, 0
            else:
                idle += 1
                if idle > 60:
                    return 1, feet
            move = min(stride, distance)
            feet[0] += dx / distance * move
            feet[2] += dz / distance * move
            _pushed_out(arena, feet, sizes)
            ground = _ground_below(arena, feet[0], feet[2], feet[1] + sizes[2] + 1e-3)
            if ground < feet[1] - sizes[2] - stride:
                return 2, feet
            feet[1] = ground
    return 0, feet
