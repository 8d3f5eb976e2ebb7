"""How far each floor is from what stops an agent: walls by exact distance, ledges to half a cell.

A wall is any part of a solid's surface that is not itself walkable and lies between the agent's step and its head.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.navigation.columns import Floors, Lattice, rows_of_triangles
from worldgen.navigation.solids import Solids
from worldgen.scene.navmesh import Agent

NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""(row, column) offsets of the four directions: +x, +z, -x, -z."""

_ROWS_PER_STRIP = 16
_SLACK_M = 1e-4
_FAR = np.float32(1.0e9)


def link_floors(floors: Floors, lattice: Lattice, agent: Agent) -> NDArray[np.int32]:
    """The floor that a step in each of the four directions leads to, (F, 4), -1 where there is none."""
    # Between two lines even the steepest walkable slope is a step.
    reach = max(agent.max_step_m, lattice.cell_m * math.tan(math.radians(agent.max_slope_deg))) + _SLACK_M
    links = np.full((len(floors.y), 4), -1, dtype=np.int32)
    _link((floors.starts, floors.y, floors.is_ok), np.float32(reach), links, (lattice.rows, lattice.columns))
    return links


def wall_distances(solids: Solids, floors: Floors, lattice: Lattice, agent: Agent) -> NDArray[np.float32]:
    """(F,) horizontal distance to the nearest wall, metres; what is farther than radius and a cell counts as that."""
    reach = agent.radius_m + lattice.cell_m
    distances = np.full(len(floors.y), reach, dtype=np.float32)
    corners = _walls(solids, agent)
    strips = rows_of_triangles(corners, lattice, reach)
    sizes = np.array([lattice.x0, lattice.z0, lattice.cell_m, reach, agent.max_step_m, agent.height_m])
    _spread_walls(
        corners, strips, sizes, (floors.starts, floors.y, floors.is_ok, distances), (lattice.rows, lattice.columns)
    )
    return distances


def ledge_distances(
    floors: Floors, links: NDArray[np.int32], walls: NDArray[np.float32], lattice: Lattice
) -> NDArray[np.float32]:
    """(F,) distance to the nearest place where the walkable floor ends without a wall, metres.

    Nearest points are handed on from floor to floor (Danielsson 1980); the end of the floor is taken to lie half a
    cell beyond its last line.
    """
    offsets = np.full((len(floors.y), 2), _FAR, dtype=np.float32)
    _seed_ledges(floors.is_ok, links, walls, np.float32(lattice.cell_m + _SLACK_M), offsets)
    _spread_ledges(floors.starts, links, offsets, lattice.rows, lattice.columns)
    return np.asarray(np.hypot(offsets[:, 0], offsets[:, 1]) * np.float32(lattice.cell_m), dtype=np.float32)


def _walls(solids: Solids, agent: Agent) -> NDArray[np.float64]:
    """Triangles of closed solids that cannot be walked on; steep ground stops an agent by having no floor."""
    corners = solids.corners[~solids.is_ground]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    is_wall = (lengths > 0.0) & (normals[:, 1] < math.cos(math.radians(agent.max_slope_deg)) * lengths)
    return np.ascontiguousarray(corners[is_wall])


@njit(cache=True, parallel=True)
def _link(
    floors: tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]],
    reach: np.float32,
    links: NDArray[np.int32],
    shape: tuple[int, int],
) -> None:
    starts, y, is_ok = floors
    rows, columns = shape
    for row in prange(rows):
        for column in range(columns):
            node = row * columns + column
            for floor in range(starts[node], starts[node + 1]):
                if not is_ok[floor]:
                    continue
                for direction in range(4):
                    other_row = row + (1 if direction == 1 else -1 if direction == 3 else 0)
                    other_column = column + (1 if direction == 0 else -1 if direction == 2 else 0)
                    if not (0 <= other_row < rows and 0 <= other_column < columns):
                        continue
                    other = other_row * columns + other_column
                    best = reach
                    for candidate in range(starts[other], starts[other + 1]):
                        away = abs(y[candidate] - y[floor])
                        if is_ok[candidate] and away <= best:
                            best = away
                            links[floor, direction] = candidate


@njit(cache=True)
def _clip(points: NDArray[np.float64], count: int, limit: float, sign: float, out: NDArray[np.float64]) -> int:
    """The part of a polygon with sign * (y - limit) >= 0."""
    kept = 0
    for k in range(count):
        here, there = points[k], points[(k + 1) % count]
        a, b = sign * (here[1] - limit), sign * (there[1] - limit)
        if a >= 0.0:
            out[kept] = here
            kept += 1
        if (a >= 0.0) != (b >= 0.0):
            out[kept] = here + (there - here) * (a / (a - b))
            kept += 1
    return kept


