"""A program that cuts and packs charts by xatlas: ``python -m worldgen.geometry.lightmap_packing``, arrays in and out.

It runs on its own because xatlas (0.0.11) ends its process once in about a thousand times, while its threads cut
charts. On one processor it does so less often, and whoever starts this program can start it again.

Input and output are ``.npz`` archives. In: ``sizes`` (N,) sides wanted and ``counts`` (N,) parts of N things, and
``v<k>``, ``n<k>``, ``t<k>`` of each part k. Out: ``sizes`` that fit, and ``s<k>``, ``t<k>``, ``u<k>`` of each part:
the vertex that each new one was, triangles, UVs in 0 to 1.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], ...]

_PADDING_PX = 2
_FIRST_FILL, _LEAST_FILL = 0.75, 0.1
"""Xatlas takes a size for a wish and adds room for gutters: shares of the side to ask for first and at least."""


def pack(parts: Sequence[Arrays], size_px: int) -> tuple[list[Arrays], int]:
    """Cut and pack the parts of one thing.

    Args:
        parts: (V, 3) float32 vertices, (V, 3) float32 normals and (T, 3) triangles of each.
        size_px: Side of the map wanted; it becomes larger where so many charts do not fit.

    Returns:
        (W,) sources, (T, 3) triangles and (W, 2) UVs of each part, and the side that they fit.
    """
    wish = _FIRST_FILL * size_px
    while True:
        atlas = _atlas(parts, max(int(wish), 1))
        side = max(atlas.width, atlas.height)
        if side <= size_px:
            break
        wish -= side - size_px + 1
        if wish < _LEAST_FILL * size_px:
            size_px *= 2
            wish = _FIRST_FILL * size_px
    used = np.array([atlas.width, atlas.height], dtype=np.float32) / np.float32(size_px)
    packed: list[Arrays] = []
    for index in range(len(parts)):
        sources, triangles, uvs = atlas[index]
        square = np.clip(np.asarray(uvs, dtype=np.float32) * used, 0.0, 1.0)
        packed.append((np.array(sources, dtype=np.int64), np.array(triangles, dtype=np.int32).reshape(-1, 3), square))
    return packed, size_px


def _atlas(parts: Sequence[Arrays], resolution: int) -> Any:
    import xatlas

    atlas = xatlas.Atlas()
    for vertices, normals, triangles in parts:
        atlas.add_mesh(vertices, triangles.astype(np.uint32), normals)
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_iterations = 1
    packing.padding, packing.resolution = _PADDING_PX, resolution
    atlas.generate(chart_options=charts, pack_options=packing)
    return atlas


def main() -> int:
    """Run the program; returns its exit code."""
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    given = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    made: dict[str, NDArray[Any]] = {}
    sizes, part = [], 0
    for size, count in zip(given["sizes"].tolist(), given["counts"].tolist(), strict=True):
        keys = range(part, part + count)
        packed, fitting = pack([(given[f"v{k}"], given[f"n{k}"], given[f"t{k}"]) for k in keys], size)
        sizes.append(fitting)
        for k, arrays in zip(keys, packed, strict=True):
            made |= dict(zip((f"s{k}", f"t{k}", f"u{k}"), arrays, strict=True))
        part += count
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, sizes=np.array(sizes, dtype=np.int64), **made)
    sys.stdout.buffer.write(buffer.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
