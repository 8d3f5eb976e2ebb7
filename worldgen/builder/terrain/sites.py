"""Building sites and paths: the ground is made level under what stands on it and smooth under what leads there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.terrain.levels import Grid, make_agree
from worldgen.builder.terrain.noise import gradient_noise, smoothstep
from worldgen.builder.terrain.queries import ground_height, water_depth_at
from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import require_array
from worldgen.scene.terrain import Terrain, TerrainLevel

PATH_SEED = 90017
"""Seed of the paths' soft edges; they follow the path, so all worlds may share it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """A rectangle of level ground.

    ``half_size_m`` is along its own x and z, ``yaw`` turns it counter-clockwise seen from above. ``height_m`` None
    takes the mean of the ground; a pad that reaches a shore is lifted above the water. Embankments run out over
    ``margin_m`` beyond the rectangle.
    """

    center_xz: tuple[float, float]
    half_size_m: tuple[float, float]
    yaw: float = 0.0
    height_m: float | None = None
    margin_m: float = 4.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathLine:
    """A path along points on the ground.

    points_xz  (N, 2) float64  metres, two points or more
    """

    points_xz: NDArray[np.float64]
    width_m: float = 1.8

    def __post_init__(self) -> None:
        """Check the points and the width."""
        points = require_array("PathLine", "points_xz", self.points_xz, ("N", 2), np.float64)
        if len(points) < 2 or self.width_m <= 0.0:
            raise InvalidInputError("PathLine needs two points or more and a positive width_m.")
        object.__setattr__(self, "points_xz", points)


def level_ground(terrain: Terrain, pads: Sequence[Pad], paths: Sequence[PathLine]) -> Terrain:
    """Make the ground level under pads and smooth along paths.

    Ground is never dug below a water's surface. The spawn keeps its height of exactly 0: pads and paths near it fade
    into the ground within a step around the spawn.

    Args:
        terrain: The shaped land.
        pads: Level sites; later ones win where they overlap.
        paths: Paths, laid before the pads.

    Returns:
        New terrain with new heights, water depths and path weights.
    """
    heights = [np.array(level.heights) for level in terrain.levels]
    weights = [np.array(level.path_weight) for level in terrain.levels]
    for path in paths:
        line = _path_profile(terrain, path)
        for level, height, weight in zip(terrain.levels, heights, weights, strict=True):
            if level.spacing_m <= 8.0:
                _lay_path((height, weight, _surfaces(level)), level.spacing_m, line, path.width_m)
    for pad in pads:
        target = _pad_height(terrain, pad)
        for level, height in zip(terrain.levels, heights, strict=True):
            shape = np.array([*pad.center_xz, *pad.half_size_m, pad.yaw, target, pad.margin_m], dtype=np.float64)
            _lay_pad(height, _surfaces(level), level.spacing_m, shape)
    grids = [Grid(spacing_m=level.spacing_m, half_size_m=level.half_size_m) for level in terrain.levels]
    heights = make_agree(grids, heights, fade=1)
    return Terrain(
        levels=tuple(
            TerrainLevel(
                spacing_m=level.spacing_m,
                heights=height,
                water_depth=np.maximum(_surfaces(level) - height, 0.0).astype(np.float32),
                moisture=level.moisture,
                path_weight=weight,
            )
            for level, height, weight in zip(terrain.levels, heights, weights, strict=True)
        ),
        play_level=terrain.play_level,
    )


def _surfaces(level: TerrainLevel) -> NDArray[np.float32]:
    """Height of the water's surface, far below everything where it is dry."""
    surface = np.where(level.water_depth > 0.0, level.heights + level.water_depth, np.float32(-1.0e9))
    return surface.astype(np.float32)


def _pad_height(terrain: Terrain, pad: Pad) -> float:
    """Height of a pad: what it asks for or the ground's mean, but above any water that it reaches."""
    reach = 1.0 + (pad.margin_m + 2.0) / np.array(pad.half_size_m)
    x, z = _pad_samples(pad, float(reach[0]), float(reach[1]))
    ground, water = ground_height(terrain, x, z), water_depth_at(terrain, x, z)
    height = pad.height_m
    if height is None:
        height = float(ground_height(terrain, *_pad_samples(pad, 1.0, 1.0)).mean(dtype=np.float64))
    wet = water > 0.0
    return max(height, float((ground + water)[wet].max()) + 0.25) if wet.any() else height


