"""Strips of rows: each row once, and errors heard."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from worldgen.builder.strips import in_strips


@pytest.mark.parametrize("num_rows", [1, 2, 7, 1000])
def test_every_row_is_worked_on_once(num_rows: int) -> None:
    counts = np.zeros(num_rows, dtype=np.int64)
    lock = threading.Lock()

    def work(first: int, last: int) -> None:
        with lock:
            counts[first:last] += 1

    in_strips(work, num_rows)
    assert (counts == 1).all()


def test_an_error_in_a_strip_is_raised() -> None:
    def work(first: int, last: int) -> None:
        if first == 0:
            raise ValueError("a bad row")

    with pytest.raises(ValueError, match="a bad row"):
        in_strips(work, 100)
