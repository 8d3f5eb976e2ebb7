"""Depth order and tiles: which splats each 16 by 16 tile of an image must blend, nearest first."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.gaussian_rasterizer_projection import CHUNK, MIN_ALPHA

TILE = 16
"""Side of a tile in pixels."""

_RADIX_BITS = 11
_BLOCKS = 32
"""Parts of the splats that are binned on their own; fixed, so that the number of threads changes nothing."""
_SLACK = 1e-3
"""How much further than computed a splat is taken to reach, relative to the square, so that rounding drops nothing."""
_FAR = 1e9
"""Columns further away than any image; infinity would not survive becoming an integer."""
_RUN = 4
"""Neighbouring tiles that one thread blends one after the other."""
_HALVINGS = 6
"""How often tiles are parted into even shares: more threads than two to this power are not kept busy."""


@nb.njit(cache=True)
def depth_order(depths: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Positions of the packed splats from near to far; equal depths keep their order.

    A least-significant-digit radix sort over the bits of the depth: positive floats order like their bits.

    Args:
        depths: (N,) positive depths, those of each chunk packed from its start on.
        counts: How many of each chunk count.
    """
    count = counts.sum()
    order = np.zeros(count, dtype=np.int32)
    keys = np.zeros(count, dtype=np.uint32)
    bits = depths.view(np.uint32)
    position = 0
    for chunk in range(len(counts)):
        for i in range(chunk * CHUNK, chunk * CHUNK + counts[chunk]):
            order[position] = i
            keys[position] = bits[i]
            position += 1
    other_order, other_keys = np.zeros_like(order), np.zeros_like(keys)
    mask = np.uint32((1 << _RADIX_BITS) - 1)
    for digit in range(3):
        shift = np.uint32(digit * _RADIX_BITS)
        starts = np.zeros((1 << _RADIX_BITS) + 1, dtype=np.int64)
        for i in range(count):
            starts[((keys[i] >> shift) & mask) + 1] += 1
        for i in range(1 << _RADIX_BITS):
            starts[i + 1] += starts[i]
        for i in range(count):
            bucket = (keys[i] >> shift) & mask
            other_order[starts[bucket]] = order[i]
            other_keys[starts[bucket]] = keys[i]
            starts[bucket] += 1
        order, other_order = other_order, order
        keys, other_keys = other_keys, keys
    return order


