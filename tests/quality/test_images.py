"""Picture metrics against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.errors import InvalidInputError
from worldgen.quality.images import mean_squared_error, psnr, psnr_from_error, ssim
from worldgen.randomness import rng


def picture(seed: int, height: int = 40, width: int = 60) -> np.ndarray:
    return rng(seed, "picture").random((height, width, 3)).astype(np.float32)


def test_psnr_of_a_known_difference() -> None:
    image = np.full((8, 9, 3), 0.5, dtype=np.float32)
    assert psnr(image + np.float32(0.1), image) == pytest.approx(20.0, abs=1e-4)
    assert psnr(image, image) == math.inf
    assert psnr_from_error(0.01) == pytest.approx(20.0)


def test_psnr_counts_only_the_mask() -> None:
    image, mask = picture(0), np.zeros((40, 60), dtype=bool)
    mask[:10, :10] = True
    worse = image.copy()
    worse[20:, 20:] = 0.0
    assert psnr(worse, image, mask=mask) == math.inf
    assert psnr(worse, image) < 20.0
    worse[:10, :10] += np.float32(0.01)
    assert psnr(worse, image, mask=mask) == pytest.approx(40.0, abs=0.01)


def test_error_is_symmetric_and_zero_only_for_equal_pictures() -> None:
    one, two = picture(1), picture(2)
    assert mean_squared_error(one, two) == pytest.approx(mean_squared_error(two, one))
    assert mean_squared_error(one, two) == pytest.approx(np.mean((one.astype(np.float64) - two) ** 2))
    assert mean_squared_error(one, one) == 0.0


def test_ssim_of_equal_inverted_and_constant_pictures() -> None:
    image = picture(3)
    assert ssim(image, image) == pytest.approx(1.0)
    assert ssim(1.0 - image, image) < -0.5
    low, high = np.full_like(image, 0.2), np.full_like(image, 0.8)
    luminance_only = (2.0 * 0.2 * 0.8 + 0.01**2) / (0.2**2 + 0.8**2 + 0.01**2)
    assert ssim(low, high) == pytest.approx(luminance_only, abs=1e-4)


def test_ssim_matches_the_definition_at_one_pixel() -> None:
    one, two = picture(4), picture(5)
    offset = np.arange(-5, 6)
    kernel = np.exp(-0.5 * (offset / 1.5) ** 2)
    weights = np.outer(kernel, kernel)
    weights /= weights.sum()
    mask = np.zeros((40, 60), dtype=bool)
    mask[20, 30] = True
    expected = 0.0
    for channel in range(3):
        x = one[15:26, 25:36, channel].astype(np.float64)
        y = two[15:26, 25:36, channel].astype(np.float64)
        mx, my = (weights * x).sum(), (weights * y).sum()
        vx, vy = (weights * x * x).sum() - mx**2, (weights * y * y).sum() - my**2
        cov = (weights * x * y).sum() - mx * my
        expected += ((2 * mx * my + 1e-4) * (2 * cov + 9e-4)) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)) / 3.0
    assert ssim(one, two, mask=mask) == pytest.approx(expected, abs=1e-9)


def test_more_noise_scores_worse() -> None:
    smooth = np.tile(np.linspace(0.0, 1.0, 60, dtype=np.float32)[None, :, None], (40, 1, 3))
    noise = rng(6, "noise").normal(size=smooth.shape).astype(np.float32)
    noisy = [smooth + np.float32(level) * noise for level in (0.01, 0.05, 0.2)]
    for metric in (psnr, ssim):
        scores = [metric(image, smooth) for image in noisy]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("metric", [psnr, ssim, mean_squared_error])
def test_wrong_input_is_told(metric) -> None:  # type: ignore[no-untyped-def]
    image = picture(7)
    with pytest.raises(InvalidInputError, match="one size"):
        metric(image, image[:-1])
    with pytest.raises(InvalidInputError, match="No pixel"):
        metric(image, image, mask=np.zeros((40, 60), dtype=bool))
    with pytest.raises(InvalidInputError, match="mask"):
        metric(image, image, mask=np.ones((40, 61), dtype=bool))
