"""Landforms with sharp edges, evaluated anew on every level: dunes, canyon walls and frost polygons."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.terrain.composition import Composition
from worldgen.builder.terrain.noise import cell_noise, fbm, gradient_noise, hash_unit, noise_seed, smoothstep
from worldgen.randomness import rng

DESERT, CANYON, TUNDRA = 3, 4, 6


class LandformPlan(NamedTuple):
    """Numbers of a `Composition` that the landform kernel takes."""

    seed: int
    code: int
    scale: float
    swell_height: float
    swell_wavelength: float
    wind_sin: float
    wind_cos: float
    valley_sin: float
    valley_cos: float
    wall_height: float
    canyon_half_width: float
    phase: float


def landform_plan(composition: Composition) -> LandformPlan:
    """The numbers that the landform kernel needs."""
    random = rng(composition.seed, "land/landforms")
    wind = random.uniform(-0.5, 0.5) + 0.5 * math.pi * composition.side
    relief = min(1.6, composition.scale)
    return LandformPlan(
        seed=noise_seed(composition.seed, "landforms"),
        code=composition.profile.code,
        scale=relief,
        swell_height=composition.profile.swell_height * relief,
        swell_wavelength=composition.profile.swell_wavelength * random.uniform(0.85, 1.25),
        wind_sin=math.sin(wind),
        wind_cos=math.cos(wind),
        valley_sin=math.sin(composition.valley_heading),
        valley_cos=math.cos(composition.valley_heading),
        wall_height=random.uniform(95.0, 135.0) * (0.35 + 0.65 * relief),
        canyon_half_width=random.uniform(58.0, 72.0),
        phase=random.uniform(0.0, 2.0 * math.pi),
    )


@njit(cache=True)
def dune_height(x: float, z: float, plan: LandformPlan) -> float:
    """Height of dunes: a long windward slope, a sharp crest, a slip face near the angle of repose."""
    along = plan.wind_sin * x - plan.wind_cos * z
    across = plan.wind_cos * x + plan.wind_sin * z
    bend = 34.0 * gradient_noise(across / 120.0, along / 330.0, plan.seed + 1)
    bend += 9.0 * gradient_noise(across / 38.0, along / 90.0, plan.seed + 2)
    phase = (along + bend) / plan.swell_wavelength
    phase += 0.4 * gradient_noise(x / 260.0, z / 260.0, plan.seed + 3)
    t = phase - math.floor(phase)
    crest = 0.70
    rise = t / crest
    profile = rise * rise * (1.6 - 0.6 * rise) if t < crest else (1.0 - t) / (1.0 - crest)
    if t >= crest:
        profile = profile * (0.75 + 0.25 * profile)  # a short foot where the slip face meets the flat
    strength = 0.62 + 0.55 * gradient_noise(x / 170.0 + 3.1, z / 170.0 - 8.2, plan.seed + 4)
    large = 0.5 + 0.5 * gradient_noise(x / 620.0, z / 620.0, plan.seed + 5)
    height = 1.35 * plan.swell_height * min(1.1, max(0.05, strength)) * (0.55 + 0.9 * large)
    # Sand slides where a slip face would be steeper than about 32 degrees.
    return min(height, 0.62 * (1.0 - crest) * plan.swell_wavelength) * profile + 16.0 * plan.scale * (large - 0.5)


@njit(cache=True)
def _terraces(height: float, wall: float, x: float, z: float, seed: int) -> float:
    """Steps in a wall: hard layers stand as cliffs, soft ones lie as slopes of scree between them."""
    tilt = 2.2 * gradient_noise(x / 330.0, z / 330.0, seed + 31) + 0.9 * gradient_noise(x / 60.0, z / 60.0, seed + 32)
    step = wall / 6.0
    level = (height + tilt) / step
    base = math.floor(level)
    t = level - base
    hard = 0.35 + 0.5 * hash_unit(int(base), 3, seed)
    # The upper part of every layer is the cliff: the first share of the rise is spread over most of the run.
    if t < hard:
        slope = 0.28 * (t / hard) ** 1.5  # scree is hollow
    else:
        # The rim of a cliff is sharp, its foot is buried.
        rise = (t - hard) / (1.0 - hard)
        slope = 0.28 + 0.72 * rise * (0.55 + 0.45 * min(1.0, 2.0 * rise))
    return (base + slope) * step - tilt


@njit(cache=True)
def canyon_height(x: float, z: float, plan: LandformPlan) -> float:
    """Height of canyon walls, mesas and buttes over the canyon floor, in metres."""
    warp_x = 30.0 * gradient_noise(x / 140.0, z / 140.0, plan.seed + 11)
    warp_z = 30.0 * gradient_noise(x / 140.0, z / 140.0, plan.seed + 12)
    warp_x += 12.0 * gradient_noise(x / 46.0, z / 46.0, plan.seed + 13)
    warp_z += 12.0 * gradient_noise(x / 46.0, z / 46.0, plan.seed + 14)
    warp_x += 3.6 * gradient_noise(x / 14.0, z / 14.0, plan.seed + 15)
    warp_z += 3.6 * gradient_noise(x / 14.0, z / 14.0, plan.seed + 16)
    px, pz = x + warp_x, z + warp_z
    along = plan.valley_sin * px - plan.valley_cos * pz
    lateral = plan.valley_cos * px + plan.valley_sin * pz
    bend = 46.0 * (math.sin(along / 170.0 + plan.phase) - math.sin(plan.phase))
    bend += 90.0 * (math.sin(along / 520.0 + 2.0 * plan.phase) - math.sin(2.0 * plan.phase))
    width = plan.canyon_half_width * (1.0 + 0.22 * gradient_noise(along / 130.0, 0.5, plan.seed + 17))
    width += 330.0 * smoothstep(170.0, 900.0, along) * (0.8 + 0.4 * gradient_noise(along / 400.0, 2.5, plan.seed + 18))
    main = (abs(lateral - bend) - width) / 52.0
    side = abs(fbm(px / 980.0, pz / 980.0, plan.seed + 19, 3, 0.45))
    side_cut = (side - 0.03) / 0.09
    wall = plan.wall_height * (1.0 + 0.18 * gradient_noise(x / 900.0, z / 900.0, plan.seed + 20))
    rise = min(1.0, max(0.0, min(main, side_cut)))
    height = wall * rise
    if along > 200.0 and main < 0.2:
        f1, _f2, tag = cell_noise(px / 340.0 + 0.37, pz / 340.0 + 0.11, plan.seed + 21)
        if tag > 0.35:
            radius = 0.10 + 0.16 * (tag - 0.35)
            core = (radius - f1) / 0.17 + 0.45
            butte = wall * (0.55 + 0.5 * tag) * min(1.0, max(0.0, core))
            height = max(height, butte * smoothstep(230.0, 330.0, along))
    return max(0.0, _terraces(height, wall, x, z, plan.seed)) if height > 0.0 else 0.0


@njit(cache=True)
def frost_polygons(x: float, z: float, plan: LandformPlan) -> float:
    """Height of tundra polygons: low centres, raised rims and a wet trough between."""
    warp = 0.18 * gradient_noise(x / 9.0, z / 9.0, plan.seed + 41)
    f1, f2, tag = cell_noise(x / 11.5 + warp, z / 11.5 - warp, plan.seed + 42)
    edge = f2 - f1
    patch = smoothstep(-0.25, 0.3, gradient_noise(x / 95.0, z / 95.0, plan.seed + 43))
    trough = -0.34 * (1.0 - smoothstep(0.0, 0.13, edge))
    rim = 0.16 * math.exp(-(((edge - 0.2) / 0.09) ** 2))
    return patch * (trough + rim + 0.08 * (tag - 0.5))


@njit(cache=True, parallel=True)
def landform_heights(coordinates: NDArray[np.float64], spacing: float, plan: LandformPlan) -> NDArray[np.float32]:
    """Height that the biome's landforms add, (N, N) metres; features that the grid cannot hold are left out."""
    size = coordinates.shape[0]
    heights = np.zeros((size, size), dtype=np.float32)
    for row in prange(size):
        z = coordinates[row]
        for column in range(size):
            x = coordinates[column]
            if plan.code == DESERT:
                if spacing <= 8.0:
                    heights[row, column] = dune_height(x, z, plan)
                else:
                    heights[row, column] = 0.35 * plan.swell_height
            elif plan.code == CANYON:
                heights[row, column] = canyon_height(x, z, plan)
            elif plan.code == TUNDRA and spacing <= 1.0:
                heights[row, column] = frost_polygons(x, z, plan)
    return heights
