"""Scattered things: forests, bushes, rocks and grass, drawn from jittered grids and thinned by rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen import randomness
from worldgen.builder.family import AssetFamily, Placement
from worldgen.builder.layout.sight import SightLine, barred_by
from worldgen.builder.layout.zones import Zone, outside_zones
from worldgen.builder.terrain.queries import (
    ground_height,
    ground_normal,
    moisture_at,
    shore_distance,
    water_depth_at,
)
from worldgen.scene.scene import Prototype, SceneObject
from worldgen.scene.terrain import Terrain
from worldgen.spec.model import Place, Scatter

FloatArray = NDArray[np.float64]

GroundFit = Callable[[str, FloatArray, FloatArray], FloatArray]
"""(family, x, z) -> 0 to 1: how well a family grows on the ground cover at positions (N,)."""

_COVER_FADE = 0.4
"""Share of its reach over which ground cover thins out."""
_COVER_HEIGHT_M = 1.3
"""Families lower than this are ground cover: dense near the spawn, absent far away."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stand:
    """One scatter entry with its family and the prototypes that its instances share.

    height_m  of the tallest prototype
    crown_m   largest horizontal reach of a prototype from its origin
    """

    entry: Scatter
    family: AssetFamily
    prototypes: tuple[Prototype, ...]
    height_m: float = field(init=False)
    crown_m: float = field(init=False)

    def __post_init__(self) -> None:
        """Measure the prototypes once: scattering asks often."""
        vertices = [part.mesh.vertices for prototype in self.prototypes for part in prototype.lods[0]]
        object.__setattr__(self, "height_m", max(float(each[:, 1].max()) for each in vertices))
        object.__setattr__(self, "crown_m", max(float(np.abs(each[:, ::2]).max()) for each in vertices))

    @property
    def is_cover(self) -> bool:
        """Whether it is low enough to be ground cover."""
        return self.height_m < _COVER_HEIGHT_M and self.crown_m < 1.2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Surroundings:
    """What scattering must respect."""

    terrain: Terrain
    """The finished land, which things stand on."""
    bare_terrain: Terrain
    """The land before anything was levelled, which decides where things grow."""
    play_half_size_m: float
    cover_reach_m: float
    """How far from the spawn ground cover stands; beyond, the ground's texture shows it."""
    zones: tuple[Zone, ...]
    sight_lines: tuple[SightLine, ...]
    """Things that must stay in sight of the spawn."""
    single_xz: FloatArray
    """(N, 3) x, z and radius of single things without a zone (trees placed one by one, bridges)."""
    ground_fit: GroundFit
    closeness: Callable[[Place, FloatArray, FloatArray], FloatArray]
    """(place, x, z) -> 0 to 1: how near positions (N,) are to what a place refers to."""
    seed: int


@dataclass(slots=True)
class Taken:
    """Where scattered things already stand: x, z and radius of each."""

    x: list[float]
    z: list[float]
    radius: list[float]

    def blocks(self, x: FloatArray, z: FloatArray, radius: float) -> NDArray[np.bool_]:
        """Which positions are closer to something than both radii allow."""
        order = np.argsort(self.x, kind="stable")
        others = np.stack([self.x, self.z, self.radius], axis=1)[order]
        return _blocked(x, z, radius, others)


@njit(cache=True)
def _blocked(x: FloatArray, z: FloatArray, radius: float, others: FloatArray) -> NDArray[np.bool_]:
    """Which positions are too close to one of the others, whose x, z and radius (M, 3) are sorted by x."""
    blocked = np.zeros(len(x), dtype=np.bool_)
    if len(others) == 0:
        return blocked
    reach = radius + others[:, 2].max()
    for index in range(len(x)):
        first = np.searchsorted(others[:, 0], x[index] - reach)
        last = np.searchsorted(others[:, 0], x[index] + reach, side="right")
        for other in range(first, last):
            gap = math.hypot(others[other, 0] - x[index], others[other, 1] - z[index])
            if gap < radius + others[other, 2]:
                blocked[index] = True
                break
    return blocked


