"""Front-to-back blending of depth-ordered splats, one tile at a time.

Every row of a tile is 16 independent pixels without branches, which compilers turn into vector code. Tiles are
independent of each other, so the number of threads changes no bit.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.gaussian_rasterizer_projection import MIN_ALPHA
from worldgen.rendering.gaussian_rasterizer_tiles import TILE

MAX_ALPHA = 0.999
"""Splats never block more than this."""
MIN_TRANSMITTANCE = 1e-4
"""A pixel that lets less light through takes no further splats."""

TileArrays = tuple[NDArray[np.int64], NDArray[np.int32]]
BlendedArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]

FAST_MATH = {"contract", "nsz"}
"""Fused multiply-add and signless zero: nothing that reorders sums or assumes away NaN."""
LEAST_NEARNESS = 0.2
"""No part of a splat counts as further away than its centre's depth divided by this."""
CHECK_EVERY = 16
"""How many splats pass between looks at whether a tile is opaque."""


@nb.njit(cache=True, inline="always", fastmath=FAST_MATH)
def _exp(x: np.float32) -> np.float32:
    """e^x for x in [-6, 0] within 1e-6, from e^(x / 8) by its series: the library's would not vectorise."""
    t = x * np.float32(0.125)
    p = np.float32(1.0 / 720.0)
    p = p * t + np.float32(1.0 / 120.0)
    p = p * t + np.float32(1.0 / 24.0)
    p = p * t + np.float32(1.0 / 6.0)
    p = p * t + np.float32(0.5)
    p = p * t + np.float32(1.0)
    p = p * t + np.float32(1.0)
    p = p * p
    p = p * p
    return p * p


@nb.njit(cache=True, inline="always", fastmath=FAST_MATH)
def splat_alpha(opacity: np.float32, power: np.float32, transmittance: np.float32) -> np.float32:
    """What a splat blocks at Mahalanobis exponent ``power``, 0 where it is dropped."""
    alpha = min(opacity * _exp(max(power, np.float32(-6.0))), np.float32(MAX_ALPHA))
    keep = (alpha >= np.float32(MIN_ALPHA)) & (transmittance >= np.float32(MIN_TRANSMITTANCE))
    return alpha if keep else np.float32(0.0)


