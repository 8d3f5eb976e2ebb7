"""The seam and the poles of painted panoramas: what the sphere cannot hold is taken out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.depth_merging import solve_screened

_ORDER = 8
_SCREENING = 2.0
"""Waves around the sphere below which closing a seam changes nothing."""

_TOLERANCE = 1.2
"""A seam may be so much larger than nearly all other steps before anything is done about it."""


def clean_poles(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take from each row the detail that the sphere cannot hold there.

    A row at polar angle θ is a circle of circumference 2π sin θ, so that only about ``width / 2 * sin θ`` waves fit on
    it at the resolution of the equator; at the pole all columns are one point. Finer waves, which show as a star over
    the head, are damped (a Butterworth filter along the row).

    Args:
        picture: (H, 2H, C) float32.

    Returns:
        (H, 2H, C) float32.
    """
    height, width = picture.shape[:2]
    sine = np.sin((np.arange(height) + 0.5) / height * math.pi)
    most = np.maximum(0.5 * width * sine - 1.0, 0.25)
    waves = np.arange(width // 2 + 1)
    keep = 1.0 / (1.0 + (waves[None] / most[:, None]) ** _ORDER)
    # Rows near the equator are left exactly as they are.
    rows = np.flatnonzero(keep[:, width // 4] < 0.995)
    result = picture.copy()
    spectrum = np.fft.rfft(picture[rows], axis=1) * keep[rows][..., None]
    result[rows] = np.fft.irfft(spectrum, n=width, axis=1)
    return result


def seam_step(picture: NDArray[np.float32]) -> tuple[float, float]:
    """The mean step over the seam, and the 95th percentile of the mean steps between all other neighbouring columns."""
    steps = np.abs(np.diff(picture, axis=1, append=picture[:, :1])).mean(axis=(0, 2))
    return float(steps[-1]), float(np.percentile(steps[:-1], 95.0))


def close_seam(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spread a step over the seam to both sides, in the gradient domain, where it is larger than steps elsewhere.

    Args:
        picture: (H, 2H, C) float32.

    Returns:
        (H, 2H, C) float32; the picture itself where the seam is hardly larger.
    """
    seam, usual = seam_step(picture)
    if seam <= _TOLERANCE * usual:
        return picture
    channels = []
    for channel in range(picture.shape[2]):
        values = picture[..., channel].astype(np.float64)
        across = np.roll(values, -1, axis=1) - values
        across[:, -1] = 0.5 * (across[:, -2] + across[:, 0])
        down = np.zeros_like(values)
        down[:-1] = values[1:] - values[:-1]
        channels.append(solve_screened(values, across, down, screening=_SCREENING))
    return np.stack(channels, axis=-1).astype(np.float32)
