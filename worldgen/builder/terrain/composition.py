"""Where things stand in the view from the spawn: water, the landmark hill, cliffs and mountains.

Directions are headings from -Z towards +X in radians, so a heading of 0 is the middle of the hero view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.sky.sun import LOW_SUNS, key_direction
from worldgen.builder.terrain.biomes import PROFILES, LandProfile
from worldgen.randomness import rng
from worldgen.spec.model import Water, WaterKind, WorldSpec

SPAWN_RADIUS_M = 12.0
"""The ground within this distance of the spawn is dry, gentle and free of water."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WaterPlan:
    """A body of water and how its shore lies.

    Lakes are warped ellipses around ``center_xz``; seas lie beyond a line across ``heading`` or, when
    ``island_radius_m`` is positive, around an island; rivers follow ``line``.

    line  (N, 4) float64  x, z, surface height and half width at points along a river, downstream
    """

    id: str
    kind: WaterKind
    frozen: bool
    surface_y: float
    center_xz: tuple[float, float]
    heading: float = 0.0
    half_size_m: tuple[float, float] = (0.0, 0.0)
    shore_m: float = 20.0
    """Distance from the spawn to the nearest shore."""
    depth_m: float = 5.0
    cape_m: float = 0.0
    """For a sea: how far along the shore, to the right, a cape stands out."""
    island_radius_m: float = 0.0
    line: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FarIsland:
    """An island or headland out in the sea, for the horizon."""

    x: float
    z: float
    radius: float
    height: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Composition:
    """The plan of a world's land; what the kernels need beside noise."""

    profile: LandProfile
    seed: int
    side: float
    """-1 or 1: which side of the view the landmark takes; water takes the other."""
    scale: float
    """Factor on hills and swells from the spec's relief; 1 is the biome's own."""
    mountain_height: float
    mountains_within: tuple[float, float]
    """Distances within which mountains have begun to rise and have their full height; infinite for the biome's own."""
    valley_heading: float
    peak_heading: float
    peak_distance: float
    waters: tuple[WaterPlan, ...]
    hill_heading: float | None
    """Where the landmark hill would best rise; water may move it."""
    hill_distance: float
    hill_height: float
    cliff_heading: float | None
    cliff_distance: float
    cliff_height: float
    far_islands: tuple[FarIsland, ...]
    low_sun: tuple[float, float] | None
    """Heading and elevation of a sun so low that hills would hide it; the land stays below it."""


def compose(spec: WorldSpec, seed: int) -> Composition:
    """Choose the composition of a world from its spec and seed."""
    profile = PROFILES[spec.biome]
    random = rng(seed, "land/composition")
    side = 1.0 if random.random() < 0.6 else -1.0
    relief = 0.5 if spec.land.relief is None else spec.land.relief
    scale = 0.06 + 1.88 * relief
    waters = _wanted_waters(spec)
    has_sea = any(water.kind == "sea" for water in waters)
    mountain_height = _mountain_height(spec, profile, relief)
    valley_heading = side * random.uniform(math.radians(4.0), math.radians(20.0))
    sea_heading = -side * random.uniform(math.radians(24.0), math.radians(50.0))
    river_heading = sea_heading * 0.5 + side * 0.2 if has_sea else valley_heading
    # The leading peak stands over the first lake, on the side without the landmark.
    peak_heading = -side * random.uniform(math.radians(-3.0), math.radians(11.0))
    peak_distance = random.uniform(2500.0, 3200.0)
    plans: list[WaterPlan] = []
    num_lakes = 0
    for water in waters:
        stream = rng(seed, f"land/water/{water.id}")
        if water.kind == "sea":
            plans.append(_plan_sea(water, stream, sea_heading, side, spec.land.island))
        elif water.kind == "lake":
            plans.append(_plan_lake(water, stream, side, num_lakes + (2 if has_sea else 0)))
            num_lakes += 1
        else:
            # Where a lake or a sea has the near ground, the river keeps behind its bank.
            keep_off = 24.0 if len(waters) > 1 else 13.5
            plan = _plan_river(
                water, stream, river_heading, side=side, profile=profile, to_sea=has_sea, keep_off_m=keep_off
            )
            plans.append(plan)
    hill_random = rng(seed, "land/hill")
    hill_heading = side * hill_random.uniform(math.radians(18.0), math.radians(28.0))
    cliff_random = rng(seed, "land/cliffs")
    cliff_heading = side * cliff_random.uniform(math.radians(28.0), math.radians(48.0)) if spec.land.cliffs else None
    return Composition(
        profile=profile,
        seed=seed,
        side=side,
        scale=scale,
        mountain_height=mountain_height,
        mountains_within=(900.0, 2600.0) if spec.land.mountains_in_distance else (math.inf, math.inf),
        valley_heading=valley_heading,
        peak_heading=peak_heading,
        peak_distance=peak_distance,
        waters=tuple(plans),
        hill_heading=hill_heading if spec.land.hill else None,
        hill_distance=hill_random.uniform(60.0, 72.0),
        hill_height=hill_random.uniform(13.0, 16.0),
        cliff_heading=cliff_heading,
        cliff_distance=cliff_random.uniform(75.0, 110.0),
        cliff_height=cliff_random.uniform(24.0, 36.0),
        far_islands=_far_islands(seed, sea_heading, spec) if has_sea else (),
        low_sun=_low_sun(spec, seed),
    )


