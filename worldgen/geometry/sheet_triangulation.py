"""Adaptive triangles over the pixels of a panorama, as few as its surfaces and its picture allow, without cracks.

Right triangles are split at the middle of their longest side, and a split asks for that of the neighbour across it
(Evans, Kirkpatrick and Townsend, "Right-triangulated irregular networks", 2001). So every point of the grid is the
middle of one longest side, and it is enough to know what leaving it out would cost, with what leaving out the points
below it would: a triangle is split while that is more than allowed. Points cost infinitely much where an edge or
the rim of the sheet runs through the triangle, so no triangle crosses one.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.sheet_corners import LOWER_LEFT, LOWER_RIGHT, UPPER_LEFT, UPPER_RIGHT, SheetCorners

_MOST_TILE_PX = 64
_DEPTH = 24
"""Splits from a tile to half a pixel are fewer."""

Field = tuple[
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.bool_],
    NDArray[np.bool_],
    NDArray[np.bool_],
]
"""Corners' inverse depths and shifts, the picture's contrast, the sheet's pixels, and cuts to the right and below."""


def split_errors(
    corners: SheetCorners,
    contrast: NDArray[np.float32],
    inside: NDArray[np.bool_],
    cuts: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    *,
    reach_m: float,
) -> NDArray[np.float32]:
    """What it costs, in pixels, to leave out each corner.

    Args:
        corners: Vertices at the corners.
        contrast: (H, 2H) weight of the picture being drawn out of place.
        inside: (H, 2H) pixels of the sheet.
        cuts: Edges to the right of and below pixels.
        reach_m: How far from the camera the sheet is looked at from.

    Returns:
        (H + 1, 2H) float32, infinite where a corner must stay.
    """
    right, down = (cut.copy() for cut in cuts)
    right |= inside != np.roll(inside, -1, axis=1)
    down[:-1] |= inside[1:] != inside[:-1]
    height = len(inside)
    field = (corners.inverse, corners.shifts, contrast, inside, right, down)
    errors = np.zeros((height + 1, 2 * height), dtype=np.float32)
    step = 1
    while 2 * step <= tile_px(height):
        _side_errors(errors, field, step, reach_m)
        _middle_errors(errors, field, step, reach_m)
        step *= 2
    return errors


def tile_px(height: int) -> int:
    """Side of the squares that a panorama is triangulated in: the largest power of two, within bounds, that fits."""
    side = 1
    while side < _MOST_TILE_PX and height % (2 * side) == 0:
        side *= 2
    return side


def count_triangles(errors: NDArray[np.float32], inside: NDArray[np.bool_], tolerance_px: float) -> int:
    """How many triangles a tolerance makes."""
    return int(_counts(errors, inside, tolerance_px, tile_px(len(inside))).sum())


def triangulate(
    errors: NDArray[np.float32], corners: SheetCorners, inside: NDArray[np.bool_], tolerance_px: float
) -> NDArray[np.int64]:
    """Triangles of the sheet's pixels, fronts towards the camera.

    Returns:
        (T, 3) vertices as ``(row * (2H + 1) + column) * 4 + group``; the seam's corners are columns 0 and 2H.
    """
    side = tile_px(len(inside))
    counts = _counts(errors, inside, tolerance_px, side)
    starts = np.concatenate([[0], np.cumsum(counts)])
    triangles = np.zeros((int(starts[-1]), 3), dtype=np.int64)
    _emit((errors, inside, corners.groups), tolerance_px, side, (starts, triangles))
    return triangles


@numba.njit(cache=True, inline="always")
def _point(field: Field, row: int, column: int, quadrant: int) -> tuple[float, float, float]:
    """A corner's vertex around the camera."""
    inverse, shifts, _, inside, _, _ = field
    height, width = inside.shape
    c = column % width
    pixel = math.pi / height
    azimuth = (column + shifts[row, c, 0]) * pixel - math.pi
    polar = (row + shifts[row, c, 1]) * pixel
    distance = 1.0 / inverse[row, c, quadrant]
    flat = distance * math.sin(polar)
    return flat * math.sin(azimuth), distance * math.cos(polar), -flat * math.cos(azimuth)


