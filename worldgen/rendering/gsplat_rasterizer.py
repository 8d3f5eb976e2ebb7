"""Splats through gsplat's kernels: for machines with a CUDA device and gsplat built for it.

Pictures are ours, the order and the low-pass included, but the depth of a splat is that of its centre everywhere.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import Frame, axes_from, inverse_rigid
from worldgen.geometry.cameras import camera_position
from worldgen.geometry.splat_shapes import LOW_PASS_PX2
from worldgen.rendering.gaussian_rasterizer_projection import NEAR_PLANE_M
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud

if TYPE_CHECKING:
    import torch

GPU = "cuda"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SplatTensors:
    """A cloud on a device, float32.

    means (N, 3), quats_wxyz (N, 4), scales (N, 3), opacities (N,) as in ``GaussianCloud``
    sh  (N, 1 + K, 3)  coefficients of all degrees
    """

    means: torch.Tensor
    quats_wxyz: torch.Tensor
    scales: torch.Tensor
    opacities: torch.Tensor
    sh: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TensorCamera:
    """A pinhole camera on a device, float32, as gsplat takes it.

    camera_from_world  (1, 4, 4)  to axes right, down, forward
    intrinsics_px      (1, 3, 3)
    position           (3,)       in world
    """

    camera_from_world: torch.Tensor
    intrinsics_px: torch.Tensor
    position: torch.Tensor
    height: int
    width: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TensorImages:
    """What a camera sees of splats, with derivatives.

    rgb            (H, W, 3)  sums of weight times colour
    transmittance  (H, W)     light that passes
    inverse_depth  (H, W)     sums of weight over euclidean depth
    seen           (N,) bool  which splats reach into the picture
    """

    rgb: torch.Tensor
    transmittance: torch.Tensor
    inverse_depth: torch.Tensor
    seen: torch.Tensor


def to_tensor(values: NDArray[np.generic], device: str = GPU) -> torch.Tensor:
    """A float32 copy of an array on a device."""
    import torch

    return torch.from_numpy(np.array(values, dtype=np.float32)).to(device)


def tensor_camera(camera: Camera, device: str = GPU) -> TensorCamera:
    """A camera of ours as gsplat takes it."""
    camera_from_world = inverse_rigid(camera.world_from_camera)
    camera_from_world[:3] = axes_from(Frame.RDF, Frame.RUB) @ camera_from_world[:3]
    return TensorCamera(
        camera_from_world=to_tensor(camera_from_world, device)[None],
        intrinsics_px=to_tensor(camera.intrinsics_px, device)[None],
        position=to_tensor(camera_position(camera), device),
        height=camera.height,
        width=camera.width,
    )


def splat_tensors(cloud: GaussianCloud, device: str = GPU) -> SplatTensors:
    """A cloud on a device."""
    return SplatTensors(
        means=to_tensor(cloud.means, device),
        quats_wxyz=to_tensor(cloud.quats_wxyz, device),
        scales=to_tensor(cloud.scales, device),
        opacities=to_tensor(cloud.opacities, device),
        sh=to_tensor(np.concatenate([cloud.sh_dc[:, None], cloud.sh_rest], axis=1), device),
    )


def rasterize_tensors(splats: SplatTensors, camera: TensorCamera) -> TensorImages:
    """Render splats; derivatives flow back to all of them.

    Spherical harmonics are taken where they are seen from: moving a splat does not change the direction.
    """
    import gsplat
    import torch

    offsets = splats.means - camera.position
    distances = torch.linalg.vector_norm(offsets, dim=-1, keepdim=True).clamp_min(NEAR_PLANE_M)
    degree = {1: 0, 4: 1, 9: 2, 16: 3}[splats.sh.shape[1]]
    colors = gsplat.spherical_harmonics(degree, (offsets / distances).detach(), splats.sh)
    channels, alphas, info = gsplat.rasterization(
        splats.means,
        splats.quats_wxyz,
        splats.scales,
        splats.opacities,
        torch.cat([(colors + 0.5).clamp_min(0.0), 1.0 / distances], dim=-1),
        camera.camera_from_world,
        camera.intrinsics_px,
        camera.width,
        camera.height,
        near_plane=NEAR_PLANE_M,
        eps2d=LOW_PASS_PX2,
        packed=False,
    )
    return TensorImages(
        rgb=channels[0, ..., :3],
        transmittance=1.0 - alphas[0, ..., 0],
        inverse_depth=channels[0, ..., 3],
        seen=(info["radii"][0] > 0).all(dim=-1),
    )


def rasterize_with_gsplat(
    cloud: GaussianCloud, camera: Camera
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Like ``gaussian_rasterizer.rasterize``, on the GPU."""
    import torch

    with torch.no_grad():
        images = rasterize_tensors(_kept_tensors(cloud), tensor_camera(camera))
        # One transfer: it waits for the kernels.
        stacked = torch.cat([images.rgb, images.transmittance[..., None], images.inverse_depth[..., None]], dim=-1)
    values = stacked.cpu().numpy()
    return np.ascontiguousarray(values[..., :3]), values[..., 3].copy(), values[..., 4].copy()


@functools.lru_cache(maxsize=1)
def _kept_tensors(cloud: GaussianCloud) -> SplatTensors:
    """A cloud on the GPU, where it stays until another one is drawn: films draw the same one hundreds of times."""
    return splat_tensors(cloud)
