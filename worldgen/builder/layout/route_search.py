"""The cheapest way over a grid (Dijkstra 1959)."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.priority_queue import pop, push

_DOWN = np.array([0, 0, 1, -1, 1, 1, -1, -1], dtype=np.int64)
_RIGHT = np.array([1, -1, 0, 0, 1, -1, 1, -1], dtype=np.int64)

_GRADE_COST = 120.0
"""What the square of a grade adds to each metre: a path prefers detours to climbs."""


@njit(cache=True)
def cheapest_way(
    heights: NDArray[np.float64], penalty: NDArray[np.float64], cell_m: float, start: int, goal: int
) -> NDArray[np.int64]:
    """Cells of the cheapest way between two cells of a grid, over its eight neighbours.

    Args:
        heights: (N, M) metres.
        penalty: (N, M) what a cell adds to each metre, 0 for free ground.
        cell_m: Distance between cells.
        start: First cell, row times M plus column.
        goal: Last cell.

    Returns:
        (K,) cells from start to goal, both included.
    """
    num_rows, num_columns = heights.shape
    cost = np.full(num_rows * num_columns, np.inf)
    before = np.full(num_rows * num_columns, -1, dtype=np.int64)
    # A cell is queued again when it gets cheaper, at most once by each neighbour.
    keys = np.zeros(8 * num_rows * num_columns + 1)
    cells = np.zeros(8 * num_rows * num_columns + 1, dtype=np.int64)
    cost[start] = 0.0
    count = push(keys, cells, 0, 0.0, start)
    while count > 0:
        key, cell = keys[0], cells[0]
        count = pop(keys, cells, count)
        if cell == goal:
            break
        if key > cost[cell]:
            continue
        row, column = cell // num_columns, cell % num_columns
        for k in range(8):
            r, c = row + _DOWN[k], column + _RIGHT[k]
            if not (0 <= r < num_rows and 0 <= c < num_columns):
                continue
            length = cell_m * (math.sqrt(2.0) if k >= 4 else 1.0)
            grade = (heights[r, c] - heights[row, column]) / length
            through = 0.5 * (penalty[r, c] + penalty[row, column])
            reached = key + length * (1.0 + _GRADE_COST * grade * grade + through)
            there = r * num_columns + c
            if reached < cost[there]:
                cost[there], before[there] = reached, cell
                count = push(keys, cells, count, reached, there)
    length_of_way = 1
    cell = goal
    while cell != start and before[cell] >= 0:
        cell = before[cell]
        length_of_way += 1
    way = np.zeros(length_of_way, dtype=np.int64)
    cell = goal
    for i in range(length_of_way - 1, -1, -1):
        way[i] = cell
        cell = before[cell]
    return way
