"""How far from its middle a world that was made from a picture may be walked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WalkRange:
    """A star-shaped region around the spawn in which a picture holds.

    radii_m        (A,) float64  how far one can go in each of A directions, from -Z towards +X, the first along -Z
    distances_m    (D,) float64  at which places around the middle were looked at
    untrue_shares  (D,) float64  share of what is seen from there that is not what the picture shows; mean of all
                                 directions
    tolerance                    the share up to which the picture is said to hold
    """

    radii_m: NDArray[np.float64]
    distances_m: NDArray[np.float64]
    untrue_shares: NDArray[np.float64]
    tolerance: float

    def __post_init__(self) -> None:
        """Check shapes and ranges."""
        radii = require_array("WalkRange", "radii_m", self.radii_m, ("A",), np.float64)
        distances = require_array("WalkRange", "distances_m", self.distances_m, ("D",), np.float64)
        shares = require_array("WalkRange", "untrue_shares", self.untrue_shares, (len(distances),), np.float64)
        if len(radii) < 3 or not (radii > 0.0).all():
            raise InvalidInputError("WalkRange.radii_m needs at least three positive radii.")
        if shares.size and not ((shares >= 0.0) & (shares <= 1.0)).all():
            raise InvalidInputError("WalkRange.untrue_shares must lie between 0 and 1.")
        freeze(self, radii_m=radii, distances_m=distances, untrue_shares=shares)

    @property
    def corners(self) -> NDArray[np.float64]:
        """(A, 2) x and z of the region's corners."""
        turn = np.arange(len(self.radii_m)) / len(self.radii_m) * 2.0 * math.pi
        return np.stack([self.radii_m * np.sin(turn), -self.radii_m * np.cos(turn)], axis=1)

    @property
    def area_m2(self) -> float:
        """Of the region."""
        ahead = np.roll(self.radii_m, -1)
        return float(0.5 * math.sin(2.0 * math.pi / len(self.radii_m)) * (self.radii_m * ahead).sum())

    def limit(self, x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far the region reaches in the directions of some points."""
        count = len(self.radii_m)
        step = 2.0 * math.pi / count
        turn = np.arctan2(x, -z) % (2.0 * math.pi)
        index = np.minimum((turn / step).astype(np.int64), count - 1)
        first, second = self.radii_m[index], self.radii_m[(index + 1) % count]
        inner = turn - index * step
        # Where a ray meets the straight line between two corners.
        limit: NDArray[np.float64] = (
            first * second * math.sin(step) / (first * np.sin(inner) + second * np.sin(step - inner))
        )
        return limit

    def holds(self, x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points lie inside the region."""
        inside: NDArray[np.bool_] = np.hypot(x, z) <= self.limit(x, z)
        return inside
