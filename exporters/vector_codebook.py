"""A palette for many vectors: a tree of splits, refined by Lloyd's method with a bounded search.

The tree splits the cell with the largest squared error along its principal axis until there are as many cells as
palette entries (after Linde, Buzo and Gray 1980). Vectors then move to the nearest entry, looked for in the few nearest
groups of entries, and entries to the mean of their vectors. All of it gives the same result for any number of threads,
and nothing is random. Components are compared in the order of their spread, so that most comparisons end after a few.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Indices = NDArray[np.int64]

_REFINEMENTS = 1
_POWER_STEPS = 6
_PROBED_GROUPS = 8
_SHRINK = 0.5
_LANES = 64  # entries that are compared side by side, which the compiler turns into vector instructions
_WIDTH_STEP = 16  # components between two looks at whether the comparison is decided
_FAR = 1e15
_BLOCK = 1 << 16


def vector_codebook(vectors: Vectors, size: int) -> tuple[Vectors, NDArray[np.int32]]:
    """Palette entries and which one stands for each vector.

    Args:
        vectors: (N, D) float32, N at least 1.
        size: Entries at most.

    Returns:
        (K, D) float32 with K at most ``size``, and (N,) int32.
    """
    if len(vectors) <= size:
        distinct, places = np.unique(vectors, axis=0, return_inverse=True)
        return distinct, places.reshape(-1).astype(np.int32)
    by_spread = np.argsort(-_spreads(vectors), kind="stable")
    width = vectors.shape[1]
    sorted_vectors = np.zeros((len(vectors), -(-width // _WIDTH_STEP) * _WIDTH_STEP), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        sorted_vectors[start : start + _BLOCK, :width] = vectors[start : start + _BLOCK, by_spread]
    order, bounds = _split_tree(sorted_vectors, size)
    labels = np.zeros(len(vectors), dtype=np.int32)
    labels[order] = np.repeat(np.arange(len(bounds) - 1, dtype=np.int32), np.diff(bounds))
    entries = _cell_means(sorted_vectors, order, bounds)
    for _ in range(_REFINEMENTS):
        labels = nearest_entries(sorted_vectors, entries, labels)
        order, bounds = _by_label(labels, len(entries))
        moved = _cell_means(sorted_vectors, order, bounds)
        entries = np.where(np.diff(bounds)[:, None] > 0, moved, entries)
    labels = nearest_entries(sorted_vectors, entries, labels)
    return np.ascontiguousarray(entries[:, :width][:, np.argsort(by_spread)]), labels


def _spreads(vectors: Vectors) -> NDArray[np.float64]:
    """(D,) squared deviations of each component, summed; in blocks, as doubles of all would be twice what is there."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    spreads = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _BLOCK):
        spreads += np.square(vectors[start : start + _BLOCK] - mean).sum(axis=0)
    return spreads


