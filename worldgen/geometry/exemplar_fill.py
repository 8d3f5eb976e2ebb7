"""Colours for hidden surfaces, taken from patches of surfaces that are seen.

Every hidden pixel looks for a place whose surroundings look like its own, from coarse to fine, and all patches that
cover a pixel vote for its colour: the search is PatchMatch (Barnes et al., "PatchMatch: a randomized correspondence
algorithm for structural image editing", 2009), the alternation of search and vote that of Wexler et al. ("Space-time
completion of video", 2007). Patches must come from a like distance, so that ground is filled with ground; every round
reads the state of the round before, so the result does not depend on the number of threads.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

_RADIUS = 2
_ROUNDS = 3
_COARSEST_ROWS = 64
_SAMPLES = 6
_DEPTH_WEIGHT = 0.6
_DISTANCE_WEIGHT = 0.004
_SHARPNESS = 0.006
_NOWHERE = 1e9

Images = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Colours (H, W, 3) and logarithmic depth (H, W) of the picture that is filled."""


def fill_by_example(
    colors: NDArray[np.float32],
    euclidean_depth: NDArray[np.float32],
    targets: NDArray[np.bool_],
    sources: NDArray[np.bool_],
    origins: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Fill the targets of an equirectangular picture with patches of its sources.

    Args:
        colors: (H, 2H, 3) display-referred; what targets hold does not matter.
        euclidean_depth: (H, 2H) metres, of the targets' own surfaces there; infinite elsewhere where there is none.
        targets: (H, 2H) pixels to fill.
        sources: (H, 2H) pixels that may be copied from.
        origins: (H, 2H, 2) row and column where a target's surface is seen nearest to it; -1 where unknown.

    Returns:
        (H, 2H, 3) float32, equal to ``colors`` outside the targets.
    """
    if not targets.any() or not sources.any():
        return colors
    log_depth = np.log(np.where(np.isfinite(euclidean_depth), euclidean_depth, np.float32(1e4))).astype(np.float32)
    pyramid = [(colors, log_depth, targets, sources)]
    while pyramid[-1][1].shape[0] >= 2 * _COARSEST_ROWS and pyramid[-1][1].shape[0] % 2 == 0:
        pyramid.append(_halved(*pyramid[-1]))
    factor = 2 ** (len(pyramid) - 1)
    filled, depth, inside, known = pyramid[-1]
    matches = _first_matches(inside, known, origins[factor // 2 :: factor, factor // 2 :: factor] // factor)
    filled = _copied(filled, inside, matches)
    for level in range(len(pyramid) - 1, -1, -1):
        picture, depth, inside, known = pyramid[level]
        if level < len(pyramid) - 1:
            matches = _finer(matches, inside, known)
            filled = _copied(picture, inside, matches)
        for turn in range(_ROUNDS if level else 2):
            for step in range(2):
                matches = _search((filled, depth), inside, known, matches, 16 * level + 4 * turn + step)
            filled = _voted((filled, depth), inside, matches)
    return filled


def _halved(
    colors: NDArray[np.float32], depth: NDArray[np.float32], targets: NDArray[np.bool_], sources: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Half the size: a block with a target is one, and its colour comes from what is no target."""

    def blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = values[0::2] + values[1::2]
        return np.asarray(rows[:, 0::2] + rows[:, 1::2])

    weight = sources.astype(np.float32) + np.float32(1e-3)
    total = blocks(weight)
    small = blocks(colors * weight[..., None]) / total[..., None]
    small_targets = blocks(targets.astype(np.float32)) > 0.0
    chosen = np.where(targets, np.float32(1.0), np.float32(1e-3))
    small_depth = blocks(depth * chosen) / blocks(chosen)
    small_sources = (blocks(sources.astype(np.float32)) == 4.0) & ~small_targets
    return small.astype(np.float32), small_depth.astype(np.float32), small_targets, small_sources


@numba.njit(parallel=True, cache=True)
def _first_matches(
    targets: NDArray[np.bool_], sources: NDArray[np.bool_], origins: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Where each target's surface is seen, mirrored at its border; the nearest source in a spiral from there."""
    height, width = targets.shape
    matches = np.full((height, width, 2), -1, dtype=np.int32)
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            if not targets[row, column]:
                continue
            r, c = row, column
            if origins[row, column, 0] >= 0:
                across = (origins[row, column, 1] - column + width // 2) % width - width // 2
                r = min(max(2 * origins[row, column, 0] - row, 0), height - 1)
                c = (column + 2 * across) % width
            matches[row, column] = _nearest_source(sources, r, c)
    return matches


@numba.njit(cache=True)
def _nearest_source(sources: NDArray[np.bool_], row: int, column: int) -> tuple[int, int]:
    height, width = sources.shape
    for radius in range(height):
        for dr in range(-radius, radius + 1):
            r = row + dr
            if r < 0 or r >= height:
                continue
            step = 1 if abs(dr) == radius else max(2 * radius, 1)
            for dc in range(-radius, radius + 1, step):
                if sources[r, (column + dc) % width]:
                    return r, (column + dc) % width
    return row, column


@numba.njit(parallel=True, cache=True)
def _finer(matches: NDArray[np.int32], targets: NDArray[np.bool_], sources: NDArray[np.bool_]) -> NDArray[np.int32]:
    height, width = targets.shape
    finer = np.full((height, width, 2), -1, dtype=np.int32)
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            if not targets[row, column]:
                continue
            coarse = matches[row // 2, column // 2]
            r, c = 2 * coarse[0] + row % 2, (2 * coarse[1] + column % 2) % width
            finer[row, column] = _nearest_source(sources, min(max(r, 0), height - 1), c)
    return finer


@numba.njit(parallel=True, cache=True)
def _copied(colors: NDArray[np.float32], targets: NDArray[np.bool_], matches: NDArray[np.int32]) -> NDArray[np.float32]:
    height, width = targets.shape
    filled = colors.copy()
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            if targets[row, column]:
                filled[row, column] = colors[matches[row, column, 0], matches[row, column, 1]]
    return filled


@numba.njit(cache=True)
def _cost(images: Images, place: tuple[int, int], match: tuple[int, int], limit: float) -> float:
    """How unlike two patches are; parts of the target's patch that lie at another distance do not count."""
    colors, depth = images
    height, width = depth.shape
    row, column = place
    total, weight = 0.0, 1e-6
    here, there = depth[row, column], depth[match[0], match[1]]
    across = (match[1] - column + width // 2) % width - width // 2
    fixed = _DEPTH_WEIGHT * min(abs(here - there), 1.0) ** 2 + _DISTANCE_WEIGHT * (
        ((match[0] - row) / height) ** 2 * 16.0 + (across / height) ** 2
    )
    if fixed >= limit:
        return _NOWHERE
    for dr in range(-_RADIUS, _RADIUS + 1):
        r, other_r = row + dr, match[0] + dr
        if r < 0 or r >= height or other_r < 0 or other_r >= height:
            continue
        for dc in range(-_RADIUS, _RADIUS + 1):
            c, other_c = (column + dc) % width, (match[1] + dc) % width
            if abs(depth[r, c] - here) > 0.3:
                continue
            for channel in range(3):
                step = colors[r, c, channel] - colors[other_r, other_c, channel]
                total += step * step
            weight += 1.0
    return fixed + total / weight


@numba.njit(parallel=True, cache=True)
def _search(
    images: Images,
    targets: NDArray[np.bool_],
    sources: NDArray[np.bool_],
    matches: NDArray[np.int32],
    round_number: int,
) -> NDArray[np.int32]:
    """One round: offsets of neighbours are tried, then random places ever closer to the best one so far."""
    height, width = targets.shape
    better = matches.copy()
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            if not targets[row, column]:
                continue
            best_r, best_c = matches[row, column, 0], matches[row, column, 1]
            best = _cost(images, (row, column), (best_r, best_c), _NOWHERE)
            state = np.uint64((row * width + column) * 64 + round_number) * np.uint64(0x9E3779B97F4A7C15)
            reach = 4 if round_number % 2 else 1
            for side in range(4):
                dr = reach if side == 0 else -reach if side == 1 else 0
                dc = reach if side == 2 else -reach if side == 3 else 0
                r, c = row + dr, (column + dc) % width
                if r < 0 or r >= height or not targets[r, c]:
                    continue
                try_r, try_c = matches[r, c, 0] - dr, (matches[r, c, 1] - dc) % width
                if try_r < 0 or try_r >= height or not sources[try_r, try_c]:
                    continue
                cost = _cost(images, (row, column), (try_r, try_c), best)
                if cost < best:
                    best, best_r, best_c = cost, try_r, try_c
            radius = height // 4
            for _ in range(_SAMPLES):
                if radius < 1:
                    break
                state = (state ^ (state >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
                state ^= state >> np.uint64(32)
                span = 2 * radius + 1
                try_r = best_r + np.int64((state & np.uint64(0xFFFFF)) % np.uint64(span)) - radius
                try_c = best_c + np.int64(((state >> np.uint64(20)) & np.uint64(0xFFFFF)) % np.uint64(span)) - radius
                radius //= 2
                try_c %= width
                if try_r < 0 or try_r >= height or not sources[try_r, try_c]:
                    continue
                cost = _cost(images, (row, column), (try_r, try_c), best)
                if cost < best:
                    best, best_r, best_c = cost, try_r, try_c
            better[row, column, 0], better[row, column, 1] = best_r, best_c
    return better


@numba.njit(parallel=True, cache=True)
def _voted(images: Images, targets: NDArray[np.bool_], matches: NDArray[np.int32]) -> NDArray[np.float32]:
    """Each target's colour as the mean over all patches that cover it, those that fit well counting most."""
    colors, depth = images
    height, width = targets.shape
    voted = colors.copy()
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            if not targets[row, column]:
                continue
            red = green = blue = total = 0.0
            for dr in range(-1, 2):
                r = row + dr
                if r < 0 or r >= height:
                    continue
                for dc in range(-1, 2):
                    c = (column + dc) % width
                    if not targets[r, c] or abs(depth[r, c] - depth[row, column]) > 0.3:
                        continue
                    from_r, from_c = matches[r, c, 0] - dr, (matches[r, c, 1] - dc) % width
                    if from_r < 0 or from_r >= height:
                        continue
                    if targets[from_r, from_c]:
                        from_r, from_c = matches[row, column, 0], matches[row, column, 1]
                    cost = _cost(images, (r, c), (matches[r, c, 0], matches[r, c, 1]), _NOWHERE)
                    weight = np.exp(-cost / _SHARPNESS) + 1e-4
                    red += weight * colors[from_r, from_c, 0]
                    green += weight * colors[from_r, from_c, 1]
                    blue += weight * colors[from_r, from_c, 2]
                    total += weight
            if total > 0.0:
                voted[row, column, 0] = red / total
                voted[row, column, 1] = green / total
                voted[row, column, 2] = blue / total
    return voted
