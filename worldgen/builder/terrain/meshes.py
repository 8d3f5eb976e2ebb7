"""Meshes of the nested levels: squares with a hole where a finer level lies, joined without a gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.terrain.fields import HEIGHT, SLOPE_X, SLOPE_Z
from worldgen.scene.terrain import TerrainLevel
from worldgen.scene.triangle_mesh import TriangleMesh

MAX_TRIANGLES = 480_000
"""Triangles at most in one mesh; larger levels come in tiles."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelMesh:
    """Vertices and triangles of a level before they are split by label.

    vertices   (V, 3) float32  metres in world
    normals    (V, 3) float32  unit
    uvs        (V, 2) float32  texel centres of a texture lie on its samples' positions
    triangles  (T, 3) int32    counter-clockwise from above
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32]
    triangles: NDArray[np.int32]


def level_mesh(
    level: TerrainLevel,
    fields: NDArray[np.float32],
    texture_px: int,
    placed: NDArray[np.float32],
    finer: tuple[TerrainLevel, NDArray[np.float32]] | None,
) -> LevelMesh:
    """The mesh of a level.

    Args:
        level: The level.
        fields: Its (N, N, 8) fields.
        texture_px: Side of its baked texture.
        placed: (N, N, 2) where each sample lies in the texture, as `Unfolding` has it.
        finer: The next finer level, which leaves a hole, with its fields; triangles at the hole's rim use the finer
            level's border samples, so that both meshes share every vertex there.
    """
    size, spacing, half = level.num_samples, level.spacing_m, level.half_size_m
    axis = (np.arange(size) - (size - 1) / 2) * spacing
    x, z = np.meshgrid(axis, axis)
    points = [np.stack([x, z], axis=-1).reshape(-1, 2)]
    samples = [fields[..., [HEIGHT, SLOPE_X, SLOPE_Z]].reshape(-1, 3)]
    index = np.arange(size * size, dtype=np.int32).reshape(size, size)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    upper = np.stack([a, c, b], axis=-1)
    lower = np.stack([b, c, d], axis=-1)
    keep_upper = np.ones(a.shape, dtype=np.bool_)
    keep_lower = np.ones(a.shape, dtype=np.bool_)
    rim: list[NDArray[np.int32]] = []
    if finer is not None:
        rim_points, rim_samples, rim, first, last = _rim(level, index, *finer)
        points.append(rim_points)
        samples.append(rim_samples)
        hole = np.s_[first:last, first:last]
        keep_upper[hole] = keep_lower[hole] = False
        keep_lower[first - 1, first:last] = keep_lower[first:last, first - 1] = False
        keep_upper[last, first:last] = keep_upper[first:last, last] = False
    position = np.concatenate(points)
    sample = np.concatenate(samples)
    triangles = np.concatenate([upper[keep_upper], lower[keep_lower], *rim]).astype(np.int32)
    vertices = np.column_stack([position[:, 0], sample[:, 0], position[:, 1]]).astype(np.float32)
    normals = np.column_stack([-sample[:, 1], np.ones(len(sample)), -sample[:, 2]])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    shares = placed.reshape(-1, 2).astype(np.float64)
    if len(position) > len(shares):
        shares = np.concatenate([shares, _placed_at(placed, (position[len(shares) :] + half) / (2.0 * half))])
    texel = (0.5 + shares * (texture_px - 1)) / texture_px
    uvs = np.column_stack([texel[:, 0], 1.0 - texel[:, 1]]).astype(np.float32)
    return LevelMesh(vertices, normals.astype(np.float32), uvs, triangles)


def _placed_at(placed: NDArray[np.float32], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where positions, as shares (M, 2) of the level's side, lie in the texture."""
    last = placed.shape[0] - 1
    cell = np.clip(np.floor(shares * last).astype(np.int64), 0, last - 1)
    u, v = (shares * last - cell).T[..., None]
    i, j = cell.T
    top = placed[j, i] * (1.0 - u) + placed[j, i + 1] * u
    bottom = placed[j + 1, i] * (1.0 - u) + placed[j + 1, i + 1] * u
    result: NDArray[np.float64] = top * (1.0 - v) + bottom * v
    return result


