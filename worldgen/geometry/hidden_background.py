"""The depth of what nearer surfaces hide: found by looking past them to both sides and continuing what stands there.

From each pixel of a surface that has a depth edge near, sixteen walks lead across the image. Where a walk leaves the
surface over an edge, the surface beyond is a candidate: its plane, or its distance where it has none, continued back
to the pixel. Candidates that agree are one background; the nearest and best supported comes first, and one further
back stands behind it. The walks go as far as the parallax of the visit reaches, so everything that moving about can
uncover has something behind it.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.depth_edges import VISIT_REACH_M, DepthCuts, inverse_depth
from worldgen.geometry.equirectangular import equirectangular_rays

_WALKS = 16
_MARGIN_PX = 3.0
"""What is uncovered is filled this much further, so that sheets and splats overlap."""
_FARTHEST_WALK = 1.3
"""Radians that a walk takes at most."""
_AGREEMENT = 0.15
_LEAST_GAP = 0.06
"""Backgrounds stand at least this part of their inverse depth behind what hides them."""
_SECOND_SUPPORT = 0.12
_WINDOW = 4
_PLANE_RESIDUAL = 0.02
_FARTHEST_RATIO = 6.0
"""A continued plane may be this much farther than where it was seen."""
_SMOOTHING_ROUNDS = 24

HiddenArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]


def find_hidden_depth(
    euclidean_depth: NDArray[np.float32], cuts: DepthCuts, *, reach_m: float = VISIT_REACH_M
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Continue backgrounds behind what hides them.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky.
        cuts: Its depth edges.
        reach_m: How far from the camera hidden parts shall be looked at from.

    Returns:
        The first and the second hidden depth (H, 2H) float32, infinite where there is none or only the sky, and
        for each pixel with a first one the row and column of the background seen nearest to it, (H, 2H, 2) int32,
        -1 elsewhere.
    """
    inverse = inverse_depth(euclidean_depth)
    rays = equirectangular_rays(len(inverse)).astype(np.float32)
    clear = _distance_to_cuts(cuts)
    images = (inverse, rays, clear, _planes_near(inverse, rays, clear))
    first, second, origins = _walk(images, cuts.right, cuts.down, reach_m)
    first = _smoothed(first, inverse)
    second = _smoothed(np.minimum(second, first * np.float32(1.0 - _LEAST_GAP)), inverse)
    with np.errstate(divide="ignore"):
        return np.float32(1.0) / first, np.float32(1.0) / second, origins


def _distance_to_cuts(cuts: DepthCuts) -> NDArray[np.int32]:
    """(H, 2H) how many pixels, along rows, columns or diagonals, an edge is away at least."""
    from scipy.ndimage import distance_transform_cdt

    far = ~(cuts.right | np.roll(cuts.right, 1, axis=1) | cuts.down)
    far[1:] &= ~cuts.down[:-1]
    if far.all():
        return np.full(far.shape, max(far.shape), dtype=np.int32)
    margin = far.shape[1] // 4
    padded = np.pad(far, ((0, 0), (margin, margin)), mode="wrap")
    distance = distance_transform_cdt(padded, metric="chessboard")[:, margin:-margin]
    return np.ascontiguousarray(np.minimum(distance, margin), dtype=np.int32)


@numba.njit(cache=True)
def _plane_at(
    inverse: NDArray[np.float32], rays: NDArray[np.float32], row: int, column: int
) -> tuple[float, float, float, float]:
    """The plane g with inverse depth g·ray that fits around a pixel (least squares), and its relative residual."""
    height, width = inverse.shape
    here = inverse[row, column]
    a00 = a01 = a02 = a11 = a12 = a22 = b0 = b1 = b2 = 0.0
    count = 0
    stretch = min(1.0 / max(math.sin((row + 0.5) / height * math.pi), 0.1), 8.0)
    for dr in range(-_WINDOW, _WINDOW + 1):
        r = row + dr
        if r < 0 or r >= height:
            continue
        for dc in range(-_WINDOW, _WINDOW + 1):
            c = (column + int(dc * stretch)) % width
            value = inverse[r, c]
            if abs(value - here) > 0.2 * here:
                continue
            x, y, z = rays[r, c, 0], rays[r, c, 1], rays[r, c, 2]
            a00 += x * x
            a01 += x * y
            a02 += x * z
            a11 += y * y
            a12 += y * z
            a22 += z * z
            b0 += x * value
            b1 += y * value
            b2 += z * value
            count += 1
    # A little of the sphere around the camera makes the system solvable where the window is tiny or one line.
    ridge = 2e-5 * count + 1e-6
    x, y, z = rays[row, column, 0] * here, rays[row, column, 1] * here, rays[row, column, 2] * here
    a00 += ridge
    a11 += ridge
    a22 += ridge
    b0 += ridge * x
    b1 += ridge * y
    b2 += ridge * z
    m00, m01, m02 = a11 * a22 - a12 * a12, a02 * a12 - a01 * a22, a01 * a12 - a02 * a11
    m11, m12, m22 = a00 * a22 - a02 * a02, a01 * a02 - a00 * a12, a00 * a11 - a01 * a01
    determinant = a00 * m00 + a01 * m01 + a02 * m02
    if count < 12 or determinant <= 0.0:
        return x, y, z, 1.0
    g0 = (m00 * b0 + m01 * b1 + m02 * b2) / determinant
    g1 = (m01 * b0 + m11 * b1 + m12 * b2) / determinant
    g2 = (m02 * b0 + m12 * b1 + m22 * b2) / determinant
    error = 0.0
    for dr in range(-_WINDOW, _WINDOW + 1):
        r = row + dr
        if r < 0 or r >= height:
            continue
        for dc in range(-_WINDOW, _WINDOW + 1):
            c = (column + int(dc * stretch)) % width
            value = inverse[r, c]
            if abs(value - here) > 0.2 * here:
                continue
            error += (g0 * rays[r, c, 0] + g1 * rays[r, c, 1] + g2 * rays[r, c, 2] - value) ** 2
    return g0, g1, g2, math.sqrt(error / count) / here


