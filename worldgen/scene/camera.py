"""Cameras: pinhole and equirectangular, in OpenGL axes (right, up, back)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


def _require_pose(owner: str, world_from_camera: NDArray[np.float64]) -> NDArray[np.float64]:
    pose: NDArray[np.float64] = require_array(owner, "world_from_camera", world_from_camera, (4, 4), np.float64)
    rotation = pose[:3, :3]
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-6 or np.linalg.det(rotation) < 0.0:
        raise InvalidInputError(f"{owner}.world_from_camera must hold a rotation without mirroring or scale.")
    if np.abs(pose[3] - (0.0, 0.0, 0.0, 1.0)).max() > 0.0:
        raise InvalidInputError(f"{owner}.world_from_camera must end with the row 0, 0, 0, 1.")
    return pose


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Camera:
    """A pinhole camera that looks along its own -Z, with +X right and +Y up.

    intrinsics_px      (3, 3) float64  focal lengths and principal point in pixels; rows count downwards,
                                       pixel centres lie at +0.5
    world_from_camera  (4, 4) float64  rigid
    """

    intrinsics_px: NDArray[np.float64]
    world_from_camera: NDArray[np.float64]
    height: int
    width: int

    def __post_init__(self) -> None:
        """Check size, intrinsics and pose."""
        if self.height < 1 or self.width < 1:
            raise InvalidInputError("Camera.height and Camera.width must be at least 1.")
        intrinsics_px = require_array("Camera", "intrinsics_px", self.intrinsics_px, (3, 3), np.float64)
        if intrinsics_px[0, 0] <= 0.0 or intrinsics_px[1, 1] <= 0.0:
            raise InvalidInputError("Camera.intrinsics_px must have positive focal lengths.")
        freeze(self, intrinsics_px=intrinsics_px, world_from_camera=_require_pose("Camera", self.world_from_camera))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PanoramaCamera:
    """An equirectangular camera: width is twice the height, the centre column looks along its own -Z.

    world_from_camera  (4, 4) float64  rigid
    """

    world_from_camera: NDArray[np.float64]
    height: int

    def __post_init__(self) -> None:
        """Check size and pose."""
        if self.height < 1:
            raise InvalidInputError("PanoramaCamera.height must be at least 1.")
        freeze(self, world_from_camera=_require_pose("PanoramaCamera", self.world_from_camera))

    @property
    def width(self) -> int:
        """Columns: twice the rows."""
        return 2 * self.height


AnyCamera = Camera | PanoramaCamera
