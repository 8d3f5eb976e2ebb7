"""Snow that lies on branches and on solid things."""

from __future__ import annotations

import numpy as np

from worldgen.builder.modelling.branches import UP, Branches, Doubles, cross, unit
from worldgen.builder.modelling.mesh_builder import Floats, Indices, MeshBuilder, grid_triangles
from worldgen.builder.modelling.plant_colors import SNOW_COLOR, smoothstep


def add_branch_snow(
    builder: MeshBuilder, branches: Branches, half_widths: Doubles, *, snow_cover: float, generator: np.random.Generator
) -> None:
    """Add domed strips of snow along the tops of branches.

    Args:
        builder: Where the strips go.
        branches: What carries the snow; steep parts carry less.
        half_widths: (B, P) metres, half the width of what lies at each point.
        snow_cover: 0 to 1.
        generator: Source of the gaps.
    """
    if snow_cover <= 0.0 or not branches.count:
        return
    points = branches.points
    tangents = np.gradient(points, axis=1)
    tangents = unit(tangents)
    side = unit(cross(tangents, np.broadcast_to(UP, tangents.shape)) + 1e-9)
    flatness = np.sqrt(np.maximum(1.0 - tangents[..., 1] ** 2, 0.0))
    lump = generator.uniform(0.55, 1.15, half_widths.shape)
    width = half_widths * flatness * lump * (0.45 + 0.55 * snow_cover)
    width[:, 0] *= 0.4
    width[:, -1] *= 0.3
    height = np.minimum(width * 0.55, 0.16) * (0.4 + 0.6 * snow_cover)
    rest = points + UP * (branches.radii * 0.75)[..., None]
    left, right = rest - side * width[..., None], rest + side * width[..., None]
    droop = 0.45 * height
    left[..., 1] -= droop
    right[..., 1] -= droop
    top = rest + UP * (height + 0.01)[..., None]
    rings = np.stack((left, top, right), axis=2)
    num_branches, num_points = half_widths.shape
    triangles = grid_triangles(num_points, 3)
    offsets = np.arange(num_branches, dtype=np.int32)[:, None, None] * np.int32(num_points * 3)
    builder.add_indexed(rings.reshape(-1, 3), (offsets + triangles[None]).reshape(-1, 3), colors=np.asarray(SNOW_COLOR))


def add_surface_snow(
    builder: MeshBuilder,
    vertices: Floats,
    triangles: Indices,
    normals: Floats,
    *,
    thickness_m: float,
    snow_cover: float,
    roughness: Doubles | None = None,
) -> None:
    """Add a blanket of snow over the upward side of a closed surface.

    The blanket is the surface itself, lifted where it faces up and sunk into the body elsewhere, so its rim
    lies inside the body and no gap shows.

    Args:
        builder: Where the blanket goes.
        vertices: (V, 3) metres.
        triangles: (T, 3).
        normals: (V, 3) unit, of the surface.
        thickness_m: Thickness on level parts, metres.
        snow_cover: 0 to 1; more snow also lies on steeper parts.
        roughness: (V,) -1 to 1, an uneven rim, or None.
    """
    if snow_cover <= 0.0:
        return
    facing = normals[:, 1].astype(np.float64)
    if roughness is not None:
        facing = facing + 0.18 * roughness
    start = 0.8 - 0.45 * snow_cover
    lying = smoothstep(start, start + 0.3, facing)
    shown = (lying[triangles] > 0.02).any(axis=1)
    if not shown.any():
        return
    lifted = vertices.astype(np.float64) + UP * (lying * thickness_m)[:, None]
    lifted -= normals * ((1.0 - lying) * 0.35 * thickness_m)[:, None]
    used, renumbered = np.unique(triangles[shown], return_inverse=True)
    builder.add_indexed(lifted[used], renumbered.reshape(-1, 3), colors=np.asarray(SNOW_COLOR))
