"""Rocks: boulders, slabs, scattered stones and spires; cliffs: outcrops and crags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.materials.library import tile_m
from worldgen.builder.modelling.branches import Doubles
from worldgen.builder.modelling.mesh_builder import Floats, Indices
from worldgen.builder.modelling.plant import LodBuilder, make_prototype
from worldgen.builder.modelling.snow import add_surface_snow
from worldgen.builder.modelling.stones import StoneShape, StoneSurface, add_stone, stone_surface
from worldgen.scene.scene import Collider, ConvexHull, Prototype
from worldgen.spec.model import Biome

MATERIAL_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "granite": "rock_granite",
        "limestone": "rock_limestone",
        "sandstone": "rock_sandstone",
        "basalt": "rock_basalt",
        "mossy": "rock_mossy",
    }
)

BIOME_STONES: Mapping[Biome, str] = MappingProxyType(
    {
        "alpine": "granite",
        "temperate_forest": "mossy",
        "meadow_hills": "limestone",
        "desert": "sandstone",
        "canyon": "sandstone",
        "coast": "granite",
        "tundra": "basalt",
        "tropical": "mossy",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStone:
    """One stone of a prototype."""

    surface: StoneSurface
    center: Doubles
    turn: float
    levels: tuple[int, int, int]
    """Splits of the icosahedron at each level of detail."""


def _worn(shape: StoneShape, stone: str) -> StoneShape:
    """The shape as this kind of stone takes it."""
    if stone == "sandstone":
        return replace(
            shape, strata=0.07, sharpness=0.6 * shape.sharpness, roughness=0.8 * shape.roughness, cracks=0.03
        )
    if stone == "limestone":
        return replace(shape, strata=0.035, strata_m=0.5, roughness=1.1 * shape.roughness)
    if stone == "basalt":
        return replace(shape, sharpness=1.6 * shape.sharpness, num_planes=16, roughness=0.7 * shape.roughness)
    if stone == "mossy":
        return replace(shape, sharpness=0.7 * shape.sharpness)
    return shape


def _sizes(generator: np.random.Generator, width: tuple[float, float], height: tuple[float, float]) -> Doubles:
    """Width, height (as a share of the width) and depth of a stone, metres."""
    across = generator.uniform(*width)
    return np.array([across, across * generator.uniform(*height), across * generator.uniform(0.7, 1.05)])


def _boulder(stone: str, generator: np.random.Generator) -> list[PlacedStone]:
    size = _sizes(generator, (1.7, 3.4), (0.62, 0.9))
    shape = _worn(StoneShape(size_m=tuple(size.tolist())), stone)
    center = np.array([0.0, 0.3 * size[1], 0.0])
    return [PlacedStone(surface=stone_surface(shape, generator), center=center, turn=0.0, levels=(3, 2, 1))]


def _slab(stone: str, generator: np.random.Generator) -> list[PlacedStone]:
    size = _sizes(generator, (2.2, 3.8), (0.2, 0.32))
    shape = StoneShape(size_m=tuple(size.tolist()), num_planes=18, sharpness=30.0, roughness=0.05, boxiness=0.5)
    center = np.array([0.0, 0.22 * size[1], 0.0])
    worn = _worn(shape, stone)
    # Layers of a flat stone are thin: deep ledges would fold its sides.
    surface = stone_surface(replace(worn, strata=0.3 * worn.strata, strata_m=0.5 * worn.strata_m), generator)
    return [PlacedStone(surface=surface, center=center, turn=0.0, levels=(3, 2, 1))]


def _stones(stone: str, generator: np.random.Generator) -> list[PlacedStone]:
    placed = []
    for number in range(int(generator.integers(8, 13))):
        width = 0.42 * float(generator.uniform(0.25, 1.0)) ** 1.6 + 0.09
        size = _sizes(generator, (width, width), (0.5, 0.85))
        shape = _worn(StoneShape(size_m=tuple(size.tolist()), num_planes=14, sharpness=14.0), stone)
        distance, azimuth = 0.85 * np.sqrt(generator.uniform(0.0, 1.0)), generator.uniform(0.0, 6.28)
        center = np.array([distance * np.cos(azimuth), 0.22 * size[1], distance * np.sin(azimuth)])
        levels = (2, 1, 0) if number % 2 == 0 or width > 0.3 else (1, 0, 0)
        placed.append(PlacedStone(surface=stone_surface(shape, generator), center=center, turn=0.0, levels=levels))
    return placed


def _spire(stone: str, generator: np.random.Generator) -> list[PlacedStone]:
    placed = []
    height = float(generator.uniform(5.0, 9.0))
    for number, share in enumerate((1.0, float(generator.uniform(0.5, 0.75)), float(generator.uniform(0.25, 0.45)))):
        width = height * (0.34 if number == 0 else 0.3)
        size = (width, height * share * 1.25, width * float(generator.uniform(0.75, 1.0)))
        shape = StoneShape(
            size_m=size,
            num_planes=26,
            plane_range=(0.7, 0.95),
            sharpness=18.0,
            boxiness=0.75,
            narrowing=0.55,
            cracks=0.08,
        )
        azimuth = generator.uniform(0.0, 6.28)
        away = 0.0 if number == 0 else 0.28 * width + 0.12 * height
        center = np.array([away * np.cos(azimuth), 0.36 * size[1], away * np.sin(azimuth)])
        levels = (3, 2, 1) if number == 0 else (3, 2, 0)
        surface = stone_surface(replace(_worn(shape, stone), strata_m=0.7), generator)
        placed.append(PlacedStone(surface=surface, center=center, turn=0.0, levels=levels))
    return placed


def _crag(stone: str, generator: np.random.Generator) -> list[PlacedStone]:
    """A jointed wall with a lower shoulder on each side and fallen blocks at its foot; it faces +Z."""
    placed = []
    width, height = float(generator.uniform(9.0, 14.0)), float(generator.uniform(6.0, 9.5))
    masses = (
        (0.0, 1.0, 0.72, 4),
        (-0.36, float(generator.uniform(0.5, 0.75)), 0.5, 3),
        (0.36, float(generator.uniform(0.45, 0.8)), 0.5, 3),
    )
    for shift, tall, broad, level in masses:
        size = (width * broad * 1.15, height * tall * 1.7, width * broad * float(generator.uniform(0.42, 0.55)))
        shape = StoneShape(
            size_m=size,
            num_planes=20,
            plane_range=(0.7, 0.98),
            sharpness=40.0,
            boxiness=0.8,
            roughness=0.08,
            cracks=0.04,
            blocks=0.6,
            block_m=2.1,
            narrowing=0.22,
        )
        worn = replace(_worn(shape, stone), strata_m=1.1)
        if stone in {"sandstone", "limestone"}:
            worn = replace(worn, strata=0.05, blocks=0.4)
        center = np.array([shift * width, 0.2 * size[1], float(generator.uniform(-0.8, 0.4))])
        turn = float(generator.normal(0.0, 0.2))
        levels = (level, level - 1, 1)
        placed.append(PlacedStone(surface=stone_surface(worn, generator), center=center, turn=turn, levels=levels))
    for _ in range(6):
        size_m = _sizes(generator, (0.9, 2.2), (0.55, 0.85))
        shape = _worn(StoneShape(size_m=tuple(size_m.tolist())), stone)
        center = np.array(
            [generator.uniform(-0.5, 0.5) * width, 0.2 * size_m[1], generator.uniform(0.16, 0.32) * width]
        )
        turn = float(generator.uniform(0.0, 6.28))
        placed.append(PlacedStone(surface=stone_surface(shape, generator), center=center, turn=turn, levels=(2, 1, 0)))
    return placed


BUILDERS = MappingProxyType({"boulder": _boulder, "slab": _slab, "stones": _stones, "spire": _spire, "crag": _crag})


def build_stones(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a rock or a cliff of the requested kind, of the biome's stone unless the request names one."""
    stone = request.material or BIOME_STONES[request.biome]
    material = MATERIAL_WORDS[stone]
    placed = BUILDERS[request.kind](stone, generator)
    scale_free_tile = tile_m(material) / request.size
    snow_rims = generator.normal(0.0, 1.0, 4096)
    lods = []
    hulls: list[Collider] = []
    reach = 0.0
    for level in range(3):
        lod = LodBuilder()
        for item in placed:
            vertices, triangles, normals = add_stone(
                lod[material],
                item.surface,
                level=item.levels[level],
                center=item.center,
                tile_m=scale_free_tile,
                turn=item.turn,
            )
            if request.snow_cover > 0.0:
                _add_snow(lod, (vertices, triangles, normals), snow_rims, request.snow_cover)
            if level == 1 and np.ptp(vertices[:, 1]) > 0.25:
                hulls.append(ConvexHull(points=vertices, surface="stone"))
            if level == 0:
                around = vertices[vertices[:, 1] > -0.1]
                reach = max(reach, float(np.hypot(around[:, 0], around[:, 2]).max(initial=0.0)))
        lods.append(lod)
    label = "cliff" if request.kind == "crag" else "rock"
    return make_prototype(request, label, lods, footprint_m=0.9 * reach, colliders=hulls)