@njit(cache=True)
def _distance_to(points: NDArray[np.float64], count: int, px: float, pz: float) -> float:
    """Horizontal distance from a point to a convex polygon, 0 inside its outline."""
    nearest = np.inf
    left = right = False
    for k in range(count):
        ax, az = points[k, 0], points[k, 2]
        dx, dz = points[(k + 1) % count, 0] - ax, points[(k + 1) % count, 2] - az
        qx, qz = px - ax, pz - az
        length = dx * dx + dz * dz
        t = min(1.0, max(0.0, (qx * dx + qz * dz) / length)) if length > 0.0 else 0.0
        nearest = min(nearest, (qx - t * dx) ** 2 + (qz - t * dz) ** 2)
        side = dx * qz - dz * qx
        left = left or side > 0.0
        right = right or side < 0.0
    return 0.0 if left != right else math.sqrt(nearest)


@njit(cache=True, parallel=True)
def _spread_walls(
    corners: NDArray[np.float64],
    strips: tuple[NDArray[np.int64], NDArray[np.int32]],
    sizes: NDArray[np.float64],
    floors: tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]],
    shape: tuple[int, int],
) -> None:
    starts, members = strips
    floor_starts, floor_y, is_ok, distances = floors
    x0, z0, cell, reach, step, height = sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]
    for strip in prange(len(starts) - 1):
        top = strip * _ROWS_PER_STRIP
        bottom = min(top + _ROWS_PER_STRIP, shape[0]) - 1
        above = np.zeros((8, 3))
        band = np.zeros((8, 3))
        for k in range(starts[strip], starts[strip + 1]):
            t = corners[members[k]]
            low, high = min(t[0, 1], t[1, 1], t[2, 1]), max(t[0, 1], t[1, 1], t[2, 1])
            first = max(top, math.ceil((min(t[0, 2], t[1, 2], t[2, 2]) - reach - z0) / cell))
            last = min(bottom, math.floor((max(t[0, 2], t[1, 2], t[2, 2]) + reach - z0) / cell))
            left = max(0, math.ceil((min(t[0, 0], t[1, 0], t[2, 0]) - reach - x0) / cell))
            right = min(shape[1] - 1, math.floor((max(t[0, 0], t[1, 0], t[2, 0]) + reach - x0) / cell))
            for row in range(first, last + 1):
                for column in range(left, right + 1):
                    node = row * shape[1] + column
                    px, pz = x0 + column * cell, z0 + row * cell
                    for floor in range(floor_starts[node], floor_starts[node + 1]):
                        y = floor_y[floor]
                        if not is_ok[floor] or high <= y + step + _SLACK_M or low >= y + height - _SLACK_M:
                            continue
                        count = _clip(t, 3, y + step, 1.0, above)
                        count = _clip(above, count, y + height, -1.0, band)
                        if count:
                            away = _distance_to(band, count, px, pz)
                            if away < distances[floor]:
                                distances[floor] = away


@njit(cache=True, parallel=True)
def _seed_ledges(
    is_ok: NDArray[np.bool_],
    links: NDArray[np.int32],
    walls: NDArray[np.float32],
    near: np.float32,
    offsets: NDArray[np.float32],
) -> None:
    half = np.float32(0.5)
    for floor in prange(len(links)):
        # Where a wall stands within a cell it is the wall that ends the floor, and its distance is exact.
        if not is_ok[floor] or walls[floor] <= near:
            continue
        for direction in range(4):
            if links[floor, direction] < 0:
                offsets[floor, 0] = half if direction == 0 else -half if direction == 2 else np.float32(0.0)
                offsets[floor, 1] = half if direction == 1 else -half if direction == 3 else np.float32(0.0)


@njit(cache=True)
def _take(offsets: NDArray[np.float32], floor: int, other: int, dx: float, dz: float) -> None:
    x, z = offsets[other, 0] + np.float32(dx), offsets[other, 1] + np.float32(dz)
    if x * x + z * z < offsets[floor, 0] ** 2 + offsets[floor, 1] ** 2:
        offsets[floor, 0], offsets[floor, 1] = x, z


@njit(cache=True)
def _spread_ledges(
    starts: NDArray[np.int64], links: NDArray[np.int32], offsets: NDArray[np.float32], rows: int, columns: int
) -> None:
    for sweep in range(2):
        along = 3 if sweep == 0 else 1
        dz = -1.0 if sweep == 0 else 1.0
        for k in range(rows):
            row = k if sweep == 0 else rows - 1 - k
            first, last = starts[row * columns], starts[(row + 1) * columns]
            for floor in range(first, last):
                other = links[floor, along]
                if other >= 0:
                    _take(offsets, floor, other, 0.0, dz)
                    for direction in (0, 2):
                        corner = links[other, direction]
                        if corner >= 0:
                            _take(offsets, floor, corner, 1.0 if direction == 0 else -1.0, dz)
                other = links[floor, 2]
                if other >= 0:
                    _take(offsets, floor, other, -1.0, 0.0)
            for floor in range(last - 1, first - 1, -1):
                other = links[floor, 0]
                if other >= 0:
                    _take(offsets, floor, other, 1.0, 0.0)
