"""From radiance to pictures: one exposure for a world, and a filmic curve.

The curve is a log-logistic sigmoid per channel (Naka and Rushton, "S-potentials from luminosity units in the retina
of fish", 1966, as in darktable's "sigmoid"), which has a soft toe and an endless shoulder. It works on channels
that are drawn a little towards grey before and pushed back a little less after it, so that bright
colours run to white instead of to a primary (the idea of Troy Sobotka's AgX, 2022; constants and matrices are ours).

By night the rods see, which know no colours: what is dark in a dark world fades towards a bluish grey (the shift that
Purkinje described in 1825), while lamps and lit windows keep theirs.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS, linear_from_srgb, srgb_from_linear

_MID_GREY = 0.18
_CONTRAST = 1.3
_WHITE = 14.0
"""Exposed radiance that becomes display white: 6.3 stops above mid grey."""
_INSET = 0.16
_OUTSET = 0.12
_VIBRANCE = 0.12

_REFERENCE_LUMINANCE = 0.45
"""Typical luminance of a sunlit landscape, in the sky's units, and ..."""
_REFERENCE_EXPOSURE = 0.4
"""... the exposure that suits it."""
_BRIGHT_ADAPTATION = 0.1
"""Share of the stops above the reference that is taken back: little, so that snow and sand look bright."""
_DARK_ADAPTATION = ((0.0, 0.0), (3.0, 2.2), (8.0, 5.1), (16.0, 7.5))
"""Stops below the reference, and how many of them are given back: most of a dull day's, half of a night's."""
_SKY_WEIGHT = 0.45
"""Weight of a panorama's upper half: what stands on the ground shall be well exposed, the sky may be bright."""
_HIGHLIGHT_PERCENTILE = 97.0
_HIGHLIGHT_LIMIT = 3.2
_MAX_DARKENING = 0.4
_USUAL_ALBEDO = 0.25
_PALE_GAIN = 0.9
"""Share of the stops by which the land is paler than usual that a dull picture of it is brightened."""
_PALE_STOPS = (2.0, 5.0)
"""Stops below the reference between which that comes to an end: nights stay dark."""
_PALE_HIGHLIGHT = 0.75
"""Exposed radiance of the brights up to which that goes: sunlit snow is bright already, snow in a storm is not."""
_PERCENTILES = (4.0, 96.0)
_NIGHT_EXPOSURES = (5.0, 9.0)
"""Exposures from which eyes begin to see as by night, beyond a dark wood on a dull day, and do so altogether."""
_ROD_SHARE = 0.52
_ROD_LIMIT = 0.03
"""Radiance at which rods give way to cones: moonlit ground lies below it, what lamps shine on above."""
_ROD_TINT = np.array([0.74, 0.99, 1.86], dtype=np.float32)
"""What grey looks like to them; it keeps the luminance."""


