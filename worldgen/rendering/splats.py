"""Pictures of Gaussian splats: gsplat where there is a CUDA device, our own rasteriser elsewhere."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import Frame, axes_from, inverse_rigid
from worldgen.scene.camera import AnyCamera, Camera
from worldgen.scene.gaussian_cloud import GaussianCloud


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SplatImage:
    """What a camera sees of a cloud.

    rgb              (H, W, 3) float32  display-referred, 0 to 1, over the background
    alpha            (H, W)    float32  0 (nothing there) to 1 (opaque)
    euclidean_depth  (H, W)    float32  metres along the ray, the harmonic mean over what is seen (so that
                                        a little sky shining through does not count much); +inf where nothing is
    """

    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32]
    euclidean_depth: NDArray[np.float32]


def render_splats(
    cloud: GaussianCloud, camera: AnyCamera, *, background: Sequence[float] = (0.0, 0.0, 0.0)
) -> SplatImage:
    """Render a cloud.

    Args:
        cloud: The splats.
        camera: Pinhole or equirectangular.
        background: Display-referred colour behind all splats.
    """
    if isinstance(camera, Camera) and has_cuda():
        rgb, transmittance, inverse_depth = _rasterize_with_gsplat(cloud, camera)
    else:
        from worldgen.rendering.gaussian_rasterizer import rasterize

        rgb, transmittance, inverse_depth = rasterize(cloud, camera)
    from worldgen.rendering.gaussian_rasterizer_blending import finish_image

    finish_image((rgb, transmittance, inverse_depth), np.asarray(background, dtype=np.float32))
    return SplatImage(rgb=rgb, alpha=transmittance, euclidean_depth=inverse_depth)


@functools.cache
def has_cuda() -> bool:
    """Whether torch finds a CUDA device; torch, which takes seconds to load, is only asked where there is a driver."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return bool(torch.cuda.is_available())


def _rasterize_with_gsplat(
    cloud: GaussianCloud, camera: Camera
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Like ``gaussian_rasterizer.rasterize``, on the GPU; the inverted depth is a colour channel of its own."""
    import gsplat
    import torch

    from worldgen.geometry.cameras import camera_position
    from worldgen.geometry.splat_shapes import LOW_PASS_PX2
    from worldgen.rendering.gaussian_rasterizer import splat_colors
    from worldgen.rendering.gaussian_rasterizer_projection import NEAR_PLANE_M

    def on_device(values: NDArray[np.floating]) -> torch.Tensor:
        return torch.from_numpy(np.array(values, dtype=np.float32)).to("cuda")

    position = camera_position(camera)
    colors = splat_colors(cloud, np.arange(cloud.num_gaussians, dtype=np.int32), position)
    nearness = 1.0 / np.maximum(np.linalg.norm(cloud.means - position, axis=1)[:, None], NEAR_PLANE_M)
    camera_from_world = inverse_rigid(camera.world_from_camera)
    camera_from_world[:3] = axes_from(Frame.RDF, Frame.RUB) @ camera_from_world[:3]
    with torch.no_grad():
        channels, alphas, _ = gsplat.rasterization(
            on_device(cloud.means),
            on_device(cloud.quats_wxyz),
            on_device(cloud.scales),
            on_device(cloud.opacities),
            on_device(np.concatenate([colors, nearness], axis=1)),
            on_device(camera_from_world)[None],
            on_device(camera.intrinsics_px)[None],
            camera.width,
            camera.height,
            near_plane=NEAR_PLANE_M,
            eps2d=LOW_PASS_PX2,
        )
    blended = channels[0].cpu().numpy()
    rgb, inverse_depth = np.ascontiguousarray(blended[..., :3]), np.ascontiguousarray(blended[..., 3])
    return rgb, 1.0 - alphas[0, ..., 0].cpu().numpy(), inverse_depth
