"""Two equirectangular images blended band by band, so that coarse things cross over slowly and fine things fast.

Laplacian pyramids after Burt and Adelson, "A multiresolution spline with application to image mosaics", 1983; their
levels wrap around the seam.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.membranes import doubled

_COARSEST = 8


def blend_bands(
    first: NDArray[np.float32], second: NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Blend two images.

    Args:
        first: (H, 2H, C) float32; H is a power of two.
        second: The same.
        share: (H, 2H) float32, how much of ``first``.

    Returns:
        (H, 2H, C) float32.
    """
    shares = share[..., None].astype(np.float32)
    bands: list[NDArray[np.float32]] = []
    while len(shares) > _COARSEST:
        coarse_first, coarse_second = _halved(first), _halved(second)
        bands.append((first - doubled(coarse_first)) * shares + (second - doubled(coarse_second)) * (1.0 - shares))
        first, second, shares = coarse_first, coarse_second, _halved(shares)
    result = first * shares + second * (1.0 - shares)
    for band in reversed(bands):
        result = doubled(result) + band
    return np.asarray(result, dtype=np.float32)


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of blocks of 2 x 2."""
    rows = values[0::2] + values[1::2]
    return np.asarray((rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25))
