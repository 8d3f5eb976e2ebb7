"""Unit quaternions by their three smaller components, as most packed splat formats store them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_OTHERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
"""The components beside the largest one."""


def smallest_three(quats_wxyz: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The three components beside the largest one, with the sign that makes that positive, and which it is.

    Args:
        quats_wxyz: (N, 4) unit.
    """
    quats = quats_wxyz.astype(np.float64)
    largest = np.argmax(np.abs(quats), axis=1)
    row = np.arange(len(quats))
    sign = np.where(quats[row, largest] < 0.0, -1.0, 1.0)
    return quats[row[:, None], _OTHERS[largest]] * sign[:, None], largest


def quats_from_smallest_three(others: NDArray[np.float64], largest: NDArray[np.intp]) -> NDArray[np.float32]:
    """(N, 4) unit quaternions from what :func:`smallest_three` gives; damaged components are made to fit."""
    quats = np.zeros((len(others), 4))
    row = np.arange(len(others))
    quats[row[:, None], _OTHERS[largest]] = others
    quats[row, largest] = np.sqrt(np.maximum(0.0, 1.0 - (others**2).sum(axis=1)))
    return (quats / np.sqrt((quats**2).sum(axis=1, keepdims=True))).astype(np.float32)
