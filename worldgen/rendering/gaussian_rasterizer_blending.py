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

TileArrays = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]
"""First entry of each tile in the second array (tiles + 1,), ranks of the splats of all tiles, near to far, and the
order in which the tiles are blended."""
ImageArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Sums of weight times colour (H, W, 3), light that passes (H, W), sums of weight over euclidean depth (H, W)."""

FAST_MATH = {"contract", "nsz"}
"""Fused multiply-add and signless zero: nothing that reorders sums or assumes away NaN."""
LEAST_NEARNESS = 0.2
"""No part of a splat counts as further away than its centre's depth divided by this."""
CHECK_EVERY = 16
"""How many splats pass between looks at whether a tile is opaque."""

RED = np.uint64(TILE * TILE)
GREEN = np.uint64(2 * TILE * TILE)
BLUE = np.uint64(3 * TILE * TILE)
NEAR = np.uint64(4 * TILE * TILE)
"""Where the planes of a tile's sums start; unsigned, because then compilers see that they are apart."""


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
def blend_pinhole(tiles: TileArrays, records: NDArray[np.float32], image: ImageArrays) -> None:
    """Blend into a pinhole image.

    Args:
        tiles: See ``TileArrays``.
        records: (M, PINHOLE_FIELDS) in depth order.
        image: Is filled; see ``ImageArrays``.
    """
    starts, ranks, dealt = tiles[0], tiles[1], tiles[2]
    rgb, transmittance = image[0], image[1]
    inverse_depth = image[2]
    height, width = transmittance.shape
    tiles_x = (width + TILE - 1) // TILE
    for turn in nb.prange(len(dealt)):
        tile = dealt[turn]
        top, left = (tile // tiles_x) * TILE, (tile % tiles_x) * TILE
        bottom = min(top + TILE, height)
        sums = new_sums()
        left_center = np.float32(left) + np.float32(0.5)
        for entry in range(starts[tile], starts[tile + 1]):
            if (entry - starts[tile]) % CHECK_EVERY == CHECK_EVERY - 1 and is_opaque(sums):
                break
            record = records[ranks[entry]]
            column, row = record[0], record[1]
            a, b, c = record[2], record[3], record[4]
            opacity, slope_x, slope_y, nearness = record[5], record[6], record[7], record[8]
            least = np.float32(LEAST_NEARNESS) * nearness
            red, green, blue = record[9], record[10], record[11]
            first = max(np.int64(record[12]), top) - top
            last = min(np.int64(record[13]) + 1, bottom) - top
            for y in range(first, last):
                dy = np.float32(top + y) + np.float32(0.5) - row
                cyy, by = c * dy * dy, b * dy
                at = np.uint64(y * TILE)
                for x in range(np.uint64(TILE)):
                    dx = left_center + np.float32(np.int32(x)) - column
                    passed = sums[at + x]
                    weight = splat_alpha(opacity, (a * dx + by) * dx + cyy, passed) * passed
                    sums[at + x + RED] += weight * red
                    sums[at + x + GREEN] += weight * green
                    sums[at + x + BLUE] += weight * blue
                    sums[at + x + NEAR] += weight * max(nearness + slope_x * dx + slope_y * dy, least)
                    sums[at + x] = passed - weight
        _store(sums, top, left, (rgb, transmittance, inverse_depth))


@nb.njit(parallel=True, cache=True, fastmath=FAST_MATH)
def blend_equirectangular(tiles: TileArrays, records: NDArray[np.float32], image: ImageArrays) -> None:
    """Blend into a panorama; like :func:`blend_pinhole` with records (M, RAY_FIELDS)."""
    starts, ranks, dealt = tiles[0], tiles[1], tiles[2]
    rgb, transmittance = image[0], image[1]
    inverse_depth = image[2]
    height, width = transmittance.shape
    tiles_x = (width + TILE - 1) // TILE
    row_angle = math.pi / height
    for turn in nb.prange(len(dealt)):
        tile = dealt[turn]
        top, left = (tile // tiles_x) * TILE, (tile % tiles_x) * TILE
        bottom = min(top + TILE, height)
        sums = new_sums()
        sines, cosines = np.zeros(TILE, dtype=np.float32), np.zeros(TILE, dtype=np.float32)
        rings, ups = np.zeros(TILE, dtype=np.float32), np.zeros(TILE, dtype=np.float32)
        for x in range(TILE):
            azimuth = (left + x + 0.5) * row_angle - math.pi
            sines[x], cosines[x] = math.sin(azimuth), -math.cos(azimuth)
            polar = (top + x + 0.5) * row_angle
            rings[x], ups[x] = math.sin(polar), math.cos(polar)
        for entry in range(starts[tile], starts[tile + 1]):
            if (entry - starts[tile]) % CHECK_EVERY == CHECK_EVERY - 1 and is_opaque(sums):
                break
            record = records[ranks[entry]]
            d0, d1, d2 = record[0], record[1], record[2]
            e0, e1, e2 = record[3], record[4], record[5]
            n0, n1, n2 = record[6], record[7], record[8]
            opacity, slope_e, slope_n, nearness = record[9], record[10], record[11], record[12]
            least = np.float32(LEAST_NEARNESS) * nearness
            red, green, blue = record[13], record[14], record[15]
            first = max(np.int64(record[16]), top) - top
            last = min(np.int64(record[17]) + 1, bottom) - top
            for y in range(first, last):
                ring, up = rings[y], ups[y]
                at = np.uint64(y * TILE)
                for x in range(np.uint64(TILE)):
                    rx, rz = ring * sines[x], ring * cosines[x]
                    along = np.float32(1.0) / max(rx * d0 + up * d1 + rz * d2, np.float32(1e-3))
                    east = (rx * e0 + up * e1 + rz * e2) * along
                    north = (rx * n0 + up * n1 + rz * n2) * along
                    passed = sums[at + x]
                    power = np.float32(-0.5) * (east * east + north * north)
                    weight = splat_alpha(opacity, power, passed) * passed
                    sums[at + x + RED] += weight * red
                    sums[at + x + GREEN] += weight * green
                    sums[at + x + BLUE] += weight * blue
                    sums[at + x + NEAR] += weight * max(nearness + slope_e * east + slope_n * north, least)
                    sums[at + x] = passed - weight
        _store(sums, top, left, (rgb, transmittance, inverse_depth))


@nb.njit(parallel=True, cache=True)
def finish_image(image: ImageArrays, background: NDArray[np.float32]) -> None:
    """Turn a blended image in place into colours over a background (3,), opacity, and mean depth, all row by row.

    The depth is the harmonic mean over what is seen, +inf where nothing is.
    """
    rgb, transmittance = image[0], image[1]
    inverse_depth = image[2]
    for y in nb.prange(transmittance.shape[0]):
        for x in range(transmittance.shape[1]):
            passed = transmittance[y, x]
            for channel in range(3):
                color = rgb[y, x, channel] + passed * background[channel]
                rgb[y, x, channel] = min(max(color, np.float32(0.0)), np.float32(1.0))
            alpha, nearness = np.float32(1.0) - passed, inverse_depth[y, x]
            inverse_depth[y, x] = alpha / nearness if alpha > 0.0 and nearness > 0.0 else np.float32(np.inf)
            transmittance[y, x] = min(max(alpha, np.float32(0.0)), np.float32(1.0))


@nb.njit(cache=True, inline="always")
def new_sums() -> NDArray[np.float32]:
    """What a tile gathers, one plane of 16 by 16 after the other: light that passes, red, green, blue, nearness."""
    sums = np.zeros(5 * TILE * TILE, dtype=np.float32)
    for i in range(TILE * TILE):
        sums[i] = np.float32(1.0)
    return sums


@nb.njit(cache=True)
def is_opaque(sums: NDArray[np.float32]) -> bool:
    """Whether no pixel of a tile takes further splats; ``sums`` starts with the light that passes."""
    most = np.zeros(TILE, dtype=np.float32)
    for y in range(TILE):
        for x in range(TILE):
            most[x] = max(most[x], sums[y * TILE + x])
    return most.max() < np.float32(MIN_TRANSMITTANCE)


@nb.njit(cache=True)
def _store(sums: NDArray[np.float32], top: int, left: int, image: ImageArrays) -> None:
    """Copy a finished tile to where it belongs, without the part beyond the image."""
    rgb, transmittance, inverse_depth = image
    height, width = transmittance.shape
    for y in range(min(TILE, height - top)):
        for x in range(min(TILE, width - left)):
            at = y * TILE + x
            transmittance[top + y, left + x] = sums[at]
            rgb[top + y, left + x, 0] = sums[at + TILE * TILE]
            rgb[top + y, left + x, 1] = sums[at + 2 * TILE * TILE]
            rgb[top + y, left + x, 2] = sums[at + 3 * TILE * TILE]
            inverse_depth[top + y, left + x] = sums[at + 4 * TILE * TILE]
