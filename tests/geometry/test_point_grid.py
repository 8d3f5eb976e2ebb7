"""Sorting and counting of keys against numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from worldgen.geometry.point_grid import count_distinct, run_starts, sort_keys, voxel_keys
from worldgen.randomness import rng


@pytest.mark.parametrize(("count", "high"), [(0, 10), (1, 10), (1000, 7), (5000, 2**63 - 1), (3000, 2**40)])
def test_sorting_is_stable_and_complete(count: int, high: int) -> None:
    keys = rng(count, "keys").integers(0, high, count).astype(np.uint64)
    sorted_keys, order = sort_keys(keys)
    expected = np.argsort(keys, kind="stable")
    assert np.array_equal(order, expected)
    assert np.array_equal(sorted_keys, keys[expected])
    unique, first = np.unique(sorted_keys, return_index=True)
    assert np.array_equal(run_starts(sorted_keys), np.append(first, count))
    assert count_distinct(keys) == len(unique)


def test_keys_that_clash_in_the_hash_table_are_all_counted() -> None:
    keys = (np.arange(4096, dtype=np.uint64) << np.uint64(44)) | np.uint64(3)
    assert count_distinct(np.concatenate([keys, keys])) == 4096


def test_voxels_are_of_the_asked_size() -> None:
    eye = np.array([1.0, 2.0, 3.0])
    random = rng(3, "points")
    directions = random.normal(size=(20_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = (eye + directions * random.uniform(1.0, 60.0, (20_000, 1))).astype(np.float32)
    keys = voxel_keys(points, eye, 0.1)
    sorted_keys, order = sort_keys(keys)
    starts = run_starts(sorted_keys)
    for begin, end in itertools.pairwise(starts):
        members = points[order[begin:end]]
        distance = np.linalg.norm(members - eye, axis=1).min()
        assert np.ptp(members, axis=0).max() <= 0.1 * distance * 1.2
    assert len(starts) - 1 < len(points)
