"""What colour each splat shows to a camera: spherical harmonics, evaluated where records are put in depth order."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0

_BLOCK = 4096
"""Splats that are coloured one after the other: the unit of parallel work."""

# As in worldgen.spherical_harmonics, whose basis a test compares with this one.
_C1 = math.sqrt(3.0 / (4.0 * math.pi))
_C2_XY = math.sqrt(15.0 / (4.0 * math.pi))
_C2_ZZ = math.sqrt(5.0 / (16.0 * math.pi))
_C3_OUTER = math.sqrt(35.0 / (32.0 * math.pi))
_C3_XYZ = math.sqrt(105.0 / (4.0 * math.pi))
_C3_INNER = math.sqrt(21.0 / (32.0 * math.pi))
_C3_ZZZ = math.sqrt(7.0 / (16.0 * math.pi))

ColorArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


@nb.njit(cache=True)
def fill_basis(x: float, y: float, z: float, basis: NDArray[np.float64]) -> None:
    """Values of the 3, 8 or 15 functions beyond degree 0 (as many as ``basis`` holds) in a unit direction."""
    count = len(basis)
    if count >= 3:
        basis[0], basis[1], basis[2] = -_C1 * y, _C1 * z, -_C1 * x
    if count >= 8:
        xx, yy, zz = x * x, y * y, z * z
        basis[3], basis[4], basis[5] = _C2_XY * x * y, -_C2_XY * y * z, _C2_ZZ * (2.0 * zz - xx - yy)
        basis[6], basis[7] = -_C2_XY * x * z, 0.5 * _C2_XY * (xx - yy)
        if count >= 15:
            basis[8] = -_C3_OUTER * y * (3.0 * xx - yy)
            basis[9] = _C3_XYZ * x * y * z
            basis[10] = -_C3_INNER * y * (4.0 * zz - xx - yy)
            basis[11] = _C3_ZZZ * z * (2.0 * zz - 3.0 * xx - 3.0 * yy)
            basis[12] = -_C3_INNER * x * (4.0 * zz - xx - yy)
            basis[13] = 0.5 * _C3_XYZ * z * (xx - yy)
            basis[14] = -_C3_OUTER * x * (xx - 3.0 * yy)


@nb.njit(parallel=True, cache=True)
def fill_colors(
    cloud_colors: ColorArrays,
    order: NDArray[np.int32],
    position_in_world: NDArray[np.float64],
    colors: NDArray[np.float32],
) -> None:
    """Display-referred colours of some splats as seen from a point, not below 0.

    Args:
        cloud_colors: Means (N, 3), and spherical harmonics of degree 0 (N, 3) and beyond (N, K, 3).
        order: (M,) which splats.
        position_in_world: (3,) where the camera is.
        colors: (M, 3), is filled.
    """
    means, sh_dc, sh_rest = cloud_colors
    count = sh_rest.shape[1]
    for block in nb.prange((len(order) + _BLOCK - 1) // _BLOCK):
        basis = np.zeros(count)
        for rank in range(block * _BLOCK, min((block + 1) * _BLOCK, len(order))):
            i = order[rank]
            if count:
                x = means[i, 0] - position_in_world[0]
                y = means[i, 1] - position_in_world[1]
                z = means[i, 2] - position_in_world[2]
                length = max(math.sqrt(x * x + y * y + z * z), 1e-12)
                fill_basis(x / length, y / length, z / length, basis)
            for channel in range(3):
                color = 0.5 + SH_C0 * sh_dc[i, channel]
                for k in range(count):
                    color += basis[k] * sh_rest[i, k, channel]
                colors[rank, channel] = max(color, 0.0)


@nb.njit(parallel=True, cache=True)
def gather_records(packed: NDArray[np.float32], positions: NDArray[np.int32], records: NDArray[np.float32]) -> None:
    """Put packed records (N, F) in depth order: ``records[rank] = packed[positions[rank]]``, (M, F)."""
    for rank in nb.prange(len(positions)):
        for field in range(records.shape[1]):
            records[rank, field] = packed[positions[rank], field]


@nb.njit(parallel=True, cache=True)
def fill_color_gradients(
    means: NDArray[np.float32],
    order: NDArray[np.int32],
    position_in_world: NDArray[np.float64],
    color_gradients: NDArray[np.float32],
    sh_rest_gradients: NDArray[np.float32],
) -> None:
    """Derivatives with respect to the spherical harmonics beyond degree 0 (M, K, 3) from those of colours (M, 3)."""
    count = sh_rest_gradients.shape[1]
    for block in nb.prange((len(order) + _BLOCK - 1) // _BLOCK):
        basis = np.zeros(count)
        for rank in range(block * _BLOCK, min((block + 1) * _BLOCK, len(order))):
            i = order[rank]
            x = means[i, 0] - position_in_world[0]
            y = means[i, 1] - position_in_world[1]
            z = means[i, 2] - position_in_world[2]
            length = max(math.sqrt(x * x + y * y + z * z), 1e-12)
            fill_basis(x / length, y / length, z / length, basis)
            for k in range(count):
                for channel in range(3):
                    sh_rest_gradients[rank, k, channel] = basis[k] * color_gradients[rank, channel]
