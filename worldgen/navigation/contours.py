"""Sheets of a tile → outlines, placed between the lattice's lines where the agent would touch something.

Marching squares on the clearance, then simplified by the method of Douglas and Peucker (1973) within a stated error
across the ground and in height. Outlines along a tile's border are simplified by what is on the border alone and in an
order that does not depend on their direction, so neighbouring tiles meet in the same corners.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_NEAREST = 0.02
"""Outlines keep this share of a cell away from lines, so that no two of their corners coincide."""
_ON_SIDE_M = 1e-6
_BULGE_CELLS = 1.0
_PORTAL = 16


class Sampling(NamedTuple):
    """What outlines are made from; all lengths in metres."""

    x0: float
    z0: float
    cell: float
    radius: float
    edge_error: float
    height_error: float


class Ground(NamedTuple):
    """What is known of the F floors: heights, clearances, and the floors that their four neighbours are."""

    y: NDArray[np.float32]
    clearance: NDArray[np.float32]
    links: NDArray[np.int32]


class Window(NamedTuple):
    """The lines of a tile: its first row and column, and the rows and columns after its last ones."""

    top: int
    bottom: int
    left: int
    right: int


@njit(cache=True)
def trace_outlines(
    sheet: NDArray[np.int32], window: Window, ground: Ground, sampling: Sampling
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """All closed outlines of a sheet, with walkable ground on their left in the plane of x and z.

    Args:
        sheet: (rows, columns) floor on each line, -1 where there is none.
        window: The sheet's tile.
        ground: The floors.
        sampling: The lattice and the agent's radius.

    Returns:
        (P, 3) points, (P,) whether another sheet goes on there, and (R + 1,) starts of the rings.
    """
    rows, columns = sheet.shape
    width = columns + 2
    size = (rows + 2) * width
    # An edge of the padded lattice is 2 * node for the one to the right, 2 * node + 1 for the one downwards.
    following = np.full(2 * size, -1, dtype=np.int64)
    for row in range(rows + 1):
        for column in range(columns + 1):
            # Corners: 0 top left, 1 top right, 2 bottom right, 3 bottom left; side k runs from corner k to k + 1.
            code = 0
            for k in range(4):
                r, c = row - 1 + (1 if k >= 2 else 0), column - 1 + (1 if k in (1, 2) else 0)
                if 0 <= r < rows and 0 <= c < columns and sheet[r, c] >= 0:
                    code |= 1 << k
            if code == 0 or code == 15:
                continue
            node = row * width + column
            sides = (2 * node, 2 * (node + 1) + 1, 2 * (node + width), 2 * node + 1)
            for k in range(4):
                # Each run of inner corners is cut off from the side where it ends to the side where it begins.
                if not (code >> k) & 1 or (code >> ((k + 3) & 3)) & 1:
                    continue
                end = k
                while (code >> ((end + 1) & 3)) & 1:
                    end = (end + 1) & 3
                following[sides[end]] = sides[(k + 3) & 3]
    points = np.zeros((2 * size, 3))
    is_portal = np.zeros(2 * size, dtype=np.bool_)
    ring_starts = np.zeros(2 * size + 1, dtype=np.int64)
    count = rings = 0
    for start in range(2 * size):
        if following[start] < 0:
            continue
        edge = start
        while following[edge] >= 0:
            x, y, z, is_portal[count] = _place(edge, sheet, window, ground, sampling)
            points[count, 0], points[count, 1], points[count, 2] = x, y, z
            count += 1
            after = following[edge]
            following[edge] = -1
            edge = after
        rings += 1
        ring_starts[rings] = count
    return points[:count].copy(), is_portal[:count].copy(), ring_starts[: rings + 1].copy()


@njit(cache=True)
def _place(
    edge: int, sheet: NDArray[np.int32], window: Window, ground: Ground, sampling: Sampling
) -> tuple[float, float, float, bool]:
    """Where an outline crosses an edge of the padded lattice, and whether another sheet begins there."""
    rows, columns = sheet.shape
    width = columns + 2
    row, column, down = (edge >> 1) // width - 1, (edge >> 1) % width - 1, edge & 1
    other_row, other_column = row + down, column + 1 - down
    # Go from the inner line to the outer one.
    if not (0 <= row < rows and 0 <= column < columns) or sheet[row, column] < 0:
        row, column, other_row, other_column = other_row, other_column, row, column
    floor = sheet[row, column]
    direction = (1 if other_row > row else 3) if down else (0 if other_column > column else 2)
    share, rise, is_portal = 0.0, 0.0, False
    if 0 <= other_row < rows and 0 <= other_column < columns:
        share = 0.5
        outer = ground.links[floor, direction]
        if outer >= 0:
            rise = np.float64(ground.y[outer]) - np.float64(ground.y[floor])
            inner_room, outer_room = np.float64(ground.clearance[floor]), np.float64(ground.clearance[outer])
            if outer_room < sampling.radius:
                share = (inner_room - sampling.radius) / max(inner_room - outer_room, 1e-9)
                share = min(1.0 - _NEAREST, max(_NEAREST, share))
            else:
                is_portal = True
    x = sampling.x0 + sampling.cell * (window.left + column + share * (other_column - column))
    z = sampling.z0 + sampling.cell * (window.top + row + share * (other_row - row))
    return x, np.float64(ground.y[floor]) + share * rise, z, is_portal


@njit(cache=True)
def simplify_ring(
    points: NDArray[np.float64], is_portal: NDArray[np.bool_], window: Window, sampling: Sampling
) -> NDArray[np.float64]:
    """The corners of a ring that are needed to keep within the errors; in the same order.

    Args:
        points: (P, 3) of one closed ring.
        is_portal: (P,) where another sheet goes on.
        window: The ring's tile. Where the ring begins or ceases to run along another sheet or tile a corner stays, so
            that both simplify what they share alike.
        sampling: The lattice and the errors allowed.
    """
    count = len(points)
    kept = np.zeros(count, dtype=np.bool_)
    sides = np.zeros(count, dtype=np.int64)
    for k in range(count):
        sides[k] = _sides_of(points[k], window, sampling) | (_PORTAL if is_portal[k] else 0)
    fixed = 0
    for k in range(count):
        side = sides[k]
        is_corner = side & (side - 1) != 0
        if side and (is_corner or not side & sides[k - 1] or not side & sides[(k + 1) % count]):
            kept[k] = True
            fixed += 1
    if fixed < 2:
        first = 0
        for k in range(count):
            if kept[k] if fixed else _is_before(points[k], points[first]):
                first = k
        farthest, best = first, -1.0
        for k in range(count):
            away = (points[k, 0] - points[first, 0]) ** 2 + (points[k, 2] - points[first, 2]) ** 2
            if away > best:
                farthest, best = k, away
        kept[first] = kept[farthest] = True
    start = 0
    while not kept[start]:
        start += 1
    stack = np.zeros((count + 2, 2), dtype=np.int64)
    needed = kept.copy()
    position = start
    while position < start + count:
        end = position + 1
        while not kept[end % count]:
            end += 1
        _keep_needed(points, (position, end), stack, needed, sampling)
        position = end
    result = np.zeros((count, 3))
    filled = 0
    for k in range(count):
        if needed[k] and (filled == 0 or _differ(points[k], result[filled - 1])):
            result[filled] = points[k]
            filled += 1
    if filled > 1 and not _differ(result[0], result[filled - 1]):
        filled -= 1
    return result[:filled].copy()


@njit(cache=True)
def bulge_sides(points: NDArray[np.float64], window: Window, sampling: Sampling) -> NDArray[np.float64]:
    """Points with those on the tile's sides moved outwards, so that no three of them are in line.

    Whoever cuts ears leaves out corners that are in line with their neighbours; the next tile may need them.
    """
    bulged = points.copy()
    across, down = window.right - 1 - window.left, window.bottom - 1 - window.top
    for k in range(len(points)):
        side = _sides_of(points[k], window, sampling)
        u = ((points[k, 0] - sampling.x0) / sampling.cell - window.left) / across
        v = ((points[k, 2] - sampling.z0) / sampling.cell - window.top) / down
        if side & 3:
            bulged[k, 0] += _BULGE_CELLS * sampling.cell * v * (1.0 - v) * (-1.0 if side & 1 else 1.0)
        if side & 12:
            bulged[k, 2] += _BULGE_CELLS * sampling.cell * u * (1.0 - u) * (-1.0 if side & 4 else 1.0)
    return bulged


@njit(cache=True)
def _sides_of(point: NDArray[np.float64], window: Window, sampling: Sampling) -> int:
    """Which sides of the tile a point lies on, as bits."""
    left, right = sampling.x0 + sampling.cell * window.left, sampling.x0 + sampling.cell * (window.right - 1)
    top, bottom = sampling.z0 + sampling.cell * window.top, sampling.z0 + sampling.cell * (window.bottom - 1)
    sides = 1 if abs(point[0] - left) < _ON_SIDE_M else 0
    if abs(point[0] - right) < _ON_SIDE_M:
        sides |= 2
    if abs(point[2] - top) < _ON_SIDE_M:
        sides |= 4
    if abs(point[2] - bottom) < _ON_SIDE_M:
        sides |= 8
    return sides


@njit(cache=True)
def _differ(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return a[0] != b[0] or a[2] != b[2]


@njit(cache=True)
def _is_before(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    if a[0] != b[0]:
        return a[0] < b[0]
    return a[2] < b[2] if a[2] != b[2] else a[1] < b[1]


@njit(cache=True)
def _keep_needed(
    points: NDArray[np.float64],
    span: tuple[int, int],
    stack: NDArray[np.int64],
    kept: NDArray[np.bool_],
    sampling: Sampling,
) -> None:
    """Keep what is needed between two positions, which may pass the ring's end."""
    count = len(points)
    stack[0, 0], stack[0, 1] = span[0], span[1]
    top = 1
    while top:
        top -= 1
        first, last = stack[top, 0], stack[top, 1]
        # One order of the ends whichever way the ring runs.
        a, b = points[first % count], points[last % count]
        if _is_before(b, a):
            a, b = b, a
        worst, place = 1.0, -1
        for k in range(first + 1, last):
            error = _error(points[k % count], a, b, sampling)
            if error > worst or (
                place >= 0 and error == worst and _is_before(points[k % count], points[place % count])
            ):
                worst, place = error, k
        if place >= 0:
            kept[place % count] = True
            stack[top, 0], stack[top, 1] = first, place
            stack[top + 1, 0], stack[top + 1, 1] = place, last
            top += 2


@njit(cache=True)
def _error(p: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], sampling: Sampling) -> float:
    """How far p lies off the segment a-b, in units of the errors allowed."""
    dx, dz = b[0] - a[0], b[2] - a[2]
    length = dx * dx + dz * dz
    t = min(1.0, max(0.0, ((p[0] - a[0]) * dx + (p[2] - a[2]) * dz) / length)) if length > 0.0 else 0.0
    away = np.hypot(p[0] - a[0] - t * dx, p[2] - a[2] - t * dz)
    rise = abs(p[1] - a[1] - t * (b[1] - a[1]))
    return max(away / sampling.edge_error, rise / sampling.height_error)