def _add_snow(lod: LodBuilder, closed: tuple[Floats, Indices, Floats], rims: Doubles, snow_cover: float) -> None:
    vertices, triangles, normals = closed
    thickness = min(0.03 + 0.05 * float(np.ptp(vertices[:, 1])), 0.22) * snow_cover
    roughness = np.clip(rims[np.arange(len(vertices)) % len(rims)] * 0.5, -1.0, 1.0)
    add_surface_snow(
        lod["snow_cap"],
        vertices,
        triangles,
        normals,
        thickness_m=thickness,
        snow_cover=snow_cover,
        roughness=roughness,
    )


STONE_WORDS = tuple(MATERIAL_WORDS)

FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="rock",
        kinds={
            "boulder": ("rock", "boulder", "stone boulder", "erratic"),
            "slab": ("slab", "rock slab", "flat rock", "flagstone"),
            "stones": ("stone", "pebble", "rubble", "scree", "small rock"),
            "spire": (
                "spire",
                "rock spire",
                "pinnacle",
                "hoodoo",
                "rock needle",
                "rock pillar",
                "monolith",
                "sea stack",
            ),
        },
        build=build_stones,
        placement=Placement(
            max_slope_deg=55.0,
            water_depth_m=(0.0, 0.6),
            water_distance_m=(0.0, float("inf")),
            follow_slope=0.6,
            sink_m=0.12,
            clusters=0.5,
            scale_range=(0.45, 1.6),
        ),
        materials=STONE_WORDS,
        adjectives={"flat": "slab", "small": "stones", "balanced": "spire"},
        num_variants=4,
    ),
    AssetFamily(
        name="cliff",
        kinds={"crag": ("cliff", "crag", "outcrop", "rock outcrop", "rock wall", "bluff", "escarpment", "rock face")},
        build=build_stones,
        placement=Placement(
            max_slope_deg=60.0,
            water_distance_m=(0.0, float("inf")),
            follow_slope=0.0,
            sink_m=0.8,
            scale_range=(0.8, 1.4),
        ),
        materials=STONE_WORDS,
        num_variants=3,
    ),
)
