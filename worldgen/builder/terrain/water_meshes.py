"""Meshes of water surfaces: flat ones over the land's grids, and ribbons along rivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.terrain import Terrain, TerrainLevel

HORIZON_M = 60_000.0
"""How far the sea reaches, so that it meets the sky."""

_BLOCKS = (8, 8, 8, 8)
"""Cells of a level that are merged to one where the water is deep."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A water surface before it is coloured.

    vertices   (V, 3) float32  metres in world
    triangles  (T, 3) int32    counter-clockwise from above
    uvs        (V, 2) float32  in metres: along x and against z, or across and along a river
    steepness  (V,)   float32  fall over run of a river, 0 for still water
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    uvs: NDArray[np.float32]
    steepness: NDArray[np.float32]


def still_surface(terrain: Terrain, level_y: float, shores: list[NDArray[np.float32]], endless: bool) -> Surface | None:
    """The flat surface of a lake or the sea, or None where the land shows nothing of it.

    Every cell of the ground's grids with a wet corner is covered, so the surface ends a little under the shore. Far
    from the shore cells are merged; all vertices have one height, so no gap can open between them.

    Args:
        terrain: The land.
        level_y: Height of the surface.
        shores: Signed distance to the shore per level.
        endless: Whether the surface goes on beyond the land to the horizon.
    """
    corners: list[NDArray[np.float64]] = []
    inner = 0.0
    for level, shore, block in zip(terrain.levels, shores, _BLOCKS, strict=True):
        corners.append(_level_quads(level, shore, level_y, inner, block))
        inner = level.half_size_m
    if endless:
        corners.append(_beyond(inner))
    quads = np.concatenate(corners)
    if not len(quads):
        return None
    low_x, low_z, high_x, high_z = quads.T
    points = np.stack(
        [
            np.stack([low_x, low_z], -1),
            np.stack([low_x, high_z], -1),
            np.stack([high_x, high_z], -1),
            np.stack([high_x, low_z], -1),
        ],
        axis=1,
    ).reshape(-1, 2)
    # Shared corners become one vertex; rounding to millimetres makes equal positions equal keys.
    keys = np.round(points * 1000.0).astype(np.int64)
    packed = keys[:, 0] * np.int64(200_000_003) + keys[:, 1]
    _, first, index = np.unique(packed, return_index=True, return_inverse=True)
    position = points[first]
    quad = index.reshape(-1, 4).astype(np.int32)
    triangles = np.concatenate([quad[:, [0, 1, 2]], quad[:, [0, 2, 3]]])
    vertices = np.column_stack([position[:, 0], np.full(len(position), level_y), position[:, 1]]).astype(np.float32)
    uvs = np.column_stack([position[:, 0], -position[:, 1]]).astype(np.float32)
    return Surface(vertices, triangles, uvs, np.zeros(len(vertices), dtype=np.float32))


def _level_quads(
    level: TerrainLevel, shore: NDArray[np.float32], level_y: float, inner: float, block: int
) -> NDArray[np.float64]:
    """(K, 4) low x, low z, high x, high z of a level's quads outside of ``inner``."""
    size, spacing = level.num_samples, level.spacing_m
    wet = (level.water_depth > 0.0) & (np.abs(level.heights + level.water_depth - level_y) < 2e-3)
    axis = (np.arange(size) - (size - 1) / 2) * spacing
    cell = wet[:-1, :-1] | wet[1:, :-1] | wet[:-1, 1:] | wet[1:, 1:]
    middle = axis[:-1] + 0.5 * spacing
    outside = np.maximum(np.abs(middle)[:, None], np.abs(middle)[None, :]) > inner
    cell &= outside
    if not cell.any():
        return np.zeros((0, 4))
    count = (size - 1) // block
    # Blocks are aligned to the grid's corner; the remainder stays in single cells.
    cropped = np.s_[: count * block, : count * block]
    deep = cell & wet[:-1, :-1] & (shore[:-1, :-1] < -30.0 - 4.0 * spacing)
    merged = deep[cropped].reshape(count, block, count, block).all(axis=(1, 3))
    single = cell.copy()
    single[cropped] &= ~np.repeat(np.repeat(merged, block, axis=0), block, axis=1)
    parts = []
    for mask, step in ((single, 1), (merged, block)):
        rows, columns = np.nonzero(mask)
        low_x, low_z = axis[columns * step], axis[rows * step]
        parts.append(np.stack([low_x, low_z, low_x + step * spacing, low_z + step * spacing], axis=-1))
    return np.concatenate(parts)


