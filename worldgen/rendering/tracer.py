"""Exact first hits of rays in a scene, and the buffers of a camera made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import camera_position, pixel_angles, pixel_rays_in_world
from worldgen.rendering.embree import InstancedScene
from worldgen.rendering.hit_shading import hit_albedo, hit_normals, pinhole_rays
from worldgen.rendering.surface_tables import build_surface_tables
from worldgen.rendering.texture_pyramids import LINEAR_FROM_BYTE
from worldgen.scene.arrays import require_array
from worldgen.scene.camera import AnyCamera, Camera
from worldgen.scene.scene import Scene
from worldgen.scene.view import Buffers

_RAYS_PER_BATCH = 1 << 18
"""Rays in flight at a time: about 30 MiB of intermediate arrays."""

_SUBPIXELS = ((0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875))
"""Four places in a pixel, each in a row and a column of its own (rotated grid)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Hits:
    """First hits of N rays.

    euclidean_depth    (N,)   float32  metres along the ray, +inf for a miss
    geometric_normals  (N, 3) float32  unit, of the triangle, facing the ray; zero for a miss
    normals            (N, 3) float32  unit, interpolated between vertices, facing the ray; zero for a miss
    object_ids         (N,)   int32    index into ``Scene.objects``, -1 for a miss
    part_ids           (N,)   int32    part of the prototype's level of detail (parts without triangles do not
                                       count), -1 for a miss
    triangle_ids       (N,)   int32    triangle of the part's mesh, -1 for a miss
    barycentrics       (N, 2) float32  weights of the triangle's second and third vertex
    albedo             (N, 3) float32  linear base colour, 1 for a miss
    """

    euclidean_depth: NDArray[np.float32]
    geometric_normals: NDArray[np.float32]
    normals: NDArray[np.float32]
    object_ids: NDArray[np.int32]
    part_ids: NDArray[np.int32]
    triangle_ids: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    albedo: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Guides:
    """Antialiased buffers for a denoiser: the mean over four rays per pixel.

    albedo        (H, W, 3) float32  linear, mirrors brightened by what they reflect, 1 for the sky
    normals       (H, W, 3) float32  in world, shorter than 1 where they differ within the pixel
    sky_coverage  (H, W)    float32  share of the pixel that shows the sky, 0 to 1
    """

    albedo: NDArray[np.float32]
    normals: NDArray[np.float32]
    sky_coverage: NDArray[np.float32]


