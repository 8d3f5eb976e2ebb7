"""Walkable floors → islands, and per tile of the lattice into sheets that lie nowhere over themselves."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

TILE_CELLS = 128
"""Cells along a tile's side; lines on a tile's border belong to both of its tiles."""


@njit(cache=True)
def label_islands(
    is_walkable: NDArray[np.bool_], links: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Connected floors.

    Returns:
        (F,) index of each floor's island, -1 where it is not walkable, and (I,) floors of each island.
    """
    labels = np.full(len(is_walkable), -1, dtype=np.int32)
    stack = np.zeros(len(is_walkable), dtype=np.int32)
    sizes = np.zeros(len(is_walkable), dtype=np.int64)
    count = 0
    for seed in range(len(is_walkable)):
        if not is_walkable[seed] or labels[seed] >= 0:
            continue
        labels[seed] = count
        stack[0], top, size = seed, 1, 0
        while top:
            top -= 1
            floor = stack[top]
            size += 1
            for direction in range(4):
                other = links[floor, direction]
                if other >= 0 and is_walkable[other] and labels[other] < 0:
                    labels[other] = count
                    stack[top] = other
                    top += 1
        sizes[count] = size
        count += 1
    return labels, sizes[:count].copy()


@njit(cache=True)
def _tears(sheet: NDArray[np.int32], row: int, column: int, links: NDArray[np.int32]) -> bool:
    """Whether a floor with these links would lie beside one of its sheet that it is not linked to."""
    for direction in range(4):
        beside_row = row + (1 if direction == 1 else -1 if direction == 3 else 0)
        beside_column = column + (1 if direction == 0 else -1 if direction == 2 else 0)
        if 0 <= beside_row < sheet.shape[0] and 0 <= beside_column < sheet.shape[1]:
            beside = sheet[beside_row, beside_column]
            if beside >= 0 and links[direction] != beside:
                return True
    return False


@njit(cache=True)
def tile_sheets(
    window: tuple[int, int, int, int],
    columns: int,
    starts: NDArray[np.int64],
    is_walkable: NDArray[np.bool_],
    links: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Sheets of a tile: connected floors, at most one on each line, any two neighbours a step apart.

    Args:
        window: First row, end row, first column, end column of the tile's lines.
        columns: Columns of the lattice.
        starts: Floors of each line.
        is_walkable: (F,).
        links: (F, 4).

    Returns:
        (S, rows, columns) index of the floor that a sheet has on a line, -1 where it has none.
    """
    top, bottom, left, right = window
    height, width = bottom - top, right - left
    first = np.zeros(height * width + 1, dtype=np.int64)
    for line in range(height * width):
        node = (top + line // width) * columns + left + line % width
        first[line + 1] = first[line] + starts[node + 1] - starts[node]
    done = np.zeros(first[-1], dtype=np.bool_)
    queue = np.zeros(first[-1], dtype=np.int32)
    places = np.zeros(first[-1], dtype=np.int32)
    sheets = np.full((4, height, width), -1, dtype=np.int32)
    count = 0
    for line in range(height * width):
        node = (top + line // width) * columns + left + line % width
        for seed in range(starts[node], starts[node + 1]):
            if not is_walkable[seed] or done[first[line] + seed - starts[node]]:
                continue
            if count == len(sheets):
                grown = np.full((2 * count, height, width), -1, dtype=np.int32)
                grown[:count] = sheets
                sheets = grown
            done[first[line] + seed - starts[node]] = True
            sheets[count, line // width, line % width] = seed
            queue[0], places[0] = seed, line
            head, tail = 0, 1
            # Breadth first, so that where a sheet would lie over itself it is cut half-way round.
            while head < tail:
                floor, place = queue[head], places[head]
                head += 1
                for direction in range(4):
                    row = place // width + (1 if direction == 1 else -1 if direction == 3 else 0)
                    column = place % width + (1 if direction == 0 else -1 if direction == 2 else 0)
                    other = links[floor, direction]
                    if other < 0 or not (0 <= row < height and 0 <= column < width) or not is_walkable[other]:
                        continue
                    beside = row * width + column
                    mine = first[beside] + other - starts[(top + row) * columns + left + column]
                    if (
                        done[mine]
                        or sheets[count, row, column] >= 0
                        or _tears(sheets[count], row, column, links[other])
                    ):
                        continue
                    done[mine] = True
                    sheets[count, row, column] = other
                    queue[tail], places[tail] = other, beside
                    tail += 1
            count += 1
    return sheets[:count].copy()