@nb.njit(parallel=True, cache=True)
def bin_splats(
    records: NDArray[np.float32], first_bound: int, size: tuple[int, int], wraps: bool
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Assign splats to the tiles that they touch.

    Args:
        records: (M, F) float32 projected splats, near to far.
        first_bound: Where a record keeps its first and last row, and its first and last column.
        size: Height and width of the image.
        wraps: Whether columns wrap around the seam, as in a panorama; else records are those of a pinhole image.

    Returns:
        starts (tiles + 1,) int64, and ranks: indices into ``records``, for tile t those in
        ``ranks[starts[t]:starts[t + 1]]``, ascending. Tiles count row by row.
    """
    height, width = size
    tiles_x = (width + TILE - 1) // TILE
    tiles = tiles_x * ((height + TILE - 1) // TILE)
    per_block = (len(records) + _BLOCKS - 1) // _BLOCKS
    ends = np.zeros((_BLOCKS, tiles), dtype=np.int64)
    for block in nb.prange(_BLOCKS):
        row_ends = ends[block]
        for rank in range(block * per_block, min((block + 1) * per_block, len(records))):
            record = records[rank]
            first_row, last_row = np.int64(record[first_bound]), np.int64(record[first_bound + 1])
            for tile_y in range(first_row // TILE, last_row // TILE + 1):
                first_x, last_x = _tiles_of_band(record, first_bound, tile_y, width, wraps)
                for step in range(first_x, last_x + 1):
                    row_ends[tile_y * tiles_x + (step if step < tiles_x else step - tiles_x)] += 1
    starts = np.zeros(tiles + 1, dtype=np.int64)
    total = 0
    for tile in range(tiles):
        starts[tile] = total
        for block in range(_BLOCKS):
            count = ends[block, tile]
            ends[block, tile] = total
            total += count
    starts[tiles] = total
    ranks = np.zeros(total, dtype=np.int32)
    for block in nb.prange(_BLOCKS):
        row_ends = ends[block]
        for rank in range(block * per_block, min((block + 1) * per_block, len(records))):
            record = records[rank]
            first_row, last_row = np.int64(record[first_bound]), np.int64(record[first_bound + 1])
            for tile_y in range(first_row // TILE, last_row // TILE + 1):
                first_x, last_x = _tiles_of_band(record, first_bound, tile_y, width, wraps)
                for step in range(first_x, last_x + 1):
                    tile = tile_y * tiles_x + (step if step < tiles_x else step - tiles_x)
                    ranks[row_ends[tile]] = rank
                    row_ends[tile] += 1
    return starts, ranks


def deal_tiles(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """All tiles in an order whose contiguous parts cost about the same: sky and thicket are dealt like cards.

    Args:
        starts: As from :func:`bin_splats`.
    """
    tiles = len(starts) - 1
    runs = np.arange(0, tiles, _RUN)
    costs = starts[np.minimum(runs + _RUN, tiles)] - starts[runs]
    by_cost = runs[np.argsort(-costs, kind="stable")]
    dealt = by_cost[np.argsort(_hands(costs[by_cost // _RUN]), kind="stable")]
    ordered = (dealt[:, None] + np.arange(_RUN)).reshape(-1)
    return ordered[ordered < tiles]


@nb.njit(cache=True)
def _hands(costs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Who gets each of some runs of tiles, given by falling cost: two even shares, and two of each share again."""
    hands = np.zeros(len(costs), dtype=np.int64)
    for level in range(_HALVINGS):
        # By how much the first share of each hand costs more, and whose partner in a pair is still to come.
        lead, single = np.zeros(1 << level, dtype=np.int64), np.full(1 << level, -1)
        for run in range(len(costs)):
            hand = hands[run]
            hands[run] = 2 * hand
            if single[hand] < 0:
                single[hand] = run
                continue
            dearer, single[hand] = single[hand], -1
            step = costs[dearer] - costs[run]
            if lead[hand] <= 0:
                hands[run] += 1
                lead[hand] += step
            else:
                hands[dearer] += 1
                lead[hand] -= step
    return hands


@nb.njit(cache=True, inline="always")
def _tiles_of_band(
    record: NDArray[np.float32], first_bound: int, tile_y: int, width: int, wraps: bool
) -> tuple[int, int]:
    """First and last tile that a splat touches in a row of tiles; none where the first is greater."""
    tiles_x = (width + TILE - 1) // TILE
    first, last = int(record[first_bound + 2]), int(record[first_bound + 3])
    if wraps:
        return _tile_span(first, last, width, tiles_x)
    first_row, last_row = int(record[first_bound]), int(record[first_bound + 1])
    if first // TILE < last // TILE and first_row // TILE < last_row // TILE:
        top = float(max(first_row, tile_y * TILE)) + 0.5 - record[1]
        bottom = float(min(last_row, tile_y * TILE + TILE - 1)) + 0.5 - record[1]
        left, right = _columns_of_band(record, top, bottom)
        first = max(first, math.ceil(left - 0.5))
        last = min(last, math.floor(right - 0.5))
        if first > last:
            return 1, 0
    return first // TILE, last // TILE


@nb.njit(cache=True, inline="always")
def _columns_of_band(record: NDArray[np.float32], top: float, bottom: float) -> tuple[float, float]:
    """Leftmost and rightmost column of an ellipse between two rows that are given relative to its centre.

    An ellipse is convex: it reaches furthest to the right in a band at the row nearest to that of its rightmost point.
    """
    center = np.float64(record[0])
    a, b, c = -2.0 * np.float64(record[2]), -np.float64(record[3]), -2.0 * np.float64(record[4])
    reach = 2.0 * math.log(np.float64(record[5]) / MIN_ALPHA) * (1.0 + _SLACK) + _SLACK
    determinant = a * c - b * b
    if determinant <= 1e-5 * a * c:
        return -_FAR, _FAR  # a needle, whose rightmost row rounding has lost
    lean = -b / c * math.sqrt(reach * c / determinant)
    left, right = _FAR, -_FAR
    row = min(max(lean, top), bottom)
    square = b * b * row * row - a * (c * row * row - reach)
    if square >= 0.0:
        right = center + (math.sqrt(square) - b * row) / a
    row = min(max(-lean, top), bottom)
    square = b * b * row * row - a * (c * row * row - reach)
    if square >= 0.0:
        left = center - (math.sqrt(square) + b * row) / a
    return left, right


@nb.njit(cache=True, inline="always")
def _tile_span(first_column: int, last_column: int, width: int, tiles_x: int) -> tuple[int, int]:
    """First and last tile of a range of columns; the last is ``tiles_x`` or more beyond the seam."""
    if first_column >= 0 and last_column < width:
        return first_column // TILE, last_column // TILE
    if last_column - first_column + 1 >= width:
        return 0, tiles_x - 1
    # With a width that is no multiple of the tile, tiles to either side of the seam are found from the wrapped columns.
    first = ((first_column + width) % width) // TILE
    last = (last_column % width) // TILE + tiles_x
    return first, min(last, first + tiles_x - 1)
