"""Meshes in Mitsuba's memory, handed over as arrays."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.triangle_mesh import TriangleMesh

VERTEX_COLOR = "vertex_color"
"""Name of the mesh attribute that holds colours."""


def make_mesh(
    mi: ModuleType,
    mesh: TriangleMesh,
    properties: Any,
    world_from_object: NDArray[np.float64] | None = None,
    *,
    colors: NDArray[np.float32] | None = None,
) -> Any:
    """A mesh with its vertex normals.

    Args:
        mi: Mitsuba.
        mesh: What to hand over; its own colours are left out.
        properties: Holds its BSDF and, where it glows, its emitter.
        world_from_object: (4, 4) rotation, uniform scale and translation to apply, or None.
        colors: (V, 3) linear, for a ``mesh_attribute`` texture.
    """
    shape = mi.Mesh(
        "mesh",
        mesh.num_vertices,
        mesh.num_triangles,
        has_vertex_normals=True,
        has_vertex_texcoords=mesh.uvs is not None,
        props=properties,
    )
    vertices, normals = mesh.vertices, mesh.normals
    if world_from_object is not None:
        linear = world_from_object[:3, :3]
        vertices = (vertices @ linear.T + world_from_object[:3, 3]).astype(np.float32)
        turned = normals @ linear.T
        normals = (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)
    if colors is not None:
        shape.add_attribute(VERTEX_COLOR, 3, _flat(colors))
    parameters = mi.traverse(shape)
    arrays = {"vertex_positions": vertices, "vertex_normals": normals, "faces": mesh.triangles.astype(np.uint32)}
    if mesh.uvs is not None:
        arrays["vertex_texcoords"] = mesh.uvs
    for name, array in arrays.items():
        parameters[name] = type(parameters[name])(_flat(array))
    parameters.update()
    return shape


def colors_as_texture(mesh: TriangleMesh, colors: NDArray[np.float32]) -> tuple[TriangleMesh, NDArray[np.float32]]:
    """A mesh's vertex colours as a texture that looks the same.

    Mitsuba finds a vertex attribute's weights from the hit point in world coordinates, which is wrong inside
    instances (3.9.1); texture coordinates are right there. So every triangle gets vertices of its own and two by two
    texels whose centres are its corners' coordinates. With ``b + c - a`` as the fourth texel bilinear
    interpolation within the triangle is exactly linear.

    Args:
        mesh: The mesh; UVs that it has are given up.
        colors: (V, 3) linear.

    Returns:
        The mesh with separate triangles and new UVs, v growing with the texture's row; and the texture,
        (H, W, 3) float32 linear. Its fourth texels may lie outside 0 to 1, but are never reached.
    """
    count = mesh.num_triangles
    across = math.ceil(math.sqrt(count))
    down = -(-count // across)
    corner_colors = colors[mesh.triangles]
    a, b, c = corner_colors[:, 0], corner_colors[:, 1], corner_colors[:, 2]
    blocks = np.zeros((down * across, 2, 2, 3), dtype=np.float32)
    blocks[:count] = np.stack([np.stack([a, b], axis=1), np.stack([c, b + c - a], axis=1)], axis=1)
    texture = blocks.reshape(down, across, 2, 2, 3).transpose(0, 2, 1, 3, 4).reshape(2 * down, 2 * across, 3)
    row, column = np.divmod(np.arange(count), across)
    corner = np.array([[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]])
    places = np.stack([2 * column, 2 * row], axis=1)[:, None, :] + corner
    uvs = (places / np.array([2 * across, 2 * down])).astype(np.float32)
    order = mesh.triangles.reshape(-1)
    separate = TriangleMesh(
        vertices=mesh.vertices[order],
        triangles=np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
        normals=mesh.normals[order],
        uvs=uvs.reshape(-1, 2),
    )
    return separate, np.ascontiguousarray(texture)


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array).reshape(-1)
