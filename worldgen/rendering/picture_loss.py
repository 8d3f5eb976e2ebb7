"""How far a rendered picture is from a true one, and how that changes with each of its values.

Mean absolute difference and structural dissimilarity (Wang et al. 2004, with their Gaussian window of 1.5 pixels, 11
wide), mixed as Kerbl et al. 2023 do, and a term for the depth. Beyond the border pictures count as black, so that the
window is its own adjoint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

SSIM_SHARE = 0.1
"""Weight of the structural dissimilarity; the mean absolute difference has the rest."""
ROUNDING = 0.25
"""Differences below this count by their square (Huber 1964): pictures are noisy, and splats should show their mean."""
DEPTH_SHARE = 0.05
"""Weight of the relative error of the depth."""
DEPTH_TOLERANCE = 0.01
"""Relative errors of the depth up to this count for nothing."""

_RADIUS = 5
_SIGMA = 1.5
SSIM_C1 = np.float32(0.01**2)
SSIM_C2 = np.float32(0.03**2)
"""Keep the similarity of dark and of even places finite (Wang et al. 2004, for values from 0 to 1)."""
_ROWS = 16


def _window() -> NDArray[np.float32]:
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    values = np.exp(-0.5 * (offsets / _SIGMA) ** 2)
    return (values / values.sum()).astype(np.float32)


_WINDOW = _window()


def smoothing_matrix(size: int) -> NDArray[np.float32]:
    """The window along one axis of a picture as a symmetric matrix (size, size); black beyond the borders."""
    distances = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    weights = np.append(_WINDOW[_RADIUS:], np.float32(0.0))
    return weights[np.minimum(distances, _RADIUS + 1)]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TruePicture:
    """A picture to come close to, with all that does not change while one tries.

    planes    (3, H, W) float32  display-referred colours, channel by channel
    means     (3, H, W) float32  the same, smoothed
    squares   (3, H, W) float32  smoothed squares
    nearness  (H, W)    float32  inverse euclidean depth, 0 where the sky is, or negative where it is not known
    """

    planes: NDArray[np.float32]
    means: NDArray[np.float32]
    squares: NDArray[np.float32]
    nearness: NDArray[np.float32]


def make_true_picture(rgb: NDArray[np.float32], euclidean_depth: NDArray[np.float32] | None) -> TruePicture:
    """Prepare a picture (H, W, 3) with its depth (H, W) in metres, +inf for the sky, if there is one."""
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1), dtype=np.float32)
    nearness = np.full(rgb.shape[:2], -1.0, dtype=np.float32)
    if euclidean_depth is not None:
        nearness = (1.0 / euclidean_depth).astype(np.float32)
    return TruePicture(planes=planes, means=smooth(planes), squares=smooth(planes * planes), nearness=nearness)


def picture_gradients(
    rgb: NDArray[np.float32],
    transmittance: NDArray[np.float32],
    inverse_depth: NDArray[np.float32],
    *,
    truth: TruePicture,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Derivatives of the loss with respect to the images of ``rasterize_bins``.

    Args:
        rgb: (H, W, 3) colours over black.
        transmittance: (H, W) light that passes.
        inverse_depth: (H, W) sums of weight over euclidean depth.
        truth: What to come close to.

    Returns:
        Derivatives of the same shapes.
    """
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1))
    means, squares, products = smooth(planes), smooth(planes * planes), smooth(planes * truth.planes)
    by_mean, by_square, by_product = (np.zeros_like(planes) for _ in range(3))
    _similarity_gradients((means, squares, products), (truth.means, truth.squares), (by_mean, by_square, by_product))
    by_mean, by_square, by_product = smooth(by_mean), smooth(by_square), smooth(by_product)
    rgb_gradient = np.zeros_like(rgb)
    near_gradient = np.zeros_like(inverse_depth)
    _combine((planes, truth.planes), (by_mean, by_square, by_product), rgb_gradient)
    _depth_gradients(inverse_depth, transmittance, truth.nearness, near_gradient)
    return rgb_gradient, np.zeros_like(transmittance), near_gradient


def picture_loss(
    rgb: NDArray[np.float32],
    transmittance: NDArray[np.float32],
    inverse_depth: NDArray[np.float32],
    *,
    truth: TruePicture,
) -> float:
    """The loss itself; arguments as for :func:`picture_gradients`."""
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1))
    x, y = smooth(planes).astype(np.float64), truth.means.astype(np.float64)
    variances = smooth(planes * planes) - x * x + truth.squares - y * y
    covariance = smooth(planes * truth.planes) - x * y
    similarity = (2.0 * x * y + SSIM_C1) * (2.0 * covariance + SSIM_C2)
    similarity /= (x * x + y * y + SSIM_C1) * (variances + SSIM_C2)
    known = truth.nearness > 0.0
    relative = np.abs(inverse_depth[known] / truth.nearness[known] - (1.0 - transmittance[known]))
    depth = np.maximum(relative - DEPTH_TOLERANCE, 0.0).sum() / truth.nearness.size
    distance = np.abs(planes - truth.planes).astype(np.float64)
    rounded = 0.5 * distance * distance / ROUNDING
    difference = np.where(distance < ROUNDING, rounded, distance - 0.5 * ROUNDING).mean()
    return float((1.0 - SSIM_SHARE) * difference + SSIM_SHARE * (1.0 - similarity.mean()) + DEPTH_SHARE * float(depth))


