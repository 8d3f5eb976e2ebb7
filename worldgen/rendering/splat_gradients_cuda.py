"""Derivatives of splats from gsplat's kernels, for machines with a CUDA device; the loss itself stays on the CPU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0
from worldgen.frames import Frame, axes_from, inverse_rigid
from worldgen.geometry.cameras import camera_position
from worldgen.geometry.splat_shapes import LOW_PASS_PX2
from worldgen.rendering.gaussian_rasterizer import splat_colors
from worldgen.rendering.gaussian_rasterizer_colors import fill_color_gradients
from worldgen.rendering.gaussian_rasterizer_projection import NEAR_PLANE_M
from worldgen.rendering.splat_gradients import ImageLoss, SplatGradients
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud


def splat_gradients_on_cuda(
    cloud: GaussianCloud, camera: Camera, loss: ImageLoss
) -> tuple[NDArray[np.int32], SplatGradients]:
    """Like ``bin_cloud`` and ``splat_gradients``, on the GPU.

    gsplat orders by depth along the axis, not by distance, and knows no slopes of the depth. It does not tell what
    part of the picture a splat makes up, so every splat in view counts as one pixel.

    Args:
        cloud: The splats.
        camera: Where from.
        loss: Called once with the images.

    Returns:
        Which splats are in view, and the derivatives with respect to these.
    """
    import gsplat
    import torch

    def leaf(values: NDArray[np.floating]) -> torch.Tensor:
        return torch.from_numpy(np.array(values, dtype=np.float32)).to("cuda").requires_grad_(True)

    position = camera_position(camera)
    offsets = cloud.means.astype(np.float64) - position
    distances = np.maximum(np.linalg.norm(offsets, axis=1), NEAR_PLANE_M)
    everything = np.arange(cloud.num_gaussians, dtype=np.int32)
    colors = splat_colors(cloud, everything, position)
    camera_from_world = inverse_rigid(camera.world_from_camera)
    camera_from_world[:3] = axes_from(Frame.RDF, Frame.RUB) @ camera_from_world[:3]
    means, quats, scales = leaf(cloud.means), leaf(cloud.quats_wxyz), leaf(cloud.scales)
    opacities, channels = leaf(cloud.opacities), leaf(np.concatenate([colors, 1.0 / distances[:, None]], axis=1))
    blended, alphas, info = gsplat.rasterization(
        means,
        quats,
        scales,
        opacities,
        channels,
        torch.from_numpy(camera_from_world.astype(np.float32)).to("cuda")[None],
        torch.from_numpy(camera.intrinsics_px.astype(np.float32)).to("cuda")[None],
        camera.width,
        camera.height,
        near_plane=NEAR_PLANE_M,
        eps2d=LOW_PASS_PX2,
        packed=False,
    )
    info["means2d"].retain_grad()
    images = blended[0].detach().cpu().numpy()
    rgb = np.ascontiguousarray(images[..., :3])
    transmittance = 1.0 - alphas[0, ..., 0].detach().cpu().numpy()
    by_rgb, by_transmittance, by_near = loss(rgb, transmittance, np.ascontiguousarray(images[..., 3]))
    by_images = np.concatenate([by_rgb, by_near[..., None]], axis=-1).astype(np.float32)
    by_alpha = -by_transmittance[None, ..., None].astype(np.float32)
    torch.autograd.backward(
        [blended, alphas], [torch.from_numpy(by_images)[None].to("cuda"), torch.from_numpy(by_alpha).to("cuda")]
    )
    radii = info["radii"][0]
    seen = (radii > 0).all(dim=-1) if radii.ndim == 2 else radii > 0
    order = np.flatnonzero(seen.cpu().numpy()).astype(np.int32)

    def at_seen(tensor: torch.Tensor) -> NDArray[np.float32]:
        values: NDArray[np.float32] = np.zeros(tensor.shape, dtype=np.float32)
        if tensor.grad is not None:
            values = tensor.grad.cpu().numpy().astype(np.float32)
        return np.ascontiguousarray(values[order])

    by_channels = at_seen(channels)
    by_means = at_seen(means) - (by_channels[:, 3:] * offsets[order] / distances[order, None] ** 3).astype(np.float32)
    turns = at_seen(quats)
    turns = turns - (turns * cloud.quats_wxyz[order]).sum(axis=1, keepdims=True) * cloud.quats_wxyz[order]
    by_colors = np.where(colors[order] > 0.0, by_channels[:, :3], np.float32(0.0))
    sh_rest = np.zeros((len(order), *cloud.sh_rest.shape[1:]), dtype=np.float32)
    if cloud.sh_rest.shape[1]:
        fill_color_gradients(cloud.means, order, position, by_colors, sh_rest)
    solid = cloud.opacities[order]
    screen = info["means2d"].grad[0].cpu().numpy()[order]
    return order, SplatGradients(
        means=by_means,
        log_scales=at_seen(scales) * cloud.scales[order],
        quats=turns,
        logits=at_seen(opacities) * solid * (1.0 - solid),
        sh_dc=np.float32(SH_C0) * by_colors,
        sh_rest=sh_rest,
        screen=np.hypot(screen[:, 0], screen[:, 1]).astype(np.float32),
        weights=np.ones(len(order), dtype=np.float32),
    )
