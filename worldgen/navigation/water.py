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
            _drown(grids, sizes, place, lattice.columns, (floors.nodes, floors.y, floors.is_ok))
        inner = level.half_size_m


@njit(cache=True, parallel=True)
def _drown(
    grids: NDArray[np.float32],
    sizes: NDArray[np.float64],
    place: NDArray[np.float64],
    columns: int,
    floors: tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    nodes, y, is_ok = floors
    spacing, inner, outer, wade = sizes[0], sizes[1], sizes[2], sizes[3]
    last = grids.shape[0] - 1
    for floor in prange(len(nodes)):
        x = place[0] + place[2] * (nodes[floor] % columns)
        z = place[1] + place[2] * (nodes[floor] // columns)
        reach = max(abs(x), abs(z))
        if reach <= inner or reach > outer:
            continue
        u = min(float(last), max(0.0, x / spacing + 0.5 * last))
        v = min(float(last), max(0.0, z / spacing + 0.5 * last))
        i, j = min(int(u), last - 1), min(int(v), last - 1)
        p, q = u - i, v - j
        ground = depth = 0.0
        for k in range(4):
            share = (p if k & 1 else 1.0 - p) * (q if k & 2 else 1.0 - q)
            ground += share * grids[j + (k >> 1), i + (k & 1), 0]
            depth += share * grids[j + (k >> 1), i + (k & 1), 1]
        # The surface is level while the ground falls: depths mixed with the shore's zero would rise towards it.
        if depth > 0.0 and y[floor] < ground + depth - wade:
            is_ok[floor] = False
