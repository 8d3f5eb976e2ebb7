"""Gaussian blurs: around a period by Fourier transform, and of a grid that ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

_REACH = 2.5
"""Standard deviations at which the kernel of a grid that ends is cut off."""


def blur_periodic(values: NDArray[np.float32], sigma: float, *, axes: Sequence[int]) -> NDArray[np.float32]:
    """Gaussian blur along axes that wrap around; what is constant or not negative stays so.

    Args:
        values: Of any shape.
        sigma: Standard deviation in samples.
        axes: Which axes to blur along.
    """
    result = values.astype(np.float64)
    for axis in axes:
        count = values.shape[axis]
        steps = np.arange(count)
        steps = np.minimum(steps, count - steps)
        kernel = np.exp(-0.5 * (steps / sigma) ** 2)
        shape = [1] * values.ndim
        shape[axis] = -1
        transfer = np.fft.rfft(kernel / kernel.sum()).reshape(shape)
        result = np.fft.irfft(np.fft.rfft(result, axis=axis) * transfer, n=count, axis=axis)
    blurred = result.astype(np.float32)
    return np.maximum(blurred, 0.0) if values.min(initial=0.0) >= 0.0 else blurred


def blur_grid(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur of a grid (N, M); beyond its border the last samples go on."""
    reach = max(1, math.floor(_REACH * sigma + 0.5))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return _convolved(values, (kernel / kernel.sum()).astype(np.float32))


@njit(cache=True, parallel=True)
def _convolved(values: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    num_rows, num_columns = values.shape
    reach = len(kernel) // 2
    down = np.zeros((num_rows, num_columns), dtype=np.float32)
    for row in prange(num_rows):
        for k in range(len(kernel)):
            source = min(max(row + k - reach, 0), num_rows - 1)
            for column in range(num_columns):
                down[row, column] += kernel[k] * values[source, column]
    result = np.zeros((num_rows, num_columns), dtype=np.float32)
    for row in prange(num_rows):
        for column in range(num_columns):
            total = np.float32(0.0)
            for k in range(len(kernel)):
                total += kernel[k] * down[row, min(max(column + k - reach, 0), num_columns - 1)]
            result[row, column] = total
    return result
