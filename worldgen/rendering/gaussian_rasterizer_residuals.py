"""How far a rendered pinhole image is from a picture, handed back to the splats that made it."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.gaussian_rasterizer_blending import (
    BLUE,
    CHECK_EVERY,
    FAST_MATH,
    GREEN,
    RED,
    TileArrays,
    is_opaque,
    splat_alpha,
)
from worldgen.rendering.gaussian_rasterizer_tiles import TILE

_INSIDE = np.uint64(4 * TILE * TILE)
_LANES = np.uint64(5 * TILE * TILE)


@nb.njit(parallel=True, cache=True, fastmath=FAST_MATH)
def backproject_residuals(
    tiles: TileArrays, records: NDArray[np.float32], picture: NDArray[np.float32], gathered: NDArray[np.float32]
) -> None:
    """Blend an image, and sum for every splat of every tile what it lacks.

    Args:
        tiles: As for ``blend_pinhole``.
        records: As for ``blend_pinhole``.
        picture: (H, W, 3) what the image should be.
        gathered: (E, 4), gets for each entry of the tiles the sums over its pixels of the splat's weight, and of the
            weight times picture minus image. Zero where a tile was opaque before.
    """
    starts, ranks, dealt = tiles[0], tiles[1], tiles[2]
    height, width = picture.shape[:2]
    tiles_x = (width + TILE - 1) // TILE
    for turn in nb.prange(len(dealt)):
        tile = dealt[turn]
        top, left = (tile // tiles_x) * TILE, (tile % tiles_x) * TILE
        bottom = min(top + TILE, height)
        # Light that passes, what the picture has and the image lacks, 1 inside of the image (what of the tile
        # lies beyond must not count), and a splat's sums per column.
        planes = np.zeros(5 * TILE * TILE + 4 * TILE, dtype=np.float32)
        for y in range(bottom - top):
            for x in range(min(TILE, width - left)):
                at = np.uint64(y * TILE + x)
                planes[at + RED] = picture[top + y, left + x, 0]
                planes[at + GREEN] = picture[top + y, left + x, 1]
                planes[at + BLUE] = picture[top + y, left + x, 2]
                planes[at + _INSIDE] = 1.0
        left_center = np.float32(left) + np.float32(0.5)
        for sweep in range(2):
            planes[: TILE * TILE] = 1.0
            for entry in range(starts[tile], starts[tile + 1]):
                if (entry - starts[tile]) % CHECK_EVERY == CHECK_EVERY - 1 and is_opaque(planes):
                    break
                record = records[ranks[entry]]
                column, row = record[0], record[1]
                a, b, c = record[2], record[3], record[4]
                opacity = record[5]
                red, green, blue = record[9], record[10], record[11]
                first = max(np.int64(record[12]), top) - top
                last = min(np.int64(record[13]) + 1, bottom) - top
                if sweep == 0:
                    for y in range(first, last):
                        dy = np.float32(top + y) + np.float32(0.5) - row
                        cyy, by = c * dy * dy, b * dy
                        at = np.uint64(y * TILE)
                        for x in range(np.uint64(TILE)):
                            dx = left_center + np.float32(np.int32(x)) - column
                            passed = planes[at + x]
                            weight = splat_alpha(opacity, (a * dx + by) * dx + cyy, passed) * passed
                            planes[at + x + RED] -= weight * red
                            planes[at + x + GREEN] -= weight * green
                            planes[at + x + BLUE] -= weight * blue
                            planes[at + x] = passed - weight
                else:
                    planes[5 * TILE * TILE :] = 0.0
                    for y in range(first, last):
                        dy = np.float32(top + y) + np.float32(0.5) - row
                        cyy, by = c * dy * dy, b * dy
                        at = np.uint64(y * TILE)
                        for x in range(np.uint64(TILE)):
                            dx = left_center + np.float32(np.int32(x)) - column
                            passed = planes[at + x]
                            weight = splat_alpha(opacity, (a * dx + by) * dx + cyy, passed) * passed
                            planes[at + x] = passed - weight
                            weight *= planes[at + x + _INSIDE]
                            planes[_LANES + x] += weight
                            planes[_LANES + np.uint64(TILE) + x] += weight * planes[at + x + RED]
                            planes[_LANES + np.uint64(2 * TILE) + x] += weight * planes[at + x + GREEN]
                            planes[_LANES + np.uint64(3 * TILE) + x] += weight * planes[at + x + BLUE]
                    for k in range(4):
                        total = np.float32(0.0)
                        for x in range(TILE):
                            total += planes[5 * TILE * TILE + k * TILE + x]
                        gathered[entry, k] = total


@nb.njit(cache=True)
def add_to_splats(
    ranks: NDArray[np.int32],
    order: NDArray[np.int32],
    gathered: NDArray[np.float32],
    totals: NDArray[np.float64],
) -> None:
    """Add what :func:`backproject_residuals` gathered to the totals (N, 4) of the splats, in a fixed order."""
    for entry in range(len(ranks)):
        splat = order[ranks[entry]]
        for k in range(4):
            totals[splat, k] += gathered[entry, k]
