"""What the tests of structures share: every kind, built once, and rays against its triangles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh as EmbreeMesh
from numpy.typing import NDArray

from worldgen.builder.catalogue import families
from worldgen.builder.family import AssetFamily, AssetRequest
from worldgen.randomness import rng
from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.scene.scene import ConvexHull, Prototype
from worldgen.settings import TIERS

Floats = NDArray[np.float64]

FAMILIES: dict[str, AssetFamily] = {
    name: family for name, family in families().items() if LABELS[LABEL_INDEX[name]].group in ("structure", "prop")
}
KINDS = [(name, kind) for name, family in FAMILIES.items() for kind in family.kinds]


@cache
def build(family: str, kind: str, seed: int = 1, **fields: Any) -> Prototype:
    """A prototype of a kind; calls with the same arguments share it."""
    request = AssetRequest(kind=kind, name=f"{kind}_{seed}", tier=TIERS["standard"], **fields)
    return FAMILIES[family].build(request, rng(seed, f"test/{kind}"))


@dataclass(frozen=True)
class Soup:
    """All triangles of one level of detail.

    vertices   (V, 3) float64  metres
    triangles  (T, 3) int64
    normals    (T, 3) float64  of the faces, unit
    materials  (T,) str
    """

    vertices: Floats
    triangles: NDArray[np.int64]
    normals: Floats
    materials: NDArray[np.str_]


def soup(prototype: Prototype, lod: int = 0) -> Soup:
    """The triangles of a level of detail in one array."""
    vertices, triangles, materials, count = [], [], [], 0
    for part in prototype.lods[lod]:
        vertices.append(part.mesh.vertices.astype(np.float64))
        triangles.append(part.mesh.triangles.astype(np.int64) + count)
        materials += [part.material] * part.mesh.num_triangles
        count += part.mesh.num_vertices
    points, faces = np.concatenate(vertices), np.concatenate(triangles)
    crosses = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    normals = crosses / np.linalg.norm(crosses, axis=1)[:, None]
    return Soup(points, faces, normals, np.array(materials))


def first_hits(points: Floats, triangles: NDArray[np.int64], origins: Floats, directions: Floats) -> NDArray[np.int64]:
    """Index of the first triangle that each ray meets, -1 for none."""
    scene = rtcore_scene.EmbreeScene()
    EmbreeMesh(scene, points[triangles].astype(np.float32))
    hits = scene.run(origins.astype(np.float32), directions.astype(np.float32))
    return np.asarray(hits, dtype=np.int64)


def distances(mesh: Soup, hit: NDArray[np.int64], origins: Floats, directions: Floats) -> Floats:
    """Exact distance along each ray to the plane of the triangle it hits, +inf for misses."""
    found = np.flatnonzero(hit >= 0)
    result = np.full(len(hit), np.inf)
    normals, corners = mesh.normals[hit[found]], mesh.vertices[mesh.triangles[hit[found], 0]]
    slant = np.einsum("ij,ij->i", directions[found], normals)
    slant = np.where(np.abs(slant) < 1e-9, 1e-9, slant)
    result[found] = np.einsum("ij,ij->i", corners - origins[found], normals) / slant
    return result


def rays_from_outside(mesh: Soup, count: int, seed: int) -> tuple[Floats, Floats]:
    """Rays from a dome around a thing to points inside its bounds above the ground."""
    random = rng(seed, "test/rays")
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    away = random.normal(size=(count, 3))
    away /= np.linalg.norm(away, axis=1)[:, None]
    away[:, 1] = np.abs(away[:, 1])
    origins = (low + high) / 2.0 + away * 1.2 * np.linalg.norm(high - low)
    origins[:, 1] = np.maximum(origins[:, 1], 0.3)
    targets = low + (high - low) * random.random((count, 3))
    targets[:, 1] = np.maximum(targets[:, 1], 0.15)
    directions = targets - origins
    return origins, directions / np.linalg.norm(directions, axis=1)[:, None]


def bounds(prototype: Prototype, lod: int = 0) -> tuple[Floats, Floats]:
    """Least and greatest corner of a level of detail."""
    points = np.concatenate([part.mesh.vertices for part in prototype.lods[lod]]).astype(np.float64)
    return points.min(axis=0), points.max(axis=0)


def is_inside(prototype: Prototype, points: Floats) -> NDArray[np.bool_]:
    """Whether points (N, 3) lie inside any collider."""
    from scipy.spatial import ConvexHull as Hull

    inside = np.zeros(len(points), dtype=bool)
    for collider in prototype.colliders:
        assert isinstance(collider, ConvexHull)
        planes = Hull(collider.points.astype(np.float64), qhull_options="QJ").equations
        inside |= (points @ planes[:, :3].T + planes[:, 3] <= 1e-6).all(axis=1)
    return inside
