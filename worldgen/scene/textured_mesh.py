"""A mesh that carries a picture: what a world made from a picture consists of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.triangle_mesh import TriangleMesh


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TexturedMesh:
    """A named mesh in world with one picture on it, light included.

    mesh     with UVs, without colours
    texture  (H, W, 3) uint8    sRGB-encoded
    is_seen  (V,)      float32  1 where the source picture shows the vertex, 0 where it was invented
    """

    name: str
    label: str
    mesh: TriangleMesh
    texture: NDArray[np.uint8]
    is_seen: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the mesh has UVs and every vertex its mark."""
        if self.mesh.uvs is None or self.mesh.colors is not None:
            raise InvalidInputError("TexturedMesh.mesh needs UVs, and no colours.")
        freeze(
            self,
            texture=require_array("TexturedMesh", "texture", self.texture, ("H", "W", 3), np.uint8),
            is_seen=require_array("TexturedMesh", "is_seen", self.is_seen, (self.mesh.num_vertices,), np.float32),
        )
