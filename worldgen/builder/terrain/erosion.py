"""Erosion on grids: rivers that cut (stream power), slopes that slide (talus) and the flow over the land.

All kernels are deterministic: the parallel one gathers into its own cell, the others run in one thread.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.priority_queue import pop, push
from worldgen.builder.terrain.noise import hash_unit

_DX = np.array([1, 1, 0, -1, -1, -1, 0, 1], dtype=np.int64)
_DZ = np.array([0, 1, 1, 1, 0, -1, -1, -1], dtype=np.int64)
_DIST = np.array([1.0, math.sqrt(2.0)] * 4)


@njit(cache=True)
def fill_pits(heights: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    """Heights with every closed hollow filled to its rim, so that all water can leave over the border.

    Args:
        heights: (N, N) metres.
        step: Least fall between neighbours on a filled hollow, in metres.

    Returns:
        (N, N) heights. Priority flood with a fall (Barnes, Lehman and Mulla 2014).
    """
    size = heights.shape[0]
    filled = heights.copy()
    done = np.zeros((size, size), dtype=np.bool_)
    heap_key = np.zeros(size * size + 1, dtype=np.float32)
    heap_cell = np.zeros(size * size + 1, dtype=np.int64)
    count = 0
    for start in range(4 * (size - 1)):
        side, offset = start // (size - 1), start % (size - 1)
        if side == 0:
            row, column = 0, offset
        elif side == 1:
            row, column = offset, size - 1
        elif side == 2:
            row, column = size - 1, size - 1 - offset
        else:
            row, column = size - 1 - offset, 0
        done[row, column] = True
        count = push(heap_key, heap_cell, count, filled[row, column], row * size + column)
    while count > 0:
        key, cell = heap_key[0], heap_cell[0]
        count = pop(heap_key, heap_cell, count)
        row, column = cell // size, cell % size
        for k in range(8):
            r, c = row + _DZ[k], column + _DX[k]
            if 0 <= r < size and 0 <= c < size and not done[r, c]:
                done[r, c] = True
                filled[r, c] = max(filled[r, c], np.float32(key + step))
                count = push(heap_key, heap_cell, count, filled[r, c], r * size + c)
    return filled


@njit(cache=True, parallel=True)
def _receivers(heights: NDArray[np.float32], seed: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    size = heights.shape[0]
    receiver = np.zeros(size * size, dtype=np.int32)
    length = np.zeros(size * size, dtype=np.float32)
    for row in prange(size):
        for column in range(size):
            cell = row * size + column
            best, best_cell, best_length = 0.0, cell, 1.0
            if 0 < row < size - 1 and 0 < column < size - 1:
                h = heights[row, column]
                for k in range(8):
                    drop = (h - heights[row + _DZ[k], column + _DX[k]]) / _DIST[k]
                    # A random preference breaks the eight directions of the grid, which would show as straight gullies.
                    if drop > 0.0:
                        drop *= 0.65 + 0.7 * hash_unit(cell, k, seed)
                        if drop > best:
                            best, best_cell, best_length = drop, cell + _DZ[k] * size + _DX[k], _DIST[k]
            receiver[cell] = best_cell
            length[cell] = best_length
    return receiver, length


@njit(cache=True)
def _downstream_order(receiver: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cells ordered so that each comes after the cell that it drains to (Braun and Willett 2013)."""
    count = receiver.shape[0]
    first = np.zeros(count + 1, dtype=np.int32)
    for cell in range(count):
        if receiver[cell] != cell:
            first[receiver[cell] + 1] += 1
    for cell in range(count):
        first[cell + 1] += first[cell]
    cursor = first[:count].copy()
    donors = np.zeros(count, dtype=np.int32)
    for cell in range(count):
        if receiver[cell] != cell:
            donors[cursor[receiver[cell]]] = cell
            cursor[receiver[cell]] += 1
    order = np.zeros(count, dtype=np.int32)
    done = 0
    for cell in range(count):
        if receiver[cell] == cell:
            order[done] = cell
            done += 1
    head = 0
    while head < done:
        cell = order[head]
        head += 1
        for k in range(first[cell], first[cell + 1]):
            order[done] = donors[k]
            done += 1
    return order


@njit(cache=True)
def _drained_area(receiver: NDArray[np.int32], order: NDArray[np.int32], cell_area: float) -> NDArray[np.float32]:
    area = np.full(receiver.shape[0], np.float32(cell_area), dtype=np.float32)
    for k in range(receiver.shape[0] - 1, -1, -1):
        cell = order[k]
        if receiver[cell] != cell:
            area[receiver[cell]] += area[cell]
    return area


