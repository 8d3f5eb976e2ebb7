"""From derivatives of projected splats to derivatives of the splats themselves, for pinhole images.

The chain rule through the projection of ``gaussian_rasterizer_projection``, in the variables that are optimised:
position, logarithm of the scales, rotation, logit of the opacity, colour. Formulas follow from the differentials
d(K⁻¹) = -K⁻¹ dK K⁻¹ and d(J S Jᵀ) = dJ S Jᵀ + J dS Jᵀ + J S dJᵀ.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.splat_shapes import LOW_PASS_PX2
from worldgen.rendering.gaussian_rasterizer_projection import FRUSTUM_MARGIN, SplatArrays

SPLAT_GRADIENTS = 11
"""Derivatives with respect to the position (3), the logarithms of the scales (3), the quaternion (4, at right angles to
it) and the logit of the opacity."""

_BLOCK = 1024
"""Splats that one thread goes through before it asks for more."""

CameraArrays = tuple[NDArray[np.float64], NDArray[np.float64]]


@nb.njit(parallel=True, cache=True)
def project_pinhole_gradients(
    splats: SplatArrays,
    order: NDArray[np.int32],
    camera: CameraArrays,
    size: tuple[int, int],
    gradients: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Derivatives with respect to splats from those with respect to their records.

    Args:
        splats: Means (N, 3), quaternions (N, 4), scales (N, 3) and opacities (N,).
        order: (M,) which of them the records are of.
        camera: (3, 4) camera from world, to axes right, down, forward; (3, 3) intrinsics in pixels.
        size: Height and width of the image.
        gradients: Of the records (M, RECORD_GRADIENTS); of the splats (M, SPLAT_GRADIENTS), is filled.
    """
    means, quats, scales, opacities = splats
    camera_from_world, intrinsics = camera[0], camera[1]
    from_records, to_splats = gradients[0], gradients[1]
    height, width = size
    fx, fy, skew = intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 1]
    margin_x, margin_y = 0.5 * FRUSTUM_MARGIN * width / fx, 0.5 * FRUSTUM_MARGIN * height / fy
    low_x, high_x = -intrinsics[0, 2] / fx - margin_x, (width - intrinsics[0, 2]) / fx + margin_x
    low_y, high_y = -intrinsics[1, 2] / fy - margin_y, (height - intrinsics[1, 2]) / fy + margin_y
    for block in nb.prange((len(order) + _BLOCK - 1) // _BLOCK):
        # Camera from local, the same times the scales (the covariance is its square), and that on the image.
        p, g_p, turn, g_turn = np.zeros(3), np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))
        axes, spread, g_spread = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3))
        jacobian, g_jacobian, seen = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3))
        for rank in range(block * _BLOCK, min((block + 1) * _BLOCK, len(order))):
            i = order[rank]
            g = from_records[rank]
            out = to_splats[rank]
            for k in range(3):
                p[k] = camera_from_world[k, 3]
                for j in range(3):
                    p[k] += camera_from_world[k, j] * means[i, j]
            near_z = 1.0 / p[2]
            u, v = p[0] * near_z, p[1] * near_z
            u_kept, v_kept = min(max(u, low_x), high_x), min(max(v, low_y), high_y)
            jacobian[0, 0], jacobian[0, 1] = fx * near_z, skew * near_z
            jacobian[0, 2] = -(fx * u_kept + skew * v_kept) * near_z
            jacobian[1, 1], jacobian[1, 2] = fy * near_z, -fy * v_kept * near_z
            fill_rotation(quats[i], turn)
            for k in range(3):
                for j in range(3):
                    axes[k, j] = 0.0
                    for m in range(3):
                        axes[k, j] += camera_from_world[k, m] * turn[m, j]
                    spread[k, j] = axes[k, j] * scales[i, j]
            for k in range(2):
                for j in range(3):
                    seen[k, j] = 0.0
                    for m in range(3):
                        seen[k, j] += jacobian[k, m] * spread[m, j]
            cov_xx = seen[0, 0] ** 2 + seen[0, 1] ** 2 + seen[0, 2] ** 2 + LOW_PASS_PX2
            cov_xy = seen[0, 0] * seen[1, 0] + seen[0, 1] * seen[1, 1] + seen[0, 2] * seen[1, 2]
            cov_yy = seen[1, 0] ** 2 + seen[1, 1] ** 2 + seen[1, 2] ** 2 + LOW_PASS_PX2
            determinant = cov_xx * cov_yy - cov_xy * cov_xy
            xx, xy, yy = cov_yy / determinant, -cov_xy / determinant, cov_xx / determinant
            # Exponents are -1/2 (xx, 2 xy, yy); of a symmetric matrix the off-diagonal derivative counts twice.
            g_xx, g_xy, g_yy = -0.5 * g[2], -0.5 * g[3], -0.5 * g[4]
            c_xx = -(xx * xx * g_xx + 2.0 * xx * xy * g_xy + xy * xy * g_yy)
            c_xy = -(xx * xy * g_xx + (xx * yy + xy * xy) * g_xy + xy * yy * g_yy)
            c_yy = -(xy * xy * g_xx + 2.0 * xy * yy * g_xy + yy * yy * g_yy)
            # Through seen = jacobian spread, whose square is the covariance.
            g_jacobian[:] = 0.0
            for j in range(3):
                s0 = 2.0 * (c_xx * seen[0, j] + c_xy * seen[1, j])
                s1 = 2.0 * (c_xy * seen[0, j] + c_yy * seen[1, j])
                for m in range(3):
                    g_jacobian[0, m] += s0 * spread[m, j]
                    g_jacobian[1, m] += s1 * spread[m, j]
                    g_spread[m, j] = jacobian[0, m] * s0 + jacobian[1, m] * s1
            g_turn[:] = 0.0
            for j in range(3):
                stretch = 0.0
                for m in range(3):
                    stretch += axes[m, j] * g_spread[m, j]
                    for k in range(3):
                        g_turn[k, j] += camera_from_world[m, k] * g_spread[m, j] * scales[i, j]
                out[3 + j] = stretch * scales[i, j]
            _quaternion_gradient(quats[i], g_turn, out)
            opacity = np.float64(opacities[i])
            out[10] = g[5] * opacity * (1.0 - opacity)
            # Through the centre's place on the image, the Jacobian there, and the distance.
            g_u, g_v = fx * g[0], skew * g[0] + fy * g[1]
            if u_kept == u:
                g_u -= fx * near_z * g_jacobian[0, 2]
            if v_kept == v:
                g_v -= near_z * (skew * g_jacobian[0, 2] + fy * g_jacobian[1, 2])
            g_p[0], g_p[1] = g_u * near_z, g_v * near_z
            change = g_u * u + g_v * v
            for m in range(3):
                change += g_jacobian[0, m] * jacobian[0, m] + g_jacobian[1, m] * jacobian[1, m]
            g_p[2] = -change * near_z
            square = p[0] * p[0] + p[1] * p[1] + p[2] * p[2]
            steepness = g[6] / (square * np.sqrt(square))
            for k in range(3):
                g_p[k] -= steepness * p[k]
            for j in range(3):
                out[j] = (
                    camera_from_world[0, j] * g_p[0]
                    + camera_from_world[1, j] * g_p[1]
                    + camera_from_world[2, j] * g_p[2]
                )


