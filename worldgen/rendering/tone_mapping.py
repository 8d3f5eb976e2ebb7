"""From radiance to pictures: one exposure for a world, and a filmic curve.

The curve is a log-logistic sigmoid per channel (Naka and Rushton, "S-potentials from luminosity units in the retina
of fish", 1966, as in darktable's "sigmoid"), which has a soft toe and an endless shoulder. It works on channels
that are drawn a little towards grey before and pushed back a little less after it, so that bright
colours run to white instead of to a primary (the idea of Troy Sobotka's AgX, 2022; constants and matrices are ours).
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS, srgb_from_linear

_MID_GREY = 0.18
_CONTRAST = 1.42
_WHITE = 14.0
"""Exposed radiance that becomes display white: 6.3 stops above mid grey."""
_INSET = 0.16
_OUTSET = 0.12
_VIBRANCE = 0.22

_REFERENCE_LUMINANCE = 0.55
"""Typical luminance of a sunlit landscape in the sky's units, which is shown as it is."""
_ADAPTATION_DARK = 0.72
_ADAPTATION_BRIGHT = 0.72
_HIGHLIGHT_PERCENTILE = 97.0
_HIGHLIGHT_LIMIT = 1.9
_PERCENTILES = (4.0, 96.0)


def auto_exposure(radiance: NDArray[np.float32], weights: NDArray[np.floating] | None = None) -> float:
    """The factor on radiance that makes a picture of a world look right.

    The eye adapts only in part: a snowfield is shown brighter than a forest and a night darker than a day. So the
    logarithmic mean of the luminance, without its darkest and brightest few per cent, is brought to mid grey only
    by a part of its distance (in stops) from a typical sunlit landscape; then the brights are kept from burning out.

    Args:
        radiance: (H, W, 3) linear.
        weights: (H, W) or (H, 1) importance of each pixel, such as its solid angle; None weighs the rows of an
            image that is twice as wide as high as equirectangular and all else evenly.

    Returns:
        Positive factor.
    """
    height, width = radiance.shape[:2]
    if weights is None:
        rows = np.sin((np.arange(height) + 0.5) / height * math.pi) if width == 2 * height else np.ones(height)
        weights = rows[:, None]
    luminance = np.maximum(radiance.astype(np.float64) @ LUMINANCE_WEIGHTS.astype(np.float64), 1e-6).reshape(-1)
    share = np.broadcast_to(weights, (height, width)).reshape(-1).astype(np.float64)
    low, high, bright = _weighted_percentiles(luminance, share, (*_PERCENTILES, _HIGHLIGHT_PERCENTILE))
    mean = math.exp(float(np.average(np.log(np.clip(luminance, low, high)), weights=share)))
    stops = math.log2(mean / _REFERENCE_LUMINANCE)
    adapted = stops * (_ADAPTATION_BRIGHT if stops > 0.0 else _ADAPTATION_DARK)
    exposure = _MID_GREY / _REFERENCE_LUMINANCE * 2.0**-adapted
    return min(exposure, max(_HIGHLIGHT_LIMIT / bright, 0.35 * exposure))


def tone_map(radiance: NDArray[np.float32], exposure: float) -> NDArray[np.float32]:
    """Display-referred colours of radiance.

    Args:
        radiance: (..., 3) linear.
        exposure: Factor from :func:`auto_exposure`.

    Returns:
        (..., 3) float32, sRGB-encoded, 0 to 1.
    """
    shape = radiance.shape
    linear = np.ascontiguousarray(radiance, dtype=np.float32).reshape(-1, 3)
    return srgb_from_linear(_display_linear(linear, exposure)).reshape(shape)


def _weighted_percentiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], percentiles: tuple[float, ...]
) -> NDArray[np.float64]:
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    places = np.searchsorted(cumulative, np.array(percentiles) / 100.0 * cumulative[-1])
    return values[order][np.minimum(places, len(values) - 1)]


@numba.njit(cache=True, inline="always")
def _sigmoid(value: float) -> float:
    # Mid grey stays mid grey, _WHITE becomes 1.
    grey = _MID_GREY**_CONTRAST
    white = _WHITE**_CONTRAST
    half = grey * (white - _MID_GREY * white) / (_MID_GREY * white - grey)
    power = max(value, 0.0) ** _CONTRAST
    return power / (power + half) * (white + half) / white


@numba.njit(parallel=True, cache=True)
def _display_linear(radiance: NDArray[np.float32], exposure: float) -> NDArray[np.float32]:
    result = np.zeros_like(radiance)
    wr, wg, wb = LUMINANCE_WEIGHTS[0], LUMINANCE_WEIGHTS[1], LUMINANCE_WEIGHTS[2]
    for index in numba.prange(len(radiance)):
        red = max(radiance[index, 0], 0.0) * exposure
        green = max(radiance[index, 1], 0.0) * exposure
        blue = max(radiance[index, 2], 0.0) * exposure
        grey = wr * red + wg * green + wb * blue
        red = _sigmoid(red + (grey - red) * _INSET)
        green = _sigmoid(green + (grey - green) * _INSET)
        blue = _sigmoid(blue + (grey - blue) * _INSET)
        grey = wr * red + wg * green + wb * blue
        top, bottom = max(red, green, blue), min(red, green, blue)
        saturation = (top - bottom) / top if top > 1e-6 else 0.0
        # Muted colours gain most, so skin-like and leaf-like hues grow rich before vivid ones turn garish.
        gain = (1.0 / (1.0 - _OUTSET)) * (1.0 + _VIBRANCE * (1.0 - saturation) * (1.0 - grey))
        result[index, 0] = min(max(grey + (red - grey) * gain, 0.0), 1.0)
        result[index, 1] = min(max(grey + (green - grey) * gain, 0.0), 1.0)
        result[index, 2] = min(max(grey + (blue - grey) * gain, 0.0), 1.0)
    return result
