"""Candidate places for one thing: where its relation allows it, scored by how well it stands and is seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.family import AssetFamily
from worldgen.builder.layout.sight import seen_share
from worldgen.builder.terrain.queries import ground_height, shore_distance, water_depth_at
from worldgen.scene.terrain import Terrain
from worldgen.spec.model import Item

FloatArray = NDArray[np.float64]

_NUM_CANDIDATES = 700
_NO_WATER_M = 1e5
"""Distances to the shore beyond this mean that the land holds no water."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LandView:
    """What the layout needs to know of the land."""

    terrain: Terrain
    play_half_size_m: float
    hill_top_xz: tuple[float, float] | None
    water_centers: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a relation refers to."""

    kind: Literal["hill", "water", "site", "middle"]
    center_xz: tuple[float, float]
    radius_m: float
    yaw: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidates:
    """N places; all arrays are (N,) float64.

    ``score`` is -inf where a place breaks the family's rules. ``base_y`` is the height that the thing stands or, where
    ``afloat``, floats on.
    """

    x: FloatArray
    z: FloatArray
    yaw: FloatArray
    score: FloatArray
    base_y: FloatArray
    afloat: bool


def propose(
    *,
    item: Item,
    index: int,
    family: AssetFamily,
    radius: float,
    tall_m: float,
    land: LandView,
    target: Target | None,
    rng: np.random.Generator,
    effort: int = 0,
) -> Candidates:
    """Draw places and score them.

    Args:
        item: The spec's entry.
        index: Which instance of it.
        family: Its family, with the placement rule.
        radius: Radius of the thing on the ground, metres.
        tall_m: Its height.
        land: The land.
        target: What the item's relation refers to, or None.
        rng: The instance's own stream.
        effort: 0 first; each further round widens the search and forgives more.
    """
    x, z = _draw(item=item, index=index, radius=radius, land=land, target=target, rng=rng, spread=1.0 + 0.7 * effort)
    height = ground_height(land.terrain, x, z).astype(np.float64)
    depth = water_depth_at(land.terrain, x, z).astype(np.float64)
    shore = shore_distance(land.terrain, x, z).astype(np.float64)
    allowed = _allowed(
        family=family, land=land, x=x, z=z, height=height, depth=depth, shore=shore, radius=radius, effort=effort
    )
    afloat = family.placement.water_depth_m[1] > 0.0
    base = height + depth if afloat else height
    score = 3.0 * seen_share(land.terrain, x, z, base_y=base, top_y=base + tall_m)
    score += np.clip(40.0 / (np.hypot(x, z) + 20.0), 0.0, 1.0) * 0.3 * min(radius, 4.0) / 4.0
    score += _preference(item=item, target=target, x=x, z=z, height=height, shore=shore, radius=radius, afloat=afloat)
    score[~allowed] = -np.inf
    yaw = _heading(family, target, x, z, rng)
    return Candidates(x=x, z=z, yaw=yaw, score=score, base_y=base, afloat=afloat)


def _draw(
    *,
    item: Item,
    index: int,
    radius: float,
    land: LandView,
    target: Target | None,
    rng: np.random.Generator,
    spread: float,
) -> tuple[FloatArray, FloatArray]:
    relation = item.place.relation
    u, v = rng.random(_NUM_CANDIDATES), rng.random(_NUM_CANDIDATES)
    if target is not None and target.kind == "middle":
        reach, heading = 9.0 * spread * np.sqrt(u), 2.0 * math.pi * v
        return target.center_xz[0] + reach * np.sin(heading), target.center_xz[1] - reach * np.cos(heading)
    if target is not None and target.kind in ("site", "hill"):
        cx, cz = target.center_xz
        from_spawn = math.atan2(cx, -cz)
        gap = target.radius_m + radius + 3.0
        if relation in ("behind", "in_front_of"):
            sign = 1.0 if relation == "behind" else -1.0
            along = gap + 8.0 * spread * u
            heading = from_spawn + (v - 0.5) * 0.6 * spread
            return cx + sign * along * np.sin(heading), cz - sign * along * np.cos(heading)
        distance = spread * target.radius_m * u if target.kind == "hill" else gap + (2.0 + 12.0 * u) * spread
        heading = 2.0 * math.pi * (v if relation != "around" else (index * 0.381966 + 0.1 * v))
        return cx + distance * np.sin(heading), cz - distance * np.cos(heading)
    if relation == "in_distance":
        low, high = 90.0, min(240.0, land.play_half_size_m - 12.0)
    elif target is not None and target.kind == "water":
        low, high = 8.0 + radius, min(80.0 * spread, land.play_half_size_m - 12.0)
    else:
        low, high = 7.0 + 1.6 * radius, (22.0 + 3.0 * radius + 1.5 * index) * spread
    width = math.radians(min(180.0, (62.0 + 6.0 * index) * spread))
    heading = (2.0 * v - 1.0) * width
    distance = np.sqrt(low**2 + u * (max(high, low + 5.0) ** 2 - low**2))
    return distance * np.sin(heading), -distance * np.cos(heading)


def _allowed(
    *,
    family: AssetFamily,
    land: LandView,
    x: FloatArray,
    z: FloatArray,
    height: FloatArray,
    depth: FloatArray,
    shore: FloatArray,
    radius: float,
    effort: int,
) -> NDArray[np.bool_]:
    rule = family.placement
    reach = land.play_half_size_m - radius - 4.0
    allowed = (np.abs(x) < reach) & (np.abs(z) < reach)
    if rule.water_depth_m[1] > 0.0:
        return allowed & (depth >= rule.water_depth_m[0]) & (depth <= rule.water_depth_m[1] * (1.0 + effort))
    slope = _slope_over(land.terrain, x, z, height, max(radius, 1.0))
    allowed &= slope < math.tan(math.radians(min(rule.max_slope_deg, 14.0 if rule.levels_ground else 40.0))) * (
        1.0 + 0.6 * effort
    )
    for angle in np.arange(8) * (math.pi / 4.0):
        rim_x, rim_z = x + radius * math.cos(angle), z + radius * math.sin(angle)
        allowed &= water_depth_at(land.terrain, rim_x, rim_z) <= 0.0
    allowed &= (depth <= 0.0) & (shore >= min(rule.water_distance_m[0], 30.0))
    if math.isfinite(rule.water_distance_m[1]):
        # Where there is no water at all, what likes its shores does without.
        allowed &= (shore <= rule.water_distance_m[1] * (1.0 + effort) + radius) | (shore > _NO_WATER_M)
    if effort == 0:
        allowed &= (height >= rule.altitude_m[0]) & (height <= rule.altitude_m[1])
    return allowed


def _slope_over(terrain: Terrain, x: FloatArray, z: FloatArray, height: FloatArray, radius: float) -> FloatArray:
    """Steepest grade between the middle and eight points on the rim."""
    steepest = np.zeros_like(x)
    for angle in np.arange(8) * (math.pi / 4.0):
        rim = ground_height(terrain, x + radius * math.cos(angle), z + radius * math.sin(angle))
        steepest = np.maximum(steepest, np.abs(rim - height) / radius)
    return steepest


def _preference(
    *,
    item: Item,
    target: Target | None,
    x: FloatArray,
    z: FloatArray,
    height: FloatArray,
    shore: FloatArray,
    radius: float,
    afloat: bool,
) -> FloatArray:
    heading = np.arctan2(x, -z)
    distance = np.hypot(x, z)
    score = 0.6 * np.cos(heading) + 0.2 * np.cos(2.0 * heading)
    if target is not None and target.kind == "hill":
        return score + 0.08 * height - 0.05 * np.hypot(x - target.center_xz[0], z - target.center_xz[1])
    if target is not None and target.kind == "water":
        wanted = radius + (1.5 if afloat else 3.0)
        # What is far away is small: a building still shows well where a boat or a post no longer does.
        near_shore = 0.12 if radius < 2.0 else 0.07
        return score - near_shore * np.abs(np.abs(shore) - wanted) - max(0.035, 0.1 / (1.0 + radius)) * distance
    if item.place.relation == "in_distance":
        return score + 0.02 * height
    if target is not None and target.kind == "site":
        away = np.hypot(x - target.center_xz[0], z - target.center_xz[1]) - target.radius_m - radius
        return score - 0.06 * np.abs(away - 3.0) - 0.012 * distance
    wanted = 11.0 + 2.0 * radius
    return score - 0.02 * np.abs(distance - wanted) - 0.05 * np.abs(height)


def _heading(
    family: AssetFamily, target: Target | None, x: FloatArray, z: FloatArray, rng: np.random.Generator
) -> FloatArray:
    if family.placement.water_depth_m[0] > 0.0:
        # Boats show their side.
        side = rng.choice([-1.0, 1.0], len(x)) * (0.5 * math.pi + np.radians(35.0) * (rng.random(len(x)) - 0.5))
        return np.arctan2(-x, -z) + side
    if not family.placement.faces_path:
        return rng.random(len(x)) * 2.0 * math.pi
    towards_x, towards_z = -x, -z
    if target is not None and target.kind == "site":
        # Neighbours turn to a shared yard between their target and the spawn.
        towards_x = 0.5 * target.center_xz[0] - x
        towards_z = 0.5 * target.center_xz[1] - z
    turn = rng.choice([-1.0, 1.0], len(x)) * np.radians(12.0 + 22.0 * rng.random(len(x)))
    return np.arctan2(towards_x, towards_z) + turn