@numba.njit(parallel=True, cache=True)
def _planes_near(
    inverse: NDArray[np.float32], rays: NDArray[np.float32], clear: NDArray[np.int32]
) -> NDArray[np.float32]:
    """(H, 2H, 4) planes and residuals where an edge is near; a residual of 1 elsewhere."""
    height, width = inverse.shape
    planes = np.ones((height, width, 4), dtype=np.float32)
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            if clear[row, column] <= 5 and inverse[row, column] > 0.0:
                g0, g1, g2, residual = _plane_at(inverse, rays, row, column)
                planes[row, column, 0], planes[row, column, 1] = g0, g1
                planes[row, column, 2], planes[row, column, 3] = g2, residual
    return planes


@numba.njit(parallel=True, cache=True)
def _walk(
    images: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]],
    right: NDArray[np.bool_],
    down: NDArray[np.bool_],
    reach_m: float,
) -> HiddenArrays:
    """Inverse depths of the first and second background, 0 where there is none, and where the first was seen.

    As far as no edge is near, a walk leaps: between there and here the surface goes on.
    """
    inverse, rays, clear, planes = images
    height, width = inverse.shape
    sines = np.sin((np.arange(height) + 0.5) * (math.pi / height))
    first, second = np.zeros_like(inverse), np.zeros_like(inverse)
    origins = np.full((height, width, 2), -1, dtype=np.int32)
    pixel = math.pi / height
    for index in numba.prange(height):
        row = index + 0
        values, weights, within = np.zeros(_WALKS), np.zeros(_WALKS), np.zeros(_WALKS, dtype=np.bool_)
        spots = np.zeros((_WALKS, 2), dtype=np.int64)
        for column in range(width):
            here = inverse[row, column]
            if here * reach_m < 2.0 * pixel:
                continue
            steps_max = int(min(_FARTHEST_WALK, reach_m * here) / pixel + _MARGIN_PX)
            if clear[row, column] * max(sines[row], 0.02) > steps_max + 2:
                continue
            found = 0
            reached = False
            for walk in range(_WALKS):
                angle = 2.0 * math.pi * (walk + 0.5) / _WALKS
                down_step, right_step = math.sin(angle), math.cos(angle)
                r, c, last = row, column, here
                spot_row, spot_column, is_behind = float(row), float(column), False
                step, leap = 0, clear[row, column]
                while step < steps_max:
                    sine = max(sines[min(max(int(spot_row + 0.5), 0), height - 1)], 0.02)
                    stride = max(1, int(0.7 * leap * sine)) if leap > 2 else 1
                    step += stride
                    spot_row += stride * down_step
                    spot_column += stride * right_step / sine
                    new_row = math.floor(spot_row + 0.5)
                    if new_row < 0 or new_row >= height:
                        break
                    new_column = math.floor(spot_column + 0.5) % width
                    if new_row == r and new_column == c:
                        continue
                    value, leap = inverse[new_row, new_column], clear[new_row, new_column]
                    if value > 1.1 * last and (stride == 1 or is_behind):
                        # Something nearer: the walk goes on behind it.
                        is_behind = True
                        continue
                    crosses = is_behind or (stride == 1 and _is_cut(right, down, (r, c, new_row, new_column)))
                    is_behind = False
                    if value < 0.96 * last and crosses:
                        limit = reach_m * max(last - value, 0.0) / pixel + _MARGIN_PX
                        if value == 0.0:
                            guess = 0.0
                        else:
                            # A few pixels on, where the edge does not spoil the plane.
                            on_row = min(max(math.floor(spot_row + 3.0 * down_step + 0.5), 0), height - 1)
                            on_column = math.floor(spot_column + 3.0 * right_step / sine + 0.5) % width
                            if abs(inverse[on_row, on_column] - value) > 0.15 * value:
                                on_row, on_column = new_row, new_column
                            plane, ray = planes[on_row, on_column], rays[row, column]
                            guess, residual = plane[0] * ray[0] + plane[1] * ray[1] + plane[2] * ray[2], plane[3]
                            if residual > _PLANE_RESIDUAL or guess < value / _FARTHEST_RATIO or guess > 3.0 * value:
                                guess = value
                            new_row, new_column = on_row, on_column
                        if guess > (1.0 - _LEAST_GAP) * here:
                            break
                        values[found] = guess
                        weights[found] = 1.0 / (step * step)
                        within[found] = step <= limit
                        spots[found, 0], spots[found, 1] = new_row, new_column
                        reached = reached or within[found]
                        found += 1
                        break
                    r, c, last = new_row, new_column, value
            if reached:
                _choose((values, weights, within, spots), (found, row, column), (first, second, origins))
    return first, second, origins


