from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.builder.terrain.lands import BIOMES, DRAFT, land_of, spec_of
from worldgen.builder.terrain.queries import ground_height, ground_normal, shore_distance, water_depth_at
from worldgen.builder.terrain.shape import ShapedLand, shape_land
from worldgen.spec.model import Biome, WaterKind

LANDS: list[tuple[Biome, str, int]] = [
    *((biome, "", 1) for biome in BIOMES),
    ("alpine", "lake river", 7),
    ("meadow_hills", "lake lake", 2),
    ("temperate_forest", "river", 3),
    ("coast", "river", 3),
    ("tropical", "sea lake", 4),
    ("canyon", "river", 5),
]


def _ring(radius: float, count: int = 240) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    angle = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    return radius * np.sin(angle), -radius * np.cos(angle)


@pytest.mark.parametrize(("biome", "waters", "seed"), LANDS)
def test_spawn_is_at_zero_on_dry_gentle_ground(biome: Biome, waters: str, seed: int) -> None:
    terrain = land_of(biome, waters, seed).terrain
    assert float(ground_height(terrain, 0.0, 0.0)) == 0.0
    for radius in (2.0, 5.0, 8.0, 11.9):
        x, z = _ring(radius)
        assert (water_depth_at(terrain, x, z) == 0.0).all()
        slope = np.degrees(np.arccos(ground_normal(terrain, x, z)[:, 1]))
        assert np.sort(slope)[int(0.97 * len(slope))] < 6.0
        assert slope.max() < 14.0  # a rim of a frost polygon or a tuft, not a bank
    x, z = _ring(11.9)
    assert np.abs(ground_height(terrain, x, z)).max() < 1.25


@pytest.mark.parametrize(("biome", "waters", "seed"), LANDS)
def test_levels_meet_without_cracks(biome: Biome, waters: str, seed: int) -> None:
    levels = land_of(biome, waters, seed).terrain.levels
    for fine, coarse in itertools.pairwise(levels):
        ratio = round(coarse.spacing_m / fine.spacing_m)
        count = (fine.num_samples - 1) // ratio + 1
        first = (coarse.num_samples - count) // 2
        inner = coarse.heights[first : first + count, first : first + count]
        np.testing.assert_array_equal(inner, fine.heights[::ratio, ::ratio])
        along = np.arange(fine.num_samples) / ratio
        for border, straight in (
            (fine.heights[0], inner[0]),
            (fine.heights[-1], inner[-1]),
            (fine.heights[:, 0], inner[:, 0]),
            (fine.heights[:, -1], inner[:, -1]),
        ):
            assert np.abs(border - np.interp(along, np.arange(count), straight)).max() < 1e-3


@pytest.mark.parametrize(("biome", "waters", "seed"), LANDS)
def test_no_spikes(biome: Biome, waters: str, seed: int) -> None:
    for level in land_of(biome, waters, seed).terrain.levels[:2]:
        inner = level.heights[1:-1, 1:-1]
        around = np.stack(
            [level.heights[:-2, 1:-1], level.heights[2:, 1:-1], level.heights[1:-1, :-2], level.heights[1:-1, 2:]]
        )
        # A spike stands above all four neighbours by more than a steep slope explains.
        assert (inner - around.max(axis=0)).max() < 1.5 * level.spacing_m
        assert (around.min(axis=0) - inner).max() < 1.5 * level.spacing_m


@pytest.mark.parametrize(("biome", "waters", "seed"), [case for case in LANDS if case[1] or case[0] == "coast"])
def test_water_lies_only_where_it_belongs(biome: Biome, waters: str, seed: int) -> None:
    land = land_of(biome, waters, seed)
    still = [water.surface_y for water in land.waters if water.line is None]
    lines = [water.line for water in land.waters if water.line is not None]
    for level in land.terrain.levels[:3]:
        wet = level.water_depth > 0.0
        surface = (level.heights + level.water_depth)[wet].astype(np.float64)
        row, column = np.nonzero(wet)
        x = (column - (level.num_samples - 1) / 2) * level.spacing_m
        z = (row - (level.num_samples - 1) / 2) * level.spacing_m
        explained = np.zeros(len(x), dtype=np.bool_)
        for y in still:
            explained |= np.abs(surface - y) < 1e-3
        for line in lines:
            for k in np.flatnonzero(~explained):
                distance = np.hypot(line[:, 0] - x[k], line[:, 1] - z[k])
                nearest = int(distance.argmin())
                explained[k] = distance[nearest] < line[nearest, 3] + 5.0
                explained[k] &= abs(surface[k] - line[nearest, 2]) < 0.2
        assert explained.all()


