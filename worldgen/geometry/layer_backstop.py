"""What stands closely behind all layers of a panorama, coarse and smooth: it shows only through their gaps."""

from __future__ import annotations

import numpy as np

from worldgen.geometry.depth_edges import inverse_depth
from worldgen.geometry.panorama_layers import LayeredPanorama, PanoramaLayer

_GAP = 0.97
"""Inverse depth over that of the farthest surface around."""
_FEWEST_ROWS = 4


def backstop_layer(layered: LayeredPanorama, *, most_rows: int) -> PanoramaLayer | None:
    """A coarse layer closely behind everything that the layers show; above the horizon only inside silhouettes.

    Args:
        layered: The layers that it shall stand behind.
        most_rows: It has the panorama's rows, halved until there are no more than these.

    Returns:
        Its depth, and the colours of the last layer, smooth; None where there is nothing to stand behind.
    """
    from scipy.ndimage import minimum_filter

    height = layered.height
    step = 1
    while height // step > most_rows:
        step *= 2
    if height % step or height // step < _FEWEST_ROWS:
        return None
    rows = height // step
    farthest = np.full((rows, 2 * rows), np.inf, dtype=np.float32)
    is_whole = np.ones((rows, 2 * rows), dtype=bool)
    for index, layer in enumerate(layered.layers):
        blocks = inverse_depth(layer.euclidean_depth).reshape(rows, step, 2 * rows, step)
        farthest = np.minimum(farthest, np.where(blocks > 0.0, blocks, np.inf).min(axis=(1, 3)))
        if index == 0:
            is_whole = np.asarray((blocks > 0.0).all(axis=(1, 3)))
    if layered.is_open:
        # Above the horizon it must not come out from behind a silhouette, where the sky is seen.
        inner = minimum_filter(is_whole, size=3, mode=("nearest", "wrap"))
        is_whole[: rows // 2] = inner[: rows // 2]
    if not is_whole.any():
        return None
    around = minimum_filter(farthest, size=3, mode=("nearest", "wrap"))
    colors = layered.layers[-1].colors.reshape(rows, step, 2 * rows, step, 3).mean(axis=(1, 3))
    with np.errstate(divide="ignore"):
        depth = np.float32(1.0) / (_GAP * around)
    return PanoramaLayer(
        euclidean_depth=np.where(is_whole & np.isfinite(around), depth, np.float32(np.inf)).astype(np.float32),
        colors=colors.astype(np.float32),
        is_seen=False,
    )
