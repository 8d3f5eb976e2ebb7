"""Noise that repeats: every function has period 1 in u and v, so textures made of it tile without a seam.

Gradient noise after Perlin, "Improving Noise" (2002); cellular noise after Worley, "A Cellular Texture Basis
Function" (1996); exact distances to cell borders after Quilez, "Voronoi - distances" (2012).
All kernels are single-threaded and free of fast-math, so the same arguments give the same bits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatGrid = NDArray[np.float32]
IntGrid = NDArray[np.int32]

_ANGLES = np.arange(64) * (2.0 * math.pi / 64.0)
_GRADIENT_U = np.cos(_ANGLES).astype(np.float32)
_GRADIENT_V = np.sin(_ANGLES).astype(np.float32)


@njit(cache=True, inline="always")
def hash_cell(column: int, row: int, seed: int) -> np.uint32:
    """A well-mixed 32-bit hash of a lattice cell (finaliser of MurmurHash3 by Appleby)."""
    h = np.uint32(column) * np.uint32(0x9E3779B1) ^ np.uint32(row) * np.uint32(0x85EBCA77) ^ np.uint32(seed)
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(cache=True, inline="always")
def _lattice_dot(column: int, row: int, seed: int, du: np.float32, dv: np.float32) -> np.float32:
    index = hash_cell(column, row, seed) >> np.uint32(26)
    return _GRADIENT_U[index] * du + _GRADIENT_V[index] * dv


@njit(cache=True, inline="always")
def _gradient_noise(x: np.float32, y: np.float32, cells_u: int, cells_v: int, seed: int) -> np.float32:
    floor_x, floor_y = math.floor(x), math.floor(y)
    fx, fy = np.float32(x - floor_x), np.float32(y - floor_y)
    i0, j0 = int(floor_x) % cells_u, int(floor_y) % cells_v
    i1 = i0 + 1 if i0 + 1 < cells_u else 0
    j1 = j0 + 1 if j0 + 1 < cells_v else 0
    one = np.float32(1.0)
    wx = fx * fx * fx * (fx * (fx * np.float32(6.0) - np.float32(15.0)) + np.float32(10.0))
    wy = fy * fy * fy * (fy * (fy * np.float32(6.0) - np.float32(15.0)) + np.float32(10.0))
    a = _lattice_dot(i0, j0, seed, fx, fy)
    b = _lattice_dot(i1, j0, seed, fx - one, fy)
    c = _lattice_dot(i0, j1, seed, fx, fy - one)
    d = _lattice_dot(i1, j1, seed, fx - one, fy - one)
    top = a + wx * (b - a)
    bottom = c + wx * (d - c)
    return np.float32(1.4) * (top + wy * (bottom - top))


@njit(cache=True, nogil=True)
def fractal_noise(
    u: FloatGrid, v: FloatGrid, cells: tuple[int, int], seed: int, spectrum: tuple[int, float, bool]
) -> FloatGrid:
    """Sum of octaves of gradient noise.

    Args:
        u: (H, W) float32, coordinates in tiles; any value.
        v: (H, W) float32.
        cells: Lattice cells per tile along u and v in the first octave; each octave doubles them.
        seed: Non-negative, below 2**31.
        spectrum: How many octaves, the amplitude of each relative to the one before, and whether each octave is
            folded into sharp crests ("ridged", after Musgrave's multifractals, without their feedback).

    Returns:
        (H, W) float32, mean 0, standard deviation about 0.35, within about -1 to 1; ridged: 0 to 1, crests near 1.
    """
    height, width = u.shape
    octaves, gain, ridged = spectrum
    out = np.zeros((height, width), np.float32)
    total = np.float32(0.0)
    amplitude = np.float32(1.0)
    cells_u, cells_v = cells
    for octave in range(octaves):
        octave_seed = (seed + octave * 7919) & 0x7FFFFFFF
        for row in range(height):
            for column in range(width):
                value = _gradient_noise(
                    u[row, column] * np.float32(cells_u),
                    v[row, column] * np.float32(cells_v),
                    cells_u,
                    cells_v,
                    octave_seed,
                )
                if ridged:
                    value = np.float32(1.0) - abs(value)
                    value *= value
                out[row, column] += amplitude * value
        total += amplitude if ridged else amplitude * amplitude
        amplitude *= np.float32(gain)
        cells_u *= 2
        cells_v *= 2
    scale = np.float32(1.0) / (total if ridged else np.float32(math.sqrt(total)))
    for row in range(height):
        for column in range(width):
            out[row, column] *= scale
    return out


@njit(cache=True)
def _cell_points(cells: tuple[int, int], seed: int, jitter: np.float32) -> tuple[FloatGrid, FloatGrid]:
    """Positions of the points of all cells, with two rings of wrapped cells around them."""
    offsets_u = np.zeros((cells[1] + 6, cells[0] + 6), np.float32)
    offsets_v = np.zeros((cells[1] + 6, cells[0] + 6), np.float32)
    for j in range(cells[1] + 6):
        for i in range(cells[0] + 6):
            h = hash_cell((i - 3) % cells[0], (j - 3) % cells[1], seed)
            offset_u = np.float32(h & np.uint32(0xFFFF)) * np.float32(1.0 / 65536.0) - np.float32(0.5)
            offset_v = np.float32(h >> np.uint32(16)) * np.float32(1.0 / 65536.0) - np.float32(0.5)
            offsets_u[j, i] = np.float32(0.5) + jitter * offset_u
            offsets_v[j, i] = np.float32(0.5) + jitter * offset_v
    return offsets_u, offsets_v


@njit(cache=True, nogil=True)
def cellular_noise(
    u: FloatGrid, v: FloatGrid, cells: tuple[int, int], seed: int, jitter: float
) -> tuple[FloatGrid, FloatGrid, IntGrid]:
    """Cells around jittered lattice points.

    Args:
        u: (H, W) float32, coordinates in tiles.
        v: (H, W) float32.
        cells: Cells per tile along u and v, at least 3 each.
        seed: Non-negative, below 2**31.
        jitter: 0 is a square grid, 1 moves points all over their cells.

    Returns:
        Distance to the nearest point, distance to the nearest cell border (both in cells), and the id of the
        cell, 0 to ``cells[0] * cells[1] - 1``; each (H, W).
    """
    height, width = u.shape
    distance = np.zeros((height, width), np.float32)
    border = np.zeros((height, width), np.float32)
    ids = np.zeros((height, width), np.int32)
    points_u, points_v = _cell_points(cells, seed, np.float32(jitter))
    for row in range(height):
        for column in range(width):
            x = u[row, column] * np.float32(cells[0])
            y = v[row, column] * np.float32(cells[1])
            base_x, base_y = math.floor(x), math.floor(y)
            fx, fy = np.float32(x - base_x), np.float32(y - base_y)
            i0, j0 = int(base_x) % cells[0] + 3, int(base_y) % cells[1] + 3
            best = np.float32(1e9)
            best_i, best_j = 0, 0
            best_x, best_y = np.float32(0.0), np.float32(0.0)
            for j in range(-1, 2):
                for i in range(-1, 2):
                    dx = np.float32(i) + points_u[j0 + j, i0 + i] - fx
                    dy = np.float32(j) + points_v[j0 + j, i0 + i] - fy
                    squared = dx * dx + dy * dy
                    if squared < best:
                        best, best_i, best_j, best_x, best_y = squared, i, j, dx, dy
            nearest_squared = np.float32(1e9)
            for j in range(max(best_j - 2, -2), min(best_j + 2, 2) + 1):
                for i in range(max(best_i - 2, -2), min(best_i + 2, 2) + 1):
                    if i == best_i and j == best_j:
                        continue
                    dx = np.float32(i) + points_u[j0 + j, i0 + i] - fx
                    dy = np.float32(j) + points_v[j0 + j, i0 + i] - fy
                    away_x, away_y = dx - best_x, dy - best_y
                    # Twice the distance to the border, times the distance between the two points.
                    along = dx * dx + dy * dy - best
                    squared_length = away_x * away_x + away_y * away_y
                    if along * along < nearest_squared * squared_length:
                        nearest_squared = along * along / squared_length
            distance[row, column] = np.float32(math.sqrt(best))
            border[row, column] = np.float32(0.5) * np.float32(math.sqrt(nearest_squared))
            ids[row, column] = (j0 - 3 + best_j) % cells[1] * cells[0] + (i0 - 3 + best_i) % cells[0]
    return distance, border, ids
