"""Snow that lies on roofs, walls and rails as rounded slabs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from worldgen.builder.architecture.assembly import ALL, FAR, NEAR, Assembly, Lods
from worldgen.builder.architecture.frame import Frame
from worldgen.builder.architecture.palette import SNOW
from worldgen.builder.architecture.solids import cells_of
from worldgen.builder.modelling.mesh_builder import grid_triangles, smooth_normals


def snow_slope(
    assembly: Assembly,
    corners: ArrayLike,
    cover: float,
    *,
    lods: Lods = ALL,
    taper_top: bool = False,
    sink: float = 0.06,
) -> None:
    """Add a slab of snow on a surface with four corners: deep, rounded at its edges, less deep where cover is thin.

    Args:
        assembly: Where to add it.
        corners: (4, 3): left and right end of the lower edge, right and left end of the upper one.
        cover: 0 to 1; below 0.5 the lower part of the surface stays bare.
        lods: Levels of detail.
        taper_top: Whether the upper edge is rounded too (otherwise it meets another slab).
        sink: Metres that the rim lies below the surface; small for thin cloth.
    """
    quad = np.asarray(corners, dtype=np.float64)
    depth = 0.05 + 0.2 * cover
    # The rim lies just inside the surface's edge and a little below it, so that no gap shows under the snow.
    width = float(np.linalg.norm(quad[1] - quad[0]))
    height = float(np.linalg.norm((quad[3] + quad[2] - quad[0] - quad[1]) / 2.0))
    rim_u, rim_v = min(0.25, 0.14 / max(width, 0.3)), min(0.25, 0.14 / max(height, 0.3))
    in_u, in_v = min(0.02 / width, rim_u * 0.1), min(0.02 / height, rim_v * 0.1)
    columns, rows = int(np.clip(round(width / 0.9), 1, 14)), int(np.clip(round(height / 1.2), 1, 5))
    u = np.concatenate(
        (
            (in_u, rim_u * 0.3),
            np.linspace(rim_u, 1.0 - rim_u, columns + 1),
            (1.0 - rim_u * 0.3, 1.0 - in_u),
        )
    )
    tail = (1.0 - rim_v * 0.3, 1.0 - in_v) if taper_top else (1.0,)
    v = np.concatenate(((in_v, rim_v * 0.3), np.linspace(rim_v, 1.0 - rim_v if taper_top else 0.94, rows + 1), tail))
    thick_u = np.minimum(1.0, np.concatenate(((0.0, 0.7), np.ones(columns + 1), (0.7, 0.0))))
    thick_v = np.concatenate(((0.0, 0.7), np.ones(rows + 1), (0.7, 0.0) if taper_top else (1.0,)))
    noise = assembly.rng.uniform(0.75, 1.15, (len(v), len(u)))
    if not taper_top:
        noise[-1] = 1.0
    thick = depth * thick_v[:, None] * thick_u[None, :] * noise - sink * (
        (thick_v[:, None] == 0.0) | (thick_u[None, :] == 0.0)
    )
    bare = max(0.0, 0.7 - 1.4 * cover)
    wander = assembly.rng.uniform(-0.06, 0.06, len(u)) * (bare > 0.0)
    start = np.clip(bare + wander, 0.0, 0.9)
    share = start[None, :] + (1.0 - start[None, :]) * v[:, None]
    left = quad[0] + (quad[3] - quad[0]) * share[..., None]
    right = quad[1] + (quad[2] - quad[1]) * share[..., None]
    points = left + (right - left) * u[None, :, None]
    points[..., 1] += thick
    flat = points.reshape(-1, 3)
    normals = smooth_normals(flat, grid_triangles(len(v), len(u))).astype(np.float64).reshape(points.shape)
    near = tuple(level for level in lods if level in NEAR)
    assembly.quads(cells_of(points), None, "snow_cap", lods=near, color=SNOW, normals=cells_of(normals))
    if FAR[0] in lods:
        rough = points[[0, 2, -1]][:, [0, 2, -3, -1]]
        assembly.quads(cells_of(rough), None, "snow_cap", lods=FAR, color=SNOW)


def snow_top(
    assembly: Assembly, frame: Frame, low: tuple[float, float], high: tuple[float, float], *, y: float, cover: float
) -> None:
    """Add snow on a level surface between two corners (s, d) of a frame at height ``y``."""
    quad = [(low[0], y, high[1]), (high[0], y, high[1]), (high[0], y, low[1]), (low[0], y, low[1])]
    snow_slope(assembly, frame.points(quad), max(cover, 0.5), lods=NEAR, taper_top=True)
