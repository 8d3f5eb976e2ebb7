"""Gaussian clouds in, Gaussian clouds out: other frames, other degrees, fewer or reordered splats."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.frames import rotate_quats, rotate_vectors
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.spherical_harmonics import rotate_sh_rest

_MORTON_BITS = 21
_BLOCK = 1 << 16


def transform_gaussians(
    cloud: GaussianCloud,
    matrix: NDArray[np.float64],
    *,
    scale: float = 1.0,
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> GaussianCloud:
    """Turn (or mirror), scale and move splats; their view-dependent colour turns with them.

    Args:
        cloud: Any number of splats.
        matrix: (3, 3) orthogonal, new frame from old; its determinant may be -1.
        scale: Uniform factor on positions and sizes, applied after the turn.
        translation: Metres, applied last.

    Raises:
        InvalidInputError: The matrix is not orthogonal or the scale not positive.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape != (3, 3) or not np.abs(matrix @ matrix.T - np.eye(3)).max() <= 1e-6:
        raise InvalidInputError("Splats can only be turned or mirrored by an orthogonal 3x3 matrix.")
    if not 0.0 < scale < math.inf:
        raise InvalidInputError("The scale of a splat transform must be positive.")
    if np.array_equal(matrix, np.eye(3)) and scale == 1.0 and not any(translation):
        return cloud
    means = rotate_vectors(cloud.means, matrix)
    if scale != 1.0 or any(translation):
        means = (means.astype(np.float64) * scale + np.asarray(translation)).astype(np.float32)
    return GaussianCloud(
        means=means,
        quats_wxyz=rotate_quats(cloud.quats_wxyz, matrix),
        scales=(cloud.scales * np.float32(scale)).astype(np.float32),
        opacities=cloud.opacities,
        sh_dc=cloud.sh_dc,
        sh_rest=rotate_sh_rest(cloud.sh_rest, matrix),
    )


def take_gaussians(cloud: GaussianCloud, picked: slice | NDArray[np.int64] | NDArray[np.bool_]) -> GaussianCloud:
    """Some of the splats: a slice (which copies nothing), indices in the new order, or a mask."""
    return GaussianCloud(
        means=cloud.means[picked],
        quats_wxyz=cloud.quats_wxyz[picked],
        scales=cloud.scales[picked],
        opacities=cloud.opacities[picked],
        sh_dc=cloud.sh_dc[picked],
        sh_rest=cloud.sh_rest[picked],
    )


def take_turned(cloud: GaussianCloud, order: NDArray[np.int64], matrix: NDArray[np.float64]) -> GaussianCloud:
    """Splats in another order and other axes, block by block: millions of them leave no room for a third copy.

    Args:
        cloud: Any number of splats.
        order: (M,) which splats, in the new order.
        matrix: As for :func:`transform_gaussians`.
    """
    fields = ("means", "quats_wxyz", "scales", "opacities", "sh_dc", "sh_rest")
    taken = {name: np.zeros((len(order), *getattr(cloud, name).shape[1:]), dtype=np.float32) for name in fields}
    for start in range(0, len(order), _BLOCK):
        block = transform_gaussians(take_gaussians(cloud, order[start : start + _BLOCK]), matrix)
        for name in fields:
            taken[name][start : start + _BLOCK] = getattr(block, name)
    return GaussianCloud(**taken)


def concatenate_gaussians(clouds: Sequence[GaussianCloud]) -> GaussianCloud:
    """All splats of several clouds in order; lower degrees are filled up with zeros.

    Raises:
        InvalidInputError: There is no cloud.
    """
    if not clouds:
        raise InvalidInputError("There are no splats to put together.")
    degree = max(cloud.sh_degree for cloud in clouds)
    parts = [with_sh_degree(cloud, degree) for cloud in clouds]
    return GaussianCloud(
        means=np.concatenate([part.means for part in parts]),
        quats_wxyz=np.concatenate([part.quats_wxyz for part in parts]),
        scales=np.concatenate([part.scales for part in parts]),
        opacities=np.concatenate([part.opacities for part in parts]),
        sh_dc=np.concatenate([part.sh_dc for part in parts]),
        sh_rest=np.concatenate([part.sh_rest for part in parts]),
    )


def with_sh_degree(cloud: GaussianCloud, degree: int) -> GaussianCloud:
    """The cloud with spherical harmonics of a degree: higher ones cut off, missing ones zero.

    Raises:
        InvalidInputError: The degree is not 0 to 3.
    """
    if not 0 <= degree < len(SH_REST_COUNTS):
        raise InvalidInputError(f"The degree of spherical harmonics is 0 to 3, not {degree}.")
    if degree == cloud.sh_degree:
        return cloud
    count = SH_REST_COUNTS[degree]
    sh_rest = np.zeros((cloud.num_gaussians, count, 3), dtype=np.float32)
    kept = min(count, cloud.sh_rest.shape[1])
    sh_rest[:, :kept] = cloud.sh_rest[:, :kept]
    return GaussianCloud(
        means=cloud.means,
        quats_wxyz=cloud.quats_wxyz,
        scales=cloud.scales,
        opacities=cloud.opacities,
        sh_dc=cloud.sh_dc,
        sh_rest=sh_rest,
    )


def morton_order(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """Indices that sort points along a Z-order curve through their bounding box, so neighbours lie close in memory.

    Args:
        points: (N, 3).

    Returns:
        (N,) indices; points in the same cell keep their order.
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64)
    low = points.min(axis=0).astype(np.float64)
    extent = max(float((points.max(axis=0) - low).max()), 1e-12)
    cells = ((points - low) / extent * ((1 << _MORTON_BITS) - 1)).astype(np.uint64)
    codes = _spread_bits(cells[:, 0]) | (_spread_bits(cells[:, 1]) << np.uint64(1))
    codes |= _spread_bits(cells[:, 2]) << np.uint64(2)
    return np.argsort(codes, kind="stable")


def importance_order(cloud: GaussianCloud) -> NDArray[np.int64]:
    """Indices that sort splats by volume times opacity, largest first; equals keep their order."""
    weight = np.prod(cloud.scales.astype(np.float64), axis=1) * cloud.opacities
    return np.argsort(-weight, kind="stable")


def _spread_bits(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """21-bit numbers with two zero bits after each bit."""
    spread = values
    for shift, mask in (
        (32, 0x1F00000000FFFF),
        (16, 0x1F0000FF0000FF),
        (8, 0x100F00F00F00F00F),
        (4, 0x10C30C30C30C30C3),
        (2, 0x1249249249249249),
    ):
        spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
    return spread
