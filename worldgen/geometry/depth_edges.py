"""Where neighbouring pixels of a panorama see different surfaces, and depth that is sharp there.

On a plane the inverse depth is linear in the image, however grazing it is seen. So a step of the inverse depth that
goes on from the gradient on one of its sides is a slant, and one that comes out of nothing is an edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.scene.arrays import freeze, require_array

VISIT_REACH_M = 2.0
"""How far from the panorama's camera a visitor shall see plausible surfaces."""

_LEAST_RATIO = 1.03
"""Neighbours whose depths differ by less lie on one surface; and ..."""
_RATIO_PER_RADIAN = 2.5
"""... so much more per radian between them, as a crease or a rounded rim makes."""
_ALWAYS_RATIO = 2.0
"""A step this large is an edge unless the slant explains it very well."""
_EXPLAINED = 0.45
"""Share of a step that may be left when a gradient is continued across it."""
_VISIBLE_PX = 0.6
"""Steps whose parallax, seen from the reach, is smaller than this part of a pixel are none."""
_KNOT_PX = 3.0
"""Pixels around one corner that would bend it by more parallax than this, seen from the reach, do not hang together."""
_KNOT_ROUNDS = 4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DepthCuts:
    """Depth edges between neighbouring pixels.

    right  (H, 2H) bool  between a pixel and the one to its right; the last column's neighbour is the first
    down   (H, 2H) bool  between a pixel and the one below it; the last row has none
    """

    right: NDArray[np.bool_]
    down: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check sizes."""
        right = require_array("DepthCuts", "right", self.right, ("H", "W"), np.bool_)
        freeze(self, right=right, down=require_array("DepthCuts", "down", self.down, right.shape, np.bool_))


def find_depth_cuts(euclidean_depth: NDArray[np.float32], *, reach_m: float = VISIT_REACH_M) -> DepthCuts:
    """Find the depth edges of an equirectangular depth map.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky; sky and surface are always cut apart.
        reach_m: How far off the surfaces will be looked at from; edges that show no parallax from there are none.
    """
    inverse = inverse_depth(euclidean_depth)
    right, down = _find_cuts(inverse, reach_m)
    for _ in range(_KNOT_ROUNDS):
        if not _cut_knots(inverse, (right, down), _KNOT_PX * math.pi / len(inverse) / reach_m):
            break
    return DepthCuts(right=right, down=down)


def inverse_depth(euclidean_depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / depth per pixel, 0 for the sky; float32."""
    return (np.float32(1.0) / np.maximum(euclidean_depth, np.float32(1e-6))).astype(np.float32)


@numba.njit(cache=True, inline="always")
def _is_step(before: float, here: float, there: float, after: float, limits: tuple[float, float]) -> bool:
    """Whether four inverse depths in a row have an edge between the second and the third.

    ``limits`` are the smallest step that can be seen, and the smallest ratio that is not one surface's.
    """
    if here == 0.0 and there == 0.0:
        return False
    if here == 0.0 or there == 0.0:
        return True
    near, far = max(here, there), min(here, there)
    step = near - far
    if near < limits[1] * far or step < limits[0]:
        return False
    left = step if before == 0.0 else abs(2.0 * here - before - there)
    right = step if after == 0.0 else abs(2.0 * there - after - here)
    allowed = _EXPLAINED if near < _ALWAYS_RATIO * far else 0.5 * _EXPLAINED
    return min(left, right) > allowed * step


