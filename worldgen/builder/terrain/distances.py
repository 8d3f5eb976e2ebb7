"""Exact distances on a grid to the nearest marked sample (Felzenszwalb and Huttenlocher 2012)."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

_BLOCK = 64
"""Columns that one task of the first pass takes, so that it reads whole cache lines."""

_NONE = np.int32(-1)


@njit(cache=True, parallel=True)
def nearest_marked(marked: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """How far the nearest marked sample is, and which one.

    Args:
        marked: (N, M), at least one of them True.

    Returns:
        (N, M) distance in samples, and (N, M) its row and (N, M) its column.
    """
    num_rows, num_columns = marked.shape
    # First along the columns: the row of the nearest marked sample of the same column.
    row_of = np.zeros((num_rows, num_columns), dtype=np.int32)
    for block in prange((num_columns + _BLOCK - 1) // _BLOCK):
        first, last = block * _BLOCK, min((block + 1) * _BLOCK, num_columns)
        for column in range(first, last):
            row_of[0, column] = 0 if marked[0, column] else _NONE
        for row in range(1, num_rows):
            for column in range(first, last):
                row_of[row, column] = row if marked[row, column] else row_of[row - 1, column]
        for row in range(num_rows - 2, -1, -1):
            for column in range(first, last):
                above, below = row_of[row, column], row_of[row + 1, column]
                if below != _NONE and (above == _NONE or below - row < row - above):
                    row_of[row, column] = below
    # Then along the rows: the lower envelope of one parabola per column.
    distance = np.zeros((num_rows, num_columns), dtype=np.float32)
    nearest_row = np.zeros((num_rows, num_columns), dtype=np.int32)
    nearest_column = np.zeros((num_rows, num_columns), dtype=np.int32)
    for row in prange(num_rows):
        vertices = np.zeros(num_columns, dtype=np.int64)
        starts = np.zeros(num_columns, dtype=np.float64)
        count = 0
        for column in range(num_columns):
            if row_of[row, column] == _NONE:
                continue
            height = (row - row_of[row, column]) ** 2
            start = -np.inf
            while count > 0:
                other = vertices[count - 1]
                other_height = (row - row_of[row, other]) ** 2
                start = 0.5 * ((height + column * column) - (other_height + other * other)) / (column - other)
                if start > starts[count - 1]:
                    break
                count -= 1
                start = -np.inf
            vertices[count], starts[count] = column, start
            count += 1
        current = 0
        for column in range(num_columns):
            while current + 1 < count and starts[current + 1] < column:
                current += 1
            vertex = vertices[current]
            down, right = row - row_of[row, vertex], column - vertex
            distance[row, column] = np.sqrt(np.float64(down * down + right * right))
            nearest_row[row, column], nearest_column[row, column] = row_of[row, vertex], vertex
    return distance, nearest_row, nearest_column
