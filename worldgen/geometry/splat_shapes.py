"""Covariances to orientations and sizes, and how solid each Gaussian must be to cover what it stands for."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

LOW_PASS_PX2 = 0.3
"""Variance in square pixels that renderers of the 3DGS family widen every splat by, without making it paler."""

_JACOBI_SWEEPS = 8


@nb.njit(cache=True)
def _eigen(matrix: NDArray[np.float64], axes: NDArray[np.float64]) -> None:
    """Diagonalise a symmetric (3, 3) matrix in place by Jacobi rotations; ``axes`` gets the eigenvectors as columns.

    The matrix is scaled to about 1 beforehand, so that tiny cells are as exact as large ones.
    """
    for i in range(3):
        for j in range(3):
            axes[i, j] = 1.0 if i == j else 0.0
    for _ in range(_JACOBI_SWEEPS):
        off = abs(matrix[0, 1]) + abs(matrix[0, 2]) + abs(matrix[1, 2])
        if off < 1e-14:
            break
        for p in range(2):
            for q in range(p + 1, 3):
                if abs(matrix[p, q]) < 1e-300:
                    continue
                theta = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
                t = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1.0))
                c = 1.0 / math.sqrt(t * t + 1.0)
                s = t * c
                for k in range(3):
                    a, b = matrix[k, p], matrix[k, q]
                    matrix[k, p], matrix[k, q] = c * a - s * b, s * a + c * b
                for k in range(3):
                    a, b = matrix[p, k], matrix[q, k]
                    matrix[p, k], matrix[q, k] = c * a - s * b, s * a + c * b
                for k in range(3):
                    a, b = axes[k, p], axes[k, q]
                    axes[k, p], axes[k, q] = c * a - s * b, s * a + c * b


@nb.njit(cache=True)
def _quat(axes: NDArray[np.float64], quat: NDArray[np.float32]) -> None:
    """Unit quaternion, scalar first, of a rotation matrix (Shepperd 1978)."""
    trace = axes[0, 0] + axes[1, 1] + axes[2, 2]
    values = np.zeros(4)
    if trace >= axes[0, 0] and trace >= axes[1, 1] and trace >= axes[2, 2]:
        values[0] = 1.0 + trace
        values[1] = axes[2, 1] - axes[1, 2]
        values[2] = axes[0, 2] - axes[2, 0]
        values[3] = axes[1, 0] - axes[0, 1]
    else:
        i = 0
        if axes[1, 1] > axes[0, 0]:
            i = 1
        if axes[2, 2] > axes[i, i]:
            i = 2
        j, k = (i + 1) % 3, (i + 2) % 3
        values[0] = axes[k, j] - axes[j, k]
        values[1 + i] = 1.0 + axes[i, i] - axes[j, j] - axes[k, k]
        values[1 + j] = axes[j, i] + axes[i, j]
        values[1 + k] = axes[k, i] + axes[i, k]
    length = math.sqrt((values * values).sum())
    sign = -1.0 if values[0] < 0.0 else 1.0
    for m in range(4):
        quat[m] = sign * values[m] / length


@nb.njit(parallel=True, cache=True)
def shapes_from_covariances(
    covariances: NDArray[np.float64], widenings: NDArray[np.float64], least_ratio: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Orientations (N, 4) and standard deviations (N, 3) of Gaussians.

    Args:
        covariances: (N, 6) xx, xy, xz, yy, yz, zz in square metres.
        widenings: (N,) factors on all standard deviations of each.
        least_ratio: The thinnest axis is at least this part of the longest one.
    """
    count = len(covariances)
    quats = np.zeros((count, 4), dtype=np.float32)
    scales = np.zeros((count, 3), dtype=np.float32)
    for i in nb.prange(count):
        c = covariances[i]
        size = max(c[0] + c[3] + c[5], 1e-30)
        matrix = np.array([[c[0], c[1], c[2]], [c[1], c[3], c[4]], [c[2], c[4], c[5]]]) / size
        axes = np.zeros((3, 3))
        _eigen(matrix, axes)
        determinant = (
            axes[0, 0] * (axes[1, 1] * axes[2, 2] - axes[1, 2] * axes[2, 1])
            - axes[0, 1] * (axes[1, 0] * axes[2, 2] - axes[1, 2] * axes[2, 0])
            + axes[0, 2] * (axes[1, 0] * axes[2, 1] - axes[1, 1] * axes[2, 0])
        )
        if determinant < 0.0:
            for k in range(3):
                axes[k, 2] = -axes[k, 2]
        _quat(axes, quats[i])
        longest = max(matrix[0, 0], max(matrix[1, 1], matrix[2, 2]))
        for k in range(3):
            variance = max(matrix[k, k], least_ratio * least_ratio * longest)
            scales[i, k] = widenings[i] * math.sqrt(variance * size)
    return quats, scales


@nb.njit(parallel=True, cache=True)
def seen_variances(
    means: NDArray[np.float64], covariances: NDArray[np.float64], eye: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Product and sum of the two variances of each Gaussian as seen from ``eye``: (N, 2), in radians⁴ and radians²."""
    seen = np.zeros((len(means), 2))
    for i in nb.prange(len(means)):
        x, y, z = means[i, 0] - eye[0], means[i, 1] - eye[1], means[i, 2] - eye[2]
        distance = max(math.sqrt(x * x + y * y + z * z), 1e-6)
        d0, d1, d2 = x / distance, y / distance, z / distance
        c = covariances[i]
        # The determinant of the projection is dᵀ adj(C) d, its trace is tr(C) - dᵀ C d.
        a00, a01, a02 = c[3] * c[5] - c[4] * c[4], c[2] * c[4] - c[1] * c[5], c[1] * c[4] - c[2] * c[3]
        a11, a12, a22 = c[0] * c[5] - c[2] * c[2], c[1] * c[2] - c[0] * c[4], c[0] * c[3] - c[1] * c[1]
        determinant = (
            a00 * d0 * d0 + a11 * d1 * d1 + a22 * d2 * d2 + 2.0 * (a01 * d0 * d1 + a02 * d0 * d2 + a12 * d1 * d2)
        )
        along = (
            c[0] * d0 * d0 + c[3] * d1 * d1 + c[5] * d2 * d2 + 2.0 * (c[1] * d0 * d1 + c[2] * d0 * d2 + c[4] * d1 * d2)
        )
        square = distance * distance
        seen[i, 0] = max(determinant, 0.0) / (square * square)
        seen[i, 1] = max(c[0] + c[3] + c[5] - along, 0.0) / square
    return seen


def filled_shares(seen: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """How much of a cell of ``angle`` radians each Gaussian fills, 0 to 1: a square of that size fills all; (N,)."""
    return np.minimum(12.0 * np.sqrt(seen[:, 0]) / (angle * angle), 1.0)


def kept_areas(seen: NDArray[np.float64], pixel_angle: float) -> NDArray[np.float64]:
    """Area of each Gaussian over its area after the renderer's low-pass, 0 to 1; (N,).

    Renderers widen small splats to about a pixel without making them paler, so a blade of grass a fifth of a pixel
    wide would cover five times what it should. Opacities that are multiplied with this undo it.
    """
    square = pixel_angle * pixel_angle
    product, total = seen[:, 0] / (square * square), seen[:, 1] / square
    return np.sqrt(product / (product + LOW_PASS_PX2 * total + LOW_PASS_PX2 * LOW_PASS_PX2))
