"""Solids → floors: where vertical lines on a lattice come out of something solid, with room for the agent above.

This is Recast's solid heightfield (Mononen 2009) with one change: heights are taken exactly on the lattice's lines
instead of as bounds over a cell, so steps, slopes and ceilings are exact whatever the spacing. What stands between
the lines is found by its distance instead (``clearance.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.navigation.solids import Solids
from worldgen.scene.navmesh import Agent

MAX_NODES = 1 << 26
_ROWS_PER_STRIP = 16
_UP, _WALKABLE, _GROUND, _FLOOR, _LOW = 1, 2, 4, 8, 16
_SAME_M = 1e-3
"""Surfaces nearer to each other than this are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Vertical lines at x = x0 + column * cell_m and z = z0 + row * cell_m."""

    x0: float
    z0: float
    cell_m: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        """Check the number of lines."""
        if not (self.cell_m > 0.0 and self.rows >= 2 and self.columns >= 2):
            raise InvalidInputError("A lattice needs a positive spacing and two lines each way.")
        if self.rows * self.columns > MAX_NODES:
            raise InvalidInputError(
                f"A navmesh of {self.rows} x {self.columns} samples is too large.", hint="Choose a larger cell_m."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Floors:
    """Places to stand, sorted by column of the lattice and by height.

    starts  (rows * columns + 1,) int64    the floors of line n are starts[n] to starts[n + 1]
    y       (F,)                  float32  height, metres
    nodes   (F,)                  int32    line of each floor, row * columns + column
    is_ok   (F,)                  bool     flat enough, with headroom, not under water
    is_ground  (F,)               bool     whether it is the ground itself
    """

    starts: NDArray[np.int64]
    y: NDArray[np.float32]
    nodes: NDArray[np.int32]
    is_ok: NDArray[np.bool_]
    is_ground: NDArray[np.bool_]


def find_floors(solids: Solids, lattice: Lattice, agent: Agent) -> Floors:
    """Find all floors that the lattice's lines cross."""
    corners = solids.corners
    kinds = _kinds(corners, solids.is_ground, math.cos(math.radians(agent.max_slope_deg)))
    rows = np.array([lattice.x0, lattice.z0, lattice.cell_m])
    starts, members = rows_of_triangles(corners, lattice, 0.0)
    counts = np.zeros(lattice.rows * lattice.columns, dtype=np.int32)
    _count(corners, (starts, members), rows, counts.reshape(lattice.rows, lattice.columns))
    crossing_starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    heights = np.zeros(crossing_starts[-1], dtype=np.float32)
    flags = np.zeros(crossing_starts[-1], dtype=np.uint8)
    counts[:] = 0
    _fill(
        corners,
        kinds,
        (starts, members),
        rows,
        (crossing_starts, heights, flags, counts.reshape(lattice.rows, lattice.columns)),
    )
    _sort_and_mark(crossing_starts, heights, flags, agent.height_m, counts)
    floor_starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    y = np.zeros(floor_starts[-1], dtype=np.float32)
    nodes = np.zeros(floor_starts[-1], dtype=np.int32)
    is_ok, is_ground = np.zeros((2, floor_starts[-1]), dtype=np.bool_)
    _collect(crossing_starts, heights, flags, floor_starts, (y, nodes, is_ok, is_ground))
    return Floors(floor_starts, y, nodes, is_ok, is_ground)


