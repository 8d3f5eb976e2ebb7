"""Sheets that carry a panorama: its surface, cut at depth edges, with the nadir closed, and a dome for its sky."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import camera_position, unproject
from worldgen.geometry.depth_mesh import on_one_surface
from worldgen.geometry.depth_normals import normals_from_depth
from worldgen.geometry.panorama_completion import resample_nearest
from worldgen.scene.camera import PanoramaCamera
from worldgen.scene.triangle_mesh import TriangleMesh

_DOME_ROWS = 32


def surface_sheet(
    camera: PanoramaCamera, euclidean_depth: NDArray[np.float32], *, rows: int
) -> tuple[TriangleMesh, NDArray[np.int64], NDArray[np.int64]]:
    """The surface that a panorama sees as one sheet with the panorama's UVs.

    The column at the seam is there twice, so that the picture does not run backwards in one strip; the hole at the
    nadir is closed by a fan, and so is that at the zenith where a ceiling is seen.

    Args:
        camera: The panorama's.
        euclidean_depth: (H, 2H) metres, infinite for the sky.
        rows: Rows of vertices; H where that is less.

    Returns:
        The mesh in world, fronts towards the camera; and for each vertex the panorama's row and column it comes from.
    """
    height = len(euclidean_depth)
    rows = min(rows, height)
    depth = resample_nearest(euclidean_depth, rows)
    # The seam's column again, and a row at either pole with a vertex for every column.
    small = PanoramaCamera(world_from_camera=camera.world_from_camera, height=rows)
    points = unproject(small, depth)
    normals = normals_from_depth(depth)
    eye = camera_position(camera).astype(np.float32)
    first, last = _pole(depth[0], 1.0), _pole(depth[-1], -1.0)
    tops = [
        np.broadcast_to(eye + np.array([0.0, pole, 0.0], dtype=np.float32), (1, 2 * rows, 3)) for pole in (first, last)
    ]
    ups = [np.broadcast_to(np.array([0.0, sign, 0.0], dtype=np.float32), (1, 2 * rows, 3)) for sign in (-1.0, 1.0)]
    grid = np.concatenate([tops[0], points, tops[1]])
    grid_normals = np.concatenate([ups[0], normals, ups[1]])
    grid_depth = np.concatenate([np.full((1, 2 * rows), abs(first)), depth, np.full((1, 2 * rows), abs(last))])
    grid, grid_normals, grid_depth = (
        np.concatenate([values, values[:, :1]], axis=1) for values in (grid, grid_normals, grid_depth)
    )
    u = (np.arange(2 * rows + 1) + 0.5) / (2 * rows)
    v = 1.0 - np.concatenate([[0.0], (np.arange(rows) + 0.5) / rows, [1.0]])
    uvs = np.stack(np.broadcast_arrays(u[None, :], v[:, None]), axis=-1).reshape(-1, 2)
    vertices, flat_normals = grid.reshape(-1, 3).astype(np.float32), grid_normals.reshape(-1, 3).astype(np.float32)
    triangles = _grid_triangles(rows + 2, 2 * rows + 1)
    flat_depth = grid_depth.ravel().astype(np.float32)
    triangles = triangles[np.isfinite(flat_depth[triangles]).all(axis=1)]
    triangles = triangles[on_one_surface(triangles, flat_depth, vertices, flat_normals)]
    used, compact = np.unique(triangles, return_inverse=True)
    source_row = np.clip((used // (2 * rows + 1) - 0.5) / rows * height, 0, height - 1).astype(np.int64)
    source_column = ((used % (2 * rows + 1) + 0.5) / (2 * rows) * 2 * height).astype(np.int64) % (2 * height)
    mesh = TriangleMesh(
        vertices=vertices[used],
        triangles=compact.reshape(-1, 3).astype(np.int32),
        normals=_unit(flat_normals[used]),
        uvs=uvs[used].astype(np.float32),
    )
    return mesh, source_row, source_column


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


def _pole(depths: NDArray[np.float32], sign: float) -> float:
    """Height of a pole's vertex over the camera: as far as the row beside it in the middle; infinite for the sky."""
    rows = len(depths) // 2
    drop = float(np.median(depths)) * math.cos(0.5 / rows * math.pi)
    return sign * drop if np.isfinite(depths).all() else math.inf


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


def _unit(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(
        lengths > 1e-6, normals / np.maximum(lengths, 1e-6), np.array([0.0, 1.0, 0.0], dtype=np.float32)
    ).astype(np.float32)
