"""Seam and poles of painted panoramas."""

from __future__ import annotations

import numpy as np

from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.panorama_seam import clean_poles, close_seam, seam_step
from worldgen.randomness import rng

HEIGHT = 64


def smooth() -> np.ndarray:
    rays = equirectangular_rays(HEIGHT)
    return (0.5 + 0.2 * rays + 0.2 * rays[..., [1, 2, 0]] * rays).astype(np.float32)


def test_pictures_of_the_sphere_are_left_as_they_are() -> None:
    picture = smooth()
    assert close_seam(picture) is picture
    assert np.abs(clean_poles(picture) - picture).max() < 0.012
    noise = rng(0, "noise").random((HEIGHT, 2 * HEIGHT, 3)).astype(np.float32)
    middle = slice(HEIGHT // 2 - 4, HEIGHT // 2 + 4)
    error = np.abs(clean_poles(noise)[middle] - noise[middle])
    assert error.mean() < 0.06


def test_poles_become_one_colour() -> None:
    noise = rng(1, "noise").random((HEIGHT, 2 * HEIGHT, 3)).astype(np.float32)
    clean = clean_poles(noise)
    around = np.abs(np.diff(clean, axis=1)).mean(axis=(1, 2))
    assert around[0] < 0.02
    assert around[-1] < 0.02
    assert np.abs(clean.mean(axis=1) - noise.mean(axis=1)).max() < 1e-5
    # On the sphere detail has the same size everywhere: steps per angle grow from the pole like those of its circle.
    assert around[HEIGHT // 2] > 10.0 * around[1]


def test_a_step_over_the_seam_is_spread() -> None:
    ramp = np.linspace(0.0, 0.12, 2 * HEIGHT, dtype=np.float32)[None, :, None]
    broken = smooth() + ramp
    before, usual = seam_step(broken)
    assert before > 5.0 * usual
    closed = close_seam(broken)
    after, usual = seam_step(closed)
    assert after <= 1.2 * usual
    # Far from the seam hardly anything changes, and detail stays.
    middle = slice(HEIGHT // 2, 3 * HEIGHT // 2)
    assert np.abs(closed - broken)[:, middle].max() < 0.06
    assert np.abs(np.diff(closed - broken, axis=1))[:, middle].max() < 0.01
