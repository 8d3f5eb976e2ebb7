"""Ferns: low rosettes of arching fronds, and tree ferns."""

from __future__ import annotations

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.branches import GOLDEN_ANGLE, Branches, Doubles, directions_from, extend
from worldgen.builder.modelling.foliage import add_foliage, coarsened, foliage_bounds, snowed
from worldgen.builder.modelling.fronds import add_frond_strips, grow_fronds, leaflets
from worldgen.builder.modelling.plant import LodBuilder, bark_tile_m, make_prototype
from worldgen.builder.modelling.plant_colors import palette, pick
from worldgen.builder.modelling.tubes import add_tubes
from worldgen.scene.scene import Capsule, Collider, Prototype

BARK = "bark_palm"
OUTLINE = ((0.0, 0.15, 0.35, 0.7, 1.0), (0.55, 0.9, 1.0, 0.6, 0.1))
COLORS = palette((72, 116, 44), (88, 130, 50), (62, 104, 44))
SPRING_COLORS = palette((112, 152, 58), (96, 140, 54))
AUTUMN_COLORS = palette((150, 118, 52), (168, 130, 56), (120, 112, 50))


def build_fern(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a fern or a tree fern in the requested season."""
    is_tree = request.kind == "tree_fern"
    trunk = _trunk(generator) if is_tree else None
    num_fronds = 20 if is_tree else int(generator.integers(11, 15))
    top = np.zeros(3) if trunk is None else trunk.points[0, -1]
    fronds = _fronds(num_fronds, top, is_tree, generator)
    season_colors = COLORS
    if not is_tree and request.biome != "tropical":
        season_colors = {"spring": SPRING_COLORS, "autumn": AUTUMN_COLORS, "winter": AUTUMN_COLORS * 0.8}.get(
            request.season, COLORS
        )
    colors = pick(season_colors, num_fronds, generator)
    blades = leaflets(
        fronds,
        colors,
        per_side=22 if is_tree else 20,
        start=0.12,
        length=0.2 if is_tree else 0.24,
        width_m=0.11 if is_tree else 0.042,
        angle_deg=(76.0, 48.0),
        hang=0.18,
        outline=OUTLINE,
        generator=generator,
    )
    blades = snowed(blades, request.snow_cover, generator)
    # Fronds of a low fern lie on the ground, not in it.
    low, high = foliage_bounds(blades)
    bounds = (low if is_tree else np.maximum(low, (-np.inf, 0.0, -np.inf)), high)
    lods = []
    for level in range(3):
        lod = LodBuilder()
        if trunk is not None:
            wood = trunk if level == 0 else trunk.thinned(4)
            add_tubes(lod[BARK], wood, sides=(10, 6, 4)[level], tile_m=bark_tile_m(BARK, request), caps=True)
        if level == 0:
            add_tubes(lod["fern_frond"], fronds.thinned(5), sides=3, tile_m=None, colors=colors * 0.6)
            add_foliage(lod["fern_frond"], blades, shape="kite", softness=0.4, bounds=bounds)
        elif level == 1:
            few = coarsened(blades, fronds.count * 20, coverage=0.9, keep_lengths=True)
            add_foliage(lod["fern_frond"], few, shape="kite", softness=0.4, bounds=bounds)
        else:
            ribs = fronds.thinned(3)
            half = ribs.lengths[:, None] * np.array([0.06, 0.15, 0.02])
            add_frond_strips(lod["fern_frond"], ribs, half, colors * 0.85)
        lods.append(lod)
    colliders: tuple[Collider, ...] = ()
    if trunk is not None:
        tall = float(trunk.points[0, -1, 1])
        colliders = (Capsule(base=(0.0, 0.0, 0.0), height=tall, radius=0.16, surface="wood"),)
    return make_prototype(request, "fern", lods, footprint_m=0.6 if is_tree else 0.3, colliders=colliders)


def _trunk(generator: np.random.Generator) -> Branches:
    height = float(generator.uniform(2.6, 4.5))
    trunk = extend(
        np.array([[0.0, -0.3, 0.0]]),
        directions_from(np.array([np.pi / 2.0 - generator.uniform(0.0, 0.12)]), generator.uniform(0.0, 6.28, 1)),
        height + 0.3,
        num_points=12,
        base_radii=0.15,
        tip_ratio=0.75,
        rise=0.3,
        wiggle=0.1,
        generator=generator,
    )
    return Branches(trunk.points - trunk.points[:, 1:2] * (1.0, 0.0, 1.0), trunk.radii)


def _fronds(count: int, top: Doubles, is_tree: bool, generator: np.random.Generator) -> Branches:
    age = (np.arange(count) + 0.5) / count
    elevations = np.radians(78.0 - 62.0 * age) + generator.normal(0.0, 0.08, count)
    azimuths = np.arange(count) * GOLDEN_ANGLE + generator.normal(0.0, 0.15, count)
    lengths = generator.uniform(0.75, 1.1, count) * (2.1 if is_tree else 0.95) * (0.75 + 0.25 * age)
    origins = top + directions_from(np.zeros(count), azimuths) * 0.04
    return grow_fronds(
        origins,
        elevations,
        azimuths,
        lengths,
        sag=generator.uniform(0.9, 1.4, count) * (1.0 if is_tree else 0.8),
        rib_radius=0.02 if is_tree else 0.008,
        generator=generator,
    )


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="fern",
        kinds={
            "fern": ("fern", "bracken", "fern frond"),
            "tree_fern": ("tree fern", "cycad", "giant fern"),
        },
        build=build_fern,
        placement=Placement(
            max_slope_deg=42.0,
            water_distance_m=(0.3, float("inf")),
            moisture=(0.3, 1.0),
            follow_slope=0.3,
            sink_m=0.03,
            clusters=0.7,
            scale_range=(0.6, 1.25),
        ),
        adjectives={"giant": "tree_fern"},
        num_variants=3,
    ),
)
