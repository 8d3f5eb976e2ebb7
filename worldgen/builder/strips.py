"""Rows of a picture shared out among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numba

_STRIPS_PER_THREAD = 4
"""So many that a thread with easy rows finds more to do."""


def in_strips(work: Callable[[int, int], None], num_rows: int) -> None:
    """Call ``work(first, last)`` for strips that cover all rows, on as many threads as numba may use.

    It serves kernels that release the interpreter's lock and are not parallel themselves, so that they can run beside
    other kernels: not every threading layer of numba lets two parallel kernels run at a time.
    """
    threads = int(numba.get_num_threads())
    strips = min(threads * _STRIPS_PER_THREAD, max(num_rows, 1))
    edges = [num_rows * index // strips for index in range(strips + 1)]
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="strips") as pool:
        for done in [pool.submit(work, first, last) for first, last in pairwise(edges)]:
            done.result()
