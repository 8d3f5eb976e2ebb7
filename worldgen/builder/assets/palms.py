"""Palms: coconut and date palms, with ringed trunks and arching fronds of split leaflets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.branches import GOLDEN_ANGLE, UP, Branches, Doubles, directions_from, extend, unit
from worldgen.builder.modelling.foliage import add_foliage, coarsened, foliage_bounds, snowed
from worldgen.builder.modelling.fronds import add_frond_strips, grow_fronds, leaflets
from worldgen.builder.modelling.plant import LodBuilder, bark_tile_m, make_prototype
from worldgen.builder.modelling.plant_colors import from_srgb, palette, pick
from worldgen.builder.modelling.stones import icosphere
from worldgen.builder.modelling.tubes import add_tubes
from worldgen.scene.scene import Capsule, Prototype

BARK = "bark_palm"
OUTLINE = ((0.0, 0.22, 0.5, 0.8, 1.0), (0.5, 0.95, 1.0, 0.72, 0.3))


@dataclass(frozen=True, slots=True, kw_only=True)
class PalmShape:
    """What makes one kind of palm."""

    height_m: tuple[float, float]
    lean: float
    trunk_radius_m: tuple[float, float]
    """At the ground and below the crown."""
    num_fronds: int
    frond_m: tuple[float, float]
    elevation_deg: tuple[float, float]
    """Angle of the oldest and of the youngest frond above the horizon."""
    sag: tuple[float, float]
    leaflets_per_side: int
    leaflet_length: float
    leaflet_width_m: float
    hang: float
    colors: Doubles
    fruit_color: Doubles
    num_fruits: int
    fruit_radius_m: float


SHAPES: Mapping[str, PalmShape] = MappingProxyType(
    {
        "coconut": PalmShape(
            height_m=(9.0, 15.0),
            lean=0.5,
            trunk_radius_m=(0.24, 0.13),
            num_fronds=24,
            frond_m=(3.6, 4.8),
            elevation_deg=(-38.0, 74.0),
            sag=(0.9, 1.5),
            leaflets_per_side=46,
            leaflet_length=0.22,
            leaflet_width_m=0.075,
            hang=0.42,
            colors=palette((92, 132, 48), (110, 146, 56), (78, 118, 46)),
            fruit_color=from_srgb(120, 110, 50),
            num_fruits=9,
            fruit_radius_m=0.14,
        ),
        "date": PalmShape(
            height_m=(8.0, 14.0),
            lean=0.1,
            trunk_radius_m=(0.3, 0.24),
            num_fronds=38,
            frond_m=(3.2, 4.2),
            elevation_deg=(-42.0, 82.0),
            sag=(0.55, 0.85),
            leaflets_per_side=40,
            leaflet_length=0.15,
            leaflet_width_m=0.06,
            hang=0.12,
            colors=palette((96, 122, 68), (110, 134, 78), (84, 112, 66)),
            fruit_color=from_srgb(176, 96, 30),
            num_fruits=44,
            fruit_radius_m=0.06,
        ),
    }
)


def build_palm(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a palm of the requested kind."""
    shape = SHAPES[request.kind]
    height = float(generator.uniform(*shape.height_m))
    trunk = _trunk(shape, height, generator)
    fronds, age = _fronds(shape, trunk, generator)
    colors = pick(shape.colors, fronds.count, generator)
    # The oldest fronds fade to straw.
    straw = np.clip((age - 0.82) * 5.0, 0.0, 1.0)[:, None]
    colors = colors * (1.0 - straw) + from_srgb(168, 140, 84) * straw
    blades = leaflets(
        fronds,
        colors,
        per_side=shape.leaflets_per_side,
        start=0.16,
        length=shape.leaflet_length,
        width_m=shape.leaflet_width_m,
        angle_deg=(64.0, 26.0),
        hang=shape.hang,
        outline=OUTLINE,
        generator=generator,
    )
    blades = snowed(blades, 0.6 * request.snow_cover, generator)
    bounds = foliage_bounds(blades)
    tile = bark_tile_m(BARK, request)
    fruits = _fruit_centers(shape, trunk, generator)
    lods = []
    for level in range(3):
        lod = LodBuilder()
        wood = trunk if level == 0 else trunk.thinned(14 if level == 1 else 6)
        add_tubes(
            lod[BARK], wood, sides=(14, 8, 5)[level], tile_m=tile, profile=_rings if level == 0 else None, caps=True
        )
        if level == 0:
            add_tubes(lod["palm_frond"], fronds, sides=3, tile_m=None, colors=colors * 0.9)
            add_foliage(lod["palm_frond"], blades, shape="kite", softness=0.4)
        elif level == 1:
            few = coarsened(blades, 1150, coverage=0.95, keep_lengths=True)
            add_foliage(lod["palm_frond"], few, shape="kite", softness=0.4, bounds=bounds)
        else:
            ribs = fronds.thinned(4)
            half = ribs.lengths[:, None] * shape.leaflet_length * np.array([0.12, 0.62, 0.55, 0.08])
            add_frond_strips(lod["palm_frond"], ribs, half, colors * 0.85)
        if level < 2:
            _add_fruits(lod, shape, fruits, level)
        lods.append(lod)
    radius = shape.trunk_radius_m[0] * 1.15
    collider = Capsule(base=(0.0, 0.0, 0.0), height=0.6 * height, radius=radius, surface="wood")
    return make_prototype(request, "palm", lods, footprint_m=0.9, colliders=(collider,))


