"""The shape of the land: from a WorldSpec to nested heightfields with water and moisture."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.terrain.composition import Composition, WaterPlan, compose
from worldgen.builder.terrain.erosion import cut_streams, raise_mountains, slide_slopes
from worldgen.builder.terrain.landforms import landform_heights, landform_plan
from worldgen.builder.terrain.levels import Grid, make_agree, plan_grids, refine
from worldgen.builder.terrain.moisture import hollowness, moisture_of, shore_fields
from worldgen.builder.terrain.noise import noise_seed
from worldgen.builder.terrain.relief import ReliefPlan, add_bumps, add_swells, macro_relief, relief_plan
from worldgen.builder.terrain.shores import (
    CAPE_REACH_M,
    end_in_sea,
    pass_lake,
    river_distances,
    shore_distance_of,
    shore_distances,
    shore_plan,
)
from worldgen.builder.terrain.staging import (
    NO_WATER,
    BankPlan,
    fit_river,
    fit_shore,
    raise_hill,
    stage_land,
    stage_plan,
)
from worldgen.scene.terrain import Terrain, TerrainLevel
from worldgen.settings import QualityTier
from worldgen.spec.model import WaterKind, WorldSpec

FloatGrid = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WaterSite:
    """Where a body of water lies.

    ``surface_y`` is the surface's height at ``center_xz``; only a river's varies. ``center_xz`` is the middle of a
    lake, the point of a river that is nearest to the spawn, or a point of the sea off the nearest shore.

    line  (N, 4) float64  x, z, surface height and half width along a river, downstream; None for other kinds
    """

    id: str
    kind: WaterKind
    surface_y: float
    center_xz: tuple[float, float]
    frozen: bool = False
    line: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ShapedLand:
    """The land's shape before anything stands on it."""

    terrain: Terrain
    waters: tuple[WaterSite, ...]
    hill_top_xz: tuple[float, float] | None
    """Middle of the landmark hill's flat top."""


def shape_land(spec: WorldSpec, tier: QualityTier, seed: int) -> ShapedLand:
    """Shape the land of a world.

    Args:
        spec: The world's description.
        tier: What may be spent.
        seed: The world's seed.

    Returns:
        Nested levels (near, play, surroundings, horizon) with y = 0 at the spawn, and the waters in them.
    """
    composition = compose(spec, seed)
    grids = plan_grids(spec.land.size_m or tier.play_size_m, tier)
    raw = _raw_relief(composition, grids)
    waters = _final_waters(composition)
    hill_xz = _hill_top(composition, waters)
    heights, surfaces = _stage(composition, waters, hill_xz, grids, raw)
    levels = _finish_levels(composition, grids, heights, surfaces)
    return ShapedLand(
        terrain=Terrain(levels=levels, play_level=1),
        waters=tuple(
            WaterSite(
                id=water.id,
                kind=water.kind,
                surface_y=water.surface_y,
                center_xz=water.center_xz,
                frozen=water.frozen,
                line=water.line,
            )
            for water in waters
        ),
        hill_top_xz=hill_xz,
    )


def _raw_relief(composition: Composition, grids: tuple[Grid, ...]) -> list[FloatGrid]:
    """Relief with erosion on every grid, finest first; each finer grid grows out of the coarser one."""
    plan = relief_plan(composition)
    near, play, middle, far = grids
    seed = noise_seed(composition.seed, "erosion")
    hills, far_weights, uplift = macro_relief(far.coordinates(), far.spacing_m, plan)
    far_heights = hills + _mountains(uplift, far, plan, seed) if plan.mountain_height > 0.0 else hills
    weights = refine(far_weights, far.spacing_m, middle.coordinates(), 0.0, seed)
    heights = refine(far_heights, far.spacing_m, middle.coordinates(), 0.55 * far.spacing_m, seed + 11)
    heights = add_swells(heights, weights, middle.coordinates(), middle.spacing_m, plan)
    middle_heights = _erode_near(heights, weights, middle, composition, seed + 21)
    heights = refine(middle_heights, middle.spacing_m, play.coordinates(), 0.5 * middle.spacing_m, seed + 31)
    play_heights = _add_detail(heights, play, plan, 26.0)
    heights = refine(play_heights, play.spacing_m, near.coordinates(), 0.0, seed + 41)
    near_heights = _add_detail(heights, near, plan, 2.3)
    return [near_heights, play_heights, middle_heights, far_heights]


