"""The ground around a panorama's camera, read from its depth: heights on a polar grid, and what stands on it.

The grid is fine near the camera and coarse far away, like the pixels. In each cell the low points count; where a wall
or a crown hides the ground, it goes on from nearer cells, and it never rises more steeply than a person can climb.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.equirectangular import equirectangular_rays, row_solid_angles
from worldgen.scene.arrays import freeze, require_array

_AZIMUTHS = 256
_RINGS = 112
_NEAREST, _FARTHEST = 0.4, 120.0
_STEEPEST = 0.75
_LOW_SHARE = 0.15
_NEAR_RING = (0.3, 3.0)
_CLOSE_M, _CLOSE_SHARE = 0.12, 0.02
"""How far above the ground a point may lie to count as ground: at once, and per metre of distance."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroundField:
    """Ground heights in a level frame whose origin lies under the camera, on the ground.

    radii    (R,)   float64  of the rings, metres
    heights  (R, A) float64  metres, in the middle of A sectors from -Z towards +X
    """

    radii: NDArray[np.float64]
    heights: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes."""
        radii = require_array("GroundField", "radii", self.radii, ("R",), np.float64)
        heights = require_array("GroundField", "heights", self.heights, (len(radii), "A"), np.float64)
        freeze(self, radii=radii, heights=heights)

    def at(self, x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights at (x, z), bilinear on the grid; beyond it those of its border."""
        rings, azimuths = self.heights.shape
        ring = np.clip(
            np.interp(np.log(np.maximum(np.hypot(x, z), 1e-6)), np.log(self.radii), np.arange(rings)), 0, rings - 1
        )
        turn = (np.arctan2(x, -z) / (2.0 * math.pi) * azimuths - 0.5) % azimuths
        low, left = np.minimum(ring.astype(np.int64), rings - 2), turn.astype(np.int64) % azimuths
        out, across = ring - low, turn - turn.astype(np.int64)
        right = (left + 1) % azimuths
        inner = self.heights[low, left] * (1.0 - across) + self.heights[low, right] * across
        outer = self.heights[low + 1, left] * (1.0 - across) + self.heights[low + 1, right] * across
        result: NDArray[np.float64] = inner * (1.0 - out) + outer * out
        return result


def estimate_camera_height(euclidean_depth: NDArray[np.float32]) -> float:
    """Height of a panorama's camera over the ground beneath it: the middle of what it sees straight below.

    Raises:
        InvalidInputError: Nothing is seen below the camera.
    """
    height = euclidean_depth.shape[0]
    rays = equirectangular_rays(height)
    below = np.isfinite(euclidean_depth) & (rays[..., 1] < -0.3)
    drop = -rays[..., 1] * np.where(below, euclidean_depth, 1.0)
    radius = np.hypot(rays[..., 0], rays[..., 2]) * np.where(below, euclidean_depth, np.inf)
    weight = np.broadcast_to(row_solid_angles(height)[:, None], below.shape)
    scale = float(np.median(drop[below])) if below.any() else 0.0
    chosen = below & (radius > _NEAR_RING[0] * scale) & (radius < _NEAR_RING[1] * scale)
    if not chosen.any():
        chosen = below
    if not chosen.any() or not scale:
        raise InvalidInputError("Nothing is seen below the camera, so there is no ground to stand on.")
    order = np.argsort(drop[chosen], kind="stable")
    cumulative = np.cumsum(weight[chosen][order])
    return float(drop[chosen][order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])


def ground_from_depth(euclidean_depth: NDArray[np.float32], camera_height: float) -> GroundField:
    """The ground that a level panorama sees and what it hides of it.

    Args:
        euclidean_depth: (H, 2H) metres, infinite for the sky.
        camera_height: Of the camera over the ground beneath it, metres.
    """
    rays = equirectangular_rays(euclidean_depth.shape[0])
    azimuths = min(_AZIMUTHS, euclidean_depth.shape[1])
    solid = np.isfinite(euclidean_depth)
    points = rays[solid] * euclidean_depth[solid].astype(np.float64)[:, None]
    points[:, 1] += camera_height
    radius = np.hypot(points[:, 0], points[:, 2])
    inside = (radius > 0.95 * _NEAREST) & (radius < 1.05 * _FARTHEST)
    points, radius = points[inside], radius[inside]
    radii = np.geomspace(_NEAREST, _FARTHEST, _RINGS)
    ring = np.rint(np.interp(np.log(radius), np.log(radii), np.arange(_RINGS))).astype(np.int64)
    turn = np.floor(np.arctan2(points[:, 0], -points[:, 2]) / (2.0 * math.pi) * azimuths).astype(np.int64) % azimuths
    low = _low_heights(ring * azimuths + turn, points[:, 1], _RINGS * azimuths)
    return GroundField(radii=radii, heights=_walkable(low.reshape(_RINGS, azimuths), radii))


def ground_labels(euclidean_depth: NDArray[np.float32], field: GroundField, camera_height: float) -> NDArray[np.bool_]:
    """(H, 2H) bool: which pixels of a level panorama see the ground."""
    rays = equirectangular_rays(euclidean_depth.shape[0])
    solid = np.isfinite(euclidean_depth)
    depth = np.where(solid, euclidean_depth, 1.0).astype(np.float64)
    x, z = rays[..., 0] * depth, rays[..., 2] * depth
    above = rays[..., 1] * depth + camera_height - field.at(x.ravel(), z.ravel()).reshape(x.shape)
    result: NDArray[np.bool_] = solid & (above < _CLOSE_M + _CLOSE_SHARE * depth)
    return result


def _low_heights(cell: NDArray[np.int64], heights: NDArray[np.float64], num_cells: int) -> NDArray[np.float64]:
    """A low percentile of the heights in each cell, NaN where there are none."""
    order = np.lexsort((heights, cell))
    starts = np.searchsorted(cell[order], np.arange(num_cells + 1))
    counts = np.diff(starts)
    pick = starts[:-1] + (counts * _LOW_SHARE).astype(np.int64)
    low = np.full(num_cells, np.nan)
    low[counts > 0] = heights[order][pick[counts > 0]]
    return low


@numba.njit(cache=True)
def _walkable(low: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights from the inside out: gaps are bridged, rises are cut to the steepest climb, then all is smoothed."""
    rings, azimuths = low.shape
    heights = np.zeros((rings, azimuths))
    for azimuth in range(azimuths):
        before, radius, first = 0.0, 0.0, 0
        for ring in range(rings):
            value = low[ring, azimuth]
            if np.isnan(value):
                heights[ring, azimuth] = before
                continue
            value = min(value, before + _STEEPEST * (radii[ring] - radius))
            for gap in range(first, ring + 1):
                share = (radii[gap] - radius) / (radii[ring] - radius)
                heights[gap, azimuth] = before + (value - before) * share
            before, radius, first = value, radii[ring], ring + 1
    for _ in range(3):
        smooth = heights.copy()
        for ring in range(rings):
            inner, outer = max(ring - 1, 0), min(ring + 1, rings - 1)
            for azimuth in range(azimuths):
                left, right = (azimuth - 1) % azimuths, (azimuth + 1) % azimuths
                smooth[ring, azimuth] = (
                    4.0 * heights[ring, azimuth]
                    + heights[inner, azimuth]
                    + heights[outer, azimuth]
                    + heights[ring, left]
                    + heights[ring, right]
                ) / 8.0
        heights = smooth
    return heights
