"""Tangents for normal maps, per vertex and after the rules of MikkTSpace (Mikkelsen 2008).

A tangent points along growing u; the bitangent, ``cross(normal, tangent) * w``, points along growing v with v upwards.
Vertices stay as they are: where triangles of mirrored UVs share a vertex, the larger angle decides its handedness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.triangle_mesh import TriangleMesh

_TINY = 1e-20


def vertex_tangents(mesh: TriangleMesh) -> NDArray[np.float32]:
    """(V, 4) float32: unit tangents at right angles to the normals, and the handedness w, 1 or -1.

    Args:
        mesh: With UVs. Where they are degenerate, any direction along the surface is taken.
    """
    if mesh.uvs is None:
        raise ValueError("tangents need UVs")
    triangles = mesh.triangles
    corners = mesh.vertices.astype(np.float64)[triangles]
    uvs = mesh.uvs.astype(np.float64)[triangles]
    edge_1, edge_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    uv_1, uv_2 = uvs[:, 1] - uvs[:, 0], uvs[:, 2] - uvs[:, 0]
    area = uv_1[:, 0] * uv_2[:, 1] - uv_1[:, 1] * uv_2[:, 0]
    sign = np.where(area < 0.0, -1.0, 1.0)
    along_u = (edge_1 * uv_2[:, 1:] - edge_2 * uv_1[:, 1:]) * sign[:, None]
    along_u[np.abs(area) < _TINY] = 0.0
    normals = _unit(mesh.normals.astype(np.float64))
    sums = np.zeros((2, mesh.num_vertices, 3))
    angles = np.zeros((2, mesh.num_vertices))
    for corner in range(3):
        vertex = triangles[:, corner]
        normal = normals[vertex]
        to_next = _unit(_flatten(corners[:, (corner + 1) % 3] - corners[:, corner], normal))
        to_last = _unit(_flatten(corners[:, (corner + 2) % 3] - corners[:, corner], normal))
        angle = np.arccos(np.clip((to_next * to_last).sum(axis=1), -1.0, 1.0))
        weighted = _unit(_flatten(along_u, normal)) * angle[:, None]
        for side, mask in enumerate((sign > 0.0, sign < 0.0)):
            for axis in range(3):
                sums[side, :, axis] += np.bincount(
                    vertex[mask], weights=weighted[mask, axis], minlength=mesh.num_vertices
                )
            angles[side] += np.bincount(vertex[mask], weights=angle[mask], minlength=mesh.num_vertices)
    is_mirrored = angles[1] > angles[0]
    tangents = _unit(_flatten(np.where(is_mirrored[:, None], sums[1], sums[0]), normals))
    missing = ~tangents.any(axis=1)
    tangents[missing] = _any_perpendicular(normals[missing])
    return np.concatenate([tangents, np.where(is_mirrored, -1.0, 1.0)[:, None]], axis=1).astype(np.float32)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors of length 1; those that are next to nothing become zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths > _TINY, vectors / np.maximum(lengths, _TINY), 0.0)


def _flatten(vectors: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left of vectors in the plane across the normals."""
    return vectors - normals * (vectors * normals).sum(axis=1, keepdims=True)


def _any_perpendicular(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    axis = np.zeros_like(normals)
    axis[np.arange(len(normals)), np.argmin(np.abs(normals), axis=1)] = 1.0
    return _unit(np.cross(axis, normals))
