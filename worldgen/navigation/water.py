"""Floors that lie too deep under water to walk on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.navigation.columns import Floors, Lattice
from worldgen.scene.terrain import Terrain


@dataclass(frozen=True, slots=True, eq=False)
class Waters:
    """The water of a land: the levels of its terrain that hold any."""

    terrain: Terrain


def drown_floors(floors: Floors, lattice: Lattice, waters: Waters, max_wade_m: float) -> None:
    """Clear ``is_ok`` of floors that lie deeper than ``max_wade_m`` below the water's surface."""
    inner = -1.0
    levels = waters.terrain.levels
    place = np.array([lattice.x0, lattice.z0, lattice.cell_m])
    for index, level in enumerate(levels):
        outer = np.inf if index == len(levels) - 1 else level.half_size_m
        if level.water_depth.any():
            grids = np.stack([level.heights, level.water_depth], axis=-1)
            sizes = np.array([level.spacing_m, inner, outer, max_wade_m])
            floors.is_ok[_deep(grids, sizes, place, (floors.nodes, floors.y, lattice.columns))] = False
        inner = level.half_size_m


@njit(cache=True)
def _is_deep(grids: NDArray[np.float32], spacing: float, point: tuple[float, float, float]) -> bool:
    """Whether a point lies under the surface of water."""
    last = grids.shape[0] - 1
    u = min(float(last), max(0.0, point[0] / spacing + 0.5 * last))
    v = min(float(last), max(0.0, point[2] / spacing + 0.5 * last))
    i, j = min(int(u), last - 1), min(int(v), last - 1)
    ground = _mix(grids[:, :, 0], j, i, (v - j, u - i))
    depth = _mix(grids[:, :, 1], j, i, (v - j, u - i))
    return depth > 0.0 and point[1] < ground + depth


@njit(cache=True)
def _mix(grid: NDArray[np.float32], row: int, column: int, shares: tuple[float, float]) -> float:
    down, across = shares
    upper = grid[row, column] * (1.0 - across) + grid[row, column + 1] * across
    return upper * (1.0 - down) + (grid[row + 1, column] * (1.0 - across) + grid[row + 1, column + 1] * across) * down


@njit(cache=True, parallel=True)
def _deep(
    grids: NDArray[np.float32],
    sizes: NDArray[np.float64],
    place: NDArray[np.float64],
    floors: tuple[NDArray[np.int32], NDArray[np.float32], int],
) -> NDArray[np.bool_]:
    """(F,) which floors lie too deep in the water of one level."""
    nodes, y, columns = floors
    spacing, inner, outer, wade = sizes[0], sizes[1], sizes[2], sizes[3]
    is_deep = np.zeros(len(nodes), dtype=np.bool_)
    for floor in prange(len(nodes)):
        x = place[0] + place[2] * (nodes[floor] % columns)
        z = place[1] + place[2] * (nodes[floor] // columns)
        reach = max(abs(x), abs(z))
        if inner < reach <= outer:
            is_deep[floor] = _is_deep(grids, spacing, (x, np.float64(y[floor]) + wade, z))
    return is_deep
