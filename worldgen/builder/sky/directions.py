"""Directions of an environment's pixels, and the solid angle that each covers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def pixel_directions(height: int) -> NDArray[np.float32]:
    """Unit directions in world (H, 2H, 3) through the pixel centres of an equirectangular image.

    The centre looks along -Z, columns grow towards +X, row 0 is the zenith.
    """
    azimuths = ((np.arange(2 * height) + 0.5) / height - 1.0) * math.pi
    elevations = (0.5 - (np.arange(height) + 0.5) / height) * math.pi
    cosines = np.cos(elevations)[:, None]
    return np.stack(
        [
            cosines * np.sin(azimuths),
            np.broadcast_to(np.sin(elevations)[:, None], (height, 2 * height)),
            -cosines * np.cos(azimuths),
        ],
        axis=2,
    ).astype(np.float32)


def row_solid_angles(height: int) -> NDArray[np.float64]:
    """Solid angle (H,) in steradians of one pixel in each row; times 2H columns they sum to 4 pi."""
    edges = np.cos(np.arange(height + 1) * math.pi / height)
    result: NDArray[np.float64] = (edges[:-1] - edges[1:]) * (math.pi / height)
    return result


def horizontal_irradiance(environment: NDArray[np.float32]) -> NDArray[np.float64]:
    """Irradiance (3,) on level ground from the upper half of an environment (H, 2H, 3)."""
    height = len(environment)
    edges = np.cos(np.arange(height + 1) * math.pi / height)
    # The integral of sine of elevation over a row's solid angle, exactly.
    weights = 0.5 * np.diff(1.0 - edges * edges) * (math.pi / height)
    above = height // 2
    result: NDArray[np.float64] = environment[:above].astype(np.float64).sum(axis=1).T @ weights[:above]
    return result
