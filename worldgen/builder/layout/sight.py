"""Sight: what stands between the spawn's eye and the things that the prompt asked for.

Everything is measured along straight lines from the eye, `EYE_HEIGHT_M` above the origin. A thing's *sill* is the
height above which it must be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldgen.builder.terrain.queries import ground_height
from worldgen.scene.terrain import Terrain

FloatArray = NDArray[np.float64]

EYE_HEIGHT_M = 1.7
"""Height of the visitor's eye above the spawn, as `Scene.eye_height_m` has it."""

_STEPS = np.linspace(0.04, 0.96, 28) ** 1.4
"""Where a line of sight is tried for land that rises into it, as shares of its length; closer where it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SightLine:
    """A thing that must stay in sight: its middle, its sill and how much beside the middle is kept free."""

    x: float
    z: float
    sill_y: float
    clearance_m: float

    def is_barred(self, x: FloatArray, z: FloatArray, *, reach_m: float, top_y: FloatArray | None) -> NDArray[np.bool_]:
        """Which things would stand in this line of sight.

        Args:
            x: (N,) where they stand, metres.
            z: (N,)
            reach_m: How far they reach to all sides.
            top_y: (N,) height of their tops, or None for things that are always in the way.
        """
        length_squared = max(self.x**2 + self.z**2, 1e-9)
        along = np.clip((x * self.x + z * self.z) / length_squared, 0.0, 1.0)
        aside = np.hypot(x - along * self.x, z - along * self.z)
        barred = aside <= self.clearance_m * (0.25 + 0.75 * along) + reach_m
        if top_y is not None:
            barred &= top_y > EYE_HEIGHT_M + along * (self.sill_y - EYE_HEIGHT_M)
        return barred


def barred_by(
    lines: Sequence[SightLine], x: FloatArray, z: FloatArray, *, reach_m: float, top_y: FloatArray | None
) -> NDArray[np.bool_]:
    """Which things would stand in any of the lines; arguments as `SightLine.is_barred`."""
    barred = np.zeros(len(x), dtype=bool)
    for line in lines:
        barred |= line.is_barred(x, z, reach_m=reach_m, top_y=top_y)
    return barred


def seen_share(terrain: Terrain, x: FloatArray, z: FloatArray, *, base_y: FloatArray, top_y: FloatArray) -> FloatArray:
    """Share of things at positions (N,) that shows above the land before them; below 0 where it hides even the top.

    -1 means that the land rises above the top by at least the thing's own height.
    """
    hidden_to = np.full_like(x, -np.inf)
    for share in _STEPS:
        crest = ground_height(terrain, x * share, z * share).astype(np.float64)
        hidden_to = np.maximum(hidden_to, EYE_HEIGHT_M + (crest - EYE_HEIGHT_M) / share)
    share_seen: FloatArray = np.clip((top_y - hidden_to) / np.maximum(top_y - base_y, 0.3), -1.0, 1.0)
    return share_seen


def stands_before(
    *,
    near_xz: tuple[ArrayLike, ArrayLike],
    near_reach_m: float,
    near_top_y: ArrayLike,
    far_xz: tuple[ArrayLike, ArrayLike],
    far_sill_y: ArrayLike,
) -> NDArray[np.bool_]:
    """Which of the near things hide the middle of the far ones above their sills; shapes broadcast to (N,)."""
    near_x, near_z = (np.asarray(value, dtype=np.float64) for value in near_xz)
    far_x, far_z = (np.asarray(value, dtype=np.float64) for value in far_xz)
    along = (near_x * far_x + near_z * far_z) / np.maximum(far_x**2 + far_z**2, 1e-9)
    aside = np.hypot(near_x - along * far_x, near_z - along * far_z)
    sight_y = EYE_HEIGHT_M + along * (np.asarray(far_sill_y, dtype=np.float64) - EYE_HEIGHT_M)
    hidden: NDArray[np.bool_] = (
        (along > 0.0) & (along < 0.95) & (aside < 0.9 * near_reach_m) & (np.asarray(near_top_y) > sight_y)
    )
    return hidden
