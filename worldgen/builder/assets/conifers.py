"""Conifers: spruce, pine, fir, larch and cypress, with whorls of branches and sprays of needles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from worldgen.builder.assets.conifer_shapes import SHAPES, ConiferShape
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.branches import (
    UP,
    Branches,
    Doubles,
    cross,
    directions_from,
    diverge,
    extend,
    joined_branches,
    resampled,
    sideways,
    sites_on,
    some_with_extremes,
    spread_along,
    unit,
)
from worldgen.builder.modelling.foliage import Foliage, add_foliage, coarsened, fitted, foliage_bounds, snowed
from worldgen.builder.modelling.mesh_builder import MeshBuilder
from worldgen.builder.modelling.plant import LodBuilder, bark_tile_m, make_prototype
from worldgen.builder.modelling.plant_colors import blend, pick, vary
from worldgen.builder.modelling.snow import add_branch_snow
from worldgen.builder.modelling.tubes import add_tubes, base_rings, root_flare
from worldgen.randomness import rng
from worldgen.scene.scene import Capsule, Prototype

BARK = "bark_conifer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crown:
    """Measures of one tree, in metres."""

    height: float
    base: float
    radius: float


def build_conifer(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a conifer of the requested kind, season and snow."""
    shape = SHAPES[request.kind]
    height = generator.uniform(*shape.height_m)
    crown = Crown(
        height=height,
        base=generator.uniform(*shape.crown_base) * height,
        radius=generator.uniform(*shape.crown_radius) * height,
    )
    trunk = _trunk(shape, height, generator)
    branches, levels = _whorls(shape, trunk, crown, generator)
    leader = _leader(trunk, generator)
    branches = joined_branches(branches, leader)
    levels = np.append(levels, np.ones(leader.count))
    is_bare = shape.autumn_colors is not None and request.season == "winter"
    twigs, needles = _needles(shape, branches, levels, request, generator)
    needles = snowed(needles, request.snow_cover, generator)
    bounds = foliage_bounds(needles)
    snow_seed = int(generator.integers(2**31))
    flare = root_flare(
        height_m=0.5, amount=0.4, lobes=int(generator.integers(4, 7)), phase=generator.uniform(0.0, 6.28), ground_m=0.4
    )
    tile = bark_tile_m(BARK, request)

    lods = []
    for level, (trunk_sides, limb_sides, num_leaves) in enumerate(((12, 3, 0), (7, 3, 1500), (4, 0, 0))):
        lod = LodBuilder()
        rings = base_rings(height + 0.4, (24, 12, 5)[level], 0.01 * height)
        add_tubes(
            lod[BARK], resampled(trunk, rings), sides=trunk_sides, tile_m=tile, profile=flare if level < 2 else None
        )
        if limb_sides:
            limbs = branches if level == 0 else branches.take(branches.radii[:, 0] > np.median(branches.radii[:, 0]))
            limbs = limbs.thinned(3 if level == 0 else 2)
            add_tubes(lod[BARK], limbs, sides=limb_sides, tile_m=tile)
        if is_bare:
            shown = (twigs, twigs.take(some_with_extremes(twigs, 6)), branches.take(some_with_extremes(branches, 4)))
            add_tubes(lod[BARK], shown[level].thinned((3, 2, 2)[level]), sides=3, tile_m=tile)
        elif level == 0:
            add_foliage(lod["needles"], needles, shape="needle", softness=0.9)
        elif level == 1:
            few = fitted(coarsened(needles, num_leaves), bounds)
            add_foliage(lod["needles"], few, shape="kite", softness=0.9, bounds=bounds)
        else:
            _add_skirts(lod["needles"], branches, levels, needles, bounds)
        if request.snow_cover > 0.0 and level < 2:
            loaded = branches if level == 0 else branches.take(slice(None, None, 3))
            widths = _spray_half_widths(shape, loaded) * (1.0 if level == 0 else 1.5)
            if is_bare or shape.tufts:
                widths = widths * 0.3
            add_branch_snow(
                lod["snow_cap"],
                loaded.thinned(5 if level == 0 else 3),
                widths[:, :: 1 if level == 0 else 2],
                snow_cover=request.snow_cover,
                generator=rng(snow_seed, "snow"),
            )
        lods.append(lod)
    radius = float(trunk.radii[0, 0]) * 1.15
    collider = Capsule(base=(0.0, 0.0, 0.0), height=0.7 * height, radius=radius, surface="wood")
    return make_prototype(
        request, "conifer", lods, footprint_m=max(3.0 * radius, 0.28 * crown.radius), colliders=(collider,)
    )


