"""One seamless spherical depth from the depths of overlapping views.

Aligned views are blended in the gradient domain: the logarithm of the depth shall have the weighted mean of the views'
gradients, and stay near their weighted mean itself. On the sphere this screened Poisson equation has coefficients that
depend on the row only, so a Fourier transform along the rows leaves one tridiagonal system per frequency, which is
solved directly: the seam is a column like any other, and through the poles no flux goes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.depth_alignment import (
    NO_AGREEMENT,
    Alignment,
    DepthKind,
    ViewDepth,
    align_views,
    sample_view,
)
from worldgen.geometry.equirectangular import equirectangular_rays

_SCREENING = 12.0
"""Below this many waves around the sphere the mean depth decides, above it the gradients."""
_NEAREST = 1e-3
"""Aligned values below this part of the typical one are not believed."""


def merge_views(
    views: Sequence[ViewDepth], kind: DepthKind, *, height: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Align and blend views.

    Args:
        views: They overlap, and together they cover the sphere.
        kind: What their values are.
        height: Rows of the result.

    Returns:
        (height, 2 * height) float32 euclidean depth, in metres if the views are metric and else with a middle of about
        1, and the weight that all views together have there, float32, 0 where no view tells anything.

    Raises:
        InvalidInputError: The views do not overlap, or none of them is of use.
    """
    return blend_views(views, align_views(views, kind), kind, height=height)


