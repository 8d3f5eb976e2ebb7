"""Linear and sRGB-encoded colour, and luminance: the only file that knows their constants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LUMINANCE_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Weights of linear Rec. 709 red, green and blue in relative luminance (ITU-R BT.709)."""


def srgb_from_linear(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """sRGB-encoded values of linear ones (IEC 61966-2-1), clipped to [0, 1]."""
    clipped = np.clip(linear, 0.0, 1.0).astype(np.float32)
    low = clipped * np.float32(12.92)
    high = np.float32(1.055) * np.power(clipped, np.float32(1.0 / 2.4)) - np.float32(0.055)
    return np.where(clipped <= 0.0031308, low, high).astype(np.float32)


def linear_from_srgb(encoded: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear values of sRGB-encoded ones in [0, 1] (IEC 61966-2-1)."""
    encoded = np.clip(encoded, 0.0, 1.0).astype(np.float32)
    low = encoded / np.float32(12.92)
    high = np.power((encoded + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.where(encoded <= 0.04045, low, high).astype(np.float32)


def bytes_from_unit(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Eight-bit values of numbers in [0, 1], rounded to the nearest and clipped."""
    return (np.clip(values, 0.0, 1.0) * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)
