"""From Gaussians in world to ellipses on an image: covariance and culling, one splat at a time.

Pinhole images follow the local affine approximation of Zwicker et al. 2001, "EWA Volume Splatting", with the constants
that Kerbl et al. 2023, "3D Gaussian Splatting for Real-Time Radiance Field Rendering", made the standard: 0.3 px² of
low-pass, nothing below an alpha of 1/255.

Equirectangular images have no affine approximation that survives the poles. There every Gaussian is projected onto the
plane that touches the unit sphere at its own centre, and rays are intersected with that plane, so no direction is
special. Its low-pass is the same 0.3 px² in units of one row, equal in every direction.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.splat_shapes import LOW_PASS_PX2

MIN_ALPHA = 1.0 / 255.0
"""Contributions below this are dropped, which also bounds every splat exactly."""
NEAR_PLANE_M = 0.05
"""Splats whose centre is nearer than this (along the axis of a pinhole camera) are not drawn."""
FRUSTUM_MARGIN = 0.3
"""How far beyond the image, in tangents of half the field of view, the Jacobian is still taken at the centre itself."""

CHUNK = 2048
"""Splats that are projected one after the other and packed: the unit of parallel work."""

PINHOLE_FIELDS = 16
"""One cache line: column, row, exponents per pixel² (xx, xy, yy: what a pixel's offset is multiplied with), opacity,
slopes of the inverse depth (2), inverse depth of the centre, colour (3), first and last row, first and last column."""
PINHOLE_COLOR = 9
"""Where the colour stands in the record of a pinhole image; its four bounds follow."""
RAY_FIELDS = 20
"""Direction of the centre (3), two whitened tangent vectors (6), opacity, slopes of the inverse depth along these (2),
inverse depth of the centre, colour (3), first and last row, first and last column."""
RAY_COLOR = 13
"""Where the colour stands in the record of a panorama; its four bounds follow."""

SplatArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
PinholeArrays = tuple[NDArray[np.float32], NDArray[np.float32]]
ProjectedArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32], NDArray[np.int64]]


@nb.njit(cache=True, inline="always")
def _stride_over(count: int) -> int:
    """A step that visits all of ``count`` chunks before it comes back.

    Neighbours in memory are neighbours in space, in view or out of it together: striding gives each thread some of all.
    """
    stride = max(1, int(0.618034 * count))
    while math.gcd(stride, count) > 1:
        stride += 1
    return stride


@nb.njit(cache=True, inline="always")
def _camera_covariance(
    rotation: NDArray[np.float32],
    quat: NDArray[np.float32],
    scale: NDArray[np.float32],
) -> tuple[float, float, float, float, float, float]:
    """Entries xx, xy, xz, yy, yz, zz of the covariance in the axes of ``rotation`` (camera from world)."""
    w, x, y, z = quat[0], quat[1], quat[2], quat[3]
    one, two = np.float32(1.0), np.float32(2.0)
    r00, r01, r02 = one - two * (y * y + z * z), two * (x * y - w * z), two * (x * z + w * y)
    r10, r11, r12 = two * (x * y + w * z), one - two * (x * x + z * z), two * (y * z - w * x)
    r20, r21, r22 = two * (x * z - w * y), two * (y * z + w * x), one - two * (x * x + y * y)
    a00 = (rotation[0, 0] * r00 + rotation[0, 1] * r10 + rotation[0, 2] * r20) * scale[0]
    a01 = (rotation[0, 0] * r01 + rotation[0, 1] * r11 + rotation[0, 2] * r21) * scale[1]
    a02 = (rotation[0, 0] * r02 + rotation[0, 1] * r12 + rotation[0, 2] * r22) * scale[2]
    a10 = (rotation[1, 0] * r00 + rotation[1, 1] * r10 + rotation[1, 2] * r20) * scale[0]
    a11 = (rotation[1, 0] * r01 + rotation[1, 1] * r11 + rotation[1, 2] * r21) * scale[1]
    a12 = (rotation[1, 0] * r02 + rotation[1, 1] * r12 + rotation[1, 2] * r22) * scale[2]
    a20 = (rotation[2, 0] * r00 + rotation[2, 1] * r10 + rotation[2, 2] * r20) * scale[0]
    a21 = (rotation[2, 0] * r01 + rotation[2, 1] * r11 + rotation[2, 2] * r21) * scale[1]
    a22 = (rotation[2, 0] * r02 + rotation[2, 1] * r12 + rotation[2, 2] * r22) * scale[2]
    return (
        a00 * a00 + a01 * a01 + a02 * a02,
        a00 * a10 + a01 * a11 + a02 * a12,
        a00 * a20 + a01 * a21 + a02 * a22,
        a10 * a10 + a11 * a11 + a12 * a12,
        a10 * a20 + a11 * a21 + a12 * a22,
        a20 * a20 + a21 * a21 + a22 * a22,
    )


@nb.njit(parallel=True, cache=True)
def project_pinhole(
    splats: SplatArrays,
    camera: PinholeArrays,
    size: tuple[int, int],
    by_distance: bool,
    projected: ProjectedArrays,
) -> None:
    """Project splats to a pinhole image.

    Args:
        splats: Means (N, 3), quaternions (N, 4), scales (N, 3) and opacities (N,).
        camera: (3, 4) camera from world, to axes right, down, forward; (3, 3) intrinsics in pixels.
        size: Height and width of the image.
        by_distance: Whether depths are distances; else they are along the axis.
        projected: Gets records (N, PINHOLE_FIELDS) but for their colours, depths (N,) and indices of the splats (N,),
            those of each chunk packed from its start on, and the number of visible splats of each chunk.
            Rows and columns of a record are those that the splat reaches, inclusive and within the image.
    """
    means, quats, scales, opacities = splats
    # Unpacked one by one: numba 0.68 loses stores to vectors that a parallel loop gets from "a, b, c = arrays".
    records, depths = projected[0], projected[1]
    indices = projected[2]
    counts = projected[3]
    camera_from_world, intrinsics = camera[0], camera[1]
    height, width = size
    fx, fy, skew = intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 1]
    cx, cy = intrinsics[0, 2], intrinsics[1, 2]
    margin_x = np.float32(FRUSTUM_MARGIN) * np.float32(0.5) * width / fx
    margin_y = np.float32(FRUSTUM_MARGIN) * np.float32(0.5) * height / fy
    low_x, high_x = -cx / fx - margin_x, (width - cx) / fx + margin_x
    low_y, high_y = -cy / fy - margin_y, (height - cy) / fy + margin_y
    half = np.float32(0.5)
    stride = _stride_over(len(counts))
    for turn in nb.prange(len(counts)):
        chunk = (turn * stride) % len(counts)
        at = chunk * CHUNK
        for i in range(at, min(at + CHUNK, len(means))):
            opacity = opacities[i]
            if not opacity >= np.float32(MIN_ALPHA):
                continue
            m0, m1, m2 = means[i, 0], means[i, 1], means[i, 2]
            z = (
                camera_from_world[2, 0] * m0
                + camera_from_world[2, 1] * m1
                + camera_from_world[2, 2] * m2
                + camera_from_world[2, 3]
            )
            if not z >= np.float32(NEAR_PLANE_M):
                continue
            x = (
                camera_from_world[0, 0] * m0
                + camera_from_world[0, 1] * m1
                + camera_from_world[0, 2] * m2
                + camera_from_world[0, 3]
            )
            y = (
                camera_from_world[1, 0] * m0
                + camera_from_world[1, 1] * m1
                + camera_from_world[1, 2] * m2
                + camera_from_world[1, 3]
            )
            inverse_z = np.float32(1.0) / z
            u, v = x * inverse_z, y * inverse_z
            column = fx * u + skew * v + cx
            row = fy * v + cy
            reach = np.float32(2.0) * np.float32(math.log(opacity / np.float32(MIN_ALPHA)))
            u = min(max(u, low_x), high_x)
            v = min(max(v, low_y), high_y)
            j00, j01, j02 = fx * inverse_z, skew * inverse_z, -(fx * u + skew * v) * inverse_z
            j11, j12 = fy * inverse_z, -fy * v * inverse_z
            # The Frobenius norm of the Jacobian bounds the ellipse, so most splats outside are dropped before the rest.
            largest = max(scales[i, 0], max(scales[i, 1], scales[i, 2]))
            norm = j00 * j00 + j01 * j01 + j02 * j02 + j11 * j11 + j12 * j12
            radius = math.sqrt(reach * (norm * largest * largest + np.float32(LOW_PASS_PX2)))
            if column + radius < 0 or column - radius > width or row + radius < 0 or row - radius > height:
                continue
            xx, xy, xz, yy, yz, zz = _camera_covariance(camera_from_world, quats[i], scales[i])
            a0 = j00 * xx + j01 * xy + j02 * xz
            a1 = j00 * xy + j01 * yy + j02 * yz
            a2 = j00 * xz + j01 * yz + j02 * zz
            cov_xx = a0 * j00 + a1 * j01 + a2 * j02 + np.float32(LOW_PASS_PX2)
            cov_xy = a1 * j11 + a2 * j12
            cov_yy = j11 * (j11 * yy + j12 * yz) + j12 * (j11 * yz + j12 * zz) + np.float32(LOW_PASS_PX2)
            determinant = cov_xx * cov_yy - cov_xy * cov_xy
            if not determinant > 0.0:
                continue
            radius_x, radius_y = math.sqrt(reach * cov_xx), math.sqrt(reach * cov_yy)
            first_column = max(math.ceil(column - radius_x - half), 0)
            last_column = min(math.floor(column + radius_x - half), width - 1)
            first_row = max(math.ceil(row - radius_y - half), 0)
            last_row = min(math.floor(row + radius_y - half), height - 1)
            if first_column > last_column or first_row > last_row:
                continue
            xx2d, xy2d, yy2d = cov_yy / determinant, -cov_xy / determinant, cov_xx / determinant
            # Where on the splat a pixel meets it, in the mean: the regression of depth on image position. On a flat
            # splat that is its plane, whose inverse depth is linear over the image.
            distance = math.sqrt(x * x + y * y + z * z)
            r0, r1, r2 = x / distance, y / distance, z / distance
            with_x = a0 * r0 + a1 * r1 + a2 * r2
            with_y = j11 * (xy * r0 + yy * r1 + yz * r2) + j12 * (xz * r0 + yz * r1 + zz * r2)
            steepness = np.float32(-1.0) / (distance * distance)
            record = records[at]
            record[0], record[1] = column, row
            record[2], record[3], record[4] = -half * xx2d, -xy2d, -half * yy2d
            record[5] = opacity
            record[6] = steepness * (xx2d * with_x + xy2d * with_y)
            record[7] = steepness * (xy2d * with_x + yy2d * with_y)
            record[8] = np.float32(1.0) / distance
            record[12], record[13], record[14], record[15] = first_row, last_row, first_column, last_column
            depths[at] = distance if by_distance else z
            indices[at] = i
            at += 1
        counts[chunk] = at - chunk * CHUNK


@nb.njit(parallel=True, cache=True)
def project_equirectangular(
    splats: SplatArrays, camera_from_world: NDArray[np.float32], height: int, projected: ProjectedArrays
) -> None:
    """Project splats to a panorama.

    Args:
        splats: As for :func:`project_pinhole`.
        camera_from_world: (3, 4), to axes right, up, back.
        height: Rows of the panorama.
        projected: As for :func:`project_pinhole`, with records (N, RAY_FIELDS). Columns may run below 0 or beyond the
            width where a splat crosses the seam, and span it where it holds a pole.
    """
    means, quats, scales, opacities = splats
    # Unpacked one by one: numba 0.68 loses stores to vectors that a parallel loop gets from "a, b, c = arrays".
    records, depths = projected[0], projected[1]
    indices = projected[2]
    counts = projected[3]
    width = 2 * height
    row_angle = math.pi / height
    low_pass = np.float32(LOW_PASS_PX2 * row_angle * row_angle)
    one = np.float32(1.0)
    stride = _stride_over(len(counts))
    for turn in nb.prange(len(counts)):
        chunk = (turn * stride) % len(counts)
        at = chunk * CHUNK
        for i in range(at, min(at + CHUNK, len(means))):
            opacity = opacities[i]
            if not opacity >= np.float32(MIN_ALPHA):
                continue
            m0, m1, m2 = means[i, 0], means[i, 1], means[i, 2]
            x = (
                camera_from_world[0, 0] * m0
                + camera_from_world[0, 1] * m1
                + camera_from_world[0, 2] * m2
                + camera_from_world[0, 3]
            )
            y = (
                camera_from_world[1, 0] * m0
                + camera_from_world[1, 1] * m1
                + camera_from_world[1, 2] * m2
                + camera_from_world[1, 3]
            )
            z = (
                camera_from_world[2, 0] * m0
                + camera_from_world[2, 1] * m1
                + camera_from_world[2, 2] * m2
                + camera_from_world[2, 3]
            )
            distance = math.sqrt(x * x + y * y + z * z)
            if not distance >= np.float32(NEAR_PLANE_M):
                continue
            inverse = one / distance
            d0, d1, d2 = x * inverse, y * inverse, z * inverse
            # Two tangents at the centre. Any pair does, because the covariance turns with it.
            if abs(d1) < np.float32(0.9):
                length = one / math.sqrt(d0 * d0 + d2 * d2)
                e0, e1, e2 = -d2 * length, np.float32(0.0), d0 * length
            else:
                length = one / math.sqrt(d1 * d1 + d2 * d2)
                e0, e1, e2 = np.float32(0.0), d2 * length, -d1 * length
            n0, n1, n2 = d1 * e2 - d2 * e1, d2 * e0 - d0 * e2, d0 * e1 - d1 * e0
            xx, xy, xz, yy, yz, zz = _camera_covariance(camera_from_world, quats[i], scales[i])
            a0, a1, a2 = xx * e0 + xy * e1 + xz * e2, xy * e0 + yy * e1 + yz * e2, xz * e0 + yz * e1 + zz * e2
            b0, b1, b2 = xx * n0 + xy * n1 + xz * n2, xy * n0 + yy * n1 + yz * n2, xz * n0 + yz * n1 + zz * n2
            square = inverse * inverse
            cov_ee = (a0 * e0 + a1 * e1 + a2 * e2) * square + low_pass
            cov_en = (a0 * n0 + a1 * n1 + a2 * n2) * square
            cov_nn = (b0 * n0 + b1 * n1 + b2 * n2) * square + low_pass
            # Whitening by the inverse of the Cholesky factor: |f q|² is the squared Mahalanobis distance.
            l00 = math.sqrt(cov_ee)
            l10 = cov_en / l00
            rest = cov_nn - l10 * l10
            if not rest > 0.0:
                continue
            l11 = math.sqrt(rest)
            middle = np.float32(0.5) * (cov_ee + cov_nn)
            spread = np.float32(0.5) * (cov_ee - cov_nn)
            largest = middle + math.sqrt(spread * spread + cov_en * cov_en)
            reach = np.float32(2.0) * np.float32(math.log(opacity / np.float32(MIN_ALPHA)))
            angle = math.atan(math.sqrt(reach * largest))
            polar = math.atan2(math.sqrt(x * x + z * z), y)
            first_row = max(math.ceil((polar - angle) / row_angle - 0.5), 0)
            last_row = min(math.floor((polar + angle) / row_angle - 0.5), height - 1)
            if first_row > last_row:
                continue
            if polar - angle <= 0.0 or polar + angle >= math.pi:
                first_column, last_column = 0, width - 1
            else:
                # The widest meridian that a cap reaches: sin(azimuth) = sin(angle) / sin(polar).
                half_width = math.asin(min(math.sin(angle) / math.sin(polar), 1.0)) / row_angle
                center = math.atan2(x, -z) / row_angle + height
                first_column = math.floor(center - half_width - 0.5)
                last_column = math.ceil(center + half_width - 0.5)
                if last_column - first_column >= width - 1:
                    first_column, last_column = 0, width - 1
            record = records[at]
            record[0], record[1], record[2] = d0, d1, d2
            record[3], record[4], record[5] = e0 / l00, e1 / l00, e2 / l00
            factor = l10 / l00
            record[6] = (n0 - factor * e0) / l11
            record[7] = (n1 - factor * e1) / l11
            record[8] = (n2 - factor * e2) / l11
            record[9] = opacity
            with_e = (a0 * d0 + a1 * d1 + a2 * d2) * inverse
            with_n = (b0 * d0 + b1 * d1 + b2 * d2) * inverse
            first_slope = with_e / l00
            record[10] = -square * first_slope
            record[11] = -square * ((with_n - l10 * first_slope) / l11)
            record[12] = inverse
            record[16], record[17], record[18], record[19] = first_row, last_row, first_column, last_column
            depths[at] = distance
            indices[at] = i
            at += 1
        counts[chunk] = at - chunk * CHUNK
