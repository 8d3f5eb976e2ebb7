"""Noise of a depth map: how much there is, and the depth without it.

The inverse depth of a plane is linear along any line of the image and, over the sphere, a product of the ray with one
vector. Noise shows as second differences even where surfaces are plain; it is taken away by fitting such vectors to the
pixels around each one that lie on its surface. Depth without noise is left as it is, bit for bit.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.depth_edges import inverse_depth
from worldgen.geometry.equirectangular import equirectangular_rays

_BLOCK_PX = 16
_PLAINEST = 0.03
"""Noise is what all blocks but this part show at least; leaves and grass have detail of their own beyond it."""
_PLAINEST_SHOW = 0.87
"""What the plainest blocks of pure noise show of it: a median of so few pixels varies."""
_BLOCK_SHARE = 0.5
"""Share of a block that must be surface."""
_LATITUDE = math.radians(60.0)
"""Beyond it columns are too narrow to tell noise from surfaces."""
_LEAST_NOISE = 0.0008
"""Relative noise below which nothing is done."""
_RADII = (2, 3, 4, 5, 6)
_SLOPE_NOISE = 0.08
"""How far off, at most, the slant of a fitted plane shall be; it sets the window's radius."""
_ROUNDS = 3
_COLOR_SIGMA = 0.15
_SAME_SURFACE = 0.12
_OWN_SURFACE = 4.0
"""A pixel farther than so many times the noise from the plane around it is on none, and stays."""


def measure_noise(euclidean_depth: NDArray[np.float32]) -> float:
    """The relative standard deviation of pixel to pixel noise of an equirectangular depth map (H, 2H)."""
    inverse = inverse_depth(euclidean_depth)
    height = len(inverse)
    first, last = int(height * (0.5 - _LATITUDE / math.pi)), int(height * (0.5 + _LATITUDE / math.pi))
    medians = []
    for axis in (0, 1):
        before, after = np.roll(inverse, 1, axis=axis), np.roll(inverse, -1, axis=axis)
        is_surface = (before > 0.0) & (inverse > 0.0) & (after > 0.0)
        relative = np.abs(before + after - 2.0 * inverse) / np.maximum(inverse, np.float32(1e-9))
        relative = np.where(is_surface, relative, np.nan)[max(first, 1) : min(last, height - 1)]
        rows, columns = relative.shape[0] // _BLOCK_PX, relative.shape[1] // _BLOCK_PX
        if rows == 0 or columns == 0:
            return 0.0
        blocks = relative[: rows * _BLOCK_PX, : columns * _BLOCK_PX].reshape(rows, _BLOCK_PX, columns, _BLOCK_PX)
        flat = blocks.transpose(0, 2, 1, 3).reshape(rows * columns, -1)
        flat = flat[np.isfinite(flat).mean(axis=1) >= _BLOCK_SHARE]
        if len(flat):
            medians.append(np.nanmedian(flat, axis=1))
    if not medians:
        return 0.0
    # The median of |x| of a normal distribution, of a difference whose variance is six times that of a pixel.
    least = np.quantile(np.concatenate(medians), _PLAINEST)
    return float(least / (_PLAINEST_SHOW * 0.6745 * math.sqrt(6.0)))


def remove_noise(
    euclidean_depth: NDArray[np.float32], colors: NDArray[np.float32], *, noise: float | None = None
) -> NDArray[np.float32]:
    """Take away noise from pixel to pixel, within surfaces and not across their edges.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky.
        colors: (H, 2H, 3) display-referred; neighbours of another colour count less.
        noise: Its relative standard deviation; measured if None.

    Returns:
        (H, 2H) float32; the array itself where there is no noise to speak of.
    """
    noise = measure_noise(euclidean_depth) if noise is None else noise
    if noise < _LEAST_NOISE:
        return euclidean_depth
    height = len(euclidean_depth)
    inverse = inverse_depth(euclidean_depth)
    rays = equirectangular_rays(height).astype(np.float32)
    fitted = _fitted(inverse, (rays, colors), _radius(noise, height), min(noise, 0.05))
    with np.errstate(divide="ignore"):
        depth = (np.float32(1.0) / fitted).astype(np.float32)
    return np.where(fitted == inverse, euclidean_depth, depth)


