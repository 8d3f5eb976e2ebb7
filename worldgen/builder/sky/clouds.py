"""What clouds a weather brings: a layer of cumulus or stratus and a veil of cirrus above it, in kilometres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from worldgen.builder.materials.noise import fractal_noise
from worldgen.builder.sky.atmosphere import Table
from worldgen.randomness import rng
from worldgen.spec.model import Weather

COVERAGE_PERIOD_KM = 96.0
VEIL_PERIOD_KM = 90.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CloudLayer:
    """The clouds of one world.

    base_km, top_km      heights of the layer above the ground
    extinction           per kilometre, where the cloud is dense
    coverage             shifts the coverage map; below about -0.3 the sky is clear, above 1 it is closed
    flatness             0 is heaped cumulus, 1 an even sheet
    veil                 optical depth of the cirrus
    contrast             light and dark of a closed deck's underside
    reach_km             distance at which the layer dissolves in haze
    coverage_map         (M, M) float32  repeats every 96 km
    veil_map             (M, M) float32  repeats every 90 km
    offset_km            where the world stands in the maps and volumes, east and south
    """

    base_km: float
    top_km: float
    extinction: float
    coverage: float
    flatness: float
    veil: float
    contrast: float
    reach_km: float
    coverage_map: Table
    veil_map: Table
    offset_km: tuple[float, float]


def overcast(weather: Weather) -> float:
    """How closed the cloud deck is: 0 for separate clouds, 1 for an even sheet."""
    t = min(max((max(weather.cloud_cover, weather.storm) - 0.6) / 0.35, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def make_clouds(weather: Weather, seed: int) -> CloudLayer:
    """The clouds that a weather brings; where each one stands depends on the seed."""
    generator = rng(seed, "sky/clouds")
    sheet = overcast(weather)
    cover = max(weather.cloud_cover, 0.9 * weather.storm)
    noise_seeds = generator.integers(0, 2**31 - 1, 3)
    angle = generator.uniform(0.0, math.pi)
    offset = generator.uniform(0.0, COVERAGE_PERIOD_KM, 2)
    return CloudLayer(
        base_km=1.5 - 0.6 * sheet,
        top_km=1.5 - 0.6 * sheet + 1.9 - 0.7 * sheet + 1.6 * weather.storm,
        extinction=38.0 * (1.0 + 1.1 * weather.storm),
        coverage=float(
            np.interp(cover, (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0), (-1.0, 0.12, 0.34, 0.48, 0.66, 0.95, 1.2))
        ),
        flatness=sheet,
        veil=0.26 * math.sin(math.pi * weather.cloud_cover) * (1.0 - weather.storm),
        contrast=1.0 + 0.9 * weather.storm,
        reach_km=115.0,
        coverage_map=_coverage_map(int(noise_seeds[0])),
        veil_map=_veil_map(int(noise_seeds[1]), int(noise_seeds[2]), angle),
        offset_km=(float(offset[0]), float(offset[1])),
    )


def _unit_grid(size: int) -> tuple[Table, Table]:
    centres = ((np.arange(size) + 0.5) / size).astype(np.float32)
    u, v = np.meshgrid(centres, centres)
    return np.ascontiguousarray(u), np.ascontiguousarray(v)


def _coverage_map(seed: int) -> Table:
    """Where clouds stand: cells of two kilometres, gathered into fields and gaps some seven kilometres across."""
    u, v = _unit_grid(512)
    fields = fractal_noise(u, v, (14, 14), seed, (3, 0.5, False))
    cells = fractal_noise(u, v, (52, 52), seed + 1, (3, 0.5, False))
    return np.asarray(0.45 * fields + 0.8 * cells, np.float32)


def _veil_map(seed: int, warp_seed: int, angle: float) -> Table:
    """Streaks of cirrus: noise stretched along the wind, combed by more of it, and torn into patches."""
    u, v = _unit_grid(384)
    # Whole-number shears keep the period; one of a few wind directions is enough.
    shear = round(2.0 * math.cos(angle))
    along = v + shear * u
    push = fractal_noise(u, v, (3, 3), warp_seed, (4, 0.5, False))
    curl = fractal_noise(u, v, (6, 6), warp_seed + 1, (3, 0.5, False))
    streaks = fractal_noise(u + 0.012 * curl, along + 0.05 * push, (3, 16), seed, (5, 0.62, False))
    patches = fractal_noise(u, v, (4, 4), seed + 1, (3, 0.5, False))
    value = np.clip(0.5 + 0.9 * streaks, 0.0, 1.0) * np.clip(0.15 + 1.4 * patches, 0.0, 1.0)
    return np.asarray(value * value * (3.0 - 2.0 * value), np.float32)
