"""Which pixels of a level panorama are sky: by gradient, position, colour and connection.

First a border per column: the highest strong gradient, at the threshold that separates the colours above and below
best (Shen and Wang, "Sky region detection in a single image for autonomous ground robot navigation", 2013). Then what
lies within or beneath that border, between branches say, joins where its colour is what the sky around leads to expect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.membranes import doubled, fill_smoothly
from worldgen.scene.arrays import freeze, require_array

_THRESHOLDS = np.geomspace(0.012, 0.5, 28)
_GRAIN_PX, _PHOTO_GRAIN = 0.8, 1.3 / 512
"""Standard deviation of what evens out noise: in pixels, and for photos, which have more of it, in heights."""
_LEAST_SHARE = 0.03
"""Share of the upper half that sky covers at least; below, the panorama is taken for an interior."""
_LOWEST = math.radians(4.0)
"""How far below the horizon sky may be seen."""
_TOLERANCE = (0.04, 4.0, 0.1)
"""How far a hue may be from the expected one: at least, in units of the sky's own scatter, and at most."""
_MOST_DARKER = 0.13
"""Share by which sky may be darker than the clear sky around it."""
_ROUNDS = 3
_COARSE_HEIGHT = 128
_FAINT = 3.0
"""Misfit over the limit up to which something that floats in the sky is taken for a cloud."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SkyMask:
    """The sky of a panorama.

    is_sky      (H, 2H) bool
    confidence  (H, 2H) float32  of what ``is_sky`` says, 0 to 1
    """

    is_sky: NDArray[np.bool_]
    confidence: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check shapes."""
        is_sky = require_array("SkyMask", "is_sky", self.is_sky, ("H", "W"), np.bool_)
        confidence = require_array("SkyMask", "confidence", self.confidence, is_sky.shape, np.float32)
        freeze(self, is_sky=is_sky, confidence=confidence)


