"""Depth order and tiles: which splats each 16 by 16 tile of an image must blend, nearest first."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

TILE = 16
"""Side of a tile in pixels."""

_RADIX_BITS = 11


@nb.njit(cache=True)
def depth_order(euclidean_depth: NDArray[np.float32], visible: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Indices of the visible splats from near to far; equal depths keep their order.

    A least-significant-digit radix sort over the bits of the depth: positive floats order like their bits.
    """
    count = 0
    for i in range(len(visible)):
        if visible[i]:
            count += 1
    order = np.zeros(count, dtype=np.int32)
    keys = np.zeros(count, dtype=np.uint32)
    bits = euclidean_depth.view(np.uint32)
    position = 0
    for i in range(len(visible)):
        if visible[i]:
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


@nb.njit(cache=True)
def bin_splats(
    order: NDArray[np.int32], bounds: NDArray[np.int32], height: int, width: int, wraps: bool
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Assign splats to the tiles that their bounds touch.

    Args:
        order: (M,) indices of splats, near to far.
        bounds: (N, 4) int32, first and last column, first and last row, inclusive.
        height: Rows of the image.
        width: Columns of the image.
        wraps: Whether columns wrap around the seam of a panorama.

    Returns:
        starts (tiles + 1,) int64, and ranks: indices into ``order``, for tile t those in
        ``ranks[starts[t]:starts[t + 1]]``, ascending. Tiles count row by row.
    """
    tiles_x = (width + TILE - 1) // TILE
    tiles_y = (height + TILE - 1) // TILE
    starts = np.zeros(tiles_x * tiles_y + 2, dtype=np.int64)
    for rank in range(len(order)):
        i = order[rank]
        first_x, last_x = _tile_span(bounds[i, 0], bounds[i, 1], width, tiles_x, wraps)
        for tile_y in range(bounds[i, 2] // TILE, bounds[i, 3] // TILE + 1):
            for step in range(first_x, last_x + 1):
                starts[tile_y * tiles_x + step % tiles_x + 2] += 1
    for tile in range(2, len(starts)):
        starts[tile] += starts[tile - 1]
    ranks = np.zeros(starts[-1], dtype=np.int32)
    for rank in range(len(order)):
        i = order[rank]
        first_x, last_x = _tile_span(bounds[i, 0], bounds[i, 1], width, tiles_x, wraps)
        for tile_y in range(bounds[i, 2] // TILE, bounds[i, 3] // TILE + 1):
            for step in range(first_x, last_x + 1):
                tile = tile_y * tiles_x + step % tiles_x
                ranks[starts[tile + 1]] = rank
                starts[tile + 1] += 1
    return starts[:-1], ranks


@nb.njit(cache=True, inline="always")
def _tile_span(first_column: int, last_column: int, width: int, tiles_x: int, wraps: bool) -> tuple[int, int]:
    """First and last tile of a range of columns; the last is ``tiles_x`` or more beyond the seam."""
    if not wraps or (first_column >= 0 and last_column < width):
        return first_column // TILE, last_column // TILE
    if last_column - first_column + 1 >= width:
        return 0, tiles_x - 1
    # With a width that is no multiple of the tile, tiles to either side of the seam are found from the wrapped columns.
    first = ((first_column + width) % width) // TILE
    last = (last_column % width) // TILE + tiles_x
    return first, min(last, first + tiles_x - 1)
