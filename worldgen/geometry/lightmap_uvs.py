"""A second set of UVs without overlaps, for baked light: charts are cut and packed by xatlas (Young, MIT)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.triangle_mesh import TriangleMesh

_PADDING_PX = 2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Unwrapped:
    """A mesh cut along the borders of its charts.

    sources  (V,)   int64    the vertex of the old mesh that each vertex was
    uvs      (V, 2) float32  in 0 to 1, shared by all meshes of one unwrapping
    """

    mesh: TriangleMesh
    sources: NDArray[np.int64]
    uvs: NDArray[np.float32]


def unwrap_for_lightmap(meshes: Sequence[TriangleMesh]) -> list[Unwrapped]:
    """Unwrap the parts of one thing into one square, so that no two triangles lie on each other.

    Args:
        meshes: Parts with at least one triangle each.
    """
    import xatlas

    atlas = xatlas.Atlas()
    for mesh in meshes:
        atlas.add_mesh(mesh.vertices, mesh.triangles.astype(np.uint32), mesh.normals)
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_iterations = 1
    packing.padding = _PADDING_PX
    atlas.generate(chart_options=charts, pack_options=packing)
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
        unwrapped.append(Unwrapped(mesh=cut, sources=sources, uvs=np.clip(np.asarray(uvs, dtype=np.float32), 0.0, 1.0)))
    return unwrapped
