"""Where rays pass through a picture, and means over them: pixel centres, and the borders that pixels share.

Both lie on a lattice of half pixels with ``2 * height + 1`` rows and ``2 * width + 1`` columns, whose points are
numbered row by row: the centre of pixel (row, column) is the point in row ``2 * row + 1``, column ``2 * column + 1``,
and the middles of its borders are the four points beside that.

A third of the centre's value and a sixth of each border's have the mean and the variance of the pixel's square. As
every border serves two pixels, that is five places for the rays of three, and as little noise as four and a half
independent ones would have.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.embree import NO_HIT
from worldgen.scene.camera import Camera

_CENTRE_WEIGHT, _ALL_WEIGHTS = 2.0, 6.0
"""Weight of a centre beside that of one border, and of all five places; whole, so that full coverage is exactly 1."""


def rays_through(points: NDArray[np.int64], camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit rays in world (M, 3) through points (M,) of a camera's lattice, and a pixel's angular side there (M,)."""
    intrinsics_px, pose = np.ascontiguousarray(camera.intrinsics_px), np.ascontiguousarray(camera.world_from_camera)
    return _rays_through(points, camera.width, intrinsics_px, pose)


@numba.njit(parallel=True, cache=True)
def _rays_through(
    points: NDArray[np.int64], width: int, intrinsics_px: NDArray[np.float64], world_from_camera: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    k, pose = intrinsics_px, world_from_camera
    rays = np.zeros((len(points), 3), dtype=np.float32)
    angles = np.zeros(len(points), dtype=np.float32)
    for index in numba.prange(len(points)):
        y = (0.5 * (points[index] // (2 * width + 1)) - k[1, 2]) / k[1, 1]
        x = (0.5 * (points[index] % (2 * width + 1)) - k[0, 2] - k[0, 1] * y) / k[0, 0]
        cosine = 1.0 / math.sqrt(x * x + y * y + 1.0)
        for axis in range(3):
            rays[index, axis] = (pose[axis, 0] * x - pose[axis, 1] * y - pose[axis, 2]) * cosine
        angles[index] = math.sqrt(cosine * cosine * cosine / (k[0, 0] * k[1, 1]))
    return rays, angles


@numba.njit(parallel=True, cache=True)
def uneven_pixels(surfaces: Any, normals: Any, least_cosine: float) -> Any:
    """Where a picture shows more than one even surface within a pixel and its neighbours.

    Args:
        surfaces: (H, W, 2) uint32, what is seen through each pixel's centre: instance and mesh.
        normals: (H, W, 3) float32 there, unit; zero for a miss.
        least_cosine: Between the normals of a pixel and its neighbours on an even surface.

    Returns:
        (H, W) bool.
    """
    height, width = surfaces.shape[0], surfaces.shape[1]
    result = np.zeros((height, width), dtype=np.bool_)
    for row in numba.prange(height):
        for column in range(width):
            result[row, column] = _differs_nearby(surfaces, normals, least_cosine, (row, column))
    return result


@numba.njit(cache=True)
def _differs_nearby(surfaces: Any, normals: Any, least_cosine: float, place: Any) -> bool:
    row, column = place
    item, mesh = surfaces[row, column, 0], surfaces[row, column, 1]
    x, y, z = normals[row, column, 0], normals[row, column, 1], normals[row, column, 2]
    for i in range(max(row - 1, 0), min(row + 2, surfaces.shape[0])):
        for j in range(max(column - 1, 0), min(column + 2, surfaces.shape[1])):
            if surfaces[i, j, 0] != item or surfaces[i, j, 1] != mesh:
                return True
            if item != NO_HIT and x * normals[i, j, 0] + y * normals[i, j, 1] + z * normals[i, j, 2] < least_cosine:
                return True
    return False


@numba.njit(cache=True)
def border_points(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Points of the lattice on the borders of chosen pixels (H, W), each once, the neighbouring ones close together."""
    height, width = chosen.shape
    points = np.zeros(2 * height * width + height + width, dtype=np.int64)
    count = 0
    for top in range(0, height + 1, 2):
        for left in range(0, width + 1, 2):
            for row in range(top, min(top + 2, height + 1)):
                for column in range(left, min(left + 2, width + 1)):
                    own = row < height and column < width and chosen[row, column]
                    first = 2 * row * (2 * width + 1) + 2 * column
                    if own or (column < width and row > 0 and chosen[row - 1, column]):
                        points[count] = first + 1
                        count += 1
                    if own or (row < height and column > 0 and chosen[row, column - 1]):
                        points[count] = first + 2 * width + 1
                        count += 1
    return points[:count]


Sums = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Albedo (N, 3), normals (N, 3) and sky coverage (N,) of a picture's pixels, on the way to means over them."""


def begin_means(chosen: NDArray[np.bool_], sums: Sums) -> None:
    """Give the values at the centres of chosen pixels (N,) their weight, in place."""
    _scale(chosen, _CENTRE_WEIGHT, *sums)


@numba.njit(cache=True)
def add_borders(points: NDArray[np.int64], chosen: NDArray[np.bool_], values: Any, sums: Any) -> None:
    """Add to chosen pixels what was found on their borders, in place.

    One thread does it: neighbours share a border, and sums must keep their order.

    Args:
        points: (M,) of the lattice.
        chosen: (H, W).
        values: albedo (M, 3) and normals (M, 3) float32 there, and ids (M, 3) uint32 as Embree gives them.
        sums: ``Sums``.
    """
    height, width = chosen.shape
    (albedo, normals, ids), (albedo_sum, normal_sum, sky_sum) = values, sums
    for index in range(len(points)):
        y, x = points[index] // (2 * width + 1), points[index] % (2 * width + 1)
        up, left = (1, 0) if y % 2 == 0 else (0, 1)
        for row, column in ((y // 2, x // 2), (y // 2 - up, x // 2 - left)):
            if row < 0 or column < 0 or row >= height or column >= width or not chosen[row, column]:
                continue
            pixel = row * width + column
            for channel in range(3):
                albedo_sum[pixel, channel] += albedo[index, channel]
                normal_sum[pixel, channel] += normals[index, channel]
            if ids[index, 0] == NO_HIT:
                sky_sum[pixel] += np.float32(1.0)


def finish_means(chosen: NDArray[np.bool_], sums: Sums) -> None:
    """Turn the sums of chosen pixels (N,) into means, in place."""
    _scale(chosen, 1.0 / _ALL_WEIGHTS, *sums)


@numba.njit(parallel=True, cache=True)
def _scale(chosen: NDArray[np.bool_], factor: float, albedo: Any, normals: Any, sky_coverage: Any) -> None:
    for pixel in numba.prange(len(chosen)):
        if chosen[pixel]:
            for channel in range(3):
                albedo[pixel, channel] *= factor
                normals[pixel, channel] *= factor
            sky_coverage[pixel] *= factor