def _low_sun(spec: WorldSpec, seed: int) -> tuple[float, float] | None:
    # Canyon walls stand so close and high that they would keep any sun but noon's from the floor.
    walled = spec.biome == "canyon" and spec.time_of_day in ("morning", "afternoon")
    if spec.time_of_day not in LOW_SUNS and not walled:
        return None
    x, y, z = key_direction(spec.time_of_day, seed)
    return math.atan2(x, -z), math.asin(y)


def _wanted_waters(spec: WorldSpec) -> tuple[Water, ...]:
    """The spec's waters, with the sea that a coast or an island has even when nobody names it."""
    waters = tuple(sorted(spec.waters, key=lambda water: ("sea", "lake", "river").index(water.kind)))
    needs_sea = spec.land.island or (spec.biome == "coast" and "sea" not in spec.excluded)
    if needs_sea and not any(water.kind == "sea" for water in waters):
        name = "sea" if all(water.id != "sea" for water in waters) else "open_sea"
        waters = (Water(id=name, kind="sea"), *waters)
    return waters


def _mountain_height(spec: WorldSpec, profile: LandProfile, relief: float) -> float:
    if spec.land.mountains_in_distance is False:
        return 0.0
    height = profile.mountain_height
    if spec.land.mountains_in_distance:
        height = max(height, 1050.0 if profile.code != PROFILES["canyon"].code else 420.0)
        relief = max(relief, 0.4)
    return height * (0.55 + 0.9 * relief)


def _plan_sea(water: Water, random: np.random.Generator, heading: float, side: float, island: bool) -> WaterPlan:
    shore = random.uniform(19.0, 25.0)
    center = (math.sin(heading) * (shore + 60.0), -math.cos(heading) * (shore + 60.0))
    radius = random.uniform(130.0, 190.0) if island else 0.0
    return WaterPlan(
        id=water.id,
        kind="sea",
        frozen=water.frozen,
        surface_y=-random.uniform(1.5, 1.9),
        center_xz=center,
        heading=heading,
        shore_m=shore,
        depth_m=14.0,
        cape_m=side * random.uniform(165.0, 235.0),
        island_radius_m=radius,
    )


