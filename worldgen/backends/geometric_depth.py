"""Depth from geometry alone: sky far away, a level ground, and upright things where they meet it. No weights.

The panorama is level, so the horizon lies in its middle row, and a ground pixel's distance follows from how far below
the horizon it is. Things stand where ``ground_contacts`` finds their foot and rise straight up from there. Indoors,
where there is no sky, a ceiling closes the room.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.depth import DepthEstimate, DepthRequest
from worldgen.events import RunContext
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.ground_contacts import GroundContacts, find_ground_contacts
from worldgen.geometry.sky_mask import SkyMask, find_sky

_SKY_HEIGHT, _CONTACT_HEIGHT = 1024, 256
_CEILING = 1.0
"""Height of a ceiling over the camera, in camera heights."""
_FARTHEST = 120.0
"""Distance, in camera heights, of the farthest ground and of things whose foot cannot be seen."""
_SMOOTHING_ROUNDS, _STEP = 60, 0.22
"""Passes that even out the distances of neighbouring columns, and the logarithm of a ratio that is no more a step."""
_FAR_DOUBT = 25.0
"""Distance, in camera heights, at which a level ground is believed by half."""


class GeometricDepth:
    """The embedded depth backend."""

    def __call__(self, request: DepthRequest, context: RunContext) -> DepthEstimate:
        """Estimate depth in units of the camera's height."""
        height = len(request.rgb)
        sky = _at_height(find_sky(_reduced(request.rgb, _SKY_HEIGHT)), height)
        small = _reduced(request.rgb, _CONTACT_HEIGHT)
        step = height // len(small)
        small_sky = sky.is_sky.reshape(len(small), step, 2 * len(small), step).mean(axis=(1, 3)) > 0.5
        contacts = find_ground_contacts(small, small_sky)
        depth, confidence = _depth(contacts, sky, height)
        covered = float((np.isfinite(contacts.distances)).mean())
        return DepthEstimate(
            euclidean_depth=depth,
            confidence=confidence,
            is_metric=False,
            provenance="estimated",
            warnings=(
                "Depth was estimated from the horizon and ground contacts alone: shapes are coarse, hills are flat.",
            ),
            facts={"share_of_horizon_with_things": covered},
        )


def _depth(contacts: GroundContacts, sky: SkyMask, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Depth in camera heights and its confidence, at full size."""
    rays = equirectangular_rays(height)
    level = np.hypot(rays[..., 0], rays[..., 2])
    distance, sure = _per_column(contacts, height)
    with np.errstate(divide="ignore"):
        ground = np.where(rays[..., 1] < 0.0, -1.0 / rays[..., 1], np.inf)
        upright = np.minimum(distance, _FARTHEST)[None, :] / np.maximum(level, 1e-6)
        ceiling = np.where(rays[..., 1] > 0.0, _CEILING / rays[..., 1], np.inf)
    is_ground = ground <= upright
    depth = np.minimum(ground, upright)
    if not sky.is_sky.any():
        depth = np.minimum(depth, ceiling)
    depth = np.where(sky.is_sky, np.inf, depth)
    of_ground = 1.0 / (1.0 + (ground / _FAR_DOUBT) ** 2)
    confidence = np.where(is_ground, of_ground, 0.7 * sure[None, :] / (1.0 + (distance / _FAR_DOUBT) ** 2)[None, :])
    confidence = np.where(sky.is_sky, sky.confidence, np.minimum(confidence, sky.confidence))
    # At the edge of the sky either side may be wrong.
    return depth.astype(np.float32), np.clip(confidence, 0.02, 1.0).astype(np.float32)


def _per_column(contacts: GroundContacts, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances and confidences for each column of the full picture.

    A contact is found to a pixel row, so that a wall's distance comes in steps. Small steps are smoothed, as with
    Perona and Malik's diffusion, and great ones are kept: those are where one thing ends.
    """
    distances = np.log(np.minimum(contacts.distances, _FARTHEST))
    for _ in range(_SMOOTHING_ROUNDS):
        step = np.roll(distances, -1) - distances
        flow = 0.25 * step * np.exp(-((step / _STEP) ** 2))
        distances = distances + flow - np.roll(flow, 1)
    repeat = 2 * height // len(distances)
    place = (np.arange(2 * height) + 0.5) / repeat - 0.5
    left = np.floor(place).astype(np.int64)
    share = place - left
    one, other = distances[left % len(distances)], distances[(left + 1) % len(distances)]
    smooth = np.abs(one - other) < _STEP / 2.0
    mixed = np.where(smooth, one * (1.0 - share) + other * share, np.where(share < 0.5, one, other))
    open_columns = np.repeat(np.isinf(contacts.distances), repeat)
    return np.where(open_columns, np.inf, np.exp(mixed)), np.repeat(contacts.confidence, repeat)


def _reduced(rgb: NDArray[np.float32], height: int) -> NDArray[np.float32]:
    step = max(1, len(rgb) // height)
    rows = len(rgb) // step
    return rgb.reshape(rows, step, 2 * rows, step, 3).mean(axis=(1, 3), dtype=np.float32)


def _at_height(sky: SkyMask, height: int) -> SkyMask:
    step = height // len(sky.is_sky)
    if step == 1:
        return sky
    return SkyMask(
        is_sky=sky.is_sky.repeat(step, axis=0).repeat(step, axis=1),
        confidence=sky.confidence.repeat(step, axis=0).repeat(step, axis=1),
    )
