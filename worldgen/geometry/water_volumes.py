"""Water as boxes: convex volumes that tell an engine who is swimming.

A coarse grid lies over the playable area. A cell with any water becomes a column from its bed to its surface, and
columns of one surface height are merged into rectangles, row by row. A box may reach under the shore beside it, where
the ground lies higher than the water, and never over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.terrain import Terrain, TerrainLevel
from worldgen.scene.triangle_mesh import TriangleMesh

MAX_BOXES = 256

_FINEST_CELL_M = 2.0
_SURFACE_STEP_M = 0.1
"""Surfaces closer than this count as one; rivers become stairs of it."""
_BELOW_BED_M = 0.5
_LEAST_DEPTH_M = 0.05
_CORNERS = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)], dtype=np.float64)
_QUADS = np.array([[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]])
_NORMALS = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterBox:
    """A box of water along the world's axes, metres."""

    minimum: tuple[float, float, float]
    maximum: tuple[float, float, float]


def water_boxes(terrain: Terrain, *, max_boxes: int = MAX_BOXES) -> tuple[WaterBox, ...]:
    """Boxes that hold all water of the playable area deeper than 5 cm.

    Args:
        terrain: The land; the playable area is ``levels[play_level]``.
        max_boxes: The grid becomes coarser until no more are needed; where the whole area is too much for one row of
            cells, the smallest boxes are left out.
    """
    levels = terrain.levels[: terrain.play_level + 1]
    if not any((level.water_depth > _LEAST_DEPTH_M).any() for level in levels):
        return ()
    half = levels[-1].half_size_m
    cell_m = max(_FINEST_CELL_M, levels[0].spacing_m)
    while True:
        surface, bed = _columns(levels, half, cell_m)
        boxes = _merged(surface, bed, half, cell_m)
        if len(boxes) <= max_boxes or cell_m > half:
            break
        cell_m *= 1.5
    boxes.sort(key=lambda box: (-_area(box), box.minimum))
    return tuple(boxes[:max_boxes])


def box_mesh(box: WaterBox) -> TriangleMesh:
    """A box as a closed mesh with flat sides."""
    low, high = np.array(box.minimum), np.array(box.maximum)
    corners = low + (high - low) * _CORNERS
    first = 4 * np.arange(6)[:, None]
    triangles = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    return TriangleMesh(
        vertices=corners[_QUADS].reshape(-1, 3).astype(np.float32),
        triangles=triangles.astype(np.int32),
        normals=np.repeat(_NORMALS, 4, axis=0),
    )


def _columns(
    levels: tuple[TerrainLevel, ...], half: float, cell_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, N) highest surface and lowest bed of the water in each cell; a surface of -inf where there is none."""
    count = int(np.ceil(2.0 * half / cell_m))
    surface, bed = np.full((count, count), -np.inf), np.full((count, count), np.inf)
    inner = -1.0
    for level in levels:
        axis = (np.arange(level.num_samples) - 0.5 * (level.num_samples - 1)) * level.spacing_m
        reach = np.maximum(np.abs(axis)[:, None], np.abs(axis)[None, :])
        wet = (level.water_depth > _LEAST_DEPTH_M) & (reach >= inner)
        rows, columns = np.nonzero(wet)
        # A sample stands for the water halfway to its neighbours, which may lie in the next cells.
        shifts = np.linspace(-0.5, 0.5, int(np.ceil(level.spacing_m / cell_m)) + 1) * level.spacing_m
        for down in shifts:
            for across in shifts:
                row = _cell_of(axis[rows] + down, half, cell_m, count)
                column = _cell_of(axis[columns] + across, half, cell_m, count)
                heights = level.heights[rows, columns].astype(np.float64)
                np.maximum.at(surface, (row, column), heights + level.water_depth[rows, columns])
                np.minimum.at(bed, (row, column), heights)
        inner = level.half_size_m
    return surface, bed


def _cell_of(at: NDArray[np.float64], half: float, cell_m: float, count: int) -> NDArray[np.int64]:
    return np.clip(np.floor((at + half) / cell_m), 0, count - 1).astype(np.int64)


def _merged(surface: NDArray[np.float64], bed: NDArray[np.float64], half: float, cell_m: float) -> list[WaterBox]:
    """Rectangles of cells with one surface: runs along x first, then equal runs of neighbouring rows."""
    wet = np.isfinite(surface)
    steps = np.where(wet, np.round(np.where(wet, surface, 0.0) / _SURFACE_STEP_M), np.nan)
    boxes = []
    growing: dict[tuple[int, int, float], int] = {}
    for row in range(len(steps) + 1):
        runs = _runs(steps[row]) if row < len(steps) else []
        current = {run: growing.pop(run, row) for run in runs}
        for (start, stop, _), first in growing.items():
            area = np.s_[first:row, start:stop]
            x = (start * cell_m - half, min(stop * cell_m - half, half))
            z = (first * cell_m - half, min(row * cell_m - half, half))
            y = (float(bed[area].min()) - _BELOW_BED_M, float(surface[area].max()))
            boxes.append(WaterBox(minimum=_triple(x[0], y[0], z[0]), maximum=_triple(x[1], y[1], z[1])))
        growing = current
    return boxes


def _runs(row: NDArray[np.float64]) -> list[tuple[int, int, float]]:
    """Start, stop and value of each run of equal finite values."""
    edges = np.flatnonzero(np.diff(row, prepend=np.nan, append=np.nan) != 0.0)
    return [(int(start), int(stop), float(row[start])) for start, stop in pairwise(edges) if np.isfinite(row[start])]


def _area(box: WaterBox) -> float:
    return (box.maximum[0] - box.minimum[0]) * (box.maximum[2] - box.minimum[2])


def _triple(x: float, y: float, z: float) -> tuple[float, float, float]:
    return round(x, 4), round(y, 4), round(z, 4)
