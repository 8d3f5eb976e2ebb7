"""Pictures of unlit textured meshes: four rays per pixel, the texture between pixels, no light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from tests.benchmarks.truth_scenes import RAYS_PER_PIXEL, shifted_rays
from worldgen.geometry.cameras import camera_position
from worldgen.rendering.embree import NO_HIT, InstancedScene
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
            color, _, hit = self._trace(camera, down - 0.5, across - 0.5)
            colors += color
            cover += hit
        _, depth, _ = self._trace(camera, 0.0, 0.0)
        return SplatImage(rgb=colors / len(RAYS_PER_PIXEL), alpha=cover / len(RAYS_PER_PIXEL), euclidean_depth=depth)

    def _trace(
        self, camera: AnyCamera, down: float, across: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        rays = shifted_rays(camera, down, across).reshape(-1, 3).astype(np.float32)
        origin = camera_position(camera).astype(np.float32)[None]
        distance, weights, ids = self.scene.intersect(origin, rays, coherent=True)
        color = np.zeros((len(rays), 3), dtype=np.float32)
        depth = np.full(len(rays), np.inf, dtype=np.float32)
        for index, sheet in enumerate(self.sheets):
            here = ids[:, 1] == index
            if not here.any():
                continue
            assert sheet.mesh.uvs is not None
            corners = sheet.mesh.uvs[sheet.mesh.triangles[ids[here, 2]]].astype(np.float64)
            b, c = weights[here, 0:1], weights[here, 1:2]
            uv = corners[:, 0] * (1.0 - b - c) + corners[:, 1] * b + corners[:, 2] * c
            height, width = sheet.texture.shape[:2]
            places = [(1.0 - uv[:, 1]) * height - 0.5, uv[:, 0] * width - 0.5]
            for channel in range(3):
                texture = sheet.texture[..., channel].astype(np.float32) / 255.0
                color[here, channel] = map_coordinates(texture, places, order=1, mode="grid-wrap")
            if sheet.label != "sky":
                depth[here] = distance[here]
        hit = (ids[:, 0] != NO_HIT).astype(np.float32)
        shape = (camera.height, camera.width)
        return color.reshape(*shape, 3), depth.reshape(shape), hit.reshape(shape)
