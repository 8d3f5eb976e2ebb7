"""Solids for physics from what a panorama saw: a closed slab of ground and a closed block for whatever stands on it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.collision import Collision, CollisionNode, CollisionPart
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.ground_field import GroundField
from worldgen.scene.triangle_mesh import TriangleMesh

_REACH_M = 60.0
_THICKNESS_M = 0.5
_LOWEST_M = 0.35
"""Lower things can be stepped over."""
_HEADROOM_M = 2.1
"""Things that begin higher can be walked under."""
_TALLEST_M = 30.0
_AZIMUTHS = 128
_LEAST_PIXELS = 4


def collision_from_view(
    euclidean_depth: NDArray[np.float32], is_ground: NDArray[np.bool_], field: GroundField, camera_height: float
) -> Collision:
    """The ground and the things around a panorama's camera as closed solids with outward fronts.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky; level.
        is_ground: (H, 2H).
        field: The ground.
        camera_height: Metres over the ground beneath the camera, which is y = 0.
    """
    parts = [CollisionPart(name="COL_ground", kind="ground", mesh=_slab(field), surface="soil")]
    blocks = _blocks(euclidean_depth, is_ground, field, camera_height)
    if blocks is not None:
        parts.append(CollisionPart(name="COL_things", kind="mesh", mesh=blocks, surface="stone"))
    nodes = tuple(
        CollisionNode(
            name=part.name,
            part=index,
            world_from_part=np.eye(4),
            object_id="",
            spec_id="seen",
            label="ground" if index == 0 else "thing",
        )
        for index, part in enumerate(parts)
    )
    return Collision(parts=tuple(parts), nodes=nodes)


def _slab(field: GroundField) -> TriangleMesh:
    """The ground as a disc with a rim and an underside: watertight."""
    rings = int(np.searchsorted(field.radii, _REACH_M)) + 1
    radii, heights = field.radii[:rings], field.heights[:rings]
    azimuths = heights.shape[1]
    turn = (np.arange(azimuths) + 0.5) / azimuths * 2.0 * math.pi
    x, z = np.sin(turn), -np.cos(turn)
    top = np.stack([radii[:, None] * x, heights, radii[:, None] * z], axis=-1).reshape(-1, 3)
    bottom = top[-azimuths:] - np.array([0.0, _THICKNESS_M, 0.0])
    lowest = min(float(heights.min()), 0.0) - _THICKNESS_M
    bottom[:, 1] = lowest
    vertices = np.concatenate([top, bottom, [[0.0, float(heights[0].mean()), 0.0]], [[0.0, lowest, 0.0]]])
    index = np.arange(rings * azimuths).reshape(rings, azimuths)
    ahead = np.roll(index, -1, axis=1)
    below = np.arange(azimuths) + rings * azimuths
    below_ahead = np.roll(below, -1)
    middle, under = len(vertices) - 2, len(vertices) - 1
    inner, outer, inner_ahead, outer_ahead = (a.ravel() for a in (index[:-1], index[1:], ahead[:-1], ahead[1:]))
    rim, rim_ahead = index[-1], ahead[-1]
    triangles = np.concatenate(
        [
            np.stack([inner, inner_ahead, outer], axis=1)[:, [0, 2, 1]],
            np.stack([inner_ahead, outer_ahead, outer], axis=1)[:, [0, 2, 1]],
            np.stack([np.full(azimuths, middle), index[0], ahead[0]], axis=1),
            np.stack([rim_ahead, rim, below], axis=1),
            np.stack([rim_ahead, below, below_ahead], axis=1),
            np.stack([np.full(azimuths, under), below_ahead, below], axis=1),
        ]
    )
    return _mesh(vertices, _outward(vertices, triangles))


def _outward(vertices: NDArray[np.float64], triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn a consistently wound closed mesh so that its volume is positive."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())
    return triangles if volume > 0.0 else triangles[:, ::-1]


def _blocks(
    euclidean_depth: NDArray[np.float32], is_ground: NDArray[np.bool_], field: GroundField, camera_height: float
) -> TriangleMesh | None:
    """A prism with eight corners for every polar cell that something stands in; None where nothing does."""
    rays = equirectangular_rays(euclidean_depth.shape[0])
    thing = np.isfinite(euclidean_depth) & ~is_ground
    points = rays[thing] * euclidean_depth[thing].astype(np.float64)[:, None]
    points[:, 1] += camera_height
    radius = np.hypot(points[:, 0], points[:, 2])
    edges = np.geomspace(0.3, _REACH_M, 96)
    ring = np.searchsorted(edges, radius) - 1
    ground = field.at(points[:, 0], points[:, 2])
    rise = points[:, 1] - ground
    inside = (ring >= 0) & (ring < len(edges) - 1) & (rise > _LOWEST_M)
    if not inside.any():
        return None
    turn = np.floor(np.arctan2(points[:, 0], -points[:, 2]) / (2.0 * math.pi) * _AZIMUTHS).astype(np.int64) % _AZIMUTHS
    cells, cell_of, counts = np.unique(ring[inside] * _AZIMUTHS + turn[inside], return_inverse=True, return_counts=True)
    low, high = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)
    np.minimum.at(low, cell_of, rise[inside])
    np.maximum.at(high, cell_of, rise[inside])
    kept = (counts >= _LEAST_PIXELS) & (low < _HEADROOM_M)
    if not kept.any():
        return None
    cells, high = cells[kept], np.minimum(high[kept], _TALLEST_M)
    ring, turn = cells // _AZIMUTHS, cells % _AZIMUTHS
    angles = np.stack([turn, turn + 1], axis=1) / _AZIMUTHS * 2.0 * math.pi
    corners = [
        (edges[ring + out] * np.sin(angles[:, side]), -edges[ring + out] * np.cos(angles[:, side]))
        for out, side in ((0, 0), (0, 1), (1, 1), (1, 0))
    ]
    x, z = (np.stack([corner[axis] for corner in corners], axis=1) for axis in (0, 1))
    base = field.at(x.ravel(), z.ravel()).reshape(x.shape).min(axis=1, keepdims=True)
    foot = np.stack([x, np.broadcast_to(base - 0.2, x.shape), z], axis=-1)
    head = np.stack([x, np.broadcast_to(base + high[:, None], x.shape), z], axis=-1)
    vertices = np.concatenate([foot, head], axis=1).reshape(-1, 3)
    quads = np.array([[0, 1, 2, 3], [7, 6, 5, 4], [0, 4, 5, 1], [1, 5, 6, 2], [2, 6, 7, 3], [3, 7, 4, 0]])
    prism = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    triangles = (np.arange(len(cells))[:, None, None] * 8 + prism[None]).reshape(-1, 3)
    return _mesh(vertices, _outward(vertices, triangles))


def _mesh(vertices: NDArray[np.float64], triangles: NDArray[np.int64]) -> TriangleMesh:
    corners = vertices[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(lengths > 1e-12, normals / np.maximum(lengths, 1e-12), (0.0, 1.0, 0.0))
    return TriangleMesh(
        vertices=vertices.astype(np.float32),
        triangles=triangles.astype(np.int32),
        normals=normals.astype(np.float32),
    )
