"""The sky as an environment, from the part of it that a panorama shows between everything else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.membranes import fill_smoothly

SKY_HEIGHT = 512
_LEAST_SHARE = 0.002
_EDGE_PX = 2
_GROUND_BLEND = 0.08
"""Sine of the angle below the horizon over which the sky becomes ground."""


def sky_from_panorama(
    radiance: NDArray[np.float32], is_sky: NDArray[np.bool_], *, height: int = SKY_HEIGHT
) -> NDArray[np.float32]:
    """An environment of the sky alone: what hides it is filled in smoothly, the lower half is the ground's mean.

    Args:
        radiance: (H, 2H, 3) float32 linear.
        is_sky: (H, 2H).
        height: Rows wanted, a power of two; fewer if the panorama has fewer.

    Returns:
        (h, 2h, 3) float32; the panorama itself where it shows next to no sky, as indoors.
    """
    from scipy.ndimage import binary_erosion

    step = max(1, len(radiance) // height)
    rows = len(radiance) // step
    # Pixels at an edge are half tree, half sky; they would draw the trees' outline into the sky.
    inner = binary_erosion(np.pad(is_sky, _EDGE_PX, mode="wrap"), iterations=_EDGE_PX)
    inner = inner[_EDGE_PX:-_EDGE_PX, _EDGE_PX:-_EDGE_PX]
    weight = _block_means(inner[..., None].astype(np.float32), rows, step)[..., 0]
    small = _block_means(radiance, rows, step)
    if weight.mean() < _LEAST_SHARE:
        return small
    sums = _block_means(np.where(inner[..., None], radiance, 0.0).astype(np.float32), rows, step)
    colors = sums / np.maximum(weight, 1e-6)[..., None]
    sky = fill_smoothly(colors.astype(np.float32), (weight > 0.5).astype(np.float32))
    below = -equirectangular_rays(rows)[..., 1]
    ground = small[(below > 0.2) & (weight < 0.5)]
    mean = ground.mean(axis=0) if len(ground) else sky[rows // 2 :].mean(axis=(0, 1))
    share = np.clip(below / _GROUND_BLEND, 0.0, 1.0)[..., None].astype(np.float32)
    return np.asarray(np.maximum(sky * (1.0 - share) + mean * share, 0.0), dtype=np.float32)


def _block_means(values: NDArray[np.float32], rows: int, step: int) -> NDArray[np.float32]:
    if step == 1:
        return values
    blocks = values.reshape(rows, step, 2 * rows, step, values.shape[2])
    return blocks.mean(axis=(1, 3), dtype=np.float32)
