"""Pictures of meshes that carry pictures, light included: rays through four places of each pixel, and no shading."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import camera_position
from worldgen.geometry.equirectangular import rays_from_pixels
from worldgen.rendering.embree import InstancedScene, RayHits
from worldgen.rendering.splats import SplatImage
from worldgen.scene.camera import AnyCamera, PanoramaCamera
from worldgen.scene.textured_mesh import TexturedMesh

_PLACES = ((0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875))
"""Rows and columns within a pixel that rays go through."""
_RAYS_AT_ONCE = 1 << 20


class TexturedMeshes:
    """Some meshes, ready to be looked at.

    Args:
        sheets: In world; those labelled as sky count as infinitely far.

    Raises:
        BackendUnavailableError: The ray caster is missing.
    """

    def __init__(self, sheets: Sequence[TexturedMesh]) -> None:
        """Build what rays need."""
        self._sheets = tuple(sheet for sheet in sheets if sheet.mesh.num_triangles)
        self._is_sky = np.array([sheet.label == "sky" for sheet in self._sheets], dtype=bool)
        self._scene = InstancedScene()
        if self._sheets:
            spare = np.zeros((1, 3), np.float32)
            group = self._scene.add_group(
                [(np.concatenate([sheet.mesh.vertices, spare]), sheet.mesh.triangles) for sheet in self._sheets]
            )
            self._scene.add_instance(group, np.eye(4))
        self._scene.commit()

    def render(self, camera: AnyCamera) -> SplatImage:
        """Colour (black where there is nothing), cover, and depth through the pixels' centres, infinite for the sky."""
        shape = (camera.height, camera.width)
        colors, cover = np.zeros((*shape, 3), dtype=np.float32), np.zeros(shape, dtype=np.float32)
        depth = np.full(shape, np.inf, dtype=np.float32)
        step = max(1, _RAYS_AT_ONCE // camera.width)
        for first in range(0, camera.height, step):
            rows = slice(first, min(first + step, camera.height))
            size = (rows.stop - rows.start, camera.width)
            for down, across in _PLACES:
                hits = self._trace(camera, rows, (down, across))
                colors[rows] += self._colors(hits.barycentrics, hits.ids).reshape(*size, 3)
                cover[rows] += np.isfinite(hits.distances).reshape(size)
            hits = self._trace(camera, rows, (0.5, 0.5))
            distance, hit = hits.distances, np.isfinite(hits.distances)
            distance[hit] = np.where(self._is_sky[hits.ids[hit, 1]], np.float32(np.inf), distance[hit])
            depth[rows] = distance.reshape(size)
        share = np.float32(1.0 / len(_PLACES))
        return SplatImage(rgb=colors * share, alpha=cover * share, euclidean_depth=depth)

    def _trace(self, camera: AnyCamera, rows: slice, place: tuple[float, float]) -> RayHits:
        rays = _rays_through(camera, rows, place).reshape(-1, 3).astype(np.float32)
        return self._scene.intersect(camera_position(camera).astype(np.float32)[None], rays, columns=camera.width)

    def _colors(self, weights: NDArray[np.float32], ids: NDArray[np.uint32]) -> NDArray[np.float32]:
        """The textures at hits, between the four nearest pixels, (N, 3); black for misses."""
        colors = np.zeros((len(ids), 3), dtype=np.float32)
        for index, sheet in enumerate(self._sheets):
            here = np.flatnonzero(ids[:, 1] == index)
            assert sheet.mesh.uvs is not None  # a textured mesh has them
            corners = sheet.mesh.uvs[sheet.mesh.triangles[ids[here, 2]]]
            b, c = weights[here, 0:1], weights[here, 1:2]
            colors[here] = _sampled(
                sheet.texture, corners[:, 0] * (1.0 - b - c) + corners[:, 1] * b + corners[:, 2] * c
            )
        return colors


def _rays_through(camera: AnyCamera, rows: slice, place: tuple[float, float]) -> NDArray[np.float64]:
    """(h, W, 3) unit rays in world through one place of each pixel of some rows."""
    y = np.arange(rows.start, rows.stop, dtype=np.float64)[:, None] + place[0]
    x = np.arange(camera.width, dtype=np.float64)[None] + place[1]
    if isinstance(camera, PanoramaCamera):
        local = rays_from_pixels(x, y, camera.height)
    else:
        k = camera.intrinsics_px
        down = (y - k[1, 2]) / k[1, 1]
        right = (x - k[0, 2] - k[0, 1] * down) / k[0, 0]
        local = np.stack([right, np.broadcast_to(-down, right.shape), np.full_like(right, -1.0)], axis=-1)
        local /= np.linalg.norm(local, axis=-1, keepdims=True)
    rays: NDArray[np.float64] = local @ camera.world_from_camera[:3, :3].T
    return rays


def _sampled(texture: NDArray[np.uint8], uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 3) colours 0 to 1 at UVs; pictures go around from left to right, and end above and below."""
    height, width = texture.shape[:2]
    x, y = uv[:, 0] * width - 0.5, (1.0 - uv[:, 1]) * height - 0.5
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    upper, lower = np.clip(top, 0, height - 1), np.clip(top + 1, 0, height - 1)
    first, second = left % width, (left + 1) % width
    above = texture[upper, first] * (1.0 - right_share) + texture[upper, second] * right_share
    below = texture[lower, first] * (1.0 - right_share) + texture[lower, second] * right_share
    return ((above * (1.0 - low_share) + below * low_share) / 255.0).astype(np.float32)