def auto_exposure(
    radiance: NDArray[np.float32], weights: NDArray[np.floating] | None = None, *, land_albedo: float = _USUAL_ALBEDO
) -> float:
    """The factor on radiance that makes a picture of a world look right.

    The sky's units are absolute, so a snowfield and a forest under one sun take nearly the same exposure, as with a
    light meter that is held into the light. In less light the eye adapts only in part: a dull day is nearly as bright
    as a sunny one, a night stays dark. How much light there is says the logarithmic mean of the luminance without
    its darkest and brightest few per cent. At last the brights are kept from burning out.

    Args:
        radiance: (H, W, 3) linear.
        weights: (H, W) or (H, 1) importance of each pixel, such as its solid angle. None takes an image that is twice
            as wide as high for equirectangular, with the sky counting less than the land, and weighs any other evenly.
        land_albedo: Mean albedo of what is not sky, if it is known; pale land shall look pale in a storm too.

    Returns:
        Positive factor.
    """
    height, width = radiance.shape[:2]
    if weights is None:
        weights = np.ones((height, 1))
        if width == 2 * height:
            weights[:, 0] = np.sin((np.arange(height) + 0.5) / height * math.pi)
            weights[: height // 2] *= _SKY_WEIGHT
    luminance = np.maximum(radiance.astype(np.float64) @ LUMINANCE_WEIGHTS.astype(np.float64), 1e-6).reshape(-1)
    share = np.broadcast_to(weights, (height, width)).reshape(-1).astype(np.float64)
    low, high, bright = _weighted_percentiles(luminance, share, (*_PERCENTILES, _HIGHLIGHT_PERCENTILE))
    mean = math.exp(float(np.average(np.log(np.clip(luminance, low, high)), weights=share)))
    stops = math.log2(_REFERENCE_LUMINANCE / mean)
    given = _BRIGHT_ADAPTATION * stops if stops < 0.0 else float(np.interp(stops, *np.transpose(_DARK_ADAPTATION)))
    exposure = _REFERENCE_EXPOSURE * 2.0**given
    if land_albedo > _USUAL_ALBEDO:
        by_day = float(np.interp(stops, _PALE_STOPS, (1.0, 0.0)))
        paler = exposure * (land_albedo / _USUAL_ALBEDO) ** (_PALE_GAIN * by_day)
        exposure = max(exposure, min(paler, _PALE_HIGHLIGHT / bright))
    return min(exposure, max(_HIGHLIGHT_LIMIT / bright, _MAX_DARKENING * exposure))


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
    return srgb_from_linear(_display_linear(linear, exposure, _night_share(exposure))).reshape(shape)


def radiance_from_display(colors: NDArray[np.float32], exposure: float) -> NDArray[np.float32]:
    """Radiance that :func:`tone_map` makes given display colours of, as nearly as its curve can.

    The curve's steps keep the luminance, so each can be undone; only how far colours were pushed apart depends on the
    result and is found by iterating. Colours more vivid than the curve can make become the most vivid ones it can.

    Args:
        colors: (..., 3) sRGB-encoded, 0 to 1.
        exposure: Factor from :func:`auto_exposure`.

    Returns:
        (..., 3) float32 linear.
    """
    linear = np.ascontiguousarray(linear_from_srgb(colors), dtype=np.float32).reshape(-1, 3)
    return _undone(linear, exposure, _night_share(exposure)).reshape(colors.shape)


def _night_share(exposure: float) -> float:
    """Share of the rods in seeing what is darkest in a world of an exposure."""
    first, last = (math.log2(value) for value in _NIGHT_EXPOSURES)
    share = min(max((math.log2(max(exposure, 1e-9)) - first) / (last - first), 0.0), 1.0)
    return _ROD_SHARE * share * share * (3.0 - 2.0 * share)


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


@numba.njit(cache=True, inline="always")
def _rods(luminance: float, night: float) -> float:
    ratio = luminance / _ROD_LIMIT
    return night / (1.0 + ratio * ratio)


@numba.njit(parallel=True, cache=True)
def _display_linear(radiance: NDArray[np.float32], exposure: float, night: float) -> NDArray[np.float32]:
    result = np.zeros_like(radiance)
    wr, wg, wb = LUMINANCE_WEIGHTS[0], LUMINANCE_WEIGHTS[1], LUMINANCE_WEIGHTS[2]
    for index in numba.prange(len(radiance)):
        red = max(radiance[index, 0], 0.0) * exposure
        green = max(radiance[index, 1], 0.0) * exposure
        blue = max(radiance[index, 2], 0.0) * exposure
        grey = wr * red + wg * green + wb * blue
        if night > 0.0:
            rods = _rods(grey / exposure, night)
            red += rods * (grey * _ROD_TINT[0] - red)
            green += rods * (grey * _ROD_TINT[1] - green)
            blue += rods * (grey * _ROD_TINT[2] - blue)
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


@numba.njit(cache=True, inline="always")
def _undone_sigmoid(value: float) -> float:
    grey = _MID_GREY**_CONTRAST
    white = _WHITE**_CONTRAST
    half = grey * (white - _MID_GREY * white) / (_MID_GREY * white - grey)
    value = min(max(value, 0.0), 1.0)
    return (value * half * white / (white + half - value * white)) ** (1.0 / _CONTRAST)


@numba.njit(parallel=True, cache=True)
def _undone(colors: NDArray[np.float32], exposure: float, night: float) -> NDArray[np.float32]:
    result = np.zeros_like(colors)
    wr, wg, wb = LUMINANCE_WEIGHTS[0], LUMINANCE_WEIGHTS[1], LUMINANCE_WEIGHTS[2]
    for index in numba.prange(len(colors)):
        red, green, blue = colors[index, 0], colors[index, 1], colors[index, 2]
        grey = wr * red + wg * green + wb * blue
        gain = 1.0 / (1.0 - _OUTSET)
        for _ in range(8):
            top = grey + (max(red, green, blue) - grey) / gain
            bottom = grey + (min(red, green, blue) - grey) / gain
            saturation = (top - bottom) / top if top > 1e-6 else 0.0
            gain = (1.0 / (1.0 - _OUTSET)) * (1.0 + _VIBRANCE * (1.0 - saturation) * (1.0 - grey))
        red = _undone_sigmoid(grey + (red - grey) / gain)
        green = _undone_sigmoid(grey + (green - grey) / gain)
        blue = _undone_sigmoid(grey + (blue - grey) / gain)
        grey = wr * red + wg * green + wb * blue
        red = max((red - grey * _INSET) / (1.0 - _INSET), 0.0) / exposure
        green = max((green - grey * _INSET) / (1.0 - _INSET), 0.0) / exposure
        blue = max((blue - grey * _INSET) / (1.0 - _INSET), 0.0) / exposure
        if night > 0.0:
            grey = wr * red + wg * green + wb * blue
            rods = _rods(grey, night)
            red = max((red - rods * grey * _ROD_TINT[0]) / (1.0 - rods), 0.0)
            green = max((green - rods * grey * _ROD_TINT[1]) / (1.0 - rods), 0.0)
            blue = max((blue - rods * grey * _ROD_TINT[2]) / (1.0 - rods), 0.0)
        result[index, 0], result[index, 1], result[index, 2] = red, green, blue
    return result
