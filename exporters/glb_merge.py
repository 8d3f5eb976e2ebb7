"""Many small plants as few meshes: what an engine would choke on as nodes becomes tiles of the land."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.scene.scene import Part, Scene, SceneObject
from worldgen.scene.triangle_mesh import TriangleMesh

TILE_M = 32.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MergedTile:
    """All small plants of one spec entry in one square of the land; parts are relative to ``origin`` (metres)."""

    name: str
    label: str
    spec_id: str
    origin: tuple[float, float, float]
    parts: tuple[Part, ...]
    num_objects: int


def merge_small_plants(scene: Scene, max_nodes: int | None) -> tuple[tuple[SceneObject, ...], tuple[MergedTile, ...]]:
    """Merge vegetation, kinds of the fewest triangles first, until at most ``max_nodes`` objects are left.

    Returns:
        The objects that stay as they are, and the tiles.
    """
    if max_nodes is None or len(scene.objects) <= max_nodes:
        return scene.objects, ()
    plants: dict[tuple[str, str], list[SceneObject]] = defaultdict(list)
    for item in scene.objects:
        label = scene.label_of(item)
        if LABELS[LABEL_INDEX[label]].group == "vegetation":
            plants[label, item.spec_id].append(item)
    left = len(scene.objects)
    merged: set[str] = set()
    tiles: list[MergedTile] = []
    for (label, spec_id), items in sorted(
        plants.items(), key=lambda entry: (_mean_triangles(scene, entry[1]), entry[0])
    ):
        if left <= max_nodes:
            break
        made = _merge_into_tiles(scene, label, spec_id, items)
        tiles += made
        merged.update(item.object_id for item in items)
        left -= len(items) - len(made)
    return tuple(item for item in scene.objects if item.object_id not in merged), tuple(tiles)


def _mean_triangles(scene: Scene, items: list[SceneObject]) -> float:
    return sum(scene.prototypes[item.prototype].num_triangles[item.lod] for item in items) / len(items)


def _merge_into_tiles(scene: Scene, label: str, spec_id: str, items: list[SceneObject]) -> list[MergedTile]:
    squares: dict[tuple[int, int], list[SceneObject]] = defaultdict(list)
    for item in items:
        x, z = item.world_from_object[0, 3], item.world_from_object[2, 3]
        squares[math.floor(x / TILE_M), math.floor(z / TILE_M)].append(item)
    tiles = []
    for (column, row), members in sorted(squares.items()):
        y = float(np.mean([item.world_from_object[1, 3] for item in members]))
        origin = ((column + 0.5) * TILE_M, round(y, 3), (row + 0.5) * TILE_M)
        tiles.append(
            MergedTile(
                name=f"{label}_{spec_id}_tile_{_signed(column)}_{_signed(row)}",
                label=label,
                spec_id=spec_id,
                origin=origin,
                parts=_merge_parts(scene, members, np.array(origin)),
                num_objects=len(members),
            )
        )
    return tiles


def _signed(number: int) -> str:
    return f"m{-number}" if number < 0 else str(number)


def _merge_parts(scene: Scene, members: list[SceneObject], origin: np.ndarray) -> tuple[Part, ...]:
    by_kind: dict[tuple[str, bool, bool], list[TriangleMesh]] = defaultdict(list)
    for item in members:
        for part in scene.prototypes[item.prototype].lods[item.lod]:
            mesh = part.mesh
            key = (part.material, mesh.uvs is not None, mesh.colors is not None)
            by_kind[key].append(_placed(mesh, item.world_from_object, origin))
    return tuple(Part(mesh=_joined(meshes), material=key[0]) for key, meshes in sorted(by_kind.items()))


def _placed(mesh: TriangleMesh, world_from_object: np.ndarray, origin: np.ndarray) -> TriangleMesh:
    linear = world_from_object[:3, :3]
    scale = np.cbrt(np.linalg.det(linear))
    return TriangleMesh(
        vertices=(mesh.vertices @ linear.T + (world_from_object[:3, 3] - origin)).astype(np.float32),
        triangles=mesh.triangles,
        normals=(mesh.normals @ (linear.T / scale)).astype(np.float32),
        uvs=mesh.uvs,
        colors=mesh.colors,
    )


def _joined(meshes: list[TriangleMesh]) -> TriangleMesh:
    starts = np.cumsum([0, *(mesh.num_vertices for mesh in meshes[:-1])])
    return TriangleMesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        triangles=np.concatenate(
            [mesh.triangles + np.int32(start) for mesh, start in zip(meshes, starts, strict=True)]
        ),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        uvs=None if meshes[0].uvs is None else np.concatenate([mesh.uvs for mesh in meshes if mesh.uvs is not None]),
        colors=None
        if meshes[0].colors is None
        else np.concatenate([mesh.colors for mesh in meshes if mesh.colors is not None]),
    )
