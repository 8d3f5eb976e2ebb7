"""Leafy crowns: a trunk or many stems, limbs that fill an envelope, branches, twigs and leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from worldgen.builder.modelling.branches import (
    GOLDEN_ANGLE,
    UP,
    Branches,
    Doubles,
    directions_from,
    diverge,
    extend,
    joined_branches,
    random_directions,
    reach_in_ellipsoid,
    sites_on,
    spread_along,
    unit,
)
from worldgen.builder.modelling.foliage import Foliage
from worldgen.builder.modelling.plant_colors import smoothstep, vary

LeafPose = Literal["spread", "hanging", "rosette"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrownShape:
    """The build of a leafy tree or bush; angles in degrees, lengths as shares of the height unless in metres."""

    height_m: tuple[float, float]
    crown_base: tuple[float, float]
    crown_radius: tuple[float, float]
    trunk_share: float
    """How far up the trunk itself runs."""
    trunk_radius: float
    limbs: int
    branches_per_limb: int
    twigs_per_branch: int
    leaves_per_twig: int
    twig_length_m: float
    leaf_m: tuple[float, float]
    """Length and width of a leaf; one leaf stands for a small bunch of real ones."""
    stems: int = 1
    """Stems that rise from the ground (a bush has many); with more than one the limbs are the stems."""
    limb_angle_deg: tuple[float, float] = (72.0, 22.0)
    """Angle of limbs from the vertical, lowest and highest."""
    limb_rise: float = 0.25
    branch_angle_deg: float = 48.0
    branch_length: float = 0.42
    """Length of branches as a share of their limb's."""
    twig_rise: float = 0.1
    gnarl: float = 0.5
    """Random turns of limbs and branches, radians."""
    trunk_gnarl: float = 0.12
    leaf_pose: LeafPose = "spread"
    cone: float = 0.1
    """How much shorter the highest limbs stay: 0 is a ball, above 0.3 an egg or a cone."""
    flat_top: float = 0.0
    """1 presses the crown into an umbrella."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CrownSkeleton:
    """The wood of one plant, level by level, and the ellipsoid that its crown fills."""

    height: float
    trunk: Branches | None
    limbs: Branches
    branches: Branches
    twigs: Branches
    limb_of_twig: np.ndarray[tuple[int, ...], np.dtype[np.intp]]
    branch_of_twig: np.ndarray[tuple[int, ...], np.dtype[np.intp]]
    center: Doubles
    semi_axes: Doubles


def grow_crown(shape: CrownShape, generator: np.random.Generator) -> CrownSkeleton:
    """Grow the wood of one plant, at its usual size in metres."""
    height = float(generator.uniform(*shape.height_m))
    base = float(generator.uniform(*shape.crown_base)) * height
    radius = float(generator.uniform(*shape.crown_radius)) * height
    center = np.array([0.0, 0.5 * (base + height), 0.0])
    semi_axes = np.array([radius, 0.5 * (height - base), radius * generator.uniform(0.88, 1.1)])
    trunk, limbs = _trunk_and_limbs(shape, height, base, (center, semi_axes), generator)

    along = spread_along(limbs.count, shape.branches_per_limb, (0.22, 1.0), generator)
    sites = sites_on(limbs, along)
    angle = np.radians(shape.branch_angle_deg) * generator.uniform(0.6, 1.25, len(sites.along))
    azimuth = np.arange(len(sites.along)) * GOLDEN_ANGLE + generator.normal(0.0, 0.4, len(sites.along))
    headings = unit(diverge(sites.tangents, angle, azimuth) + UP * (0.12 if shape.leaf_pose != "hanging" else 0.3))
    free = reach_in_ellipsoid(sites.positions, headings, center, semi_axes * 1.03)
    wanted = limbs.lengths[sites.branch] * shape.branch_length * (1.15 - 0.55 * sites.along)
    wanted = wanted * generator.uniform(0.7, 1.25, len(wanted))
    lengths = np.clip(np.minimum(wanted, free), 0.04 * height, None)
    branches = extend(
        sites.positions,
        headings,
        lengths,
        num_points=5,
        base_radii=np.clip(0.62 * sites.radii, 0.003 + 0.006 * lengths, None),
        tip_ratio=0.25,
        rise=0.5 * shape.limb_rise,
        wiggle=shape.gnarl,
        generator=generator,
    )
    twigs, branch_of_twig = _twigs(shape, branches, generator)
    limb_of_branch = sites.branch
    if shape.flat_top > 0.0:
        limbs, branches, twigs = (_pressed(wood, height, shape.flat_top) for wood in (limbs, branches, twigs))
    return CrownSkeleton(
        height=height,
        trunk=trunk,
        limbs=limbs,
        branches=branches,
        twigs=twigs,
        limb_of_twig=limb_of_branch[branch_of_twig],
        branch_of_twig=branch_of_twig,
        center=center,
        semi_axes=semi_axes,
    )


def _trunk_and_limbs(
    shape: CrownShape,
    height: float,
    base: float,
    envelope: tuple[Doubles, Doubles],
    generator: np.random.Generator,
) -> tuple[Branches | None, Branches]:
    center, semi_axes = envelope
    count = shape.limbs
    lowest, highest = np.radians(shape.limb_angle_deg)
    rank = (np.arange(count) + 0.5) / count
    azimuth = np.arange(count) * GOLDEN_ANGLE + generator.uniform(0.0, 6.28) + generator.normal(0.0, 0.25, count)
    angle = lowest + (highest - lowest) * rank**0.8 + generator.normal(0.0, 0.09, count)
    headings = directions_from(np.pi / 2.0 - angle, azimuth)
    trunk = None
    if shape.stems > 1:
        spot = generator.uniform(0.0, 0.04 * height, (count, 1)) * np.stack(
            (np.cos(azimuth), np.zeros(count), np.sin(azimuth)), axis=1
        )
        origins = spot - UP * 0.03 * height
        thickness = np.full(count, shape.trunk_radius * height) * generator.uniform(0.7, 1.2, count)
    else:
        trunk = _trunk(shape, height, generator)
        trunk_top = float(trunk.points[0, -1, 1])
        first = max(base + 0.06 * (height - base), 0.08 * height)
        heights = first + (trunk_top - first) * rank**0.85
        sites = sites_on(trunk, ((heights + 0.4) / (trunk_top + 0.4))[None])
        origins = sites.positions
        thickness = sites.radii * np.where(rank > 0.85, 0.85, 0.5 + 0.15 * rank)
    # Low limbs start where an ellipsoid is narrow; measured from nearer its middle they still spread wide.
    reach = reach_in_ellipsoid(origins + (center - origins) * (0.0, 0.45, 0.0), headings, center, semi_axes)
    reach = np.maximum(reach, 0.55 * semi_axes[0]) * generator.uniform(0.8, 1.0, count) * (1.0 - shape.cone * rank)
    limbs = extend(
        origins,
        headings,
        reach,
        num_points=9,
        base_radii=np.maximum(thickness, 0.004 + 0.005 * reach),
        tip_ratio=0.16,
        rise=shape.limb_rise,
        wiggle=shape.gnarl,
        generator=generator,
    )
    if trunk is not None:
        # Chance may turn a limb down; one that lies on the ground looks broken.
        lifted = limbs.points.copy()
        lifted[..., 1] = np.maximum(lifted[..., 1], origins[:, None, 1] - 0.03 * height)
        limbs = Branches(lifted, limbs.radii)
    return trunk, limbs


def _trunk(shape: CrownShape, height: float, generator: np.random.Generator) -> Branches:
    lean = np.array([[generator.normal(0.0, 0.05), 1.0, generator.normal(0.0, 0.05)]])
    length = shape.trunk_share * height + 0.4
    trunk = extend(
        np.array([[0.0, -0.4, 0.0]]),
        unit(lean),
        length,
        num_points=14,
        base_radii=shape.trunk_radius * height * generator.uniform(0.88, 1.15),
        tip_ratio=0.3,
        taper=1.15,
        rise=0.35,
        wiggle=shape.trunk_gnarl,
        generator=generator,
    )
    at_ground = trunk.points[:, 0:1] + (trunk.points[:, 1:2] - trunk.points[:, 0:1]) * (0.4 / (length / 13))
    return Branches(trunk.points - at_ground * (1.0, 0.0, 1.0), trunk.radii)


def _pressed(wood: Branches, height: float, amount: float) -> Branches:
    """Wood with everything above two thirds of the height pressed towards a ceiling."""
    points = wood.points.copy()
    ceiling, floor = 0.95 * height, 0.62 * height
    share = np.clip((points[..., 1] - floor) / (ceiling - floor), 0.0, None)
    lifted = floor + (ceiling - floor) * (1.0 - np.exp(-3.0 * share))
    points[..., 1] += (np.where(share > 0.0, lifted, points[..., 1]) - points[..., 1]) * amount
    return Branches(points, wood.radii)


def _twigs(
    shape: CrownShape, branches: Branches, generator: np.random.Generator
) -> tuple[Branches, np.ndarray[tuple[int, ...], np.dtype[np.intp]]]:
    sites = sites_on(branches, spread_along(branches.count, shape.twigs_per_branch, (0.3, 1.02), generator))
    count = len(sites.along)
    hanging = shape.leaf_pose == "hanging"
    headings = diverge(
        sites.tangents,
        generator.uniform(0.35, 1.05, count),
        np.arange(count) * GOLDEN_ANGLE + generator.normal(0.0, 0.5, count),
    )
    lengths = shape.twig_length_m * generator.uniform(0.65, 1.3, count)
    num_points = 6 if hanging else 3
    if hanging:
        # Long shoots stop above the ground.
        lengths = np.minimum(
            lengths, np.maximum(sites.positions[:, 1] - 0.5, 0.3) * generator.uniform(0.6, 0.95, count)
        )
    twigs = extend(
        sites.positions,
        headings,
        lengths,
        num_points=num_points,
        base_radii=np.clip(0.55 * sites.radii, 0.004, 0.03),
        tip_ratio=0.0,
        rise=shape.twig_rise,
        wiggle=0.35,
        generator=generator,
    )
    return twigs, sites.branch


def fine_twigs(skeleton: CrownSkeleton, per_twig: int, generator: np.random.Generator) -> Branches:
    """The thin outer shoots that a bare crown shows."""
    twigs = skeleton.twigs
    sites = sites_on(twigs, spread_along(twigs.count, per_twig, (0.2, 1.05), generator))
    count = len(sites.along)
    headings = diverge(sites.tangents, generator.uniform(0.35, 0.95, count), np.arange(count) * GOLDEN_ANGLE)
    return extend(
        sites.positions,
        unit(headings + UP * 0.15),
        twigs.lengths[sites.branch] * generator.uniform(0.45, 0.85, count),
        num_points=2,
        base_radii=np.clip(0.6 * sites.radii, 0.003, 0.012),
        tip_ratio=0.2,
        wiggle=0.2,
        generator=generator,
    )


def leaf_twigs(
    shape: CrownShape, skeleton: CrownSkeleton, twig_colors: Doubles, generator: np.random.Generator
) -> Foliage:
    """Leaves along all twigs.

    Args:
        shape: The build of the plant.
        skeleton: Its wood.
        twig_colors: (twigs, 3) linear colour of each twig's leaves.
        generator: Source of poses and of the variation from leaf to leaf.
    """
    twigs = skeleton.twigs
    per_twig = shape.leaves_per_twig
    sites = sites_on(twigs, spread_along(twigs.count, per_twig, (0.12, 1.06), generator))
    count = len(sites.along)
    length, width = shape.leaf_m
    size = generator.uniform(0.75, 1.25, count)
    lengths, widths = length * size, width * size * generator.uniform(0.9, 1.1, count)
    turn = np.arange(count) * GOLDEN_ANGLE + generator.normal(0.0, 0.5, count)
    if shape.leaf_pose == "hanging":
        along = unit(diverge(sites.tangents, generator.uniform(0.25, 0.7, count), turn) - UP * 0.45)
    elif shape.leaf_pose == "rosette":
        along = unit(diverge(sites.tangents, generator.uniform(0.5, 1.25, count), turn) + UP * 0.1)
    else:
        along = unit(diverge(sites.tangents, generator.uniform(0.6, 1.35, count), turn) - UP * 0.22)
    scatter = random_directions(count, generator) * (0.3 * shape.leaf_m[0] * generator.uniform(0.0, 1.0, (count, 1)))
    centers = sites.positions + along * (0.55 * lengths)[:, None] + scatter
    relative = (centers - skeleton.center) / skeleton.semi_axes
    outward = unit(relative / skeleton.semi_axes * skeleton.semi_axes.mean() + UP * 0.25)
    normals = unit(outward * 0.55 + UP * 0.5 + generator.normal(0.0, 0.45, (count, 3)))
    depth = np.sqrt(np.einsum("ij,ij->i", relative, relative))
    light = (0.5 + 0.5 * smoothstep(0.3, 1.0, depth)) * (0.9 + 0.18 * np.clip(relative[:, 1], -1.0, 1.0))
    colors = vary(twig_colors[sites.branch] * light[:, None], generator, brightness=0.13, hue=0.07)
    return Foliage(
        centers=centers, along=along, normals=normals, lengths=lengths, widths=widths, colors=colors, outward=outward
    )


def wood_of(skeleton: CrownSkeleton) -> Branches:
    """Limbs and branches together, drawn through five points each: what carries snow."""
    return joined_branches(skeleton.limbs.thinned(5), skeleton.branches)