def _plan_lake(water: Water, random: np.random.Generator, side: float, index: int) -> WaterPlan:
    """Place a lake: the first in front, to the side without the landmark; further ones to both sides."""
    size = water.size**0.75
    across = min(190.0, random.uniform(46.0, 62.0) * size)
    along = min(150.0, random.uniform(31.0, 41.0) * size)
    degrees = (random.uniform(8.0, 24.0), -random.uniform(42.0, 55.0), 75.0, -105.0)[min(index, 3)]
    if index == 2:
        degrees = -random.uniform(58.0, 75.0)
    heading = -side * math.radians(degrees)
    shore = random.uniform(16.8, 19.0) + (0.0 if index == 0 else 16.0)
    distance = shore + along
    return WaterPlan(
        id=water.id,
        kind="lake",
        frozen=water.frozen,
        surface_y=-random.uniform(1.0, 1.25),
        center_xz=(distance * math.sin(heading), -distance * math.cos(heading)),
        heading=heading + random.uniform(-0.25, 0.25),
        half_size_m=(across, along),
        shore_m=shore,
        depth_m=min(9.0, 0.12 * along + 1.0),
    )


def _plan_river(
    water: Water,
    random: np.random.Generator,
    heading: float,
    *,
    side: float,
    profile: LandProfile,
    to_sea: bool,
    keep_off_m: float,
) -> WaterPlan:
    """Lay a river along the valley: it comes from the far front, crosses the view and leaves behind the spawn.

    Where there is a sea, the river runs the other way, from behind the spawn into the sea.
    """
    half_width = min(14.0, 4.6 * water.size**0.8)
    phases = random.uniform(0.0, 2.0 * math.pi, 3)
    amplitudes = np.array([6.0, 20.0, 62.0]) * random.uniform(0.7, 1.2, 3)
    wavelengths = np.array([21.0, 58.0, 190.0]) * random.uniform(0.85, 1.2, 3)
    reach = 1250.0
    along = np.arange(-reach, reach + 1.0, 4.0)
    waves = np.sin(along[:, None] / wavelengths + phases) - np.sin(phases)
    near = 1.0 - np.exp(-((along[:, None] / 55.0) ** 2))
    meander = (amplitudes * waves * near).sum(axis=1)
    offset = keep_off_m + 2.5 + half_width
    direction = np.array([math.sin(heading), -math.cos(heading)])
    right = np.array([-direction[1], direction[0]])
    while True:
        lateral = -side * offset + meander
        points = along[:, None] * direction + lateral[:, None] * right
        if np.hypot(points[:, 0], points[:, 1]).min() >= half_width + keep_off_m:
            break
        offset += 0.5
    upstream = 0.011 if profile.code == PROFILES["alpine"].code else 0.006
    surface_0 = -random.uniform(0.75, 0.95)
    surface = surface_0 + np.where(along > 0.0, upstream * along, 0.004 * along)
    width = half_width * (1.0 + 0.18 * np.sin(along / 33.0 + phases[0]))
    line = np.column_stack([points, surface, width])
    if to_sea:
        line[:, 2] = surface_0 - 0.004 * along
    else:
        line = line[::-1]
    closest = int(np.hypot(line[:, 0], line[:, 1]).argmin())
    return WaterPlan(
        id=water.id,
        kind="river",
        frozen=water.frozen,
        surface_y=surface_0,
        center_xz=(float(line[closest, 0]), float(line[closest, 1])),
        heading=heading,
        shore_m=offset - half_width,
        depth_m=0.55 + 0.12 * half_width,
        line=np.ascontiguousarray(line),
    )


def _far_islands(seed: int, sea_heading: float, spec: WorldSpec) -> tuple[FarIsland, ...]:
    """One to three islands on the horizon; larger and more of them where mountains are asked for."""
    random = rng(seed, "land/islands")
    mountains = bool(spec.land.mountains_in_distance)
    islands = []
    for _ in range(int(random.integers(4, 7)) if mountains else int(random.integers(1, 4))):
        heading = sea_heading + random.uniform(-0.75, 0.75)
        distance = random.uniform(2600.0, 5600.0) if mountains else random.uniform(750.0, 3000.0)
        height = random.uniform(350.0, 750.0) if mountains else random.uniform(0.025, 0.06) * distance
        radius = height * random.uniform(1.7, 2.6) if mountains else height * random.uniform(2.0, 4.5)
        islands.append(
            FarIsland(
                x=distance * math.sin(heading), z=-distance * math.cos(heading), radius=radius + 40.0, height=height
            )
        )
    return tuple(islands)