@numba.njit(cache=True, inline="always")
def _is_cut(right: NDArray[np.bool_], down: NDArray[np.bool_], places: tuple[int, int, int, int]) -> bool:
    """Whether an edge lies between two pixels: neighbours, diagonal ones, or with something in between."""
    r, c, new_row, new_column = places
    width = right.shape[1]
    across = (new_column - c + width // 2) % width - width // 2
    along = new_row - r
    if abs(along) > 1 or abs(across) > 1:
        return True
    upper, left = min(r, new_row), c if across >= 0 else new_column
    if along == 0:
        return right[r, left]
    if across == 0:
        return down[upper, c]
    return (right[r, left] or down[upper, new_column]) and (down[upper, c] or right[new_row, left])


@numba.njit(cache=True)
def _choose(
    candidates: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]],
    place: tuple[int, int, int],
    results: HiddenArrays,
) -> None:
    """The best supported background, and one behind it."""
    values, weights, _, spots = candidates
    found, row, column = place
    first, second, origins = results
    total, best, best_support = 0.0, -1, -1.0
    for i in range(found):
        total += weights[i]
        support = 0.0
        for j in range(found):
            if abs(values[i] - values[j]) <= _AGREEMENT * max(values[i], values[j]):
                support += weights[j]
        if support > best_support + 1e-12:
            best, best_support = i, support
    value = _mean_of(values, weights, found, values[best])
    behind, behind_support = -1, 0.0
    for i in range(found):
        if values[i] < (1.0 - 2.0 * _AGREEMENT) * value and values[i] > 0.0:
            support = 0.0
            for j in range(found):
                if abs(values[i] - values[j]) <= _AGREEMENT * max(values[i], values[j]):
                    support += weights[j]
            if support > behind_support:
                behind, behind_support = i, support
    if value == 0.0:
        return
    first[row, column] = value
    nearest = -1
    for i in range(found):
        if abs(values[i] - value) <= _AGREEMENT * max(values[i], value) and (
            nearest < 0 or weights[i] > weights[nearest]
        ):
            nearest = i
    if nearest < 0:
        nearest = best
    origins[row, column, 0], origins[row, column, 1] = spots[nearest, 0], spots[nearest, 1]
    if behind >= 0 and behind_support > _SECOND_SUPPORT * total:
        second[row, column] = _mean_of(values, weights, found, values[behind])


@numba.njit(cache=True, inline="always")
def _mean_of(values: NDArray[np.float64], weights: NDArray[np.float64], found: int, center: float) -> float:
    """Weighted mean of the candidates that agree with one of them."""
    total = amount = 0.0
    for j in range(found):
        if abs(center - values[j]) <= _AGREEMENT * max(center, values[j]):
            total += weights[j] * values[j]
            amount += weights[j]
    return total / amount


@numba.njit(parallel=True, cache=True)
def _smoothed(hidden: NDArray[np.float32], inverse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Relax a hidden inverse depth towards its neighbours of the same surface, hidden or seen beside it."""
    height, width = hidden.shape
    current = hidden.copy()
    for _ in range(_SMOOTHING_ROUNDS):
        relaxed = current.copy()
        for index in numba.prange(height):
            row = index + 0
            for column in range(width):
                here = current[row, column]
                if here == 0.0:
                    continue
                total, count = np.float64(here), 1.0
                for side in range(4):
                    r = row + (1 if side == 0 else -1 if side == 1 else 0)
                    c = (column + (1 if side == 2 else -1 if side == 3 else 0)) % width
                    if r < 0 or r >= height:
                        continue
                    value = current[r, c] if current[r, c] > 0.0 else inverse[r, c]
                    if abs(value - here) < 0.1 * here:
                        total += value
                        count += 1.0
                relaxed[row, column] = min(total / count, (1.0 - 0.5 * _LEAST_GAP) * inverse[row, column])
        current = relaxed
    return current