def rows_of_triangles(
    corners: NDArray[np.float64], lattice: Lattice, reach_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Triangles by strip of lattice rows that they come within ``reach_m`` of.

    Returns:
        (S + 1,) starts and the triangles' indices, strip by strip in order.
    """
    num_strips = -(-lattice.rows // _ROWS_PER_STRIP)
    strip_m = _ROWS_PER_STRIP * lattice.cell_m
    z = corners[:, :, 2]
    last = num_strips - 1
    # The rows of a strip reach to the row before the next strip's first one.
    first = np.clip(np.floor((z.min(axis=1) - reach_m - lattice.z0) / strip_m), 0, num_strips).astype(np.int64)
    final = np.clip(np.floor((z.max(axis=1) + reach_m - lattice.z0) / strip_m), -1, last).astype(np.int64)
    spans = np.maximum(final - first + 1, 0)
    owners = np.repeat(np.arange(len(corners), dtype=np.int32), spans)
    offsets = np.arange(len(owners)) - np.repeat(np.cumsum(spans) - spans, spans)
    strips = np.repeat(first, spans) + offsets
    order = np.argsort(strips, kind="stable")
    starts = np.searchsorted(strips[order], np.arange(num_strips + 1))
    return starts.astype(np.int64), owners[order]


@njit(cache=True, parallel=True)
def _kinds(corners: NDArray[np.float64], is_ground: NDArray[np.bool_], least_up: float) -> NDArray[np.uint8]:
    """What crossing each triangle means; one without an area is neither up nor walkable."""
    kinds = np.zeros(len(corners), dtype=np.uint8)
    for k in prange(len(corners)):
        t = corners[k]
        ux, uy, uz = t[1, 0] - t[0, 0], t[1, 1] - t[0, 1], t[1, 2] - t[0, 2]
        vx, vy, vz = t[2, 0] - t[0, 0], t[2, 1] - t[0, 1], t[2, 2] - t[0, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        kind = _GROUND if is_ground[k] else 0
        if ny > 0.0:
            kind |= _UP
        if ny >= least_up * max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-30):
            kind |= _WALKABLE
        kinds[k] = kind
    return kinds


@njit(cache=True)
def _side(a: NDArray[np.float64], b: NDArray[np.float64], px: float, pz: float) -> bool:
    """Whether p lies left of a-b; a point on the line belongs to exactly one of its two sides.

    The sign is computed from the end that comes first, so that two triangles at one edge never disagree.
    """
    ax, az, bx, bz = a[0], a[2], b[0], b[2]
    if ax < bx or (ax == bx and az < bz):
        return (bx - ax) * (pz - az) - (bz - az) * (px - ax) >= 0.0
    return (ax - bx) * (pz - bz) - (az - bz) * (px - bx) < 0.0


@njit(cache=True)
def _lines(t: NDArray[np.float64], axis: int, start: float, cell: float, count: int) -> tuple[int, int]:
    """First and last line of the lattice within a triangle's extent along an axis."""
    low, high = min(t[0, axis], t[1, axis], t[2, axis]), max(t[0, axis], t[1, axis], t[2, axis])
    first = max(0, math.ceil((low - start) / cell - 1e-9))
    last = min(count - 1, math.floor((high - start) / cell + 1e-9))
    return first, last


@njit(cache=True)
def _crossed(t: NDArray[np.float64], px: float, pz: float) -> bool:
    first = _side(t[0], t[1], px, pz)
    return first == _side(t[1], t[2], px, pz) and first == _side(t[2], t[0], px, pz)


@njit(cache=True, parallel=True)
def _count(
    corners: NDArray[np.float64],
    strips: tuple[NDArray[np.int64], NDArray[np.int32]],
    place: NDArray[np.float64],
    counts: NDArray[np.int32],
) -> None:
    starts, members = strips
    x0, z0, cell = place[0], place[1], place[2]
    for strip in prange(len(starts) - 1):
        top = strip * _ROWS_PER_STRIP
        bottom = min(top + _ROWS_PER_STRIP, counts.shape[0]) - 1
        for k in range(starts[strip], starts[strip + 1]):
            t = corners[members[k]]
            first, last = _lines(t, 2, z0, cell, counts.shape[0])
            left, right = _lines(t, 0, x0, cell, counts.shape[1])
            for row in range(max(first, top), min(last, bottom) + 1):
                for column in range(left, right + 1):
                    if _crossed(t, x0 + column * cell, z0 + row * cell):
                        counts[row, column] += 1


@njit(cache=True, parallel=True)
def _fill(
    corners: NDArray[np.float64],
    kinds: NDArray[np.uint8],
    strips: tuple[NDArray[np.int64], NDArray[np.int32]],
    place: NDArray[np.float64],
    out: tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8], NDArray[np.int32]],
) -> None:
    starts, members = strips
    crossing_starts, heights, flags, counts = out
    x0, z0, cell = place[0], place[1], place[2]
    for strip in prange(len(starts) - 1):
        top = strip * _ROWS_PER_STRIP
        bottom = min(top + _ROWS_PER_STRIP, counts.shape[0]) - 1
        for k in range(starts[strip], starts[strip + 1]):
            t = corners[members[k]]
            first, last = _lines(t, 2, z0, cell, counts.shape[0])
            left, right = _lines(t, 0, x0, cell, counts.shape[1])
            ux, uy, uz = t[1, 0] - t[0, 0], t[1, 1] - t[0, 1], t[1, 2] - t[0, 2]
            vx, vy, vz = t[2, 0] - t[0, 0], t[2, 1] - t[0, 1], t[2, 2] - t[0, 2]
            nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            low, high = min(t[0, 1], t[1, 1], t[2, 1]), max(t[0, 1], t[1, 1], t[2, 1])
            for row in range(max(first, top), min(last, bottom) + 1):
                for column in range(left, right + 1):
                    px, pz = x0 + column * cell, z0 + row * cell
                    if not _crossed(t, px, pz):
                        continue
                    # A sliver seen from the side has no slope to speak of: its heights bound the crossing.
                    y = t[0, 1] if ny == 0.0 else t[0, 1] - (nx * (px - t[0, 0]) + nz * (pz - t[0, 2])) / ny
                    place_in = crossing_starts[row * counts.shape[1] + column] + counts[row, column]
                    heights[place_in] = min(max(y, low), high)
                    flags[place_in] = kinds[members[k]]
                    counts[row, column] += 1


