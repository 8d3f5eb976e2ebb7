"""Real spherical harmonics up to degree 3, as the 3DGS family stores them.

Order m = -l .. l with the Condon–Shortley phase; identical to ``KHR_gaussian_splatting`` and to the reference
implementation of Kerbl et al. 2023. Constants follow Sloan 2008, "Stupid Spherical Harmonics Tricks", appendix A2.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0

MAX_DEGREE = 3

_C1 = math.sqrt(3.0 / (4.0 * math.pi))
_C2_XY = math.sqrt(15.0 / (4.0 * math.pi))
_C2_ZZ = math.sqrt(5.0 / (16.0 * math.pi))
_C2_XX_YY = math.sqrt(15.0 / (16.0 * math.pi))
_C3_OUTER = math.sqrt(35.0 / (32.0 * math.pi))
_C3_XYZ = math.sqrt(105.0 / (4.0 * math.pi))
_C3_INNER = math.sqrt(21.0 / (32.0 * math.pi))
_C3_ZZZ = math.sqrt(7.0 / (16.0 * math.pi))
_C3_Z_XX_YY = math.sqrt(105.0 / (16.0 * math.pi))


def sh_basis(directions: NDArray[np.float64], degree: int = MAX_DEGREE) -> NDArray[np.float64]:
    """Values of the basis functions.

    Args:
        directions: (N, 3) unit vectors.
        degree: Highest degree, 0 to 3.

    Returns:
        (N, (degree + 1)²) values, coefficient 0 first.
    """
    x, y, z = np.asarray(directions, dtype=np.float64).T
    columns = [np.full_like(x, SH_C0)]
    if degree >= 1:
        columns += [-_C1 * y, _C1 * z, -_C1 * x]
    if degree >= 2:
        columns += [
            _C2_XY * x * y,
            -_C2_XY * y * z,
            _C2_ZZ * (2.0 * z * z - x * x - y * y),
            -_C2_XY * x * z,
            _C2_XX_YY * (x * x - y * y),
        ]
    if degree >= 3:
        columns += [
            -_C3_OUTER * y * (3.0 * x * x - y * y),
            _C3_XYZ * x * y * z,
            -_C3_INNER * y * (4.0 * z * z - x * x - y * y),
            _C3_ZZZ * z * (2.0 * z * z - 3.0 * x * x - 3.0 * y * y),
            -_C3_INNER * x * (4.0 * z * z - x * x - y * y),
            _C3_Z_XX_YY * z * (x * x - y * y),
            -_C3_OUTER * x * (x * x - 3.0 * y * y),
        ]
    return np.stack(columns, axis=1)


@functools.cache
def _sample_directions() -> NDArray[np.float64]:
    """64 well-spread unit vectors (Fibonacci lattice): enough to fix the 7 functions of degree 3."""
    index = np.arange(64) + 0.5
    z = 1.0 - 2.0 * index / 64.0
    azimuth = math.pi * (1.0 + math.sqrt(5.0)) * index
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z], axis=1)


def sh_rotation(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """How SH coefficients change when a function on the sphere is turned (or mirrored) by ``matrix``.

    If ``f(d) = sum(c * basis(d))`` then ``f(matrix⁻¹ d) = sum((sh_rotation(matrix) @ c) * basis(d))``. Each degree
    is closed under orthogonal maps, so its block follows exactly from a small linear system.

    Args:
        matrix: (3, 3) orthogonal.

    Returns:
        (16, 16) orthogonal and block-diagonal, degrees 0 to 3.
    """
    directions = _sample_directions()
    basis = sh_basis(directions)
    turned = sh_basis(directions @ np.asarray(matrix, dtype=np.float64))
    rotation = np.zeros((16, 16))
    for degree in range(MAX_DEGREE + 1):
        block = slice(degree * degree, (degree + 1) ** 2)
        rotation[block, block] = np.linalg.lstsq(basis[:, block], turned[:, block], rcond=None)[0]
    rotation[np.abs(rotation) < 1e-12] = 0.0
    return rotation


def rotate_sh_rest(sh_rest: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn the coefficients beyond degree 0 with the splats that carry them.

    Args:
        sh_rest: (N, K, 3) coefficient-major, K in 0, 3, 8, 15.
        matrix: (3, 3) orthogonal, new frame from old.

    Returns:
        (N, K, 3) float32.
    """
    count = sh_rest.shape[1]
    block = sh_rotation(matrix)[1 : count + 1, 1 : count + 1].astype(np.float32)
    diagonal = np.diagonal(block)
    if np.count_nonzero(block) == np.count_nonzero(diagonal):
        # Frames that differ by the signs of their axes only change signs: no products to add up.
        signs = diagonal[:, None]
        return sh_rest if (signs == 1.0).all() else (sh_rest * signs).astype(np.float32)
    turned = np.zeros_like(sh_rest)
    for degree in range(1, math.isqrt(count + 1)):
        band = slice(degree * degree - 1, (degree + 1) ** 2 - 1)
        turned[:, band] = np.tensordot(sh_rest[:, band], block[band, band], axes=(1, 1)).transpose(0, 2, 1)
    return turned
