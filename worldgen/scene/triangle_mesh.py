"""Triangle meshes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TriangleMesh:
    """Triangles with counter-clockwise fronts, in the frame that the holder states.

    vertices   (V, 3)  float32  metres
    triangles  (T, 3)  int32    vertex indices
    normals    (V, 3)  float32  unit, per vertex
    uvs        (V, 2)  float32  in texture tiles, v upwards (v = 0 is the last row of the image), or None
    colors     (V, 3)  float32  linear, 0 to 1, multiplies the material's base colour, or None
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32] | None = None
    colors: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        """Check shapes, types and index range."""
        vertices = require_array("TriangleMesh", "vertices", self.vertices, ("V", 3), np.float32)
        triangles = require_array("TriangleMesh", "triangles", self.triangles, ("T", 3), np.int32)
        num_vertices = len(vertices)
        normals = require_array("TriangleMesh", "normals", self.normals, (num_vertices, 3), np.float32)
        uvs = self.uvs
        if uvs is not None:
            uvs = require_array("TriangleMesh", "uvs", uvs, (num_vertices, 2), np.float32)
        colors = self.colors
        if colors is not None:
            colors = require_array("TriangleMesh", "colors", colors, (num_vertices, 3), np.float32)
            if colors.size and (colors.min() < 0.0 or colors.max() > 1.0):
                raise InvalidInputError("TriangleMesh.colors must lie in 0 to 1.")
        if triangles.size and (triangles.min() < 0 or triangles.max() >= num_vertices):
            raise InvalidInputError(f"TriangleMesh.triangles must index 0 to {num_vertices - 1}.")
        if num_vertices:
            lengths = np.linalg.norm(normals, axis=1)
            if np.abs(lengths - 1.0).max() > 1e-3:
                raise InvalidInputError("TriangleMesh.normals must have unit length.")
        freeze(self, vertices=vertices, triangles=triangles, normals=normals, uvs=uvs, colors=colors)

    @property
    def num_vertices(self) -> int:
        """Number of vertices."""
        return len(self.vertices)

    @property
    def num_triangles(self) -> int:
        """Number of triangles."""
        return len(self.triangles)
