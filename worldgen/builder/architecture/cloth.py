"""Cloth that is seen from both sides: sails, tents, awnings and flags as thin closed shells."""

from __future__ import annotations

import numpy as np

from worldgen.builder.architecture.assembly import WHITE, Assembly, Lods
from worldgen.builder.architecture.frame import Points
from worldgen.builder.architecture.solids import cells_of
from worldgen.builder.modelling.mesh_builder import grid_triangles, smooth_normals
from worldgen.scene.material import LinearColor

_HALF_THICKNESS_M = 0.003


def cloth(
    assembly: Assembly, grid: Points, material: str, *, lods: Lods, color: LinearColor = WHITE, is_closed: bool = False
) -> None:
    """Add a sheet over a grid (R, C, 3), with UVs by its true lengths and its rim closed.

    ``is_closed`` tells that the last column is the first one again, so that only the lower and upper rims are open.
    """
    flat = smooth_normals(grid.reshape(-1, 3), grid_triangles(*grid.shape[:2]))
    normals = flat.astype(np.float64).reshape(grid.shape)
    for end, beside in ((0, 1), (-1, -2)):
        # A row that has shrunk to a point has no triangles of its own.
        if np.ptp(grid[end], axis=0).max() < 1e-6:
            mean = normals[beside].mean(axis=0)
            normals[end] = mean / np.linalg.norm(mean)
    along, up = np.zeros(grid.shape[:2]), np.zeros(grid.shape[:2])
    along[:, 1:] = np.cumsum(np.linalg.norm(np.diff(grid, axis=1), axis=2), axis=1)
    up[1:] = np.cumsum(np.linalg.norm(np.diff(grid, axis=0), axis=2), axis=0)
    uvs = np.stack((along, up), axis=-1)
    front, back = grid + _HALF_THICKNESS_M * normals, grid - _HALF_THICKNESS_M * normals
    assembly.quads(cells_of(front), cells_of(uvs), material, lods=lods, color=color, normals=cells_of(normals))
    # The same diagonal on both sides, so that they never cross.
    turned = [0, 3, 2, 1]
    assembly.quads(
        cells_of(back)[:, turned],
        cells_of(uvs)[:, turned],
        material,
        lods=lods,
        color=color,
        normals=-cells_of(normals)[:, turned],
    )
    rims = [(front[0], back[0], uvs[0]), (front[-1, ::-1], back[-1, ::-1], uvs[-1, ::-1])]
    if not is_closed:
        rims += [(front[::-1, 0], back[::-1, 0], uvs[::-1, 0]), (front[:, -1], back[:, -1], uvs[:, -1])]
    for near, far, uv in rims:
        if np.ptp(near, axis=0).max() < 1e-3:
            continue
        edge = np.stack((far[:-1], far[1:], near[1:], near[:-1]), axis=1)
        edge_uv = np.stack((uv[:-1], uv[1:], uv[1:], uv[:-1]), axis=1)
        assembly.quads(edge, edge_uv, material, lods=lods, color=color)
