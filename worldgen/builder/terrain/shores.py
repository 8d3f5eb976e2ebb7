"""Shorelines: signed distance to the edge of each body of water, positive on land."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.terrain.composition import WaterPlan
from worldgen.builder.terrain.noise import fbm, gradient_noise, noise_seed

LAKE, SEA, ISLAND = 0, 1, 2
CAPE_REACH_M = 150.0
"""How far a cape stands out into the sea."""
RIVER_REACH_M = 140.0
"""Distances to a river are exact up to here and infinite beyond."""


class ShorePlan(NamedTuple):
    """Numbers of a lake's or sea's `WaterPlan` that the kernels take."""

    kind: int
    seed: int
    center_x: float
    center_z: float
    sin: float
    cos: float
    across: float
    along: float
    shore: float
    cape: float
    shift: float


def shore_plan(water: WaterPlan, seed: int) -> ShorePlan:
    """The numbers of a lake or sea, shifted so that the nearest water is about ``shore_m`` from the spawn."""
    kind = LAKE if water.kind == "lake" else (ISLAND if water.island_radius_m > 0.0 else SEA)
    sin, cos = math.sin(water.heading), math.cos(water.heading)
    center_x, center_z = water.center_xz
    across, along = water.half_size_m
    if kind == ISLAND:
        inland = water.island_radius_m - water.shore_m
        center_x, center_z = -inland * sin, inland * cos
        across = along = water.island_radius_m
    plan = ShorePlan(
        kind=kind,
        seed=noise_seed(seed, f"shore/{water.id}"),
        center_x=center_x,
        center_z=center_z,
        sin=sin,
        cos=cos,
        across=across,
        along=along,
        shore=water.shore_m,
        cape=water.cape_m,
        shift=0.0,
    )
    plan = plan._replace(shift=water.shore_m - shore_distance_of(0.0, 0.0, plan))
    # Bays, capes and the approximate distance leave the nearest shore somewhere else; a few steps bring it there.
    for _ in range(12):
        missing = water.shore_m - _nearest_shore(plan, 2.0 * water.shore_m)
        if abs(missing) < 0.6:
            break
        plan = plan._replace(shift=plan.shift + 0.6 * missing)
    return plan


@njit(cache=True)
def _nearest_shore(plan: ShorePlan, reach: float) -> float:
    """Distance from the spawn to the nearest water of a plan, ``reach`` at most."""
    distance = 4.0
    while distance < reach:
        for step in range(96):
            angle = step * math.pi / 48.0
            if shore_distance_of(distance * math.sin(angle), distance * math.cos(angle), plan) < 0.0:
                return distance
        distance += 0.5
    return reach


@njit(cache=True)
def shore_distance_of(x: float, z: float, plan: ShorePlan) -> float:
    """Approximate signed distance from a point to the shore of a lake or sea, in metres, positive on land."""
    fine = 1.3 * gradient_noise(x / 8.5, z / 8.5, plan.seed + 1) + 0.4 * gradient_noise(x / 2.7, z / 2.7, plan.seed + 2)
    if plan.kind == SEA:
        forward = plan.sin * x - plan.cos * z
        sideways = plan.cos * x + plan.sin * z
        calm = 1.0 - math.exp(-((sideways / 75.0) ** 2))
        wide = 1.0 - math.exp(-((sideways / 900.0) ** 2))
        cape = CAPE_REACH_M * math.exp(-(((sideways - plan.cape) / 72.0) ** 2))
        bays = cape + calm * 46.0 * gradient_noise(sideways / 240.0, forward / 800.0, plan.seed + 3)
        bays += calm * 19.0 * gradient_noise(sideways / 88.0, forward / 200.0, plan.seed + 4)
        bays += 3.6 * gradient_noise(sideways / 33.0, forward / 60.0, plan.seed + 5)
        bays += wide * 420.0 * gradient_noise(sideways / 1700.0, forward / 4000.0, plan.seed + 6)
        return plan.shore - forward + bays + fine + plan.shift
    dx, dz = x - plan.center_x, z - plan.center_z
    if plan.kind == ISLAND:
        distance = math.sqrt(dx * dx + dz * dz) + 1e-6
        ring_x, ring_z = 1.3 * dx / distance, 1.3 * dz / distance
        radius = plan.across * (1.0 + 0.22 * fbm(ring_x + 2.2, ring_z + 8.8, plan.seed + 7, 3, 0.5))
        return radius - distance + 5.0 * gradient_noise(x / 40.0, z / 40.0, plan.seed + 5) + fine + plan.shift
    size = min(plan.across, plan.along)
    bay = 0.9 * size
    dx += 0.26 * size * gradient_noise(x / bay, z / bay, plan.seed + 8)
    dz += 0.26 * size * gradient_noise(x / bay, z / bay, plan.seed + 9)
    dx += 0.09 * size * gradient_noise(3.1 * x / bay, 3.1 * z / bay, plan.seed + 10)
    dz += 0.09 * size * gradient_noise(3.1 * x / bay, 3.1 * z / bay, plan.seed + 11)
    forward, sideways = plan.sin * dx - plan.cos * dz, plan.cos * dx + plan.sin * dz
    u, v = sideways / plan.across, forward / plan.along
    q = math.sqrt(u * u + v * v) + 1e-9
    steepness = math.sqrt((u / plan.across) ** 2 + (v / plan.along) ** 2) / q + 1e-9
    return (q - 1.0) / steepness + fine + plan.shift


@njit(cache=True, parallel=True)
def shore_distances(coordinates: NDArray[np.float64], plan: ShorePlan) -> NDArray[np.float32]:
    """Signed distances of a whole grid to the shore of a lake or sea, (N, N) metres."""
    size = coordinates.shape[0]
    distances = np.zeros((size, size), dtype=np.float32)
    for row in prange(size):
        for column in range(size):
            distances[row, column] = shore_distance_of(coordinates[column], coordinates[row], plan)
    return distances


@njit(cache=True)
def river_distances(
    coordinates: NDArray[np.float64], spacing: float, line: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Signed distances to a river's banks, with the surface and half width of its nearest point.

    Args:
        coordinates: (N,) grid positions in metres.
        spacing: Distance between samples in metres.
        line: (M, 4) x, z, surface height and half width along the river.
        seed: Seed of the banks' small bends.

    Returns:
        Distance (infinite beyond ``RIVER_REACH_M``), surface height and half width, each (N, N).
    """
    size = coordinates.shape[0]
    origin = coordinates[0]
    nearest = np.full((size, size), np.float32(np.inf), dtype=np.float32)
    surface = np.zeros((size, size), dtype=np.float32)
    half_width = np.ones((size, size), dtype=np.float32)
    for k in range(line.shape[0] - 1):
        ax, az, bx, bz = line[k, 0], line[k, 1], line[k + 1, 0], line[k + 1, 1]
        reach = RIVER_REACH_M + line[k, 3]
        c0 = max(0, math.ceil((min(ax, bx) - reach - origin) / spacing))
        c1 = min(size - 1, math.floor((max(ax, bx) + reach - origin) / spacing))
        r0 = max(0, math.ceil((min(az, bz) - reach - origin) / spacing))
        r1 = min(size - 1, math.floor((max(az, bz) + reach - origin) / spacing))
        dx, dz = bx - ax, bz - az
        inverse = 1.0 / (dx * dx + dz * dz)
        for row in range(r0, r1 + 1):
            for column in range(c0, c1 + 1):
                px, pz = coordinates[column] - ax, coordinates[row] - az
                t = min(1.0, max(0.0, (px * dx + pz * dz) * inverse))
                distance = math.sqrt((px - t * dx) ** 2 + (pz - t * dz) ** 2)
                if distance < nearest[row, column]:
                    nearest[row, column] = distance
                    surface[row, column] = line[k, 2] + t * (line[k + 1, 2] - line[k, 2])
                    # A coarse grid gets a bed that is wide enough for a sample of it.
                    width = line[k, 3] + t * (line[k + 1, 3] - line[k, 3])
                    half_width[row, column] = max(width, 0.8 * spacing if spacing <= 16.0 else 0.0)
    for row in range(size):
        for column in range(size):
            if nearest[row, column] < np.inf:
                x, z = coordinates[column], coordinates[row]
                bend = 0.55 * gradient_noise(x / 7.0, z / 7.0, seed) + 0.22 * gradient_noise(x / 2.3, z / 2.3, seed + 1)
                nearest[row, column] += bend - half_width[row, column]
    return nearest, surface, half_width


