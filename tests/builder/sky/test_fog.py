"""How far one sees."""

import itertools

import numpy as np
import pytest

from worldgen.builder.sky.fog import build_fog, scale_height_m, visibility_m
from worldgen.spec.model import Weather, WorldSpec


def test_visibility_at_the_ends() -> None:
    assert visibility_m(0.1) == pytest.approx(25_000.0)
    assert visibility_m(1.0) == pytest.approx(30.0)
    assert visibility_m(0.0) == pytest.approx(60_000.0)


def test_fog_thickens_and_sinks_steadily() -> None:
    amounts = np.linspace(0.0, 1.0, 21)
    seen = [visibility_m(float(fog)) for fog in amounts]
    heights = [scale_height_m(float(fog)) for fog in amounts]
    assert all(a > b for a, b in itertools.pairwise(seen))
    assert all(a >= b for a, b in itertools.pairwise(heights))


def test_clear_air_is_bluish_and_fog_is_grey() -> None:
    clear = build_fog(WorldSpec(weather=Weather(fog=0.1))).extinction_per_m
    thick = build_fog(WorldSpec(weather=Weather(fog=0.9))).extinction_per_m
    assert clear[2] > 1.5 * clear[0]
    assert thick[2] == pytest.approx(thick[0])
    assert min(thick) > 50.0 * max(clear)


def test_contrast_vanishes_at_the_visibility() -> None:
    fog = build_fog(WorldSpec(weather=Weather(fog=1.0)))
    assert np.exp(-np.mean(fog.extinction_per_m) * 30.0) == pytest.approx(0.02, rel=1e-6)
    assert fog.falloff_per_m > 0.0
