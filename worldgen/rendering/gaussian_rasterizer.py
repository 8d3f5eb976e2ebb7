"""Splats to pixels on the CPU: tile-based elliptical weighted averaging with numba.

Project all splats in parallel, order them once by distance, bin them into tiles in that order, blend every tile front
to back. The result does not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0
from worldgen.frames import Frame, axes_from, inverse_rigid
from worldgen.geometry.cameras import camera_position
from worldgen.rendering.gaussian_rasterizer_blending import blend_equirectangular, blend_pinhole
from worldgen.rendering.gaussian_rasterizer_projection import (
    PINHOLE_FIELDS,
    RAY_FIELDS,
    project_equirectangular,
    project_pinhole,
)
from worldgen.rendering.gaussian_rasterizer_tiles import bin_splats, depth_order
from worldgen.scene.camera import AnyCamera, PanoramaCamera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.spherical_harmonics import sh_basis


@dataclass(frozen=True, slots=True, eq=False)
class SplatBins:
    """Splats that a camera sees, projected, in depth order and binned.

    order    (M,) int32            indices into the cloud, near to far
    fields   (M, F) float32        projected splats in that order (see ``gaussian_rasterizer_projection``)
    rows     (M, 2) int32          first and last row of each
    starts   (tiles + 1,) int64    first entry of each tile in ``ranks``
    ranks    (E,) int32            indices into ``order``
    """

    order: NDArray[np.int32]
    fields: NDArray[np.float32]
    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    ranks: NDArray[np.int32]


def bin_cloud(cloud: GaussianCloud, camera: AnyCamera) -> SplatBins:
    """Project, cull, order and bin the splats of a cloud for one camera."""
    count = cloud.num_gaussians
    bounds = np.zeros((count, 4), dtype=np.int32)
    visible = np.zeros(count, dtype=np.bool_)
    camera_from_world = inverse_rigid(camera.world_from_camera)
    splats = (cloud.means, cloud.quats_wxyz, cloud.scales, cloud.opacities)
    wraps = isinstance(camera, PanoramaCamera)
    if isinstance(camera, PanoramaCamera):
        fields = np.zeros((count, RAY_FIELDS), dtype=np.float32)
        matrix = camera_from_world[:3].astype(np.float32)
        project_equirectangular(splats, matrix, camera.height, (fields, bounds, visible))
    else:
        fields = np.zeros((count, PINHOLE_FIELDS), dtype=np.float32)
        matrix = (axes_from(Frame.RDF, Frame.RUB) @ camera_from_world[:3]).astype(np.float32)
        intrinsics = camera.intrinsics_px.astype(np.float32)
        size = (camera.height, camera.width)
        project_pinhole(splats, matrix, intrinsics, size, (fields, bounds, visible))
    order = depth_order(np.ascontiguousarray(fields[:, -1]), visible)
    starts, ranks = bin_splats(order, bounds, camera.height, camera.width, wraps)
    rows = np.ascontiguousarray(bounds[order, 2:])
    return SplatBins(order=order, fields=fields[order], rows=rows, starts=starts, ranks=ranks)


def splat_colors(
    cloud: GaussianCloud, order: NDArray[np.int32], position_in_world: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Display-referred colours of some splats as seen from a point, not below 0; (M, 3) float32."""
    colors = np.float32(0.5) + np.float32(SH_C0) * cloud.sh_dc[order]
    if cloud.sh_rest.shape[1]:
        directions = cloud.means[order].astype(np.float64) - position_in_world
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
        basis = sh_basis(directions, cloud.sh_degree)[:, 1:].astype(np.float32)
        colors = colors + np.einsum("nk,nkc->nc", basis, cloud.sh_rest[order])
    return np.maximum(colors, np.float32(0.0))


def rasterize_bins(
    bins: SplatBins, colors: NDArray[np.float32], camera: AnyCamera
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Blend binned splats.

    Args:
        bins: From :func:`bin_cloud` with the same camera.
        colors: (M, 3) float32 in the order of ``bins.order``.
        camera: Pinhole or equirectangular.

    Returns:
        Sums of weight times colour (H, W, 3), the light that passes (H, W), and sums of weight over euclidean
        depth (H, W); all float32.
    """
    size = (camera.height, camera.width)
    rgb = np.zeros((*size, 3), dtype=np.float32)
    transmittance = np.ones(size, dtype=np.float32)
    inverse_depth = np.zeros(size, dtype=np.float32)
    blend = blend_equirectangular if isinstance(camera, PanoramaCamera) else blend_pinhole
    blend((bins.starts, bins.ranks), (bins.fields, colors, bins.rows), rgb, transmittance, inverse_depth)
    return rgb, transmittance, inverse_depth


def rasterize(
    cloud: GaussianCloud, camera: AnyCamera
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Bin and blend a cloud; returns what :func:`rasterize_bins` does."""
    bins = bin_cloud(cloud, camera)
    return rasterize_bins(bins, splat_colors(cloud, bins.order, camera_position(camera)), camera)
