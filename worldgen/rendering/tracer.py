"""Exact first hits of rays in a scene, and the buffers of a camera made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import camera_position, pixel_angles, pixel_rays_in_world
from worldgen.rendering.embree import NO_HIT, InstancedScene
from worldgen.rendering.hit_shading import hit_albedo, hit_normals
from worldgen.rendering.picture_rays import (
    add_borders,
    begin_means,
    border_points,
    finish_means,
    rays_through,
    uneven_pixels,
)
from worldgen.rendering.surface_tables import build_surface_tables
from worldgen.rendering.texture_pyramids import LINEAR_FROM_BYTE
from worldgen.scene.arrays import require_array
from worldgen.scene.camera import AnyCamera, Camera
from worldgen.scene.scene import Scene
from worldgen.scene.view import Buffers

_RAYS_PER_BATCH = 1 << 18
"""Rays in flight at a time: about 30 MiB of intermediate arrays."""

_EVEN_NORMALS = 0.98
"""Cosine between the normals of neighbours down to which they are taken for one even surface, which needs no more rays
than the one through each pixel's centre."""


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
    """Antialiased buffers for a denoiser: a pixel's mean over five places, or its centre amid an even surface.

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
        # An index of -1, which stands for a miss, finds the sky at the end.
        self._label_of = np.append(self._tables.objects[:, 1], 0).astype(np.uint8)
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
        result = _BufferArrays(camera.height * camera.width)
        for place, rays, angles in _ray_batches(camera):
            found = self._find(_origin(camera), rays, angles, columns=camera.width)
            result.fill(place, found, self._label_of)
        return result.as_buffers(camera)

    def guides_and_buffers(self, camera: Camera) -> tuple[Guides, Buffers]:
        """Buffers of a pinhole camera, and their antialiased kin for its denoiser; pixel centres are traced once."""
        size = (camera.height, camera.width)
        num_pixels = size[0] * size[1]
        exact = _BufferArrays(num_pixels)
        albedo = np.zeros((num_pixels, 3), dtype=np.float32)
        surfaces = np.zeros((num_pixels, 2), dtype=np.uint32)
        for place, rays, angles in _ray_batches(camera):
            found = self._find(_origin(camera), rays, angles, columns=camera.width, with_mirrors=True)
            exact.fill(place, found, self._label_of)
            albedo[place] = found.mirrored
            surfaces[place] = found.ids[:, :2]
        buffers = exact.as_buffers(camera)
        uneven = uneven_pixels(surfaces.reshape(*size, 2), buffers.normals, _EVEN_NORMALS)
        sums = (albedo, buffers.normals.reshape(-1, 3).copy(), (surfaces[:, 0] == NO_HIT).astype(np.float32))
        begin_means(uneven.reshape(-1), sums)
        points = border_points(uneven)
        for first in range(0, len(points), _RAYS_PER_BATCH):
            batch = points[first : first + _RAYS_PER_BATCH]
            rays, angles = rays_through(batch, camera)
            found = self._find(_origin(camera), rays, angles, columns=0, with_mirrors=True)
            add_borders(batch, uneven, (found.mirrored, found.normals, found.ids), sums)
        finish_means(uneven.reshape(-1), sums)
        guides = Guides(
            albedo=albedo.reshape(*size, 3), normals=sums[1].reshape(*size, 3), sky_coverage=sums[2].reshape(size)
        )
        return guides, buffers

    def _trace_batch(
        self, origins: NDArray[np.float32], rays: NDArray[np.float32], angles: NDArray[np.float32]
    ) -> Hits:
        found = self._find(origins, rays, angles, columns=None)
        # The bits of NO_HIT read as -1.
        signed = found.ids.view(np.int32)
        return Hits(
            euclidean_depth=found.depth,
            geometric_normals=found.geometric_normals,
            normals=found.normals,
            object_ids=np.ascontiguousarray(signed[:, 0]),
            part_ids=np.ascontiguousarray(signed[:, 1]),
            triangle_ids=np.ascontiguousarray(signed[:, 2]),
            barycentrics=found.barycentrics,
            albedo=found.albedo,
        )

    def _find(
        self,
        origins: NDArray[np.float32],
        rays: NDArray[np.float32],
        angles: NDArray[np.float32],
        *,
        columns: int | None,
        with_mirrors: bool = False,
    ) -> _Found:
        """Where unit rays hit first, and what is there; ``columns`` as for ``InstancedScene.intersect``."""
        tables = self._tables
        hits = self._embree.intersect(origins, rays, columns=columns)
        found = _Found(
            # A ray that starts on a surface hits it at once; buffers promise depths above zero.
            depth=np.maximum(hits.distances, np.float32(1e-6)),
            barycentrics=hits.barycentrics,
            ids=hits.ids,
            geometric_normals=np.zeros_like(rays),
            normals=np.zeros_like(rays),
            albedo=np.zeros_like(rays),
            mirrored=np.zeros((len(rays) if with_mirrors else 0, 3), dtype=np.float32),
        )
        hit_normals(
            rays,
            (hits.barycentrics, hits.normals, hits.ids),
            (tables.triangles, tables.normals, tables.parts, tables.objects, tables.linear),
            (found.geometric_normals, found.normals),
        )
        hit_albedo(
            (rays, angles),
            (found.depth, hits.barycentrics, hits.normals, hits.ids, found.geometric_normals),
            (
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
            (found.albedo, found.mirrored),
        )
        return found


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Found:
    """What a batch of N rays found, as Embree tells it; ``ids`` (N, 3) uint32 are instance, mesh and triangle.

    ``mirrored`` is the albedo with mirrors brightened by what they reflect, or empty if nobody asked for it.
    """

    depth: NDArray[np.float32]
    barycentrics: NDArray[np.float32]
    ids: NDArray[np.uint32]
    geometric_normals: NDArray[np.float32]
    normals: NDArray[np.float32]
    albedo: NDArray[np.float32]
    mirrored: NDArray[np.float32]


class _BufferArrays:
    """The arrays of ``Buffers`` while they are filled batch by batch."""

    def __init__(self, num_pixels: int) -> None:
        self._depth = np.zeros(num_pixels, dtype=np.float32)
        self._normals = np.zeros((num_pixels, 3), dtype=np.float32)
        self._albedo = np.zeros((num_pixels, 3), dtype=np.float32)
        self._object_ids = np.zeros(num_pixels, dtype=np.int32)
        self._labels = np.zeros(num_pixels, dtype=np.uint8)

    def fill(self, place: slice, found: _Found, label_of: NDArray[np.uint8]) -> None:
        """Put a batch in its place among the pixels; ``label_of`` has a label per object, and at its end the sky's."""
        ids = found.ids[:, 0].view(np.int32)
        self._depth[place] = found.depth
        self._normals[place] = found.normals
        self._albedo[place] = found.albedo
        self._object_ids[place] = ids
        self._labels[place] = label_of[ids]

    def as_buffers(self, camera: AnyCamera) -> Buffers:
        """The finished buffers, as pictures."""
        size = (camera.height, camera.width)
        return Buffers(
            euclidean_depth=self._depth.reshape(size),
            normals=self._normals.reshape(*size, 3),
            albedo=self._albedo.reshape(*size, 3),
            labels=self._labels.reshape(size),
            object_ids=self._object_ids.reshape(size),
        )


def _origin(camera: AnyCamera) -> NDArray[np.float32]:
    return camera_position(camera)[None].astype(np.float32)


def _ray_batches(camera: AnyCamera) -> Iterator[tuple[slice, NDArray[np.float32], NDArray[np.float32]]]:
    """Rays through a camera's pixel centres and pixel angles in whole rows, with their place among its pixels."""
    height, width = camera.height, camera.width
    # Packets of rays are two rows high.
    rows = 2 * max(1, _RAYS_PER_BATCH // width // 2)
    angles = pixel_angles(camera).astype(np.float32).reshape(-1)
    rays_in_world = pixel_rays_in_world(camera).astype(np.float32).reshape(-1, 3)
    for first in range(0, height, rows):
        place = slice(first * width, min(first + rows, height) * width)
        yield place, rays_in_world[place], angles[place]
