"""Equirectangular images: pixels, rays and solid angles.

Width is twice the height. The centre column looks along -Z, columns grow to the right (+X at three quarters of
the width), row 0 is the zenith; pixel centres lie at +0.5. Everything here is in the panorama camera's frame.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray


def equirectangular_rays(height: int) -> NDArray[np.float64]:
    """Unit rays through all pixel centres of an image of ``height`` rows.

    Returns:
        (height, 2 * height, 3) float64, in the camera.
    """
    columns = np.arange(2 * height, dtype=np.float64) + 0.5
    rows = np.arange(height, dtype=np.float64) + 0.5
    return rays_from_pixels(columns[None, :], rows[:, None], height)


def rays_from_pixels(columns: NDArray[np.float64], rows: NDArray[np.float64], height: int) -> NDArray[np.float64]:
    """Unit rays through image positions; positions broadcast, 0.5 is the first pixel's centre.

    Returns:
        (..., 3) float64, in the camera.
    """
    azimuth = (np.asarray(columns) / height - 1.0) * math.pi
    polar = np.asarray(rows) / height * math.pi
    sin_polar = np.sin(polar)
    x, z = sin_polar * np.sin(azimuth), -sin_polar * np.cos(azimuth)
    return np.stack([x, np.broadcast_to(np.cos(polar), x.shape), z], axis=-1)


def pixels_from_rays(rays: NDArray[np.float64], height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Image positions (columns, rows) of rays of any length; columns lie in [0, 2 * height).

    At the poles every column is the same ray; the column is then whatever the ray's tiny horizontal part says.
    """
    rays = np.asarray(rays, dtype=np.float64)
    x, y, z = rays[..., 0], rays[..., 1], rays[..., 2]
    # atan2 keeps full precision at the poles, where acos(y) would lose half the digits.
    polar = np.arctan2(np.hypot(x, z), y)
    azimuth = np.arctan2(x, -z)
    columns = (azimuth / math.pi + 1.0) * height
    return np.where(columns >= 2 * height, 0.0, columns), polar / math.pi * height


def row_solid_angles(height: int) -> NDArray[np.float64]:
    """Exact solid angle of one pixel in each row, in steradians; all pixels sum to 4 pi.

    Returns:
        (height,) float64.
    """
    edges = np.cos(np.arange(height + 1) / height * math.pi)
    return (edges[:-1] - edges[1:]) * (math.pi / height)


def sample_equirectangular(image: NDArray[np.float32], rays: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bilinear samples of an image along rays; wraps around the seam and across the poles.

    Args:
        image: (H, 2H, C) float32.
        rays: (..., 3), in the camera, of any length.

    Returns:
        (..., C) float32.
    """
    columns, rows = pixels_from_rays(rays, image.shape[0])
    pixels = np.ascontiguousarray(image, dtype=np.float32)
    return _between_centers(pixels, columns.reshape(-1), rows.reshape(-1)).reshape(*columns.shape, image.shape[2])


@numba.njit(parallel=True, cache=True)
def _between_centers(
    image: NDArray[np.float32], columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Bilinear mean of the four pixels around each of N places, (N, C)."""
    height, width, channels = image.shape
    result = np.zeros((len(columns), channels), dtype=np.float32)
    for index in numba.prange(len(columns)):
        left, top = math.floor(columns[index] - 0.5), math.floor(rows[index] - 0.5)
        across, down = columns[index] - 0.5 - left, rows[index] - 0.5 - top
        for row, high in ((top, 1.0 - down), (top + 1, down)):
            # One row beyond a pole lies the same row, half a turn further.
            turn = height if row < 0 or row >= height else 0
            line = image[min(max(row, 0), height - 1)]
            for column, wide in ((left, 1.0 - across), (left + 1, across)):
                pixel = line[(column + turn) % width]
                for channel in range(channels):
                    result[index, channel] += np.float32(high * wide) * pixel[channel]
    return result