@nb.njit(cache=True, inline="always")
def fill_rotation(quat: NDArray[np.float32], turn: NDArray[np.float64]) -> None:
    """Rotation matrix (3, 3) of a unit quaternion, scalar first."""
    w, x, y, z = np.float64(quat[0]), np.float64(quat[1]), np.float64(quat[2]), np.float64(quat[3])
    turn[0, 0], turn[0, 1], turn[0, 2] = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)
    turn[1, 0], turn[1, 1], turn[1, 2] = 2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)
    turn[2, 0], turn[2, 1], turn[2, 2] = 2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)


@nb.njit(cache=True, inline="always")
def _quaternion_gradient(quat: NDArray[np.float32], t: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    """Derivatives with respect to a unit quaternion from those with respect to its matrix; to ``out[6:10]``."""
    w, x, y, z = np.float64(quat[0]), np.float64(quat[1]), np.float64(quat[2]), np.float64(quat[3])
    g_w = 2.0 * (x * (t[2, 1] - t[1, 2]) + y * (t[0, 2] - t[2, 0]) + z * (t[1, 0] - t[0, 1]))
    g_x = 2.0 * (
        y * (t[0, 1] + t[1, 0]) + z * (t[0, 2] + t[2, 0]) + w * (t[2, 1] - t[1, 2]) - 2.0 * x * (t[1, 1] + t[2, 2])
    )
    g_y = 2.0 * (
        x * (t[0, 1] + t[1, 0]) + z * (t[1, 2] + t[2, 1]) + w * (t[0, 2] - t[2, 0]) - 2.0 * y * (t[0, 0] + t[2, 2])
    )
    g_z = 2.0 * (
        x * (t[0, 2] + t[2, 0]) + y * (t[1, 2] + t[2, 1]) + w * (t[1, 0] - t[0, 1]) - 2.0 * z * (t[0, 0] + t[1, 1])
    )
    along = w * g_w + x * g_x + y * g_y + z * g_z
    out[6], out[7], out[8], out[9] = g_w - along * w, g_x - along * x, g_y - along * y, g_z - along * z