def nearest_entries(vectors: Vectors, entries: Vectors, labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """The nearest entry of each vector among those of the few nearest groups, or the one it has.

    Args:
        vectors: (N, D).
        entries: (K, D).
        labels: (N,) entries that are near already.
    """
    order, bounds = _split_tree(entries, max(1, math.isqrt(len(entries)) // 2))
    centers = _cell_means(entries, order, bounds)
    first_block = np.concatenate([[0], np.cumsum(-(-np.diff(bounds) // _LANES))])
    slots = np.arange(len(order)) - np.repeat(bounds[:-1] - first_block[:-1] * _LANES, np.diff(bounds))
    names = np.full(first_block[-1] * _LANES, -1, dtype=np.int32)
    names[slots] = order
    names = names.reshape(-1, _LANES)
    center_names = np.full(-(-len(centers) // _LANES) * _LANES, -1, dtype=np.int32)
    center_names[: len(centers)] = np.arange(len(centers))
    packed = (_side_by_side(entries, names), names)
    packed_centers = _side_by_side(centers, center_names.reshape(-1, _LANES))
    return _search(vectors, packed, packed_centers, first_block, (entries, labels))


def _side_by_side(entries: Vectors, names: NDArray[np.int32]) -> Vectors:
    """(B, D, lanes) the named entries of each block; nameless lanes are far from everything."""
    blocks = np.where(names[..., None] >= 0, entries[names], np.float32(_FAR))
    return np.ascontiguousarray(blocks.transpose(0, 2, 1))


def _split_tree(vectors: Vectors, size: int) -> tuple[Indices, Indices]:
    """Vectors in the order of ``size`` cells at most, and (K + 1,) where in that order each cell begins.

    Rounds split all cells above a falling limit of squared error, each on its own; the last round only the worst ones.
    """
    order = np.arange(len(vectors), dtype=np.int64)
    bounds = np.array([0, len(vectors)], dtype=np.int64)
    errors, axes = _cell_spreads(vectors, order, bounds, np.array([0]))
    limit = float(errors[0])
    while len(errors) < size and errors.max(initial=0.0) > 0.0:
        limit = min(limit, float(errors.max())) * _SHRINK
        chosen = np.flatnonzero(errors > limit)
        room = size - len(errors)
        if len(chosen) > room:
            chosen = np.sort(chosen[np.argsort(-errors[chosen], kind="stable")[:room]])
        middles = _split_cells(vectors, order, bounds, (chosen, axes))
        split = (middles > bounds[chosen]) & (middles < bounds[chosen + 1])
        errors[chosen[~split]] = 0.0
        old = bounds
        bounds = np.sort(np.concatenate([bounds, middles[split]]))
        is_new = ~np.isin(bounds[:-1], old[:-1])
        fresh = np.flatnonzero(is_new | np.append(is_new[1:], False))
        of_old = np.cumsum(~is_new) - 1
        errors, axes = errors[of_old], axes[of_old]
        errors[fresh], axes[fresh] = _cell_spreads(vectors, order, bounds, fresh)
    return order, bounds


def _by_label(labels: NDArray[np.int32], size: int) -> tuple[Indices, Indices]:
    bounds = np.zeros(size + 1, dtype=np.int64)
    bounds[1:] = np.cumsum(np.bincount(labels, minlength=size))
    return np.argsort(labels, kind="stable"), bounds


@nb.njit(cache=True, parallel=True)
def _cell_means(vectors: Vectors, order: Indices, bounds: Indices) -> Vectors:
    """(K, D) means; zero for empty cells."""
    width = vectors.shape[1]
    means = np.zeros((len(bounds) - 1, width), dtype=np.float32)
    for cell in nb.prange(len(means)):
        total = np.zeros(width)
        for i in range(bounds[cell], bounds[cell + 1]):
            row = vectors[order[i]]
            for k in range(width):
                total[k] += row[k]
        for k in range(width):
            means[cell, k] = total[k] / max(bounds[cell + 1] - bounds[cell], 1)
    return means


@nb.njit(cache=True, parallel=True)
def _cell_spreads(
    vectors: Vectors, order: Indices, bounds: Indices, cells: Indices
) -> tuple[NDArray[np.float64], Vectors]:
    """Squared errors (M,) and principal axes with the projection of the mean (M, D + 1) of some cells."""
    width = vectors.shape[1]
    errors = np.zeros(len(cells))
    axes = np.zeros((len(cells), width + 1), dtype=np.float32)
    for c in nb.prange(len(cells)):
        start, stop = bounds[cells[c]], bounds[cells[c] + 1]
        count = stop - start
        mean = np.zeros(width)
        for i in range(start, stop):
            row = vectors[order[i]]
            for k in range(width):
                mean[k] += row[k]
        for k in range(width):
            mean[k] /= max(count, 1)
        center = mean.astype(np.float32)
        variances = np.zeros(width)
        for i in range(start, stop):
            row = vectors[order[i]]
            for k in range(width):
                offset = row[k] - center[k]
                variances[k] += offset * offset
        sums = np.zeros(_WIDTH_STEP, dtype=np.float32)
        errors[c] = variances.sum()
        if count < 2 or errors[c] <= 0.0:
            errors[c] = 0.0
            continue
        axis = np.zeros(width, dtype=np.float32)
        if count == 2:
            first, second = vectors[order[start]], vectors[order[start + 1]]
            for k in range(width):
                axis[k] = second[k] - first[k]
        else:
            axis[np.argmax(variances)] = 1.0
            for _ in range(_POWER_STEPS):
                at_center = _dot(center, axis, sums)
                product = np.zeros(width, dtype=np.float32)
                for i in range(start, stop):
                    row = vectors[order[i]]
                    along = _dot(row, axis, sums) - at_center
                    for k in range(width):
                        product[k] += along * (row[k] - center[k])
                length = np.float32(np.sqrt((product * product).sum()))
                if length <= 0.0:
                    break
                for k in range(width):
                    axis[k] = product[k] / length
        axes[c, :width] = axis
        axes[c, width] = _dot(center, axis, sums)
    return errors, axes


@nb.njit(cache=True, parallel=True)
def _split_cells(vectors: Vectors, order: Indices, bounds: Indices, chosen_axes: tuple[Indices, Vectors]) -> Indices:
    """Reorder some cells so that each falls into two; where in ``order`` the second parts begin."""
    chosen, axes = chosen_axes
    width = vectors.shape[1]
    middles = np.zeros(len(chosen), dtype=np.int64)
    for c in nb.prange(len(chosen)):
        start, stop = bounds[chosen[c]], bounds[chosen[c] + 1]
        axis = axes[chosen[c], :width]
        along = np.zeros(stop - start, dtype=np.float32)
        sums = np.zeros(_WIDTH_STEP, dtype=np.float32)
        for i in range(start, stop):
            row = vectors[order[i]]
            along[i - start] = _dot(row, axis, sums)
        limit = _two_means_limit(along, axes[chosen[c], width])
        old = order[start:stop].copy()
        low = start
        for i in range(stop - start):
            if along[i] <= limit:
                order[low] = old[i]
                low += 1
        high = low
        for i in range(stop - start):
            if not along[i] <= limit:
                order[high] = old[i]
                high += 1
        middles[c] = low
    return middles


@nb.njit(cache=True, inline="always")
def _dot(left: Vectors, right: Vectors, sums: Vectors) -> float:
    """A dot product in partial sums side by side; ``sums`` is scratch space."""
    for lane in range(_WIDTH_STEP):
        sums[lane] = 0.0
    for part in range(0, len(left), _WIDTH_STEP):
        for lane in range(_WIDTH_STEP):
            sums[lane] += left[part + lane] * right[part + lane]
    total = 0.0
    for lane in range(_WIDTH_STEP):
        total += sums[lane]
    return total


@nb.njit(cache=True)
def _two_means_limit(along: Vectors, limit: float) -> float:
    """Where to cut numbers in two with little squared error, from a first guess."""
    for _ in range(4):
        low, high, num_low = 0.0, 0.0, 0
        for value in along:
            if value <= limit:
                low += value
                num_low += 1
            else:
                high += value
        if num_low == 0 or num_low == len(along):
            break
        limit = 0.5 * (low / num_low + high / (len(along) - num_low))
    return limit


@nb.njit(cache=True, parallel=True)
def _search(
    vectors: Vectors,
    blocks: tuple[Vectors, NDArray[np.int32]],
    centers: Vectors,
    first_block: Indices,
    start: tuple[Vectors, NDArray[np.int32]],
) -> NDArray[np.int32]:
    """Nearest entries.

    Args:
        vectors: (N, D).
        blocks: (B, D, lanes) entries, padded with entries that are far from all, and (B, lanes) which they are.
        centers: (C, D, lanes) means of the groups, likewise padded.
        first_block: (G + 1,) where the blocks of each group begin.
        start: (K, D) all entries, and (N,) which one each vector has.
    """
    packed, names = blocks
    entries, labels = start
    count, num_groups = len(vectors), len(first_block) - 1
    found = np.zeros(count, dtype=np.int32)
    probes = min(_PROBED_GROUPS, num_groups)
    for i in nb.prange(count):
        row = vectors[i]
        sums = np.zeros(_LANES, dtype=np.float32)
        near = np.full(probes, np.float32(np.inf))
        which = np.zeros(probes, dtype=np.int64)
        for block in range(len(centers)):
            if _squared_distances(row, centers[block], sums, near[probes - 1]):
                for lane in range(min(_LANES, num_groups - block * _LANES)):
                    distance, slot = sums[lane], probes - 1
                    if distance < near[slot]:
                        while slot > 0 and near[slot - 1] > distance:
                            near[slot], which[slot] = near[slot - 1], which[slot - 1]
                            slot -= 1
                        near[slot], which[slot] = distance, block * _LANES + lane
        best = labels[i]
        least = np.float32(0.0)
        for k in range(len(row)):
            offset = row[k] - entries[best, k]
            least += offset * offset
        for p in range(probes):
            for block in range(first_block[which[p]], first_block[which[p] + 1]):
                if _squared_distances(row, packed[block], sums, least):
                    for lane in range(_LANES):
                        if sums[lane] < least:
                            least, best = sums[lane], names[block, lane]
        found[i] = best
    return found


@nb.njit(cache=True, inline="always")
def _squared_distances(row: Vectors, block: Vectors, sums: Vectors, enough: float) -> bool:
    """Squared distances to a block of entries side by side; False, before the end, if none is below ``enough``."""
    for lane in range(_LANES):
        sums[lane] = 0.0
    for part in range(0, len(row), _WIDTH_STEP):
        for k in range(part, part + _WIDTH_STEP):
            value = row[k]
            for lane in range(_LANES):
                offset = value - block[k, lane]
                sums[lane] += offset * offset
        least = sums[0]
        for lane in range(1, _LANES):
            least = min(least, sums[lane])
        if least >= enough:
            return False
    return True
