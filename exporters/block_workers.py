"""Work on blocks of splats in a few threads, with results in order and few blocks in memory at a time.

The work is numpy, which lets other threads run meanwhile. Compiled kernels would be faster still on millions of splats,
but loading a compiler takes longer than converting a usual file.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

BLOCK_SPLATS = 1 << 16

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def block_slices(count: int) -> Iterator[slice]:
    """Slices of ``BLOCK_SPLATS`` that cover ``count`` splats."""
    for start in range(0, count, BLOCK_SPLATS):
        yield slice(start, min(start + BLOCK_SPLATS, count))


def map_in_order(function: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> Iterator[ResultT]:
    """``map`` on some threads; items are taken and results given in order, a few at a time."""
    workers = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[ResultT]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > workers + 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
