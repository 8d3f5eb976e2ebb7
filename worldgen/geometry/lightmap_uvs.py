"""A second set of UVs without overlaps, for baked light: charts are cut and packed by xatlas (Young, MIT)."""

from __future__ import annotations

import dataclasses
import io
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import BackendUnavailableError
from worldgen.scene.triangle_mesh import TriangleMesh

_SMALLEST_PX = 16
_USED_SHARE = 0.7
"""Of a square, what charts fill."""
_TRIES = 4
_TIMEOUT_S = 300.0


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


def unwrap_for_lightmap(
    things: Sequence[Sequence[TriangleMesh]], sizes_px: Sequence[int]
) -> list[tuple[list[Unwrapped], int]]:
    """Unwrap the parts of each thing into one square, so that no two triangles lie on each other.

    Two texels are free between charts. Where so many charts do not fit, the square becomes larger.

    Args:
        things: Parts with at least one triangle each, by thing.
        sizes_px: Sides of the maps that the UVs are for, powers of two.

    Returns:
        For each thing its parts, and the side of the map that they fit.

    Raises:
        BackendUnavailableError: xatlas is missing or fails again and again.
    """
    if not things:
        return []
    parts = [mesh for meshes in things for mesh in meshes]
    given: dict[str, NDArray[Any]] = {}
    for number, mesh in enumerate(parts):
        given |= {f"v{number}": mesh.vertices, f"n{number}": mesh.normals, f"t{number}": mesh.triangles}
    counts = np.array([len(meshes) for meshes in things], dtype=np.int64)
    made = _packed({"sizes": np.array(sizes_px, dtype=np.int64), "counts": counts, **given})
    cut = [_cut(mesh, made[f"s{k}"], made[f"t{k}"], made[f"u{k}"]) for k, mesh in enumerate(parts)]
    ends = np.cumsum(counts)
    return [(cut[end - count : end], int(side)) for end, count, side in zip(ends, counts, made["sizes"], strict=True)]


def _cut(mesh: TriangleMesh, sources: NDArray[Any], triangles: NDArray[Any], uvs: NDArray[Any]) -> Unwrapped:
    cut = dataclasses.replace(
        mesh,
        vertices=mesh.vertices[sources],
        triangles=triangles,
        normals=mesh.normals[sources],
        uvs=None if mesh.uvs is None else mesh.uvs[sources],
        colors=None if mesh.colors is None else mesh.colors[sources],
    )
    return Unwrapped(mesh=cut, sources=sources, uvs=uvs)


def _packed(given: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What the packing program makes of its arrays; it is started again where the library ended it."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **given)
    command = [sys.executable, "-m", "worldgen.geometry.lightmap_packing"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    for _ in range(_TRIES):
        try:
            done = subprocess.run(
                command, input=buffer.getvalue(), capture_output=True, env=environment, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            continue
        if done.returncode == 0:
            with np.load(io.BytesIO(done.stdout), allow_pickle=False) as made:
                return {name: made[name] for name in made.files}
        if done.returncode > 0 and b"ModuleNotFoundError" in done.stderr:
            break
    raise BackendUnavailableError("Lightmap UVs cannot be made.", hint="pip install 'xatlas>=0.0.11'")