@njit(cache=True, parallel=True)
def _sort_and_mark(
    starts: NDArray[np.int64],
    heights: NDArray[np.float32],
    flags: NDArray[np.uint8],
    agent_height: float,
    counts: NDArray[np.int32],
) -> None:
    """Sort each line's crossings and mark those that are floors, and low ones; ``counts`` becomes floors per line."""
    for node in prange(len(starts) - 1):
        first, last = starts[node], starts[node + 1]
        for k in range(first + 1, last):
            y, flag = heights[k], flags[k]
            place = k
            while place > first and (heights[place - 1] > y or (heights[place - 1] == y and flags[place - 1] > flag)):
                heights[place], flags[place] = heights[place - 1], flags[place - 1]
                place -= 1
            heights[place], flags[place] = y, flag
        floors = 0
        for k in range(first, last):
            if not flags[k] & _UP:
                continue
            inside, ceiling, buried = 0, np.inf, False
            for above in range(k + 1, last):
                if heights[above] <= heights[k] + _SAME_M:
                    # One of several surfaces at this height is enough: the last one stands for them.
                    buried = buried or (flags[above] & _UP) > 0
                    continue
                if flags[above] & _GROUND:
                    buried = buried or (flags[above] & _UP) > 0
                elif flags[above] & _UP:
                    inside += 1
                else:
                    inside -= 1
                    ceiling = min(ceiling, heights[above])
            if buried or inside > 0:
                continue
            flags[k] |= _FLOOR
            if ceiling - heights[k] < agent_height:
                flags[k] |= _LOW
            floors += 1
        counts[node] = floors


@njit(cache=True, parallel=True)
def _collect(
    starts: NDArray[np.int64],
    heights: NDArray[np.float32],
    flags: NDArray[np.uint8],
    floor_starts: NDArray[np.int64],
    out: tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]],
) -> None:
    y, nodes, is_ok, is_ground = out
    for node in prange(len(starts) - 1):
        place = floor_starts[node]
        for k in range(starts[node], starts[node + 1]):
            if flags[k] & _FLOOR:
                y[place], nodes[place] = heights[k], node
                is_ok[place] = (flags[k] & _WALKABLE) > 0 and not (flags[k] & _LOW)
                is_ground[place] = (flags[k] & _GROUND) > 0
                place += 1