# The parallel kernel is called from Python only: a cached serial kernel that called it would crash in a process where
# nothing has started numba's threads yet.
def flow_area(heights: NDArray[np.float32], spacing: float, seed: int) -> NDArray[np.float32]:
    """Area that drains through each cell in m², (N, N)."""
    receiver, _ = _receivers(heights, seed)
    area: NDArray[np.float32] = _drained_area(receiver, _downstream_order(receiver), spacing * spacing)
    return area.reshape(heights.shape)


@njit(cache=True)
def _cut_step(
    surface: NDArray[np.float32],
    flow: tuple[NDArray[np.int32], NDArray[np.float32]],
    rate: NDArray[np.float32],
    rise: NDArray[np.float32],
    shape: tuple[float, float],
) -> None:
    """One implicit step of uplift and stream power erosion, in place; ``shape`` is spacing and area exponent."""
    receiver, length = flow
    spacing, exponent = shape
    order = _downstream_order(receiver)
    area = _drained_area(receiver, order, spacing * spacing)
    for k in range(receiver.shape[0]):
        cell = order[k]
        if receiver[cell] != cell:
            factor = rate[cell] * math.pow(area[cell], exponent) / (length[cell] * spacing)
            surface[cell] = (surface[cell] + rise[cell] + factor * surface[receiver[cell]]) / (1.0 + factor)


def cut_streams(
    heights: NDArray[np.float32], spacing: float, strength: NDArray[np.float32], steps: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Let running water cut valleys: implicit stream power erosion (Braun and Willett 2013).

    Args:
        heights: (N, N) metres.
        spacing: Distance between samples in metres.
        strength: (N, N) erodibility per step; 0 keeps the ground.
        steps: Number of steps.
        seed: Seed of the random preference among flow directions.

    Returns:
        (N, N) heights with their hollows filled, and the same ground after erosion.
    """
    filled = fill_pits(heights, 1e-3 * spacing)
    surface = filled.copy()
    rise = np.zeros(surface.size, dtype=np.float32)
    for step in range(steps):
        flow = _receivers(surface, seed + step)
        _cut_step(surface.reshape(-1), flow, strength.reshape(-1), rise, (spacing, 0.45))
    return filled, surface


def raise_mountains(
    uplift: NDArray[np.float32], start: NDArray[np.float32], spacing: float, steps: int, seed: int
) -> NDArray[np.float32]:
    """Let mountains rise against rivers that cut them, near to balance: branching valleys and sharp ridges.

    Uplift against stream power erosion, as in Cordonnier et al. 2016, solved as in Braun and Willett 2013.

    Args:
        uplift: (N, N) relative speed of rising, 0 where the ground is the rivers' base level.
        start: (N, N) small initial heights, which steer the rivers.
        spacing: Distance between samples in metres.
        steps: Number of steps.
        seed: Seed of the random preference among flow directions.

    Returns:
        (N, N) heights in arbitrary units, 0 at base level.
    """
    plain = uplift <= 0.0
    cells = np.flatnonzero(plain).astype(np.int32)
    rate = np.full(uplift.size, 0.35, dtype=np.float32)
    surface = start.copy()
    for step in range(steps):
        surface[plain] = 0.0
        if step % 8 == 0:
            surface = fill_pits(surface, 1e-4)
        receiver, length = _receivers(surface, seed + step // 4)
        receiver[cells] = cells
        _cut_step(surface.reshape(-1), (receiver, length), rate, uplift.reshape(-1), (spacing, 0.42))
    return surface


@njit(cache=True, parallel=True)
def slide_slopes(
    heights: NDArray[np.float32], spacing: float, talus: NDArray[np.float32], steps: int
) -> NDArray[np.float32]:
    """Let slopes that are too steep slide (thermal erosion, Musgrave, Kolb and Mace 1989).

    Args:
        heights: (N, N) metres.
        spacing: Distance between samples in metres.
        talus: (N, N) steepest slope that stands, rise over run.
        steps: Number of steps.

    Returns:
        (N, N) heights with the same volume.
    """
    size = heights.shape[0]
    current = heights.copy()
    for _ in range(steps):
        moved = current.copy()
        for row in prange(1, size - 1):
            for column in range(1, size - 1):
                h = current[row, column]
                change = 0.0
                for k in range(8):
                    r, c = row + _DZ[k], column + _DX[k]
                    if 0 < r < size - 1 and 0 < c < size - 1:
                        limit = 0.5 * (talus[row, column] + talus[r, c]) * spacing * _DIST[k]
                        difference = current[r, c] - h
                        if difference > limit:
                            change += difference - limit
                        elif difference < -limit:
                            change += difference + limit
                moved[row, column] = h + 0.11 * change
        current = moved
    return current
