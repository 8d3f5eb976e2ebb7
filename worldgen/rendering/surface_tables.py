"""The scene's surfaces as flat arrays: every prototype's level of detail once, objects as references to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.texture_pyramids import TexturePyramids, build_texture_pyramids, texture_ids
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.scene import Part, Scene

GroupKey = tuple[str, int]
"""Name of a prototype and the level of detail."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SurfaceTables:
    """Arrays that a compiled loop needs to know everything about a hit.

    vertices       (V + 1, 3) float32  in the prototype's frame; one spare at the end, for Embree's wide reads
    triangles      (T, 3) int32        vertex numbers within the part
    normals        (V, 3) float32      in the prototype's frame
    uvs            (U, 2) float32      of the parts that have any
    colors         (C, 3) float32      linear, of the parts that have any
    parts          (P, 6) int64        first triangle, first vertex, first UV or -1, first colour or -1, material,
                                       number of triangles
    objects        (O, 2) int64        first part, label number
    linear         (O, 3, 3) float32   the linear part of ``world_from_object``
    base_colors    (M, 3) float32      of the materials
    material_info  (M, 2) int64        texture or -1, 1 where the surface mirrors (water, glass)
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32]
    colors: NDArray[np.float32]
    parts: NDArray[np.int64]
    objects: NDArray[np.int64]
    linear: NDArray[np.float32]
    base_colors: NDArray[np.float32]
    material_info: NDArray[np.int64]
    pyramids: TexturePyramids
    groups: dict[GroupKey, tuple[int, int]]
    """First part of each group and the part behind its last."""


def build_surface_tables(scene: Scene) -> SurfaceTables:
    """Collect the surfaces of all objects of a scene, each prototype and level of detail once."""
    material_numbers = {name: number for number, name in enumerate(scene.materials)}
    groups: dict[GroupKey, tuple[int, int]] = {}
    parts: list[Part] = []
    for item in scene.objects:
        key = (item.prototype, item.lod)
        if key not in groups:
            lod = [part for part in scene.prototypes[item.prototype].lods[item.lod] if part.mesh.num_triangles]
            groups[key] = (len(parts), len(parts) + len(lod))
            parts += lod
    rows = np.zeros((len(parts), 6), dtype=np.int64)
    counts = np.zeros(4, dtype=np.int64)
    for number, part in enumerate(parts):
        mesh = part.mesh
        has_uvs, has_colors = mesh.uvs is not None, mesh.colors is not None
        rows[number] = (
            counts[0],
            counts[1],
            counts[2] if has_uvs else -1,
            counts[3] if has_colors else -1,
            material_numbers[part.material],
            mesh.num_triangles,
        )
        counts += (mesh.num_triangles, mesh.num_vertices, mesh.num_vertices * has_uvs, mesh.num_vertices * has_colors)
    textures, distinct = texture_ids({name: item.base_color_texture for name, item in scene.materials.items()})
    meshes = [part.mesh for part in parts]
    spare = np.zeros((1, 3), dtype=np.float32)
    return SurfaceTables(
        vertices=np.concatenate([*(mesh.vertices for mesh in meshes), spare]),
        triangles=np.concatenate([*(mesh.triangles for mesh in meshes), np.zeros((0, 3), dtype=np.int32)]),
        normals=np.concatenate([*(mesh.normals for mesh in meshes), spare]),
        uvs=np.concatenate(
            [*(mesh.uvs for mesh in meshes if mesh.uvs is not None), np.zeros((1, 2), dtype=np.float32)]
        ),
        colors=np.concatenate([*(mesh.colors for mesh in meshes if mesh.colors is not None), spare]),
        parts=rows,
        objects=np.array(
            [
                (groups[item.prototype, item.lod][0], LABEL_INDEX[scene.prototypes[item.prototype].label])
                for item in scene.objects
            ],
            dtype=np.int64,
        ).reshape(-1, 2),
        linear=np.array([item.world_from_object[:3, :3] for item in scene.objects], dtype=np.float32).reshape(-1, 3, 3),
        base_colors=np.array([item.base_color for item in scene.materials.values()], dtype=np.float32).reshape(-1, 3),
        material_info=np.array(
            [(textures[name], int(item.kind != "surface")) for name, item in scene.materials.items()], dtype=np.int64
        ).reshape(-1, 2),
        pyramids=build_texture_pyramids(distinct),
        groups=groups,
    )
