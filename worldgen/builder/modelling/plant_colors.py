"""Colours of plants: palettes per season, variation from leaf to leaf, and snow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from worldgen.builder.modelling.branches import Doubles
from worldgen.color import LUMINANCE_WEIGHTS, linear_from_srgb

SNOW_COLOR: Doubles = np.array([0.86, 0.88, 0.92])
"""Linear albedo of fresh snow."""


def from_srgb(*color: int) -> Doubles:
    """Linear colour (3,) of eight-bit sRGB numbers."""
    encoded = np.array(color, dtype=np.float32) / np.float32(255.0)
    return linear_from_srgb(encoded).astype(np.float64)


def palette(*colors: tuple[int, int, int]) -> Doubles:
    """Linear colours (K, 3) of eight-bit sRGB ones."""
    return np.stack([from_srgb(*color) for color in colors])


def pick(colors: Doubles, count: int, generator: np.random.Generator, *, spread: float = 0.35) -> Doubles:
    """Colours (count, 3) around one random mixture of a palette; ``spread`` 1 uses the whole palette evenly."""
    if len(colors) == 1:
        return np.repeat(colors, count, axis=0)
    favourite = generator.dirichlet(np.ones(len(colors)))
    weights = favourite * (1.0 - spread) + spread / len(colors)
    chosen = generator.choice(len(colors), size=count, p=weights / weights.sum())
    other = generator.choice(len(colors), size=count, p=weights / weights.sum())
    share = generator.uniform(0.0, 0.5, count)[:, None]
    mixed: Doubles = colors[chosen] * (1.0 - share) + colors[other] * share
    return mixed


def vary(colors: Doubles, generator: np.random.Generator, *, brightness: float, hue: float) -> Doubles:
    """Colours with random brightness and a random shift between yellowish and bluish."""
    count = len(colors)
    gain = np.exp(generator.normal(0.0, brightness, count))[:, None]
    warmth = generator.normal(0.0, hue, count)[:, None] * np.array([1.0, 0.15, -0.8])
    varied: Doubles = np.clip(colors * gain * (1.0 + warmth), 0.0, 1.0)
    return varied


def faded(colors: Doubles, amount: float) -> Doubles:
    """Colours moved towards the grey of the same luminance."""
    grey = (colors @ LUMINANCE_WEIGHTS.astype(np.float64))[..., None]
    mixed: Doubles = colors * (1.0 - amount) + grey * amount
    return mixed


def blend(colors: Doubles, other: Doubles | Sequence[float], amounts: ArrayLike) -> Doubles:
    """``colors`` (N, 3) moved towards ``other`` by ``amounts`` (N,) or one, 0 to 1."""
    share = np.asarray(amounts, dtype=np.float64)
    share = share[..., None] if share.ndim else share
    mixed: Doubles = colors * (1.0 - share) + np.asarray(other) * share
    return mixed


def smoothstep(low: float, high: float, values: Doubles) -> Doubles:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    smooth: Doubles = t * t * (3.0 - 2.0 * t)
    return smooth
