"""From a crown's shape and a season's colours to the levels of detail of a leafy tree or bush."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from worldgen.builder.family import AssetRequest
from worldgen.builder.modelling.blossoms import Blossoms, add_blossoms
from worldgen.builder.modelling.branches import UP, Branches, Doubles, lengthened_to, resampled, some_with_extremes
from worldgen.builder.modelling.crowns import CrownShape, CrownSkeleton, fine_twigs, grow_crown, leaf_twigs, wood_of
from worldgen.builder.modelling.foliage import Foliage, add_foliage, coarsened, fitted, foliage_bounds, snowed
from worldgen.builder.modelling.plant import LodBuilder, bark_tile_m, make_prototype
from worldgen.builder.modelling.plant_colors import faded, pick, vary
from worldgen.builder.modelling.snow import add_branch_snow
from worldgen.builder.modelling.stones import icosphere
from worldgen.builder.modelling.tubes import RadiusProfile, add_tubes, base_rings, root_flare
from worldgen.randomness import rng
from worldgen.scene.scene import Capsule, Collider, Prototype
from worldgen.spec.model import Season


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafyPlant:
    """A kind of leafy tree or bush."""

    shape: CrownShape
    bark: str
    twig_bark: str | None = None
    """Bark of branches and twigs, if it differs from the trunk's."""
    colors: Mapping[Season, Doubles]
    """Palette (K, 3) of each season; a season without one is bare."""
    color_spread: float = 0.35
    """1 mixes the palette within one crown, 0 gives each plant one colour."""
    lod_leaves: tuple[int, int] = (1450, 170)
    blossoms: Blossoms | None = None
    fruit_color: Doubles | None = None
    """Colour of the fruits that it bears in summer and autumn."""
    flare: float = 0.45


def build_leafy_plant(
    plant: LeafyPlant, label: str, request: AssetRequest, generator: np.random.Generator
) -> Prototype:
    """Build a leafy tree or bush in the requested season, with snow if there is some."""
    skeleton = grow_crown(plant.shape, generator)
    colors = plant.colors.get(request.season)
    leaves = None
    if colors is not None:
        tints = _twig_colors(colors, skeleton, plant.color_spread, generator)
        # Leaves in bulk look greyer than a single leaf; autumn and blossom stay bright.
        tints = faded(tints, 0.14) * 1.08 if request.season == "summer" else tints
        leaves = leaf_twigs(plant.shape, skeleton, tints, generator)
        leaves = leaves.take(leaves.centers[:, 1] > 0.3 * plant.shape.leaf_m[1])
        leaves = snowed(leaves, request.snow_cover, generator)
    fine = fine_twigs(skeleton, 4, generator) if leaves is None else None
    phase = float(generator.uniform(0.0, 6.28))
    lobes = int(generator.integers(4, 6))
    flare = root_flare(height_m=0.03 * skeleton.height, amount=plant.flare, lobes=lobes, phase=phase, ground_m=0.4)
    snow_seed = int(generator.integers(2**31))
    detail_seed = int(generator.integers(2**31))
    lods = []
    for level in range(3):
        lod = LodBuilder()
        _add_wood(lod, plant, skeleton, fine, level=level, flare=flare, request=request)
        if leaves is not None:
            if level == 0:
                add_foliage(lod["foliage"], leaves, shape="kite")
            else:
                bounds = foliage_bounds(leaves)
                few = coarsened(leaves, plant.lod_leaves[level - 1], coverage=0.85 if level == 1 else 0.6)
                add_foliage(lod["foliage"], fitted(few, bounds), shape="kite", softness=0.9, bounds=bounds)
            detail_generator = rng(detail_seed, "details")
            if plant.blossoms is not None and request.season in plant.blossoms.seasons:
                add_blossoms(lod["petals"], plant.blossoms, leaves, level, detail_generator)
            if plant.fruit_color is not None and request.season in {"summer", "autumn"} and level < 2:
                _add_fruits(lod, plant.fruit_color, leaves, level, detail_generator)
        if request.snow_cover > 0.0 and level < 2:
            loaded = wood_of(skeleton) if level == 0 else skeleton.limbs.thinned(4)
            widths = loaded.radii * 1.1 + (0.02 if leaves is None else 0.06)
            snow_generator = rng(snow_seed, "snow")
            add_branch_snow(lod["snow_cap"], loaded, widths, snow_cover=request.snow_cover, generator=snow_generator)
        lods.append(lod)
    colliders: tuple[Collider, ...] = ()
    footprint = 0.55 * float(skeleton.semi_axes[0])
    if skeleton.trunk is not None:
        radius = float(skeleton.trunk.radii[0, 0]) * 1.1
        trunk_height = 0.85 * float(skeleton.trunk.points[0, -1, 1])
        colliders = (Capsule(base=(0.0, 0.0, 0.0), height=trunk_height, radius=radius, surface="wood"),)
        footprint = max(3.0 * radius, 0.3 * float(skeleton.semi_axes[0]))
    return make_prototype(request, label, lods, footprint_m=footprint, colliders=colliders)


