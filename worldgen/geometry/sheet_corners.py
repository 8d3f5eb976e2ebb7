"""The corners of a panorama's pixels as vertices: one per surface that meets there, and where each of them lies.

A sheet's faces are pixels, so it covers exactly what the panorama shows. At a depth edge the pixels around a corner
fall into groups, and every group has a vertex of its own, which its pixels' inverse depths are continued to. Outlines
would be stairs along the pixels' sides; corners on them are moved towards the line through their neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.depth_edges import DepthCuts

UPPER_LEFT, UPPER_RIGHT, LOWER_LEFT, LOWER_RIGHT = 0, 1, 2, 3
"""The pixels around a corner."""

_SMOOTHING_ROUNDS = 3
_FARTHEST_SHIFT_PX = 0.5
_MOST_STRETCH = 1.15
"""How much nearer or farther than its pixels a continued corner may lie, as a ratio of inverse depths."""


@dataclass(frozen=True, slots=True, eq=False)
class SheetCorners:
    """Vertices at the corners of H rows and 2H columns of pixels; corner (r, c) is above left of pixel (r, c).

    inverse  (H + 1, 2H, 4) float32  1 / metres, by the pixel around the corner; 0 where that has no surface
    groups   (H + 1, 2H, 4) uint8    the first of the pixels around the corner that lie on the same surface
    shifts   (H + 1, 2H, 2) float32  by how many columns and rows the corner was moved
    """

    inverse: NDArray[np.float32]
    groups: NDArray[np.uint8]
    shifts: NDArray[np.float32]


def find_corners(
    inverse: NDArray[np.float32],
    cuts: DepthCuts,
    *,
    front: NDArray[np.float32] | None = None,
    inside: NDArray[np.bool_] | None = None,
) -> SheetCorners:
    """Find the vertices at the corners of a depth map's pixels.

    Args:
        inverse: (H, 2H) 1 / depth, 0 where there is no surface.
        cuts: Its depth edges.
        front: (H + 1, 2H, 4) inverse depths at the corners of a sheet that this one continues behind edges, or None.
        inside: (H, 2H) pixels that are this sheet's own; at its rim, its vertices are those of ``front``.
    """
    groups = _groups(inverse, cuts.right, cuts.down)
    values = _continued(inverse, _gradients(inverse, cuts.right, cuts.down), groups)
    if front is not None and inside is not None:
        _snap(values, groups, front, inside)
    _close_pole(values[0, :, LOWER_LEFT:], groups[0, :, LOWER_LEFT:])
    _close_pole(values[-1, :, :LOWER_LEFT], groups[-1, :, :LOWER_LEFT])
    return SheetCorners(inverse=values, groups=groups, shifts=_outline_shifts(cuts.right, cuts.down))


def _close_pole(values: NDArray[np.float32], groups: NDArray[np.uint8]) -> None:
    """All corners of a pole are one point, where one surface is seen all around it."""
    if not (values > 0.0).all() or values.max() > 1.5 * values.min() or (groups[:, 0] != groups[:, 1]).any():
        return
    values[...] = np.median(values)


@numba.njit(parallel=True, cache=True)
def _gradients(inverse: NDArray[np.float32], right: NDArray[np.bool_], down: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, 2H, 2) change of the inverse depth per column and row, over neighbours on the same surface."""
    height, width = inverse.shape
    gradients = np.zeros((height, width, 2), dtype=np.float32)
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            here = inverse[row, column]
            if here == 0.0:
                continue
            east, west = (column + 1) % width, (column - 1) % width
            total, count = 0.0, 0
            if not right[row, column]:
                total += inverse[row, east] - here
                count += 1
            if not right[row, west]:
                total += here - inverse[row, west]
                count += 1
            gradients[row, column, 0] = total / max(count, 1)
            total, count = 0.0, 0
            if row + 1 < height and not down[row, column]:
                total += inverse[row + 1, column] - here
                count += 1
            if row > 0 and not down[row - 1, column]:
                total += here - inverse[row - 1, column]
                count += 1
            gradients[row, column, 1] = total / max(count, 1)
    return gradients