def _rim(
    level: TerrainLevel, index: NDArray[np.int32], finer: TerrainLevel, finer_fields: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float32], list[NDArray[np.int32]], int, int]:
    """Extra vertices on the hole's border, the fans of triangles that use them, and the hole's first and last line."""
    ratio = round(level.spacing_m / finer.spacing_m)
    cells = (finer.num_samples - 1) // ratio
    first = (level.num_samples - 1) // 2 - cells // 2
    last = first + cells
    along = (np.arange(finer.num_samples) - (finer.num_samples - 1) / 2) * finer.spacing_m
    edge = np.full_like(along, finer.half_size_m)
    inner = finer_fields[..., [HEIGHT, SLOPE_X, SLOPE_Z]]
    # Each side: positions and samples of the border, the coarse vertices on it, the apex of each cell's triangle, and
    # whether the border runs against the triangle's direction.
    sides = (
        (
            np.column_stack([along, -edge]),
            inner[0],
            index[first, first : last + 1],
            index[first - 1, first + 1 : last + 1],
            False,
        ),
        (np.column_stack([along, edge]), inner[-1], index[last, first : last + 1], index[last + 1, first:last], True),
        (
            np.column_stack([-edge, along]),
            inner[:, 0],
            index[first : last + 1, first],
            index[first + 1 : last + 1, first - 1],
            True,
        ),
        (
            np.column_stack([edge, along]),
            inner[:, -1],
            index[first : last + 1, last],
            index[first:last, last + 1],
            False,
        ),
    )
    points, samples, fans = [], [], []
    start = index.size
    for position, sample, corners, apexes, backwards in sides:
        ids = np.arange(start, start + len(position), dtype=np.int32)
        ids[::ratio] = corners
        start += len(position)
        points.append(position)
        samples.append(sample)
        apex = np.repeat(apexes, ratio)
        before, after = (ids[1:], ids[:-1]) if backwards else (ids[:-1], ids[1:])
        fans.append(np.stack([apex, before, after], axis=-1).astype(np.int32))
    return np.concatenate(points), np.concatenate(samples), fans, first, last


def split_mesh(mesh: LevelMesh, groups: NDArray[np.int8]) -> list[tuple[int, TriangleMesh]]:
    """Meshes of a level by group of triangles, each in tiles of at most ``MAX_TRIANGLES``.

    Args:
        mesh: The level's mesh.
        groups: (T,) group of each triangle.

    Returns:
        Group and mesh, ordered by group.
    """
    result = []
    for group in np.unique(groups):
        triangles = mesh.triangles[groups == group]
        for tile in _tiles(mesh.vertices, triangles):
            used = np.zeros(len(mesh.vertices), dtype=np.bool_)
            used[tile.ravel()] = True
            new_index = np.cumsum(used, dtype=np.int32) - np.int32(1)
            part = TriangleMesh(
                vertices=mesh.vertices[used],
                triangles=new_index[tile].astype(np.int32),
                normals=mesh.normals[used],
                uvs=mesh.uvs[used],
            )
            result.append((int(group), part))
    return result


def _tiles(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Triangles in halves across the longer side until each part is small enough."""
    if len(triangles) <= MAX_TRIANGLES:
        return [triangles]
    middle = vertices[triangles].mean(axis=1)
    spread = np.ptp(middle, axis=0)
    axis = 0 if spread[0] >= spread[2] else 2
    low = middle[:, axis] < 0.5 * (middle[:, axis].min() + middle[:, axis].max())
    return _tiles(vertices, triangles[low]) + _tiles(vertices, triangles[~low])
