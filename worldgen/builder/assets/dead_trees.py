"""Dead wood: bare snags, fallen logs and stumps."""

from __future__ import annotations

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.branches import (
    Branches,
    Doubles,
    directions_from,
    extend,
    joined_branches,
    lengthened_to,
    resampled,
    sites_on,
    some_with_extremes,
    spread_along,
)
from worldgen.builder.modelling.crowns import CrownShape, grow_crown
from worldgen.builder.modelling.mesh_builder import MeshBuilder
from worldgen.builder.modelling.plant import LodBuilder, bark_tile_m, make_prototype
from worldgen.builder.modelling.plant_colors import from_srgb
from worldgen.builder.modelling.snow import add_branch_snow
from worldgen.builder.modelling.tubes import add_tubes, base_rings, root_flare
from worldgen.randomness import rng
from worldgen.scene.scene import Capsule, Collider, ConvexHull, Prototype

BARK = "bark_dead"

SNAG = CrownShape(
    height_m=(7.0, 12.0),
    crown_base=(0.25, 0.35),
    crown_radius=(0.25, 0.34),
    trunk_share=0.86,
    trunk_radius=0.026,
    limbs=9,
    branches_per_limb=6,
    twigs_per_branch=4,
    leaves_per_twig=1,
    twig_length_m=0.7,
    leaf_m=(0.1, 0.1),
    limb_angle_deg=(82.0, 34.0),
    limb_rise=0.25,
    branch_length=0.5,
    gnarl=1.05,
    trunk_gnarl=0.28,
)