@numba.njit(parallel=True, cache=True)
def _groups(inverse: NDArray[np.float32], right: NDArray[np.bool_], down: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Which of the four pixels around each corner hang together."""
    height, width = inverse.shape
    groups = np.zeros((height + 1, width, 4), dtype=np.uint8)
    for index in numba.prange(height + 1):
        row = index + 0
        for column in range(width):
            west = (column - 1) % width
            group = groups[row, column]
            for quadrant in range(4):
                group[quadrant] = quadrant
            above, below = row > 0, row < height
            if above and not right[row - 1, west]:
                group[1] = 0
            if below and not right[row, west]:
                group[3] = 2
            if above and below:
                if not down[row - 1, west]:
                    # The left pair: whatever was named after the lower one is now named after the upper one.
                    if group[3] == 2:
                        group[3] = group[0]
                    group[2] = group[0]
                if not down[row - 1, column]:
                    one, other = min(group[1], group[3]), max(group[1], group[3])
                    for quadrant in range(4):
                        if group[quadrant] == other:
                            group[quadrant] = one
    return groups


@numba.njit(parallel=True, cache=True)
def _continued(
    inverse: NDArray[np.float32], gradients: NDArray[np.float32], groups: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Inverse depths at the corners: the mean of what the pixels of each group continue to."""
    height, width = inverse.shape
    values = np.zeros((height + 1, width, 4), dtype=np.float32)
    for index in numba.prange(height + 1):
        row = index + 0
        for column in range(width):
            for first in range(4):
                if groups[row, column, first] != first:
                    values[row, column, first] = values[row, column, groups[row, column, first]]
                    continue
                total, count, least, most = 0.0, 0, math.inf, 0.0
                for quadrant in range(first, 4):
                    r, c = row - 1 + quadrant // 2, (column - 1 + quadrant % 2) % width
                    if groups[row, column, quadrant] != first or r < 0 or r >= height or inverse[r, c] == 0.0:
                        continue
                    across, along = 0.5 - quadrant % 2, 0.5 - quadrant // 2
                    total += inverse[r, c] + across * gradients[r, c, 0] + along * gradients[r, c, 1]
                    count += 1
                    least, most = min(least, inverse[r, c]), max(most, inverse[r, c])
                if count:
                    values[row, column, first] = min(max(total / count, least / _MOST_STRETCH), most * _MOST_STRETCH)
    return values


@numba.njit(parallel=True, cache=True)
def _snap(
    values: NDArray[np.float32], groups: NDArray[np.uint8], front: NDArray[np.float32], inside: NDArray[np.bool_]
) -> None:
    """Take the front sheet's vertices where a surface comes out from behind its edge."""
    height, width = inside.shape
    for index in numba.prange(height + 1):
        row = index + 0
        for column in range(width):
            for quadrant in range(4):
                r, c = row - 1 + quadrant // 2, (column - 1 + quadrant % 2) % width
                value = front[row, column, quadrant]
                if r < 0 or r >= height or inside[r, c] or value == 0.0:
                    continue
                group = groups[row, column, quadrant]
                for other in range(4):
                    if groups[row, column, other] == group:
                        values[row, column, other] = value


@numba.njit(parallel=True, cache=True)
def _outline_shifts(right: NDArray[np.bool_], down: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H + 1, 2H, 2) shifts that make stairs of outlines straight: corners go to the middle of their neighbours.

    Only corners that one line runs through move; where lines meet or end, they stay.
    """
    height, width = right.shape
    shifts = np.zeros((height + 1, width, 2), dtype=np.float32)
    for _ in range(_SMOOTHING_ROUNDS):
        old = shifts.copy()
        for index in numba.prange(height - 1):
            row = index + 1
            for column in range(width):
                west, east = (column - 1) % width, (column + 1) % width
                across, along, count = 0.0, 0.0, 0
                if right[row - 1, west]:
                    across += old[row - 1, column, 0]
                    along += old[row - 1, column, 1] - 1.0
                    count += 1
                if right[row, west]:
                    across += old[row + 1, column, 0]
                    along += old[row + 1, column, 1] + 1.0
                    count += 1
                if down[row - 1, west]:
                    across += old[row, west, 0] - 1.0
                    along += old[row, west, 1]
                    count += 1
                if down[row - 1, column]:
                    across += old[row, east, 0] + 1.0
                    along += old[row, east, 1]
                    count += 1
                if count != 2:
                    continue
                x = 0.5 * old[row, column, 0] + 0.25 * across
                y = 0.5 * old[row, column, 1] + 0.25 * along
                shifts[row, column, 0] = min(max(x, -_FARTHEST_SHIFT_PX), _FARTHEST_SHIFT_PX)
                shifts[row, column, 1] = min(max(y, -_FARTHEST_SHIFT_PX), _FARTHEST_SHIFT_PX)
    return shifts
