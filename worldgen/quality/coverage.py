"""Where a picture of a world shows nothing, or things at the wrong distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError

HOLE_ALPHA = 0.5
"""A pixel that is less opaque than this counts as a hole."""


def hole_ratio(
    alpha: NDArray[np.float32], *, threshold: float = HOLE_ALPHA, mask: NDArray[np.bool_] | None = None
) -> float:
    """Share of pixels that are less opaque than a threshold.

    Args:
        alpha: (H, W) opacity, 0 to 1.
        threshold: What counts as opaque.
        mask: (H, W) pixels that count; all without it.

    Raises:
        InvalidInputError: The mask does not fit, or no pixel counts.
    """
    chosen = _chosen(alpha, mask)
    return float(np.mean(alpha[chosen] < threshold))


def depth_error_ratio(
    euclidean_depth: NDArray[np.float32],
    reference: NDArray[np.float32],
    *,
    tolerance: float = 0.1,
    mask: NDArray[np.bool_] | None = None,
) -> float:
    """Share of pixels with a surface in the reference whose depth is off by more than a part of the true one.

    Args:
        euclidean_depth: (H, W) metres; +inf counts as wrong.
        reference: (H, W) metres, +inf for the sky.
        tolerance: The part that is let pass.
        mask: (H, W) pixels that count; all without it.

    Raises:
        InvalidInputError: Sizes differ, or no pixel with a surface counts.
    """
    if euclidean_depth.shape != reference.shape:
        raise InvalidInputError(f"Depths must be of one size, not {euclidean_depth.shape} and {reference.shape}.")
    solid = np.isfinite(reference)
    chosen = _chosen(reference, solid if mask is None else solid & mask)
    measured, true = euclidean_depth[chosen].astype(np.float64), reference[chosen].astype(np.float64)
    return float(np.mean(~(np.abs(measured - true) <= tolerance * true)))


def _chosen(values: NDArray[np.float32], mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    if mask is None:
        mask = np.ones(values.shape, dtype=bool)
    if mask.shape != values.shape:
        raise InvalidInputError(f"The mask must have the shape {values.shape}, not {mask.shape}.")
    if not mask.any():
        raise InvalidInputError("No pixel counts.")
    return mask
