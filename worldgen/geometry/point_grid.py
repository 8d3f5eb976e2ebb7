"""Grouping points by cell: 64-bit keys, a stable parallel-free radix sort, and runs of equal keys."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

_RADIX_BITS = 11


@nb.njit(cache=True)
def sort_keys(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Sorted keys and the index of each; equal keys keep their order.

    A least-significant-digit radix sort that skips digits all keys share.
    """
    count = len(keys)
    order = np.arange(count).astype(np.int32)
    sorted_keys = keys.copy()
    other_order, other_keys = np.zeros_like(order), np.zeros_like(sorted_keys)
    differing = np.uint64(0)
    for i in range(count):
        differing |= keys[i] ^ keys[0]
    mask = np.uint64((1 << _RADIX_BITS) - 1)
    for digit in range(6):
        shift = np.uint64(digit * _RADIX_BITS)
        if (differing >> shift) & mask == np.uint64(0):
            continue
        starts = np.zeros((1 << _RADIX_BITS) + 1, dtype=np.int64)
        for i in range(count):
            starts[((sorted_keys[i] >> shift) & mask) + np.uint64(1)] += 1
        for i in range(1 << _RADIX_BITS):
            starts[i + 1] += starts[i]
        for i in range(count):
            bucket = (sorted_keys[i] >> shift) & mask
            place = starts[bucket]
            other_order[place] = order[i]
            other_keys[place] = sorted_keys[i]
            starts[bucket] = place + 1
        order, other_order = other_order, order
        sorted_keys, other_keys = other_keys, sorted_keys
    return sorted_keys, order


@nb.njit(cache=True)
def run_starts(sorted_keys: NDArray[np.uint64]) -> NDArray[np.int32]:
    """(R + 1,) first index of each run of equal keys, and the end of the last."""
    count = len(sorted_keys)
    runs = 1 if count else 0
    for i in range(1, count):
        if sorted_keys[i] != sorted_keys[i - 1]:
            runs += 1
    starts = np.zeros(runs + 1, dtype=np.int32)
    run = 0
    for i in range(count):
        if i == 0 or sorted_keys[i] != sorted_keys[i - 1]:
            starts[run] = i
            run += 1
    starts[run] = count
    return starts


@nb.njit(cache=True)
def count_distinct(keys: NDArray[np.uint64]) -> int:
    """Number of different keys, by open addressing with multiplicative hashing (Knuth 1973, vol. 3, 6.4)."""
    bits = 1
    while (1 << bits) < 2 * len(keys):
        bits += 1
    table = np.zeros(1 << bits, dtype=np.uint64)
    mask = np.uint64((1 << bits) - 1)
    shift = np.uint64(64 - bits)
    distinct = 0
    for i in range(len(keys)):
        # Zero marks an empty slot, so keys are stored plus one; no key uses all 64 bits.
        stored = keys[i] + np.uint64(1)
        slot = (stored * np.uint64(0x9E3779B97F4A7C15)) >> shift
        while table[slot] != np.uint64(0) and table[slot] != stored:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == np.uint64(0):
            table[slot] = stored
            distinct += 1
    return distinct


@nb.njit(parallel=True, cache=True)
def voxel_keys(points: NDArray[np.float32], eye: NDArray[np.float64], angle: float) -> NDArray[np.uint64]:
    """Keys of cubes whose side is the power of two at or below ``angle`` times the distance from ``eye``.

    Points at the same place always share a key, whatever view they come from.
    """
    keys = np.zeros(len(points), dtype=np.uint64)
    for i in nb.prange(len(points)):
        x, y, z = points[i, 0] - eye[0], points[i, 1] - eye[1], points[i, 2] - eye[2]
        distance = max(np.sqrt(x * x + y * y + z * z), 0.1)
        level = int(np.floor(np.log2(angle * distance)))
        side = 2.0**level
        offset = 1 << 18
        column = np.uint64(int(np.floor(x / side)) + offset)
        row = np.uint64(int(np.floor(y / side)) + offset)
        layer = np.uint64(int(np.floor(z / side)) + offset)
        keys[i] = (np.uint64(level + 20) << np.uint64(57)) | (column << np.uint64(38)) | (row << np.uint64(19)) | layer
    return keys
