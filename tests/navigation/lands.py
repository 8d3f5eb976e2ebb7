"""Small solid worlds whose walkable ground is known by formula."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.navigation.solids import Solids

Point = tuple[float, float, float]
Corners = list[list[Point]]


def quad(a: Point, b: Point, c: Point, d: Point) -> Corners:
    return [[a, b, c], [a, c, d]]


def plain(x: tuple[float, float], z: tuple[float, float], y: float = 0.0) -> Corners:
    """Level ground, fronts up."""
    return quad((x[0], y, z[0]), (x[0], y, z[1]), (x[1], y, z[1]), (x[1], y, z[0]))


def box(low: Point, high: Point) -> Corners:
    """A closed box, fronts outside."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    corners = [(x, y, z) for y in (y0, y1) for x, z in ((x0, z0), (x1, z0), (x1, z1), (x0, z1))]
    sides = [(0, 1, 2, 3), (4, 7, 6, 5), (0, 4, 5, 1), (2, 6, 7, 3), (1, 5, 6, 2), (0, 3, 7, 4)]
    return [triangle for side in sides for triangle in quad(*(corners[i] for i in side))]


def ramp(x: tuple[float, float], z: tuple[float, float], slope_deg: float) -> Corners:
    """A closed wedge that rises along +x from y = 0."""
    top = (x[1] - x[0]) * math.tan(math.radians(slope_deg))
    a, b, c, d = (x[0], 0.0, z[0]), (x[1], 0.0, z[0]), (x[1], 0.0, z[1]), (x[0], 0.0, z[1])
    e, f = (x[1], top, z[0]), (x[1], top, z[1])
    return [*quad(a, b, c, d), *quad(a, d, f, e), *quad(b, e, f, c), [a, e, b], [d, c, f]]


def solids(ground: Corners, things: Sequence[Corners] = ()) -> Solids:
    bodies = [triangle for thing in things for triangle in thing]
    corners: NDArray[np.float64] = np.array([*ground, *bodies], dtype=np.float64)
    return Solids(corners=corners, is_ground=np.arange(len(corners)) < len(ground))