class SceneTracer:
    """Casts rays into a scene; built once per world.

    Every prototype's level of detail is held once and placed by instances, so the memory is that of the
    distinct meshes. Results do not depend on the number of threads.
    """

    def __init__(self, scene: Scene) -> None:
        """Build the acceleration structure.

        Raises:
            BackendUnavailableError: embreex is missing.
        """
        self._tables = build_surface_tables(scene)
        self._embree = InstancedScene()
        tables = self._tables
        handles: dict[tuple[str, int], int] = {}
        for key, (first, last) in tables.groups.items():
            meshes = []
            for part in range(first, last):
                triangle, vertex, count = tables.parts[part, 0], tables.parts[part, 1], tables.parts[part, 5]
                end = tables.parts[part + 1, 1] if part + 1 < len(tables.parts) else len(tables.vertices) - 1
                meshes.append((tables.vertices[vertex : end + 1], tables.triangles[triangle : triangle + count]))
            handles[key] = self._embree.add_group(meshes)
        for item in scene.objects:
            self._embree.add_instance(handles[item.prototype, item.lod], item.world_from_object)
        self._embree.commit()

    def trace(
        self, origins: NDArray[np.floating], directions: NDArray[np.floating], *, pixel_angle: float = 1e-3
    ) -> Hits:
        """First hits of rays.

        Args:
            origins: (N, 3) in world, metres; (1, 3) serves all rays.
            directions: (N, 3) in world, of any length above zero.
            pixel_angle: Angle between neighbouring rays in radians, over which textures are averaged.

        Raises:
            InvalidInputError: The shapes do not fit, or a ray is not finite or has no direction.
        """
        origins = np.asarray(origins, dtype=np.float32)
        rays = np.asarray(directions, dtype=np.float64)
        require_array("trace", "directions", rays, ("N", 3), np.float64)
        require_array("trace", "origins", origins, (1 if len(origins) == 1 else len(rays), 3), np.float32)
        lengths = np.linalg.norm(rays, axis=1, keepdims=True)
        if len(rays) and lengths.min() <= 0.0:
            raise InvalidInputError("Rays must have a direction.")
        unit = (rays / lengths).astype(np.float32)
        pieces = []
        for start in range(0, max(len(unit), 1), _RAYS_PER_BATCH):
            stop = start + _RAYS_PER_BATCH
            batch = unit[start:stop]
            angles = np.full(len(batch), pixel_angle, dtype=np.float32)
            own = origins if len(origins) == 1 else origins[start:stop]
            pieces.append(self._trace_batch(own, batch, angles))
        if len(pieces) == 1:
            return pieces[0]
        return Hits(
            **{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in Hits.__dataclass_fields__}
        )

    def buffers(self, camera: AnyCamera) -> Buffers:
        """Exact buffers of a camera, one ray through each pixel centre."""
        size = (camera.height, camera.width)
        num_pixels = size[0] * size[1]
        euclidean_depth = np.zeros(num_pixels, dtype=np.float32)
        normals = np.zeros((num_pixels, 3), dtype=np.float32)
        albedo = np.zeros((num_pixels, 3), dtype=np.float32)
        object_ids = np.zeros(num_pixels, dtype=np.int32)
        for place, rays, angles in _ray_batches(camera, (0.5, 0.5)):
            hits = self._trace_batch(_origin(camera), rays, angles)
            euclidean_depth[place] = hits.euclidean_depth
            normals[place] = hits.normals
            object_ids[place] = hits.object_ids
            albedo[place] = hits.albedo
        labels = np.zeros(num_pixels, dtype=np.uint8)
        seen = object_ids >= 0
        labels[seen] = self._tables.objects[object_ids[seen], 1]
        return Buffers(
            euclidean_depth=euclidean_depth.reshape(size),
            normals=normals.reshape(*size, 3),
            albedo=albedo.reshape(*size, 3),
            labels=labels.reshape(size),
            object_ids=object_ids.reshape(size),
        )

    def guides(self, camera: Camera) -> Guides:
        """Antialiased buffers of a pinhole camera for its denoiser."""
        size = (camera.height, camera.width)
        albedo = np.zeros((size[0] * size[1], 3), dtype=np.float32)
        normals = np.zeros_like(albedo)
        sky_coverage = np.zeros(size[0] * size[1], dtype=np.float32)
        weight = np.float32(1.0 / len(_SUBPIXELS))
        for offset in _SUBPIXELS:
            for place, rays, angles in _ray_batches(camera, offset):
                hits = self._trace_batch(_origin(camera), rays, angles, with_mirrors=True)
                albedo[place] += hits.albedo * weight
                normals[place] += hits.normals * weight
                sky_coverage[place] += (hits.object_ids < 0) * weight
        return Guides(
            albedo=albedo.reshape(*size, 3), normals=normals.reshape(*size, 3), sky_coverage=sky_coverage.reshape(size)
        )

    def _trace_batch(
        self,
        origins: NDArray[np.float32],
        rays: NDArray[np.float32],
        angles: NDArray[np.float32],
        *,
        with_mirrors: bool = False,
    ) -> Hits:
        tables = self._tables
        distances, barycentrics, ids = self._embree.intersect(origins, rays)
        geometric_normals, normals, albedo = np.zeros_like(rays), np.zeros_like(rays), np.zeros_like(rays)
        hit_normals(
            rays,
            (barycentrics, ids),
            (tables.vertices, tables.triangles, tables.normals, tables.parts, tables.objects, tables.linear),
            (geometric_normals, normals),
        )
        hit_albedo(
            (rays, angles, int(with_mirrors)),
            (distances, barycentrics, ids, geometric_normals),
            (
                tables.vertices,
                tables.triangles,
                tables.uvs,
                tables.colors,
                tables.parts,
                tables.objects,
                tables.linear,
                tables.base_colors,
                tables.material_info,
                tables.pyramids.as_tuple(),
                LINEAR_FROM_BYTE,
            ),
            albedo,
        )
        # The bits of NO_HIT read as -1.
        signed = ids.view(np.int32)
        return Hits(
            # A ray that starts on a surface hits it at once; buffers promise depths above zero.
            euclidean_depth=np.maximum(distances, np.float32(1e-6)),
            geometric_normals=geometric_normals,
            normals=normals,
            object_ids=np.ascontiguousarray(signed[:, 0]),
            part_ids=np.ascontiguousarray(signed[:, 1]),
            triangle_ids=np.ascontiguousarray(signed[:, 2]),
            barycentrics=barycentrics,
            albedo=albedo,
        )


def _origin(camera: AnyCamera) -> NDArray[np.float32]:
    return camera_position(camera)[None].astype(np.float32)


def _ray_batches(
    camera: AnyCamera, offset: tuple[float, float]
) -> Iterator[tuple[slice, NDArray[np.float32], NDArray[np.float32]]]:
    """Rays and pixel angles of a camera in whole rows, batch by batch, with their place among its pixels."""
    height, width = camera.height, camera.width
    rows = max(1, _RAYS_PER_BATCH // width)
    angles = pixel_angles(camera).astype(np.float32)
    pose = np.ascontiguousarray(camera.world_from_camera)
    rays_in_world = None if isinstance(camera, Camera) else pixel_rays_in_world(camera).astype(np.float32)
    for first in range(0, height, rows):
        last = min(first + rows, height)
        if isinstance(camera, Camera):
            intrinsics_px = np.ascontiguousarray(camera.intrinsics_px)
            rays = pinhole_rays(intrinsics_px, pose, (width, first, last, 1), offset)
        else:
            assert rays_in_world is not None
            rays = rays_in_world[first:last].reshape(-1, 3)
        yield slice(first * width, last * width), rays, np.ascontiguousarray(angles[first:last]).reshape(-1)
