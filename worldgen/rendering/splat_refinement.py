"""Colours of splats fitted to the pictures they came from.

Where splats overlap, each pixel mixes several of them, and what started as the right colour of each comes out blurred.
Asking which colours give the pictures best is a linear least-squares problem; it is solved by simultaneous iterative
reconstruction (Gilbert 1972): every splat moves by the mean of what its pixels lack, weighted by its share in them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import colors_from_sh_dc, sh_dc_from_colors
from worldgen.geometry.cameras import cube_cameras, pixel_rays_in_world
from worldgen.geometry.equirectangular import sample_equirectangular
from worldgen.geometry.layer_splats import LayerSplats
from worldgen.rendering.gaussian_rasterizer import DepthOrder, SplatBins, bin_cloud, fill_bin_colors, fitting_order
from worldgen.rendering.gaussian_rasterizer_residuals import add_to_splats, backproject_residuals
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud

REFERENCE_PIXEL = 0.0052
"""Side of the pixels that 500 000 splats suffice for, in radians; more splats suffice for finer ones."""

Pictures = Sequence[tuple[Camera, NDArray[np.float32]]]
"""Cameras and what they see, (H, W, 3) display-referred."""

_FACE_ROWS = 0.3
"""Half the side of a cube's faces, by the rows of the panorama: a little finer than it, so that nothing is lost."""
_MOST_KEPT_BYTES = 400_000_000
"""About how much memory bins of pictures may take while they wait for the next iteration."""
_MOST_CHANGE = 0.15
_RELAXATION = 1.5
_INERTIA = 0.3
_MAX_STRETCH = 0.25


def refine_colors(
    cloud: GaussianCloud,
    pictures: Pictures,
    *,
    iterations: int = 2,
    pixel: float | None = None,
    order_by: DepthOrder | None = None,
) -> GaussianCloud:
    """Change the colours of splats so that renders come closer to pictures.

    Args:
        cloud: Splats; their view-dependent part stays as it is.
        pictures: Cameras and what they see, (H, W, 3) display-referred; those much finer than the splats are
            reduced first.
        iterations: How often all pictures are gone through; the first brings most.
        pixel: Side of the finest pixels that are looked at, in radians; as fine as so many splats suffice for if None.
        order_by: What decides which splat is in front; None takes turns, for viewers of both kinds.

    Returns:
        The same splats with other ``sh_dc``.
    """
    pixel = pixel_for(cloud) if pixel is None else pixel
    reduced = [reduced_picture(camera, picture, pixel) for camera, picture in pictures]
    kept: dict[int, SplatBins] = {}
    for iteration in range(iterations):
        totals = np.zeros((cloud.num_gaussians, 4))
        for index, (camera, picture) in enumerate(reduced):
            bins = kept.get(index)
            if bins is None:
                bins = bin_cloud(cloud, camera, fitting_order(index) if order_by is None else order_by)
                if iteration + 1 < iterations and sum(item.num_bytes for item in kept.values()) < _MOST_KEPT_BYTES:
                    kept[index] = bins
            else:
                # Nothing but colours has changed.
                fill_bin_colors(bins, cloud, camera)
            gathered = np.zeros((len(bins.ranks), 4), dtype=np.float32)
            backproject_residuals(bins.tiles, bins.records, picture, gathered)
            add_to_splats(bins.ranks, bins.order, gathered, totals)
        # A splat that hardly shows keeps its colour: its mean would be noise.
        change = _RELAXATION * totals[:, 1:] / np.maximum(totals[:, :1], _INERTIA)
        changed = colors_from_sh_dc(cloud.sh_dc) + change
        changed = np.clip(changed, -_MAX_STRETCH, 1.0 + _MAX_STRETCH)
        cloud = dataclasses.replace(cloud, sh_dc=sh_dc_from_colors(changed.astype(np.float32)))
    return cloud


def fit_to_panorama(
    splats: LayerSplats, position: NDArray[np.float64], picture: NDArray[np.float32], *, iterations: int = 3
) -> GaussianCloud:
    """Change the colours of a panorama's splats so that they show it from where it was taken.

    Only surfaces that are seen change, and each but a little: what shows in part only, at the rim of something before
    it, would take up all that is wrong there and shine out when one moves.

    Args:
        splats: Made from the panorama.
        position: (3,) its camera, upright, in world.
        picture: (H, 2H, 3) display-referred.
        iterations: As for :func:`refine_colors`.
    """
    face_px = max(2 * round(_FACE_ROWS * len(picture)), 16)
    cameras = cube_cameras(position, face_px=face_px)
    pictures = [(camera, sample_equirectangular(picture, pixel_rays_in_world(camera))) for camera in cameras]
    cloud = splats.cloud
    pixel = 0.5 * math.pi / face_px
    # The panorama itself is what they must show.
    fitted = refine_colors(cloud, pictures, iterations=iterations, pixel=pixel, order_by="distance")
    before = colors_from_sh_dc(cloud.sh_dc)
    change = np.clip(colors_from_sh_dc(fitted.sh_dc) - before, -_MOST_CHANGE, _MOST_CHANGE)
    change[splats.num_seen_surfels :] = 0.0
    return dataclasses.replace(cloud, sh_dc=sh_dc_from_colors((before + change).astype(np.float32)))


def pixel_for(cloud: GaussianCloud) -> float:
    """Side in radians of the finest pixels that so many splats suffice for."""
    return REFERENCE_PIXEL * math.sqrt(500_000 / max(cloud.num_gaussians, 1))


def reduced_picture(camera: Camera, picture: NDArray[np.float32], pixel: float) -> tuple[Camera, NDArray[np.float32]]:
    """A camera and its picture with pixels of about ``pixel`` radians or more, by means over whole blocks."""
    own = 1.0 / math.sqrt(camera.intrinsics_px[0, 0] * camera.intrinsics_px[1, 1])
    factor = max(1, int(pixel / own + 0.35))
    while camera.height % factor or camera.width % factor:
        factor -= 1
    if factor == 1:
        return camera, picture
    intrinsics_px = camera.intrinsics_px.copy()
    intrinsics_px[:2] /= factor
    height, width = camera.height // factor, camera.width // factor
    blocks = picture.reshape(height, factor, width, factor, 3)
    return (
        Camera(intrinsics_px=intrinsics_px, world_from_camera=camera.world_from_camera, height=height, width=width),
        np.ascontiguousarray(blocks.mean(axis=(1, 3), dtype=np.float32)),
    )
