"""Repeating noise in three dimensions, tabulated: the stuff that clouds are carved from.

The mixture of gradient and inverted cellular noise follows Schneider and Vos, "The Real-time Volumetric Cloudscapes
of Horizon Zero Dawn" (2015).
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Volume = NDArray[np.float32]

BASE_SIZE = 64
DETAIL_SIZE = 32


@functools.lru_cache(maxsize=1)
def cloud_volumes() -> tuple[Volume, Volume]:
    """The shapes of clouds and the frills on their edges; two cubes of values 0 to 1 that repeat."""
    return np.asarray(_base_volume(), np.float32), np.asarray(_detail_volume(), np.float32)


@njit(cache=True)
def _hash3(i: int, j: int, k: int, seed: int) -> np.uint32:
    h = np.uint32(i) * np.uint32(0x9E3779B1) ^ np.uint32(j) * np.uint32(0x85EBCA77)
    h = h ^ np.uint32(k) * np.uint32(0xC2B2AE3D) ^ np.uint32(seed) * np.uint32(0x27D4EB2F)
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D))
    h = np.uint32((h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39))
    return np.uint32(h ^ (h >> np.uint32(15)))


@njit(cache=True)
def _corner(i: int, j: int, k: int, seed: int, offset: tuple[float, float, float]) -> float:
    """Perlin's twelve gradients: the midpoints of a cube's edges."""
    h = _hash3(i, j, k, seed) & np.uint32(15)
    a = offset[0] if h < 8 else offset[1]
    b = offset[1] if h < 4 else (offset[0] if h == 12 or h == 14 else offset[2])
    return (a if h & np.uint32(1) == 0 else -a) + (b if h & np.uint32(2) == 0 else -b)


@njit(cache=True)
def _perlin3(x: float, y: float, z: float, cells: int, seed: int) -> float:
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - i, y - j, z - k
    wx = fx * fx * fx * (fx * (fx * 6.0 - 15.0) + 10.0)
    wy = fy * fy * fy * (fy * (fy * 6.0 - 15.0) + 10.0)
    wz = fz * fz * fz * (fz * (fz * 6.0 - 15.0) + 10.0)
    value = 0.0
    for corner in range(8):
        di, dj, dk = corner & 1, (corner >> 1) & 1, corner >> 2
        weight = (wx if di else 1.0 - wx) * (wy if dj else 1.0 - wy) * (wz if dk else 1.0 - wz)
        dot = _corner((i + di) % cells, (j + dj) % cells, (k + dk) % cells, seed, (fx - di, fy - dj, fz - dk))
        value += weight * dot
    return value


@njit(cache=True)
def _worley3(x: float, y: float, z: float, cells: int, seed: int) -> float:
    """1 at the points of the cells, falling to 0 a cell away from them."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    nearest = 4.0
    for dk in range(-1, 2):
        for dj in range(-1, 2):
            for di in range(-1, 2):
                h = _hash3((i + di) % cells, (j + dj) % cells, (k + dk) % cells, seed)
                px = i + di + (h & np.uint32(1023)) * (1.0 / 1024.0) - x
                py = j + dj + ((h >> np.uint32(10)) & np.uint32(1023)) * (1.0 / 1024.0) - y
                pz = k + dk + ((h >> np.uint32(20)) & np.uint32(1023)) * (1.0 / 1024.0) - z
                nearest = min(nearest, px * px + py * py + pz * pz)
    return max(1.0 - math.sqrt(nearest), 0.0)


@njit(cache=True, parallel=True)
def _base_volume() -> Volume:
    volume = np.zeros((BASE_SIZE, BASE_SIZE, BASE_SIZE), np.float32)
    for k in prange(BASE_SIZE):
        z = (k + 0.5) / BASE_SIZE
        for j in range(BASE_SIZE):
            y = (j + 0.5) / BASE_SIZE
            for i in range(BASE_SIZE):
                x = (i + 0.5) / BASE_SIZE
                perlin = _perlin3(4.0 * x, 4.0 * y, 4.0 * z, 4, 1) + 0.5 * _perlin3(8.0 * x, 8.0 * y, 8.0 * z, 8, 2)
                perlin = min(max(0.5 + 0.62 * perlin, 0.0), 1.0)
                low = _worley3(4.0 * x, 4.0 * y, 4.0 * z, 4, 3)
                middle = _worley3(9.0 * x, 9.0 * y, 9.0 * z, 9, 4)
                high = _worley3(18.0 * x, 18.0 * y, 18.0 * z, 18, 5)
                billows = 0.55 * low + 0.3 * middle + 0.15 * high
                # Cellular noise lifts the floor of gradient noise: billows joined by wisps.
                volume[k, j, i] = 0.45 * perlin + 0.85 * billows
    return volume


@njit(cache=True)
def _detail_volume() -> Volume:
    volume = np.zeros((DETAIL_SIZE, DETAIL_SIZE, DETAIL_SIZE), np.float32)
    for k in range(DETAIL_SIZE):
        z = (k + 0.5) / DETAIL_SIZE
        for j in range(DETAIL_SIZE):
            y = (j + 0.5) / DETAIL_SIZE
            for i in range(DETAIL_SIZE):
                x = (i + 0.5) / DETAIL_SIZE
                volume[k, j, i] = 0.6 * _worley3(4.0 * x, 4.0 * y, 4.0 * z, 4, 6) + 0.4 * _worley3(
                    9.0 * x, 9.0 * y, 9.0 * z, 9, 7
                )
    return volume


@njit(cache=True, inline="always")
def sample_volume(volume: Volume, x: float, y: float, z: float) -> float:
    """Trilinear value at (x, y, z) in periods; x is the fastest axis."""
    size = volume.shape[0]
    x, y, z = x * size - 0.5, y * size - 0.5, z * size - 0.5
    floor_x, floor_y, floor_z = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - floor_x, y - floor_y, z - floor_z
    mask = size - 1
    i0, j0, k0 = int(floor_x) & mask, int(floor_y) & mask, int(floor_z) & mask
    i1, j1, k1 = (i0 + 1) & mask, (j0 + 1) & mask, (k0 + 1) & mask
    low_near = volume[k0, j0, i0] + fx * (volume[k0, j0, i1] - volume[k0, j0, i0])
    low_far = volume[k0, j1, i0] + fx * (volume[k0, j1, i1] - volume[k0, j1, i0])
    high_near = volume[k1, j0, i0] + fx * (volume[k1, j0, i1] - volume[k1, j0, i0])
    high_far = volume[k1, j1, i0] + fx * (volume[k1, j1, i1] - volume[k1, j1, i0])
    low = low_near + fy * (low_far - low_near)
    high = high_near + fy * (high_far - high_near)
    result: float = low + fz * (high - low)
    return result


@njit(cache=True, inline="always")
def sample_map(table: NDArray[np.float32], x: float, y: float) -> float:
    """Bilinear value of a square map that repeats, at (x, y) in periods; y counts rows."""
    size = table.shape[0]
    x, y = x * size - 0.5, y * size - 0.5
    floor_x, floor_y = math.floor(x), math.floor(y)
    fx, fy = x - floor_x, y - floor_y
    i0, j0 = int(floor_x) % size, int(floor_y) % size
    i1 = i0 + 1 if i0 + 1 < size else 0
    j1 = j0 + 1 if j0 + 1 < size else 0
    near = table[j0, i0] + fx * (table[j0, i1] - table[j0, i0])
    far = table[j1, i0] + fx * (table[j1, i1] - table[j1, i0])
    result: float = near + fy * (far - near)
    return result
