"""Clumps of grass-like blades with levels of detail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.modelling.branches import UP, Doubles, cross, unit
from worldgen.builder.modelling.leaves import bent_blades, blade_triangles
from worldgen.builder.modelling.mesh_builder import MeshBuilder
from worldgen.builder.modelling.plant_colors import SNOW_COLOR, blend


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Blades:
    """N blades that grow from the ground.

    bases     (N, 3)  metres
    headings  (N, 3)  horizontal unit vectors, the way they lean
    lengths   (N,)    metres
    widths    (N,)    metres, at the base
    bends     (N,)    radians, lean of the tip from the vertical
    colors    (N, 3)  linear
    """

    bases: Doubles
    headings: Doubles
    lengths: Doubles
    widths: Doubles
    bends: Doubles
    colors: Doubles

    @property
    def count(self) -> int:
        """Number of blades."""
        return len(self.bases)

    @property
    def tips(self) -> Doubles:
        """Where the blades end, (N, 3)."""
        outline, _ = bent_blades(self.bases, self.headings, self.lengths, self.widths, self.bends, segments=2)
        ends: Doubles = outline[:, -1]
        return ends


def scattered_bases(count: int, radius_m: float, num_tufts: int, generator: np.random.Generator) -> Doubles:
    """Places on the ground (count, 3) within a disc; with tufts they crowd around that many middles."""
    distance = radius_m * np.sqrt(generator.uniform(0.0, 1.0, count))
    azimuth = generator.uniform(0.0, 2.0 * np.pi, count)
    spots = np.stack((distance * np.cos(azimuth), np.zeros(count), distance * np.sin(azimuth)), axis=1)
    if num_tufts > 0:
        tufts = scattered_bases(num_tufts, 0.7 * radius_m, 0, generator)
        spots = tufts[np.arange(count) % num_tufts] + spots * (0.32 if num_tufts > 1 else 0.2)
    return spots


def thinned_blades(blades: Blades, target: int, *, coverage: float = 0.8) -> Blades:
    """Fewer, wider blades with the same outline: those that reach furthest stay."""
    if blades.count <= target:
        return blades
    tips = blades.tips
    extremes = [tips[:, 1].argmax(), tips[:, 0].argmax(), tips[:, 0].argmin(), tips[:, 2].argmax(), tips[:, 2].argmin()]
    order = np.concatenate((extremes, np.linspace(0, blades.count - 1, target).astype(np.intp)))
    _, first = np.unique(order, return_index=True)
    kept: NDArray[np.intp] = np.sort(order[np.sort(first)][:target])
    return Blades(
        bases=blades.bases[kept],
        headings=blades.headings[kept],
        lengths=blades.lengths[kept],
        widths=blades.widths[kept] * (coverage * blades.count / target),
        bends=blades.bends[kept],
        colors=blades.colors[kept],
    )


def add_blades(builder: MeshBuilder, blades: Blades, *, segments: int, snow_cover: float = 0.0) -> None:
    """Add the blades, darker at the foot and lighter at the tip, whitened from the tip by snow."""
    if not blades.count:
        return
    outline, levels = bent_blades(
        blades.bases, blades.headings, blades.lengths, blades.widths, blades.bends, segments=segments
    )
    outline[:, :2, 1] = -0.02
    per_corner = np.append(np.repeat(levels[:-1], 2), 1.0)
    gain = 0.5 + 0.7 * per_corner**0.8
    colors = blades.colors[:, None] * gain[None, :, None] * (1.0 + np.array([0.12, 0.0, -0.08]) * per_corner[:, None])
    if snow_cover > 0.0:
        colors = blend(colors, SNOW_COLOR, np.broadcast_to(snow_cover * 0.8 * per_corner, colors.shape[:2]))
    across = outline[:, 1] - outline[:, 0]
    faces = cross(unit(across), unit(outline[:, -1] - blades.bases))
    # Between its own normal and straight up, as the meadow around it is lit.
    faces = faces * np.where(faces[:, 1:2] < 0.0, -1.0, 1.0)
    normals = np.broadcast_to(unit(faces + 0.9 * UP)[:, None], outline.shape)
    builder.add_indexed(
        outline.reshape(-1, 3),
        blade_triangles(blades.count, segments),
        normals=normals.reshape(-1, 3),
        colors=colors.reshape(-1, 3),
    )