def end_in_sea(line: NDArray[np.float64], sea: ShorePlan, sea_y: float) -> NDArray[np.float64]:
    """A river's line cut off in the sea, its surface brought down to the sea's on the last metres."""
    distances = _distances_along(line, sea)
    inside = np.flatnonzero(distances < -8.0)
    after = inside[inside > int(np.hypot(line[:, 0], line[:, 1]).argmin())]
    end = int(after[0]) + 1 if after.size else len(line)
    line, distances = line[:end].copy(), distances[:end]
    reach = np.clip(distances / 30.0, 0.0, 1.0)
    line[:, 2] = np.maximum(sea_y, sea_y + (line[:, 2] - sea_y) * reach)
    line[:, 2] = np.minimum.accumulate(line[:, 2])
    return line


def pass_lake(line: NDArray[np.float64], lake: ShorePlan, lake_y: float) -> tuple[NDArray[np.float64], float]:
    """A river's line through a lake, and the surface that the lake must have for it.

    Where the river does not meet the lake, both stay as they are.
    """
    inside = np.flatnonzero(_distances_along(line, lake) < line[:, 3])
    if not inside.size:
        return line, lake_y
    line = line.copy()
    first, last = int(inside[0]), int(inside[-1])
    lake_y = min(lake_y, float(line[first, 2]))
    # The river comes down to the lake over its last metres, in rapids rather than a fall.
    to_lake = np.hypot(line[:first, 0] - line[first, 0], line[:first, 1] - line[first, 1])
    above = np.maximum(line[:first, 2] - lake_y, 0.0) * np.minimum(to_lake / 70.0, 1.0)
    line[:first, 2] = lake_y + np.minimum.accumulate(above)
    line[first : last + 1, 2] = lake_y
    line[last + 1 :, 2] = np.minimum(line[last + 1 :, 2], lake_y)
    return line, lake_y


def _distances_along(line: NDArray[np.float64], shore: ShorePlan) -> NDArray[np.float64]:
    return np.array([shore_distance_of(float(x), float(z), shore) for x, z in line[:, :2]])
