"""How different two pictures look to somebody who flips between them.

LDR-FLIP after Andersson et al. 2020, "FLIP: A Difference Evaluator for Alternating Images". Colours are blurred as the
eye blurs them at the viewing distance and compared in a perceptual space; differences of edges and points then
weigh on top. It needs no weights, and its values can be averaged over pixels.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError

PIXELS_PER_DEGREE = 67.0
"""What the paper assumes: a 0.7 m wide screen with 3840 columns, seen from 0.7 m."""

_XYZ_FROM_RGB = np.array(
    [
        [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
        [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
        [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382],
    ]
)
"""Linear Rec. 709 with a D65 white to CIE XYZ, the exact fractions of the standard's chromaticities."""
_WHITE = _XYZ_FROM_RGB.sum(axis=1)
_SENSITIVITY = (((1.0, 0.0047), (0.0, 1e-5)), ((1.0, 0.0053), (0.0, 1e-5)), ((34.1, 0.04), (13.5, 0.025)))
"""Contrast sensitivity of the achromatic, red-green and blue-yellow channel: two Gaussians (weight, width) each."""
_COLOR_EXPONENT = 0.7
_KNEE = 0.4
_KNEE_VALUE = 0.95
_FEATURE_EXPONENT = 0.5
_FEATURE_WIDTH_DEG = 0.082


def flip_map(
    image: NDArray[np.float32], reference: NDArray[np.float32], *, pixels_per_degree: float = PIXELS_PER_DEGREE
) -> NDArray[np.float64]:
    """Perceived difference of every pixel, 0 (none) to 1; (H, W).

    Args:
        image: (H, W, 3) display-referred sRGB, 0 to 1.
        reference: The same size.
        pixels_per_degree: Pixels of the screen per degree of the viewer's field of view.

    Raises:
        InvalidInputError: Sizes differ or there are no pixels.
    """
    if image.shape != reference.shape or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise InvalidInputError(f"Pictures must be of one size (H, W, 3), not {image.shape} and {reference.shape}.")
    opponents = [_opponents(np.clip(picture.astype(np.float64), 0.0, 1.0)) for picture in (image, reference)]
    features = [_features((picture[..., 0] + 16.0) / 116.0, pixels_per_degree) for picture in opponents]
    feature = np.maximum(np.abs(features[0][0] - features[1][0]), np.abs(features[0][1] - features[1][1]))
    feature = np.clip(feature / math.sqrt(2.0), 0.0, 1.0) ** _FEATURE_EXPONENT
    seen = [_hunt(_lab(_filtered(picture, pixels_per_degree))) for picture in opponents]
    most = float(_hyab(_hunt(_lab(np.array([0.0, 1.0, 0.0]))), _hunt(_lab(np.array([0.0, 0.0, 1.0]))))) ** (
        _COLOR_EXPONENT
    )
    color = _hyab(seen[0], seen[1]) ** _COLOR_EXPONENT
    knee = _KNEE * most
    color = np.where(
        color < knee,
        color * (_KNEE_VALUE / knee),
        _KNEE_VALUE + (color - knee) / (most - knee) * (1.0 - _KNEE_VALUE),
    )
    difference: NDArray[np.float64] = np.clip(color, 0.0, 1.0) ** (1.0 - feature)
    return difference


def mean_flip(
    image: NDArray[np.float32], reference: NDArray[np.float32], *, pixels_per_degree: float = PIXELS_PER_DEGREE
) -> float:
    """Mean of :func:`flip_map`."""
    return float(flip_map(image, reference, pixels_per_degree=pixels_per_degree).mean())


def _opponents(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """YCxCz of sRGB pictures: like CIELAB, but linear in light."""
    xyz = linear_from_srgb(srgb.astype(np.float32)).astype(np.float64) @ _XYZ_FROM_RGB.T / _WHITE
    x, y, z = xyz[..., 0], xyz[..., 1], xyz[..., 2]
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def _filtered(opponents: NDArray[np.float64], pixels_per_degree: float) -> NDArray[np.float64]:
    """What the eye resolves, as linear Rec. 709 in 0 to 1."""
    widest = max(width for channel in _SENSITIVITY for _, width in channel)
    radius = math.ceil(3.0 * math.sqrt(widest / (2.0 * math.pi**2)) * pixels_per_degree)
    degrees = np.arange(-radius, radius + 1) / pixels_per_degree
    blurred = np.zeros_like(opponents)
    for channel, parts in enumerate(_SENSITIVITY):
        total = 0.0
        for weight, width in parts:
            # A Gaussian in two dimensions is the product of two in one, so a sum of two takes two passes.
            kernel = np.exp(-(math.pi**2) * degrees**2 / width)
            amount = weight * math.sqrt(math.pi / width) * kernel.sum() ** 2
            kernel /= kernel.sum()
            if weight:
                rows = correlate1d(opponents[..., channel], kernel, axis=0, mode="nearest")
                blurred[..., channel] += amount * correlate1d(rows, kernel, axis=1, mode="nearest")
                total += amount
        blurred[..., channel] /= total
    y = (blurred[..., 0] + 16.0) / 116.0
    xyz = np.stack([y + blurred[..., 1] / 500.0, y, y - blurred[..., 2] / 200.0], axis=-1) * _WHITE
    return np.clip(xyz @ np.linalg.inv(_XYZ_FROM_RGB).T, 0.0, 1.0)


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB of linear Rec. 709."""
    ratio = rgb @ _XYZ_FROM_RGB.T / _WHITE
    delta = 6.0 / 29.0
    f = np.where(ratio > delta**3, np.cbrt(ratio), ratio / (3.0 * delta**2) + 4.0 / 29.0)
    return np.stack(
        [116.0 * f[..., 1] - 16.0, 500.0 * (f[..., 0] - f[..., 1]), 200.0 * (f[..., 1] - f[..., 2])], axis=-1
    )


def _hunt(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB with chroma that fades with the light, as the Hunt effect has it."""
    adjusted = lab.copy()
    adjusted[..., 1:] *= 0.01 * lab[..., :1]
    return adjusted


def _hyab(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference of lightness plus distance of chroma (Abasi et al. 2020), fit for large differences."""
    difference = one - other
    distance: NDArray[np.float64] = np.abs(difference[..., 0]) + np.hypot(difference[..., 1], difference[..., 2])
    return distance


def _features(luminance: NDArray[np.float64], pixels_per_degree: float) -> tuple[NDArray[np.float64], ...]:
    """Strength of edges and of points in a picture, (H, W) each."""
    sigma = 0.5 * _FEATURE_WIDTH_DEG * pixels_per_degree
    radius = math.ceil(3.0 * sigma)
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2.0 * sigma**2))
    smooth /= smooth.sum()
    strengths = []
    for kernel in (-x * np.exp(-(x**2) / (2.0 * sigma**2)), (x**2 / sigma**2 - 1.0) * np.exp(-(x**2) / (2 * sigma**2))):
        balanced = np.where(kernel < 0.0, kernel / -kernel[kernel < 0.0].sum(), kernel / kernel[kernel > 0.0].sum())
        across = correlate1d(correlate1d(luminance, balanced, axis=1, mode="nearest"), smooth, axis=0, mode="nearest")
        down = correlate1d(correlate1d(luminance, balanced, axis=0, mode="nearest"), smooth, axis=1, mode="nearest")
        strengths.append(np.hypot(across, down))
    return tuple(strengths)
