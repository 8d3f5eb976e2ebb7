"""Assembly of triangle meshes from quads, triangles and indexed pieces.

A `MeshBuilder` collects pieces and packs them once into a `TriangleMesh`. All pieces of one builder share one
material, so either all of them bring UVs or none does, and the same for vertex colours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.triangle_mesh import TriangleMesh

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]

DEGENERATE_AREA_M2 = 1e-10
"""Triangles smaller than this (a square hundredth of a millimetre) are dropped."""


def unit_vectors(vectors: NDArray[np.floating]) -> Floats:
    """Vectors scaled to unit length along the last axis; zero vectors become +Y."""
    lengths = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    unit: Floats = (vectors / np.maximum(lengths, 1e-20)).astype(np.float32)
    zero = lengths[..., 0] < 1e-12
    if zero.any():
        unit[zero] = (0.0, 1.0, 0.0)
    return unit


def triangle_crosses(vertices: NDArray[np.floating], triangles: Indices) -> Floats:
    """Cross products of two edges, (T, 3): twice the area long, along the front's normal."""
    a, b, c = vertices[triangles[:, 0]], vertices[triangles[:, 1]], vertices[triangles[:, 2]]
    u, v = b - a, c - a
    crosses = np.stack(
        (
            u[:, 1] * v[:, 2] - u[:, 2] * v[:, 1],
            u[:, 2] * v[:, 0] - u[:, 0] * v[:, 2],
            u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0],
        ),
        axis=1,
    )
    return crosses.astype(np.float32)


def smooth_normals(vertices: NDArray[np.floating], triangles: Indices) -> Floats:
    """Unit vertex normals, (V, 3): the area-weighted mean of the triangles around each vertex."""
    crosses = triangle_crosses(vertices, triangles).astype(np.float64)
    corners = triangles.ravel()
    sums = np.zeros((len(vertices), 3), dtype=np.float64)
    for axis in range(3):
        sums[:, axis] = np.bincount(corners, weights=np.repeat(crosses[:, axis], 3), minlength=len(vertices))
    return unit_vectors(sums)


