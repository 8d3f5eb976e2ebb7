"""What the field ships: one isotropic Gaussian per pixel of the spawn panorama.

This is the conversion that panorama-to-splat projects use: every pixel of the panorama becomes a round, nearly opaque
Gaussian at its depth, as wide as its pixel, with its pixel's colour; the sky goes to a far sphere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import sh_dc_from_colors
from worldgen.geometry.cameras import camera_position, pixel_angles, pixel_rays_in_world
from worldgen.scene.camera import PanoramaCamera
from worldgen.scene.gaussian_cloud import GaussianCloud

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
