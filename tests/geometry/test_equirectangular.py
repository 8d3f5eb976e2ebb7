"""Pixels, rays and solid angles of equirectangular images, every pixel, seam and poles included."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.geometry.equirectangular import (
    equirectangular_rays,
    pixels_from_rays,
    rays_from_pixels,
    row_solid_angles,
    sample_equirectangular,
)
from worldgen.randomness import rng

HEIGHTS = [1, 2, 3, 64, 257]


@pytest.mark.parametrize("height", HEIGHTS)
def test_every_pixel_comes_back(height: int) -> None:
    rays = equirectangular_rays(height)
    assert rays.shape == (height, 2 * height, 3)
    assert np.abs(np.linalg.norm(rays, axis=-1) - 1.0).max() < 1e-12
    columns, rows = pixels_from_rays(rays * 3.7, height)
    assert np.abs(columns - (np.arange(2 * height) + 0.5)).max() < 1e-9
    assert np.abs(rows - (np.arange(height) + 0.5)[:, None]).max() < 1e-9


def test_the_convention() -> None:
    height = 8
    cases = {(8.0, 4.0): (0, 0, -1), (12.0, 4.0): (1, 0, 0), (4.0, 4.0): (-1, 0, 0), (0.0, 4.0): (0, 0, 1)}
    for (column, row), ray in cases.items():
        assert np.abs(rays_from_pixels(np.array(column), np.array(row), height) - ray).max() < 1e-12
    assert np.abs(rays_from_pixels(np.array(3.0), np.array(0.0), height) - (0, 1, 0)).max() < 1e-12
    assert np.abs(rays_from_pixels(np.array(3.0), np.array(8.0), height) - (0, -1, 0)).max() < 1e-12


def test_columns_stay_in_range_on_both_sides_of_the_seam() -> None:
    for x in (1e-300, -1e-300, 1e-17, -1e-17, 0.0, -0.0):
        columns, _ = pixels_from_rays(np.array([[x, 0.0, 1.0]]), 64)
        assert 0.0 <= columns[0] < 128.0


@pytest.mark.parametrize("y", [1.0, -1.0])
def test_the_poles_keep_full_precision(y: float) -> None:
    tilt = 1e-9
    _, rows = pixels_from_rays(np.array([[0.0, y, -tilt]]), 1000)
    from_pole = rows[0] if y > 0 else 1000 - rows[0]
    assert from_pole == pytest.approx(tilt / math.pi * 1000, rel=1e-3)


@pytest.mark.parametrize("height", HEIGHTS)
def test_solid_angles_cover_the_sphere(height: int) -> None:
    solid_angles = row_solid_angles(height)
    assert solid_angles.sum() * 2 * height == pytest.approx(4.0 * math.pi, rel=1e-12)
    assert (solid_angles > 0.0).all()
    assert np.allclose(solid_angles, solid_angles[::-1])


def test_turning_by_whole_columns_is_a_roll() -> None:
    height, shift = 32, 5
    image = rng(0, "image").random((height, 2 * height, 3)).astype(np.float32)
    angle = shift / (2 * height) * 2.0 * math.pi
    turn = np.array([[math.cos(angle), 0, -math.sin(angle)], [0, 1, 0], [math.sin(angle), 0, math.cos(angle)]])
    turned = sample_equirectangular(image, equirectangular_rays(height) @ turn.T)
    assert np.abs(turned - np.roll(image, -shift, axis=1)).max() < 1e-5


def test_sampling_is_exact_at_centres_and_continuous_over_seam_and_poles() -> None:
    height = 16
    rays = equirectangular_rays(height)
    smooth = np.stack([rays[..., 0], rays[..., 1], rays[..., 2]], axis=-1).astype(np.float32)
    assert np.abs(sample_equirectangular(smooth, rays) - smooth).max() < 1e-5
    directions = rng(1, "directions").normal(size=(5000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    error = np.abs(sample_equirectangular(smooth, directions) - directions).max(axis=1)
    # A smooth function sampled at 11° is off by less than half its curvature's share, at poles and seam too.
    assert error.max() < 0.02
