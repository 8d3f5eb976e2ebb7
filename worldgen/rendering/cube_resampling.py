"""Equirectangular images from the six faces of a cube map, by bicubic interpolation across the faces' borders."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import CUBE_FACES, camera_position, cube_cameras
from worldgen.scene.camera import Camera

BORDER_PX = 2
"""Pixels around a face that bicubic interpolation reaches into."""


def require_cube(cameras: Sequence[Camera]) -> int:
    """Check that cameras are an upright cube map, in the order of ``CUBE_FACES``, and return the faces' side.

    Raises:
        InvalidInputError: They are not.
    """
    if len(cameras) == len(CUBE_FACES) and cameras[0].width == cameras[0].height:
        expected = cube_cameras(camera_position(cameras[0]), face_px=cameras[0].width)
        if all(
            np.abs(camera.world_from_camera - other.world_from_camera).max() < 1e-9
            and np.abs(camera.intrinsics_px - other.intrinsics_px).max() < 1e-6
            and (camera.height, camera.width) == (other.height, other.width)
            for camera, other in zip(cameras, expected, strict=True)
        ):
            return cameras[0].width
    raise InvalidInputError("A panorama needs the six faces of one upright cube, in the order of CUBE_FACES.")


def pad_faces(faces: NDArray[np.float32]) -> NDArray[np.float32]:
    """Faces with a border of ``BORDER_PX`` pixels that shows what their neighbours see there.

    Args:
        faces: (6, S, S, C) float32.

    Returns:
        (6, S + 2 * BORDER_PX, S + 2 * BORDER_PX, C) float32.
    """
    size = faces.shape[1]
    padded = np.pad(faces, ((0, 0), (BORDER_PX, BORDER_PX), (BORDER_PX, BORDER_PX), (0, 0)))
    place = np.arange(size + 2 * BORDER_PX) - BORDER_PX
    outside = (place < 0) | (place >= size)
    border = np.argwhere(outside[:, None] | outside[None, :])
    axes = _face_axes()
    rows, columns = border[:, 0] - BORDER_PX + 0.5, border[:, 1] - BORDER_PX + 0.5
    for face in range(6):
        right, up, forward = axes[face]
        rays = forward + np.outer(2.0 * columns / size - 1.0, right) - np.outer(2.0 * rows / size - 1.0, up)
        padded[face, border[:, 0], border[:, 1]] = _bilinear(faces, rays)
    return padded


def resample_bicubic(padded: NDArray[np.float32], rays_in_world: NDArray[np.float64]) -> NDArray[np.float32]:
    """Samples of a padded cube map by Catmull-Rom interpolation, kept within the range of the nearest four pixels.

    The limit removes the overshoot that would ring dark around the sun and along the skyline.

    Args:
        padded: From :func:`pad_faces`, (6, P, P, C).
        rays_in_world: (..., 3) of any length.

    Returns:
        (..., C) float32.
    """
    shape = rays_in_world.shape[:-1]
    rays = np.ascontiguousarray(rays_in_world, dtype=np.float64).reshape(-1, 3)
    return _resample(padded, rays, _face_axes()).reshape(*shape, padded.shape[-1])


def _face_axes() -> NDArray[np.float64]:
    """(6, 3, 3): right, up and forward of each face, in world."""
    rotations = [camera.world_from_camera[:3, :3] for camera in cube_cameras(np.zeros(3), face_px=1)]
    return np.array([[rotation[:, 0], rotation[:, 1], -rotation[:, 2]] for rotation in rotations])


def _bilinear(faces: NDArray[np.float32], rays: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bilinear samples, each within the face that its ray meets; (N, C)."""
    size = faces.shape[1]
    axes = _face_axes()
    along = rays @ axes[:, 2].T
    face = np.argmax(along, axis=1)
    depth = along[np.arange(len(rays)), face]
    x = np.einsum("nk,nk->n", rays, axes[face, 0]) / depth
    y = -np.einsum("nk,nk->n", rays, axes[face, 1]) / depth
    column = np.clip((x + 1.0) * 0.5 * size - 0.5, 0.0, size - 1.0)
    row = np.clip((y + 1.0) * 0.5 * size - 0.5, 0.0, size - 1.0)
    left, top = (
        np.minimum(column.astype(np.int64), max(size - 2, 0)),
        np.minimum(row.astype(np.int64), max(size - 2, 0)),
    )
    right, bottom = np.minimum(left + 1, size - 1), np.minimum(top + 1, size - 1)
    across, down = (column - left)[:, None], (row - top)[:, None]
    upper = faces[face, top, left] * (1.0 - across) + faces[face, top, right] * across
    lower = faces[face, bottom, left] * (1.0 - across) + faces[face, bottom, right] * across
    return (upper * (1.0 - down) + lower * down).astype(np.float32)


@numba.njit(cache=True, inline="always")
def _catmull_rom(offset: float) -> tuple[float, float, float, float]:
    square, cube = offset * offset, offset * offset * offset
    return (
        -0.5 * cube + square - 0.5 * offset,
        1.5 * cube - 2.5 * square + 1.0,
        -1.5 * cube + 2.0 * square + 0.5 * offset,
        0.5 * cube - 0.5 * square,
    )


@numba.njit(parallel=True, cache=True)
def _resample(padded: NDArray[np.float32], rays: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float32]:
    size = padded.shape[1] - 2 * BORDER_PX
    channels = padded.shape[3]
    result = np.zeros((len(rays), channels), dtype=np.float32)
    for index in numba.prange(len(rays)):
        x, y, z = rays[index, 0], rays[index, 1], rays[index, 2]
        face, depth = 0, -np.inf
        for candidate in range(6):
            along = x * axes[candidate, 2, 0] + y * axes[candidate, 2, 1] + z * axes[candidate, 2, 2]
            if along > depth:
                face, depth = candidate, along
        right = (x * axes[face, 0, 0] + y * axes[face, 0, 1] + z * axes[face, 0, 2]) / depth
        up = (x * axes[face, 1, 0] + y * axes[face, 1, 1] + z * axes[face, 1, 2]) / depth
        column = (right + 1.0) * 0.5 * size - 0.5
        row = (1.0 - up) * 0.5 * size - 0.5
        left, top = int(np.floor(column)), int(np.floor(row))
        across, down = _catmull_rom(column - left), _catmull_rom(row - top)
        # The four by four pixels around the place; the border makes them exist at the rim too.
        left, top = left - 1 + BORDER_PX, top - 1 + BORDER_PX
        for channel in range(channels):
            total = 0.0
            lowest, highest = np.inf, -np.inf
            for i in range(4):
                for j in range(4):
                    value = padded[face, top + i, left + j, channel]
                    total += down[i] * across[j] * value
                    if 0 < i < 3 and 0 < j < 3:
                        lowest, highest = min(lowest, value), max(highest, value)
            result[index, channel] = min(max(total, lowest), highest)
    return result
