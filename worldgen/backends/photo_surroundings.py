"""Surroundings fitted to a photo: turned so that they go on beside it, in its colours, with nothing left floating."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.membranes import fill_smoothly

_CONTRASTS = (0.7, 1.4)
"""Least and greatest change of contrast that matching may make."""
_KEPT = 0.5
"""Share of its lightness, as a plain gain would leave it, that every pixel keeps; of its darkness as well."""
_EDGE_PX = 0.8
"""Standard deviation, in pixels of 512 rows, of how softly the sky's grading passes into the land's."""
_CROWN_PX = 4.0
"""The same for how far from open sky a pixel may show sky between leaves."""
_OVER_PHOTO = 4.0
"""What a pixel of something over the photo's sky costs, in pixels of the border that do not fit at all."""
_TURN_ROWS = 128
_FEW_PIXELS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """How far grading may go: least and greatest factor of saturation, and gain of a channel beside the others."""

    saturations: tuple[float, float]
    tints: tuple[float, float]


_SKY_LIMITS = _Limits(saturations=(0.2, 1.4), tints=(0.85, 1.2))
_LAND_LIMITS = _Limits(saturations=(0.75, 1.2), tints=(0.94, 1.07))
"""On land another hue is mostly another plant, not another light."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FramedPhoto:
    """A photo on the sphere with its mirror image around it.

    image     (H, 2H, 3) float32  sRGB-encoded
    known     (H, 2H)    bool     within the photo
    nearness  (H, 2H)    float32  1 within it, falling to 0 where the mirror image ends
    is_sky    (H, 2H)    bool     sky within the photo or its mirror image
    """

    image: NDArray[np.float32]
    known: NDArray[np.bool_]
    nearness: NDArray[np.float32]
    is_sky: NDArray[np.bool_]


def columns_between(azimuth: float, wanted: float, width: int) -> int:
    """How many columns to the right a panorama must be rolled so that one azimuth comes to stand at another."""
    return round((wanted - azimuth) / (2.0 * math.pi) * width) % width


def best_turn(
    surroundings: NDArray[np.float32],
    their_sky: NDArray[np.bool_],
    photo: FramedPhoto,
) -> int:
    """How many columns to the right surroundings must be rolled so that they go on best beside a photo.

    Compared is the photo's mirror image beyond its borders with what would stand there: first of all where the sky
    ends, then colours. Over a photo whose upper border is sky nothing may stand: it would float.

    Args:
        surroundings: (H, 2H, 3) float32 sRGB-encoded, in the photo's colours.
        their_sky: (H, 2H), where they show the sky.
        photo: The photo.
    """
    step = max(1, len(surroundings) // _TURN_ROWS)
    coarse = np.s_[::step, ::step]
    photo_is_sky = photo.is_sky[coarse]
    known, nearness, image = photo.known[coarse], photo.nearness[coarse], photo.image[coarse]
    rows, columns = np.nonzero((nearness > 0.0) & ~known)
    if not len(rows):
        return 0
    theirs, open_sky, width = surroundings[coarse], their_sky[coarse], known.shape[1]
    wanted, wanted_sky, weight = image[rows, columns], photo_is_sky[rows, columns], nearness[rows, columns]
    top = known.argmax(axis=0)
    ends_in_sky = known.any(axis=0) & photo_is_sky[top, np.arange(width)]
    over_photo = (np.arange(len(known))[:, None] < top) & ends_in_sky
    over_rows, over_columns = np.nonzero(over_photo)
    costs = np.zeros(width)
    for turn in range(width):
        there = (columns - turn) % width
        differs = np.abs(theirs[rows, there] - wanted).mean(axis=1) + (open_sky[rows, there] != wanted_sky)
        floating = (~open_sky[over_rows, (over_columns - turn) % width]).sum()
        costs[turn] = float((differs * weight).sum() + _OVER_PHOTO * floating)
    return int(np.argmin(costs)) * step


def without_floating(
    surroundings: NDArray[np.float32], euclidean_depth: NDArray[np.float32], photo: FramedPhoto
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Surroundings without what the photo cuts off from the ground, such as the crown of a tree behind its sky.

    Args:
        surroundings: (H, 2H, 3) float32.
        euclidean_depth: (H, 2H), infinite where they show the sky.
        photo: What stands before them.

    Returns:
        Both with sky instead.
    """
    from scipy.ndimage import binary_dilation, label

    height, width = euclidean_depth.shape
    solid = np.isfinite(euclidean_depth)
    # Leaves belong to the twig beside them.
    reach = max(1, height // 256)
    joined = binary_dilation(solid & ~photo.known, np.ones((2 * reach + 1,) * 2, dtype=bool))
    pieces, count = label(np.concatenate([joined, joined], axis=1), np.ones((3, 3), dtype=np.int64))
    held = np.zeros(count + 1, dtype=bool)
    held[np.unique(pieces[height // 2 + reach :])] = True
    held[0] = False
    stands = held[pieces]
    floating = solid & ~photo.known & ~(stands[:, :width] | stands[:, width:])
    if not floating.any() or not (~solid).any():
        return surroundings, euclidean_depth
    # Pixels beside what floats show some of it.
    around = binary_dilation(floating, iterations=2 * reach)
    weights = (~(around | solid)).astype(np.float32)
    filled = fill_smoothly(surroundings, weights)
    return (
        np.where((around & (floating | ~solid))[..., None], filled, surroundings).astype(np.float32),
        np.where(floating, np.float32(np.inf), euclidean_depth).astype(np.float32),
    )


def match_colors(
    rendered: NDArray[np.float32],
    rendered_sky: NDArray[np.bool_],
    image: NDArray[np.float32],
    known: NDArray[np.bool_],
    image_sky: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Give a picture the mean and the contrast of a photo's colours, its sky and its land apart.

    Compared are pixels between the same elevations as the photo's, since a sky's colour depends on that.
    """
    up = equirectangular_rays(len(image))[..., 1]
    graded = []
    for here, there, limits in (
        (rendered_sky, image_sky & known, _SKY_LIMITS),
        (~rendered_sky, known & ~image_sky, _LAND_LIMITS),
    ):
        comparable = here
        if int(there.sum()) >= _FEW_PIXELS:
            low, high = np.percentile(up[there], (2.0, 98.0))
            level = here & (up >= low) & (up <= high)
            comparable = level if int(level.sum()) >= _FEW_PIXELS else here
        enough = min(int(there.sum()), int(comparable.sum())) >= _FEW_PIXELS
        graded.append(_graded(rendered, rendered[comparable], image[there], limits) if enough else rendered)
    share = _sky_shares(rendered, rendered_sky)[..., None]
    matched = graded[0] * share + graded[1] * (1.0 - share)
    return np.clip(matched, 0.0, 1.0).astype(np.float32)


def _sky_shares(rendered: NDArray[np.float32], rendered_sky: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How much of each pixel is graded as sky: all of the sky, some of its edge, and gaps between leaves."""
    from scipy.ndimage import gaussian_filter

    if not rendered_sky.any() or rendered_sky.all():
        return rendered_sky.astype(np.float32)
    pixel = max(1.0, len(rendered) / 512)
    sky = rendered_sky.astype(np.float32)
    edge, near = (gaussian_filter(sky, size * pixel, mode=("nearest", "wrap")) for size in (_EDGE_PX, _CROWN_PX))
    lightness = rendered.mean(axis=2)
    light_land = float(np.percentile(lightness[~rendered_sky], 90.0))
    light_sky = max(float(np.median(lightness[rendered_sky])), light_land + 0.05)
    # What is lighter than land mostly is, with sky around it, lets the sky through.
    gap = np.clip((lightness - light_land) / (light_sky - light_land), 0.0, 1.0) * np.clip(5.0 * near, 0.0, 1.0)
    return np.maximum(edge, gap).astype(np.float32)


def _graded(
    colors: NDArray[np.float32], ours: NDArray[np.float32], theirs: NDArray[np.float32], limits: _Limits
) -> NDArray[np.float32]:
    """Colours whose lightness and tint were made those of others, as far as ``ours`` and ``theirs`` differ.

    Lightness takes the others' mean and contrast, tint one gain per channel: what was grey in the shade stays so.
    """
    our_mean, their_mean = float(ours.mean()), float(theirs.mean())
    contrast = float(np.clip(theirs.mean(axis=1).std() / max(float(ours.mean(axis=1).std()), 1e-3), *_CONTRASTS))
    lightness = colors.mean(axis=-1, keepdims=True)
    wanted = (lightness - our_mean) * contrast + their_mean
    # What is far darker or lighter than the mean must neither drown in black nor burn out.
    darkest = _KEPT * lightness * min(their_mean / max(our_mean, 1e-3), 1.0)
    lightest = 1.0 - _KEPT * (1.0 - lightness) * min((1.0 - their_mean) / max(1.0 - our_mean, 1e-3), 1.0)
    wanted = np.clip(wanted, darkest, np.maximum(lightest, darkest))
    # Saturation first, so that clouds stay white where the blue between them pales; what is left is a tint.
    our_hue, their_hue = (values.mean(axis=0) / max(float(values.mean()), 1e-3) - 1.0 for values in (ours, theirs))
    saturation = np.clip(our_hue @ their_hue / max(float(our_hue @ our_hue), 1e-6), *limits.saturations)
    faded = lightness + (colors - lightness) * saturation
    gain = (1.0 + their_hue) / np.maximum(1.0 + our_hue * saturation, 1e-3)
    tinted = np.maximum(faded * np.clip(gain, *limits.tints), 0.0)
    return (tinted * (wanted / np.maximum(tinted.mean(axis=-1, keepdims=True), 1e-3))).astype(np.float32)
