"""Seeded gradient noise, its sums and cell noise, as kernels for other kernels to call.

Lattice gradients come from an integer hash, so a value depends on the position and the seed alone: on no
table, no order and no thread.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from worldgen.randomness import seed_for

_SCALE = 1.55
"""Brings gradient noise with gradients in the unit square to about -1 to 1."""


def noise_seed(seed: int, name: str) -> int:
    """A 32-bit lattice seed for the noise field ``name`` of the world ``seed``."""
    return seed_for(seed, f"noise/{name}") & 0x7FFFFFFF


@njit(cache=True)
def lattice_hash(column: int, row: int, seed: int) -> int:
    """32 well mixed bits for a lattice point (finaliser constants of murmur3)."""
    h = np.uint32(np.uint32(column) * np.uint32(0x9E3779B1))
    h = np.uint32(h ^ np.uint32(np.uint32(row) * np.uint32(0x85EBCA77)))
    h = np.uint32(h ^ np.uint32(np.uint32(seed) * np.uint32(0xC2B2AE3D)))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ np.uint32(h >> np.uint32(16)))  # type: ignore[return-value]


@njit(cache=True)
def hash_unit(column: int, row: int, seed: int) -> float:
    """A number in [0, 1) for a lattice point."""
    return float(lattice_hash(column, row, seed)) * (1.0 / 4294967296.0)


@njit(cache=True)
def _corner(column: int, row: int, seed: int, dx: float, dz: float) -> tuple[float, float, float]:
    h = lattice_hash(column, row, seed)
    gx = float(h & np.uint32(0xFFFF)) * (1.0 / 32768.0) - 1.0
    gz = float(h >> np.uint32(16)) * (1.0 / 32768.0) - 1.0
    return gx * dx + gz * dz, gx, gz


@njit(cache=True)
def gradient_noise(x: float, z: float, seed: int) -> float:
    """Gradient noise at a point, about -1 to 1, with features one unit wide (Perlin 2002)."""
    floor_x, floor_z = math.floor(x), math.floor(z)
    i, j = int(floor_x), int(floor_z)
    u, v = x - floor_x, z - floor_z
    a = _corner(i, j, seed, u, v)[0]
    b = _corner(i + 1, j, seed, u - 1.0, v)[0]
    c = _corner(i, j + 1, seed, u, v - 1.0)[0]
    d = _corner(i + 1, j + 1, seed, u - 1.0, v - 1.0)[0]
    fu = u * u * u * (u * (u * 6.0 - 15.0) + 10.0)
    fv = v * v * v * (v * (v * 6.0 - 15.0) + 10.0)
    top = a + fu * (b - a)
    return _SCALE * (top + fv * (c + fu * (d - c) - top))


@njit(cache=True)
def gradient_noise_slope(x: float, z: float, seed: int) -> tuple[float, float, float]:
    """Gradient noise and its two partial derivatives."""
    floor_x, floor_z = math.floor(x), math.floor(z)
    i, j = int(floor_x), int(floor_z)
    u, v = x - floor_x, z - floor_z
    a, ax, az = _corner(i, j, seed, u, v)
    b, bx, bz = _corner(i + 1, j, seed, u - 1.0, v)
    c, cx, cz = _corner(i, j + 1, seed, u, v - 1.0)
    d, dx, dz = _corner(i + 1, j + 1, seed, u - 1.0, v - 1.0)
    fu = u * u * u * (u * (u * 6.0 - 15.0) + 10.0)
    fv = v * v * v * (v * (v * 6.0 - 15.0) + 10.0)
    gu = 30.0 * u * u * (u * (u - 2.0) + 1.0)
    gv = 30.0 * v * v * (v * (v - 2.0) + 1.0)
    twist = a - b - c + d
    value = a + fu * (b - a) + fv * (c - a) + fu * fv * twist
    slope_x = ax + fu * (bx - ax) + fv * (cx - ax) + fu * fv * (ax - bx - cx + dx) + gu * (b - a + fv * twist)
    slope_z = az + fu * (bz - az) + fv * (cz - az) + fu * fv * (az - bz - cz + dz) + gv * (c - a + fu * twist)
    return _SCALE * value, _SCALE * slope_x, _SCALE * slope_z


@njit(cache=True)
def fbm(x: float, z: float, seed: int, octaves: int, gain: float) -> float:
    """Sum of octaves of gradient noise, each turned against the last; about -1 to 1."""
    total, amplitude, norm = 0.0, 1.0, 0.0
    for octave in range(octaves):
        total += amplitude * gradient_noise(x, z, seed + octave)
        norm += amplitude
        amplitude *= gain
        x, z = 2.0 * (0.8 * x - 0.6 * z) + 17.3, 2.0 * (0.6 * x + 0.8 * z) - 9.1
    return total / norm


@njit(cache=True)
def ridged(x: float, z: float, seed: int, octaves: int, gain: float) -> float:
    """Ridged multifractal noise in about 0 to 1: sharp crests, finer ridges only on high ground (Musgrave 1994)."""
    total, amplitude, norm, weight = 0.0, 1.0, 0.0, 1.0
    for octave in range(octaves):
        signal = 1.0 - abs(gradient_noise(x, z, seed + octave))
        signal *= signal * weight
        weight = min(1.0, max(0.0, signal * 1.9))
        total += amplitude * signal
        norm += amplitude
        amplitude *= gain
        x, z = 2.0 * (0.8 * x - 0.6 * z) + 31.7, 2.0 * (0.6 * x + 0.8 * z) + 5.3
    return total / norm


@njit(cache=True)
def cell_noise(x: float, z: float, seed: int) -> tuple[float, float, float]:
    """Distances to the two nearest jittered points, and a number in [0, 1) for the nearest (Worley 1996)."""
    i, j = math.floor(x), math.floor(z)
    first, second, tag = 9.0, 9.0, 0.0
    for row in range(j - 1, j + 2):
        for column in range(i - 1, i + 2):
            px = column + 0.5 + 0.8 * (hash_unit(column, row, seed) - 0.5) - x
            pz = row + 0.5 + 0.8 * (hash_unit(column, row, seed + 101) - 0.5) - z
            distance = math.sqrt(px * px + pz * pz)
            if distance < first:
                second, first, tag = first, distance, hash_unit(column, row, seed + 202)
            elif distance < second:
                second = distance
    return first, second, tag


@njit(cache=True)
def smoothstep(low: float, high: float, value: float) -> float:
    """0 below ``low``, 1 above ``high``, with flat ends between."""
    t = min(1.0, max(0.0, (value - low) / (high - low)))
    return t * t * (3.0 - 2.0 * t)


@njit(cache=True)
def soft_min(a: float, b: float, width: float) -> float:
    """Minimum of two numbers with a rounded corner that is ``width`` wide."""
    t = max(0.0, width - abs(a - b)) / width
    return min(a, b) - 0.25 * width * t * t


@njit(cache=True)
def soft_max(a: float, b: float, width: float) -> float:
    """Maximum of two numbers with a rounded corner that is ``width`` wide."""
    width = max(width, 1e-6)
    t = max(0.0, width - abs(a - b)) / width
    return max(a, b) + 0.25 * width * t * t
