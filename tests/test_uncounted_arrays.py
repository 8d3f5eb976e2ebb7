"""Arrays whose references kernels do not count are the same arrays, and nobody holds them any longer for it."""

from __future__ import annotations

import sys

import numba as nb
import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.uncounted_arrays import uncounted


@nb.njit
def double_rows(array: NDArray[np.float64]) -> float:
    same = uncounted(array)
    total = 0.0
    for row in range(len(same)):
        line = same[row]
        for column in range(len(line)):
            line[column] *= 2.0
            total += line[column]
    return total


def test_reads_and_writes_the_same_numbers() -> None:
    whole = np.arange(24.0).reshape(4, 6)
    for array in (whole.copy(), whole.copy()[:, ::2], np.asfortranarray(whole)):
        expected = 2.0 * array
        assert double_rows(array) == expected.sum()
        np.testing.assert_array_equal(array, expected)


def test_leaves_the_count_of_holders_as_it_was() -> None:
    array = np.ones((100, 3))
    before = sys.getrefcount(array)
    for _ in range(50):
        double_rows(array)
    assert sys.getrefcount(array) == before


def test_takes_arrays_only() -> None:
    @nb.njit
    def of_number(value: float) -> float:
        return uncounted(value)

    with pytest.raises(nb.TypingError, match="only arrays"):
        of_number(1.0)
