"""What one camera sees: radiance with exact buffers beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.camera import AnyCamera


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Buffers:
    """Exact first-hit buffers of a camera, one ray through each pixel centre.

    euclidean_depth  (H, W)    float32  metres along the ray, +inf where the sky is seen
    normals          (H, W, 3) float32  unit, in world, facing the camera; zero where the sky is seen
    albedo           (H, W, 3) float32  linear base colour, 1 where the sky is seen
    labels           (H, W)    uint8    index into the scene's label table, 0 is the sky
    object_ids       (H, W)    int32    index into ``Scene.objects``, -1 is the sky
    """

    euclidean_depth: NDArray[np.float32]
    normals: NDArray[np.float32]
    albedo: NDArray[np.float32]
    labels: NDArray[np.uint8]
    object_ids: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Check that all buffers have one size and the depth is positive."""
        depth = require_array("Buffers", "euclidean_depth", self.euclidean_depth, ("H", "W"), np.float32, finite=False)
        size = depth.shape
        if depth.size and not (depth > 0.0).all():
            raise InvalidInputError("Buffers.euclidean_depth must be positive, with +inf for the sky.")
        freeze(
            self,
            euclidean_depth=depth,
            normals=require_array("Buffers", "normals", self.normals, (*size, 3), np.float32),
            albedo=require_array("Buffers", "albedo", self.albedo, (*size, 3), np.float32),
            labels=require_array("Buffers", "labels", self.labels, size, np.uint8),
            object_ids=require_array("Buffers", "object_ids", self.object_ids, size, np.int32),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class View:
    """Radiance seen by a camera, pixel by pixel aligned with its buffers.

    radiance  (H, W, 3) float32  linear Rec. 709, fog included, before exposure and tone mapping
    """

    camera: AnyCamera
    radiance: NDArray[np.float32]
    buffers: Buffers

    def __post_init__(self) -> None:
        """Check that radiance and buffers fit the camera."""
        size = (self.camera.height, self.camera.width)
        radiance = require_array("View", "radiance", self.radiance, (*size, 3), np.float32)
        if self.buffers.euclidean_depth.shape != size:
            raise InvalidInputError(f"View.buffers must be {size[1]}x{size[0]} like the camera.")
        freeze(self, radiance=radiance)
