"""Flowers: patches of about one square metre, and mushrooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.blades import Blades, add_blades, scattered_bases, thinned_blades
from worldgen.builder.modelling.blossoms import add_discs, add_petal_rings
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
from worldgen.builder.modelling.leaves import kites
from worldgen.builder.modelling.plant import LodBuilder, make_prototype
from worldgen.builder.modelling.plant_colors import from_srgb, palette, pick, vary
from worldgen.builder.modelling.tubes import add_tubes
from worldgen.randomness import rng
from worldgen.scene.scene import Prototype

HeadStyle = Literal["daisy", "cup", "spike", "sun"]

GREEN = palette((88, 126, 50), (104, 140, 58), (78, 112, 48))
YELLOW = from_srgb(232, 178, 40)
DARK = from_srgb(70, 44, 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowerShape:
    """What makes one kind of flower."""

    styles: tuple[HeadStyle, ...]
    colors: tuple[Doubles, ...]
    """A palette for each style."""
    height_m: tuple[float, float]
    head_m: float
    """Radius of a flower, or length of a spike."""
    num_stems: int
    num_blades: int
    blade_m: tuple[float, float]
    radius_m: float = 0.5


SHAPES: Mapping[str, FlowerShape] = MappingProxyType(
    {
        "wildflowers": FlowerShape(
            styles=("daisy", "cup", "spike", "daisy"),
            colors=(
                palette((240, 238, 228), (248, 244, 236)),
                palette((240, 196, 40), (232, 150, 36)),
                palette((120, 84, 190), (92, 96, 200)),
                palette((214, 92, 150), (196, 70, 160)),
            ),
            height_m=(0.22, 0.5),
            head_m=0.045,
            num_stems=40,
            num_blades=46,
            blade_m=(0.14, 0.34),
        ),
        "poppies": FlowerShape(
            styles=("cup",),
            colors=(palette((206, 30, 20), (222, 52, 26), (190, 22, 22)),),
            height_m=(0.32, 0.6),
            head_m=0.062,
            num_stems=30,
            num_blades=44,
            blade_m=(0.14, 0.32),
        ),
        "lavender": FlowerShape(
            styles=("spike",),
            colors=(palette((116, 88, 186), (136, 104, 200), (100, 78, 168)),),
            height_m=(0.4, 0.62),
            head_m=0.17,
            num_stems=40,
            num_blades=50,
            blade_m=(0.18, 0.34),
            radius_m=0.34,
        ),
        "daisies": FlowerShape(
            styles=("daisy",),
            colors=(palette((242, 240, 232), (250, 248, 240)),),
            height_m=(0.16, 0.36),
            head_m=0.046,
            num_stems=34,
            num_blades=46,
            blade_m=(0.1, 0.22),
        ),
        "tulips": FlowerShape(
            styles=("cup",),
            colors=(palette((214, 40, 52), (240, 186, 50), (226, 110, 160), (244, 232, 220)),),
            height_m=(0.3, 0.45),
            head_m=0.062,
            num_stems=26,
            num_blades=46,
            blade_m=(0.18, 0.3),
        ),
        "sunflowers": FlowerShape(
            styles=("sun",),
            colors=(palette((244, 184, 32), (238, 166, 24)),),
            height_m=(1.3, 1.9),
            head_m=0.15,
            num_stems=7,
            num_blades=0,
            blade_m=(0.3, 0.4),
            radius_m=0.55,
        ),
        "bluebells": FlowerShape(
            styles=("spike",),
            colors=(palette((74, 84, 190), (92, 96, 206), (110, 90, 200)),),
            height_m=(0.24, 0.4),
            head_m=0.12,
            num_stems=36,
            num_blades=50,
            blade_m=(0.14, 0.28),
        ),
    }
)


def build_flowers(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a patch of flowers; in winter only their withered stems stand."""
    shape = SHAPES[request.kind]
    count = shape.num_stems
    withered = request.season == "winter"
    bases = scattered_bases(count, shape.radius_m, 0, generator)
    leans = directions_from(np.pi / 2.0 - generator.uniform(0.02, 0.3, count), generator.uniform(0.0, 6.28, count))
    stems = extend(
        bases - UP * 0.02,
        leans,
        generator.uniform(*shape.height_m, count),
        num_points=4,
        base_radii=0.014 if "sun" in shape.styles else 0.0035,
        tip_ratio=0.6,
        rise=0.15,
        wiggle=0.12,
        generator=generator,
    )
    green = from_srgb(128, 108, 66)[None] if withered else GREEN
    stem_colors = vary(pick(green, count, generator, spread=0.8), generator, brightness=0.1, hue=0.05)
    blades = _blades(shape, green, generator)
    head_seed = int(generator.integers(2**31))
    lods = []
    for level in range(3):
        lod = LodBuilder()
        # Every level keeps the tallest stems, so that the patch keeps its outline.
        order = np.argsort(-stems.points[:, -1, 1], kind="stable")
        kept = np.sort(order[: (count, max(count // 2, 5), max(count // 4, 4))[level]])
        chosen = stems.take(kept)
        head_gain = (1.0, 1.3, 1.7)[level]
        add_tubes(
            lod["foliage"],
            chosen.thinned((4, 3, 2)[level]),
            sides=3,
            tile_m=None,
            colors=stem_colors[kept] * 0.85,
        )
        if shape.num_blades:
            few = thinned_blades(blades, (shape.num_blades, 22, 8)[level])
            add_blades(lod["foliage"], few, segments=(2, 2, 1)[level], snow_cover=request.snow_cover)
        if "sun" in shape.styles:
            _add_big_leaves(lod, chosen, stem_colors[kept], level)
        if not withered:
            for style_index, style in enumerate(shape.styles):
                mine = kept % len(shape.styles) == style_index
                if mine.any():
                    heads = rng(head_seed, f"heads/{style_index}")
                    palette_colors = pick(shape.colors[style_index], count, heads, spread=0.7)
                    _add_heads(
                        lod,
                        level,
                        style,
                        chosen.take(mine),
                        colors=palette_colors[kept[mine]],
                        size_m=shape.head_m * head_gain,
                    )
        lods.append(lod)
    return make_prototype(request, "flowers", lods, footprint_m=0.3 if "sun" in shape.styles else 0.05)


def _blades(shape: FlowerShape, green: Doubles, generator: np.random.Generator) -> Blades:
    count = max(shape.num_blades, 1)
    return Blades(
        bases=scattered_bases(count, shape.radius_m, 0, generator),
        headings=directions_from(np.zeros(count), generator.uniform(0.0, 2.0 * np.pi, count)),
        lengths=generator.uniform(*shape.blade_m, count),
        widths=generator.uniform(0.008, 0.018, count),
        bends=generator.uniform(0.3, 1.2, count),
        colors=vary(pick(green, count, generator, spread=0.8), generator, brightness=0.12, hue=0.06),
    )


def _add_heads(
    lod: LodBuilder, level: int, style: HeadStyle, stems: Branches, *, colors: Doubles, size_m: float
) -> None:
    tips = stems.points[:, -1]
    axes = unit(stems.points[:, -1] - stems.points[:, -2] + 0.15 * UP)
    count = len(tips)
    petals = lod["petals"]
    if style == "spike":
        _add_spikes(lod, stems, colors, size_m, level)
    elif style == "cup":
        add_petal_rings(
            petals, tips, axes, petals=(5, 4, 3)[level], length_m=size_m * 1.25, width=0.95, opening=0.75, colors=colors
        )
        if level == 0:
            add_discs(petals, tips + axes * (0.25 * size_m), axes, 0.28 * size_m, np.repeat(DARK[None], count, axis=0))
    elif style == "daisy":
        num_petals = (8, 5, 3)[level]
        width = (0.42, 0.7, 1.1)[level]
        add_petal_rings(
            petals, tips, axes, petals=num_petals, length_m=size_m, width=width, opening=1.35, colors=colors
        )
        if level < 2:
            middles = tips + axes * (0.12 * size_m)
            add_discs(petals, middles, axes, 0.34 * size_m, np.repeat(YELLOW[None], count, axis=0))
    else:
        # Sunflowers face the sun in the south, which is +Z here, and a little up.
        facing = unit(axes * 0.35 + np.array([0.15, 0.35, 0.9]))
        for ring in range(2 if level == 0 else 1):
            add_petal_rings(
                petals,
                tips + facing * 0.01 * ring,
                facing,
                petals=(13, 9, 6)[level],
                length_m=size_m * (1.0 - 0.15 * ring),
                width=(0.34, 0.5, 0.8)[level],
                opening=1.4 - 0.2 * ring,
                colors=colors * (1.0 - 0.12 * ring),
                turn=0.24 * ring,
            )
        add_discs(petals, tips + facing * 0.02, facing, 0.5 * size_m, np.repeat(DARK[None], count, axis=0))


def _add_spikes(lod: LodBuilder, stems: Branches, colors: Doubles, length_m: float, level: int) -> None:
    """Small florets around the upper part of each stem."""
    florets = (9, 4, 2)[level]
    length = min(length_m * 1.5, 0.2) if length_m < 0.06 else length_m
    start = np.clip(1.0 - length / stems.lengths, 0.2, 0.85)
    rank = (np.arange(florets) + 0.5) / florets
    sites = sites_on(stems, start[:, None] + (1.0 - start)[:, None] * rank[None])
    count = len(sites.along)
    turn = np.arange(count) * GOLDEN_ANGLE
    along = diverge(sites.tangents, np.full(count, 0.75), turn)
    size = length * (0.34, 0.6, 0.95)[level] * (1.15 - 0.6 * np.tile(rank, stems.count))
    corners = kites(
        sites.positions + along * (0.4 * size)[:, None], along, np.broadcast_to(UP, along.shape), size, size * 0.6
    )
    shade = (0.8 + 0.35 * np.tile(rank, stems.count))[:, None]
    lod["petals"].add_quads(corners, colors=(colors[sites.branch] * shade)[:, None])


def _add_big_leaves(lod: LodBuilder, stems: Branches, colors: Doubles, level: int) -> None:
    """Heart-shaped leaves along the stems of sunflowers."""
    per_stem = (7, 4, 3)[level]
    sites = sites_on(stems, np.broadcast_to(np.linspace(0.25, 0.85, per_stem), (stems.count, per_stem)))
    count = len(sites.along)
    along = unit(directions_from(np.full(count, 0.1), np.arange(count) * GOLDEN_ANGLE) - 0.25 * UP)
    size = 0.34 * (1.1 - 0.45 * sites.along) * (1.0, 1.05, 1.1)[level]
    corners = kites(
        sites.positions + along * (0.5 * size)[:, None], along, np.broadcast_to(UP, (count, 3)), size, 0.75 * size
    )
    lod["foliage"].add_quads(corners, colors=colors[sites.branch][:, None])


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="flowers",
        kinds={
            "wildflowers": ("flower", "wildflower", "wild flower", "blossom", "alpine flower", "bloom"),
            "poppies": ("poppy", "red poppy", "corn poppy"),
            "lavender": ("lavender", "salvia", "lupine"),
            "daisies": ("daisy", "marguerite", "chamomile", "white flower", "edelweiss"),
            "tulips": ("tulip", "crocus"),
            "sunflowers": ("sunflower",),
            "bluebells": ("bluebell", "hyacinth", "blue flower", "gentian"),
        },
        build=build_flowers,
        placement=Placement(
            max_slope_deg=38.0,
            water_distance_m=(0.2, float("inf")),
            moisture=(0.1, 1.0),
            follow_slope=0.7,
            sink_m=0.02,
            clusters=0.75,
            scale_range=(0.8, 1.25),
        ),
        adjectives={
            "red": "poppies",
            "purple": "lavender",
            "white": "daisies",
            "blue": "bluebells",
            "yellow": "wildflowers",
        },
        num_variants=4,
    ),
)
