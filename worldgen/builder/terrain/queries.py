"""Questions about the land at any position: height, normal, water, moisture, distance to the shore.

Positions are in metres in world; every function takes arrays of one shape and returns an array of that shape.
The finest level that covers a point answers; points beyond the land take its nearest border.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from worldgen.builder.terrain.moisture import shore_fields
from worldgen.scene.terrain import Terrain, TerrainLevel

FloatArray = NDArray[np.float32]


def ground_height(terrain: Terrain, x: ArrayLike, z: ArrayLike) -> FloatArray:
    """Height of the ground in metres, exactly on the triangles that `build_ground` makes."""
    return _ask(terrain, x, z, lambda level, px, pz: _on_triangles(level.heights, level.spacing_m, px, pz))


def ground_normal(terrain: Terrain, x: ArrayLike, z: ArrayLike) -> FloatArray:
    """Unit normal of the ground with one more axis of size 3, smoothed over about a metre."""
    px, pz = _as_points(x, z)
    reach = 0.5
    along_x = ground_height(terrain, px + reach, pz) - ground_height(terrain, px - reach, pz)
    along_z = ground_height(terrain, px, pz + reach) - ground_height(terrain, px, pz - reach)
    normal = np.stack([-along_x, np.full_like(along_x, 2.0 * reach), -along_z], axis=-1)
    return (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).astype(np.float32)


def slope_at(terrain: Terrain, x: ArrayLike, z: ArrayLike) -> FloatArray:
    """Slope of the ground in radians, smoothed over about a metre."""
    up = ground_normal(terrain, x, z)[..., 1]
    return np.arccos(np.clip(up, -1.0, 1.0)).astype(np.float32)


def water_depth_at(terrain: Terrain, x: ArrayLike, z: ArrayLike) -> FloatArray:
    """Metres of water above the ground, 0 where it is dry."""
    return _ask(terrain, x, z, lambda level, px, pz: bilinear(level.water_depth, level.spacing_m, px, pz))


def moisture_at(terrain: Terrain, x: ArrayLike, z: ArrayLike) -> FloatArray:
    """Moisture of the ground, 0 to 1."""
    return _ask(terrain, x, z, lambda level, px, pz: bilinear(level.moisture, level.spacing_m, px, pz))


def path_weight_at(terrain: Terrain, x: ArrayLike, z: ArrayLike) -> FloatArray:
    """How much of a path the ground is, 0 to 1."""
    return _ask(terrain, x, z, lambda level, px, pz: bilinear(level.path_weight, level.spacing_m, px, pz))


def shore_distance(terrain: Terrain, x: ArrayLike, z: ArrayLike) -> FloatArray:
    """Signed distance to the nearest shore in metres: positive on land, negative in water.

    A million metres where there is no water at all. The first call on a terrain measures its levels.
    """
    distances = _shore_distances(terrain)
    return _ask(terrain, x, z, lambda level, px, pz: bilinear(distances[id(level)], level.spacing_m, px, pz))


@functools.lru_cache(maxsize=4)
def _shore_distances(terrain: Terrain) -> Mapping[int, FloatArray]:
    """The signed distance grid of each level, by the level's identity."""
    levels = terrain.levels
    fields = shore_fields(
        [level.spacing_m for level in levels],
        [level.heights for level in levels],
        [level.water_depth for level in levels],
    )
    return {id(level): field.distance for level, field in zip(levels, fields, strict=True)}


def _as_points(x: ArrayLike, z: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    px, pz = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64))
    return px, pz


def _ask(
    terrain: Terrain,
    x: ArrayLike,
    z: ArrayLike,
    answer: Callable[[TerrainLevel, NDArray[np.float64], NDArray[np.float64]], FloatArray],
) -> FloatArray:
    px, pz = _as_points(x, z)
    flat_x, flat_z = px.ravel(), pz.ravel()
    reach = np.maximum(np.abs(flat_x), np.abs(flat_z))
    result = np.zeros(flat_x.shape, dtype=np.float32)
    done = np.zeros(flat_x.shape, dtype=np.bool_)
    for index, level in enumerate(terrain.levels):
        last = index == len(terrain.levels) - 1
        mine = ~done if last else ~done & (reach <= level.half_size_m)
        if mine.any():
            result[mine] = answer(level, flat_x[mine], flat_z[mine])
            done |= mine
    answered: FloatArray = result.reshape(px.shape)
    return answered


@njit(cache=True)
def _cell_of(position: float, spacing: float, size: int) -> tuple[int, float]:
    t = min(size - 1.0, max(0.0, position / spacing + 0.5 * (size - 1)))
    index = min(int(t), size - 2)
    return index, t - index


@njit(cache=True)
def _on_triangles(grid: FloatArray, spacing: float, x: NDArray[np.float64], z: NDArray[np.float64]) -> FloatArray:
    """Values on the two triangles of each cell; they meet from (row + 1, column) to (row, column + 1)."""
    result = np.zeros(x.shape[0], dtype=np.float32)
    size = grid.shape[0]
    for k in range(x.shape[0]):
        i, u = _cell_of(x[k], spacing, size)
        j, v = _cell_of(z[k], spacing, size)
        b, c = grid[j, i + 1], grid[j + 1, i]
        if u + v <= 1.0:
            a = grid[j, i]
            result[k] = a + u * (b - a) + v * (c - a)
        else:
            d = grid[j + 1, i + 1]
            result[k] = d + (1.0 - u) * (c - d) + (1.0 - v) * (b - d)
    return result


@njit(cache=True)
def bilinear(grid: FloatArray, spacing: float, x: NDArray[np.float64], z: NDArray[np.float64]) -> FloatArray:
    """Bilinear values of a centred grid at (N,) positions in metres."""
    result = np.zeros(x.shape[0], dtype=np.float32)
    size = grid.shape[0]
    for k in range(x.shape[0]):
        i, u = _cell_of(x[k], spacing, size)
        j, v = _cell_of(z[k], spacing, size)
        top = grid[j, i] + u * (grid[j, i + 1] - grid[j, i])
        bottom = grid[j + 1, i] + u * (grid[j + 1, i + 1] - grid[j + 1, i])
        result[k] = top + v * (bottom - top)
    return result