def _pad_samples(pad: Pad, reach_x: float, reach_z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    u, v = np.meshgrid(np.linspace(-1.0, 1.0, 17), np.linspace(-1.0, 1.0, 17))
    local_x, local_z = u * pad.half_size_m[0] * reach_x, v * pad.half_size_m[1] * reach_z
    cos, sin = math.cos(pad.yaw), math.sin(pad.yaw)
    return pad.center_xz[0] + cos * local_x + sin * local_z, pad.center_xz[1] - sin * local_x + cos * local_z


def _path_profile(terrain: Terrain, path: PathLine) -> NDArray[np.float64]:
    """(M, 3) points every half metre along a path with its smoothed height."""
    steps = np.hypot(*np.diff(path.points_xz, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(2, round(along[-1] / 0.5) + 1)
    at = np.linspace(0.0, along[-1], count)
    x = np.interp(at, along, path.points_xz[:, 0])
    z = np.interp(at, along, path.points_xz[:, 1])
    height = ground_height(terrain, x, z).astype(np.float64)
    reach = min(7, count // 2)
    kernel = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(height, reach, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return np.column_stack([x, z, smooth])


@njit(cache=True)
def _lay_path(
    grids: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    spacing: float,
    line: NDArray[np.float64],
    width: float,
) -> None:
    heights, weights, surfaces = grids
    size = heights.shape[0]
    middle = 0.5 * (size - 1)
    half = 0.5 * width
    reach = half + 2.2 + spacing
    nearest = np.full((size, size), np.float32(1.0e9), dtype=np.float32)
    target = np.zeros((size, size), dtype=np.float32)
    low_row, high_row, low_column, high_column = size, -1, size, -1
    for k in range(line.shape[0] - 1):
        ax, az, bx, bz = line[k, 0], line[k, 1], line[k + 1, 0], line[k + 1, 1]
        c0 = max(0, math.ceil((min(ax, bx) - reach) / spacing + middle))
        c1 = min(size - 1, math.floor((max(ax, bx) + reach) / spacing + middle))
        r0 = max(0, math.ceil((min(az, bz) - reach) / spacing + middle))
        r1 = min(size - 1, math.floor((max(az, bz) + reach) / spacing + middle))
        low_row, high_row = min(low_row, r0), max(high_row, r1)
        low_column, high_column = min(low_column, c0), max(high_column, c1)
        dx, dz = bx - ax, bz - az
        inverse = 1.0 / max(1e-12, dx * dx + dz * dz)
        for row in range(r0, r1 + 1):
            for column in range(c0, c1 + 1):
                px, pz = (column - middle) * spacing - ax, (row - middle) * spacing - az
                t = min(1.0, max(0.0, (px * dx + pz * dz) * inverse))
                distance = math.sqrt((px - t * dx) ** 2 + (pz - t * dz) ** 2)
                if distance < nearest[row, column]:
                    nearest[row, column] = distance
                    target[row, column] = line[k, 2] + t * (line[k + 1, 2] - line[k, 2])
    for row in range(low_row, high_row + 1):
        for column in range(low_column, high_column + 1):
            distance = nearest[row, column]
            if distance > reach:
                continue
            x, z = (column - middle) * spacing, (row - middle) * spacing
            crown = 0.05 * max(0.0, 1.0 - (distance / half) ** 2) - 0.02
            blend = 1.0 - smoothstep(0.8 * half, half + 2.0, distance)
            blend *= smoothstep(0.2, 1.5, math.sqrt(x * x + z * z))
            height = heights[row, column]
            wanted = height + blend * (target[row, column] + crown - height)
            if surfaces[row, column] < -1.0e8:
                heights[row, column] = wanted
            else:
                heights[row, column] = max(height, min(wanted, surfaces[row, column]))
            ragged = 0.28 * gradient_noise(x / 0.9, z / 0.9, PATH_SEED)
            ragged += 0.22 * gradient_noise(x / 3.7, z / 3.7, PATH_SEED + 1)
            soft = max(0.35, 0.7 * spacing)
            weight = 1.0 - smoothstep(half - soft, half + soft, distance + ragged)
            weights[row, column] = max(weights[row, column], weight)


@njit(cache=True, parallel=True)
def _lay_pad(
    heights: NDArray[np.float32], surfaces: NDArray[np.float32], spacing: float, pad: NDArray[np.float64]
) -> None:
    size = heights.shape[0]
    middle = 0.5 * (size - 1)
    cos, sin = math.cos(pad[4]), math.sin(pad[4])
    # A step beyond the rectangle stays level too, so that interpolation between samples does not tilt its edge.
    level_x, level_z = pad[2] + 1.5 * spacing, pad[3] + 1.5 * spacing
    reach = math.sqrt(level_x**2 + level_z**2) + pad[6]
    r0 = max(0, math.floor((pad[1] - reach) / spacing + middle))
    r1 = min(size - 1, math.ceil((pad[1] + reach) / spacing + middle))
    c0 = max(0, math.floor((pad[0] - reach) / spacing + middle))
    c1 = min(size - 1, math.ceil((pad[0] + reach) / spacing + middle))
    for row in prange(r0, r1 + 1):
        for column in range(c0, c1 + 1):
            x, z = (column - middle) * spacing, (row - middle) * spacing
            dx, dz = x - pad[0], z - pad[1]
            outside_x = max(0.0, abs(cos * dx - sin * dz) - level_x)
            outside_z = max(0.0, abs(sin * dx + cos * dz) - level_z)
            outside = math.sqrt(outside_x * outside_x + outside_z * outside_z)
            blend = 1.0 - smoothstep(0.0, max(pad[6], 1e-6), outside)
            blend *= smoothstep(0.2, 1.5, math.sqrt(x * x + z * z))
            height = heights[row, column]
            wanted = height + blend * (pad[5] - height)
            heights[row, column] = max(wanted, height) if surfaces[row, column] > -1.0e8 else wanted