@nb.njit(parallel=True, cache=True, fastmath=FAST_MATH)
def blend_pinhole(
    tiles: TileArrays,
    splats: BlendedArrays,
    rgb: NDArray[np.float32],
    transmittance: NDArray[np.float32],
    inverse_depth: NDArray[np.float32],
) -> None:
    """Blend into a pinhole image.

    Args:
        tiles: For each tile its first entry in the second array (tiles + 1,), and splats of all tiles, near to far.
        splats: Fields (M, PINHOLE_FIELDS), colours (M, 3), and first and last rows (M, 2), in depth order.
        rgb: (H, W, 3), gets the colours times their weights.
        transmittance: (H, W), gets the light that passes all splats.
        inverse_depth: (H, W), gets the inverted euclidean depths times their weights.
    """
    starts, ranks = tiles
    fields, colors, rows = splats
    height, width = transmittance.shape
    tiles_x = (width + TILE - 1) // TILE
    for tile in nb.prange(len(starts) - 1):
        top, left = (tile // tiles_x) * TILE, (tile % tiles_x) * TILE
        bottom = min(top + TILE, height)
        clear = np.ones((TILE, TILE), dtype=np.float32)
        red = np.zeros((TILE, TILE), dtype=np.float32)
        green = np.zeros((TILE, TILE), dtype=np.float32)
        blue = np.zeros((TILE, TILE), dtype=np.float32)
        near = np.zeros((TILE, TILE), dtype=np.float32)
        left_center = np.float32(left) + np.float32(0.5)
        for entry in range(starts[tile], starts[tile + 1]):
            if (entry - starts[tile]) % CHECK_EVERY == CHECK_EVERY - 1 and is_opaque(clear):
                break
            rank = ranks[entry]
            column, row = fields[rank, 0], fields[rank, 1]
            a, b, c = np.float32(-0.5) * fields[rank, 2], -fields[rank, 3], np.float32(-0.5) * fields[rank, 4]
            opacity, slope_x, slope_y = fields[rank, 5], fields[rank, 6], fields[rank, 7]
            nearness = np.float32(1.0) / fields[rank, 8]
            least = np.float32(LEAST_NEARNESS) * nearness
            r, g, bl = colors[rank, 0], colors[rank, 1], colors[rank, 2]
            first = max(rows[rank, 0], top) - top
            last = min(rows[rank, 1] + 1, bottom) - top
            for y in range(first, last):
                dy = np.float32(top + y) + np.float32(0.5) - row
                cyy, by = c * dy * dy, b * dy
                for x in range(TILE):
                    dx = left_center + np.float32(x) - column
                    power = (a * dx + by) * dx + cyy
                    passed = clear[y, x]
                    alpha = splat_alpha(opacity, power, passed)
                    weight = alpha * passed
                    red[y, x] += weight * r
                    green[y, x] += weight * g
                    blue[y, x] += weight * bl
                    near[y, x] += weight * max(nearness + slope_x * dx + slope_y * dy, least)
                    clear[y, x] = passed - weight
        _store(rgb[:, :, 0], red, top, left)
        _store(rgb[:, :, 1], green, top, left)
        _store(rgb[:, :, 2], blue, top, left)
        _store(transmittance, clear, top, left)
        _store(inverse_depth, near, top, left)


@nb.njit(parallel=True, cache=True, fastmath=FAST_MATH)
def blend_equirectangular(
    tiles: TileArrays,
    splats: BlendedArrays,
    rgb: NDArray[np.float32],
    transmittance: NDArray[np.float32],
    inverse_depth: NDArray[np.float32],
) -> None:
    """Blend into a panorama; like :func:`blend_pinhole` with fields (M, RAY_FIELDS)."""
    starts, ranks = tiles
    fields, colors, rows = splats
    height, width = transmittance.shape
    tiles_x = (width + TILE - 1) // TILE
    row_angle = math.pi / height
    for tile in nb.prange(len(starts) - 1):
        top, left = (tile // tiles_x) * TILE, (tile % tiles_x) * TILE
        bottom = min(top + TILE, height)
        clear = np.ones((TILE, TILE), dtype=np.float32)
        red = np.zeros((TILE, TILE), dtype=np.float32)
        green = np.zeros((TILE, TILE), dtype=np.float32)
        blue = np.zeros((TILE, TILE), dtype=np.float32)
        near = np.zeros((TILE, TILE), dtype=np.float32)
        sines, cosines = np.zeros(TILE, dtype=np.float32), np.zeros(TILE, dtype=np.float32)
        for x in range(TILE):
            azimuth = (left + x + 0.5) * row_angle - math.pi
            sines[x], cosines[x] = math.sin(azimuth), -math.cos(azimuth)
        for entry in range(starts[tile], starts[tile + 1]):
            if (entry - starts[tile]) % CHECK_EVERY == CHECK_EVERY - 1 and is_opaque(clear):
                break
            rank = ranks[entry]
            d0, d1, d2 = fields[rank, 0], fields[rank, 1], fields[rank, 2]
            e0, e1, e2 = fields[rank, 3], fields[rank, 4], fields[rank, 5]
            n0, n1, n2 = fields[rank, 6], fields[rank, 7], fields[rank, 8]
            opacity, slope_e, slope_n = fields[rank, 9], fields[rank, 10], fields[rank, 11]
            nearness = np.float32(1.0) / fields[rank, 12]
            least = np.float32(LEAST_NEARNESS) * nearness
            r, g, bl = colors[rank, 0], colors[rank, 1], colors[rank, 2]
            first = max(rows[rank, 0], top) - top
            last = min(rows[rank, 1] + 1, bottom) - top
            for y in range(first, last):
                polar = (top + y + 0.5) * row_angle
                ring, up = np.float32(math.sin(polar)), np.float32(math.cos(polar))
                for x in range(TILE):
                    rx, rz = ring * sines[x], ring * cosines[x]
                    along = np.float32(1.0) / max(rx * d0 + up * d1 + rz * d2, np.float32(1e-3))
                    east = (rx * e0 + up * e1 + rz * e2) * along
                    north = (rx * n0 + up * n1 + rz * n2) * along
                    power = np.float32(-0.5) * (east * east + north * north)
                    passed = clear[y, x]
                    alpha = splat_alpha(opacity, power, passed)
                    weight = alpha * passed
                    red[y, x] += weight * r
                    green[y, x] += weight * g
                    blue[y, x] += weight * bl
                    near[y, x] += weight * max(nearness + slope_e * east + slope_n * north, least)
                    clear[y, x] = passed - weight
        _store(rgb[:, :, 0], red, top, left)
        _store(rgb[:, :, 1], green, top, left)
        _store(rgb[:, :, 2], blue, top, left)
        _store(transmittance, clear, top, left)
        _store(inverse_depth, near, top, left)


@nb.njit(cache=True)
def is_opaque(clear: NDArray[np.float32]) -> bool:
    """Whether no pixel of a tile takes further splats."""
    for y in range(TILE):
        for x in range(TILE):
            if clear[y, x] >= np.float32(MIN_TRANSMITTANCE):
                return False
    return True


@nb.njit(cache=True)
def _store(image: NDArray[np.float32], tile: NDArray[np.float32], top: int, left: int) -> None:
    """Copy a finished tile to where it belongs, without the part beyond the image."""
    height, width = image.shape
    for y in range(min(TILE, height - top)):
        for x in range(min(TILE, width - left)):
            image[top + y, left + x] = tile[y, x]
