"""The raw relief before water and composition: hills, mountains, swells and bumps, level by level."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.terrain.composition import Composition
from worldgen.builder.terrain.noise import fbm, gradient_noise, noise_seed, ridged, smoothstep


class ReliefPlan(NamedTuple):
    """Numbers of a `Composition` in a form that kernels take."""

    seed: int
    code: int
    hill_height: float
    hill_wavelength: float
    mountain_height: float
    mountain_start: float
    mountain_full: float
    valley_sin: float
    valley_cos: float
    peak_x: float
    peak_z: float
    swell_height: float
    swell_wavelength: float
    bump_height: float


def relief_plan(composition: Composition) -> ReliefPlan:
    """The numbers that the relief kernels need."""
    profile = composition.profile
    return ReliefPlan(
        seed=noise_seed(composition.seed, "relief"),
        code=profile.code,
        hill_height=profile.hill_height * composition.scale,
        hill_wavelength=profile.hill_wavelength,
        mountain_height=composition.mountain_height,
        mountain_start=min(profile.mountain_start, composition.mountains_within[0]),
        mountain_full=min(profile.mountain_full, composition.mountains_within[1]),
        valley_sin=math.sin(composition.valley_heading),
        valley_cos=math.cos(composition.valley_heading),
        peak_x=composition.peak_distance * math.sin(composition.peak_heading),
        peak_z=-composition.peak_distance * math.cos(composition.peak_heading),
        swell_height=profile.swell_height * composition.scale,
        swell_wavelength=profile.swell_wavelength,
        bump_height=profile.bump_height * (0.5 + 0.5 * composition.scale),
    )


@njit(cache=True)
def octaves_above(wavelength: float, spacing: float) -> int:
    """How many octaves from ``wavelength`` down a grid of ``spacing`` can hold."""
    return max(1, math.floor(math.log2(max(1.0, wavelength / (2.6 * spacing)))) + 1)


@njit(cache=True)
def mountain_weight(x: float, z: float, plan: ReliefPlan) -> float:
    """How much of the mountains' height a place has, 0 to 1: a valley leads from the spawn into them."""
    along = plan.valley_sin * x - plan.valley_cos * z
    lateral = plan.valley_cos * x + plan.valley_sin * z
    stretch = 0.24 if along > 0.0 else 0.5
    bend = 0.16 * along * math.sin(along / 1100.0)
    distance = math.sqrt((lateral - bend) ** 2 + (stretch * along) ** 2)
    distance *= 1.0 + 0.3 * gradient_noise(x / 900.0, z / 900.0, plan.seed + 71)
    rise = smoothstep(plan.mountain_start, plan.mountain_full, distance)
    # The skyline changes with the direction, so that some peaks lead and gaps let the eye through.
    heading = math.atan2(x, -z)
    ring_x, ring_z = 1.7 * math.cos(heading), 1.7 * math.sin(heading)
    skyline = 0.72 + 0.5 * gradient_noise(ring_x + 7.7, ring_z - 3.1, plan.seed + 73)
    # The valley ends at the massif of the leading peak, which the view looks at.
    return max(rise * min(1.15, max(0.3, skyline)), smoothstep(1750.0, 450.0, _distance_to_peak(x, z, plan)))


@njit(cache=True)
def _distance_to_peak(x: float, z: float, plan: ReliefPlan) -> float:
    """Distance to the leading peak in metres, halved across the view, where its range runs on to both sides."""
    away = math.sqrt(plan.peak_x**2 + plan.peak_z**2)
    dx, dz = x - plan.peak_x, z - plan.peak_z
    forward = (dx * plan.peak_x + dz * plan.peak_z) / away
    across = (dx * plan.peak_z - dz * plan.peak_x) / away
    return math.sqrt(forward * forward + 0.25 * across * across)


