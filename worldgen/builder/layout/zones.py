"""Zones: the ground that a building or a path has claimed and reshaped.

Scattered things are drawn once for the whole land and simply left out inside zones; each zone then brings its own
ground cover with its own random stream. So adding a tower removes what stood there and moves nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PadZone:
    """A turned rectangle of level ground; ``margin_m`` is how far around it the ground was reshaped."""

    owner: str
    center_xz: tuple[float, float]
    half_size_m: tuple[float, float]
    yaw: float
    margin_m: float

    def distance(self, x: FloatArray, z: FloatArray) -> FloatArray:
        """Distance to the rectangle in metres, 0 inside."""
        dx, dz = x - self.center_xz[0], z - self.center_xz[1]
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        # A yaw turns local +X to (cos, -sin) in (x, z); these are the coordinates along the pad's own axes.
        along_x, along_z = dx * cos - dz * sin, dx * sin + dz * cos
        outside_x = np.maximum(np.abs(along_x) - self.half_size_m[0], 0.0)
        outside_z = np.maximum(np.abs(along_z) - self.half_size_m[1], 0.0)
        return np.hypot(outside_x, outside_z)

    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest and largest x, then the smallest and largest z, of everything within the margin."""
        reach = math.hypot(*self.half_size_m) + self.margin_m
        x, z = self.center_xz
        return x - reach, x + reach, z - reach, z + reach


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LineZone:
    """A trodden band along a polyline; points_xz is (N, 2) float64, metres."""

    owner: str
    points_xz: FloatArray
    half_width_m: float
    margin_m: float

    def distance(self, x: FloatArray, z: FloatArray) -> FloatArray:
        """Distance to the band in metres, 0 inside."""
        return np.maximum(distance_to_polyline(self.points_xz, x, z) - self.half_width_m, 0.0)

    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest and largest x, then the smallest and largest z, of everything within the margin."""
        reach = self.half_width_m + self.margin_m
        low, high = self.points_xz.min(axis=0) - reach, self.points_xz.max(axis=0) + reach
        return float(low[0]), float(high[0]), float(low[1]), float(high[1])


Zone = PadZone | LineZone


def distance_to_polyline(points_xz: FloatArray, x: FloatArray, z: FloatArray) -> FloatArray:
    """Distance of positions (N,) to a polyline (M, 2), in metres."""
    nearest = np.full(np.shape(x), np.inf)
    for (x0, z0), (x1, z1) in itertools.pairwise(points_xz):
        ex, ez = x1 - x0, z1 - z0
        length_squared = max(ex * ex + ez * ez, 1e-12)
        along = np.clip(((x - x0) * ex + (z - z0) * ez) / length_squared, 0.0, 1.0)
        nearest = np.minimum(nearest, np.hypot(x - x0 - along * ex, z - z0 - along * ez))
    return nearest


def outside_zones(zones: Sequence[Zone], x: FloatArray, z: FloatArray, reach_m: float = 0.0) -> NDArray[np.bool_]:
    """Which positions lie outside every zone's margin and at least ``reach_m`` from its core."""
    free = np.ones(np.shape(x), dtype=bool)
    for zone in zones:
        keep = max(zone.margin_m, reach_m)
        x_from, x_to, z_from, z_to = zone.bounds()
        spare = max(0.0, keep - zone.margin_m)
        near = (x >= x_from - spare) & (x <= x_to + spare) & (z >= z_from - spare) & (z <= z_to + spare) & free
        if near.any():
            free[near] = zone.distance(x[near], z[near]) > keep
    return free
