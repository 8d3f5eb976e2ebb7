"""How the light, the colours and the depths of a pinhole image change with the splats that were blended into it.

With front-to-back blending, a splat of opacity ``alpha`` gives a pixel ``alpha * passed * value`` and dims all that
lies behind it by ``1 - alpha``. What lies behind is the pixel's total less what came so far, so one more sweep from
front to back yields all derivatives (Kerbl et al. 2023 go from back to front, which needs the splats' order stored).
Every row of a tile is 16 independent pixels, as in blending, and moments are summed per column first.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.gaussian_rasterizer_blending import (
    CHECK_EVERY,
    FAST_MATH,
    LEAST_NEARNESS,
    MAX_ALPHA,
    ImageArrays,
    TileArrays,
    is_opaque,
    splat_alpha,
)
from worldgen.rendering.gaussian_rasterizer_tiles import TILE

RECORD_GRADIENTS = 11
"""Derivatives with respect to a record's column, row, exponents (xx, xy, yy), opacity, inverse depth and colour (3);
last the sum of its weights, which tells how much of the image it makes up."""

_PLANE = TILE * TILE
_RANK_BLOCKS = 8

_P_CLEAR = np.uint64(0)
_P_SO_FAR = np.uint64(_PLANE)
_P_TOTAL = np.uint64(2 * _PLANE)
_P_RED = np.uint64(3 * _PLANE)
_P_GREEN = np.uint64(4 * _PLANE)
_P_BLUE = np.uint64(5 * _PLANE)
_P_NEAR = np.uint64(6 * _PLANE)
_P_INSIDE = np.uint64(7 * _PLANE)
_PLANES = 8

_L_ZERO = np.uint64(0)
_L_FIRST = np.uint64(TILE)
_L_SECOND = np.uint64(2 * TILE)
_L_RED = np.uint64(3 * TILE)
_L_GREEN = np.uint64(4 * TILE)
_L_BLUE = np.uint64(5 * TILE)
_L_NEAR = np.uint64(6 * TILE)
_L_WEIGHT = np.uint64(7 * TILE)
_L_LEAST = np.uint64(8 * TILE)
_LANES = 9


@nb.njit(parallel=True, cache=True, fastmath=FAST_MATH)
def blend_pinhole_gradients(
    tiles: TileArrays,
    records: NDArray[np.float32],
    image: ImageArrays,
    image_gradients: ImageArrays,
    gathered: NDArray[np.float32],
) -> None:
    """Derivatives of a loss with respect to every splat of every tile.

    The slopes of the inverse depth are taken as given: a loss on the depth moves splats, it does not turn them.

    Args:
        tiles: As for ``blend_pinhole``.
        records: As for ``blend_pinhole``.
        image: What ``blend_pinhole`` made of them.
        image_gradients: Derivatives of the loss with respect to that image, of the same shapes.
        gathered: (E, RECORD_GRADIENTS), is filled for each entry of the tiles; zeros where a tile was opaque before.
    """
    starts, ranks, dealt = tiles[0], tiles[1], tiles[2]
    transmittance = image[1]
    height, width = transmittance.shape
    tiles_x = (width + TILE - 1) // TILE
    for turn in nb.prange(len(dealt)):
        tile = dealt[turn]
        top, left = (tile // tiles_x) * TILE, (tile % tiles_x) * TILE
        bottom = min(top + TILE, height)
        planes = np.zeros(_PLANES * _PLANE, dtype=np.float32)
        _load(planes, top, left, image, image_gradients)
        lanes = np.zeros(_LANES * TILE, dtype=np.float32)
        left_center = np.float32(left) + np.float32(0.5)
        for entry in range(starts[tile], starts[tile + 1]):
            if (entry - starts[tile]) % CHECK_EVERY == CHECK_EVERY - 1 and is_opaque(planes):
                break
            record = records[ranks[entry]]
            column, row = record[0], record[1]
            a, b, c = record[2], record[3], record[4]
            opacity, slope_x, slope_y, nearness = record[5], record[6], record[7], record[8]
            least = np.float32(LEAST_NEARNESS) * nearness
            red, green, blue = record[9], record[10], record[11]
            first = max(np.int64(record[12]), top) - top
            last = min(np.int64(record[13]) + 1, bottom) - top
            lanes[:] = np.float32(0.0)
            for y in range(first, last):
                dy = np.float32(top + y) + np.float32(0.5) - row
                cyy, by = c * dy * dy, b * dy
                at = np.uint64(y * TILE)
                for x in range(np.uint64(TILE)):
                    dx = left_center + np.float32(np.int32(x)) - column
                    passed = planes[at + x + _P_CLEAR]
                    alpha = splat_alpha(opacity, (a * dx + by) * dx + cyy, passed)
                    weight = alpha * passed
                    clear = passed - weight
                    plane_near = nearness + slope_x * dx + slope_y * dy
                    near_gradient = planes[at + x + _P_NEAR]
                    value = (
                        red * planes[at + x + _P_RED]
                        + green * planes[at + x + _P_GREEN]
                        + blue * planes[at + x + _P_BLUE]
                        + max(plane_near, least) * near_gradient
                    )
                    so_far = planes[at + x + _P_SO_FAR] + weight * value
                    behind = planes[at + x + _P_TOTAL] - so_far
                    # An opacity at its limit does not grow with the exponent.
                    grows = alpha < np.float32(MAX_ALPHA)
                    slope = weight * value - alpha * behind / (np.float32(1.0) - alpha)
                    slope = slope if grows else np.float32(0.0)
                    planes[at + x + _P_SO_FAR] = so_far
                    planes[at + x + _P_CLEAR] = clear
                    lanes[x + _L_ZERO] += slope
                    lanes[x + _L_FIRST] += slope * dy
                    lanes[x + _L_SECOND] += slope * dy * dy
                    lanes[x + _L_RED] += weight * planes[at + x + _P_RED]
                    lanes[x + _L_GREEN] += weight * planes[at + x + _P_GREEN]
                    lanes[x + _L_BLUE] += weight * planes[at + x + _P_BLUE]
                    follows = weight * near_gradient
                    on_plane = follows if plane_near > least else np.float32(0.0)
                    lanes[x + _L_NEAR] += on_plane
                    lanes[x + _L_LEAST] += follows - on_plane
                    lanes[x + _L_WEIGHT] += weight * planes[at + x + _P_INSIDE]
            _sum_lanes(lanes, left_center - column, record, gathered[entry])


@nb.njit(cache=True, inline="always")
def _load(planes: NDArray[np.float32], top: int, left: int, image: ImageArrays, image_gradients: ImageArrays) -> None:
    """Fill the planes of a tile; pixels beyond the image keep derivatives of zero and count for nothing."""
    rgb, transmittance, inverse_depth = image
    rgb_gradient, transmittance_gradient, near_gradient = image_gradients
    height, width = transmittance.shape
    for i in range(_PLANE):
        planes[i] = np.float32(1.0)
    for y in range(min(TILE, height - top)):
        for x in range(min(TILE, width - left)):
            at = y * TILE + x
            row, column = top + y, left + x
            total = transmittance[row, column] * transmittance_gradient[row, column]
            for channel in range(3):
                gradient = rgb_gradient[row, column, channel]
                planes[at + (3 + channel) * _PLANE] = gradient
                total += rgb[row, column, channel] * gradient
            planes[at + 6 * _PLANE] = near_gradient[row, column]
            planes[at + 7 * _PLANE] = np.float32(1.0)
            planes[at + 2 * _PLANE] = total + inverse_depth[row, column] * near_gradient[row, column]


@nb.njit(cache=True, inline="always")
def _sum_lanes(
    lanes: NDArray[np.float32], first_dx: float, record: NDArray[np.float32], sums: NDArray[np.float32]
) -> None:
    """From sums per column to derivatives of one record."""
    zero = first_x = first_y = second_xx = second_xy = second_yy = np.float32(0.0)
    red = green = blue = near = weight = least = np.float32(0.0)
    for x in range(TILE):
        dx = first_dx + np.float32(x)
        zero += lanes[x]
        first_x += dx * lanes[x]
        second_xx += dx * dx * lanes[x]
        first_y += lanes[x + TILE]
        second_xy += dx * lanes[x + TILE]
        second_yy += lanes[x + 2 * TILE]
        red += lanes[x + 3 * TILE]
        green += lanes[x + 4 * TILE]
        blue += lanes[x + 5 * TILE]
        near += lanes[x + 6 * TILE]
        weight += lanes[x + 7 * TILE]
        least += lanes[x + 8 * TILE]
    two = np.float32(2.0)
    sums[0] = -(two * record[2] * first_x + record[3] * first_y) - record[6] * near
    sums[1] = -(record[3] * first_x + two * record[4] * first_y) - record[7] * near
    sums[2], sums[3], sums[4] = second_xx, second_xy, second_yy
    sums[5] = zero / record[5]
    sums[6] = near + np.float32(LEAST_NEARNESS) * least
    sums[7], sums[8], sums[9] = red, green, blue
    sums[10] = weight


@nb.njit(parallel=True, cache=True)
def sum_by_rank(ranks: NDArray[np.int32], gathered: NDArray[np.float32], totals: NDArray[np.float32]) -> None:
    """Add the rows of all entries (E, F) to those of their splats (M, F), each splat's in the order of the tiles."""
    per_block = (len(totals) + _RANK_BLOCKS - 1) // _RANK_BLOCKS
    for block in nb.prange(_RANK_BLOCKS):
        first, last = block * per_block, (block + 1) * per_block
        for entry in range(len(ranks)):
            rank = ranks[entry]
            if first <= rank < last:
                for k in range(gathered.shape[1]):
                    totals[rank, k] += gathered[entry, k]
