from __future__ import annotations

import numpy as np

from worldgen.builder.terrain.noise import (
    cell_noise,
    fbm,
    gradient_noise,
    gradient_noise_slope,
    hash_unit,
    ridged,
    smoothstep,
    soft_max,
    soft_min,
)


def _points(count: int) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(9)).uniform(-50.0, 50.0, (count, 2))


def test_slopes_are_those_of_the_noise() -> None:
    step = 1e-5
    for x, z in _points(200):
        value, slope_x, slope_z = gradient_noise_slope(x, z, 5)
        assert abs(value - gradient_noise(x, z, 5)) < 1e-12
        assert abs(slope_x - (gradient_noise(x + step, z, 5) - gradient_noise(x - step, z, 5)) / (2 * step)) < 1e-4
        assert abs(slope_z - (gradient_noise(x, z + step, 5) - gradient_noise(x, z - step, 5)) / (2 * step)) < 1e-4


def test_noise_is_centred_and_bounded() -> None:
    values = np.array([gradient_noise(x, z, 1) for x, z in _points(20000)])
    assert abs(values.mean()) < 0.02
    assert 0.25 < values.std() < 0.55
    assert np.abs(values).max() < 1.7
    ridges = np.array([ridged(x, z, 1, 5, 0.5) for x, z in _points(5000)])
    assert ridges.min() >= 0.0
    assert ridges.max() <= 1.0


def test_seeds_are_independent() -> None:
    points = _points(4000)
    one = np.array([fbm(x, z, 10, 3, 0.5) for x, z in points])
    two = np.array([fbm(x, z, 200, 3, 0.5) for x, z in points])
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.06


def test_hash_is_uniform() -> None:
    values = np.array([hash_unit(i, j, 3) for i in range(-60, 60) for j in range(-60, 60)])
    counts, _ = np.histogram(values, bins=16, range=(0.0, 1.0))
    assert np.abs(counts / len(values) * 16 - 1.0).max() < 0.15


def test_cells_order_their_distances() -> None:
    for x, z in _points(500):
        first, second, tag = cell_noise(x, z, 2)
        assert 0.0 <= first <= second
        assert 0.0 <= tag < 1.0


def test_soft_extremes_are_close_to_the_hard_ones() -> None:
    assert soft_min(1.0, 5.0, 1.0) == 1.0
    assert soft_max(1.0, 5.0, 1.0) == 5.0
    assert 0.0 < 1.0 - soft_min(1.0, 1.0, 0.4) <= 0.1 + 1e-12
    assert smoothstep(0.0, 1.0, -1.0) == 0.0
    assert smoothstep(0.0, 1.0, 2.0) == 1.0
    assert smoothstep(1.0, 0.0, 2.0) == 0.0
