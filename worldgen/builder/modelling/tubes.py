"""Bark: continuous tubes around branches, with texture coordinates that keep their proportions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.modelling.branches import Branches, Doubles, cross, unit
from worldgen.builder.modelling.mesh_builder import MeshBuilder, grid_triangles

RadiusProfile = Callable[[Doubles, Doubles], Doubles]
"""Factor on a tube's radius from the angle around it (radians) and the distance along it (metres)."""


def add_tubes(
    builder: MeshBuilder,
    branches: Branches,
    *,
    sides: int,
    tile_m: float | None,
    profile: RadiusProfile | None = None,
    colors: NDArray[np.floating] | None = None,
    caps: bool = False,
) -> None:
    """Add one tube per branch.

    Args:
        builder: Where the tubes go.
        branches: The skeleton.
        sides: Corners of the cross-section, 3 or more.
        tile_m: Metres per texture tile, or None for a mesh without UVs.
        profile: Shapes the cross-section (flutes, ribs, root flare), or None for round tubes.
        colors: (B, 3) or (B, P, 3) linear vertex colours, or None.
        caps: Whether the tips are closed with a cone to the last point (pointed tips need no cap).
    """
    if not branches.count:
        return
    points, radii = branches.points, branches.radii
    num_branches, num_rings = radii.shape
    side, other = _frames(points)
    angles = np.linspace(0.0, 2.0 * np.pi, sides + 1)
    segment_lengths = np.linalg.norm(np.diff(points, axis=1), axis=2)
    along = np.concatenate((np.zeros((num_branches, 1)), np.cumsum(segment_lengths, axis=1)), axis=1)
    ring_radii = np.broadcast_to(radii[..., None], (num_branches, num_rings, sides + 1))
    if profile is not None:
        ring_radii = ring_radii * profile(angles[None, None, :], along[..., None])
    outward = (
        side[:, :, None] * np.cos(angles)[None, None, :, None] + other[:, :, None] * np.sin(angles)[None, None, :, None]
    )
    surface = points[:, :, None] + outward * ring_radii[..., None]
    normals = _surface_normals(surface, outward)
    per_branch = num_rings * (sides + 1)
    triangles = grid_triangles(num_rings, sides + 1)
    every = (np.arange(num_branches, dtype=np.int32)[:, None, None] * np.int32(per_branch)) + triangles[None]
    uvs = None if tile_m is None else _tube_uvs(along, radii, sides, tile_m)
    corner_colors = None
    if colors is not None:
        by_ring = colors[:, None] if colors.ndim == 2 else colors
        corner_colors = np.broadcast_to(by_ring[:, :, None], (num_branches, num_rings, sides + 1, 3)).reshape(-1, 3)
    builder.add_indexed(
        surface.reshape(-1, 3), every.reshape(-1, 3), normals=normals.reshape(-1, 3), uvs=uvs, colors=corner_colors
    )
    if caps:
        _add_caps(builder, points, surface, uvs, corner_colors)