def _add_fruits(lod: LodBuilder, color: Doubles, leaves: Foliage, level: int, generator: np.random.Generator) -> None:
    chosen = generator.permutation(leaves.count)[:: max(1, leaves.count // 60)]
    directions, triangles = icosphere(1 if level == 0 else 0)
    centers = leaves.centers[chosen] - UP * 0.07
    points = centers[:, None] + directions[None] * 0.055
    offsets = np.arange(len(centers), dtype=np.int32)[:, None, None] * np.int32(len(directions))
    colors = np.repeat(
        vary(np.repeat(color[None], len(centers), axis=0), generator, brightness=0.1, hue=0.1), len(directions), axis=0
    )
    lod["wood_cut"].add_indexed(points.reshape(-1, 3), (offsets + triangles[None]).reshape(-1, 3), colors=colors)


def _twig_colors(colors: Doubles, skeleton: CrownSkeleton, spread: float, generator: np.random.Generator) -> Doubles:
    """Colours (twigs, 3) that change little within a branch, more between branches."""
    num_twigs = skeleton.twigs.count
    by_branch = pick(colors, skeleton.branches.count, generator, spread=spread)[skeleton.branch_of_twig]
    by_twig = pick(colors, num_twigs, generator, spread=spread)
    light = np.exp(generator.normal(0.0, 0.1, skeleton.branches.count))[skeleton.branch_of_twig]
    mixed: Doubles = (0.65 * by_branch + 0.35 * by_twig) * light[:, None]
    return mixed


def _add_wood(
    lod: LodBuilder,
    plant: LeafyPlant,
    skeleton: CrownSkeleton,
    fine: Branches | None,
    *,
    level: int,
    flare: RadiusProfile,
    request: AssetRequest,
) -> None:
    bark, twig_bark = plant.bark, plant.twig_bark or plant.bark
    tile, twig_tile = bark_tile_m(bark, request), bark_tile_m(twig_bark, request)
    is_bare = fine is not None
    if skeleton.trunk is not None:
        length = float(skeleton.trunk.lengths[0])
        trunk = resampled(skeleton.trunk, base_rings(length, (20, 9, 5)[level], 0.012 * length))
        add_tubes(lod[bark], trunk, sides=(16, 8, 5)[level], tile_m=tile, profile=flare if level < 2 else None)
    limb_sides, limb_points = ((7, 9), (4, 5), (3, 3 if is_bare else 2))[level]
    if skeleton.trunk is None:
        if level == 2 and not is_bare:
            return
        limb_sides, limb_points = ((4, 5), (3, 2), (3, 2))[level]
    add_tubes(lod[bark], skeleton.limbs.thinned(limb_points), sides=limb_sides, tile_m=tile)
    if level == 0 and skeleton.trunk is None and not is_bare:
        # Leaves hide the thin wood of a bush.
        add_tubes(lod[twig_bark], skeleton.branches.thinned(2), sides=3, tile_m=twig_tile)
    elif level == 0:
        add_tubes(lod[twig_bark], skeleton.branches, sides=4 if is_bare else 3, tile_m=twig_tile)
        add_tubes(lod[twig_bark], skeleton.twigs.thinned(3 if is_bare else 2), sides=3, tile_m=twig_tile)
        if fine is not None:
            add_tubes(lod[twig_bark], fine, sides=3, tile_m=twig_tile)
    elif level > 0 and fine is not None:
        # The outermost shoots alone, so that the outline stays.
        add_tubes(lod[twig_bark], fine.take(some_with_extremes(fine, fine.count)), sides=3, tile_m=twig_tile)
    if level == 1 and (is_bare or skeleton.trunk is not None):
        add_tubes(lod[twig_bark], skeleton.branches.thinned(3 if is_bare else 2), sides=3, tile_m=twig_tile)
        if is_bare:
            add_tubes(lod[twig_bark], _outer_twigs(skeleton.twigs), sides=3, tile_m=twig_tile)
    elif level == 2 and is_bare:
        reaching = lengthened_to(skeleton.branches, skeleton.twigs, skeleton.branch_of_twig).thinned(2)
        chosen = reaching.take(some_with_extremes(reaching, 3))
        add_tubes(lod[twig_bark], Branches(chosen.points, chosen.radii * 2.0), sides=3, tile_m=twig_tile)


def _outer_twigs(twigs: Branches) -> Branches:
    """Every second twig, thicker and as long as the shoots that it stands for, so that the crown stays as dense."""
    chosen = twigs.take(some_with_extremes(twigs, 2)).thinned(2 if twigs.points.shape[1] <= 3 else 4)
    points = chosen.points.copy()
    points[:, -1] += 0.6 * (points[:, -1] - points[:, -2])
    return Branches(points, chosen.radii * 1.7)
