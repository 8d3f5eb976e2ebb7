"""Coarser levels of a mesh by quadric error collapses (Garland and Heckbert 1997), with its attributes kept.

Collapses know positions only: corners at one place are joined first, so seams of UVs and hard edges do not tear open.
Afterwards each new triangle takes the UVs of the old triangle that it replaces, carried on across its plane: textures
keep their size and direction, and a seam stays a seam, because triangles do not share UVs across it. Where one affine
map gives all UVs, as on land, it gives the new ones too. Normals and colours come from the old corner that lies nearest
among those that look the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.triangle_mesh import TriangleMesh

FloatArray = NDArray[np.float64]

_LEVEL_SHARES = (0.4, 0.12)
_MIN_DECIMATED = 200
_WORTH_IT = 0.8
_WELD_DECIMALS = 5
_CANDIDATES = 6
_KEY_DECIMALS = 4
_ROWS_PER_BLOCK = 1 << 17
_AFFINE_TOLERANCE = 1e-4
_SAME_WAY = 0.2
"""Normals whose agreement with a triangle differs by less look the same way."""


def decimate_mesh(mesh: TriangleMesh, max_triangles: int, *, lock_border: bool = False) -> TriangleMesh:
    """A mesh of the same shape with fewer triangles.

    Args:
        mesh: The mesh; returned as it is where it is small enough.
        max_triangles: The goal. A few more may be left where nothing else can collapse.
        lock_border: Keep every vertex of an open rim in place, so that neighbouring tiles still meet.

    Raises:
        InvalidInputError: The goal is below one triangle.
    """
    if max_triangles < 1:
        raise InvalidInputError("A mesh cannot have less than one triangle.")
    if mesh.num_triangles <= max_triangles:
        return mesh
    import fast_simplification

    places, of_vertex = _welded(mesh.vertices)
    welded = of_vertex[mesh.triangles]
    is_flat = (welded[:, 0] == welded[:, 1]) | (welded[:, 1] == welded[:, 2]) | (welded[:, 2] == welded[:, 0])
    points, triangles = fast_simplification.simplify(
        places, welded[~is_flat].astype(np.int32), target_count=max_triangles, preserve_border=lock_border
    )[:2]
    points, triangles = np.asarray(points, dtype=np.float64), np.asarray(triangles, dtype=np.int64)
    corners = points[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    kept = np.linalg.norm(faces, axis=1) > 1e-12
    if not kept.any():
        return mesh
    return _dressed(mesh, corners[kept], _unit(faces[kept]))


def coarser_levels(parts: Sequence[TriangleMesh]) -> list[tuple[TriangleMesh, ...]]:
    """Further levels of detail of a thing in parts: 40 % and 12 % of its triangles, where that saves anything.

    Args:
        parts: The finest level; things of less than 200 triangles need no other.
    """
    levels: list[tuple[TriangleMesh, ...]] = []
    finer = sum(part.num_triangles for part in parts)
    if finer < _MIN_DECIMATED:
        return levels
    for share in _LEVEL_SHARES:
        level = tuple(decimate_mesh(part, max(1, round(share * part.num_triangles))) for part in parts)
        count = sum(part.num_triangles for part in level)
        if count < _WORTH_IT * finer:
            levels.append(level)
            finer = count
    return levels


def _welded(vertices: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distinct places, and which of them each vertex lies at."""
    rounded = np.round(vertices.astype(np.float64), _WELD_DECIMALS) + 0.0
    _, first, inverse = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    return vertices[first], inverse.reshape(-1)


def _dressed(mesh: TriangleMesh, corners: FloatArray, faces: FloatArray) -> TriangleMesh:
    """New triangles (T, 3, 3) with attributes of the old mesh, equal corners shared."""
    from scipy.spatial import cKDTree

    old = mesh.vertices[mesh.triangles].astype(np.float64)
    old_faces = np.cross(old[:, 1] - old[:, 0], old[:, 2] - old[:, 0])
    usable = np.flatnonzero(np.linalg.norm(old_faces, axis=1) > 1e-14)
    old, old_faces = old[usable], _unit(old_faces[usable])
    tree = cKDTree(old.mean(axis=1))
    vertex_tree = cKDTree(mesh.vertices)
    affine = None if mesh.uvs is None else _affine_uvs(mesh.vertices, mesh.uvs)
    count = len(corners)
    normals, uvs = np.zeros((count, 3, 3)), np.zeros((count, 3, 2))
    colors = np.zeros((count, 3, 3))
    for start in range(0, count, _ROWS_PER_BLOCK):
        rows = slice(start, start + _ROWS_PER_BLOCK)
        block, block_faces = corners[rows], faces[rows]
        near = _nearest_vertices(mesh, vertex_tree, block, block_faces)
        normals[rows] = mesh.normals[near]
        if mesh.colors is not None:
            colors[rows] = mesh.colors[near]
        if affine is not None:
            uvs[rows] = block @ affine[:3] + affine[3]
        elif mesh.uvs is not None:
            source = _nearest_triangles(tree, old, old_faces, block, block_faces)
            old_uvs = mesh.uvs[mesh.triangles[usable[source]]].astype(np.float64)
            uvs[rows] = _carried_on(old[source], old_uvs, block)
    return _indexed(
        corners.reshape(-1, 3),
        normals.reshape(-1, 3),
        uvs.reshape(-1, 2) if mesh.uvs is not None else None,
        colors.reshape(-1, 3) if mesh.colors is not None else None,
    )


