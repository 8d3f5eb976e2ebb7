"""A binary heap in two arrays, for compiled searches over grids."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Keys = NDArray[np.floating]
"""(capacity,) keys, the smallest first; float32 or float64."""


@njit(cache=True)
def push(keys: Keys, cells: NDArray[np.int64], count: int, key: float, cell: int) -> int:
    """Put a cell with its key among the first ``count`` entries.

    Args:
        keys: (capacity,) keys, a heap in its first ``count`` entries.
        cells: (capacity,) what the keys belong to.
        count: Entries so far, less than the capacity.
        key: The new entry's key.
        cell: The new entry.

    Returns:
        The new count.
    """
    i = count
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] <= key:
            break
        keys[i], cells[i] = keys[parent], cells[parent]
        i = parent
    keys[i], cells[i] = key, cell
    return count + 1


@njit(cache=True)
def pop(keys: Keys, cells: NDArray[np.int64], count: int) -> int:
    """Take away the entry with the smallest key, which is the first; read it before.

    Args:
        keys: (capacity,) keys, a heap in its first ``count`` entries.
        cells: (capacity,) what the keys belong to.
        count: Entries so far, at least 1.

    Returns:
        The new count.
    """
    count -= 1
    key, cell = keys[count], cells[count]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= count:
            break
        if child + 1 < count and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i], cells[i] = keys[child], cells[child]
        i = child
    keys[i], cells[i] = key, cell
    return count
