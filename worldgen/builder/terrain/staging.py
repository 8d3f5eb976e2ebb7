"""Staging: the raw land is fitted to the spawn, the view, the landmark hill, cliffs and the waters."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.terrain.composition import SPAWN_RADIUS_M, Composition
from worldgen.builder.terrain.landforms import DESERT
from worldgen.builder.terrain.noise import fbm, gradient_noise, noise_seed, ridged, smoothstep, soft_max, soft_min
from worldgen.builder.terrain.shores import RIVER_REACH_M

FloatArray = NDArray[np.float32]

NO_WATER = -1.0e9
"""Surface height where there is no water."""

_NEAR_WATER_M = 30.0
"""Waters whose shore is nearer than this are looked at from the spawn."""
_SHORE_TILT = 0.038
"""Rise over run of the spawn's ground down to such a shore: gentle underfoot, enough to see the water's edge."""


class StagePlan(NamedTuple):
    """Numbers of a `Composition` that the staging kernel takes."""

    seed: int
    origin_y: float
    flat_reach: float
    view_heading: float
    view_rise: float
    sun_heading: float
    sun_rise: float
    """Rise over run of the line below which land must stay towards a low sun; 0 where the sun is high."""
    has_cliff: bool
    cliff_sin: float
    cliff_cos: float
    cliff_distance: float
    cliff_height: float
    shore_sin: float
    shore_cos: float
    shore_tilt: float
    """How the ground around the spawn leans towards the first water; 0 where there is none near."""


class BankPlan(NamedTuple):
    """How land meets water: slopes are rise over run, lengths in metres."""

    seed: int
    level_y: float
    bed_slope: float
    depth: float
    beach_slope: float
    reach: float
    rim_fall: float
    headland: float
    cape_x: float
    cape_z: float
    cape_radius: float
    spawn_m: float
    """Distance from the spawn at which its own ground has given way to the bank."""


def stage_plan(composition: Composition, origin_y: float) -> StagePlan:
    """The numbers of the staging kernel; ``origin_y`` is the raw height that becomes 0."""
    heading = composition.cliff_heading
    near = [water for water in composition.waters if water.shore_m < _NEAR_WATER_M]
    shore = math.atan2(near[0].center_xz[0], -near[0].center_xz[1]) if near else 0.0
    inland_cliff = heading is not None and all(water.kind != "sea" for water in composition.waters)
    return StagePlan(
        seed=noise_seed(composition.seed, "staging"),
        origin_y=origin_y,
        flat_reach=34.0 if composition.profile.code == DESERT else 85.0,
        view_heading=-composition.side * 0.08,
        view_rise=0.12 if composition.profile.code == DESERT else -0.012,
        sun_heading=0.0 if composition.low_sun is None else composition.low_sun[0],
        sun_rise=0.0 if composition.low_sun is None else math.tan(max(composition.low_sun[1] - 0.024, 0.008)),
        has_cliff=inland_cliff,
        cliff_sin=math.sin(heading or 0.0),
        cliff_cos=math.cos(heading or 0.0),
        cliff_distance=composition.cliff_distance,
        cliff_height=composition.cliff_height,
        shore_sin=math.sin(shore),
        shore_cos=math.cos(shore),
        shore_tilt=_SHORE_TILT if near else 0.0,
    )


@njit(cache=True, parallel=True)
def stage_land(raw: NDArray[np.float32], coordinates: NDArray[np.float64], plan: StagePlan) -> NDArray[np.float32]:
    """Fit raw heights to the spawn and the view.

    Args:
        raw: (N, N) metres.
        coordinates: (N,) grid positions in metres.
        plan: The numbers of the composition.

    Returns:
        (N, N) heights with y = 0 at the spawn, gentle ground around it, an open view along -Z, and cliffs where the
        plan has them.
    """
    size = coordinates.shape[0]
    heights = np.zeros((size, size), dtype=np.float32)
    calm_at_spawn = gradient_noise(0.3, 0.7, plan.seed + 1)
    for row in prange(size):
        z = coordinates[row]
        for column in range(size):
            x = coordinates[column]
            distance = math.sqrt(x * x + z * z)
            height = raw[row, column] - plan.origin_y
            # Keep the middle of the view open: land that would stand up close in front is pressed down.
            turn = abs(math.atan2(x, -z) - plan.view_heading)
            cone = smoothstep(1.05, 0.45, turn) if turn < 1.05 else 0.0
            if cone > 0.0 and distance < 900.0:
                ceiling = plan.view_rise * distance + 0.0012 * max(0.0, distance - 120.0) ** 2 * 0.35
                pressed = soft_min(height, ceiling, 5.0)
                height += cone * (pressed - height) * (1.0 - smoothstep(420.0, 900.0, distance))
            if plan.sun_rise > 0.0 and height > 0.0:
                height = _below_sun(x, z, height, plan)
            calm = 0.5 * (gradient_noise(0.3 + x / 31.0, 0.7 + z / 31.0, plan.seed + 1) - calm_at_spawn)
            calm += 0.010 * z * smoothstep(2.0, 20.0, distance) * smoothstep(60.0, 20.0, -z)
            blend = smoothstep(SPAWN_RADIUS_M, plan.flat_reach, distance)
            height = calm * smoothstep(0.0, 25.0, distance) + blend * (height - calm)
            # Level ground would hide the near half of a water from the eye: it leans down to the shore, all the way.
            towards = plan.shore_sin * x - plan.shore_cos * z
            height -= (1.0 - blend) * plan.shore_tilt * min(max(towards, -12.0), 40.0)
            if plan.has_cliff:
                height += _cliff(x, z, plan)
            heights[row, column] = height
    return heights


@njit(cache=True)
def _below_sun(x: float, z: float, height: float, plan: StagePlan) -> float:
    """A height squeezed under the line of sight to a low sun, less and less to both sides of it."""
    turn = math.atan2(x, -z) - plan.sun_heading
    turn = abs(turn - 2.0 * math.pi * math.floor(turn / (2.0 * math.pi) + 0.5))
    wedge = smoothstep(0.42, 0.1, turn)
    if wedge <= 0.0:
        return height
    ceiling = plan.sun_rise * max(math.sqrt(x * x + z * z), 1.0)
    # Squeezed rather than cut off: the skyline keeps its shape.
    return height + wedge * (height / (1.0 + height / ceiling) - height)


@njit(cache=True, parallel=True)
def raise_hill(
    heights: NDArray[np.float32],
    shores: NDArray[np.float32],
    coordinates: NDArray[np.float64],
    hill: NDArray[np.float64],
    seed: int,
) -> None:
    """Raise the landmark hill, in place.

    Args:
        heights: (N, N) metres, changed.
        shores: (N, N) distance to the nearest water; the hill's foot keeps off the shore.
        coordinates: (N,) grid positions in metres.
        hill: x, z and height of the hill's top.
        seed: Seed of its outline.
    """
    size = coordinates.shape[0]
    for row in prange(size):
        for column in range(size):
            x, z = coordinates[column], coordinates[row]
            away = math.sqrt((x - hill[0]) ** 2 + (z - hill[1]) ** 2)
            if away > 110.0:
                continue
            bend = 0.24 * gradient_noise(x / 33.0, z / 33.0, seed) * smoothstep(6.0, 20.0, away)
            rise = 1.0 - smoothstep(6.0, 52.0, away * (1.0 + bend))
            rise *= smoothstep(1.0, 16.0, shores[row, column])
            rise *= smoothstep(11.0, 26.0, math.sqrt(x * x + z * z))
            height = heights[row, column]
            heights[row, column] = height + rise * (hill[2] - 0.9 * height)


@njit(cache=True)
def _cliff(x: float, z: float, plan: StagePlan) -> float:
    """Height of a scarp that crosses the side of the view: a ragged face, ledges and a slope back down behind it."""
    forward = plan.cliff_sin * x - plan.cliff_cos * z
    sideways = plan.cliff_cos * x + plan.cliff_sin * z
    edge = forward - plan.cliff_distance
    edge += 22.0 * gradient_noise(x / 85.0, z / 85.0, plan.seed + 11)
    edge += 8.0 * gradient_noise(x / 27.0, z / 27.0, plan.seed + 12)
    edge += 2.6 * gradient_noise(x / 8.0, z / 8.0, plan.seed + 13)
    span = math.exp(-((sideways / 210.0) ** 4))
    scree = 0.16 * smoothstep(-26.0, 0.0, edge)
    face = 0.5 * smoothstep(0.0, 4.5, edge) + 0.34 * smoothstep(
        6.0 + 3.0 * gradient_noise(x / 31.0, 1.7, plan.seed), 13.5, edge
    )
    back = 1.0 - smoothstep(40.0, 330.0, edge)
    return plan.cliff_height * span * (scree + face) * back


@njit(cache=True, parallel=True)
def fit_shore(
    grids: tuple[FloatArray, FloatArray, FloatArray],
    coordinates: NDArray[np.float64],
    bank: BankPlan,
    islands: NDArray[np.float64],
) -> None:
    """Fit the land to a lake or sea, in place.

    Args:
        grids: Heights in metres, changed; height of the water's surface, changed where this water lies; signed distance
            to the shore, positive on land; each (N, N).
        coordinates: (N,) grid positions in metres.
        bank: How the land meets the water.
        islands: (K, 4) x, z, radius and height of far islands.
    """
    size = coordinates.shape[0]
    heights, surfaces, distances = grids
    level = bank.level_y
    for row in prange(size):
        z = coordinates[row]
        for column in range(size):
            x = coordinates[column]
            shore = distances[row, column]
            if bank.rim_fall > 0.0 and shore > 8.0 * bank.reach:
                continue
            standing = surfaces[row, column] > heights[row, column]
            if standing and shore > 0.0:
                continue  # under another water already
            if shore < 1.5:
                surfaces[row, column] = level
            vary = 1.0 + 0.5 * gradient_noise(x / 47.0, z / 47.0, bank.seed + 1)
            if shore <= 0.0:
                slope = bank.bed_slope * vary
                deep = bank.depth * (1.0 - math.exp(shore * slope / bank.depth)) - 0.004 * shore
                deep += 0.25 * (1.0 - math.exp(0.2 * shore)) * (1.0 + gradient_noise(x / 9.0, z / 9.0, bank.seed + 2))
                bed = level - min(deep, 2.5 * bank.depth)
                if bank.headland > 0.0:
                    bed = max(bed, level + _island_height(x, z, islands, bank.seed))
                heights[row, column] = bed
                continue
            distance = math.sqrt(x * x + z * z)
            rise = bank.beach_slope * vary * shore * (1.0 - 0.35 * smoothstep(6.0, 30.0, shore))
            reach = bank.reach
            if bank.headland > 0.0:
                head = gradient_noise(x / 210.0, z / 210.0, bank.seed + 3)
                cape = ((x - bank.cape_x) ** 2 + (z - bank.cape_z) ** 2) / bank.cape_radius**2
                head = max(smoothstep(0.0, 0.45, head) * smoothstep(55.0, 130.0, distance), 1.3 * math.exp(-cape))
                ragged = shore + 2.5 * gradient_noise(x / 13.0, z / 13.0, bank.seed + 4)
                ragged += 1.0 * gradient_noise(x / 4.5, z / 4.5, bank.seed + 5)
                cliff = 0.6 * smoothstep(1.0, 6.5, ragged) + 0.4 * smoothstep(8.0, 15.0, ragged)
                rise += head * bank.headland * cliff * (1.0 + 0.4 * gradient_noise(x / 60.0, z / 60.0, bank.seed + 6))
                reach *= 1.0 + 0.8 * head
            height = heights[row, column]
            off_spawn = smoothstep(11.5, bank.spawn_m, distance)
            weight = (1.0 - smoothstep(0.15 * reach, reach, shore)) * off_spawn
            height += weight * (level + rise - height)
            # Land must not lie below the water beside it: it keeps a rim, which runs out gently far behind the bank.
            rim = level + 0.02 * shore + 0.06 * min(1.0, shore) - bank.rim_fall * max(0.0, shore - reach)
            heights[row, column] = height + off_spawn * (soft_max(height, rim, min(4.0, 0.05 * shore)) - height)


@njit(cache=True)
def _island_height(x: float, z: float, islands: NDArray[np.float64], seed: int) -> float:
    height = -1.0e6
    for k in range(islands.shape[0]):
        dx, dz = (x - islands[k, 0]) / islands[k, 2], (z - islands[k, 1]) / islands[k, 2]
        reach = dx * dx + dz * dz
        if reach < 1.6:
            scale = islands[k, 2]
            ridge = ridged(1.3 * x / scale, 1.3 * z / scale, seed + 21, 4, 0.5)
            edge = 0.25 * fbm(2.0 * x / scale, 2.0 * z / scale, seed + 22, 3, 0.5)
            height = max(height, islands[k, 3] * (1.0 - reach + edge) * (0.35 + 0.8 * ridge) - 0.04 * islands[k, 3])
    return height


@njit(cache=True, parallel=True)
def fit_river(
    grids: tuple[FloatArray, FloatArray, FloatArray],
    river: tuple[FloatArray, FloatArray],
    coordinates: NDArray[np.float64],
    bank: BankPlan,
) -> None:
    """Fit the land to a river, in place; as `fit_shore`, with its surface and half width per sample in ``river``."""
    heights, surfaces, distances = grids
    levels, half_widths = river
    size = coordinates.shape[0]
    for row in prange(size):
        z = coordinates[row]
        for column in range(size):
            shore = distances[row, column]
            if not shore < RIVER_REACH_M:
                continue
            x = coordinates[column]
            level = levels[row, column]
            height = heights[row, column]
            standing = surfaces[row, column] > height
            if standing and shore > 0.0:
                continue  # already under the sea or a lake
            if shore < 1.2 and not standing:
                surfaces[row, column] = level
            if shore <= 0.0:
                t = min(1.0, -shore / half_widths[row, column])
                pools = 1.0 + 0.5 * gradient_noise(x / 13.0, z / 13.0, bank.seed + 1)
                bed = level - bank.depth * pools * t * (2.0 - t) - 0.02 * min(1.0, -8.0 * shore)
                heights[row, column] = min(bed, height) if standing else bed
                continue
            vary = gradient_noise(x / 29.0, z / 29.0, bank.seed + 2)
            distance = math.sqrt(x * x + z * z)
            # Beside the spawn the bank runs out flat: a lip would hide the water behind it.
            lip = (0.45 + 0.3 * vary) * smoothstep(10.0, 45.0, distance)
            rise = 0.10 * min(1.0, shore) + lip * smoothstep(0.3, 2.2 + 1.4 * vary, shore) + bank.beach_slope * shore
            reach = min(0.9 * RIVER_REACH_M, bank.reach + 0.05 * distance)
            off_spawn = smoothstep(11.5, bank.spawn_m, distance)
            weight = (1.0 - smoothstep(0.08 * reach, reach, shore)) * off_spawn
            height += weight * (level + rise - height)
            rim = level + 0.04 * min(1.0, shore) + 0.015 * shore - bank.rim_fall * max(0.0, shore - 0.5 * reach)
            heights[row, column] = height + off_spawn * (soft_max(height, rim, min(4.0, 0.05 * shore)) - height)