@njit(cache=True, parallel=True)
def macro_relief(
    coordinates: NDArray[np.float64], spacing: float, plan: ReliefPlan
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Hills and the mountains' uplift on the coarsest grid.

    Args:
        coordinates: (N,) positions of columns along x and, equally, of rows along z, in metres.
        spacing: Distance between samples in metres.
        plan: The numbers of the composition.

    Returns:
        Heights of the hills in metres, the mountains' weight and their uplift (0 on the plain), each (N, N).
    """
    size = coordinates.shape[0]
    heights = np.zeros((size, size), dtype=np.float32)
    weights = np.zeros((size, size), dtype=np.float32)
    uplift = np.zeros((size, size), dtype=np.float32)
    hill_octaves = octaves_above(plan.hill_wavelength, spacing)
    for row in prange(size):
        z = coordinates[row]
        for column in range(size):
            x = coordinates[column]
            distance = math.sqrt(x * x + z * z)
            warp_x = fbm(x / 1100.0, z / 1100.0, plan.seed + 1, 3, 0.5)
            warp_z = fbm(x / 1100.0, z / 1100.0, plan.seed + 11, 3, 0.5)
            far = 0.5 + 0.5 * smoothstep(80.0, 800.0, distance) + 0.9 * smoothstep(900.0, 4000.0, distance)
            px = (x + 220.0 * warp_x) / plan.hill_wavelength
            pz = (z + 220.0 * warp_z) / plan.hill_wavelength
            heights[row, column] = plan.hill_height * far * 1.6 * fbm(px, pz, plan.seed + 21, hill_octaves, 0.42)
            if plan.mountain_height > 0.0:
                weight = mountain_weight(x, z, plan)
                px, pz = (x + 420.0 * warp_x) / 2600.0, (z + 420.0 * warp_z) / 2600.0
                ridge = ridged(px, pz, plan.seed + 31, 4, 0.5)
                # A cusp, bent by the same noise as the ridges, makes a horn rather than a dome.
                to_peak = _distance_to_peak(x + 260.0 * warp_x, z + 260.0 * warp_z, plan)
                lift = weight * (0.12 + 1.1 * ridge * ridge + 1.3 * math.exp(-to_peak / 520.0) * (0.12 + ridge))
                weights[row, column] = weight
                uplift[row, column] = lift if weight > 0.015 else 0.0
    return heights, weights, uplift


@njit(cache=True, parallel=True)
def add_swells(
    heights: NDArray[np.float32],
    weights: NDArray[np.float32],
    coordinates: NDArray[np.float64],
    spacing: float,
    plan: ReliefPlan,
) -> NDArray[np.float32]:
    """Heights with rolling ground, and with crags where mountains are, for the middle level."""
    size = coordinates.shape[0]
    result = np.zeros((size, size), dtype=np.float32)
    octaves = octaves_above(plan.swell_wavelength, spacing)
    crag_octaves = octaves_above(170.0, spacing)
    for row in prange(size):
        z = coordinates[row]
        for column in range(size):
            x = coordinates[column]
            warp = 0.35 * gradient_noise(x / 210.0, z / 210.0, plan.seed + 41)
            px, pz = x / plan.swell_wavelength + warp, z / plan.swell_wavelength - warp
            swell = plan.swell_height * fbm(px, pz, plan.seed + 43, octaves, 0.4)
            if plan.code == 3:
                swell *= 0.15  # the dunes are the swell here
            above, below = max(row - 1, 0), min(row + 1, size - 1)
            left, right = max(column - 1, 0), min(column + 1, size - 1)
            dx = (heights[row, right] - heights[row, left]) / (2.0 * spacing)
            dz = (heights[below, column] - heights[above, column]) / (2.0 * spacing)
            steep = smoothstep(0.22, 0.75, math.sqrt(dx * dx + dz * dz))
            crag = 0.0
            if steep > 0.0 and weights[row, column] > 0.0:
                crag = 30.0 * steep * (ridged(x / 170.0, z / 170.0, plan.seed + 53, crag_octaves, 0.6) - 0.45)
            result[row, column] = heights[row, column] + swell + crag
    return result


@njit(cache=True, parallel=True)
def add_bumps(
    heights: NDArray[np.float32], coordinates: NDArray[np.float64], spacing: float, plan: ReliefPlan, wavelength: float
) -> NDArray[np.float32]:
    """Heights with bumps from ``wavelength`` down: gentle on flat ground, craggy on slopes."""
    size = coordinates.shape[0]
    result = np.zeros((size, size), dtype=np.float32)
    octaves = octaves_above(wavelength, spacing)
    seed = plan.seed + 61 + int(wavelength * 10.0)
    amplitude = plan.bump_height * wavelength / 24.0
    for row in prange(size):
        above, below = max(row - 1, 0), min(row + 1, size - 1)
        z = coordinates[row]
        for column in range(size):
            left, right = max(column - 1, 0), min(column + 1, size - 1)
            x = coordinates[column]
            dx = (heights[row, right] - heights[row, left]) / (2.0 * spacing)
            dz = (heights[below, column] - heights[above, column]) / (2.0 * spacing)
            slope = math.sqrt(dx * dx + dz * dz)
            soft = fbm(x / wavelength, z / wavelength, seed, octaves, 0.45)
            bump = amplitude * soft
            if slope > 0.45 and plan.code != 3:
                crag = ridged(x / wavelength, z / wavelength, seed + 7, octaves, 0.5) - 0.5
                bump += amplitude * 5.0 * smoothstep(0.45, 1.1, slope) * crag
            result[row, column] = heights[row, column] + bump
    return result