@pytest.mark.parametrize(("biome", "waters", "seed"), [case for case in LANDS if "river" in case[1]])
def test_rivers_run_downhill_in_a_bed(biome: Biome, waters: str, seed: int) -> None:
    land = land_of(biome, waters, seed)
    river = next(water for water in land.waters if water.kind == "river")
    assert river.line is not None
    assert (np.diff(river.line[:, 2]) <= 1e-9).all()
    assert river.line[0, 2] - river.line[-1, 2] > 0.5
    half = land.terrain.levels[1].half_size_m
    near = np.maximum(np.abs(river.line[:, 0]), np.abs(river.line[:, 1])) < half - 2.0
    depth = water_depth_at(land.terrain, river.line[near, 0], river.line[near, 1])
    assert (depth > 0.25).mean() > 0.97


@pytest.mark.parametrize("kind", ["lake", "river", "sea"])
@pytest.mark.parametrize("biome", ["alpine", "meadow_hills", "tropical"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_water_lies_in_view_of_the_spawn(kind: WaterKind, biome: Biome, seed: int) -> None:
    land = land_of(biome, kind, seed)
    eye = 1.7
    heading = np.radians(np.linspace(-45.0, 45.0, 61))[:, None]
    distance = np.linspace(6.0, 125.0, 240)[None, :]
    x, z = distance * np.sin(heading), -distance * np.cos(heading)
    depth = water_depth_at(land.terrain, x, z)
    surface = ground_height(land.terrain, x, z) + depth
    elevation = (surface - eye) / distance
    seen = (elevation >= np.maximum.accumulate(elevation, axis=1) - 1e-6) & (depth > 0.05)
    assert seen.any(axis=1).mean() > 0.15
    assert 12.0 < float(shore_distance(land.terrain, 0.0, 0.0)) < 42.0


def test_the_sea_reaches_the_border_and_the_island_is_surrounded() -> None:
    far = land_of("coast", "", 1).terrain.levels[-1]
    assert (far.water_depth[0] > 0.0).mean() > 0.9
    island = land_of("tropical", "", 2, island=True)
    x, z = _ring(island.terrain.levels[1].half_size_m + 300.0)
    assert (water_depth_at(island.terrain, x, z) > 0.0).all()


def test_hill_stands_in_view_with_a_flat_top() -> None:
    for seed in (1, 2, 3, 4):
        land = land_of("meadow_hills", "lake", seed, hill=True)
        assert land.hill_top_xz is not None
        x, z = land.hill_top_xz
        assert abs(np.degrees(np.arctan2(x, -z))) < 50.0
        top = float(ground_height(land.terrain, x, z))
        assert 12.0 < top < 26.0
        ring_x, ring_z = _ring(4.0)
        assert np.abs(ground_height(land.terrain, x + ring_x, z + ring_z) - top).max() < 0.5


def test_land_options_show() -> None:
    def spread(land: ShapedLand) -> float:
        return float(land.terrain.levels[1].heights.std())

    def skyline(land: ShapedLand) -> float:
        heading = np.linspace(-np.pi, np.pi, 181)[:, None]
        distance = np.geomspace(300.0, 7000.0, 160)[None, :]
        height = ground_height(land.terrain, distance * np.sin(heading), -distance * np.cos(heading))
        return float(np.degrees(np.arctan((height - 1.7) / distance)).max(axis=1).mean())

    flat, wild = land_of("meadow_hills", "", 3, relief=0.0), land_of("meadow_hills", "", 3, relief=1.0)
    assert spread(flat) < 1.0
    assert spread(wild) > 4.0
    plain = land_of("meadow_hills", "", 3)
    ranges = land_of("meadow_hills", "", 3, mountains_in_distance=True)
    assert skyline(ranges) > skyline(plain) + 2.0
    assert skyline(land_of("alpine", "", 1)) > 10.0
    cliffs = land_of("meadow_hills", "", 3, cliffs=True).terrain.levels[1]
    gradient = np.hypot(*np.gradient(cliffs.heights, cliffs.spacing_m))
    assert (gradient > 1.5).sum() > 150


def test_size_is_respected() -> None:
    terrain = land_of("desert", "", 1, size_m=400.0).terrain
    assert terrain.levels[terrain.play_level].half_size_m == 200.0


def test_same_bytes_with_one_and_two_threads() -> None:
    spec = spec_of("alpine", "lake river", hill=True, cliffs=True)
    before = numba.get_num_threads()
    lands = []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            lands.append(shape_land(spec, DRAFT, 11))
    finally:
        numba.set_num_threads(before)
    for one, two in zip(lands[0].terrain.levels, lands[1].terrain.levels, strict=True):
        for field in ("heights", "water_depth", "moisture"):
            np.testing.assert_array_equal(getattr(one, field), getattr(two, field))


def test_seeds_differ() -> None:
    lands = [land_of("meadow_hills", "lake", seed) for seed in (1, 2, 3, 4)]
    for index, land in enumerate(lands):
        for other in lands[index + 1 :]:
            difference = land.terrain.levels[1].heights - other.terrain.levels[1].heights
            assert np.abs(difference).mean() > 0.5
            assert np.hypot(*np.subtract(land.waters[0].center_xz, other.waters[0].center_xz)) > 1.0
