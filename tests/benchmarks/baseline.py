"""What the field ships: one isotropic Gaussian per pixel of the spawn panorama, and one sheet over all of them.

These are the conversions that panorama projects use. Every pixel of the panorama becomes a round, nearly opaque
Gaussian at its depth, as wide as its pixel, with its pixel's colour; or a vertex of a mesh that joins all neighbours,
across depth edges as well. The sky goes to a far sphere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import sh_dc_from_colors
from worldgen.color import bytes_from_unit
from worldgen.geometry.cameras import camera_position, pixel_angles, pixel_rays_in_world, unproject
from worldgen.scene.camera import PanoramaCamera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.triangle_mesh import TriangleMesh

SKY_RADIUS_M = 2000.0
PIXEL_STANDARD_DEVIATIONS = 0.5
"""Standard deviation of a splat in pixels: half, as large as closes the surface without blurring it away."""


def panorama_height_for(budget: int) -> int:
    """Rows of the largest panorama whose pixels fit the budget."""
    return math.isqrt(budget // 2)


def baseline_splats(
    camera: PanoramaCamera, colors: NDArray[np.float32], euclidean_depth: NDArray[np.float32]
) -> GaussianCloud:
    """One isotropic Gaussian per pixel.

    Args:
        camera: The spawn panorama's.
        colors: (H, 2H, 3) display-referred.
        euclidean_depth: (H, 2H) metres, +inf for the sky.
    """
    distance = np.minimum(euclidean_depth, np.float32(SKY_RADIUS_M)).astype(np.float64)
    means = camera_position(camera) + pixel_rays_in_world(camera) * distance[..., None]
    sides = distance * pixel_angles(camera)
    count = distance.size
    scales = np.repeat((PIXEL_STANDARD_DEVIATIONS * sides).reshape(-1, 1), 3, axis=1)
    return GaussianCloud(
        means=means.reshape(-1, 3).astype(np.float32),
        quats_wxyz=np.tile(np.array([[1.0, 0.0, 0.0, 0.0]], dtype=np.float32), (count, 1)),
        scales=scales.astype(np.float32),
        opacities=np.full(count, 0.95, dtype=np.float32),
        sh_dc=sh_dc_from_colors(colors.reshape(-1, 3)),
        sh_rest=np.zeros((count, 0, 3), dtype=np.float32),
    )


def baseline_sheet(
    camera: PanoramaCamera, colors: NDArray[np.float32], euclidean_depth: NDArray[np.float32]
) -> TexturedMesh:
    """One sheet without cuts, closed at the seam and the poles; a vertex for each pixel, the sky at the far sphere."""
    height = len(euclidean_depth)
    depth = np.minimum(euclidean_depth, np.float32(SKY_RADIUS_M))
    points = unproject(camera, depth)
    poles = [np.broadcast_to(points[row].mean(axis=0), (1, 2 * height, 3)) for row in (0, -1)]
    grid = np.concatenate([poles[0], points, poles[1]])
    grid = np.concatenate([grid, grid[:, :1]], axis=1).astype(np.float32)
    u = (np.arange(2 * height + 1) + 0.5) / (2 * height)
    v = 1.0 - np.concatenate([[0.0], (np.arange(height) + 0.5) / height, [1.0]])
    uvs = np.stack(np.broadcast_arrays(u[None], v[:, None]), axis=-1).reshape(-1, 2)
    index = np.arange(grid[..., 0].size, dtype=np.int32).reshape(grid.shape[:2])
    a, b, c, d = (index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel())
    vertices = grid.reshape(-1, 3)
    inward = camera_position(camera) - vertices
    mesh = TriangleMesh(
        vertices=vertices,
        triangles=np.concatenate([np.stack([a, c, d], axis=1), np.stack([a, d, b], axis=1)]),
        normals=(inward / np.linalg.norm(inward, axis=1, keepdims=True)).astype(np.float32),
        uvs=uvs.astype(np.float32),
    )
    marks = np.ones(len(vertices), dtype=np.float32)
    return TexturedMesh(name="sheet", label="surface", mesh=mesh, texture=bytes_from_unit(colors), is_seen=marks)
