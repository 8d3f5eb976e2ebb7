"""Grass: patches of about one square metre of meadow, dry, tall, tussock and tropical grass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.blades import Blades, add_blades, scattered_bases, thinned_blades
from worldgen.builder.modelling.branches import Doubles, directions_from
from worldgen.builder.modelling.plant import LodBuilder, make_prototype
from worldgen.builder.modelling.plant_colors import blend, palette, pick, vary
from worldgen.scene.scene import Prototype
from worldgen.spec.model import Season

STRAW = palette((176, 156, 92), (160, 138, 78), (190, 170, 108))


@dataclass(frozen=True, slots=True, kw_only=True)
class GrassShape:
    """What makes one kind of grass."""

    length_m: tuple[float, float]
    width_m: tuple[float, float]
    num_blades: int
    radius_m: float
    num_tufts: int
    """Middles that blades crowd around; 0 spreads them evenly."""
    bend: tuple[float, float]
    colors: Doubles
    straw: Mapping[Season, float]
    """Share of withered colour by season."""


SHAPES: Mapping[str, GrassShape] = MappingProxyType(
    {
        "meadow": GrassShape(
            length_m=(0.2, 0.5),
            width_m=(0.008, 0.016),
            num_blades=136,
            radius_m=0.58,
            num_tufts=0,
            bend=(0.25, 1.15),
            colors=palette((92, 132, 50), (108, 146, 58), (78, 118, 46), (128, 150, 66)),
            straw={"spring": 0.02, "summer": 0.08, "autumn": 0.35, "winter": 0.7},
        ),
        "dry": GrassShape(
            length_m=(0.18, 0.45),
            width_m=(0.006, 0.012),
            num_blades=130,
            radius_m=0.5,
            num_tufts=5,
            bend=(0.3, 1.2),
            colors=palette((150, 142, 80), (136, 134, 72)),
            straw={"spring": 0.4, "summer": 0.75, "autumn": 0.85, "winter": 0.9},
        ),
        "tall": GrassShape(
            length_m=(0.55, 1.15),
            width_m=(0.01, 0.018),
            num_blades=132,
            radius_m=0.55,
            num_tufts=7,
            bend=(0.2, 0.95),
            colors=palette((138, 146, 66), (122, 138, 60), (152, 148, 74)),
            straw={"spring": 0.1, "summer": 0.45, "autumn": 0.7, "winter": 0.85},
        ),
        "tussock": GrassShape(
            length_m=(0.22, 0.48),
            width_m=(0.006, 0.011),
            num_blades=134,
            radius_m=0.5,
            num_tufts=3,
            bend=(0.35, 1.35),
            colors=palette((126, 128, 64), (142, 134, 70), (108, 118, 60)),
            straw={"spring": 0.25, "summer": 0.3, "autumn": 0.65, "winter": 0.8},
        ),
        "tropical": GrassShape(
            length_m=(0.35, 0.75),
            width_m=(0.018, 0.034),
            num_blades=110,
            radius_m=0.55,
            num_tufts=6,
            bend=(0.45, 1.5),
            colors=palette((66, 120, 46), (82, 136, 52), (56, 104, 44)),
            straw={"spring": 0.0, "summer": 0.02, "autumn": 0.05, "winter": 0.05},
        ),
    }
)


def build_grass(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a patch of grass in the requested season."""
    shape = SHAPES[request.kind]
    count = shape.num_blades
    bases = scattered_bases(count, shape.radius_m, shape.num_tufts, generator)
    azimuths = generator.uniform(0.0, 2.0 * np.pi, count)
    headings = directions_from(np.zeros(count), azimuths)
    if shape.num_tufts:
        # Blades of a tuft lean away from its middle.
        middles = np.stack([bases[tuft :: shape.num_tufts].mean(axis=0) for tuft in range(shape.num_tufts)])
        away = bases - middles[np.arange(count) % shape.num_tufts]
        headings = away + 0.05 * headings
        headings = headings / np.linalg.norm(headings, axis=1, keepdims=True)
    lengths = generator.uniform(*shape.length_m, count) * np.where(generator.uniform(0.0, 1.0, count) < 0.12, 1.15, 0.9)
    straw = shape.straw[request.season]
    if request.biome in {"desert", "canyon"}:
        straw = max(straw, 0.6)
    green = pick(shape.colors, count, generator, spread=0.8)
    withered = generator.uniform(0.0, 1.0, count) < straw
    colors = np.where(withered[:, None], pick(STRAW, count, generator, spread=0.8), blend(green, STRAW[0], 0.5 * straw))
    blades = Blades(
        bases=bases,
        headings=headings,
        lengths=lengths,
        widths=generator.uniform(*shape.width_m, count),
        bends=generator.uniform(*shape.bend, count),
        colors=vary(colors, generator, brightness=0.15, hue=0.08),
    )
    lods = []
    for target, segments, coverage in ((count, 2, 1.0), (42, 2, 0.85), (30, 1, 1.0)):
        lod = LodBuilder()
        add_blades(
            lod["grass_blade"],
            thinned_blades(blades, target, coverage=coverage),
            segments=segments,
            snow_cover=request.snow_cover,
        )
        lods.append(lod)
    return make_prototype(request, "grass", lods, footprint_m=0.05)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="grass",
        kinds={
            "meadow": ("grass", "meadow grass", "lawn", "turf", "green grass"),
            "dry": ("dry grass", "straw", "desert grass", "steppe grass", "withered grass"),
            "tall": ("tall grass", "savanna grass", "long grass", "prairie grass", "wheat", "pampas grass"),
            "tussock": ("tussock", "tundra grass", "sedge", "cottongrass", "beach grass", "dune grass", "marram grass"),
            "tropical": ("tropical grass", "jungle grass", "lemongrass"),
        },
        build=build_grass,
        placement=Placement(
            max_slope_deg=42.0,
            water_distance_m=(0.1, float("inf")),
            follow_slope=0.85,
            sink_m=0.02,
            clusters=0.35,
            scale_range=(0.75, 1.3),
        ),
        adjectives={"dry": "dry", "withered": "dry", "tall": "tall", "long": "tall", "golden": "tall"},
        num_variants=4,
    ),
)