def _radius(noise: float, height: int) -> int:
    pixel = math.pi / height
    for radius in _RADII:
        spread = (2 * radius + 1) * math.sqrt(radius * (radius + 1) / 3.0)
        if noise / (pixel * spread) <= _SLOPE_NOISE:
            return radius
    return _RADII[-1]


@numba.njit(parallel=True, cache=True)
def _fitted(
    inverse: NDArray[np.float32],
    images: tuple[NDArray[np.float32], NDArray[np.float32]],
    radius: int,
    noise: float,
) -> NDArray[np.float32]:
    """Each pixel's inverse depth on the plane through its surroundings, by reweighted least squares."""
    rays, colors = images
    height, width = inverse.shape
    result = inverse.copy()
    for index in numba.prange(height):
        row = index + 0
        stretch = min(1.0 / max(math.sin((row + 0.5) / height * math.pi), 0.1), 8.0)
        for column in range(width):
            here = inverse[row, column]
            if here == 0.0:
                continue
            x, y, z = rays[row, column, 0], rays[row, column, 1], rays[row, column, 2]
            # A plane as an offset from the sphere through the pixel: value = here + g·(ray - ray here).
            g0 = g1 = g2 = level = 0.0
            for turn in range(_ROUNDS):
                a00 = a01 = a02 = a11 = a12 = a22 = b0 = b1 = b2 = 0.0
                total = total_value = s0 = s1 = s2 = 0.0
                scale = (3.0 if turn else 6.0) * noise * here
                for dr in range(-radius, radius + 1):
                    r = row + dr
                    if r < 0 or r >= height:
                        continue
                    for dc in range(-radius, radius + 1):
                        c = (column + int(dc * stretch)) % width
                        value = inverse[r, c]
                        if abs(value - here) > (_SAME_SURFACE + 3.0 * noise) * here:
                            continue
                        dx, dy, dz = rays[r, c, 0] - x, rays[r, c, 1] - y, rays[r, c, 2] - z
                        difference = 0.0
                        for channel in range(3):
                            step = colors[row, column, channel] - colors[r, c, channel]
                            difference += step * step
                        weight = math.exp(-difference / (2.0 * _COLOR_SIGMA * _COLOR_SIGMA))
                        weight *= math.exp(-(dr * dr + dc * dc) / (2.0 * radius * radius))
                        if turn:
                            residual = (value - here - level - g0 * dx - g1 * dy - g2 * dz) / scale
                            weight /= (1.0 + residual * residual) ** 2
                        offset = value - here
                        total += weight
                        total_value += weight * offset
                        s0 += weight * dx
                        s1 += weight * dy
                        s2 += weight * dz
                        a00 += weight * dx * dx
                        a01 += weight * dx * dy
                        a02 += weight * dx * dz
                        a11 += weight * dy * dy
                        a12 += weight * dy * dz
                        a22 += weight * dz * dz
                        b0 += weight * dx * offset
                        b1 += weight * dy * offset
                        b2 += weight * dz * offset
                # Centred on the weighted mean; a little ridge, as rays of a window hardly leave a plane.
                a00 -= s0 * s0 / total
                a01 -= s0 * s1 / total
                a02 -= s0 * s2 / total
                a11 -= s1 * s1 / total
                a12 -= s1 * s2 / total
                a22 -= s2 * s2 / total
                b0 -= s0 * total_value / total
                b1 -= s1 * total_value / total
                b2 -= s2 * total_value / total
                ridge = 1e-3 * (a00 + a11 + a22) + 1e-12
                a00 += ridge
                a11 += ridge
                a22 += ridge
                m00, m01, m02 = a11 * a22 - a12 * a12, a02 * a12 - a01 * a22, a01 * a12 - a02 * a11
                m11, m12, m22 = a00 * a22 - a02 * a02, a01 * a02 - a00 * a12, a00 * a11 - a01 * a01
                determinant = a00 * m00 + a01 * m01 + a02 * m02
                if determinant > 0.0:
                    g0 = (m00 * b0 + m01 * b1 + m02 * b2) / determinant
                    g1 = (m01 * b0 + m11 * b1 + m12 * b2) / determinant
                    g2 = (m02 * b0 + m12 * b1 + m22 * b2) / determinant
                level = (total_value - g0 * s0 - g1 * s1 - g2 * s2) / total
            if abs(level) <= _OWN_SURFACE * noise * here:
                result[row, column] = here + level
    return result