def _affine_uvs(vertices: NDArray[np.float32], uvs: NDArray[np.float32]) -> FloatArray | None:
    """(4, 2) map from (x, y, z, 1) to UVs, or None where no single one gives them all."""
    places = np.concatenate([vertices, np.ones((len(vertices), 1))], axis=1, dtype=np.float64)
    step = max(1, len(places) // 4096)
    found = np.linalg.lstsq(places[::step], uvs[::step].astype(np.float64), rcond=None)[0]
    fits = np.abs(places @ found - uvs).max() < _AFFINE_TOLERANCE
    return np.asarray(found) if fits else None


def _nearest_triangles(
    tree: Any, old: FloatArray, old_faces: FloatArray, corners: FloatArray, faces: FloatArray
) -> NDArray[np.int64]:
    """The old triangle that each new one replaces: near, in its plane, looking the same way."""
    middles = corners.mean(axis=1)
    count = min(_CANDIDATES, len(old))
    apart, found = tree.query(middles, k=count)
    apart, found = apart.reshape(-1, count), np.asarray(found, dtype=np.int64).reshape(-1, count)
    sizes = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)[:, None]
    off_plane = np.abs(np.einsum("nkc,nkc->nk", middles[:, None] - old[found, 0], old_faces[found]))
    turned = 1.0 - np.einsum("nc,nkc->nk", faces, old_faces[found])
    best = np.argmin(off_plane + sizes * turned + 0.1 * apart, axis=1)
    return found[np.arange(len(found)), best]


def _carried_on(old: FloatArray, old_uvs: FloatArray, corners: FloatArray) -> FloatArray:
    """(N, 3, 2) UVs at new corners, by the affine map of an old triangle's plane."""
    one, two = old[:, 1] - old[:, 0], old[:, 2] - old[:, 0]
    a, b, c = (one * one).sum(axis=1), (one * two).sum(axis=1), (two * two).sum(axis=1)
    area = np.maximum(a * c - b * b, 1e-30)
    away = corners - old[:, None, 0]
    along_one, along_two = np.einsum("nkc,nc->nk", away, one), np.einsum("nkc,nc->nk", away, two)
    u = (c[:, None] * along_one - b[:, None] * along_two) / area[:, None]
    v = (a[:, None] * along_two - b[:, None] * along_one) / area[:, None]
    step_one, step_two = old_uvs[:, 1] - old_uvs[:, 0], old_uvs[:, 2] - old_uvs[:, 0]
    return old_uvs[:, None, 0] + u[:, :, None] * step_one[:, None] + v[:, :, None] * step_two[:, None]


def _nearest_vertices(mesh: TriangleMesh, tree: Any, corners: FloatArray, faces: FloatArray) -> NDArray[np.int64]:
    """(N, 3) old vertices near new corners whose normals agree with the new triangle best."""
    count = min(_CANDIDATES, mesh.num_vertices)
    flat = corners.reshape(-1, 3)
    apart, found = tree.query(flat, k=count)
    apart, found = apart.reshape(-1, count), np.asarray(found, dtype=np.int64).reshape(-1, count)
    agreement = np.einsum("nkc,nc->nk", mesh.normals[found].astype(np.float64), np.repeat(faces, 3, axis=0))
    differs = agreement < agreement.max(axis=1, keepdims=True) - _SAME_WAY
    best = np.argmin(np.where(differs, np.inf, apart), axis=1)
    return found[np.arange(len(found)), best].reshape(-1, 3)


def _indexed(
    points: FloatArray, normals: FloatArray, uvs: FloatArray | None, colors: FloatArray | None
) -> TriangleMesh:
    """A mesh of triangles' corners in a row; corners that are equal in everything become one vertex."""
    columns = [points, normals, *(values for values in (uvs, colors) if values is not None)]
    keys = np.round(np.concatenate(columns, axis=1), _KEY_DECIMALS) + 0.0
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    # In the order of first use, so that neighbours stay near each other in memory.
    order = np.argsort(first, kind="stable")
    rank = np.zeros(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    used = first[order]
    return TriangleMesh(
        vertices=points[used].astype(np.float32),
        triangles=rank[inverse.reshape(-1)].reshape(-1, 3).astype(np.int32),
        normals=_unit(normals[used]).astype(np.float32),
        uvs=None if uvs is None else uvs[used].astype(np.float32),
        colors=None if colors is None else np.clip(colors[used], 0.0, 1.0).astype(np.float32),
    )


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(lengths > 1e-14, vectors / np.maximum(lengths, 1e-14), [0.0, 1.0, 0.0])
