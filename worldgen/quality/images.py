"""How alike two pictures are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from worldgen.errors import InvalidInputError

_SSIM_SIGMA = 1.5
_SSIM_TRUNCATE = 3.5
_C1 = 0.01**2
_C2 = 0.03**2


def psnr(image: NDArray[np.float32], reference: NDArray[np.float32], *, mask: NDArray[np.bool_] | None = None) -> float:
    """Peak signal-to-noise ratio in decibels for values in 0 to 1; +inf for equal pictures.

    Args:
        image: (H, W, 3) display-referred.
        reference: (H, W, 3) display-referred.
        mask: (H, W) pixels that count; all without it.

    Raises:
        InvalidInputError: Sizes differ, or no pixel counts.
    """
    return psnr_from_error(mean_squared_error(image, reference, mask=mask))


def psnr_from_error(squared_error: float) -> float:
    """Decibels of a mean squared error of values in 0 to 1; +inf for 0."""
    return math.inf if squared_error == 0.0 else -10.0 * math.log10(squared_error)


def mean_squared_error(
    image: NDArray[np.float32], reference: NDArray[np.float32], *, mask: NDArray[np.bool_] | None = None
) -> float:
    """Mean squared difference over the pixels and channels that count; arguments as for :func:`psnr`."""
    chosen = _require_alike(image, reference, mask)
    difference = image.astype(np.float64) - reference
    return float(np.mean((difference * difference)[chosen]))


def ssim(image: NDArray[np.float32], reference: NDArray[np.float32], *, mask: NDArray[np.bool_] | None = None) -> float:
    """Structural similarity, 1 for equal pictures: mean over channels and the pixels that count.

    After Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity", with their
    Gaussian window of 1.5 pixels (11 wide), population statistics and a dynamic range of 1.

    Args:
        image: (H, W, 3) display-referred.
        reference: (H, W, 3) display-referred.
        mask: (H, W) pixels whose windows count; all without it.

    Raises:
        InvalidInputError: Sizes differ, or no pixel counts.
    """
    chosen = _require_alike(image, reference, mask)
    total = 0.0
    for channel in range(3):
        x, y = image[..., channel].astype(np.float64), reference[..., channel].astype(np.float64)
        mean_x, mean_y = _window(x), _window(y)
        variance_x = _window(x * x) - mean_x * mean_x
        variance_y = _window(y * y) - mean_y * mean_y
        covariance = _window(x * y) - mean_x * mean_y
        similarity = ((2.0 * mean_x * mean_y + _C1) * (2.0 * covariance + _C2)) / (
            (mean_x * mean_x + mean_y * mean_y + _C1) * (variance_x + variance_y + _C2)
        )
        total += float(np.mean(similarity[chosen]))
    return total / 3.0


def _window(values: NDArray[np.float64]) -> NDArray[np.float64]:
    smooth: NDArray[np.float64] = gaussian_filter(values, _SSIM_SIGMA, truncate=_SSIM_TRUNCATE, mode="reflect")
    return smooth


def _require_alike(
    image: NDArray[np.float32], reference: NDArray[np.float32], mask: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Check sizes; the pixels that count."""
    if image.shape != reference.shape or image.ndim != 3 or image.shape[2] != 3:
        raise InvalidInputError(f"Pictures must be of one size (H, W, 3), not {image.shape} and {reference.shape}.")
    if mask is None:
        mask = np.ones(image.shape[:2], dtype=bool)
    if mask.shape != image.shape[:2] or mask.dtype != np.bool_:
        raise InvalidInputError(f"The mask must be a bool array of shape {image.shape[:2]}, not {mask.shape}.")
    if not mask.any():
        raise InvalidInputError("No pixel of the pictures counts.")
    return mask
