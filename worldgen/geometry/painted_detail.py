"""A painted panorama brought back to the exact geometry that it was painted over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.panorama_completion import resized

_INNER_PX = 2
_SLACK = 0.04
"""How far detail may leave the range of the colours painted around it."""
_DETAIL_LIMIT = 0.25
"""Fine detail of a rendering may change a painted colour by so much."""


def with_fine_detail(
    painted: NDArray[np.float32], rendered: NDArray[np.float32], painted_height: int
) -> NDArray[np.float32]:
    """Give an enlarged painting the detail of the rendering that is finer than what was painted.

    Args:
        painted: (H, 2H, 3) sRGB-encoded, enlarged.
        rendered: (H, 2H, 3) sRGB-encoded, of the same size.
        painted_height: Rows that were painted.

    Returns:
        (H, 2H, 3) float32, 0 to 1.
    """
    height = len(rendered)
    if painted_height >= height:
        return painted
    coarse = resized(rendered, 2 * painted_height, painted_height, wraps=True)
    detail = rendered - resized(coarse, 2 * height, height, wraps=True)
    grey = np.clip(detail.mean(axis=-1, keepdims=True), -_DETAIL_LIMIT, _DETAIL_LIMIT)
    return _within_reach(painted + grey, painted, max(2, height // painted_height + 1))


def _within_reach(result: NDArray[np.float32], painted: NDArray[np.float32], reach_px: int) -> NDArray[np.float32]:
    """A picture whose colours lie between those painted nearby, give or take a little: detail makes no halos."""
    from scipy.ndimage import maximum_filter, minimum_filter

    size = (2 * reach_px + 1, 2 * reach_px + 1, 1)
    low = np.maximum(minimum_filter(painted, size=size, mode=("nearest", "wrap", "nearest")) - _SLACK, 0.0)
    high = np.minimum(maximum_filter(painted, size=size, mode=("nearest", "wrap", "nearest")) + _SLACK, 1.0)
    return np.clip(result, low, high).astype(np.float32)


def keep_skyline(
    painted: NDArray[np.float32], rendered: NDArray[np.float32], is_sky: NDArray[np.bool_], *, reach_px: int
) -> NDArray[np.float32]:
    """Put back what a painting moved over the border between sky and land.

    A pixel near the border whose painted colour is more like the other side's than like its own side's takes its own
    side's mean colour nearby, with the rendering's deviation from the rendering's mean.

    Args:
        painted: (H, 2H, 3) sRGB-encoded.
        rendered: (H, 2H, 3) sRGB-encoded rendering that the labels are exact for.
        is_sky: (H, 2H).
        reach_px: How far from the border colours may have been moved.

    Returns:
        (H, 2H, 3) float32; equal to ``painted`` away from the border.
    """
    from scipy.ndimage import binary_dilation

    if is_sky.all() or not is_sky.any():
        return painted
    margin = 3 * reach_px + _INNER_PX
    sides = [np.pad(side, ((0, 0), (margin, margin)), mode="wrap") for side in (is_sky, ~is_sky)]
    wide_painted, wide_rendered = (
        np.pad(item, ((0, 0), (margin, margin), (0, 0)), mode="wrap") for item in (painted, rendered)
    )
    # Colours right at the border belong to neither side.
    inner = [side & ~binary_dilation(~side, iterations=reach_px) for side in sides]
    window = 6 * reach_px + 1
    painted_means = [_means(wide_painted, side, window) for side in inner]
    rendered_means = [_means(wide_rendered, side, window) for side in inner]
    result = wide_painted.copy()
    changed = np.zeros_like(is_sky)
    for own, other in ((0, 1), (1, 0)):
        (mean, known), (there, known_there) = painted_means[own], painted_means[other]
        near = sides[own] & binary_dilation(sides[other], iterations=reach_px) & known & known_there
        distance_own = np.abs(wide_painted - mean).sum(axis=-1)
        distance_other = np.abs(wide_painted - there).sum(axis=-1)
        moved = near & (distance_other < distance_own)
        deviation = wide_rendered - rendered_means[own][0]
        result[moved] = (mean + deviation)[moved]
        changed |= moved[:, margin:-margin]
    kept = _within_reach(np.ascontiguousarray(result[:, margin:-margin]), painted, 2 * reach_px)
    return np.where(changed[..., None], kept, painted).astype(np.float32)


def _means(
    values: NDArray[np.float32], where: NDArray[np.bool_], window: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean of the marked pixels in a square around each pixel, and where there are any."""
    from scipy.ndimage import uniform_filter

    weight = uniform_filter(where.astype(np.float32), size=window, mode="nearest")
    known = weight > 0.5 / window**2
    sums = np.stack(
        [uniform_filter(np.where(where, values[..., c], 0.0), size=window, mode="nearest") for c in range(3)], axis=-1
    )
    return (sums / np.maximum(weight, 1e-9)[..., None]).astype(np.float32), known


def depth_picture(euclidean_depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth as depth-conditioned models know it: inverse, near is 1, far and sky are 0.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky.

    Returns:
        (H, 2H) float32, 0 to 1: inverse depth between its 2nd and 98th percentile, over what is no sky.
    """
    with np.errstate(divide="ignore"):
        inverse = np.where(np.isfinite(euclidean_depth), 1.0 / euclidean_depth, 0.0)
    land = inverse[inverse > 0.0]
    if land.size == 0:
        return np.zeros(euclidean_depth.shape, dtype=np.float32)
    low, high = np.percentile(land, (2.0, 98.0))
    scaled = (inverse - min(low, 0.5 * high)) / max(high - min(low, 0.5 * high), 1e-9)
    return np.clip(np.where(inverse > 0.0, scaled, 0.0), 0.0, 1.0).astype(np.float32)
