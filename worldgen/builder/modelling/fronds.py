"""Pinnate fronds: arching ribs with leaflets on both sides, for palms and ferns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from worldgen.builder.modelling.branches import (
    UP,
    Branches,
    Doubles,
    cross,
    directions_from,
    extend,
    sideways,
    sites_on,
    unit,
)
from worldgen.builder.modelling.foliage import Foliage
from worldgen.builder.modelling.mesh_builder import MeshBuilder, grid_triangles


def grow_fronds(
    origins: Doubles,
    elevations: Doubles,
    azimuths: Doubles,
    lengths: Doubles,
    *,
    sag: ArrayLike,
    rib_radius: float,
    generator: np.random.Generator,
) -> Branches:
    """Ribs (F) of nine points that start at ``elevations`` above the horizon and sag under their weight."""
    weight = (
        np.linspace(0.35, 1.65, 8)[None] * np.broadcast_to(np.asarray(sag, dtype=np.float64), elevations.shape)[:, None]
    )
    return extend(
        origins,
        directions_from(elevations, azimuths),
        lengths,
        num_points=9,
        base_radii=rib_radius,
        tip_ratio=0.1,
        rise=-weight,
        wiggle=0.1,
        generator=generator,
    )


def leaflets(
    fronds: Branches,
    colors: Doubles,
    *,
    per_side: int,
    start: float,
    length: float,
    width_m: float,
    angle_deg: tuple[float, float],
    hang: float,
    outline: tuple[tuple[float, ...], tuple[float, ...]],
    generator: np.random.Generator,
) -> Foliage:
    """Leaflets along both sides of fronds, side by side in growing order.

    Args:
        fronds: The ribs.
        colors: (F, 3) linear colour of each frond.
        per_side: Leaflets on one side.
        start: Fraction of the rib that is bare stalk.
        length: Longest leaflet as a share of its frond's length.
        width_m: Width of the widest leaflet, metres.
        angle_deg: Angle between rib and leaflet, at the base and at the tip.
        hang: How far leaflets droop out of the frond's plane.
        outline: Fractions along the frond, and relative leaflet lengths there.
        generator: Source of small differences.
    """
    even = start + (1.0 - start) * (np.arange(per_side) + 0.5) / per_side
    along = np.concatenate((even, even + 0.3 / per_side))
    sites = sites_on(fronds, np.broadcast_to(np.minimum(along, 0.995), (fronds.count, 2 * per_side)))
    count = len(sites.along)
    hand = np.tile(np.repeat((1.0, -1.0), per_side), fronds.count)
    right = sideways(sites.tangents)
    above = cross(right, sites.tangents)
    above = above * np.where(above[:, 1:2] < 0.0, -1.0, 1.0)
    base, tip = np.radians(angle_deg)
    slant = base + (tip - base) * sites.along + generator.normal(0.0, 0.06, count)
    direction = unit(
        sites.tangents * np.cos(slant)[:, None]
        + right * (hand * np.sin(slant))[:, None]
        + above * 0.12
        - UP * (hang * generator.uniform(0.7, 1.3, (count, 1)))
    )
    shape = np.interp(sites.along, *outline)
    lengths = fronds.lengths[sites.branch] * length * shape * generator.uniform(0.9, 1.1, count)
    widths = width_m * np.sqrt(shape) * generator.uniform(0.85, 1.15, count)
    centers = sites.positions + direction * (0.5 * lengths)[:, None]
    shade = (0.72 + 0.34 * sites.along) * np.exp(generator.normal(0.0, 0.06, count))
    return Foliage(
        centers=centers,
        along=direction,
        normals=unit(above + 0.25 * hand[:, None] * right),
        lengths=np.maximum(lengths, 0.01),
        widths=np.maximum(widths, 0.002),
        colors=colors[sites.branch] * shade[:, None],
        outward=unit(above + UP * 0.3),
    )


def add_frond_strips(builder: MeshBuilder, fronds: Branches, half_widths: Doubles, colors: Doubles) -> None:
    """Fronds as folded strips, for coarse levels of detail.

    Args:
        builder: Where they go.
        fronds: The ribs, (F, P).
        half_widths: (F, P) metres.
        colors: (F, 3) linear.
    """
    points = fronds.points
    tangents = unit(np.gradient(points, axis=1))
    right = sideways(tangents)
    droop = UP * (0.35 * half_widths)[..., None]
    left_edge, right_edge = (
        points - right * half_widths[..., None] - droop,
        points + right * half_widths[..., None] - droop,
    )
    rings = np.stack((left_edge, points, right_edge), axis=2)
    num_fronds, num_points = half_widths.shape
    offsets = np.arange(num_fronds, dtype=np.int32)[:, None, None] * np.int32(num_points * 3)
    triangles = (offsets + grid_triangles(num_points, 3)[None]).reshape(-1, 3)
    shades = np.repeat(colors, num_points * 3, axis=0)
    builder.add_indexed(rings.reshape(-1, 3), triangles, colors=shades)
