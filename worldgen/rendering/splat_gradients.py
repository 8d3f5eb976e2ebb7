"""How a loss on a picture changes with the splats in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0
from worldgen.frames import Frame, axes_from, inverse_rigid
from worldgen.geometry.cameras import camera_position
from worldgen.rendering.gaussian_projection_gradients import SPLAT_GRADIENTS, project_pinhole_gradients
from worldgen.rendering.gaussian_rasterizer import SplatBins, rasterize_bins
from worldgen.rendering.gaussian_rasterizer_colors import fill_color_gradients
from worldgen.rendering.gaussian_rasterizer_gradients import RECORD_GRADIENTS, blend_pinhole_gradients, sum_by_rank
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud

Images = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Sums of weight times colour (H, W, 3), light that passes (H, W), sums of weight over euclidean depth (H, W)."""
ImageLoss = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], Images]
"""From such images to the derivatives of a loss with respect to each."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SplatGradients:
    """Derivatives of a loss, for the M splats of ``SplatBins.order``; float32.

    means (M, 3), log_scales (M, 3), quats (M, 4), logits (M,), sh_dc (M, 3), sh_rest (M, K, 3)
    screen   (M,)  length of the derivative with respect to the place on the image, per pixel
    weights  (M,)  how many pixels the splat makes up
    """

    means: NDArray[np.float32]
    log_scales: NDArray[np.float32]
    quats: NDArray[np.float32]
    logits: NDArray[np.float32]
    sh_dc: NDArray[np.float32]
    sh_rest: NDArray[np.float32]
    screen: NDArray[np.float32]
    weights: NDArray[np.float32]


def splat_gradients(cloud: GaussianCloud, camera: Camera, bins: SplatBins, loss: ImageLoss) -> SplatGradients:
    """Render a cloud, ask how the loss changes with the picture, and hand that back to the splats.

    Spherical harmonics are taken where they are seen from: moving a splat does not change the direction.

    Args:
        cloud: The splats.
        camera: Where from.
        bins: From ``bin_cloud`` of both.
        loss: Called once with the images.
    """
    images = rasterize_bins(bins, camera)
    image_gradients = tuple(np.ascontiguousarray(gradient, dtype=np.float32) for gradient in loss(*images))
    count = len(bins.order)
    gathered = np.zeros((len(bins.ranks), RECORD_GRADIENTS), dtype=np.float32)
    blend_pinhole_gradients(bins.tiles, bins.records, images, image_gradients, gathered)
    records = np.zeros((count, RECORD_GRADIENTS), dtype=np.float32)
    sum_by_rank(bins.ranks, gathered, records)
    matrix = axes_from(Frame.RDF, Frame.RUB) @ inverse_rigid(camera.world_from_camera)[:3]
    splats = np.zeros((count, SPLAT_GRADIENTS), dtype=np.float32)
    project_pinhole_gradients(
        (cloud.means, cloud.quats_wxyz, cloud.scales, cloud.opacities),
        bins.order,
        (np.ascontiguousarray(matrix), camera.intrinsics_px),
        (camera.height, camera.width),
        (records, splats),
    )
    seen = bins.records[:, 9:12] > 0.0
    colors = np.where(seen, records[:, 7:10], np.float32(0.0))
    sh_rest = np.zeros((count, *cloud.sh_rest.shape[1:]), dtype=np.float32)
    if cloud.sh_rest.shape[1]:
        fill_color_gradients(cloud.means, bins.order, camera_position(camera), colors, sh_rest)
    return SplatGradients(
        means=splats[:, :3],
        log_scales=splats[:, 3:6],
        quats=splats[:, 6:10],
        logits=splats[:, 10],
        sh_dc=np.float32(SH_C0) * colors,
        sh_rest=sh_rest,
        screen=np.hypot(records[:, 0], records[:, 1]),
        weights=records[:, 10],
    )