@numba.njit(parallel=True, cache=True)
def _find_cuts(inverse: NDArray[np.float32], reach_m: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    height, width = inverse.shape
    right, down = np.zeros((height, width), dtype=np.bool_), np.zeros((height, width), dtype=np.bool_)
    pixel = math.pi / height
    limits = (_VISIBLE_PX * pixel / reach_m, _LEAST_RATIO + _RATIO_PER_RADIAN * pixel)
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            c1, c2, c0 = (column + 1) % width, (column + 2) % width, (column - 1) % width
            right[row, column] = _is_step(
                inverse[row, c0], inverse[row, column], inverse[row, c1], inverse[row, c2], limits
            )
            if row + 1 < height:
                before = inverse[row - 1, column] if row > 0 else 0.0
                after = inverse[row + 2, column] if row + 2 < height else 0.0
                down[row, column] = _is_step(before, inverse[row, column], inverse[row + 1, column], after, limits)
    return right, down


@numba.njit(cache=True, inline="always")
def _slope(before: float, here: float, after: float, is_cut: tuple[bool, bool]) -> float:
    """Mean change of the inverse depth towards the neighbours on the same surface."""
    if is_cut[0] and is_cut[1]:
        return 0.0
    if is_cut[0]:
        return after - here
    if is_cut[1]:
        return here - before
    return 0.5 * (after - before)


@numba.njit(cache=True)
def _continued_to(
    inverse: NDArray[np.float32],
    cuts: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    place: tuple[int, int],
    side: tuple[float, float],
) -> float:
    """What a pixel's surface has at one of its corners."""
    right, down = cuts
    height, width = inverse.shape
    row, column = place
    west, east = (column - 1) % width, (column + 1) % width
    here = inverse[row, column]
    across = _slope(inverse[row, west], here, inverse[row, east], (right[row, west], right[row, column]))
    upper = inverse[row - 1, column] if row > 0 else 0.0
    lower = inverse[row + 1, column] if row + 1 < height else 0.0
    ends = (row == 0 or down[row - 1, column], row + 1 == height or down[row, column])
    return here + side[0] * across + side[1] * _slope(upper, here, lower, ends)


@numba.njit(cache=True, inline="always")
def _hang_together(steps: tuple[float, float, float, float], first: int, second: int) -> bool:
    """Whether two of the four pixels around a corner are joined, directly or over a third; -1 is the step of a cut."""
    top, bottom, left, right = steps[0] >= 0.0, steps[1] >= 0.0, steps[2] >= 0.0, steps[3] >= 0.0
    if first == 0 and second == 1:
        return top
    if first == 2 and second == 3:
        return bottom
    if first == 0 and second == 2:
        return left
    if first == 1 and second == 3:
        return right
    if first == 0 and second == 3:
        return (top and right) or (left and bottom)
    return (top and left) or (right and bottom)


@numba.njit(parallel=True, cache=True)
def _cut_knots(inverse: NDArray[np.float32], cuts: tuple[NDArray[np.bool_], NDArray[np.bool_]], limit: float) -> bool:
    """Cut at their largest step those pixels that meet at a corner, hang together, and continue to different depths.

    Steps between leaves may happen to look like a slope, and a ring of small steps may join what lies far apart.
    """
    right, down = cuts
    height, width = inverse.shape
    cut_right, cut_down = np.zeros_like(right), np.zeros_like(down)
    for index in numba.prange(height - 1):
        row = index + 0
        for column in range(width):
            east = (column + 1) % width
            a, b = inverse[row, column], inverse[row, east]
            c, d = inverse[row + 1, column], inverse[row + 1, east]
            steps = (
                -1.0 if right[row, column] else abs(a - b),
                -1.0 if right[row + 1, column] else abs(c - d),
                -1.0 if down[row, column] else abs(a - c),
                -1.0 if down[row, east] else abs(b - d),
            )
            largest = max(max(steps[0], steps[1]), max(steps[2], steps[3]))
            if largest <= limit:
                continue
            corner = (
                _continued_to(inverse, cuts, (row, column), (0.5, 0.5)),
                _continued_to(inverse, cuts, (row, east), (-0.5, 0.5)),
                _continued_to(inverse, cuts, (row + 1, column), (0.5, -0.5)),
                _continued_to(inverse, cuts, (row + 1, east), (-0.5, -0.5)),
            )
            apart = 0.0
            for first in range(4):
                for second in range(first):
                    if _hang_together(steps, second, first):
                        apart = max(apart, abs(corner[first] - corner[second]))
            if apart <= limit:
                continue
            if steps[0] == largest:
                cut_right[row, column] = True
            elif steps[1] == largest:
                cut_right[row + 1, column] = True
            elif steps[2] == largest:
                cut_down[row, column] = True
            else:
                cut_down[row, east] = True
    found = bool(cut_right.any() or cut_down.any())
    for index in numba.prange(height):
        right[index] |= cut_right[index]
        down[index] |= cut_down[index]
    return found


def sharpen_depth_edges(
    euclidean_depth: NDArray[np.float32], colors: NDArray[np.float32], *, radius_px: int = 4
) -> NDArray[np.float32]:
    """Give pixels that hang between two surfaces the depth of the one whose colour they have.

    Estimated depth runs from near to far over some pixels at every edge. Such pixels, far from both the nearest and
    the farthest depth around them, take the weighted mean of one side, chosen by colour and distance; everything else
    stays as it is, so exact depth is not changed.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky.
        colors: (H, 2H, 3) display-referred.
        radius_px: How far the blur may reach.

    Returns:
        (H, 2H) float32.
    """
    sharp = _sharpen(inverse_depth(euclidean_depth), colors, radius_px)
    with np.errstate(divide="ignore"):
        depth = (np.float32(1.0) / sharp).astype(np.float32)
    return np.where(sharp == inverse_depth(euclidean_depth), euclidean_depth, depth)


_CLUSTER_TOLERANCE = 0.12
_COLOR_SIGMA = 0.08


@numba.njit(cache=True)
def _is_ramp(inverse: NDArray[np.float32], place: tuple[int, int], radius: int) -> bool:
    """Whether the depth runs from one even stretch to another through this pixel; a slanted plane is no ramp."""
    height, width = inverse.shape
    row, column = place
    here = inverse[row, column]
    for axis in range(2):
        dr, dc = (1, 0) if axis == 0 else (0, 1)
        low, high = row - (radius + 1) * dr, row + (radius + 1) * dr
        if low < 0 or high >= height:
            continue
        before, after = inverse[row - dr, (column - dc) % width], inverse[row + dr, (column + dc) % width]
        if abs(before - here) < 0.03 * here or abs(after - here) < 0.03 * here:
            continue
        first, second = (
            inverse[low, (column - (radius + 1) * dc) % width],
            inverse[high, (column + (radius + 1) * dc) % width],
        )
        inner_first = inverse[row - radius * dr, (column - radius * dc) % width]
        inner_second = inverse[row + radius * dr, (column + radius * dc) % width]
        ends = max(abs(first - inner_first), abs(second - inner_second))
        if (before - here) * (here - after) > 0.0 and abs(before - after) > 5.0 * ends:
            return True
    return False


@numba.njit(parallel=True, cache=True)
def _sharpen(inverse: NDArray[np.float32], colors: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    height, width = inverse.shape
    result = inverse.copy()
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            here = inverse[row, column]
            if here == 0.0:
                continue
            first, last = max(row - radius, 0), min(row + radius, height - 1)
            near, far = here, here
            for r in range(first, last + 1):
                for dc in range(-radius, radius + 1):
                    value = inverse[r, (column + dc) % width]
                    near, far = max(near, value), min(far, value)
            if near < 1.3 * far or near - here < _CLUSTER_TOLERANCE * near:
                continue
            if here - far < _CLUSTER_TOLERANCE * here:
                continue
            if not _is_ramp(inverse, (row, column), radius):
                continue
            middle = math.sqrt(near * max(far, 0.02 * near))
            weight_near = weight_far = sum_near = sum_far = 0.0
            for r in range(first, last + 1):
                for dc in range(-radius, radius + 1):
                    c = (column + dc) % width
                    value = inverse[r, c]
                    is_near = value > middle
                    # Only pixels that are on a surface themselves can vouch for it.
                    if is_near and value < (1.0 - _CLUSTER_TOLERANCE) * near:
                        continue
                    if not is_near and value > far + _CLUSTER_TOLERANCE * max(far, 0.3 * middle):
                        continue
                    difference = 0.0
                    for channel in range(3):
                        step = colors[row, column, channel] - colors[r, c, channel]
                        difference += step * step
                    offset = (r - row) ** 2 + dc * dc
                    weight = math.exp(-difference / (2.0 * _COLOR_SIGMA**2) - offset / (2.0 * radius * radius)) + 1e-9
                    if is_near:
                        weight_near += weight
                        sum_near += weight * value
                    else:
                        weight_far += weight
                        sum_far += weight * value
            if weight_near == 0.0 and weight_far == 0.0:
                continue
            if weight_near >= weight_far:
                result[row, column] = sum_near / weight_near
            else:
                result[row, column] = sum_far / weight_far
    return result
