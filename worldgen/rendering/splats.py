"""Pictures of Gaussian splats: gsplat where there is a CUDA device, our own rasteriser elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.gsplat_kernels import has_gsplat
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
    from worldgen.rendering.gaussian_rasterizer_blending import finish_image

    rgb, transmittance, inverse_depth = rasterize_splats(cloud, camera)
    finish_image((rgb, transmittance, inverse_depth), np.asarray(background, dtype=np.float32))
    return SplatImage(rgb=rgb, alpha=transmittance, euclidean_depth=inverse_depth)


def rasterize_splats(
    cloud: GaussianCloud, camera: AnyCamera
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """What :func:`worldgen.rendering.gaussian_rasterizer.rasterize` returns, from the fastest engine at hand."""
    if isinstance(camera, Camera) and has_gsplat():
        from worldgen.rendering.gsplat_rasterizer import rasterize_with_gsplat

        return rasterize_with_gsplat(cloud, camera)
    from worldgen.rendering.gaussian_rasterizer import rasterize

    return rasterize(cloud, camera)