def _trunk(shape: ConiferShape, height: float, generator: np.random.Generator) -> Branches:
    lean = np.array([generator.normal(0.0, 0.02), 1.0, generator.normal(0.0, 0.02)])
    trunk = extend(
        np.array([[0.0, -0.4, 0.0]]),
        unit(lean[None]),
        height + 0.4,
        num_points=22,
        base_radii=shape.trunk_radius * height * generator.uniform(0.9, 1.15),
        tip_ratio=0.04,
        taper=1.1,
        rise=0.3,
        wiggle=0.06 if shape.tufts else 0.03,
        generator=generator,
    )
    base = trunk.points[:, 1:2] * (1.0, 0.0, 1.0)
    return Branches(trunk.points - base * np.linspace(1.0, 0.0, 22)[None, :, None], trunk.radii)


def _whorls(
    shape: ConiferShape, trunk: Branches, crown: Crown, generator: np.random.Generator
) -> tuple[Branches, Doubles]:
    """Branches and, for each, its level in the crown (0 at its base, 1 at the top)."""
    whorl_levels = np.linspace(0.0, 1.0, shape.num_whorls + 1)[:-1] ** 0.92
    whorl_levels = whorl_levels + generator.normal(0.0, 0.12 / shape.num_whorls, shape.num_whorls)
    levels = np.repeat(whorl_levels, shape.branches_per_whorl)
    count = len(levels)
    levels = np.clip(levels + generator.normal(0.0, 0.35 / shape.num_whorls, count), 0.0, 0.985)
    turns = np.repeat(generator.uniform(0.0, 2.0 * np.pi, shape.num_whorls), shape.branches_per_whorl)
    azimuths = turns + np.tile(np.arange(shape.branches_per_whorl), shape.num_whorls) * (
        2.0 * np.pi / shape.branches_per_whorl
    )
    azimuths = azimuths + generator.normal(0.0, 0.22, count)
    heights = crown.base + levels * (crown.height - crown.base)
    sites = sites_on(trunk, ((heights + 0.4) / (crown.height + 0.4))[None])
    narrowing, onset = shape.profile
    profile = (1.0 - levels) ** narrowing * np.minimum(1.0, 0.55 + 0.45 * levels / max(onset, 1e-3))
    reach = crown.radius * profile * np.exp(generator.normal(0.0, shape.raggedness, count))
    # Every other whorl stays shorter: light reaches in between, and the outline is stepped.
    reach = np.maximum(reach * np.where(np.arange(count) // shape.branches_per_whorl % 2 == 0, 1.0, 0.86), 0.25)
    bottom, top = np.radians(shape.elevation_deg)
    elevation = bottom + (top - bottom) * levels**0.8 + generator.normal(0.0, 0.07, count)
    inner, outer = shape.rise
    bend = np.stack(
        [np.full(count, inner), np.full(count, inner), np.full(count, outer), np.full(count, outer)], axis=1
    )
    bend = bend * (1.15 - 0.75 * levels)[:, None]
    lengths = reach / np.maximum(np.cos(elevation * 0.8), 0.35)
    branches = extend(
        sites.positions,
        directions_from(elevation, azimuths),
        lengths,
        num_points=5,
        base_radii=np.minimum(0.007 + 0.0125 * lengths, 0.55 * sites.radii),
        tip_ratio=0.15,
        rise=bend,
        wiggle=0.22 if shape.tufts else 0.12,
        generator=generator,
    )
    above = branches.points[:, :, 1].min(axis=1) > 0.25
    return branches.take(above), levels[above]


def _leader(trunk: Branches, generator: np.random.Generator) -> Branches:
    """Short, steep shoots around the tip of the trunk, the leader itself among them."""
    count = 7
    tip = trunk.points[0, -1]
    starts = tip - np.outer(np.linspace(1.5, 0.1, count), unit(tip - trunk.points[0, -3]))
    azimuths = np.arange(count) * 2.4
    directions = directions_from(np.linspace(0.9, 1.5, count), azimuths)
    return extend(starts, directions, np.linspace(0.8, 0.7, count), num_points=5, base_radii=0.012, generator=generator)


def _spray_half_widths(shape: ConiferShape, branches: Branches) -> Doubles:
    along = np.linspace(0.0, 1.0, branches.points.shape[1])
    outline = np.interp(along, (0.0, 0.25, 0.6, 1.0), (0.25, 0.9, 0.7, 0.15))
    return branches.lengths[:, None] * shape.twig_length * 0.62 * outline[None]


def _needles(
    shape: ConiferShape, branches: Branches, levels: Doubles, request: AssetRequest, generator: np.random.Generator
) -> tuple[Branches, Foliage]:
    """Twigs along the branches, and the needles on them."""
    count = shape.twigs
    along = spread_along(branches.count, count, (0.3 if shape.tufts else 0.12, 1.0), generator)
    sites = sites_on(branches, along)
    lengths = branches.lengths[sites.branch]
    total = len(sites.along)
    right = sideways(sites.tangents)
    hand = np.where(np.arange(total) % 2 == 0, 1.0, -1.0)
    spread = np.radians(generator.uniform(40.0, 62.0, total)) * (1.1 - 0.6 * sites.along)
    if shape.tufts:
        directions = diverge(sites.tangents, spread * 0.85, generator.uniform(0.0, 2.0 * np.pi, total))
        directions = unit(directions + UP * 0.25)
    else:
        lateral = right * (hand * np.sin(spread))[:, None]
        directions = unit(
            sites.tangents * np.cos(spread)[:, None] + lateral + UP * generator.normal(-0.1, 0.12, (total, 1))
        )
    taper = np.interp(sites.along, (0.0, 0.2, 0.55, 1.0), (0.45, 1.0, 0.8, 0.34))
    twig_lengths = np.maximum(lengths * shape.twig_length * taper * generator.uniform(0.75, 1.2, total), 0.22)
    twigs = extend(
        sites.positions,
        directions,
        twig_lengths,
        num_points=3,
        base_radii=np.maximum(0.004, 0.2 * sites.radii),
        tip_ratio=0.3,
        rise=0.35 if shape.tufts else -0.45,
        wiggle=0.15,
        generator=generator,
    )
    tips = _needles_on(shape, twigs, (levels[sites.branch], sites.along), request, generator)
    return twigs, tips


def _needles_on(
    shape: ConiferShape,
    twigs: Branches,
    exposure: tuple[Doubles, Doubles],
    request: AssetRequest,
    generator: np.random.Generator,
) -> Foliage:
    """Fishbones of needle blades along flat sprays, or brushes of them at the ends of twigs.

    ``exposure`` holds, per twig, its level in the crown and how far out on its branch it grows.
    """
    levels, openness = exposure
    per_twig = 9 if shape.tufts else 5
    bounds = (0.35, 1.0) if shape.tufts else (0.1, 1.0)
    sites = sites_on(twigs, spread_along(twigs.count, per_twig, bounds, generator))
    total = len(sites.along)
    hand = np.where(np.arange(total) % 2 == 0, 1.0, -1.0)
    right = sideways(sites.tangents)
    if shape.tufts:
        directions = diverge(
            sites.tangents,
            generator.uniform(0.25, 1.15, total),
            np.arange(total) * 2.4 + generator.normal(0.0, 0.3, total),
        )
        directions = unit(directions + UP * 0.2)
    else:
        slant = np.where(np.arange(total) % per_twig == per_twig - 1, 0.05, generator.uniform(0.5, 0.95, total))
        directions = unit(
            sites.tangents * np.cos(slant)[:, None]
            + right * (hand * np.sin(slant))[:, None]
            + UP * generator.normal(-0.18, 0.16, (total, 1))
        )
    size = np.clip(twigs.lengths / 0.9, 0.55, 1.25)[sites.branch] * generator.uniform(0.75, 1.25, total)
    lengths, widths = shape.needle_length_m * size, shape.needle_width_m * size
    centers = sites.positions + directions * (0.42 * lengths)[:, None]
    away = centers * (1.0, 0.0, 1.0)
    outward = unit(unit(away) + UP * 0.55)
    normals = unit(cross(right, directions) * 0.3 + UP + generator.normal(0.0, 0.35, (total, 3)))
    colors = _needle_colors(shape, twigs.count, request, generator)[sites.branch]
    open_air = 0.4 + 0.6 * np.clip(openness[sites.branch] * 0.75 + 0.25 * sites.along, 0.0, 1.0)
    light = open_air * (0.82 + 0.28 * levels[sites.branch])
    colors = vary(colors * light[:, None], generator, brightness=0.14, hue=0.05)
    if request.season == "spring":
        fresh = np.clip((sites.along - 0.55) * 2.0, 0.0, 1.0) * openness[sites.branch] * 0.6
        colors = blend(colors, shape.spring_colors[0], fresh)
    return Foliage(
        centers=centers,
        along=directions,
        normals=normals,
        lengths=lengths,
        widths=widths,
        colors=colors,
        outward=outward,
    )


def _needle_colors(shape: ConiferShape, count: int, request: AssetRequest, generator: np.random.Generator) -> Doubles:
    colors = shape.colors
    if shape.autumn_colors is not None and request.season == "autumn":
        colors = shape.autumn_colors
    elif request.season == "winter":
        colors = colors * 0.85
    return pick(colors, count, generator) * np.exp(generator.normal(0.0, 0.08))


def _add_skirts(
    builder: MeshBuilder, branches: Branches, levels: Doubles, needles: Foliage, bounds: tuple[Doubles, Doubles]
) -> None:
    """The coarsest crown: stacked, jagged, overlapping cones as wide as the branches of their storey."""
    num_storeys, points = 20, 6
    order = np.argsort(levels, kind="stable")
    peak_height = float(bounds[1][1])
    weights = needles.lengths * needles.widths
    mean_color = (needles.colors * weights[:, None]).sum(axis=0) / weights.sum()
    corners: list[Doubles] = []
    centers: list[Doubles] = []
    gains: list[Doubles] = []
    storeys = np.array_split(order, num_storeys)
    step = (peak_height - float(branches.points[order[0], 0, 1])) / num_storeys
    for number, members in enumerate(storeys):
        tips, bases = branches.points[members, -1], branches.points[members, 0]
        radius = float(np.hypot(tips[:, 0] - bases[:, 0], tips[:, 2] - bases[:, 2]).mean()) * 1.05
        hem = float(tips[:, 1].mean()) - 0.4 * step
        apex = min(max(float(bases[:, 1].max()), hem + 0.35 * radius) + 1.6 * step, peak_height)
        angles = number * 0.83 + np.arange(2 * points) * np.pi / points
        is_point = np.arange(2 * points) % 2 == 0
        # Points differ in reach and height like the branches that they stand for.
        uneven = 1.0 + 0.16 * np.sin(angles * 3.0 + number * 1.7)
        reach = radius * np.where(is_point, 1.1, 0.5) * uneven
        low = hem + np.where(is_point, -0.06 * radius, 0.1 * radius + 0.5 * step) * uneven
        axis = bases.mean(axis=0) * (1.0, 0.0, 1.0)
        rim = np.stack((reach * np.cos(angles), low, -reach * np.sin(angles)), axis=1) + axis
        peak = axis + UP * apex
        corners.append(np.stack((np.broadcast_to(peak, rim.shape), rim, np.roll(rim, -1, axis=0)), axis=1))
        centers.append(np.broadcast_to(axis + UP * (hem - 0.6 * radius), (2 * points, 3)))
        shades = np.where(is_point, 1.25, 0.8) * (0.85 + 0.3 * number / num_storeys)
        gains.append(np.stack((np.full(2 * points, 0.7), shades, np.roll(shades, -1)), axis=1))
    sheets = _widened(np.concatenate(corners), bounds)
    outward = unit(sheets - np.concatenate(centers)[:, None])
    builder.add_triangles(sheets, normals=outward, colors=np.concatenate(gains)[..., None] * mean_color)


def _widened(corners: Doubles, bounds: tuple[Doubles, Doubles]) -> Doubles:
    """Skirts stretched sideways to nearly the box of the crown, which single long branches decide."""
    flat = corners.reshape(-1, 3)
    low, high = flat.min(axis=0), flat.max(axis=0)
    stretch = np.clip(0.92 * (bounds[1] - bounds[0]) / np.maximum(high - low, 1e-6), 1.0, 1.3)
    stretch[1] = 1.0
    widened: Doubles = corners * stretch
    return np.clip(widened, bounds[0], bounds[1])


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="conifer",
        kinds={
            "spruce": ("conifer", "spruce", "evergreen", "evergreen tree", "coniferous tree", "norway spruce"),
            "pine": ("pine", "pine tree", "scots pine", "pinewood"),
            "fir": ("fir", "fir tree", "christmas tree", "silver fir", "balsam"),
            "larch": ("larch", "larch tree", "tamarack"),
            "cypress": ("cypress", "cypress tree", "italian cypress", "thuja"),
        },
        build=build_conifer,
        placement=Placement(
            max_slope_deg=38.0,
            water_distance_m=(1.5, float("inf")),
            moisture=(0.12, 1.0),
            sink_m=0.15,
            clusters=0.7,
            scale_range=(0.7, 1.12),
        ),
        adjectives={"needled": "spruce", "blue": "fir", "golden": "larch", "columnar": "cypress", "tuscan": "cypress"},
        num_variants=4,
    ),
)
