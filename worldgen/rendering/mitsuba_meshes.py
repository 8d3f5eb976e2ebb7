"""Meshes in Mitsuba's memory, handed over as arrays."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.scene.triangle_mesh import TriangleMesh

VERTEX_COLOR = "vertex_color"
"""Name of the mesh attribute that holds colours."""


def make_mesh(
    mi: ModuleType,
    mesh: TriangleMesh,
    properties: Any,
    world_from_object: NDArray[np.float64],
    *,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Any:
    """All places of a mesh as one mesh in world coordinates, with vertex normals.

    Args:
        mi: Mitsuba.
        mesh: What to hand over; its colours, where it has any, become a ``mesh_attribute``.
        properties: Holds its BSDF and, where it glows, its emitter.
        world_from_object: (N, 4, 4) rotations, uniform scales and translations.
        tint: Linear colour that multiplies the mesh's own colours.
    """
    count = len(world_from_object)
    shape = mi.Mesh(
        "mesh",
        count * mesh.num_vertices,
        count * mesh.num_triangles,
        has_vertex_normals=True,
        has_vertex_texcoords=mesh.uvs is not None,
        props=properties,
    )
    positions, normals = _placed(mesh.vertices, mesh.normals, world_from_object)
    first_vertices = (np.arange(count, dtype=np.uint32) * np.uint32(mesh.num_vertices))[:, None, None]
    arrays = {
        "vertex_positions": positions,
        "vertex_normals": normals,
        "faces": mesh.triangles.astype(np.uint32) + first_vertices,
    }
    if mesh.uvs is not None:
        arrays["vertex_texcoords"] = np.tile(mesh.uvs, (count, 1))
    if mesh.colors is not None:
        # Numbers are read from this list one by one, which is fastest where all are the same object.
        shape.add_attribute(VERTEX_COLOR, 3, [0.0] * (3 * count * mesh.num_vertices))
        arrays[VERTEX_COLOR] = np.tile(mesh.colors * np.array(tint, dtype=np.float32), (count, 1))
    parameters = mi.traverse(shape)
    for name, array in arrays.items():
        # Assignment through the parameters would first compare the new array with the old one, number by number.
        buffer, buffer_type, _, _ = parameters.properties[name]
        mi.set_property(buffer, buffer_type, type(parameters[name])(_flat(array)))
        parameters.set_dirty(name)
    parameters.update()
    return shape


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array).reshape(-1)


@numba.njit(nogil=True, cache=True)
def _placed(
    vertices: NDArray[np.float32], normals: NDArray[np.float32], world_from_object: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Positions and unit normals (N * V, 3) of a mesh at all its places, one place after the other."""
    count = len(vertices)
    positions = np.zeros((len(world_from_object) * count, 3), dtype=np.float32)
    turned = np.zeros((len(world_from_object) * count, 3), dtype=np.float32)
    for place in range(len(world_from_object)):
        matrix = world_from_object[place]
        scale = math.sqrt(matrix[0, 0] ** 2 + matrix[1, 0] ** 2 + matrix[2, 0] ** 2)
        for vertex in range(count):
            x, y, z = vertices[vertex]
            across, up, back = normals[vertex]
            row = place * count + vertex
            for axis in range(3):
                a, b, c = matrix[axis, 0], matrix[axis, 1], matrix[axis, 2]
                positions[row, axis] = a * x + b * y + c * z + matrix[axis, 3]
                turned[row, axis] = (a * across + b * up + c * back) / scale
    return positions, turned
