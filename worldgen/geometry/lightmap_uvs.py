"""A second set of UVs without overlaps, for baked light: charts are cut and packed by xatlas (Young, MIT)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.triangle_mesh import TriangleMesh

_PADDING_PX = 2
_SMALLEST_PX = 16
_USED_SHARE = 0.7
"""Of a square, what charts fill."""
_FIRST_FILL, _LEAST_FILL = 0.75, 0.1
"""Xatlas takes a size for a wish and adds room for gutters: shares of the side to ask for first and at least."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Unwrapped:
    """A mesh cut along the borders of its charts.

    sources  (V,)   int64    the vertex of the old mesh that each vertex was
    uvs      (V, 2) float32  in 0 to 1, shared by all meshes of one unwrapping
    """

    mesh: TriangleMesh
    sources: NDArray[np.int64]
    uvs: NDArray[np.float32]


def lightmap_side(area: float, texels_per_m: float, largest_px: int) -> int:
    """Side of a map for a surface of so many square metres: the nearest power of two, 16 at least."""
    wanted = math.sqrt(max(area, 0.0) / _USED_SHARE) * texels_per_m
    return int(min(max(2 ** round(math.log2(max(wanted, 1.0))), _SMALLEST_PX), largest_px))


def unwrap_for_lightmap(meshes: Sequence[TriangleMesh], *, size_px: int) -> tuple[list[Unwrapped], int]:
    """Unwrap the parts of one thing into one square, so that no two triangles lie on each other.

    Two texels are free between charts. Where so many charts do not fit, the square becomes larger.

    Args:
        meshes: Parts with at least one triangle each.
        size_px: Side of the map that the UVs are for, a power of two.

    Returns:
        The parts, and the side of the map that they fit.
    """
    import xatlas

    atlas = xatlas.Atlas()
    for mesh in meshes:
        atlas.add_mesh(mesh.vertices, mesh.triangles.astype(np.uint32), mesh.normals)
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_iterations = 1
    packing.padding = _PADDING_PX
    wish = _FIRST_FILL * size_px
    while True:
        packing.resolution = max(int(wish), 1)
        atlas.generate(chart_options=charts, pack_options=packing)
        side = max(atlas.width, atlas.height)
        if side <= size_px:
            break
        wish -= side - size_px + 1
        if wish < _LEAST_FILL * size_px:
            size_px *= 2
            wish = _FIRST_FILL * size_px
    used = np.array([atlas.width, atlas.height], dtype=np.float32) / np.float32(size_px)
    unwrapped = []
    for index, mesh in enumerate(meshes):
        sources, triangles, uvs = atlas[index]
        sources = np.asarray(sources, dtype=np.int64)
        cut = dataclasses.replace(
            mesh,
            vertices=mesh.vertices[sources],
            triangles=np.asarray(triangles, dtype=np.int32).reshape(-1, 3),
            normals=mesh.normals[sources],
            uvs=None if mesh.uvs is None else mesh.uvs[sources],
            colors=None if mesh.colors is None else mesh.colors[sources],
        )
        unwrapped.append(
            Unwrapped(mesh=cut, sources=sources, uvs=np.clip(np.asarray(uvs, dtype=np.float32) * used, 0.0, 1.0))
        )
    return unwrapped, size_px
