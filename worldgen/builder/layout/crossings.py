"""Where a bridge crosses water: the shortest way over a river near the spawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from worldgen.builder.family import RAMP_SLOPE
from worldgen.builder.terrain.queries import ground_height, water_depth_at
from worldgen.scene.terrain import Terrain

_BANK_M = 1.6
"""How far each end of a bridge reaches onto dry land."""
_STEP_M = 0.5
_LONGEST_M = 45.0
_LONGEST_RAMP_M = 16.0
_RAMP_HALF_WIDTH_M = 2.1
_WELL_SHOWN_RAD = 0.5
"""Angle that a bridge takes up in the view from the spawn when it shows as well as need be."""
_TOE_M = 0.8
"""How far a ramp goes on below the ground, so that no step is left at its foot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A straight way over water: its middle, its heading (of the bridge's own +X), length and deck height.

    ``ramp_m`` is the length of ramps of ``RAMP_SLOPE`` that meet the ground at both ends.
    """

    center_xz: tuple[float, float]
    yaw: float
    span_m: float
    deck_m: float
    ramp_m: float = 0.0


def find_crossing(terrain: Terrain, reach_m: float, rng: np.random.Generator) -> Crossing | None:
    """The best crossing in front of the spawn, or None where no water can be bridged.

    Short spans with level banks win that show their side to the spawn; the random stream only breaks near ties.
    """
    count = 160
    x = (2.0 * rng.random(count * 8) - 1.0) * reach_m
    z = (1.25 * rng.random(count * 8) - 1.0) * reach_m
    wet = np.flatnonzero((water_depth_at(terrain, x, z) > 0.05) & (np.hypot(x, z) > 9.0))[:count]
    best: tuple[float, Crossing] | None = None
    for index in wet:
        for turn in np.arange(12) * (math.pi / 12.0):
            found = _chord(terrain, float(x[index]), float(z[index]), float(turn))
            if found is None:
                continue
            crossing, uneven = found
            distance = math.hypot(*crossing.center_xz)
            heading = math.atan2(crossing.center_xz[0], -crossing.center_xz[1])
            # From its side a bridge shows what it is; along its deck it is a strip.
            shown = crossing.span_m * abs(math.cos(heading + crossing.yaw)) / max(distance, 1.0)
            cost = 0.6 * crossing.span_m + 2.5 * uneven + 0.35 * max(distance - 14.0, 0.0) + 4.0 * abs(heading)
            cost -= 14.0 * min(shown / _WELL_SHOWN_RAD, 1.0)
            if best is None or cost < best[0]:
                best = (cost, crossing)
    return None if best is None else replace(best[1], ramp_m=_ramp_length(terrain, best[1]))


def _ramp_length(terrain: Terrain, crossing: Crossing) -> float:
    """How far ramps have to reach until all of their width lies below the ground, at the end that lies lower."""
    along = np.array([math.cos(crossing.yaw), -math.sin(crossing.yaw)])
    across = np.array([along[1], -along[0]])
    run = np.arange(0.0, _LONGEST_RAMP_M + 0.5 * _STEP_M, _STEP_M)
    longest = 0.0
    for sign in (1.0, -1.0):
        lowest = np.full(len(run), np.inf)
        for aside in (-_RAMP_HALF_WIDTH_M, 0.0, _RAMP_HALF_WIDTH_M):
            x, z = (
                crossing.center_xz[k] + sign * along[k] * (0.5 * crossing.span_m + run) + across[k] * aside
                for k in range(2)
            )
            lowest = np.minimum(lowest, ground_height(terrain, x, z))
        buried = np.flatnonzero(lowest >= crossing.deck_m - RAMP_SLOPE * run)
        longest = max(longest, float(run[buried[0]]) if len(buried) else _LONGEST_RAMP_M)
    return round(longest + _TOE_M, 2)


def _chord(terrain: Terrain, x: float, z: float, turn: float) -> tuple[Crossing, float] | None:
    """The wet chord through (x, z) in one direction, and how uneven its banks are."""
    steps = np.arange(0.0, _LONGEST_M, _STEP_M)
    dx, dz = math.cos(turn), -math.sin(turn)
    reach = []
    for sign in (1.0, -1.0):
        depth = water_depth_at(terrain, x + sign * dx * steps, z + sign * dz * steps)
        dry = np.flatnonzero(depth <= 0.0)
        if not len(dry):
            return None
        reach.append(float(steps[dry[0]]) + _BANK_M)
    span = sum(reach)
    if span > _LONGEST_M:
        return None
    middle = 0.5 * (reach[0] - reach[1])
    ends = np.array([reach[0], -reach[1]])
    banks = ground_height(terrain, x + dx * ends, z + dz * ends)
    surface = float(ground_height(terrain, np.array([x]), np.array([z]))[0]) + float(
        water_depth_at(terrain, np.array([x]), np.array([z]))[0]
    )
    deck = max(float(banks.max()) + 0.05, surface + 1.5)
    crossing = Crossing(center_xz=(x + dx * middle, z + dz * middle), yaw=turn, span_m=span, deck_m=deck)
    return crossing, float(abs(banks[0] - banks[1]) + 2.0 * (deck - banks.max()))
