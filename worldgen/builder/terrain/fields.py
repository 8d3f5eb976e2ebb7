"""Fields that ground textures and rules need beside the heights, and the cover at any point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from worldgen.builder.terrain.cover import COVER_LAYERS, CoverPlan, Site, cover_plan, cover_weights
from worldgen.builder.terrain.levels import blend_border, border_band
from worldgen.builder.terrain.moisture import hollowness, shore_fields
from worldgen.builder.terrain.queries import bilinear
from worldgen.scene.terrain import Terrain
from worldgen.spec.model import WorldSpec

FloatArray = NDArray[np.float32]

HEIGHT, SLOPE_X, SLOPE_Z, MOISTURE, HOLLOW, SHORE, SURFACE, PATH_WEIGHT = range(8)
"""Channels of a level's fields."""


@dataclass(frozen=True, slots=True, eq=False)
class LandFields:
    """Per level, finest first, (N, N, 8) float32: height, slopes along x and z, moisture, hollowness, distance to
    the shore, height of the nearest water's surface, path weight."""  # noqa: D205, D209

    levels: tuple[FloatArray, ...]
    sea_y: float | None


def land_fields(terrain: Terrain) -> LandFields:
    """The fields of every level; slopes agree along borders like the heights do."""
    levels = terrain.levels
    slopes_x, slopes_z = [], []
    for level in levels:
        along_z, along_x = np.gradient(level.heights, level.spacing_m)
        slopes_x.append(along_x.astype(np.float32))
        slopes_z.append(along_z.astype(np.float32))
    for k in range(len(levels) - 2, -1, -1):
        ratio = round(levels[k + 1].spacing_m / levels[k].spacing_m)
        band = min(2 * ratio, border_band(ratio, levels[k].num_samples))
        slopes_x[k] = blend_border(slopes_x[k], slopes_x[k + 1], ratio, band)
        slopes_z[k] = blend_border(slopes_z[k], slopes_z[k + 1], ratio, band)
    shores = shore_fields(
        [level.spacing_m for level in levels],
        [level.heights for level in levels],
        [level.water_depth for level in levels],
    )
    packed = []
    for k, level in enumerate(levels):
        hollow = hollowness(level.heights, level.spacing_m, max(5.0, 1.5 * level.spacing_m))
        channels = (
            level.heights,
            slopes_x[k],
            slopes_z[k],
            level.moisture,
            hollow,
            shores[k].distance,
            shores[k].surface_y,
            level.path_weight,
        )
        packed.append(np.ascontiguousarray(np.stack(channels, axis=-1)))
    return LandFields(tuple(packed), _sea_height(terrain))


