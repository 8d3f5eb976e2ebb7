"""Fog against numerical integration, and its light against the sky that it comes from."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tests.scenes import gradient_sky
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.rendering.atmosphere import SKY_PATH_M, apply_fog, fog_radiance, fog_transmittance, sky_transmittance
from worldgen.scene.scene import Fog


@pytest.mark.parametrize("falloff", [0.0, 1e-7, 1e-3, 0.02])
@pytest.mark.parametrize("base", [-20.0, 15.0])
def test_transmittance_equals_quadrature(falloff: float, base: float) -> None:
    fog = Fog(extinction_per_m=(0.0004, 0.001, 0.002), falloff_per_m=falloff, base_height_m=base)
    generator = np.random.Generator(np.random.PCG64(1))
    rays = generator.normal(size=(60, 3)) * [1.0, 0.3, 1.0]
    rays[:3, 1] = (0.0, 1e-9, -1e-6)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    depth = generator.uniform(1.0, 900.0, 60).astype(np.float32)
    eye_m = 12.0
    steps = 4000
    places = (np.arange(steps) + 0.5) / steps
    heights = eye_m + rays[:, 1:2] * depth[:, None] * places
    mean_density = np.exp(-falloff * (heights - base)).mean(axis=1)
    expected = np.exp(-np.outer(mean_density * depth, fog.extinction_per_m))
    np.testing.assert_allclose(fog_transmittance(fog, rays, depth, eye_m), expected, rtol=2e-4, atol=1e-6)


def test_extremes_stay_finite() -> None:
    fog = Fog(extinction_per_m=(0.1, 0.1, 0.1), falloff_per_m=0.5, base_height_m=0.0)
    rays = np.array([[0.0, -1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    depth = np.array([np.inf, np.inf, 1e-6], dtype=np.float32)
    for height in (-500.0, 0.0, 5000.0):
        with np.errstate(all="raise", under="ignore"):
            through = fog_transmittance(fog, rays, depth, height)
        assert np.isfinite(through).all()
        assert (through >= 0.0).all()
        assert (through <= 1.0).all()


def test_depth_only_takes_light_away_and_height_gives_it_back() -> None:
    fog = Fog(extinction_per_m=(0.001, 0.001, 0.001), falloff_per_m=0.01, base_height_m=0.0)
    level = np.tile([[0.0, 0.0, -1.0]], (50, 1))
    depth = np.linspace(1.0, 5000.0, 50).astype(np.float32)
    assert (np.diff(fog_transmittance(fog, level, depth, 2.0)[:, 0]) < 0.0).all()
    through = [fog_transmittance(fog, level[:1], depth[-1:], height)[0, 0] for height in (0.0, 50.0, 200.0, 800.0)]
    assert through == sorted(through)


def test_far_land_and_sky_become_one_at_the_horizon() -> None:
    fog = Fog(extinction_per_m=(0.0006, 0.0007, 0.0008), falloff_per_m=0.002, base_height_m=0.0)
    level = np.array([[0.6, 0.0, -0.8]])
    far = np.array([SKY_PATH_M * 0.9], dtype=np.float32)
    assert fog_transmittance(fog, level, far, 2.0).max() < 1e-4
    assert sky_transmittance(fog, level, 2.0).max() < 1e-4


def test_clear_air_hides_nothing_of_the_sky_above() -> None:
    clear = Fog(extinction_per_m=(1e-4, 1.5e-4, 2.5e-4), falloff_per_m=1.0 / 1200.0, base_height_m=0.0)
    dense = dataclasses.replace(clear, extinction_per_m=(0.02, 0.02, 0.02), falloff_per_m=1.0 / 60.0)
    elevation = np.radians([0.0, 3.0, 10.0, 30.0, 90.0])
    rays = np.stack([np.cos(elevation), np.sin(elevation), np.zeros(5)], axis=1)
    through = sky_transmittance(clear, rays, 2.0)[:, 1]
    assert (np.diff(through) >= 0.0).all()
    assert through[0] < 0.2
    assert through[2] > 0.55
    assert through[-1] > 0.95
    assert sky_transmittance(dense, rays, 2.0)[-1, 1] < 0.5


def test_fog_takes_the_colour_of_the_horizon() -> None:
    sky = dataclasses.replace(gradient_sky(), key_irradiance=(0.0, 0.0, 0.0))
    rays = equirectangular_rays(32)
    light = fog_radiance(sky, rays)
    band = sky.environment[27:32].mean(axis=(0, 1))
    np.testing.assert_allclose(light[16], np.tile(band, (64, 1)), rtol=0.15)
    # A sky that is red in the west and blue in the east: fog is too, without a jump at the seam, and even overhead.
    sided = np.zeros((64, 128, 3), dtype=np.float32)
    sided[:, :64, 0], sided[:, 64:, 2] = 1.0, 1.0
    light = fog_radiance(dataclasses.replace(sky, environment=sided), rays)
    assert light[16, 16, 0] > 0.9 > 0.1 > light[16, 16, 2]
    assert light[16, 48, 2] > 0.9 > 0.1 > light[16, 48, 0]
    steps = np.abs(np.diff(np.concatenate([light, light[:, :1]], axis=1), axis=1))
    assert steps.max() < 0.2
    assert np.ptp(light[0], axis=0).max() < 0.02


def test_fog_glows_towards_the_sun() -> None:
    sky = gradient_sky()
    towards = fog_radiance(sky, sky.key_direction_in_world[None])
    away = fog_radiance(sky, sky.key_direction_in_world[None] * [[-1.0, 1.0, -1.0]])
    assert (towards > away * 1.1).all()


def test_air_mixes_what_is_seen_with_what_it_scatters() -> None:
    radiance = np.array([[1.0, 2.0, 3.0]], dtype=np.float32)
    scattered = np.array([[5.0, 5.0, 5.0]], dtype=np.float32)
    for through, expected in ((1.0, radiance), (0.0, scattered), (0.5, (radiance + scattered) / 2.0)):
        share = np.full((1, 3), through, dtype=np.float32)
        np.testing.assert_allclose(apply_fog(radiance, share, scattered), expected)
    assert math.isclose(SKY_PATH_M, 30_000.0)
