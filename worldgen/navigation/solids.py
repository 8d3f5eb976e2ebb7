"""What physics sees, as one list of triangles in world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.collision import Collision
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Solids:
    """Triangles of solid things, with counter-clockwise fronts outside.

    corners    (T, 3, 3) float64  metres, in world
    is_ground  (T,)      bool     of the ground: everything below it is solid; other triangles bound closed solids
    """

    corners: NDArray[np.float64]
    is_ground: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check shapes and types; coordinates are finite."""
        corners = require_array("Solids", "corners", self.corners, ("T", 3, 3), np.float64)
        is_ground = require_array("Solids", "is_ground", self.is_ground, (len(corners),), np.bool_)
        if corners.size and np.abs(corners).max() > 1e6:
            raise InvalidInputError("Solids.corners must lie within 1000 km.")
        freeze(self, corners=corners, is_ground=is_ground)


def solids_of(collision: Collision) -> Solids:
    """All triangles of a collision, every instance in its place; triggers are no solids."""
    corners, is_ground = [], []
    for node in collision.nodes:
        part = collision.parts[node.part]
        if part.kind == "trigger":
            continue
        matrix = node.world_from_part
        vertices = part.mesh.vertices.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        corners.append(vertices[part.mesh.triangles])
        is_ground.append(np.full(part.mesh.num_triangles, part.kind == "ground"))
    if not corners:
        return Solids(corners=np.zeros((0, 3, 3)), is_ground=np.zeros(0, dtype=np.bool_))
    return Solids(corners=np.concatenate(corners), is_ground=np.concatenate(is_ground))