def _sea_height(terrain: Terrain) -> float | None:
    """Height of the sea, which is the water that reaches the outermost border; None without one."""
    level = terrain.levels[-1]
    surface = level.heights + level.water_depth
    wet = level.water_depth > 0.0
    border = np.zeros_like(wet)
    border[[0, -1], :] = border[:, [0, -1]] = True
    at_sea = surface[wet & border]
    return float(np.sort(at_sea)[at_sea.size // 2]) if at_sea.size > level.num_samples // 8 else None


@njit(cache=True, inline="always")
def field_at(fields: FloatArray, u: float, v: float, values: FloatArray) -> None:
    """Bilinear values of all channels at column ``u`` and row ``v``, written to ``values``."""
    size = fields.shape[0]
    u = min(size - 1.0, max(0.0, u))
    v = min(size - 1.0, max(0.0, v))
    i, j = min(int(u), size - 2), min(int(v), size - 2)
    fu, fv = np.float32(u - i), np.float32(v - j)
    for k in range(values.shape[0]):
        top = fields[j, i, k] + fu * (fields[j, i + 1, k] - fields[j, i, k])
        bottom = fields[j + 1, i, k] + fu * (fields[j + 1, i + 1, k] - fields[j + 1, i, k])
        values[k] = top + fv * (bottom - top)


@njit(cache=True)
def site_of(x: float, z: float, values: FloatArray) -> Site:
    """The rules' view of a point whose field values are known."""
    slope = np.sqrt(values[1] * values[1] + values[2] * values[2])
    return Site(
        x,
        z,
        float(values[0]),
        float(slope),
        float(values[3]),
        float(values[4]),
        float(values[5]),
        float(values[6]),
        float(values[7]),
    )


@njit(cache=True, parallel=True)
def _weights_at(
    fields: FloatArray, spacing: float, x: NDArray[np.float64], z: NDArray[np.float64], plan: CoverPlan
) -> FloatArray:
    result = np.zeros((x.shape[0], 12), dtype=np.float32)
    middle = 0.5 * (fields.shape[0] - 1)
    for k in prange(x.shape[0]):
        values = np.zeros(8, dtype=np.float32)
        field_at(fields, x[k] / spacing + middle, z[k] / spacing + middle, values)
        cover_weights(site_of(x[k], z[k], values), plan, result[k])
    return result


@dataclass(frozen=True, slots=True, eq=False)
class GroundCover:
    """What covers the ground, for any position: the same rules that the ground's textures are baked by.

    layer_colors  (12, 3) float32  mean linear base colour of each layer
    """

    terrain: Terrain
    fields: LandFields
    plan: CoverPlan
    layer_colors: FloatArray

    def weights(self, x: ArrayLike, z: ArrayLike) -> FloatArray:
        """Weights of the cover at positions in metres, (..., 12) in the order of ``COVER_LAYERS``; they sum to 1."""
        px, pz = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64))
        flat_x, flat_z = px.ravel(), pz.ravel()
        reach = np.maximum(np.abs(flat_x), np.abs(flat_z))
        result = np.zeros((len(flat_x), len(COVER_LAYERS)), dtype=np.float32)
        done = np.zeros(len(flat_x), dtype=np.bool_)
        for index, level in enumerate(self.terrain.levels):
            last = index == len(self.terrain.levels) - 1
            mine = ~done if last else ~done & (reach <= level.half_size_m)
            if mine.any():
                fields = self.fields.levels[index]
                result[mine] = _weights_at(fields, level.spacing_m, flat_x[mine], flat_z[mine], self.plan)
                done |= mine
        return result.reshape(*px.shape, len(COVER_LAYERS))

    def value_of(self, channel: int, x: ArrayLike, z: ArrayLike) -> FloatArray:
        """Value of one channel of the fields, for example ``SHORE``, at positions in metres."""
        px, pz = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64))
        reach = np.maximum(np.abs(px), np.abs(pz))
        result = np.zeros(px.shape, dtype=np.float32)
        for level, fields in reversed(list(zip(self.terrain.levels, self.fields.levels, strict=True))):
            mine = reach <= level.half_size_m if level is not self.terrain.levels[-1] else reach >= 0.0
            result[mine] = bilinear(np.ascontiguousarray(fields[..., channel]), level.spacing_m, px[mine], pz[mine])
        return result

    def weight_of(self, layer: str, x: ArrayLike, z: ArrayLike) -> FloatArray:
        """Weight of one layer, for example ``"grass"``, at positions in metres."""
        return self.weights(x, z)[..., COVER_LAYERS.index(layer)]

    def base_color(self, x: ArrayLike, z: ArrayLike) -> FloatArray:
        """Mean linear base colour of the ground at positions in metres, (..., 3)."""
        color: FloatArray = self.weights(x, z) @ self.layer_colors
        return color


def ground_cover(terrain: Terrain, spec: WorldSpec, seed: int, layer_colors: FloatArray) -> GroundCover:
    """The cover of a land.

    Args:
        terrain: The land.
        spec: The world's description.
        seed: The world's seed.
        layer_colors: (12, 3) mean linear base colour per layer.
    """
    fields = land_fields(terrain)
    return GroundCover(terrain, fields, cover_plan(spec, seed, fields.sea_y), layer_colors)