def find_sky(rgb: NDArray[np.float32], known: NDArray[np.bool_] | None = None) -> SkyMask:
    """Separate the sky of a level panorama.

    Args:
        rgb: (H, 2H, 3) float32 sRGB-encoded; H is a power of two, 128 to 1024 are sensible.
        known: (H, 2H), which pixels count, for a photo on the sphere; the others are never sky.

    Returns:
        The mask; nowhere sky where the picture shows next to none, as indoors.
    """
    from scipy.ndimage import gaussian_filter

    height, width = rgb.shape[:2]
    grain = _GRAIN_PX if known is None else max(_GRAIN_PX, _PHOTO_GRAIN * height)
    smooth = np.stack(
        [gaussian_filter(rgb[..., channel], grain, mode=("nearest", "wrap")) for channel in range(3)], axis=-1
    )
    polar = (np.arange(height) + 0.5) / height * math.pi
    limit = round((0.5 + _LOWEST / math.pi) * height)
    border = sky_border(smooth, np.sin(polar)[:, None], limit=limit, known=known)
    counts = np.ones((height, width), dtype=bool) if known is None else known
    certain = (np.arange(height)[:, None] < border[None, :]) & counts
    upper = np.sin(polar[: height // 2, None]) * counts[: height // 2]
    share = float((certain[: height // 2] * upper).sum() / max(float(upper.sum()), 1e-9))
    nothing = np.zeros((height, width), dtype=bool)
    if share < _LEAST_SHARE or not _looks_like_sky(smooth, certain, counts):
        return SkyMask(is_sky=nothing, confidence=np.full((height, width), 0.6, dtype=np.float32))
    is_sky, excess = certain, np.zeros((height, width), dtype=np.float32)
    for _ in range(_ROUNDS):
        is_sky, excess = _grown(smooth, is_sky, certain)
        is_sky &= counts
    is_sky = _connected(is_sky, certain)
    is_sky = (is_sky | _faint_islands(is_sky, excess)) & counts
    # Sure where the colour is far from the limit on its side, unsure close to it.
    confidence = np.clip(0.5 + 0.5 * np.abs(1.0 - excess), 0.5, 1.0)
    confidence = np.where(certain & is_sky, np.maximum(confidence, 0.9), confidence)
    return SkyMask(is_sky=is_sky, confidence=confidence.astype(np.float32))


def sky_border(
    rgb: NDArray[np.float32], weights: NDArray[np.float64], *, limit: int, known: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """For each column the row of the first strong gradient, at the best of some thresholds.

    Args:
        rgb: (H, W, 3) float32 sRGB-encoded.
        weights: (H, 1), how wide a pixel of each row is.
        limit: The sky ends here at the latest.
        known: (H, W), which pixels count.
    """
    from scipy.ndimage import binary_erosion

    height, width = rgb.shape[:2]
    down = np.abs(np.diff(rgb, axis=0, append=rgb[-1:])).max(axis=2)
    across = np.abs(np.roll(rgb, -1, axis=1) - rgb).max(axis=2) * weights
    across[:, -1] = across[:, 0]
    gradient = np.hypot(down, across)
    counts = np.ones((height, width), dtype=bool) if known is None else known
    if known is not None:
        gradient = np.where(binary_erosion(known, iterations=2), gradient, 0.0)
    best_score, best = -np.inf, np.zeros(width, dtype=np.int64)
    step = max(1, height // 128)
    small = rgb[::step, ::step].astype(np.float64)
    weight = np.broadcast_to(weights[::step], small.shape[:2])
    coarse = counts[::step, ::step]
    row = np.arange(height)[::step, None]
    for threshold in _THRESHOLDS:
        strong = gradient[:limit] > threshold
        border = np.where(strong.any(axis=0), strong.argmax(axis=0), limit)
        above, below = (row < border[None, ::step]) & coarse, (row >= border[None, ::step]) & coarse
        if not 0.01 <= above.sum() / max(int(coarse.sum()), 1) <= 0.99:
            continue
        score = _separation(small[above], weight[above], small[below], weight[below])
        if score > best_score:
            best_score, best = score, border.astype(np.int64)
    return best


def _separation(
    first: NDArray[np.float64],
    first_weight: NDArray[np.float64],
    second: NDArray[np.float64],
    second_weight: NDArray[np.float64],
) -> float:
    """High where both sets of colours are compact (Shen and Wang's energy, the sky counting twice)."""
    energy = 0.0
    for colors, weight, factor in ((first, first_weight, 2.0), (second, second_weight, 1.0)):
        mean = np.average(colors, axis=0, weights=weight)
        centred = (colors - mean) * np.sqrt(weight)[:, None]
        covariance = centred.T @ centred / weight.sum() + 1e-6 * np.eye(3)
        energy += factor * (float(np.linalg.det(covariance)) * 1e4 + float(np.linalg.eigvalsh(covariance)[-1]) * 0.3)
    return 1.0 / energy


def _looks_like_sky(rgb: NDArray[np.float32], certain: NDArray[np.bool_], counts: NDArray[np.bool_]) -> bool:
    """Whether what lies above is bright or blue against what lies below, as a ceiling is not."""
    above, below = rgb[certain], rgb[counts & ~certain]
    if not len(below):
        return True
    blueness = float(np.median(above[:, 2] - above[:, 0]))
    brightness = float(np.median(above.max(axis=1)))
    most_below = float(np.percentile(below.max(axis=1), 85.0))
    return blueness > 0.05 or brightness > most_below + 0.03


def _grown(
    rgb: NDArray[np.float32], is_sky: NDArray[np.bool_], certain: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """The sky with all pixels that fit the colours expected there, and each pixel's misfit over the limit.

    A sky is clear, or cloud, or something between: its hue is that of the clear sky around, at any strength from
    none to all of it, and it is hardly darker than that.
    """
    height = len(rgb)
    # The bluer half of the sky is the clear part, or as clear as it gets.
    blueness = rgb[..., 2] - rgb[..., 0]
    middle = _local_means(blueness[..., None], is_sky)[..., 0]
    clear = _local_means(rgb, is_sky & (blueness >= middle - 0.01))
    brightness, clear_brightness = rgb.mean(axis=2), clear.mean(axis=2)
    hue, clear_hue = rgb - brightness[..., None], clear - clear_brightness[..., None]
    strength = (hue * clear_hue).sum(axis=2) / np.maximum(np.square(clear_hue).sum(axis=2), 1e-3)
    across = np.linalg.norm(hue - strength.clip(0.0, 1.25)[..., None] * clear_hue, axis=2)
    scatter = float(np.sqrt(np.median(np.square(across[is_sky]))))
    limit = max(_TOLERANCE[0], min(_TOLERANCE[1] * scatter, _TOLERANCE[2]))
    darker = (clear_brightness - brightness) / np.maximum(_MOST_DARKER * clear_brightness, _TOLERANCE[0])
    misfit = np.maximum(across / limit, darker)
    lowest = round((0.5 + _LOWEST / math.pi) * height)
    fits = misfit < 1.0
    fits[lowest:] = False
    return fits | (certain & (misfit < 2.0)), misfit.astype(np.float32)


def _local_means(values: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean of some channels around each pixel over the pixels of a mask, filled in smoothly where there are none.

    It varies slowly, so it is worked out on a coarse image.
    """
    from scipy.ndimage import gaussian_filter

    step = max(1, len(values) // _COARSE_HEIGHT)
    rows, channels = len(values) // step, values.shape[2]
    stacked = np.concatenate([np.where(where[..., None], values, 0.0), where[..., None]], axis=-1, dtype=np.float32)
    coarse = stacked.reshape(rows, step, 2 * rows, step, channels + 1).mean(axis=(1, 3), dtype=np.float32)
    modes: tuple[Literal["nearest"], Literal["wrap"]] = ("nearest", "wrap")
    blurred = np.stack([gaussian_filter(coarse[..., k], rows * 0.03, mode=modes) for k in range(channels + 1)], axis=-1)
    means = blurred[..., :-1] / np.maximum(blurred[..., -1:], 1e-4)
    known = blurred[..., -1] > 0.05
    filled = fill_smoothly(
        means.astype(np.float32), (known if known.any() else blurred[..., -1] > 0.0).astype(np.float32)
    )
    while len(filled) < len(values):
        filled = doubled(filled)
    return filled


def _faint_islands(is_sky: NDArray[np.bool_], excess: NDArray[np.float32]) -> NDArray[np.bool_]:
    """What floats in the sky and hardly differs from it: bits of cloud, not balloons."""
    from scipy.ndimage import label, mean, minimum

    height, width = is_sky.shape
    names, count = label(np.concatenate([~is_sky, ~is_sky], axis=1))
    index = np.arange(count + 1)
    rows = np.arange(height)[:, None] * np.ones((1, 2 * width))
    lowest = -minimum(-rows, names, index)
    misfit = mean(np.concatenate([excess, excess], axis=1), names, index)
    faint = (lowest < height // 2 - height // 90) & (misfit < _FAINT)
    faint[0] = False
    found = faint[names]
    return np.asarray(found[:, :width] & found[:, width:])


def _connected(is_sky: NDArray[np.bool_], certain: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Sky that touches certain sky, or is a gap of some size above the horizon; without single holes."""
    from scipy.ndimage import binary_opening, label

    height, width = is_sky.shape
    wide = np.concatenate([is_sky, is_sky], axis=1)
    names, count = label(wide)
    touched = np.zeros(count + 1, dtype=bool)
    touched[np.unique(names[np.concatenate([certain & is_sky] * 2, axis=1)])] = True
    sizes = np.bincount(names.ravel(), minlength=count + 1)
    rows = np.arange(height)[:, None] * np.ones((1, 2 * width), dtype=np.int64)
    lowest = np.zeros(count + 1, dtype=np.int64)
    np.maximum.at(lowest, names.ravel(), rows.ravel())
    kept = touched | ((sizes >= max(4, height // 64)) & (lowest < height // 2))
    kept[0] = False
    joined = kept[names]
    sky = joined[:, :width] | joined[:, width:]
    # A hole of a pixel is noise; a branch is longer.
    return np.asarray(~binary_opening(~sky, np.ones((2, 2), dtype=bool))) & (np.arange(height) < height * 0.55)[:, None]
