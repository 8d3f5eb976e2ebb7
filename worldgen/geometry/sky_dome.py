"""A dome that carries the sky of a panorama."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import camera_position
from worldgen.scene.camera import PanoramaCamera
from worldgen.scene.triangle_mesh import TriangleMesh

_DOME_ROWS = 32


def sky_dome(camera: PanoramaCamera, radius_m: float) -> TriangleMesh:
    """A sphere around the camera that is seen from inside, with the UVs of an equirectangular picture."""
    columns = 2 * _DOME_ROWS
    polar = np.arange(_DOME_ROWS + 1) / _DOME_ROWS * math.pi
    azimuth = (np.arange(columns + 1) / columns * 2.0 - 1.0) * math.pi
    sine = np.sin(polar)[:, None]
    up = np.broadcast_to(np.cos(polar)[:, None], (len(polar), len(azimuth)))
    directions = np.stack([sine * np.sin(azimuth), up, -sine * np.cos(azimuth)], axis=-1).reshape(-1, 3)
    u, v = np.broadcast_arrays(
        np.arange(columns + 1)[None, :] / columns, 1.0 - np.arange(_DOME_ROWS + 1)[:, None] / _DOME_ROWS
    )
    triangles = _grid_triangles(_DOME_ROWS + 1, columns + 1)
    corners = directions[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return TriangleMesh(
        vertices=(camera_position(camera) + radius_m * directions).astype(np.float32),
        triangles=triangles[area > 1e-9],
        normals=(-directions).astype(np.float32),
        uvs=np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32),
    )


def _grid_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    """Two triangles for each cell of a grid whose rows go down and columns to the right, as seen from inside."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    upper_left, upper_right = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    lower_left, lower_right = index[1:, :-1].ravel(), index[1:, 1:].ravel()
    return np.concatenate(
        [
            np.stack([upper_left, lower_left, lower_right], axis=1),
            np.stack([upper_left, lower_right, upper_right], axis=1),
        ]
    )