def build_dead_tree(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a snag, a fallen log or a stump."""
    builders = {"snag": _snag, "fallen_log": _fallen_log, "stump": _stump}
    return builders[request.kind](request, generator)


def _snag(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    skeleton = grow_crown(SNAG, generator)
    if skeleton.trunk is None:
        raise AssertionError("a snag has a trunk")
    # Storms took the ends of some limbs.
    broken = generator.uniform(0.0, 1.0, skeleton.limbs.count) < 0.25
    keep = ~broken[skeleton.limb_of_twig]
    twigs = skeleton.twigs.take(keep)
    short = resampled(skeleton.limbs, np.linspace(0.0, 0.55, skeleton.limbs.points.shape[1]))
    limbs = Branches(
        np.where(broken[:, None, None], short.points, skeleton.limbs.points),
        np.where(broken[:, None], short.radii, skeleton.limbs.radii),
    )
    limb_of_branch = np.arange(skeleton.branches.count) // SNAG.branches_per_limb
    branches = skeleton.branches.take(~broken[limb_of_branch])
    reaching = lengthened_to(skeleton.branches, skeleton.twigs, skeleton.branch_of_twig).take(~broken[limb_of_branch])
    flare = root_flare(height_m=0.35, amount=0.8, lobes=5, phase=float(generator.uniform(0.0, 6.28)), ground_m=0.4)
    tile = bark_tile_m(BARK, request)
    length = float(skeleton.trunk.lengths[0])
    snow_seed = int(generator.integers(2**31))
    lods = []
    for level in range(3):
        lod = LodBuilder()
        trunk = resampled(skeleton.trunk, base_rings(length, (26, 10, 5)[level], 0.012 * length))
        add_tubes(
            lod[BARK], trunk, sides=(18, 8, 5)[level], tile_m=tile, profile=flare if level < 2 else None, caps=True
        )
        add_tubes(lod[BARK], limbs.thinned((9, 5, 3)[level]), sides=(8, 5, 3)[level], tile_m=tile, caps=True)
        shown = branches if level < 2 else reaching
        add_tubes(lod[BARK], shown.thinned((5, 4, 2)[level]), sides=(5, 3, 3)[level], tile_m=tile)
        if level < 2:
            add_tubes(
                lod[BARK], twigs.take(some_with_extremes(twigs, level + 1)).thinned(3 - level), sides=3, tile_m=tile
            )
        if request.snow_cover > 0.0 and level < 2:
            loaded = joined_branches(limbs.thinned(5), branches) if level == 0 else limbs.thinned(4)
            snow_generator = rng(snow_seed, "snow")
            widths = loaded.radii * 1.1 + 0.02
            add_branch_snow(lod["snow_cap"], loaded, widths, snow_cover=request.snow_cover, generator=snow_generator)
        lods.append(lod)
    radius = float(skeleton.trunk.radii[0, 0]) * 1.1
    collider = Capsule(base=(0.0, 0.0, 0.0), height=0.75 * length, radius=radius, surface="wood")
    return make_prototype(request, "dead_tree", lods, footprint_m=3.0 * radius, colliders=(collider,))


def _fallen_log(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    length = float(generator.uniform(4.0, 7.0))
    radius = float(generator.uniform(0.22, 0.36))
    log = extend(
        np.array([[-0.5 * length, radius * 0.72, 0.0]]),
        np.array([[1.0, 0.0, 0.0]]),
        length,
        num_points=13,
        base_radii=radius,
        tip_ratio=0.62,
        wiggle=0.1,
        generator=generator,
    )
    # It rests on the ground along its whole length.
    points = log.points.copy()
    points[..., 1] = 0.72 * log.radii
    log = Branches(points, log.radii)
    sites = sites_on(log, spread_along(1, 6, (0.25, 0.95), generator))
    upward = directions_from(
        generator.uniform(0.35, 1.2, 6), generator.choice((-1.0, 1.0), 6) * generator.uniform(0.7, 1.6, 6)
    )
    stubs = extend(
        sites.positions,
        upward,
        generator.uniform(0.35, 1.1, 6),
        num_points=4,
        base_radii=0.3 * sites.radii,
        tip_ratio=0.45,
        wiggle=0.4,
        generator=generator,
    )
    roughness = root_flare(height_m=0.35, amount=0.25, lobes=6, phase=float(generator.uniform(0.0, 6.28)))
    snow_seed = int(generator.integers(2**31))
    tile = bark_tile_m(BARK, request)
    lods = []
    for level in range(3):
        lod = LodBuilder()
        body = log.thinned((13, 7, 4)[level])
        sides = (18, 10, 6)[level]
        add_tubes(lod[BARK], body, sides=sides, tile_m=tile, profile=roughness)
        add_tubes(lod[BARK], stubs.thinned((4, 3, 2)[level]), sides=(7, 5, 3)[level], tile_m=tile, caps=True)
        for end, inward in ((0, 1), (-1, -2)):
            axis = body.points[0, end] - body.points[0, inward]
            flare = 1.3 if end == 0 else 1.0
            _add_cut(lod["wood_cut"], body.points[0, end], axis, body.radii[0, end] * flare, sides)
        if request.snow_cover > 0.0:
            widths = body.radii * 0.85
            snow_generator = rng(snow_seed, "snow")
            add_branch_snow(lod["snow_cap"], body, widths, snow_cover=request.snow_cover, generator=snow_generator)
        lods.append(lod)
    ends = log.points[0, (0, -1)]
    ring = directions_from(np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False), np.full(8, np.pi / 2.0))
    hull = np.concatenate([ends[0] + ring * radius, ends[1] + ring * radius * 0.62])
    collider: Collider = ConvexHull(points=hull.astype(np.float32), surface="wood")
    return make_prototype(request, "dead_tree", lods, footprint_m=0.5 * length, colliders=(collider,))


def _stump(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    height = float(generator.uniform(0.4, 0.85))
    radius = float(generator.uniform(0.24, 0.42))
    trunk = extend(
        np.array([[0.0, -0.3, 0.0]]),
        directions_from(np.array([np.pi / 2.0]), np.array([0.0])),
        height + 0.3,
        num_points=10,
        base_radii=radius * 1.08,
        tip_ratio=0.92,
        generator=generator,
    )
    count = int(generator.integers(5, 8))
    phase = float(generator.uniform(0.0, 6.28))
    azimuths = phase + np.arange(count) * 2.0 * np.pi / count + generator.normal(0.0, 0.2, count)
    roots = extend(
        directions_from(np.zeros(count), azimuths) * (0.55 * radius) + (0.0, 0.2, 0.0),
        directions_from(np.full(count, -0.35), azimuths),
        generator.uniform(0.9, 1.5, count) * radius * 1.6,
        num_points=6,
        base_radii=0.34 * radius,
        tip_ratio=0.25,
        rise=0.12,
        wiggle=0.3,
        generator=generator,
    )
    flare = root_flare(height_m=0.16, amount=0.5, lobes=count, phase=phase, ground_m=0.3)
    tile = bark_tile_m(BARK, request)
    lods = []
    for level in range(3):
        lod = LodBuilder()
        sides = (22, 12, 7)[level]
        body = trunk.thinned((10, 5, 3)[level])
        add_tubes(lod[BARK], body, sides=sides, tile_m=tile, profile=flare)
        if level < 2:
            add_tubes(lod[BARK], roots.thinned((6, 3)[level]), sides=(8, 4)[level], tile_m=tile)
        top = trunk.points[0, -1]
        _add_cut(lod["wood_cut"], top, np.array([0.0, 1.0, 0.0]), float(trunk.radii[0, -1]), sides)
        if request.snow_cover > 0.0:
            _add_snow_cap(lod["snow_cap"], top, float(trunk.radii[0, -1]), sides, request.snow_cover)
        lods.append(lod)
    collider = Capsule(base=(0.0, 0.0, 0.0), height=height, radius=radius, surface="wood")
    return make_prototype(request, "dead_tree", lods, footprint_m=2.2 * radius, colliders=(collider,))


def _disc(center: Doubles, axis: Doubles, radius: float, sides: int) -> tuple[Doubles, Doubles]:
    """A ring of points square to ``axis``, counter-clockwise seen from its tip, and the unit axis."""
    way = axis / np.linalg.norm(axis)
    seed = np.array([0.0, 1.0, 0.0]) if abs(way[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    side = np.cross(seed, way)
    side /= np.linalg.norm(side)
    other = np.cross(way, side)
    angles = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    return center + radius * (np.cos(angles)[:, None] * side + np.sin(angles)[:, None] * other), way


def _add_cut(builder: MeshBuilder, center: Doubles, axis: Doubles, radius: float, sides: int) -> None:
    """A sawn face with year rings: bands of light and dark wood around a dark heart."""
    bands = 5 if sides > 10 else 2
    light, dark, heart = from_srgb(206, 170, 118), from_srgb(168, 126, 80), from_srgb(120, 82, 50)
    outer, way = _disc(center, axis, radius * 1.02, sides)
    for band in range(bands):
        inner_share, outer_share = band / bands, (band + 1) / bands
        inner = center + (outer - center) * inner_share
        rim = center + (outer - center) * outer_share
        corners = np.stack((inner, rim, np.roll(rim, -1, axis=0), np.roll(inner, -1, axis=0)), axis=1)
        color = (light if band % 2 == 1 else dark) * (1.0 - 0.1 * band / bands)
        if band == 0:
            color = heart
        builder.add_quads(corners, normals=np.broadcast_to(way, (sides, 1, 3)), colors=color)


def _add_snow_cap(builder: MeshBuilder, top: Doubles, radius: float, sides: int, snow_cover: float) -> None:
    up = np.array([0.0, 1.0, 0.0])
    rim, _ = _disc(top - up * 0.03, up, radius * 1.04, sides)
    shoulder, _ = _disc(top + up * 0.09 * snow_cover, up, radius * 0.8, sides)
    peak = top + up * 0.13 * snow_cover
    points = np.concatenate((rim, shoulder, peak[None]))
    index = np.arange(sides)
    after = (index + 1) % sides
    sheet = [np.stack((index, after, sides + after), axis=1), np.stack((index, sides + after, sides + index), axis=1)]
    sheet.append(np.stack((sides + index, sides + after, np.full(sides, 2 * sides)), axis=1))
    builder.add_indexed(points, np.concatenate(sheet), colors=(0.86, 0.88, 0.92))


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="dead_tree",
        kinds={
            "snag": ("dead tree", "snag", "bare tree", "withered tree", "gnarled tree", "dead trunk"),
            "fallen_log": ("log", "fallen log", "fallen tree", "driftwood", "fallen trunk"),
            "stump": ("stump", "tree stump"),
        },
        build=build_dead_tree,
        placement=Placement(
            max_slope_deg=30.0,
            water_distance_m=(0.5, float("inf")),
            follow_slope=0.3,
            sink_m=0.06,
            scale_range=(0.75, 1.2),
        ),
        adjectives={"dead": "snag", "withered": "snag", "burnt": "snag", "fallen": "fallen_log"},
        num_variants=3,
    ),
)
