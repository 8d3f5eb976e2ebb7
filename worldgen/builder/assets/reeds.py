"""Plants of the water's edge: reeds, cattails and papyrus."""

from __future__ import annotations

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.blades import Blades, add_blades, scattered_bases, thinned_blades
from worldgen.builder.modelling.branches import (
    GOLDEN_ANGLE,
    UP,
    Branches,
    Doubles,
    directions_from,
    diverge,
    extend,
    sites_on,
    unit,
)
from worldgen.builder.modelling.leaves import kites, needles
from worldgen.builder.modelling.plant import LodBuilder, make_prototype
from worldgen.builder.modelling.plant_colors import SNOW_COLOR, blend, from_srgb, palette, pick, vary
from worldgen.builder.modelling.tubes import add_tubes
from worldgen.randomness import rng
from worldgen.scene.scene import Prototype

GREEN = palette((106, 132, 62), (122, 144, 70), (94, 120, 58))
STRAW = palette((188, 166, 106), (172, 148, 92))
PLUME = palette((150, 120, 96), (168, 140, 112), (132, 104, 86))
CATTAIL_BROWN = from_srgb(92, 56, 30)

HEIGHT_M = {"reeds": (1.5, 2.3), "cattails": (1.3, 1.9), "papyrus": (1.6, 2.5)}
NUM_STEMS = {"reeds": 34, "cattails": 14, "papyrus": 16}


