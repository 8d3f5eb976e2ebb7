"""How a photo was held: pitch and roll from its vertical lines, or the pitch from where its sky ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.photo_placement import photo_camera, photo_on_sphere
from worldgen.geometry.sky_mask import sky_border
from worldgen.geometry.tilt import estimate_tilt

_HEIGHT = 512
_SURE_LINES, _MOST_ROLL = 0.35, math.radians(6.0)
_LEVEL_HABIT = 0.15
_SKY_SHARES = (0.04, 0.85)
_HORIZON_ROWS = (0.22, 0.8)
"""Shares of the photo's height between which a horizon from the sky alone is believed."""
_LOWEST_BORDER = 85.0
_GRAIN_PX = 1.5
"""Standard deviation of what evens out a camera's noise in 256 rows; noise is not where a sky ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPose:
    """Angles in radians; ``confidence`` 0 to 1."""

    pitch: float
    roll: float
    confidence: float
    origin: Literal["lines", "sky", "default"]


def estimate_pose(pixels: NDArray[np.float32], horizontal_fov: float) -> PhotoPose:
    """Find how a photo was held.

    Vertical lines are believed where enough of them agree. Otherwise the horizon is taken to lie where the sky reaches
    lowest between what stands on it. Without a sky the photo counts as level.

    Args:
        pixels: (h, w, 3) float32 sRGB-encoded.
        horizontal_fov: In radians.
    """
    from scipy.ndimage import gaussian_filter

    height, width = pixels.shape[:2]
    camera = photo_camera(height=height, width=width, horizontal_fov=horizontal_fov, pitch=0.0, roll=0.0)
    image, known, _ = photo_on_sphere(pixels, camera, _HEIGHT)
    tilt = estimate_tilt(image, known)
    x, y, z = tilt.up_in_camera
    if tilt.confidence >= _SURE_LINES and abs(math.atan2(x, y)) < _MOST_ROLL:
        # Up leans ahead (-Z) where the camera looks up, and to the right where it was turned left.
        return PhotoPose(pitch=math.atan2(-z, y), roll=-math.atan2(x, y), confidence=tilt.confidence, origin="lines")
    step = max(1, height // 256)
    small = pixels[: height - height % step, : width - width % step]
    small = small.reshape(height // step, step, width // step, step, 3).mean(axis=(1, 3), dtype=np.float32)
    small = np.stack([gaussian_filter(small[..., channel], _GRAIN_PX) for channel in range(3)], axis=-1)
    rows = len(small)
    border = sky_border(small, np.ones((rows, 1)), limit=rows)
    share = float(border.mean()) / rows
    row = float(np.percentile(border, _LOWEST_BORDER)) / rows
    if _SKY_SHARES[0] < share < _SKY_SHARES[1] and _HORIZON_ROWS[0] < row < _HORIZON_ROWS[1]:
        focal = 0.5 / math.tan(0.5 * horizontal_fov) * width / height
        # Columns whose sky reaches equally low speak for an open horizon.
        agreement = float((np.abs(border / rows - row) < 0.04).mean())
        # People hold cameras level: the less the columns agree, the more that counts.
        pitch = math.atan2(row - 0.5, focal) * agreement / (agreement + _LEVEL_HABIT)
        return PhotoPose(pitch=pitch, roll=0.0, confidence=round(min(0.8, agreement), 3), origin="sky")
    return PhotoPose(pitch=0.0, roll=0.0, confidence=0.0, origin="default")