def _trunk(shape: PalmShape, height: float, generator: np.random.Generator) -> Branches:
    tilt = shape.lean * generator.uniform(0.35, 1.0)
    heading = directions_from(np.array([np.pi / 2.0 - tilt]), generator.uniform(0.0, 2.0 * np.pi, 1))
    num_points = 56
    length = height * (1.0 + 0.15 * tilt) + 0.4
    trunk = extend(
        np.array([[0.0, -0.4, 0.0]]),
        heading,
        length,
        num_points=num_points,
        base_radii=1.0,
        rise=1.3 * tilt,
        wiggle=0.05,
        generator=generator,
    )
    base, top = shape.trunk_radius_m
    along = np.linspace(0.0, length, num_points)
    radii = top + (base - top) * np.exp(-along / 2.2) + 0.35 * base * np.exp(-along / 0.35)
    # Scars of old fronds: each ring widens slowly and steps back.
    radii = radii * (1.0 + 0.07 * np.where(np.arange(num_points) % 2 == 0, 1.0, -0.4))
    at_ground = trunk.points[:, 0:1] + (trunk.points[:, 1:2] - trunk.points[:, 0:1]) * (
        0.4 / (length / (num_points - 1))
    )
    return Branches(trunk.points - at_ground * (1.0, 0.0, 1.0), radii[None])


def _rings(angles: Doubles, along: Doubles) -> Doubles:
    wobble: Doubles = 1.0 + 0.025 * np.cos(5.0 * angles + 2.3 * along)
    return wobble


def _fronds(shape: PalmShape, trunk: Branches, generator: np.random.Generator) -> tuple[Branches, Doubles]:
    """The fronds, and the age of each, 0 (youngest) to 1."""
    count = shape.num_fronds
    age = (np.arange(count) + 0.5) / count
    oldest, youngest = np.radians(shape.elevation_deg)
    elevations = youngest + (oldest - youngest) * age**0.85 + generator.normal(0.0, 0.08, count)
    azimuths = np.arange(count) * GOLDEN_ANGLE + generator.normal(0.0, 0.15, count)
    top = trunk.points[0, -1]
    axis = unit(trunk.points[0, -1] - trunk.points[0, -4])
    origins = (
        top
        - axis * (0.45 * age[:, None])
        + directions_from(0.0 * elevations, azimuths) * (0.6 * shape.trunk_radius_m[1])
    )
    lengths = generator.uniform(*shape.frond_m, count) * (0.62 + 0.38 * np.clip(age * 3.0, 0.0, 1.0))
    sag = shape.sag[0] + (shape.sag[1] - shape.sag[0]) * generator.uniform(0.0, 1.0, count)
    # Fronds that hang already have little way to sag.
    sag = sag * np.clip(0.45 + 0.6 * (elevations + 0.7), 0.15, 1.0)
    return grow_fronds(origins, elevations, azimuths, lengths, sag=sag, rib_radius=0.03, generator=generator), age


def _fruit_centers(shape: PalmShape, trunk: Branches, generator: np.random.Generator) -> Doubles:
    count = shape.num_fruits
    azimuths = generator.uniform(0.0, 2.0 * np.pi, count)
    bunches = np.round(azimuths / 1.26) * 1.26 + generator.normal(0.0, 0.16, count)
    away = shape.trunk_radius_m[1] + shape.fruit_radius_m * generator.uniform(0.6, 2.2, count)
    drop = generator.uniform(0.15, 0.5 + 6.0 * shape.fruit_radius_m * (shape.num_fruits > 20), count)
    centers: Doubles = (
        trunk.points[0, -1] + directions_from(np.zeros(count), bunches) * away[:, None] - UP * drop[:, None]
    )
    return centers


def _add_fruits(lod: LodBuilder, shape: PalmShape, centers: Doubles, level: int) -> None:
    directions, triangles = icosphere(1 if level == 0 and shape.num_fruits < 20 else 0)
    points = centers[:, None] + directions[None] * (shape.fruit_radius_m * np.array([1.0, 1.2, 1.0]))
    offsets = np.arange(len(centers), dtype=np.int32)[:, None, None] * np.int32(len(directions))
    lod["wood_cut"].add_indexed(
        points.reshape(-1, 3), (offsets + triangles[None]).reshape(-1, 3), colors=shape.fruit_color
    )


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="palm",
        kinds={
            "coconut": ("palm", "palm tree", "coconut palm", "coconut tree", "coconut"),
            "date": ("date palm", "date tree", "oasis palm", "phoenix palm"),
        },
        build=build_palm,
        placement=Placement(
            max_slope_deg=28.0,
            water_distance_m=(1.0, float("inf")),
            sink_m=0.12,
            clusters=0.6,
            scale_range=(0.75, 1.15),
        ),
        adjectives={"coconut": "coconut", "date": "date"},
        num_variants=4,
    ),
)