def scatter(stands: Sequence[Stand], around: Surroundings) -> list[SceneObject]:
    """Instances of all stands, tall ones first; ids are ``<entry>/<cell>`` and never depend on other entries."""
    objects: list[SceneObject] = []
    taken = Taken([], [], [])
    for stand in sorted(stands, key=lambda stand: -stand.height_m):
        objects += _scatter_land(stand, around, taken)
        if stand.entry.from_prompt:
            objects += _bring_into_view(stand, around, taken, objects)
        if stand.is_cover:
            for number, zone in enumerate(around.zones):
                objects += _scatter_zone(stand, zone, around, later=around.zones[number + 1 :])
    return objects


def _scatter_land(stand: Stand, around: Surroundings, taken: Taken) -> list[SceneObject]:
    rng = randomness.rng(around.seed, stand.entry.id)
    objects: list[SceneObject] = []
    for ring, (inner, outer, cell) in enumerate(_rings(stand, around)):
        index, x, z = _jittered_grid(outer, cell, rng)
        draws = rng.random((len(x), 5))
        distance = np.hypot(x, z)
        keep = (distance >= inner) & (distance < outer)
        chance = _growth(stand, around, x, z, cell)
        if stand.is_cover:
            # No edge where the geometry ends and the ground's texture takes over.
            chance *= np.clip((around.cover_reach_m - distance) / (_COVER_FADE * around.cover_reach_m), 0.0, 1.0)
        keep &= draws[:, 0] < chance
        keep[keep] &= outside_zones(around.zones, x[keep], z[keep], reach_m=0.35 * stand.crown_m)
        keep[keep] &= _in_the_open(stand, around, x[keep], z[keep])
        if not stand.is_cover:
            body = _body_radius(stand)
            keep[keep] &= ~taken.blocks(x[keep], z[keep], body)
        chosen = np.flatnonzero(keep)
        if not stand.is_cover:
            taken.x += x[chosen].tolist()
            taken.z += z[chosen].tolist()
            taken.radius += [_body_radius(stand)] * len(chosen)
        names = [f"{stand.entry.id}/{ring}_{number}" for number in index[chosen]]
        objects += _instances(stand, around.terrain, names, x=x[chosen], z=z[chosen], draws=draws[chosen])
    return objects


_IN_VIEW_M = 42.0
_WANTED_IN_VIEW = 4
"""Things that a prompt asked for and that must stand in front of the spawn; ground cover needs ten times as many."""


def _bring_into_view(
    stand: Stand, around: Surroundings, taken: Taken, standing: Sequence[SceneObject]
) -> list[SceneObject]:
    """A few more where too few of what the prompt asked for stand in front of the spawn."""
    own = [item.world_from_object[:3, 3] for item in standing if item.spec_id == stand.entry.id]
    seen = sum(1 for x, _, z in own if math.hypot(x, z) < _IN_VIEW_M and abs(math.atan2(x, -z)) < math.radians(75.0))
    missing = _WANTED_IN_VIEW * (10 if stand.is_cover else 1) - seen
    if missing <= 0:
        return []
    rng = randomness.rng(around.seed, f"{stand.entry.id}/view")
    count = 600
    heading = (2.0 * rng.random(count) - 1.0) * math.radians(65.0)
    distance = 4.0 + 0.7 * stand.crown_m + (_IN_VIEW_M - 8.0) * np.sqrt(rng.random(count))
    x, z = distance * np.sin(heading), -distance * np.cos(heading)
    draws = rng.random((count, 5))
    fit = suitability(stand.family.placement, stand.family.name, around, x, z)
    good = (fit > 0.0) & outside_zones(around.zones, x, z, reach_m=0.35 * stand.crown_m)
    good[good] &= _in_the_open(stand, around, x[good], z[good])
    chosen: list[int] = []
    for index in np.flatnonzero(good):
        body = _body_radius(stand)
        if not taken.blocks(x[index : index + 1], z[index : index + 1], body)[0]:
            chosen.append(int(index))
            if not stand.is_cover:
                taken.x.append(float(x[index]))
                taken.z.append(float(z[index]))
                taken.radius.append(body)
        if len(chosen) == missing:
            break
    names = [f"{stand.entry.id}/view_{index}" for index in chosen]
    return _instances(stand, around.terrain, names, x=x[chosen], z=z[chosen], draws=draws[chosen])