@nb.njit(parallel=True, cache=True)
def smooth(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Planes (C, H, W) weighted with the window; black beyond their borders."""
    channels, height, width = planes.shape
    smoothed = np.zeros_like(planes)
    blocks = (height + _ROWS - 1) // _ROWS
    for job in nb.prange(channels * blocks):
        channel, first = job // blocks, (job % blocks) * _ROWS
        padded = np.zeros(width + 2 * _RADIUS, dtype=np.float32)
        for y in range(first, min(first + _ROWS, height)):
            padded[:] = np.float32(0.0)
            for offset in range(-_RADIUS, _RADIUS + 1):
                if 0 <= y + offset < height:
                    weight = _WINDOW[offset + _RADIUS]
                    for x in range(width):
                        padded[x + _RADIUS] += weight * planes[channel, y + offset, x]
            for offset in range(2 * _RADIUS + 1):
                weight = _WINDOW[offset]
                for x in range(width):
                    smoothed[channel, y, x] += weight * padded[x + offset]
    return smoothed


@nb.njit(parallel=True, cache=True)
def _similarity_gradients(
    image: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    truth: tuple[NDArray[np.float32], NDArray[np.float32]],
    gradients: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Derivatives of each window's similarity by its mean, its mean square and its mean product."""
    means, squares, products = image[0], image[1], image[2]
    true_means, true_squares = truth[0], truth[1]
    by_mean, by_square = gradients[0], gradients[1]
    by_product = gradients[2]
    channels, height, width = means.shape
    two = np.float32(2.0)
    for row in nb.prange(channels * height):
        channel, y = row // height, row % height
        for x in range(width):
            mx, my = means[channel, y, x], true_means[channel, y, x]
            a1 = two * mx * my + SSIM_C1
            a2 = two * (products[channel, y, x] - mx * my) + SSIM_C2
            b1 = mx * mx + my * my + SSIM_C1
            b2 = squares[channel, y, x] - mx * mx + true_squares[channel, y, x] - my * my + SSIM_C2
            inverse = np.float32(1.0) / (b1 * b2)
            similarity = a1 * a2 * inverse
            by_mean[channel, y, x] = two * (my * (a2 - a1) * inverse + mx * similarity * (b1 - b2) * inverse)
            by_square[channel, y, x] = -similarity * b1 * inverse
            by_product[channel, y, x] = two * a1 * inverse


@nb.njit(parallel=True, cache=True)
def _combine(
    pictures: tuple[NDArray[np.float32], NDArray[np.float32]],
    smoothed: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    gradient: NDArray[np.float32],
) -> None:
    """Derivatives of the mean of both terms with respect to each colour (H, W, 3)."""
    planes, truth = pictures[0], pictures[1]
    by_mean, by_square, by_product = smoothed[0], smoothed[1], smoothed[2]
    height, width = gradient.shape[:2]
    share = 1.0 / (3.0 * height * width)
    plain, structural = np.float32((1.0 - SSIM_SHARE) * share), np.float32(SSIM_SHARE * share)
    for y in nb.prange(height):
        for x in range(width):
            for channel in range(3):
                own, wanted = planes[channel, y, x], truth[channel, y, x]
                towards = by_mean[channel, y, x] + wanted * by_product[channel, y, x]
                towards += np.float32(2.0) * own * by_square[channel, y, x]
                error = min(max((own - wanted) / np.float32(ROUNDING), np.float32(-1.0)), np.float32(1.0))
                gradient[y, x, channel] = plain * error - structural * towards


@nb.njit(parallel=True, cache=True)
def _depth_gradients(
    inverse_depth: NDArray[np.float32],
    transmittance: NDArray[np.float32],
    nearness: NDArray[np.float32],
    gradient: NDArray[np.float32],
) -> None:
    """Derivatives of the depth's term with respect to the sums of weight over depth; the opacity is let be."""
    height, width = gradient.shape
    share = DEPTH_SHARE / (height * width)
    for y in nb.prange(height):
        for x in range(width):
            if nearness[y, x] > 0.0:
                error = inverse_depth[y, x] / nearness[y, x] - (1.0 - transmittance[y, x])
                if abs(error) > DEPTH_TOLERANCE:
                    gradient[y, x] = math.copysign(share, error) / nearness[y, x]
