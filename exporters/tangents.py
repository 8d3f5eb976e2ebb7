"""Tangents for normal maps, per vertex and after the rules of MikkTSpace (Mikkelsen 2008).

A tangent points along growing u; the bitangent, ``cross(normal, tangent) * w``, points along growing v with v upwards.
Vertices stay as they are: where triangles of mirrored UVs share a vertex, the larger angle decides its handedness.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.scene.triangle_mesh import TriangleMesh

_TINY = 1e-12


def vertex_tangents(mesh: TriangleMesh) -> NDArray[np.float32]:
    """(V, 4) float32: unit tangents at right angles to the normals, and the handedness w, 1 or -1.

    Args:
        mesh: With UVs. Where they are degenerate, any direction along the surface is taken.
    """
    if mesh.uvs is None:
        raise ValueError("tangents need UVs")
    normals = mesh.normals.astype(np.float64)
    sums = _sum_tangents(mesh.vertices, mesh.triangles, normals, mesh.uvs)
    is_mirrored = sums[:, 1, 3] > sums[:, 0, 3]
    tangents = np.where(is_mirrored[:, None], sums[:, 1, :3], sums[:, 0, :3])
    tangents = _unit(tangents - normals * (tangents * normals).sum(axis=1, keepdims=True))
    missing = ~tangents.any(axis=1)
    tangents[missing] = _any_perpendicular(normals[missing])
    return np.concatenate([tangents, np.where(is_mirrored, -1.0, 1.0)[:, None]], axis=1).astype(np.float32)


@numba.njit(cache=True)
def _sum_tangents(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    normals: NDArray[np.float64],
    uvs: NDArray[np.float32],
) -> NDArray[np.float64]:
    """(V, 2, 4): sums of unit tangents times corner angles, and of those angles, plain and mirrored UVs apart."""
    sums = np.zeros((len(vertices), 2, 4))
    corners = np.zeros((3, 3))
    along_u = np.zeros(3)
    for triangle in triangles:
        u1, v1 = float(uvs[triangle[1], 0]) - uvs[triangle[0], 0], float(uvs[triangle[1], 1]) - uvs[triangle[0], 1]
        u2, v2 = float(uvs[triangle[2], 0]) - uvs[triangle[0], 0], float(uvs[triangle[2], 1]) - uvs[triangle[0], 1]
        area = u1 * v2 - u2 * v1
        if abs(area) < _TINY:
            continue
        side = 1 if area < 0.0 else 0
        for corner in range(3):
            for axis in range(3):
                corners[corner, axis] = vertices[triangle[corner], axis]
        for axis in range(3):
            edge_1, edge_2 = corners[1, axis] - corners[0, axis], corners[2, axis] - corners[0, axis]
            along_u[axis] = (edge_1 * v2 - edge_2 * v1) / area
        for corner in range(3):
            vertex = triangle[corner]
            normal = normals[vertex]
            here, following, last = corners[corner], corners[(corner + 1) % 3], corners[(corner + 2) % 3]
            x1, y1, z1 = _flat_unit(following[0] - here[0], following[1] - here[1], following[2] - here[2], normal)
            x2, y2, z2 = _flat_unit(last[0] - here[0], last[1] - here[1], last[2] - here[2], normal)
            angle = math.acos(min(1.0, max(-1.0, x1 * x2 + y1 * y2 + z1 * z2)))
            x, y, z = _flat_unit(along_u[0], along_u[1], along_u[2], normal)
            total = sums[vertex, side]
            total[0] += x * angle
            total[1] += y * angle
            total[2] += z * angle
            total[3] += angle
    return sums


@numba.njit(cache=True)
def _flat_unit(x: float, y: float, z: float, normal: NDArray[np.float64]) -> tuple[float, float, float]:
    """Direction of what is left of a vector in the plane across a unit normal; zero if next to nothing is."""
    along = x * normal[0] + y * normal[1] + z * normal[2]
    x, y, z = x - along * normal[0], y - along * normal[1], z - along * normal[2]
    length = math.sqrt(x * x + y * y + z * z)
    if length < _TINY:
        return 0.0, 0.0, 0.0
    return x / length, y / length, z / length


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors of length 1; those that are next to nothing become zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths > _TINY, vectors / np.maximum(lengths, _TINY), 0.0)


def _any_perpendicular(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    axis = np.zeros_like(normals)
    axis[np.arange(len(normals)), np.argmin(np.abs(normals), axis=1)] = 1.0
    return _unit(np.cross(axis, normals))