def build_reeds(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a stand of reeds, cattails or papyrus."""
    kind = request.kind
    count = NUM_STEMS[kind]
    bases = scattered_bases(count, 0.5, 0, generator)
    leans = directions_from(np.pi / 2.0 - generator.uniform(0.0, 0.16, count), generator.uniform(0.0, 6.28, count))
    stems = extend(
        bases - UP * 0.4,
        leans,
        generator.uniform(*HEIGHT_M[kind], count) + 0.4,
        num_points=5,
        base_radii=0.011 if kind == "papyrus" else 0.007,
        tip_ratio=0.5,
        rise=-0.12,
        wiggle=0.08,
        generator=generator,
    )
    straw_share = {"spring": 0.15, "summer": 0.1, "autumn": 0.7, "winter": 1.0}[request.season]
    is_straw = generator.uniform(0.0, 1.0, count) < straw_share
    colors = np.where(is_straw[:, None], pick(STRAW, count, generator), pick(GREEN, count, generator, spread=0.8))
    colors = vary(colors, generator, brightness=0.1, hue=0.05)
    blades = _blades(kind, bases, colors, generator)
    head_seed = int(generator.integers(2**31))
    lods = []
    for level in range(3):
        lod = LodBuilder()
        order = np.argsort(-stems.points[:, -1, 1], kind="stable")
        kept = np.sort(order[: (count, count // 2, max(count // 4, 5))[level]])
        chosen = stems.take(kept)
        part = lod["reed_stem"]
        wide = Branches(chosen.points, chosen.radii * (1.0, 1.3, 1.8)[level])
        add_tubes(part, wide.thinned((5, 3, 2)[level]), sides=3, tile_m=None, colors=colors[kept] * 0.9)
        few = thinned_blades(blades, (blades.count, blades.count // 3, blades.count // 7)[level])
        add_blades(part, few, segments=(3, 2, 1)[level], snow_cover=0.5 * request.snow_cover)
        heads = rng(head_seed, "heads")
        if kind == "reeds":
            _add_plumes(lod, chosen, level, request.snow_cover, heads)
        elif kind == "cattails":
            _add_cattails(lod, chosen, level)
        else:
            _add_umbels(lod, chosen, colors[kept], level, heads)
        lods.append(lod)
    return make_prototype(request, "reeds", lods, footprint_m=0.15)


def _blades(kind: str, stem_bases: Doubles, colors: Doubles, generator: np.random.Generator) -> Blades:
    count = {"reeds": 56, "cattails": 60, "papyrus": 24}[kind]
    index = np.arange(count) % len(stem_bases)
    low, high = {"reeds": (0.8, 1.5), "cattails": (1.0, 1.7), "papyrus": (0.4, 0.9)}[kind]
    spread = generator.normal(0.0, 0.05, (count, 3)) * (1.0, 0.0, 1.0)
    return Blades(
        bases=stem_bases[index] + spread,
        headings=directions_from(np.zeros(count), generator.uniform(0.0, 2.0 * np.pi, count)),
        lengths=generator.uniform(low, high, count),
        widths=generator.uniform(0.016, 0.028, count),
        bends=generator.uniform(0.15, 0.85, count),
        colors=vary(colors[index], generator, brightness=0.12, hue=0.05),
    )


def _add_plumes(
    lod: LodBuilder, stems: Branches, level: int, snow_cover: float, generator: np.random.Generator
) -> None:
    """Feathery panicles that nod to one side."""
    per_stem = (9, 4, 2)[level]
    rank = (np.arange(per_stem) + 0.5) / per_stem
    sites = sites_on(stems, np.broadcast_to(0.86 + 0.14 * rank, (stems.count, per_stem)))
    count = len(sites.along)
    nod = np.repeat(directions_from(np.zeros(stems.count), generator.uniform(0.0, 6.28, stems.count)), per_stem, axis=0)
    along = unit(diverge(sites.tangents, np.full(count, 0.45), np.arange(count) * GOLDEN_ANGLE) + 0.35 * nod)
    length = 0.16 * (1.0, 1.2, 1.4)[level] * (1.15 - 0.45 * np.tile(rank, stems.count))
    width = length * (0.16, 0.28, 0.45)[level]
    corners = kites(
        sites.positions + along * (0.5 * length)[:, None], along, np.broadcast_to(UP, (count, 3)), length, width
    )
    colors = pick(PLUME, stems.count, generator, spread=0.8)[sites.branch]
    if snow_cover > 0.0:
        colors = blend(colors, SNOW_COLOR, 0.5 * snow_cover)
    lod["reed_stem"].add_quads(corners, colors=colors[:, None])


def _add_cattails(lod: LodBuilder, stems: Branches, level: int) -> None:
    """Brown velvet cylinders near the tips."""
    sites = sites_on(stems, np.broadcast_to(np.array([0.83, 0.845, 0.94, 0.955]), (stems.count, 4)))
    points = sites.positions.reshape(stems.count, 4, 3)
    radii = np.broadcast_to(np.array([0.004, 0.02, 0.02, 0.004]) * (1.0, 1.1, 1.3)[level], (stems.count, 4))
    heads = Branches(points, np.array(radii))
    colors = np.repeat(CATTAIL_BROWN[None], stems.count, axis=0)
    sides = (7, 5, 3)[level]
    add_tubes(lod["reed_stem"], heads if level < 2 else heads.thinned(3), sides=sides, tile_m=None, colors=colors)


def _add_umbels(lod: LodBuilder, stems: Branches, colors: Doubles, level: int, generator: np.random.Generator) -> None:
    """Round mops of fine rays."""
    rays = (34, 14, 7)[level]
    tips = np.repeat(stems.points[:, -1], rays, axis=0)
    count = len(tips)
    elevation = np.arcsin(np.tile(np.linspace(-0.45, 0.98, rays), stems.count))
    azimuth = np.arange(count) * GOLDEN_ANGLE
    along = directions_from(elevation, azimuth)
    length = 0.26 * generator.uniform(0.85, 1.1, count)
    width = (0.012, 0.03, 0.07)[level]
    corners = needles(tips, along, np.broadcast_to(UP, (count, 3)), length, width)
    lod["reed_stem"].add_triangles(corners, colors=np.repeat(colors, rays, axis=0)[:, None])


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="reeds",
        kinds={
            "reeds": ("reed", "rush", "reed bed", "bulrush", "marsh grass"),
            "cattails": ("cattail", "typha", "reedmace"),
            "papyrus": ("papyrus", "papyrus sedge"),
        },
        build=build_reeds,
        placement=Placement(
            max_slope_deg=25.0,
            water_depth_m=(0.0, 0.45),
            water_distance_m=(0.0, 2.5),
            sink_m=0.05,
            clusters=0.8,
            scale_range=(0.75, 1.2),
        ),
        num_variants=3,
    ),
)