def _scatter_zone(stand: Stand, zone: Zone, around: Surroundings, later: Sequence[Zone]) -> list[SceneObject]:
    """Ground cover on the reshaped margin of one zone, from the zone's own stream.

    Where margins overlap the ground belongs to the zone that came last, since that one shaped it.
    """
    rng = randomness.rng(around.seed, f"{zone.owner}/{stand.entry.id}")
    x_from, x_to, z_from, z_to = zone.bounds()
    _, _, cell = _rings(stand, around)[1]
    count = int((x_to - x_from) * (z_to - z_from) / cell**2)
    x = x_from + (x_to - x_from) * rng.random(count)
    z = z_from + (z_to - z_from) * rng.random(count)
    draws = rng.random((count, 5))
    away = zone.distance(x, z)
    keep = (away > 0.25) & (away <= zone.margin_m) & (np.hypot(x, z) < 60.0)
    keep &= draws[:, 0] < _growth(stand, around, x, z, cell)
    keep[keep] &= outside_zones(later, x[keep], z[keep])
    for other in around.zones:
        if other is not zone and keep.any():
            keep[keep] = other.distance(x[keep], z[keep]) > 0.25
    keep[keep] &= _in_the_open(stand, around, x[keep], z[keep])
    chosen = np.flatnonzero(keep)
    names = [f"{zone.owner}/{stand.entry.id}/{number}" for number in chosen]
    return _instances(stand, around.terrain, names, x=x[chosen], z=z[chosen], draws=draws[chosen])


_SPARSE_M = {"cactus": 6.0, "dead_tree": 4.0}
"""Metres that families keep between each other for want of water, however slender they are."""


_FEET_M = 5.0
"""Within this distance of the spawn grass is denser."""


_CLOSED_STAND_M = 55.0
"""How far around the spawn a dense wood is closed: nobody sees farther into one, and every tree has its price."""


def _closure(stand: Stand) -> float:
    """0 to 1: how far the crowns of a stand of trees reach into each other, which those of dense woods do."""
    return min(max((stand.entry.density - 0.7) / 0.25, 0.0), 1.0) if stand.height_m >= 4.0 else 0.0


def _rings(stand: Stand, around: Surroundings) -> list[tuple[float, float, float]]:
    """(from, to, cell) in metres: how far a stand reaches and how far apart its cells lie."""
    spacing = max(1.25 * stand.crown_m, _SPARSE_M.get(stand.family.name, 0.55))
    reach = around.play_half_size_m * 0.98
    if stand.is_cover:
        cover = max(0.62, 1.1 * stand.crown_m)
        far = around.cover_reach_m
        # Nothing is as close to the eye as the ground at the visitor's feet; blades there make it crisp.
        feet = (0.6, _FEET_M, cover * (0.62 if stand.family.name == "grass" else 1.0))
        rings = [feet, (_FEET_M, 14.0, cover), (14.0, 34.0, 1.3 * cover), (34.0, far, 2.1 * cover)]
        return [(inner, min(outer, far), cell) for inner, outer, cell in rings if inner < far]
    if stand.height_m < 4.0:
        return [(2.0, 60.0, max(spacing * 1.6, 2.2)), (60.0, min(reach, 150.0), max(spacing * 2.4, 4.0))]
    if stand.family.name in ("rock", "cliff"):
        return [(6.0, min(reach, 160.0), max(spacing * 2.0, 5.0))]
    closed_m = _CLOSED_STAND_M if _closure(stand) > 0.0 else 4.0
    return [
        (4.0, closed_m, spacing * (1.0 - 0.42 * _closure(stand))),
        (closed_m, min(reach, 130.0), spacing),
        (min(reach, 130.0), reach, 1.35 * spacing),
        (reach, 620.0, 2.3 * spacing),
    ]