def _mountains(uplift: FloatGrid, grid: Grid, plan: ReliefPlan, seed: int) -> FloatGrid:
    """Mountains of the planned height that rivers have cut."""
    start = np.maximum(0.02 * uplift, 0.0).astype(np.float32)
    heights = raise_mountains(uplift, start, grid.spacing_m, 40, seed)
    top = float(np.partition(heights, -max(1, heights.size // 1500), axis=None)[-max(1, heights.size // 1500)])
    heights = (heights * np.float32(plan.mountain_height / max(top, 1e-9))).astype(np.float32)
    return slide_slopes(heights, grid.spacing_m, np.full_like(heights, 1.0), 6)


def _erode_near(heights: FloatGrid, weights: FloatGrid, grid: Grid, composition: Composition, seed: int) -> FloatGrid:
    profile = composition.profile
    if profile.near_cut > 0.0:
        strength = profile.near_cut * grid.spacing_m * (0.0002 + 0.0022 * np.clip(4.0 * weights, 0.0, 1.0))
        filled, eroded = cut_streams(heights, grid.spacing_m, strength.astype(np.float32), 6, seed)
        # Rolling ground keeps its hollows; in the mountains everything drains.
        keep = np.clip(1.0 - 8.0 * weights, 0.0, 1.0)
        heights = (eroded + keep * (heights - filled)).astype(np.float32)
    talus = np.full_like(heights, profile.talus)
    return slide_slopes(heights, grid.spacing_m, talus, 8)


def _add_detail(heights: FloatGrid, grid: Grid, plan: ReliefPlan, wavelength: float) -> FloatGrid:
    return add_bumps(heights, grid.coordinates(), grid.spacing_m, plan, wavelength)


def _final_waters(composition: Composition) -> tuple[WaterPlan, ...]:
    """The planned waters; rivers end in the sea, and a lake that a river meets lies at the river's height."""
    waters = list(composition.waters)
    for index, river in enumerate(waters):
        if river.line is None:
            continue
        line = river.line
        for other_index, other in enumerate(waters):
            if other.kind == "sea":
                line = end_in_sea(line, shore_plan(other, composition.seed), other.surface_y)
            elif other.kind == "lake":
                line, lake_y = pass_lake(line, shore_plan(other, composition.seed), other.surface_y)
                waters[other_index] = replace(other, surface_y=lake_y)
        closest = int(np.hypot(line[:, 0], line[:, 1]).argmin())
        waters[index] = replace(river, line=line, surface_y=float(line[closest, 2]))
    return tuple(waters)


def _hill_top(composition: Composition, waters: tuple[WaterPlan, ...]) -> tuple[float, float] | None:
    """A place for the landmark hill in view that keeps clear of all water, or the clearest one there is."""
    if composition.hill_heading is None:
        return None
    shores = [shore_plan(water, composition.seed) for water in waters if water.line is None]
    lines = [water.line for water in waters if water.line is not None]
    best, best_clearance = (0.0, 0.0), -math.inf
    for turn_deg, stretch in itertools.product((0.0, 8.0, 16.0, 24.0, -10.0), (1.0, 1.3, 1.6)):
        heading = composition.hill_heading + composition.side * math.radians(turn_deg)
        distance = stretch * composition.hill_distance
        x, z = distance * math.sin(heading), -distance * math.cos(heading)
        distances = [shore_distance_of(x, z, shore) for shore in shores]
        distances += [float((np.hypot(line[:, 0] - x, line[:, 1] - z) - line[:, 3]).min()) for line in lines]
        clearance = min(distances, default=math.inf)
        if clearance > best_clearance + 1.0:
            best, best_clearance = (x, z), clearance
        if best_clearance > 28.0:
            break
    return best


def _stage(
    composition: Composition,
    waters: tuple[WaterPlan, ...],
    hill_xz: tuple[float, float] | None,
    grids: tuple[Grid, ...],
    raw: list[FloatGrid],
) -> tuple[list[FloatGrid], list[FloatGrid]]:
    """Heights and water surfaces of every grid after composition."""
    landforms = landform_plan(composition)
    combined = []
    for grid, heights in zip(grids, raw, strict=True):
        combined.append(heights + landform_heights(grid.coordinates(), grid.spacing_m, landforms))
    near = grids[0].coordinates()
    disc = np.hypot(near[:, None], near[None, :]) < 18.0
    plan = stage_plan(composition, float(np.sort(combined[0][disc]).mean(dtype=np.float64)))
    islands = np.array(
        [(island.x, island.z, island.radius, island.height) for island in composition.far_islands], dtype=np.float64
    ).reshape(-1, 4)
    # The land is made to agree before the waters are fitted, and again, narrowly, after: fading out a river's bed into
    # a coarser grid over a broad band would dam it up.
    staged = [stage_land(land, grid.coordinates(), plan) for grid, land in zip(grids, combined, strict=True)]
    staged = make_agree(grids, staged)
    surfaces = [
        _fit_waters(composition, waters, grid, height, islands) for grid, height in zip(grids, staged, strict=True)
    ]
    if hill_xz is not None:
        hill = np.array([*hill_xz, composition.hill_height])
        for grid, height, (_, shores) in zip(grids, staged, surfaces, strict=True):
            raise_hill(height, shores, grid.coordinates(), hill, noise_seed(composition.seed, "hill"))
    return make_agree(grids, staged, fade=2), [surface for surface, _ in surfaces]


def _fit_waters(
    composition: Composition,
    waters: tuple[WaterPlan, ...],
    grid: Grid,
    heights: FloatGrid,
    islands: NDArray[np.float64],
) -> tuple[FloatGrid, FloatGrid]:
    """Fit a grid's heights to all waters, in place; returns the waters' surfaces and the distances to the shore."""
    coordinates = grid.coordinates()
    surface = np.full_like(heights, NO_WATER)
    shores = np.full_like(heights, np.inf)
    for water in waters:
        bank = _bank(water, composition)
        if water.line is not None:
            distances, levels, widths = river_distances(coordinates, grid.spacing_m, water.line, bank.seed)
            fit_river((heights, surface, distances), (levels, widths), coordinates, bank)
        else:
            distances = shore_distances(coordinates, shore_plan(water, composition.seed))
            fit_shore((heights, surface, distances), coordinates, bank, islands)
        np.minimum(shores, distances, out=shores)
    return surface, shores


def _bank(water: WaterPlan, composition: Composition) -> BankPlan:
    """How the land meets a body of water."""
    plan = BankPlan(
        seed=noise_seed(composition.seed, f"bank/{water.id}"),
        level_y=water.surface_y,
        bed_slope=0.17,
        depth=water.depth_m,
        beach_slope=0.085,
        reach=48.0,
        rim_fall=0.12,
        headland=0.0,
        cape_x=0.0,
        cape_z=0.0,
        cape_radius=1.0,
        spawn_m=min(24.5, water.shore_m),
    )
    if water.kind == "lake":
        return plan
    if water.kind == "river":
        return plan._replace(bed_slope=0.3, beach_slope=0.02, reach=26.0, rim_fall=0.25)
    headland = composition.cliff_height if composition.cliff_heading is not None else 12.0
    sin, cos = math.sin(water.heading), math.cos(water.heading)
    out = water.shore_m + 0.5 * CAPE_REACH_M
    return plan._replace(
        bed_slope=0.075,
        beach_slope=0.075,
        reach=80.0,
        rim_fall=0.0,
        headland=headland,
        cape_x=sin * out + cos * water.cape_m,
        cape_z=-cos * out + sin * water.cape_m,
        cape_radius=95.0 if water.island_radius_m == 0.0 else 1.0,
    )


def _finish_levels(
    composition: Composition, grids: tuple[Grid, ...], heights: list[FloatGrid], surfaces: list[FloatGrid]
) -> tuple[TerrainLevel, ...]:
    """Levels with water and moisture."""
    depths = [
        np.maximum(surface - height, 0.0).astype(np.float32) for surface, height in zip(surfaces, heights, strict=True)
    ]
    shores = shore_fields([grid.spacing_m for grid in grids], heights, depths)
    seed = noise_seed(composition.seed, "moisture")
    base = composition.profile.moisture
    levels = []
    for grid, height, depth, shore in zip(grids, heights, depths, shores, strict=True):
        hollow = hollowness(height, grid.spacing_m, max(5.0, 2.0 * grid.spacing_m))
        moisture = moisture_of(shore.distance, hollow, grid.coordinates(), base, seed)
        levels.append(
            TerrainLevel(
                spacing_m=grid.spacing_m,
                heights=height,
                water_depth=depth,
                moisture=moisture,
                path_weight=np.zeros_like(height),
            )
        )
    return tuple(levels)
