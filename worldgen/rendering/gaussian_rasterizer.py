"""Splats to pixels on the CPU: tile-based elliptical weighted averaging with numba.

Project all splats in parallel, order them once by depth, bin them into tiles in that order, blend every tile front
to back. The result does not depend on the number of threads.

Which splat is in front is a matter of convention: gsplat and many viewers go by the depth along the camera's axis,
others by the distance (Spark does, and glTF's extension and OpenUSD let a file ask for it). Pinhole pictures are
ordered along the axis here, panoramas by distance; but splats are fitted in both orders, because a world that is fitted
in one loses up to 0.2 dB in the other (500 000 splats; more if there are fewer).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import Frame, axes_from, inverse_rigid
from worldgen.geometry.cameras import camera_position
from worldgen.rendering.gaussian_rasterizer_blending import blend_equirectangular, blend_pinhole
from worldgen.rendering.gaussian_rasterizer_colors import fill_colors, gather_records
from worldgen.rendering.gaussian_rasterizer_projection import (
    CHUNK,
    PINHOLE_COLOR,
    PINHOLE_FIELDS,
    RAY_COLOR,
    RAY_FIELDS,
    project_equirectangular,
    project_pinhole,
)
from worldgen.rendering.gaussian_rasterizer_tiles import bin_splats, deal_tiles, depth_order
from worldgen.scene.camera import AnyCamera, PanoramaCamera
from worldgen.scene.gaussian_cloud import GaussianCloud

DepthOrder = Literal["axis", "distance"]
"""What decides which splat of a pinhole picture is in front."""

_CUBE_FACES = 6
_KEPT_SPLATS = 1_000_000
"""Room for so many is kept from one picture to the next, 72 to 88 MB."""


def fitting_order(index: int) -> DepthOrder:
    """The order that one of many pictures is fitted in: every other one, and of the next cube the other faces."""
    return "distance" if (index + index // _CUBE_FACES) % 2 else "axis"


@dataclass(frozen=True, slots=True, eq=False)
class SplatBins:
    """Splats that a camera sees, projected, in depth order and binned.

    order    (M,) int32            indices into the cloud, near to far
    records  (M, F) float32        projected splats in that order (see ``gaussian_rasterizer_projection``)
    starts   (tiles + 1,) int64    first entry of each tile in ``ranks``
    ranks    (E,) int32            indices into ``order``
    dealt    (tiles,) int64        the order in which tiles are blended
    """

    order: NDArray[np.int32]
    records: NDArray[np.float32]
    starts: NDArray[np.int64]
    ranks: NDArray[np.int32]
    dealt: NDArray[np.int64]

    @property
    def num_bytes(self) -> int:
        """Memory that all arrays take."""
        return sum(array.nbytes for array in (self.order, self.records, self.starts, self.ranks, self.dealt))

    @property
    def tiles(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        """What the blending kernels read of the tiles."""
        return self.starts, self.ranks, self.dealt


class _Room(threading.local):
    """Where splats are projected to: clearing it for every picture would take a sixth of the time of binning.

    Each thread has its own. Whoever uses it writes before reading, and keeps none of it.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._values = np.zeros(0, dtype=np.float32)
        self._indices = np.zeros(0, dtype=np.int32)

    def for_splats(self, count: int, fields: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        """Records (N, F), depths (N,) and indices (N,) that hold anything."""
        values, indices = self._values, self._indices
        if len(indices) < count or len(values) < count * (fields + 1):
            values, indices = np.zeros(count * (fields + 1), dtype=np.float32), np.zeros(count, dtype=np.int32)
            if count <= _KEPT_SPLATS:
                self._values, self._indices = values, indices
        records = values[: count * fields].reshape(count, fields)
        return records, values[count * fields : count * (fields + 1)], indices[:count]


_room = _Room()


def bin_cloud(cloud: GaussianCloud, camera: AnyCamera, order_by: DepthOrder = "axis") -> SplatBins:
    """Project, cull, order, colour and bin the splats of a cloud for one camera; panoramas know no axis."""
    count = cloud.num_gaussians
    is_panorama = isinstance(camera, PanoramaCamera)
    packed, depths, indices = _room.for_splats(count, RAY_FIELDS if is_panorama else PINHOLE_FIELDS)
    counts = np.zeros(-(-count // CHUNK), dtype=np.int64)
    camera_from_world = inverse_rigid(camera.world_from_camera)
    splats = (cloud.means, cloud.quats_wxyz, cloud.scales, cloud.opacities)
    if isinstance(camera, PanoramaCamera):
        matrix = camera_from_world[:3].astype(np.float32)
        project_equirectangular(splats, matrix, camera.height, (packed, depths, indices, counts))
    else:
        matrix = (axes_from(Frame.RDF, Frame.RUB) @ camera_from_world[:3]).astype(np.float32)
        intrinsics = camera.intrinsics_px.astype(np.float32)
        size = (camera.height, camera.width)
        project_pinhole(splats, (matrix, intrinsics), size, order_by == "distance", (packed, depths, indices, counts))
    positions = depth_order(depths, counts)
    order = indices[positions]
    records = np.zeros((len(order), packed.shape[1]), dtype=np.float32)
    gather_records(packed, positions, records)
    first_bound = _first_color(camera) + 3
    starts, ranks = bin_splats(records, first_bound, (camera.height, camera.width), is_panorama)
    bins = SplatBins(order=order, records=records, starts=starts, ranks=ranks, dealt=deal_tiles(starts))
    fill_bin_colors(bins, cloud, camera)
    return bins


def fill_bin_colors(bins: SplatBins, cloud: GaussianCloud, camera: AnyCamera) -> None:
    """Give binned splats the colours that they have in a cloud which has changed in nothing else since."""
    first = _first_color(camera)
    colors = bins.records[:, first : first + 3]
    fill_colors((cloud.means, cloud.sh_dc, cloud.sh_rest), bins.order, camera_position(camera), colors)


def _first_color(camera: AnyCamera) -> int:
    return RAY_COLOR if isinstance(camera, PanoramaCamera) else PINHOLE_COLOR


def splat_colors(
    cloud: GaussianCloud, order: NDArray[np.int32], position_in_world: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Display-referred colours of some splats as seen from a point, not below 0; (M, 3) float32."""
    colors = np.zeros((len(order), 3), dtype=np.float32)
    fill_colors((cloud.means, cloud.sh_dc, cloud.sh_rest), order, position_in_world, colors)
    return colors


def rasterize_bins(
    bins: SplatBins, camera: AnyCamera
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Blend what :func:`bin_cloud` made for the same camera.

    Returns:
        Sums of weight times colour (H, W, 3), the light that passes (H, W), and sums of weight over euclidean
        depth (H, W); all float32.
    """
    size = (camera.height, camera.width)
    rgb = np.zeros((*size, 3), dtype=np.float32)
    transmittance = np.ones(size, dtype=np.float32)
    inverse_depth = np.zeros(size, dtype=np.float32)
    blend = blend_equirectangular if isinstance(camera, PanoramaCamera) else blend_pinhole
    blend(bins.tiles, bins.records, (rgb, transmittance, inverse_depth))
    return rgb, transmittance, inverse_depth


def rasterize(
    cloud: GaussianCloud, camera: AnyCamera
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Bin and blend a cloud; returns what :func:`rasterize_bins` does."""
    return rasterize_bins(bin_cloud(cloud, camera), camera)
