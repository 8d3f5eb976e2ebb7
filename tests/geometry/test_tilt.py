"""The tilt of a panorama from its vertical lines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.panorama_completion import turn_panorama
from worldgen.geometry.tilt import estimate_tilt

HEIGHT = 256


def colonnade() -> np.ndarray:  # type: ignore[type-arg]
    """Pillars all around between a floor and a sky, with some rough texture."""
    rays = equirectangular_rays(HEIGHT)
    azimuth = np.arctan2(rays[..., 0], -rays[..., 2])
    stripes = 0.5 + 0.3 * np.sign(np.sin(azimuth * 13.0)) * (np.abs(rays[..., 1]) < 0.6)
    rng = np.random.Generator(np.random.PCG64(3))
    grey = stripes + rng.normal(0.0, 0.03, stripes.shape)
    return np.repeat(grey[..., None], 3, axis=2).clip(0.0, 1.0).astype(np.float32)


def rotation(x_deg: float, z_deg: float) -> np.ndarray:  # type: ignore[type-arg]
    a, b = math.radians(x_deg), math.radians(z_deg)
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_z = np.array([[math.cos(b), -math.sin(b), 0], [math.sin(b), math.cos(b), 0], [0, 0, 1]])
    return about_x @ about_z


@pytest.mark.parametrize("tilt", [(0.0, 0.0), (5.0, 0.0), (0.0, -4.0), (3.0, 6.0), (-8.0, 2.0)])
def test_pillars_tell_the_tilt(tilt: tuple[float, float]) -> None:
    level = colonnade()
    world_from_camera = rotation(*tilt)
    seen = turn_panorama(level, world_from_camera)
    estimate = estimate_tilt(seen, np.ones(seen.shape[:2], dtype=bool))
    up = world_from_camera.T @ np.array([0.0, 1.0, 0.0])
    assert math.degrees(math.acos(min(1.0, float(up @ estimate.up_in_camera)))) < 0.7
    assert estimate.confidence > 0.5
    assert np.allclose(estimate.camera_from_level @ [0.0, 1.0, 0.0], estimate.up_in_camera)
    assert np.allclose(estimate.camera_from_level.T @ estimate.camera_from_level, np.eye(3))


def test_noise_and_plain_pictures_give_no_confidence() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    noise = rng.random((HEIGHT, 2 * HEIGHT, 3)).astype(np.float32)
    known = np.ones(noise.shape[:2], dtype=bool)
    assert estimate_tilt(noise, known).confidence < 0.3
    plain = estimate_tilt(np.full_like(noise, 0.5), known)
    assert (plain.confidence, plain.angle) == (0.0, 0.0)


def test_one_pair_of_lines_is_not_enough() -> None:
    """The edges of one tower say nothing of the tilt towards it, so they must not turn the panorama."""
    rays = equirectangular_rays(HEIGHT)
    picture = np.where(rays[..., 1:2] > 0.0, (0.5, 0.7, 0.9), (0.3, 0.4, 0.2))
    picture[(np.abs(rays[..., 0]) < -0.2 * rays[..., 2]) & (np.abs(rays[..., 1]) < 0.4)] = (0.4, 0.3, 0.2)
    estimate = estimate_tilt(picture.astype(np.float32), np.ones(picture.shape[:2], dtype=bool))
    assert estimate.confidence < 0.3
