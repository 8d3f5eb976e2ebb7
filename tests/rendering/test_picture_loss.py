"""The loss of pictures: its derivatives against finite differences, its similarity against the metric's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.quality.images import ssim
from worldgen.randomness import rng
from worldgen.rendering.picture_loss import (
    DEPTH_SHARE,
    ROUNDING,
    SSIM_SHARE,
    make_true_picture,
    picture_gradients,
    picture_loss,
    smooth,
)

HEIGHT, WIDTH = 23, 31


def pictures(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Colours, transmittance and inverse depth, smooth but for some noise."""
    random = rng(seed, "pictures")
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    waves = 0.5 + 0.3 * np.sin(0.2 * rows[..., None] + 0.3 * columns[..., None] * random.random(3) + seed)
    rgb = np.clip(waves + random.normal(scale=0.05, size=(HEIGHT, WIDTH, 3)), 0.0, 1.0)
    transmittance = 0.2 * random.random((HEIGHT, WIDTH))
    return (
        rgb.astype(np.float32),
        transmittance.astype(np.float32),
        random.uniform(0.1, 0.5, (HEIGHT, WIDTH)).astype(np.float32),
    )


def true_depth() -> NDArray[np.float32]:
    depth = rng(3, "depth").uniform(2.0, 9.0, (HEIGHT, WIDTH)).astype(np.float32)
    depth[:4] = np.inf
    return depth


@pytest.mark.parametrize("part", [0, 2])
def test_derivatives_are_those_of_finite_differences(part: int) -> None:
    images = pictures(1)
    truth = make_true_picture(pictures(2)[0], true_depth())
    analytic = picture_gradients(*images, truth=truth)[part].astype(np.float64)
    random = rng(4, "directions")
    for _ in range(4):
        direction = random.normal(size=images[part].shape).astype(np.float32)
        step = np.float32(2e-3)
        losses = []
        for sign in (1.0, -1.0):
            moved = list(images)
            moved[part] = moved[part] + np.float32(sign) * step * direction
            losses.append(picture_loss(*moved, truth=truth))
        numeric = (losses[0] - losses[1]) / (2.0 * float(step))
        assert numeric == pytest.approx((analytic * direction).sum(), abs=0.02 * np.abs(analytic * direction).sum())


def test_nothing_pulls_at_a_perfect_picture() -> None:
    rgb, _, _ = pictures(1)
    depth = true_depth()
    truth = make_true_picture(rgb, depth)
    clear = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    nearness = (1.0 / depth).astype(np.float32)
    gradients = picture_gradients(rgb, clear, nearness, truth=truth)
    assert np.abs(gradients[0]).max() < 1e-3 / rgb.size
    assert not gradients[2].any()
    assert picture_loss(rgb, clear, nearness, truth=truth) == pytest.approx(0.0, abs=1e-5)


def test_unknown_depth_and_sky_count_for_nothing() -> None:
    rgb, transmittance, nearness = pictures(1)
    assert not picture_gradients(rgb, transmittance, nearness, truth=make_true_picture(rgb, None))[2].any()
    gradient = picture_gradients(rgb, transmittance, nearness, truth=make_true_picture(rgb, true_depth()))[2]
    assert not gradient[:4].any()
    assert gradient[4:].any()


def test_similarity_is_that_of_the_metric() -> None:
    # Beyond the border the two differ, so frames of black make the borders alike.
    rgb, other = pictures(1)[0], pictures(2)[0]
    for picture in (rgb, other):
        picture[:6] = picture[-6:] = picture[:, :6] = picture[:, -6:] = 0.0
    truth = make_true_picture(other, None)
    ones = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    loss = picture_loss(rgb, ones, ones, truth=truth)
    distance = np.abs(rgb - other)
    huber = np.where(distance < ROUNDING, 0.5 * distance**2 / ROUNDING, distance - 0.5 * ROUNDING).mean()
    expected = (1.0 - SSIM_SHARE) * huber + SSIM_SHARE * (1.0 - ssim(rgb, other))
    assert loss == pytest.approx(expected, abs=2e-5)
    assert DEPTH_SHARE > 0.0


def test_smoothing_is_its_own_adjoint() -> None:
    random = rng(5, "planes")
    x, y = (random.normal(size=(2, HEIGHT, WIDTH)).astype(np.float32) for _ in range(2))
    assert np.vdot(smooth(x), y) == pytest.approx(np.vdot(x, smooth(y)), rel=1e-3)
    assert smooth(np.ones((1, 40, 40), dtype=np.float32))[0, 20, 20] == pytest.approx(1.0, abs=1e-6)
