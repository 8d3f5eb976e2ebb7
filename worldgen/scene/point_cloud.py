"""Coloured points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PointCloud:
    """N points in the world frame.

    points   (N, 3) float32  metres
    colors   (N, 3) uint8    sRGB
    normals  (N, 3) float32  unit, or None
    labels   (N,)   uint8    index into the label table, or None
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8]
    normals: NDArray[np.float32] | None = None
    labels: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        """Check equal lengths and unit normals."""
        points = require_array("PointCloud", "points", self.points, ("N", 3), np.float32)
        num_points = len(points)
        colors = require_array("PointCloud", "colors", self.colors, (num_points, 3), np.uint8)
        normals, labels = self.normals, self.labels
        if normals is not None:
            normals = require_array("PointCloud", "normals", normals, (num_points, 3), np.float32)
            if num_points and np.abs(np.linalg.norm(normals, axis=1) - 1.0).max() > 1e-3:
                raise InvalidInputError("PointCloud.normals must have unit length.")
        if labels is not None:
            labels = require_array("PointCloud", "labels", labels, (num_points,), np.uint8)
        freeze(self, points=points, colors=colors, normals=normals, labels=labels)

    @property
    def num_points(self) -> int:
        """Number of points."""
        return len(self.points)
