"""What covers the ground: weights of grass, sand, rock, snow and so on, by rule, at any point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.terrain.biomes import PROFILES
from worldgen.builder.terrain.noise import fbm, noise_seed, smoothstep
from worldgen.spec.model import Biome, WorldSpec

COVER_LAYERS = (
    "grass",
    "dirt",
    "forest_floor",
    "sand",
    "gravel",
    "rock",
    "red_rock",
    "snow",
    "mud",
    "moss",
    "scree",
    "path",
)
"""The kinds of cover, in the order of their weights."""

GRASS, DIRT, FOREST, SAND, GRAVEL, ROCK, RED_ROCK, SNOW, MUD, MOSS, SCREE, PATH = range(len(COVER_LAYERS))
ALPINE, TEMPERATE, MEADOW, DESERT, CANYON, COAST, TUNDRA, TROPICAL = range(8)

_SNOW_LINES: dict[Biome, float] = {
    "alpine": 480.0,
    "tundra": 190.0,
    "temperate_forest": 520.0,
    "meadow_hills": 520.0,
    "coast": 560.0,
}
"""Height above the spawn where snow lies all year, for biomes that have such a height."""


class CoverPlan(NamedTuple):
    """Numbers of a spec that the cover kernels take."""

    seed: int
    code: int
    snow_cover: float
    snow_line: float
    has_sea: bool
    sea_y: float
    beach_m: float
    """How far inland the sea's sand reaches."""


class Site(NamedTuple):
    """What the rules know about a point; lengths in metres."""

    x: float
    z: float
    height: float
    slope: float
    """Rise over run."""
    moisture: float
    hollow: float
    """Positive in hollows, about a slope."""
    shore: float
    """Signed distance to the nearest shore, negative in water."""
    surface_y: float
    """Height of the nearest water's surface."""
    path: float


def cover_plan(spec: WorldSpec, seed: int, sea_y: float | None) -> CoverPlan:
    """The numbers of the cover's rules; ``sea_y`` is the sea's height where there is one."""
    return CoverPlan(
        seed=noise_seed(seed, "cover"),
        code=PROFILES[spec.biome].code,
        # Some of last winter's snow lies in the hollows of the tundra all year.
        snow_cover=max(spec.weather.snow_cover, 0.12 if spec.biome == "tundra" else 0.0),
        snow_line=_SNOW_LINES.get(spec.biome, 1.0e9) if spec.land.snow_line_m is None else spec.land.snow_line_m,
        has_sea=sea_y is not None,
        sea_y=0.0 if sea_y is None else sea_y,
        beach_m=44.0 if spec.land.beach else (15.0 if spec.biome in ("coast", "tropical") else 9.0),
    )


@njit(cache=True)
def cover_weights(site: Site, plan: CoverPlan, weights: NDArray[np.float32]) -> None:
    """Weights of the cover at a point.

    Args:
        site: What is known about the point.
        plan: The numbers of the rules.
        weights: (12,) in the order of ``COVER_LAYERS``, overwritten; they sum to 1.
    """
    x, z = site.x, site.z
    broad = fbm(x / 74.0, z / 74.0, plan.seed, 2, 0.5)
    patch = fbm(x / 17.0, z / 17.0, plan.seed + 10, 3, 0.5)
    fine = fbm(x / 2.9, z / 2.9, plan.seed + 20, 3, 0.55)
    weights[:] = 0.0
    _lay_base(site, plan, weights, broad + 0.4 * fine, patch + 0.5 * fine)
    _lay_rock(site, plan, weights, 0.55 * patch + 0.6 * fine)
    _lay_shore(site, plan, weights, 0.6 * patch + 0.6 * fine)
    _lay_snow(site, plan, weights, 0.5 * broad + 0.6 * patch + 0.6 * fine)
    if site.path > 0.0 and site.shore > -0.5:
        _put(weights, PATH, smoothstep(0.25, 0.75, site.path + 0.25 * fine))


@njit(cache=True)
def _put(weights: NDArray[np.float32], layer: int, share: float) -> None:
    """Cover ``share`` of what is there with a layer."""
    for k in range(weights.shape[0]):
        weights[k] *= 1.0 - share
    weights[layer] += share