class MeshBuilder:
    """Collects pieces of one mesh; every ``add_`` method returns the builder, so calls can be chained."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._vertices: list[Floats] = []
        self._triangles: list[Indices] = []
        self._normals: list[Floats] = []
        self._uvs: list[Floats | None] = []
        self._colors: list[Floats | None] = []
        self._num_vertices = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added yet."""
        return not self._vertices

    @property
    def num_triangles(self) -> int:
        """Triangles so far."""
        return sum(len(piece) for piece in self._triangles)

    def add_indexed(
        self,
        vertices: ArrayLike,
        triangles: ArrayLike,
        *,
        normals: ArrayLike | None = None,
        uvs: ArrayLike | None = None,
        colors: ArrayLike | None = None,
    ) -> MeshBuilder:
        """Add an indexed piece.

        Args:
            vertices: (V, 3) metres.
            triangles: (T, 3) indices into ``vertices``, counter-clockwise fronts.
            normals: (V, 3) unit normals, or None for smooth ones.
            uvs: (V, 2) in tiles, or None.
            colors: (V, 3) or (3,) linear, clipped to 0 to 1, or None.
        """
        points = np.asarray(vertices, dtype=np.float32).reshape(-1, 3)
        indices = np.asarray(triangles, dtype=np.int32).reshape(-1, 3)
        if not len(indices):
            return self
        count = len(points)
        if normals is None:
            piece_normals = smooth_normals(points, indices)
        else:
            piece_normals = unit_vectors(np.asarray(normals, dtype=np.float32).reshape(-1, 3))
        self._vertices.append(points)
        self._triangles.append(indices + np.int32(self._num_vertices))
        self._normals.append(piece_normals)
        self._uvs.append(None if uvs is None else np.asarray(uvs, dtype=np.float32).reshape(-1, 2))
        if colors is None:
            self._colors.append(None)
        else:
            clipped = np.clip(np.asarray(colors, dtype=np.float32), 0.0, 1.0)
            self._colors.append(np.broadcast_to(clipped, (count, 3)))
        self._num_vertices += count
        return self

    def add_triangles(
        self,
        corners: ArrayLike,
        *,
        normals: ArrayLike | None = None,
        uvs: ArrayLike | None = None,
        colors: ArrayLike | None = None,
    ) -> MeshBuilder:
        """Add N separate triangles.

        Args:
            corners: (N, 3, 3) metres, counter-clockwise seen from the front.
            normals: (N, 3, 3) or (N, 1, 3), or None for flat ones.
            uvs: (N, 3, 2) in tiles, or None.
            colors: (N, 3, 3), (N, 1, 3) or (3,), linear, or None.
        """
        return self._add_polygons(np.asarray(corners, dtype=np.float32), normals, uvs, colors)

    def add_quads(
        self,
        corners: ArrayLike,
        *,
        normals: ArrayLike | None = None,
        uvs: ArrayLike | None = None,
        colors: ArrayLike | None = None,
    ) -> MeshBuilder:
        """Add N separate quads, each split along its first diagonal.

        Args:
            corners: (N, 4, 3) metres, counter-clockwise seen from the front.
            normals: (N, 4, 3) or (N, 1, 3), or None for flat ones.
            uvs: (N, 4, 2) in tiles, or None.
            colors: (N, 4, 3), (N, 1, 3) or (3,), linear, or None.
        """
        return self._add_polygons(np.asarray(corners, dtype=np.float32), normals, uvs, colors)

    def add_grid(
        self,
        points: ArrayLike,
        *,
        uvs: ArrayLike | None = None,
        colors: ArrayLike | None = None,
        normals: ArrayLike | None = None,
    ) -> MeshBuilder:
        """Add a sheet of (R, C, 3) points; its front is where rows run up and columns run right.

        Args:
            points: (R, C, 3) metres.
            uvs: (R, C, 2) in tiles, or None.
            colors: (R, C, 3) or (3,), linear, or None.
            normals: (R, C, 3), or None for smooth ones.
        """
        sheet = np.asarray(points, dtype=np.float32)
        rows, columns = sheet.shape[:2]
        if colors is not None:
            colors = np.broadcast_to(np.asarray(colors, dtype=np.float32), (rows, columns, 3)).reshape(-1, 3)
        return self.add_indexed(
            sheet.reshape(-1, 3), grid_triangles(rows, columns), normals=normals, uvs=uvs, colors=colors
        )

    def add_mesh(self, mesh: TriangleMesh, transform: NDArray[np.floating] | None = None) -> MeshBuilder:
        """Add a finished mesh, moved by a (4, 4) ``transform`` without mirroring if one is given."""
        moved = mesh if transform is None else transform_mesh(mesh, transform)
        return self.add_indexed(
            moved.vertices, moved.triangles, normals=moved.normals, uvs=moved.uvs, colors=moved.colors
        )

    def build(self) -> TriangleMesh:
        """Pack everything into one mesh, without degenerate triangles and unused vertices.

        Raises:
            InvalidInputError: Some pieces have UVs or colours and others have not, or nothing was added.
        """
        if self.is_empty:
            raise InvalidInputError("A mesh needs at least one triangle.")
        vertices = np.concatenate(self._vertices)
        triangles = np.concatenate(self._triangles)
        crosses = triangle_crosses(vertices, triangles)
        keep = np.einsum("ij,ij->i", crosses, crosses) > (2.0 * DEGENERATE_AREA_M2) ** 2
        normals, uvs, colors = (
            np.concatenate(self._normals),
            _joined(self._uvs, "UVs"),
            _joined(self._colors, "colours"),
        )
        if not keep.all():
            used, renumbered = np.unique(triangles[keep], return_inverse=True)
            triangles = renumbered.reshape(-1, 3).astype(np.int32)
            vertices, normals = vertices[used], normals[used]
            uvs = None if uvs is None else uvs[used]
            colors = None if colors is None else colors[used]
        return TriangleMesh(vertices=vertices, triangles=triangles, normals=normals, uvs=uvs, colors=colors)

    def _add_polygons(
        self, corners: Floats, normals: ArrayLike | None, uvs: ArrayLike | None, colors: ArrayLike | None
    ) -> MeshBuilder:
        count, sides = corners.shape[:2]
        if not count:
            return self
        first = np.arange(count, dtype=np.int32)[:, None] * np.int32(sides)
        pattern = ((0, 1, 2), (0, 2, 3))[: sides - 2]
        triangles = np.stack([first + np.array(corner, dtype=np.int32) for corner in pattern], axis=1)
        if normals is None:
            u = corners[:, 2] - corners[:, 0]
            v = corners[:, -1] - corners[:, 1] if sides == 4 else corners[:, 2] - corners[:, 1]
            flat = np.cross(u, v) if sides == 4 else np.cross(corners[:, 1] - corners[:, 0], u)
            normals = unit_vectors(flat)[:, None]
        every = (count, sides, 3)
        normals = np.broadcast_to(np.asarray(normals, dtype=np.float32), every)
        if colors is not None:
            colors = np.broadcast_to(np.asarray(colors, dtype=np.float32), every).reshape(-1, 3)
        return self.add_indexed(
            corners.reshape(-1, 3), triangles.reshape(-1, 3), normals=normals.reshape(-1, 3), uvs=uvs, colors=colors
        )


def grid_triangles(rows: int, columns: int, *, wrap: bool = False) -> Indices:
    """Triangles of a grid of vertices in row-major order; ``wrap`` also joins the last column to the first."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns if wrap else columns - 1), indexing="ij")
    right = (column + 1) % columns
    a, b = row * columns + column, row * columns + right
    c, d = (row + 1) * columns + right, (row + 1) * columns + column
    faces = np.stack((np.stack((a, b, c), axis=-1), np.stack((a, c, d), axis=-1)), axis=-2)
    return faces.reshape(-1, 3).astype(np.int32)


def merge_meshes(meshes: Sequence[TriangleMesh]) -> TriangleMesh:
    """One mesh of several that share a material.

    Raises:
        InvalidInputError: Some have UVs or colours and others have not, or there are none.
    """
    builder = MeshBuilder()
    for mesh in meshes:
        builder.add_mesh(mesh)
    return builder.build()


def transform_mesh(mesh: TriangleMesh, transform: NDArray[np.floating]) -> TriangleMesh:
    """A mesh moved by a (4, 4) affine ``transform`` without mirroring; normals follow its inverse transpose."""
    linear = np.asarray(transform, dtype=np.float64)[:3, :3]
    vertices = mesh.vertices @ linear.T + np.asarray(transform, dtype=np.float64)[:3, 3]
    normals = unit_vectors(mesh.normals @ np.linalg.inv(linear))
    return TriangleMesh(
        vertices=vertices.astype(np.float32),
        triangles=np.array(mesh.triangles),
        normals=normals,
        uvs=mesh.uvs,
        colors=mesh.colors,
    )


def _joined(pieces: Sequence[Floats | None], name: str) -> Floats | None:
    present = [piece for piece in pieces if piece is not None]
    if not present:
        return None
    if len(present) != len(pieces):
        raise InvalidInputError(f"All pieces of a mesh must have {name}, or none of them.")
    return np.concatenate(present)
