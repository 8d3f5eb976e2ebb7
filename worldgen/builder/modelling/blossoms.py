"""Flowers: heads of petals, and blossoms that cover a bush or tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from worldgen.builder.modelling.branches import GOLDEN_ANGLE, UP, Doubles, cross, sideways, unit
from worldgen.builder.modelling.foliage import Foliage
from worldgen.builder.modelling.leaves import kites
from worldgen.builder.modelling.mesh_builder import MeshBuilder
from worldgen.builder.modelling.plant_colors import pick, vary
from worldgen.spec.model import Season


@dataclass(frozen=True, slots=True, kw_only=True)
class Blossoms:
    """Flowers on a bush or tree."""

    colors: Doubles
    seasons: tuple[Season, ...]
    count: int
    size_m: float


def add_petal_rings(
    builder: MeshBuilder,
    centers: Doubles,
    axes: Doubles,
    *,
    petals: int,
    length_m: Doubles | float,
    width: float,
    opening: float,
    colors: Doubles,
    turn: float = 0.0,
) -> None:
    """A ring of petals around each centre.

    Args:
        builder: Where they go.
        centers: (N, 3) metres.
        axes: (N, 3) unit, the way the flowers face.
        petals: Petals of each flower.
        length_m: (N,) or one.
        width: Width of a petal as a share of its length.
        opening: Angle between the axis and the petals, radians: small is a cup, a right angle lies flat.
        colors: (N, 3) linear.
        turn: Turns the ring, radians.
    """
    side = sideways(axes)
    other = cross(axes, side)
    lengths = np.broadcast_to(np.asarray(length_m, dtype=np.float64), (len(centers),))
    for petal in range(petals):
        angle = turn + petal * 2.0 * np.pi / petals
        radial = side * np.cos(angle) + other * np.sin(angle)
        along = unit(radial * np.sin(opening) + axes * np.cos(opening))
        inner = unit(axes * np.sin(opening) - radial * np.cos(opening))
        middles = centers + along * (0.52 * lengths)[:, None]
        corners = kites(middles, along, inner, lengths, lengths * width, fold=0.1)
        gains = np.array([0.75, 1.0, 1.1, 1.0])
        builder.add_quads(corners, colors=colors[:, None] * gains[None, :, None])


def add_discs(builder: MeshBuilder, centers: Doubles, axes: Doubles, radius_m: float, colors: Doubles) -> None:
    """The domed middle of each flower: a low pyramid of four triangles."""
    side = sideways(axes)
    other = cross(axes, side)
    rim = [centers + radius_m * (side * np.cos(angle) + other * np.sin(angle)) for angle in np.arange(4) * np.pi / 2.0]
    peak = centers + axes * (0.5 * radius_m)
    for first in range(4):
        corners = np.stack((peak, rim[first], rim[(first + 1) % 4]), axis=1)
        builder.add_triangles(corners, colors=colors[:, None])


def add_blossoms(
    builder: MeshBuilder, blossoms: Blossoms, leaves: Foliage, level: int, generator: np.random.Generator
) -> None:
    """Bunches of flowers on the outside of a crown; coarser levels show fewer, larger ones."""
    reach = np.einsum("ij,ij->i", leaves.centers - leaves.centers.mean(axis=0), leaves.outward)
    outside = np.flatnonzero(reach > np.quantile(reach, 0.35))
    chosen = generator.permutation(outside)[: blossoms.count]
    colors = vary(pick(blossoms.colors, len(chosen), generator, spread=0.6), generator, brightness=0.1, hue=0.04)
    axes = unit(leaves.outward[chosen] + 0.4 * UP + generator.normal(0.0, 0.2, (len(chosen), 3)))
    centers = leaves.centers[chosen] + axes * (0.3 * blossoms.size_m)
    step = (1, 3, 6)[level]
    size = blossoms.size_m * (1.0, 2.1, 2.9)[level]
    few = slice(None, None, step)
    petals = (5, 3, 3)[level]
    add_petal_rings(
        builder, centers[few], axes[few], petals=petals, length_m=0.6 * size, width=0.8, opening=1.0, colors=colors[few]
    )
    if level == 0:
        add_petal_rings(
            builder,
            centers,
            axes,
            petals=4,
            length_m=0.5 * size,
            width=0.8,
            opening=0.45,
            colors=colors * 0.9,
            turn=GOLDEN_ANGLE,
        )