@numba.njit(cache=True)
def _own_error(
    field: Field, ends: tuple[int, int, int, int, int, int], middle: tuple[int, int, int], reach_m: float
) -> float:
    """How far off, in pixels, the middle of a side is drawn if it is left out.

    Across the view, what is drawn out of place shows where the picture has contrast; along the view it shows from
    elsewhere, as parallax.
    """
    inverse, _, contrast, inside, _, _ = field
    height, width = inside.shape
    first_row, first_column, first, second_row, second_column, second = ends
    row, column, quadrant = middle
    if (
        inverse[first_row, first_column % width, first] == 0.0
        or inverse[second_row, second_column % width, second] == 0.0
        or inverse[row, column % width, quadrant] == 0.0
    ):
        return math.inf
    ax, ay, az = _point(field, first_row, first_column, first)
    bx, by, bz = _point(field, second_row, second_column, second)
    x, y, z = _point(field, row, column, quadrant)
    dx, dy, dz = 0.5 * (ax + bx) - x, 0.5 * (ay + by) - y, 0.5 * (az + bz) - z
    distance = math.sqrt(x * x + y * y + z * z)
    along = (dx * x + dy * y + dz * z) / distance
    across = math.sqrt(max(dx * dx + dy * dy + dz * dz - along * along, 0.0))
    pixels = height / (math.pi * distance)
    weight = contrast[min(max(row - 1 + quadrant // 2, 0), height - 1), (column - 1 + quadrant % 2) % width]
    return pixels * (weight * across + abs(along) * min(reach_m / distance, 1.0))


@numba.njit(parallel=True, cache=True)
def _side_errors(errors: NDArray[np.float32], field: Field, step: int, reach_m: float) -> None:
    """Costs of the middles of sides that run along rows or columns, two steps long."""
    _, _, _, inside, right, down = field
    height, width = inside.shape
    for index in numba.prange(height // step + 1):
        row = index * step
        first = 0 if index % 2 else 1
        for place in range(first, width // step, 2):
            column = place * step
            error = 0.0
            for side in range(2):
                # A side along a column has a triangle on its left and one on its right, one along a row has one
                # above and one below; no cut may run from the middle to the triangle's tip.
                is_cut = False
                if index % 2:
                    start = column - step if side == 0 else column
                    for k in range(start, start + step):
                        is_cut = is_cut or down[row - 1, k % width]
                    high, low = (LOWER_LEFT, UPPER_LEFT) if side == 0 else (LOWER_RIGHT, UPPER_RIGHT)
                    ends = (row - step, column, high, row + step, column, low)
                    middle = (row, column, low)
                    pixel_row, pixel_column = row, (column - 1 + side) % width
                else:
                    if (side == 0 and row == 0) or (side == 1 and row == height):
                        continue
                    start = row - step if side == 0 else row
                    for k in range(start, start + step):
                        is_cut = is_cut or right[k, (column - 1) % width]
                    near, far = (UPPER_RIGHT, UPPER_LEFT) if side == 0 else (LOWER_RIGHT, LOWER_LEFT)
                    ends = (row, column - step, near, row, column + step, far)
                    middle = (row, column, near)
                    pixel_row, pixel_column = row - 1 + side, column
                if is_cut:
                    error = math.inf
                elif inside[pixel_row, pixel_column]:
                    error = max(error, _own_error(field, ends, middle, reach_m))
            if step > 1:
                half = step // 2
                for corner in range(4):
                    r = row - half if corner < 2 else row + half
                    c = (column - half if corner % 2 else column + half) % width
                    if 0 <= r <= height:
                        error = max(error, errors[r, c])
            errors[row, column] = error


@numba.njit(parallel=True, cache=True)
def _middle_errors(errors: NDArray[np.float32], field: Field, step: int, reach_m: float) -> None:
    """Costs of the middles of squares two steps wide: each lies on the square's diagonal."""
    inside = field[3]
    height, width = inside.shape
    for index in numba.prange(height // (2 * step)):
        row = (2 * index + 1) * step
        for place in range(width // (2 * step)):
            column = (2 * place + 1) * step
            error = max(
                max(errors[row - step, column], errors[row + step, column]),
                max(errors[row, column - step], errors[row, (column + step) % width]),
            )
            if error < math.inf and inside[row, column]:
                if (index + place) % 2 == 0:
                    ends = (row - step, column - step, LOWER_RIGHT, row + step, column + step, UPPER_LEFT)
                else:
                    ends = (row - step, column + step, LOWER_LEFT, row + step, column - step, UPPER_RIGHT)
                error = max(error, _own_error(field, ends, (row, column, UPPER_LEFT), reach_m))
            errors[row, column] = error


@numba.njit(cache=True, inline="always")
def _quadrant(place: tuple[int, int], others: tuple[int, int]) -> int:
    """Which pixel at a corner lies in a triangle; ``others`` is the sum of the two other corners."""
    down, right = others[0] - 2 * place[0], others[1] - 2 * place[1]
    return (2 if down >= 0 else 0) + (1 if right >= 0 else 0)


@numba.njit(cache=True)
def _roots(tile_row: int, tile_column: int, side: int, stack: NDArray[np.int64]) -> int:
    """The two triangles of a tile, each with the ends of its longest side first, counter-clockwise from inside."""
    top, left = tile_row * side, tile_column * side
    bottom, far = top + side, left + side
    if (tile_row + tile_column) % 2 == 0:
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3], stack[0, 4], stack[0, 5] = (
            bottom,
            far,
            top,
            left,
            bottom,
            left,
        )
        stack[1, 0], stack[1, 1], stack[1, 2], stack[1, 3], stack[1, 4], stack[1, 5] = top, left, bottom, far, top, far
    else:
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3], stack[0, 4], stack[0, 5] = (
            top,
            far,
            bottom,
            left,
            bottom,
            far,
        )
        stack[1, 0], stack[1, 1], stack[1, 2], stack[1, 3], stack[1, 4], stack[1, 5] = bottom, left, top, far, top, left
    return 2


@numba.njit(cache=True)
def _split(stack: NDArray[np.int64], size: int) -> int:
    """Replace the last triangle of the stack by its halves."""
    ar, ac, br, bc, cr, cc = stack[size - 1]
    mr, mc = (ar + br) // 2, (ac + bc) // 2
    top = stack[size - 1]
    top[0], top[1], top[2], top[3], top[4], top[5] = cr, cc, ar, ac, mr, mc
    new = stack[size]
    new[0], new[1], new[2], new[3], new[4], new[5] = br, bc, cr, cc, mr, mc
    return size + 1


@numba.njit(cache=True, inline="always")
def _is_split(triangle: NDArray[np.int64], errors: NDArray[np.float32], tolerance_px: float) -> bool:
    width = errors.shape[1]
    rows, columns = triangle[0] + triangle[2], triangle[1] + triangle[3]
    if rows % 2 or columns % 2:
        return False
    return errors[rows // 2, (columns // 2) % width] > tolerance_px


@numba.njit(cache=True, inline="always")
def _is_inside(triangle: NDArray[np.int64], inside: NDArray[np.bool_]) -> bool:
    quadrant = _quadrant((triangle[0], triangle[1]), (triangle[2] + triangle[4], triangle[3] + triangle[5]))
    row, column = triangle[0] - 1 + quadrant // 2, triangle[1] - 1 + quadrant % 2
    return inside[row, column % inside.shape[1]]


@numba.njit(parallel=True, cache=True)
def _counts(
    errors: NDArray[np.float32], inside: NDArray[np.bool_], tolerance_px: float, side: int
) -> NDArray[np.int64]:
    height, width = inside.shape
    across = width // side
    counts = np.zeros((height // side) * across, dtype=np.int64)
    for tile in numba.prange(len(counts)):
        stack = np.zeros((_DEPTH, 6), dtype=np.int64)
        size = _roots(tile // across, tile % across, side, stack)
        while size:
            triangle = stack[size - 1]
            if _is_split(triangle, errors, tolerance_px):
                size = _split(stack, size)
                continue
            if _is_inside(triangle, inside):
                counts[tile] += 1
            size -= 1
    return counts


@numba.njit(parallel=True, cache=True)
def _emit(
    grids: tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.uint8]],
    tolerance_px: float,
    side: int,
    results: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    errors, inside, groups = grids
    starts, triangles = results
    height, width = inside.shape
    across = width // side
    for tile in numba.prange((height // side) * across):
        stack = np.zeros((_DEPTH, 6), dtype=np.int64)
        size = _roots(tile // across, tile % across, side, stack)
        place = starts[tile]
        while size:
            triangle = stack[size - 1]
            if _is_split(triangle, errors, tolerance_px):
                size = _split(stack, size)
                continue
            if _is_inside(triangle, inside):
                rows, columns = triangle[0] + triangle[2] + triangle[4], triangle[1] + triangle[3] + triangle[5]
                for corner in range(3):
                    r, c = triangle[2 * corner], triangle[2 * corner + 1]
                    quadrant = _quadrant((r, c), (rows - r, columns - c))
                    triangles[place, corner] = (r * (width + 1) + c) * 4 + groups[r, c % width, quadrant]
                place += 1
            size -= 1