def _frames(points: Doubles) -> tuple[Doubles, Doubles]:
    """Two unit vectors across each ring, carried along without twist; (side, other, tangent) is left-handed."""
    tangents = np.zeros_like(points)
    tangents[:, 1:-1] = unit(points[:, 2:] - points[:, :-2])
    tangents[:, 0], tangents[:, -1] = unit(points[:, 1] - points[:, 0]), unit(points[:, -1] - points[:, -2])
    # The start is square to the tangent along whichever axis is furthest from it.
    seed = np.where(np.abs(tangents[:, 0, 1:2]) > 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    side = np.zeros_like(points)
    current = unit(cross(tangents[:, 0], seed))
    for ring in range(points.shape[1]):
        tangent = tangents[:, ring]
        current = unit(current - tangent * np.einsum("ij,ij->i", current, tangent)[:, None])
        side[:, ring] = current
    # Angles grow so that rows up and columns to the right give outward fronts.
    return side, cross(tangents, side)


def _surface_normals(surface: Doubles, outward: Doubles) -> Doubles:
    """Normals of the tube from differences along and around it; they fall back on the plain radial direction."""
    ahead = np.zeros_like(surface)
    ahead[:, 1:-1] = surface[:, 2:] - surface[:, :-2]
    ahead[:, 0], ahead[:, -1] = surface[:, 1] - surface[:, 0], surface[:, -1] - surface[:, -2]
    ring = surface[:, :, :-1]
    turned = np.roll(ring, -1, axis=2) - np.roll(ring, 1, axis=2)
    around = np.concatenate((turned, turned[:, :, :1]), axis=2)
    normals = cross(around, ahead)
    squared = np.einsum("...i,...i->...", normals, normals)[..., None]
    normals = normals / np.sqrt(np.maximum(squared, 1e-30))
    sound = (np.einsum("...i,...i->...", normals, outward)[..., None] > 0.05) & (squared > 1e-16)
    return np.where(sound, normals, outward)


def _tube_uvs(along: Doubles, radii: Doubles, sides: int, tile_m: float) -> Doubles:
    """UVs (B·P·(S+1), 2): whole tiles around the base, and lengths in the same proportion."""
    circumference = 2.0 * np.pi * radii[:, 0]
    tiles_around = np.maximum(1.0, np.rint(circumference / tile_m))
    u = np.linspace(0.0, 1.0, sides + 1)[None, None, :] * tiles_around[:, None, None]
    v = along / np.maximum(circumference / tiles_around, 0.05 * tile_m)[:, None]
    shape = (*along.shape, sides + 1)
    return np.stack((np.broadcast_to(u, shape), np.broadcast_to(v[..., None], shape)), axis=-1).reshape(-1, 2)


def _add_caps(
    builder: MeshBuilder, points: Doubles, surface: Doubles, uvs: Doubles | None, colors: NDArray[np.floating] | None
) -> None:
    num_branches, num_rings, columns = surface.shape[:3]
    rim, tip = surface[:, -1], points[:, -1]
    corners = np.stack((np.broadcast_to(tip[:, None], rim[:, 1:].shape), rim[:, :-1], rim[:, 1:]), axis=2)
    cap_uvs = cap_colors = None
    if uvs is not None:
        last = uvs.reshape(num_branches, num_rings, columns, 2)[:, -1]
        middle = (last[:, :-1] + last[:, 1:]) * 0.5 + (0.0, 0.2)
        cap_uvs = np.stack((middle, last[:, :-1], last[:, 1:]), axis=2).reshape(-1, 3, 2)
    if colors is not None:
        last_colors = colors.reshape(num_branches, num_rings, columns, 3)[:, -1]
        cap_colors = np.stack((last_colors[:, :-1], last_colors[:, :-1], last_colors[:, 1:]), axis=2).reshape(-1, 3, 3)
    builder.add_triangles(corners.reshape(-1, 3, 3), uvs=cap_uvs, colors=cap_colors)


def base_rings(length_m: float, num_rings: int, finest_m: float) -> Doubles:
    """Fractions (num_rings,) of a trunk where its rings lie: close at the flare, about ``finest_m``, wider above."""
    steps = np.linspace(0.0, 1.0, num_rings)
    exponent = max(1.0, np.log(finest_m / length_m) / np.log(1.0 / (num_rings - 1)))
    fractions: Doubles = steps ** min(exponent, 2.2)
    return fractions


def root_flare(*, height_m: float, amount: float, lobes: int, phase: float, ground_m: float = 0.0) -> RadiusProfile:
    """A profile that widens a trunk towards the ground into root buttresses.

    Args:
        height_m: Height at which the flare has faded to a third.
        amount: Extra radius at the ground as a share of the trunk's.
        lobes: Number of roots.
        phase: Turns the roots, in radians.
        ground_m: Distance along the tube where the ground lies.
    """

    def profile(angles: Doubles, along: Doubles) -> Doubles:
        fade = np.exp(-np.maximum(along - ground_m, -0.5 * height_m) / height_m)
        ridges = 0.5 + 0.5 * np.cos(lobes * angles + phase + 0.6 * np.sin(angles * 2.0 + phase))
        fluting = 0.03 * np.cos(angles * (lobes + 2) + 0.7 * along + phase)
        shape: Doubles = 1.0 + amount * fade * (0.45 + 0.9 * ridges) + fluting
        return shape

    return profile
