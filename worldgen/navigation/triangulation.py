"""Outlines with holes → triangles that follow the ground.

Ears are cut by mapbox_earcut; edges are then flipped to a constrained Delaunay triangulation (Lawson 1977), and points
are put in where the ground leaves the triangles by more than the height error, the worst of each triangle first
(Garland and Heckbert 1995).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.navigation.contours import Ground, Sampling, Window

_PROBE_CELLS = 2
"""Cells between the places where a triangle is compared with the ground."""
_MAX_ROUNDS = 24
_THINNEST = 0.03
"""Least share of a triangle's area on each side of a point that is put into it."""


def triangulate_rings(rings: list[NDArray[np.float64]]) -> tuple[NDArray[np.int32], float]:
    """Triangles of one polygon, the outer ring first, then its holes.

    Args:
        rings: (N, 3) each; only x and z count.

    Returns:
        (T, 3) indices into the rings' points one after the other, wound like the outer ring (positive in x and z),
        and by how much the triangles' area differs from the polygon's, as a share; outlines that cross do that.
    """
    import mapbox_earcut

    points = np.ascontiguousarray(np.concatenate(rings)[:, [0, 2]])
    ends = np.cumsum([len(ring) for ring in rings]).astype(np.uint32)
    triangles = mapbox_earcut.triangulate_float64(points - points[0], ends).reshape(-1, 3).astype(np.int32)
    area = sum(ring_area(ring) for ring in rings)
    corners = points[triangles]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = 0.5 * (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    triangles = np.where((areas < 0.0)[:, None], triangles[:, ::-1], triangles)
    kept = np.abs(areas) > 1e-9
    off = abs(float(np.abs(areas).sum()) - area) / max(area, 1e-9)
    return np.ascontiguousarray(triangles[kept]), off


def ring_area(ring: NDArray[np.float64]) -> float:
    """Area of a ring in the plane of x and z, positive where it runs with the ground on its left."""
    x, z = ring[:, 0] - ring[0, 0], ring[:, 2] - ring[0, 2]
    return 0.5 * float(np.sum(x * np.roll(z, -1) - z * np.roll(x, -1)))


def follow_ground(
    points: NDArray[np.float64],
    triangles: NDArray[np.int32],
    sheet: NDArray[np.int32],
    window: Window,
    ground_and_sampling: tuple[Ground, Sampling],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Make a triangulation Delaunay and put in points until it lies within the height error of the ground.

    Args:
        points: (P, 3).
        triangles: (T, 3) indices, all wound alike (positive in x and z).
        sheet: (rows, columns) floor on each line.
        window: The sheet's tile.
        ground_and_sampling: The floors; the lattice and the errors allowed.
    """
    neighbours = triangle_neighbours(triangles)
    return _refine(points, triangles, neighbours, (sheet, window), ground_and_sampling)


def triangle_neighbours(triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """(T, 3) triangle across the edge from corner k to corner k + 1, -1 where there is none (or more than one)."""
    count = len(triangles)
    start = triangles.reshape(-1).astype(np.int64)
    end = triangles[:, [1, 2, 0]].reshape(-1).astype(np.int64)
    keys = (np.minimum(start, end) << 32) | np.maximum(start, end)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    # Exactly two triangles meet at an inner edge.
    lonely = np.ones(len(same), dtype=np.bool_)
    lonely[1:] &= ~same[:-1]
    lonely[:-1] &= ~same[1:]
    pairs = np.flatnonzero(same & lonely)
    neighbours = np.full(3 * count, -1, dtype=np.int32)
    neighbours[order[pairs]] = order[pairs + 1] // 3
    neighbours[order[pairs + 1]] = order[pairs] // 3
    return neighbours.reshape(count, 3)


@njit(cache=True)
def _turn(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> float:
    """Twice the area of a triangle in the plane of x and z."""
    return (b[0] - a[0]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[0] - a[0])


@njit(cache=True)
def _in_circle(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]) -> bool:
    """Whether d lies clearly inside the circle through a, b and c (wound positively)."""
    ax, az, bx, bz, cx, cz = a[0] - d[0], a[2] - d[2], b[0] - d[0], b[2] - d[2], c[0] - d[0], c[2] - d[2]
    aa, bb, cc = ax * ax + az * az, bx * bx + bz * bz, cx * cx + cz * cz
    value = ax * (bz * cc - bb * cz) - az * (bx * cc - bb * cx) + aa * (bx * cz - bz * cx)
    return value > 1e-9 * (aa + bb + cc) ** 2


@njit(cache=True)
def _edge_to(neighbours: NDArray[np.int32], triangle: int, other: int) -> int:
    for k in range(3):
        if neighbours[triangle, k] == other:
            return k
    return -1


@njit(cache=True)
def _flip(triangles: NDArray[np.int32], neighbours: NDArray[np.int32], first: int, k: int) -> None:
    """Exchange the edge from corner k of a triangle to the next one for the other diagonal."""
    second = neighbours[first, k]
    m = _edge_to(neighbours, second, first)
    a, b, c = triangles[first, k], triangles[first, (k + 1) % 3], triangles[first, (k + 2) % 3]
    d = triangles[second, (m + 2) % 3]
    # first is (a, b, c) and second (b, a, d); they become (a, d, c) and (d, b, c).
    beside_bc, beside_ca = neighbours[first, (k + 1) % 3], neighbours[first, (k + 2) % 3]
    beside_ad, beside_db = neighbours[second, (m + 1) % 3], neighbours[second, (m + 2) % 3]
    triangles[first, 0], triangles[first, 1], triangles[first, 2] = a, d, c
    triangles[second, 0], triangles[second, 1], triangles[second, 2] = d, b, c
    neighbours[first, 0], neighbours[first, 1], neighbours[first, 2] = beside_ad, second, beside_ca
    neighbours[second, 0], neighbours[second, 1], neighbours[second, 2] = beside_db, beside_bc, first
    if beside_ad >= 0:
        neighbours[beside_ad, _edge_to(neighbours, beside_ad, second)] = first
    if beside_bc >= 0:
        neighbours[beside_bc, _edge_to(neighbours, beside_bc, first)] = second


@njit(cache=True)
def _legalise(
    points: NDArray[np.float64],
    triangles: NDArray[np.int32],
    neighbours: NDArray[np.int32],
    stack: NDArray[np.int32],
    state: tuple[NDArray[np.bool_], int],
) -> None:
    """Flip edges of the triangles on the stack, and what that touches, until all are Delaunay."""
    is_dirty, top = state
    budget = 50 * (top + 16)
    while top and budget:
        top -= 1
        budget -= 1
        first = stack[top]
        for k in range(3):
            second = neighbours[first, k]
            if second < 0:
                continue
            m = _edge_to(neighbours, second, first)
            a, b = points[triangles[first, k]], points[triangles[first, (k + 1) % 3]]
            c, d = points[triangles[first, (k + 2) % 3]], points[triangles[second, (m + 2) % 3]]
            if not _in_circle(a, b, c, d) or _turn(a, d, c) <= 1e-9 or _turn(d, b, c) <= 1e-9:
                continue
            _flip(triangles, neighbours, first, k)
            is_dirty[first] = is_dirty[second] = True
            if top + 2 <= len(stack):
                stack[top], stack[top + 1] = first, second
                top += 2
            break


@njit(cache=True)
def _worst_point(
    corners: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    sheet: NDArray[np.int32],
    window: Window,
    ground: Ground,
    sampling: Sampling,
) -> tuple[int, int]:
    """Row and column in the sheet of the line where the ground is farthest from a triangle, or -1 twice."""
    a, b, c = corners
    area = _turn(a, b, c)
    worst, worst_row, worst_column = sampling.height_error, -1, -1
    if area <= 4.0 * sampling.cell * sampling.cell:
        return worst_row, worst_column
    rows, columns = sheet.shape
    top = max(0, int(np.ceil((min(a[2], b[2], c[2]) - sampling.z0) / sampling.cell)) - window.top)
    bottom = min(rows - 1, int((max(a[2], b[2], c[2]) - sampling.z0) / sampling.cell) - window.top)
    left = max(0, int(np.ceil((min(a[0], b[0], c[0]) - sampling.x0) / sampling.cell)) - window.left)
    right = min(columns - 1, int((max(a[0], b[0], c[0]) - sampling.x0) / sampling.cell) - window.left)
    point = np.zeros(3)
    for row in range(top + (top & 1), bottom + 1, _PROBE_CELLS):
        for column in range(left + (left & 1), right + 1, _PROBE_CELLS):
            floor = sheet[row, column]
            if floor < 0:
                continue
            point[0] = sampling.x0 + sampling.cell * (window.left + column)
            point[2] = sampling.z0 + sampling.cell * (window.top + row)
            u, v = _turn(b, c, point) / area, _turn(c, a, point) / area
            w = 1.0 - u - v
            if min(u, v, w) < _THINNEST:
                continue
            error = abs(u * a[1] + v * b[1] + w * c[1] - ground.y[floor])
            if error > worst:
                worst, worst_row, worst_column = error, row, column
    return worst_row, worst_column


@njit(cache=True)
def _split(triangles: NDArray[np.int32], neighbours: NDArray[np.int32], triangle: int, point: int, count: int) -> None:
    """Put a point into a triangle; the two new triangles get the indices ``count`` and ``count + 1``."""
    a, b, c = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
    ab, bc, ca = neighbours[triangle, 0], neighbours[triangle, 1], neighbours[triangle, 2]
    second, third = count, count + 1
    triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2] = a, b, point
    triangles[second, 0], triangles[second, 1], triangles[second, 2] = b, c, point
    triangles[third, 0], triangles[third, 1], triangles[third, 2] = c, a, point
    neighbours[triangle, 0], neighbours[triangle, 1], neighbours[triangle, 2] = ab, second, third
    neighbours[second, 0], neighbours[second, 1], neighbours[second, 2] = bc, third, triangle
    neighbours[third, 0], neighbours[third, 1], neighbours[third, 2] = ca, triangle, second
    if bc >= 0:
        neighbours[bc, _edge_to(neighbours, bc, triangle)] = second
    if ca >= 0:
        neighbours[ca, _edge_to(neighbours, ca, triangle)] = third


@njit(cache=True)
def _refine(
    first_points: NDArray[np.float64],
    first_triangles: NDArray[np.int32],
    first_neighbours: NDArray[np.int32],
    place: tuple[NDArray[np.int32], Window],
    ground_and_sampling: tuple[Ground, Sampling],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    sheet, window = place
    ground, sampling = ground_and_sampling
    num_points, count = len(first_points), len(first_triangles)
    room = sheet.size // (_PROBE_CELLS * _PROBE_CELLS) + 16
    points = np.zeros((num_points + room, 3))
    points[:num_points] = first_points
    triangles = np.zeros((count + 2 * room, 3), dtype=np.int32)
    triangles[:count] = first_triangles
    neighbours = np.full((count + 2 * room, 3), -1, dtype=np.int32)
    neighbours[:count] = first_neighbours
    is_dirty = np.zeros(len(triangles), dtype=np.bool_)
    stack = np.zeros(4 * len(triangles) + 64, dtype=np.int32)
    for triangle in range(count):
        stack[triangle] = triangle
        is_dirty[triangle] = True
    _legalise(points, triangles, neighbours, stack, (is_dirty, count))
    for _ in range(_MAX_ROUNDS):
        changed = False
        for triangle in range(count):
            if not is_dirty[triangle]:
                continue
            is_dirty[triangle] = False
            if num_points == len(points):
                break
            a, b, c = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
            row, column = _worst_point((points[a], points[b], points[c]), sheet, window, ground, sampling)
            if row < 0:
                continue
            points[num_points, 0] = sampling.x0 + sampling.cell * (window.left + column)
            points[num_points, 1] = ground.y[sheet[row, column]]
            points[num_points, 2] = sampling.z0 + sampling.cell * (window.top + row)
            _split(triangles, neighbours, triangle, num_points, count)
            num_points += 1
            stack[0], stack[1], stack[2] = triangle, count, count + 1
            is_dirty[triangle] = is_dirty[count] = is_dirty[count + 1] = True
            count += 2
            _legalise(points, triangles, neighbours, stack, (is_dirty, 3))
            changed = True
        if not changed:
            break
    return points[:num_points].copy(), triangles[:count].copy()