def _jittered_grid(
    half_size: float, cell: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """One random position in every cell of a square grid: blue enough, and cheap at any size."""
    count = 2 * math.ceil(half_size / cell) + 1
    jitter = rng.random((count * count, 2)) - 0.5
    index = np.arange(count * count)
    x = (index % count - count // 2 + 0.92 * jitter[:, 0]) * cell
    z = (index // count - count // 2 + 0.92 * jitter[:, 1]) * cell
    return index, x, z


def _growth(stand: Stand, around: Surroundings, x: FloatArray, z: FloatArray, cell: float) -> FloatArray:
    """Chance, 0 to 1, that a cell carries something: density, groves, and what the place offers."""
    rule = stand.family.placement
    # A meadow is closed at half its full density, while half the flowers or trees are half of them.
    chance = np.full(len(x), stand.entry.density ** (0.75 if stand.family.name == "grass" else 1.1))
    if rule.clusters > 0.0:
        grove = _groves(
            randomness.seed_for(around.seed, f"{stand.entry.id}/groves"), x, z, 9.0 * max(stand.crown_m, 0.5)
        )
        # A dense wood has no glades.
        clusters = rule.clusters * (1.0 - _closure(stand))
        chance *= 1.0 + clusters * (np.clip(2.6 * grove - 0.6, 0.0, 1.6) - 1.0)
    if stand.entry.place is not None:
        chance *= 0.06 + 1.6 * around.closeness(stand.entry.place, x, z)
    return chance * suitability(rule, stand.family.name, around, x, z)


def suitability(rule: Placement, family: str, around: Surroundings, x: FloatArray, z: FloatArray) -> FloatArray:
    """0 to 1: how well a family's rule fits the land at positions (N,)."""
    terrain = around.bare_terrain
    depth = water_depth_at(terrain, x, z)
    fits = (depth >= rule.water_depth_m[0]) & (depth <= rule.water_depth_m[1])
    shore = shore_distance(terrain, x, z)
    if rule.water_depth_m[1] <= 0.0:
        fits &= shore >= rule.water_distance_m[0]
    fits &= np.abs(shore) <= rule.water_distance_m[1]
    slope = np.degrees(np.arccos(np.clip(ground_normal(terrain, x, z)[:, 1], -1.0, 1.0)))
    fits &= slope <= rule.max_slope_deg
    moisture = moisture_at(terrain, x, z)
    fits &= (moisture >= rule.moisture[0]) & (moisture <= rule.moisture[1])
    height = ground_height(terrain, x, z)
    fits &= (height >= rule.altitude_m[0]) & (height <= rule.altitude_m[1])
    result = np.zeros(len(x))
    result[fits] = around.ground_fit(family, x[fits], z[fits])
    return result


def _groves(seed: int, x: FloatArray, z: FloatArray, size: float) -> FloatArray:
    """Smooth value noise, 0 to 1, with two octaves, as the plan of groves and glades."""
    rng = randomness.rng(seed, "groves")
    total = np.zeros(len(x))
    for octave, weight in ((1.0, 0.65), (2.3, 0.35)):
        table = rng.random((64, 64))
        u, v = x * octave / size + 1000.0, z * octave / size + 1000.0
        column, row = np.floor(u).astype(int), np.floor(v).astype(int)
        a, b = u - column, v - row
        a, b = a * a * (3.0 - 2.0 * a), b * b * (3.0 - 2.0 * b)
        top = table[row % 64, column % 64] * (1.0 - a) + table[row % 64, (column + 1) % 64] * a
        low = table[(row + 1) % 64, column % 64] * (1.0 - a) + table[(row + 1) % 64, (column + 1) % 64] * a
        total += weight * (top * (1.0 - b) + low * b)
    return total


def _body_radius(stand: Stand) -> float:
    """How close two bodies may come: trunks keep apart by a good part of their crowns."""
    return max((0.5 - 0.2 * _closure(stand)) * stand.crown_m, min(p.footprint_m for p in stand.prototypes), 0.3)


def _in_the_open(stand: Stand, around: Surroundings, x: FloatArray, z: FloatArray) -> NDArray[np.bool_]:
    """Which positions leave the spawn clear, the view open and landmarks in sight."""
    distance = np.hypot(x, z)
    free = np.ones(len(x), dtype=bool)
    tall = stand.height_m > 1.6
    if tall:
        heading = np.abs(np.arctan2(x, -z))
        clearing = 5.0 + 0.9 * stand.crown_m
        view_depth = 26.0 + 1.2 * stand.crown_m
        wedge = np.clip(1.0 - heading / math.radians(34.0), 0.0, 1.0)
        free &= distance > clearing + (view_depth - clearing) * np.minimum(1.0, 1.7 * wedge)
    elif stand.height_m > 0.7:
        free &= distance > 2.2
    for single_x, single_z, radius in around.single_xz:
        own = 0.45 * stand.crown_m if tall else 0.1
        free &= np.hypot(x - single_x, z - single_z) > radius + own
    # Tall things keep out of a line of sight altogether, low ones only where they would rise into it.
    top_y = None
    if not tall:
        tallest = stand.family.placement.scale_range[1] * stand.height_m
        top_y = ground_height(around.terrain, x[free], z[free]).astype(np.float64) + tallest
    free[free] &= ~barred_by(around.sight_lines, x[free], z[free], reach_m=0.75 * stand.crown_m, top_y=top_y)
    return free


def _instances(
    stand: Stand, terrain: Terrain, names: Sequence[str], *, x: FloatArray, z: FloatArray, draws: FloatArray
) -> list[SceneObject]:
    """Scene objects standing at positions (N,); ``draws`` (N, 5) are their own random numbers."""
    if not len(x):
        return []
    rule = stand.family.placement
    low, high = rule.scale_range
    scale = low + (high - low) * draws[:, 1]
    yaw = 2.0 * math.pi * draws[:, 2]
    variant = np.minimum((draws[:, 3] * len(stand.prototypes)).astype(int), len(stand.prototypes) - 1)
    y = ground_height(terrain, x, z).astype(np.float64) - rule.sink_m * scale
    if rule.water_depth_m[1] > 0.0 and stand.family.name == "boat":
        y += water_depth_at(terrain, x, z)
    up = np.array([0.0, 1.0, 0.0]) * (1.0 - rule.follow_slope) + ground_normal(terrain, x, z) * rule.follow_slope
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    matrices = _upright_matrices(up, yaw, scale, np.stack([x, y, z], axis=1))
    return [
        SceneObject(
            object_id=name,
            spec_id=stand.entry.id,
            prototype=stand.prototypes[variant[number]].name,
            world_from_object=matrices[number],
        )
        for number, name in enumerate(names)
    ]


def _upright_matrices(up: FloatArray, yaw: FloatArray, scale: FloatArray, position: FloatArray) -> FloatArray:
    """(N, 4, 4) transforms whose +Y is ``up`` and whose +Z heads as ``yaw`` says."""
    heading = np.stack([np.sin(yaw), np.zeros_like(yaw), np.cos(yaw)], axis=1)
    right = np.cross(up, heading)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    forward = np.cross(right, up)
    matrices = np.tile(np.eye(4), (len(yaw), 1, 1))
    matrices[:, :3, :3] = np.stack([right, up, forward], axis=2) * scale[:, None, None]
    matrices[:, :3, 3] = position
    return matrices
