"""FLIP: nothing for equal pictures, the paper's formulas for even ones, more for what looks worse."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from worldgen.errors import InvalidInputError
from worldgen.quality.flip import flip_map, mean_flip
from worldgen.randomness import rng


def even(*color: float) -> NDArray[np.float32]:
    return np.full((24, 32, 3), color, dtype=np.float32)


def textured(seed: int = 0) -> NDArray[np.float32]:
    noise = rng(seed, "flip").random((48, 64, 3))
    smooth = gaussian_filter(noise, (2.0, 2.0, 0.0))
    return ((smooth - smooth.min()) / (smooth.max() - smooth.min())).astype(np.float32)


def test_equal_pictures_do_not_differ() -> None:
    assert flip_map(textured(), textured()).max() == 0.0


def test_black_and_white_differ_as_the_formulas_say() -> None:
    # Lightness differs by 100, chroma not at all; green and blue, the paper's largest difference, are 308.9 apart.
    lab = {"green": (87.735, -86.183, 83.180), "blue": (32.297, 79.188, -107.860)}
    hunt = {name: (light, 0.01 * light * a, 0.01 * light * b) for name, (light, a, b) in lab.items()}
    green, blue = hunt["green"], hunt["blue"]
    most = (abs(green[0] - blue[0]) + np.hypot(green[1] - blue[1], green[2] - blue[2])) ** 0.7
    expected = 0.95 + (100.0**0.7 - 0.4 * most) / (0.6 * most) * 0.05
    assert flip_map(even(0.0, 0.0, 0.0), even(1.0, 1.0, 1.0)) == pytest.approx(expected, abs=1e-4)
    assert mean_flip(even(0.0, 1.0, 0.0), even(0.0, 0.0, 1.0)) == pytest.approx(1.0, abs=1e-6)


def test_the_difference_is_symmetric_and_grows_with_the_damage() -> None:
    picture = textured()
    noise = rng(1, "flip").normal(size=picture.shape)
    damaged = [np.clip(picture + amount * noise, 0.0, 1.0).astype(np.float32) for amount in (0.02, 0.06, 0.2)]
    values = [mean_flip(one, picture) for one in damaged]
    assert values == sorted(values)
    assert 0.0 < values[0] < values[-1] < 1.0
    assert mean_flip(picture, damaged[1]) == pytest.approx(values[1], abs=1e-12)


def test_noise_too_fine_to_see_counts_less_than_the_same_noise_seen_large() -> None:
    fine = np.indices((48, 64)).sum(axis=0) % 2
    coarse = (np.indices((48, 64)) // 8).sum(axis=0) % 2
    grey = np.full((48, 64, 3), 0.5, dtype=np.float32)
    values = [
        mean_flip((0.45 + 0.1 * pattern[..., None] * np.ones(3)).astype(np.float32), grey) for pattern in (fine, coarse)
    ]
    assert values[0] < 0.6 * values[1]


def test_pictures_of_different_sizes_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="one size"):
        flip_map(even(0.0, 0.0, 0.0), textured())
