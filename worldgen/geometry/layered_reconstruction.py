"""A panorama with depth, taken apart into layers whose hidden parts are filled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.depth_denoising import remove_noise
from worldgen.geometry.depth_edges import (
    VISIT_REACH_M,
    DepthCuts,
    find_depth_cuts,
    sharpen_depth_edges,
)
from worldgen.geometry.exemplar_fill import fill_by_example
from worldgen.geometry.hidden_background import find_hidden_depth
from worldgen.geometry.membranes import fill_smoothly
from worldgen.geometry.panorama_layers import LayeredPanorama, PanoramaLayer
from worldgen.scene.arrays import require_array

Repaint = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Filled colours (H, 2H, 3), the hidden layer's depth (H, 2H), infinite where it has nothing, and the depth of what
stands in front of it → the colours anew; what they are outside the layer does not matter."""

_EDGE_PX = 2
"""Pixels this near to an edge mix two surfaces' colours and are not copied from."""
_SKY_HEIGHT = 256


def take_apart(
    colors: NDArray[np.float32],
    euclidean_depth: NDArray[np.float32],
    *,
    reach_m: float = VISIT_REACH_M,
    is_exact: bool = False,
    repaint: Repaint | None = None,
) -> LayeredPanorama:
    """Find depth edges, cut the surfaces in front there, and fill depth and colour of what they hide.

    Args:
        colors: (H, 2H, 3) float32 display-referred.
        euclidean_depth: (H, 2H) float32 metres, infinite for the sky.
        reach_m: How far from the camera the world shall be looked at from.
        is_exact: Whether the depth is exact to the pixel; any other is freed of noise and made sharp at edges.
        repaint: Paints hidden layers anew after exemplars have filled them.

    Returns:
        The seen layer and one or two hidden ones.

    Raises:
        InvalidInputError: Shapes do not fit, a colour is not finite or a depth is not positive.
    """
    require_array("take_apart", "euclidean_depth", euclidean_depth, ("H", "W"), np.float32, finite=False)
    require_array("take_apart", "colors", colors, (*euclidean_depth.shape, 3), np.float32)
    if not is_exact:
        euclidean_depth = sharpen_depth_edges(remove_noise(euclidean_depth, colors), colors)
    seen = PanoramaLayer(euclidean_depth=euclidean_depth, colors=colors, is_seen=True)
    cuts = find_depth_cuts(euclidean_depth, reach_m=reach_m)
    first, second, origins = find_hidden_depth(euclidean_depth, cuts, reach_m=reach_m)
    sources = seen.mask & ~near_cuts(cuts, _EDGE_PX)
    layers = [seen]
    front = euclidean_depth
    for hidden in (first, second):
        targets = np.isfinite(hidden)
        if not targets.any():
            break
        behind = np.where(targets, hidden, front).astype(np.float32)
        filled = fill_by_example(layers[-1].colors, behind, targets, sources & ~targets, origins)
        if repaint is not None:
            filled = repaint(filled, hidden, front)
        layers.append(PanoramaLayer(euclidean_depth=hidden, colors=filled, is_seen=False))
        front = behind
    is_sky = ~seen.mask
    return LayeredPanorama(layers=tuple(layers), sky=_sky_behind(colors, is_sky), is_open=bool(is_sky.any()))


def near_cuts(cuts: DepthCuts, distance_px: int) -> NDArray[np.bool_]:
    """(H, 2H) which pixels lie within some pixels of a depth edge, on either side of it."""
    near = cuts.right | np.roll(cuts.right, 1, axis=1) | cuts.down
    near[1:] |= cuts.down[:-1]
    for _ in range(distance_px - 1):
        wide = near | np.roll(near, 1, axis=1) | np.roll(near, -1, axis=1)
        wide[1:] |= near[:-1]
        wide[:-1] |= near[1:]
        near = wide
    return near


def _sky_behind(colors: NDArray[np.float32], is_sky: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The sky, also behind what hides it: smooth from its own pixels; the picture itself where there is no sky."""
    from scipy.ndimage import map_coordinates

    if not is_sky.any():
        return colors
    height = len(colors)
    inner = is_sky.copy()
    for shift in (-2, -1, 1, 2):
        inner &= np.roll(is_sky, shift, axis=1)
    inner[:-2] &= is_sky[2:]
    inner[2:] &= is_sky[:-2]
    if not inner.any():
        inner = is_sky
    rows = _SKY_HEIGHT
    while rows > height:
        rows //= 2
    # Sums over the pixels that fall into each pixel of a small map, whatever the panorama's size.
    row = np.arange(height) * rows // height
    column = np.arange(2 * height) * rows // height
    place = (row[:, None] * 2 * rows + column[None])[inner]
    size = 2 * rows * rows
    counts = np.bincount(place, minlength=size).astype(np.float32)
    sums = np.stack([np.bincount(place, colors[inner][:, c], minlength=size) for c in range(3)], axis=1)
    small = (sums / np.maximum(counts, 1.0)[:, None]).astype(np.float32).reshape(rows, 2 * rows, 3)
    small = fill_smoothly(small, (counts > 0).astype(np.float32).reshape(rows, 2 * rows))
    padded = np.pad(small, ((1, 1), (1, 1), (0, 0)), mode="wrap")
    padded[0], padded[-1] = padded[1], padded[-2]
    down = (np.arange(height) + 0.5) * rows / height + 0.5
    across = (np.arange(2 * height) + 0.5) * rows / height + 0.5
    places = np.broadcast_arrays(down[:, None], across[None])
    large = np.stack([map_coordinates(padded[..., c], places, order=1, mode="nearest") for c in range(3)], axis=-1)
    return np.where(inner[..., None], colors, large).astype(np.float32)