@njit(cache=True)
def _lay_base(site: Site, plan: CoverPlan, weights: NDArray[np.float32], broad: float, patch: float) -> None:
    code, moisture = plan.code, site.moisture
    worn = smoothstep(0.32, 0.75, patch - 0.6 * site.hollow)
    if code == DESERT:
        weights[SAND] = 1.0
        _put(weights, GRAVEL, 0.55 * smoothstep(0.02, 0.1, site.hollow) * smoothstep(0.0, 0.5, broad + 0.2))
        _put(weights, GRASS, 0.75 * smoothstep(0.55, 0.85, moisture + 0.1 * patch))
        return
    if code == CANYON:
        weights[DIRT] = 1.0
        _put(weights, SAND, 0.85 * smoothstep(-0.25, 0.3, broad))
        _put(weights, GRAVEL, 0.7 * smoothstep(0.2, 0.55, patch))
        _put(weights, GRASS, 0.8 * smoothstep(0.4, 0.7, moisture + 0.15 * patch))
        return
    weights[GRASS] = 1.0
    if code == TEMPERATE:
        _put(weights, FOREST, 0.9 * smoothstep(-0.15, 0.3, broad + 0.25 * patch))
        _put(weights, MOSS, 0.7 * smoothstep(0.62, 0.82, moisture + 0.15 * patch))
        _put(weights, DIRT, 0.5 * worn)
    elif code == TROPICAL:
        _put(weights, FOREST, 0.75 * smoothstep(0.0, 0.4, broad + 0.25 * patch))
        _put(weights, MOSS, 0.5 * smoothstep(0.78, 0.95, moisture + 0.1 * patch))
        _put(weights, DIRT, 0.3 * worn)
    elif code == TUNDRA:
        _put(weights, MOSS, 0.85 * smoothstep(-0.2, 0.25, patch + 0.3 * broad))
        _put(weights, GRAVEL, 0.8 * smoothstep(0.18, 0.5, broad + 0.3 * patch - 0.8 * site.hollow))
        _put(weights, MUD, 0.8 * smoothstep(0.66, 0.86, moisture + 0.1 * patch))
    elif code == ALPINE:
        _put(weights, DIRT, 0.45 * worn)
        _put(weights, GRAVEL, 0.6 * smoothstep(0.35, 0.7, broad + 0.3 * patch))
        _put(weights, MOSS, 0.4 * smoothstep(0.6, 0.8, moisture + 0.15 * patch))
        _put(weights, SCREE, 0.9 * smoothstep(230.0, 420.0, site.height + 90.0 * broad))
    elif code == COAST:
        _put(weights, DIRT, 0.35 * worn)
        _put(weights, SAND, 0.5 * smoothstep(0.3, 0.6, broad) * smoothstep(120.0, 40.0, site.shore))
    else:
        _put(weights, DIRT, 0.4 * worn)
        _put(weights, MOSS, 0.25 * smoothstep(0.66, 0.86, moisture + 0.1 * patch))


@njit(cache=True)
def _lay_rock(site: Site, plan: CoverPlan, weights: NDArray[np.float32], ragged: float) -> None:
    slope, code = site.slope, plan.code
    if code == DESERT:
        # Dunes stand at up to 0.65; what is steeper or far above them is rock.
        _put(weights, RED_ROCK, smoothstep(0.85, 1.05, slope + 0.15 * ragged))
        _put(weights, RED_ROCK, 0.9 * smoothstep(26.0, 60.0, site.height + 14.0 * ragged))
        return
    if code == CANYON:
        _put(weights, SCREE, 0.55 * smoothstep(0.3, 0.5, slope + 0.2 * ragged))
        _put(weights, RED_ROCK, smoothstep(0.42, 0.66, slope + 0.22 * ragged - 0.5 * site.hollow))
        return
    if code == TROPICAL:
        _put(weights, ROCK, smoothstep(1.05, 1.4, slope + 0.3 * ragged))
        return
    loose = 0.8 if code == ALPINE or code == TUNDRA else 0.4
    _put(weights, DIRT, 0.45 * smoothstep(0.38, 0.6, slope + 0.25 * ragged))
    _put(weights, SCREE, loose * smoothstep(0.45, 0.68, slope + 0.2 * ragged + 0.8 * site.hollow))
    _put(weights, ROCK, smoothstep(0.62, 0.86, slope + 0.25 * ragged - 0.9 * site.hollow))


@njit(cache=True)
def _lay_shore(site: Site, plan: CoverPlan, weights: NDArray[np.float32], ragged: float) -> None:
    if site.shore > 60.0:
        return
    code, shore = plan.code, site.shore
    above = site.height - site.surface_y
    steep = smoothstep(0.75, 0.45, site.slope)
    if plan.has_sea and abs(site.surface_y - plan.sea_y) < 0.05:
        wide = plan.beach_m
        strip = smoothstep(wide + 5.0, wide - 5.0, shore + 7.0 * ragged) * smoothstep(4.6, 3.2, above + 0.8 * ragged)
        _put(weights, SAND, max(strip, smoothstep(0.5, 0.0, shore)) * max(steep, 0.15))
        wrack = smoothstep(0.35, 0.5, ragged) * smoothstep(9.0, 3.0, shore) * smoothstep(-2.0, 1.0, shore)
        _put(weights, GRAVEL, 0.7 * wrack * steep)
        return
    strip = smoothstep(2.6, 0.6, shore + 2.2 * ragged) * smoothstep(0.9, 0.35, above)
    sandy = code == DESERT or code == CANYON or code == TROPICAL
    stony = code == ALPINE or code == TUNDRA
    first = SAND if sandy else (GRAVEL if stony else MUD)
    second = MUD if sandy else (SAND if stony else GRAVEL)
    _put(weights, first, strip * steep)
    _put(weights, second, 0.85 * strip * steep * smoothstep(-0.05, 0.25, ragged))
    if shore < 0.0:
        _put(weights, MUD, 0.75 * smoothstep(1.0, 3.0, -above))


@njit(cache=True)
def _lay_snow(site: Site, plan: CoverPlan, weights: NDArray[np.float32], ragged: float) -> None:
    if site.shore < 0.0:
        return
    hold = smoothstep(1.5, 0.85, site.slope + 0.25 * ragged)
    share = 0.0
    if plan.snow_line < 1.0e8:
        share = hold * smoothstep(-70.0, 110.0, site.height - plan.snow_line + 130.0 * ragged + 500.0 * site.hollow)
    if plan.snow_cover > 0.0:
        reach = 1.5 * plan.snow_cover - 0.5 + 0.55 * ragged + 1.2 * site.hollow - 0.15 * site.slope
        share = max(share, hold * smoothstep(-0.12, 0.2, reach) * smoothstep(0.0, 0.1, plan.snow_cover))
    _put(weights, SNOW, min(1.0, share))
