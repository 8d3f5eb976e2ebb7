"""Foliage: many small leaves as data, so that one crown gives meshes of every level of detail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from worldgen.builder.modelling.branches import Doubles, unit
from worldgen.builder.modelling.leaves import facing_normals, kites, needles
from worldgen.builder.modelling.mesh_builder import MeshBuilder
from worldgen.builder.modelling.plant_colors import SNOW_COLOR, blend, smoothstep

LeafShape = Literal["kite", "needle"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Foliage:
    """N leaves in growing order: neighbours in the arrays are neighbours on the plant.

    centers  (N, 3)  metres
    along    (N, 3)  unit, from base to tip
    normals  (N, 3)  roughly the upper side
    lengths  (N,)    metres
    widths   (N,)    metres
    colors   (N, 3)  linear
    outward  (N, 3)  unit, out of the crown
    """

    centers: Doubles
    along: Doubles
    normals: Doubles
    lengths: Doubles
    widths: Doubles
    colors: Doubles
    outward: Doubles

    @property
    def count(self) -> int:
        """Number of leaves."""
        return len(self.centers)

    def take(self, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Foliage:
        """Only the chosen leaves."""
        return Foliage(
            centers=self.centers[chosen],
            along=self.along[chosen],
            normals=self.normals[chosen],
            lengths=self.lengths[chosen],
            widths=self.widths[chosen],
            colors=self.colors[chosen],
            outward=self.outward[chosen],
        )


def joined(pieces: list[Foliage]) -> Foliage:
    """All leaves of several plants or parts, one after the other."""
    return Foliage(
        centers=np.concatenate([piece.centers for piece in pieces]),
        along=np.concatenate([piece.along for piece in pieces]),
        normals=np.concatenate([piece.normals for piece in pieces]),
        lengths=np.concatenate([piece.lengths for piece in pieces]),
        widths=np.concatenate([piece.widths for piece in pieces]),
        colors=np.concatenate([piece.colors for piece in pieces]),
        outward=np.concatenate([piece.outward for piece in pieces]),
    )


def coarsened(foliage: Foliage, target: int, *, coverage: float = 0.85, keep_lengths: bool = False) -> Foliage:
    """At most ``target`` larger leaves that cover about the same as all the small ones.

    Each large leaf stands in the middle of a run of neighbours and has their mean colour. ``coverage`` is the
    share of the leaf area that is kept: small leaves hide one another, large ones less. ``keep_lengths`` makes
    them only wider, for leaflets in rows.
    """
    if foliage.count <= target:
        return foliage
    run = -(-foliage.count // target)
    starts = np.arange(0, foliage.count, run)
    sizes = np.diff(np.append(starts, foliage.count))
    area = np.add.reduceat(foliage.lengths * foliage.widths, starts) * coverage
    mean_length = np.add.reduceat(foliage.lengths, starts) / sizes
    mean_width = np.add.reduceat(foliage.widths, starts) / sizes
    # Long leaves grow less long and more wide, so that a spray of needles becomes one broad spray.
    aspect = (mean_length / np.maximum(mean_width, 1e-9)) ** 0.6
    return Foliage(
        centers=_run_means(foliage.centers, starts, sizes),
        along=unit(_run_means(foliage.along, starts, sizes) + 0.3 * foliage.along[starts]),
        normals=unit(_run_means(foliage.normals, starts, sizes) + 0.05 * foliage.normals[starts]),
        lengths=mean_length if keep_lengths else np.sqrt(area * aspect),
        widths=area / mean_length if keep_lengths else np.sqrt(area / aspect),
        colors=_run_means(foliage.colors, starts, sizes),
        outward=unit(_run_means(foliage.outward, starts, sizes) + 1e-6),
    )


def _run_means(
    values: Doubles,
    starts: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    sizes: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
) -> Doubles:
    means: Doubles = np.add.reduceat(values, starts, axis=0) / sizes[:, None]
    return means


def add_foliage(
    builder: MeshBuilder,
    foliage: Foliage,
    *,
    shape: LeafShape,
    softness: float = 0.7,
    bounds: tuple[Doubles, Doubles] | None = None,
) -> None:
    """Add the leaves as polygons.

    Args:
        builder: Where they go.
        foliage: The leaves.
        shape: Folded kites (two triangles each) or single slim triangles.
        softness: How far shading normals bend towards the crown's outward direction.
        bounds: Lowest and highest corner that coarse leaves must not leave, so that levels of detail agree.
    """
    if not foliage.count:
        return
    if shape == "kite":
        corners = kites(foliage.centers, foliage.along, foliage.normals, foliage.lengths, foliage.widths)
    else:
        bases = foliage.centers - foliage.along * (0.5 * foliage.lengths)[:, None]
        corners = needles(bases, foliage.along, foliage.normals, foliage.lengths, foliage.widths)
    if bounds is not None:
        corners = np.clip(corners, bounds[0], bounds[1])
    normals = facing_normals(corners, foliage.outward, softness=softness)
    # Bases sit in the shade of the plant and tips in the light.
    shades = np.array([0.86, 1.0, 1.08, 1.0] if shape == "kite" else [0.8, 0.8, 1.15])
    colors = foliage.colors[:, None] * shades[None, :, None]
    if shape == "kite":
        builder.add_quads(corners, normals=normals, colors=colors)
    else:
        builder.add_triangles(corners, normals=normals, colors=colors)


def snowed(foliage: Foliage, snow_cover: float, generator: np.random.Generator) -> Foliage:
    """Leaves whitened where they lie open to the sky."""
    if snow_cover <= 0.0 or not foliage.count:
        return foliage
    open_sky = smoothstep(-0.2, 1.3, foliage.outward[:, 1] + 0.35 * np.abs(foliage.normals[:, 1]))
    # Snow lies in pads: neighbours share it, and what lies below stays green.
    pads = np.repeat(generator.normal(0.0, 0.28, -(-foliage.count // 6)), 6)[: foliage.count]
    chance = open_sky * snow_cover + pads + generator.normal(0.0, 0.1, foliage.count)
    amount = smoothstep(0.3, 0.6, chance) * (0.5 + 0.45 * snow_cover)
    return replace(foliage, colors=blend(foliage.colors, SNOW_COLOR, amount))


def fitted(foliage: Foliage, bounds: tuple[Doubles, Doubles]) -> Foliage:
    """Leaves spread so that they fill a box: the means of runs lie further inside than the leaves they stand for."""
    low, high = foliage_bounds(foliage)
    size = np.maximum(high - low, 1e-6)
    spread = np.clip((bounds[1] - bounds[0]) / size, 0.8, 1.35)
    middle, target = 0.5 * (low + high), 0.5 * (bounds[0] + bounds[1])
    return replace(foliage, centers=target + (foliage.centers - middle) * spread)


def foliage_bounds(foliage: Foliage) -> tuple[Doubles, Doubles]:
    """Lowest and highest corner of all leaves."""
    reach = foliage.along * (0.5 * foliage.lengths)[:, None]
    ends = np.concatenate((foliage.centers - reach, foliage.centers + reach))
    return ends.min(axis=0), ends.max(axis=0)
