"""Smooth filling of missing parts of equirectangular images: membranes by pull and push, and seams that meet.

Pull: the image is averaged down to one block, each pixel weighing its solid angle. Push: on the way back, pixels that
know nothing take what the coarser level knows (the pull-push of Gortler et al., "The Lumigraph", 1996). Images wrap
around; near the poles, where columns crowd, rows are smoothed along themselves.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.equirectangular import row_solid_angles

_RELAXATIONS = 3
_BORDER_SMOOTHING = math.radians(4.0)
"""Length along a row, in radians on the sphere, over which filled rows are smoothed."""


def fill_smoothly(image: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill an equirectangular image where its weights are 0, smoothly from where they are not.

    Args:
        image: (H, 2H, C) float32; H is a power of two.
        weights: (H, 2H) float32, 0 to 1; pixels of weight 1 stay as they are.

    Returns:
        (H, 2H, C) float32.

    Raises:
        InvalidInputError: All weights are 0, or the size does not fit.
    """
    height, width = weights.shape
    if width != 2 * height or height & (height - 1) or image.shape[:2] != weights.shape:
        raise InvalidInputError("Filling needs an equirectangular image whose height is a power of two.")
    if not weights.any():
        raise InvalidInputError("There is nothing to fill from.")
    area = row_solid_angles(height).astype(np.float32)[:, None]
    known = weights > 0.0
    sums = np.where(known[..., None], image * weights[..., None], 0.0).astype(np.float32)
    levels: list[tuple[NDArray[np.float32], ...]] = [
        (sums * area[..., None], weights * area, np.broadcast_to(area, weights.shape))
    ]
    while levels[-1][1].shape[0] > 1:
        levels.append(tuple(_halved(values) for values in levels[-1]))
    total, weight, _ = levels[-1]
    filled = np.broadcast_to((total.sum(axis=(0, 1)) / weight.sum()), total.shape).astype(np.float32)
    for total, weight, full in reversed(levels):
        if total.shape[0] > filled.shape[0]:
            filled = doubled(filled)
        # A line through a block, such as a border, is all that the block needs to know its colour.
        side = height // total.shape[0]
        share = np.clip(weight / full * side, 0.0, 1.0)[..., None]
        mean = total / np.maximum(weight, np.float32(1e-20))[..., None]
        # A few rounds of relaxation on each level bring what is filled close to a true membrane (Laplace's equation).
        for _ in range(_RELAXATIONS if total.shape[0] > 1 and (share < 1.0).any() else 0):
            filled = mean * share + _neighbour_means(mean * share + filled * (1.0 - share)) * (1.0 - share)
        filled = (mean * share + filled * (1.0 - share)).astype(np.float32)
    smooth = _smoothed_along_rows(filled, 1.0 - weights.min(axis=1))
    return (np.where(known[..., None], image, 0.0) * weights[..., None] + smooth * (1.0 - weights[..., None])).astype(
        np.float32
    )


def meet_border(
    fill: NDArray[np.float32], image: NDArray[np.float32], is_given: NDArray[np.bool_], *, border_px: int = 3
) -> NDArray[np.float32]:
    """Join a fill to the given part of an image so that they meet without a step; the given part stays untouched.

    The difference along the border is spread into the fill as a membrane, which is what a gradient-domain blend does
    (Perez et al., "Poisson image editing", 2003) without solving for it pixel by pixel.

    Args:
        fill: (H, 2H, C) float32, defined everywhere.
        image: (H, 2H, C) float32, defined where given.
        is_given: (H, 2H).
        border_px: How many given pixels along the border count.

    Returns:
        (H, 2H, C) float32.
    """
    from scipy.ndimage import binary_erosion

    if is_given.all():
        return image
    # Wrapped, so that the border at the seam is one only where something is missing there.
    padded = np.pad(is_given, ((border_px, border_px), (border_px, border_px)), mode="wrap")
    padded[:border_px], padded[-border_px:] = True, True
    inner = binary_erosion(padded, iterations=border_px)[border_px:-border_px, border_px:-border_px]
    border = is_given & ~inner
    difference = np.where(border[..., None], image - fill, 0.0).astype(np.float32)
    offset = fill_smoothly(difference, border.astype(np.float32))
    return np.where(is_given[..., None], image, fill + offset).astype(np.float32)


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of blocks of 2 x 2."""
    rows = values[0::2] + values[1::2]
    return np.asarray(rows[:, 0::2] + rows[:, 1::2])


def _neighbour_means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of the four neighbours; wraps around, clamps at the poles."""
    sums = np.roll(values, 1, axis=1) + np.roll(values, -1, axis=1)
    sums[1:] += values[:-1]
    sums[:-1] += values[1:]
    sums[0] += values[0]
    sums[-1] += values[-1]
    return sums * np.float32(0.25)


def doubled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """An equirectangular image (H, 2H, C) at twice its size, linearly; wraps around, clamps at the poles."""
    above, below = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    tall = np.zeros((2 * values.shape[0], *values.shape[1:]), dtype=np.float32)
    tall[0::2], tall[1::2] = 0.75 * values + 0.25 * above, 0.75 * values + 0.25 * below
    wide = np.zeros((tall.shape[0], 2 * tall.shape[1], *tall.shape[2:]), dtype=np.float32)
    wide[:, 0::2] = 0.75 * tall + 0.25 * np.roll(tall, 1, axis=1)
    wide[:, 1::2] = 0.75 * tall + 0.25 * np.roll(tall, -1, axis=1)
    return wide


def _smoothed_along_rows(image: NDArray[np.float32], need: NDArray[np.float32]) -> NDArray[np.float32]:
    """A Gaussian along each row that needs it, of one width on the sphere: at the poles all columns become one."""
    height, width = image.shape[:2]
    result = image.copy()
    frequency = np.arange(width // 2 + 1, dtype=np.float64)
    for row in np.flatnonzero(need > 0.0):
        sine = math.sin((row + 0.5) / height * math.pi)
        sigma = _BORDER_SMOOTHING / sine  # in radians of azimuth
        response = np.exp(-0.5 * (sigma * frequency) ** 2)
        result[row] = np.fft.irfft(np.fft.rfft(image[row], axis=0) * response[:, None], n=width, axis=0)
    return result