def _beyond(half: float) -> NDArray[np.float64]:
    """Large quads from the land's border to the horizon."""
    steps = [-HORIZON_M, -3.0 * half, -half, half, 3.0 * half, HORIZON_M]
    quads = [
        (steps[i], steps[j], steps[i + 1], steps[j + 1]) for i in range(5) for j in range(5) if not (i == 2 and j == 2)
    ]
    return np.array(quads)


def river_surface(
    line: NDArray[np.float64], reach_m: float, coarse_m: float, covered: NDArray[np.bool_]
) -> Surface | None:
    """The ribbon of a river, a little wider than its bed.

    Args:
        line: (N, 4) x, z, surface height and half width, downstream.
        reach_m: Half size of the square that the ribbon stays in.
        coarse_m: Distance from the spawn beyond which the land's grid is coarse and the bed therefore wider.
        covered: (N,) where still water already lies; the ribbon dives under it there.
    """
    inside = np.maximum(np.abs(line[:, 0]), np.abs(line[:, 1])) < reach_m
    keep = np.flatnonzero(inside)
    if len(keep) < 2:
        return None
    line, covered = line[keep[0] : keep[-1] + 1], covered[keep[0] : keep[-1] + 1]
    steps = np.hypot(*np.diff(line[:, :2], axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    distance = np.hypot(line[:, 0], line[:, 1])
    at = np.unique(np.concatenate([_fine_steps(along, distance), along]))
    values = np.column_stack([_smooth_line(along, line[:, k], at) for k in range(4)])
    dive = np.interp(at, along, covered.astype(np.float64))
    direction = np.gradient(values[:, :2], at, axis=0)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    left = np.column_stack([direction[:, 1], -direction[:, 0]])
    across = np.linspace(-1.0, 1.0, 15)
    reach = np.where(np.hypot(values[:, 0], values[:, 1]) < coarse_m, values[:, 3] + 1.1, np.maximum(values[:, 3], 7.0))
    offset = reach[:, None] * across[None, :]
    x = values[:, None, 0] + left[:, None, 0] * offset
    z = values[:, None, 1] + left[:, None, 1] * offset
    y = np.repeat((values[:, 2] - 0.06 * dive)[:, None], len(across), axis=1)
    vertices = np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
    uvs = np.stack([offset, np.repeat(-at[:, None], len(across), axis=1)], axis=-1).reshape(-1, 2).astype(np.float32)
    fall = np.maximum(0.0, -np.gradient(values[:, 2], at))
    index = np.arange(len(at) * len(across), dtype=np.int32).reshape(len(at), len(across))
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    if _faces_down(vertices, triangles):
        triangles = triangles[:, ::-1]
    steepness = np.repeat(fall, len(across)).astype(np.float32)
    return Surface(vertices, np.ascontiguousarray(triangles), uvs, steepness)


def _smooth_line(
    along: NDArray[np.float64], values: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values along a line at new places; the ground was fitted to the straight segments, so these stay straight."""
    result: NDArray[np.float64] = np.interp(at, along, values)
    return result


def _fine_steps(along: NDArray[np.float64], distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places along a river: every half metre near the spawn, where foam and shallows are seen, rarer far away."""
    places = [0.0]
    while places[-1] < along[-1]:
        far = float(np.interp(places[-1], along, distance))
        places.append(places[-1] + (0.5 if far < 70.0 else (1.0 if far < 260.0 else 4.0)))
    return np.array(places[:-1])


def _faces_down(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> bool:
    a, b, c = (vertices[triangles[:, k]].astype(np.float64) for k in range(3))
    up = np.cross(b - a, c - a)[:, 1]
    return bool(np.sort(up).sum() < 0.0)