def blend_views(
    views: Sequence[ViewDepth], alignment: Alignment, kind: DepthKind, *, height: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blend aligned views; arguments and results as for :func:`merge_views`."""
    rays = equirectangular_rays(height).reshape(-1, 3)
    size = (height, 2 * height)
    total, weight = np.zeros(size), np.zeros(size)
    across, across_weight = np.zeros(size), np.zeros(size)
    down, down_weight = np.zeros(size), np.zeros(size)
    for index, view in enumerate(views):
        if alignment.weights[index] <= 0.0:
            continue
        forward = -view.camera.world_from_camera[:3, 2]
        ahead = np.flatnonzero(rays @ forward > 0.2)
        values, own, cosines = sample_view(_inverted(view, alignment, kind, index), rays[ahead])
        logs, weights = np.zeros(size[0] * size[1]), np.zeros(size[0] * size[1])
        logs[ahead] = -np.log(np.maximum(values, 1e-12)) - np.log(np.maximum(cosines, 1e-3))
        weights[ahead] = own * alignment.weights[index]
        _gather(logs.reshape(size), weights.reshape(size), (total, weight, across, across_weight, down, down_weight))
    if not weight.any():
        raise InvalidInputError(NO_AGREEMENT)
    mean = total / np.maximum(weight, 1e-12)
    known = weight > 1e-9
    across /= np.maximum(across_weight, 1e-12)
    down /= np.maximum(down_weight, 1e-12)
    if not known.all():
        # What no view tells (the sky) goes on as it ends, and its own steps are asked for, so that it pulls at nothing.
        mean = _continued(mean, known)
        across = np.where(across_weight > 0.0, across, np.roll(mean, -1, axis=1) - mean)
        down[:-1] = np.where(down_weight[:-1] > 0.0, down[:-1], mean[1:] - mean[:-1])
    return np.exp(solve_screened(mean, across, down)).astype(np.float32), weight.astype(np.float32)


def _inverted(view: ViewDepth, alignment: Alignment, kind: DepthKind, index: int) -> ViewDepth:
    """An aligned view as inverse depth: between its pixels that is even on planes, and least off at depth edges."""
    values = alignment.scales[index] * view.values.astype(np.float64) + alignment.shifts[index]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(values > _NEAREST, values if kind == "disparity" else 1.0 / values, np.nan)
    return ViewDepth(camera=view.camera, values=values.astype(np.float32), confidence=np.array(view.confidence))


def _continued(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values of the sphere whose unknown ones are those of the nearest known pixel."""
    from scipy.ndimage import distance_transform_edt

    width = values.shape[1]
    beside = np.arange(-width // 4, width + width // 4) % width
    rows, columns = distance_transform_edt(~known[:, beside], return_distances=False, return_indices=True)
    return np.asarray(values[:, beside][rows, columns][:, width // 4 : width // 4 + width])


@numba.njit(parallel=True, cache=True)
def _gather(logs: NDArray[np.float64], weights: NDArray[np.float64], sums: tuple[NDArray[np.float64], ...]) -> None:
    """Add one view's logarithmic depth and its differences to the right and down."""
    total, weight, across, across_weight, down, down_weight = sums
    height, width = logs.shape
    for row in numba.prange(height):
        for column in range(width):
            here = weights[row, column]
            if here <= 0.0:
                continue
            total[row, column] += here * logs[row, column]
            weight[row, column] += here
            right = (column + 1) % width
            both = min(here, weights[row, right])
            if both > 0.0:
                across[row, column] += both * (logs[row, right] - logs[row, column])
                across_weight[row, column] += both
            if row + 1 < height:
                both = min(here, weights[row + 1, column])
                if both > 0.0:
                    down[row, column] += both * (logs[row + 1, column] - logs[row, column])
                    down_weight[row, column] += both


def solve_screened(
    mean: NDArray[np.float64], across: NDArray[np.float64], down: NDArray[np.float64], *, screening: float = _SCREENING
) -> NDArray[np.float64]:
    """The function on the sphere with given differences that stays near a given mean.

    Args:
        mean: (H, 2H) what it stays near.
        across: (H, 2H) wanted differences to the next column; the last one's next is the first.
        down: (H, 2H) wanted differences to the next row; the last row's do not count.
        screening: Waves around the sphere at which both count alike.

    Returns:
        (H, 2H) float64.
    """
    height, width = mean.shape
    pixel = math.pi / height
    sine = np.sin((np.arange(height) + 0.5) * pixel)
    edge = np.sin(np.arange(1, height) * pixel)
    # Finite volumes: flux over a pixel's sides, per pixel squared; the sides at the poles have no length.
    sideways = 1.0 / sine
    hold = screening**2 * pixel**2 * sine
    right_side = hold[:, None] * mean
    flow = sideways[:, None] * across
    right_side -= flow - np.roll(flow, 1, axis=1)
    step = edge[:, None] * down[:-1]
    right_side[:-1] -= step
    right_side[1:] += step
    spectrum = np.fft.rfft(right_side, axis=1)
    waves = 2.0 - 2.0 * np.cos(2.0 * math.pi * np.arange(spectrum.shape[1]) / width)
    diagonal = hold[:, None] + sideways[:, None] * waves[None]
    diagonal[:-1] += edge[:, None]
    diagonal[1:] += edge[:, None]
    return np.asarray(np.fft.irfft(_tridiagonal(diagonal, edge, spectrum), n=width, axis=1))


@numba.njit(cache=True)
def _tridiagonal(
    diagonal: NDArray[np.float64], edge: NDArray[np.float64], right_side: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Thomas's elimination down the rows, for all frequencies side by side; off-diagonals are ``-edge``."""
    height, count = diagonal.shape
    ratio = np.zeros((height, count))
    solution = right_side.copy()
    for k in range(count):
        ratio[0, k] = -edge[0] / diagonal[0, k]
        solution[0, k] /= diagonal[0, k]
    for row in range(1, height):
        for k in range(count):
            pivot = diagonal[row, k] + edge[row - 1] * ratio[row - 1, k]
            if row + 1 < height:
                ratio[row, k] = -edge[row] / pivot
            solution[row, k] = (solution[row, k] + edge[row - 1] * solution[row - 1, k]) / pivot
    for row in range(height - 2, -1, -1):
        for k in range(count):
            solution[row, k] -= ratio[row, k] * solution[row + 1, k]
    return solution
