"""How far a rendered pinhole image is from a picture, handed back to the splats that made it."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.gaussian_rasterizer_blending import (
    CHECK_EVERY,
    FAST_MATH,
    TileArrays,
    is_opaque,
    splat_alpha,
)
from worldgen.rendering.gaussian_rasterizer_tiles import TILE


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
        residual = np.zeros((3, TILE, TILE), dtype=np.float32)
        # 1 inside of the image: pixels of the tile beyond it must not count.
        inside = np.zeros((TILE, TILE), dtype=np.float32)
        for y in range(bottom - top):
            for x in range(min(TILE, width - left)):
                inside[y, x] = 1.0
                for channel in range(3):
                    residual[channel, y, x] = picture[top + y, left + x, channel]
        lanes = np.zeros((4, TILE), dtype=np.float32)
        left_center = np.float32(left) + np.float32(0.5)
        for sweep in range(2):
            clear = np.ones(TILE * TILE, dtype=np.float32)
            for entry in range(starts[tile], starts[tile + 1]):
                if (entry - starts[tile]) % CHECK_EVERY == CHECK_EVERY - 1 and is_opaque(clear):
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
                        for x in range(TILE):
                            dx = left_center + np.float32(x) - column
                            passed = clear[y * TILE + x]
                            weight = splat_alpha(opacity, (a * dx + by) * dx + cyy, passed) * passed
                            residual[0, y, x] -= weight * red
                            residual[1, y, x] -= weight * green
                            residual[2, y, x] -= weight * blue
                            clear[y * TILE + x] = passed - weight
                else:
                    lanes[:] = 0.0
                    for y in range(first, last):
                        dy = np.float32(top + y) + np.float32(0.5) - row
                        cyy, by = c * dy * dy, b * dy
                        for x in range(TILE):
                            dx = left_center + np.float32(x) - column
                            passed = clear[y * TILE + x]
                            weight = splat_alpha(opacity, (a * dx + by) * dx + cyy, passed) * passed
                            clear[y * TILE + x] = passed - weight
                            weight *= inside[y, x]
                            lanes[0, x] += weight
                            lanes[1, x] += weight * residual[0, y, x]
                            lanes[2, x] += weight * residual[1, y, x]
                            lanes[3, x] += weight * residual[2, y, x]
                    for k in range(4):
                        total = np.float32(0.0)
                        for x in range(TILE):
                            total += lanes[k, x]
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
