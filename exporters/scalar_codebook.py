"""A codebook of 256 numbers for many, with nearly the least squared error there is.

With many levels the best ones leave the same error in every cell (Panter and Dite 1951), so cells first move towards
that, all along the line at once, and then settle by Lloyd's method ("Least squares quantization in PCM", 1982), which
alone would take thousands of steps. On sorted numbers with running sums a step costs next to nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NUM_LEVELS = 256

_EVENING_STEPS = 30
_LLOYD_STEPS = 60


def scalar_codebook(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(256,) ascending levels for any number of finite values; the last one is repeated where fewer are needed."""
    ordered = np.sort(values, axis=None).astype(np.float64)
    if not ordered.size:
        return np.zeros(NUM_LEVELS, dtype=np.float32)
    distinct = ordered[np.flatnonzero(np.diff(ordered, prepend=-np.inf) > 0.0)]
    if len(distinct) <= NUM_LEVELS:
        levels = np.full(NUM_LEVELS, distinct[-1])
        levels[: len(distinct)] = distinct
        return levels.astype(np.float32)
    middle = ordered.mean()
    offsets = ordered - middle
    sums = np.concatenate([[0.0], np.cumsum(offsets)])
    squares = np.concatenate([[0.0], np.cumsum(offsets * offsets)])
    edges = np.linspace(offsets[0], offsets[-1], NUM_LEVELS + 1)
    for _ in range(_EVENING_STEPS):
        _, errors = _cells(offsets, edges[1:-1], (sums, squares))
        # Error goes with the cube of a cell's width: its cube root tells how many cells it should be.
        wanted = np.concatenate([[0.0], np.cumsum(np.cbrt(errors + 1e-3 * errors.mean()))])
        edges = np.interp(np.linspace(0.0, wanted[-1], NUM_LEVELS + 1), wanted, edges)
    levels, _ = _cells(offsets, edges[1:-1], (sums, squares))
    for _ in range(_LLOYD_STEPS):
        levels, _ = _cells(offsets, 0.5 * (levels[1:] + levels[:-1]), (sums, squares))
    return (levels + middle).astype(np.float32)


def _cells(
    ordered: NDArray[np.float64], limits: NDArray[np.float64], running: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and squared errors of the cells between (255,) limits; an empty cell takes the middle of its limits."""
    bounds = np.concatenate([[0], np.searchsorted(ordered, limits), [len(ordered)]])
    counts = np.maximum(np.diff(bounds), 1)
    sums, squares = (totals[bounds[1:]] - totals[bounds[:-1]] for totals in running)
    ends = np.concatenate([[ordered[0]], limits, [ordered[-1]]])
    means = np.where(np.diff(bounds) > 0, sums / counts, 0.5 * (ends[1:] + ends[:-1]))
    return np.maximum.accumulate(means), np.maximum(squares - sums * sums / counts, 0.0)


def nearest_levels(values: NDArray[np.float32], levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Which level is nearest to each value; same shape, uint8."""
    middles = (0.5 * (levels[1:].astype(np.float64) + levels[:-1])).astype(np.float32)
    return np.searchsorted(middles, values).astype(np.uint8)
