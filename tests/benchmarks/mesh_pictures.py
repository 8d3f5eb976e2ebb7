"""Pictures of unlit textured meshes: four rays per pixel, the texture between pixels, no light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.truth_scenes import RAYS_PER_PIXEL, shifted_rays
from worldgen.geometry.cameras import camera_position
from worldgen.rendering.embree import InstancedScene
from worldgen.rendering.splats import SplatImage
from worldgen.scene.camera import AnyCamera
from worldgen.scene.textured_mesh import TexturedMesh


class MeshPictures:
    """Some meshes, ready to be looked at."""

    def __init__(self, sheets: Sequence[TexturedMesh]) -> None:
        self.sheets = tuple(sheet for sheet in sheets if sheet.mesh.num_triangles)
        self.scene = InstancedScene()
        group = self.scene.add_group(
            [
                (np.concatenate([sheet.mesh.vertices, np.zeros((1, 3), np.float32)]), sheet.mesh.triangles)
                for sheet in self.sheets
            ]
        )
        self.scene.add_instance(group, np.eye(4))
        self.scene.commit()

    def render(self, camera: AnyCamera) -> SplatImage:
        """Colour, cover and depth; the sky's dome counts as opaque and infinitely far."""
        shape = (camera.height, camera.width)
        colors, cover = np.zeros((*shape, 3), dtype=np.float32), np.zeros(shape, dtype=np.float32)
        for down, across in RAYS_PER_PIXEL:
            distance, weights, ids = self._trace(camera, down - 0.5, across - 0.5)
            colors += self._colors(weights, ids).reshape(*shape, 3)
            cover += np.isfinite(distance).reshape(shape)
        distance, _, ids = self._trace(camera, 0.0, 0.0)
        is_sky = np.isin(ids[:, 1], [index for index, sheet in enumerate(self.sheets) if sheet.label == "sky"])
        depth = np.where(is_sky, np.float32(np.inf), distance).reshape(shape)
        rays = len(RAYS_PER_PIXEL)
        return SplatImage(rgb=colors / rays, alpha=cover / rays, euclidean_depth=depth)

    def _trace(
        self, camera: AnyCamera, down: float, across: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint32]]:
        rays = shifted_rays(camera, down, across).reshape(-1, 3).astype(np.float32)
        return self.scene.intersect(camera_position(camera).astype(np.float32)[None], rays, coherent=True)

    def _colors(self, weights: NDArray[np.float32], ids: NDArray[np.uint32]) -> NDArray[np.float32]:
        """The textures at hits, between the four nearest pixels; black for misses."""
        colors = np.zeros((len(ids), 3), dtype=np.float32)
        for index, sheet in enumerate(self.sheets):
            here = np.flatnonzero(ids[:, 1] == index)
            assert sheet.mesh.uvs is not None
            corners = sheet.mesh.uvs[sheet.mesh.triangles[ids[here, 2]]]
            b, c = weights[here, 0:1], weights[here, 1:2]
            uv = corners[:, 0] * (1.0 - b - c) + corners[:, 1] * b + corners[:, 2] * c
            height, width = sheet.texture.shape[:2]
            x, y = uv[:, 0] * width - 0.5, (1.0 - uv[:, 1]) * height - 0.5
            left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
            right_share, low_share = (x - left)[:, None], (y - top)[:, None]
            upper, lower = np.clip(top, 0, height - 1), np.clip(top + 1, 0, height - 1)
            first, second = left % width, (left + 1) % width
            texture = sheet.texture
            above = texture[upper, first] * (1.0 - right_share) + texture[upper, second] * right_share
            below = texture[lower, first] * (1.0 - right_share) + texture[lower, second] * right_share
            colors[here] = (above * (1.0 - low_share) + below * low_share) / 255.0
        return colors
