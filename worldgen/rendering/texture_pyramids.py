"""Base colour textures of all materials as one array of mip levels, so that one compiled loop can sample any of them.

Levels halve down to one texel and are averaged in linear light; texels stay eight-bit sRGB, which is precise
enough for albedo and a quarter of the memory of floats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit, linear_from_srgb, srgb_from_linear

LINEAR_FROM_BYTE: NDArray[np.float32] = linear_from_srgb(np.arange(256, dtype=np.float32) / np.float32(255.0))
"""Linear value of each sRGB byte."""

_BYTE_FROM_LINEAR: NDArray[np.uint8] = bytes_from_unit(srgb_from_linear(np.linspace(0.0, 1.0, 16384, dtype=np.float32)))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TexturePyramids:
    """Mip levels of several textures, one after the other.

    texels  (N, 3) uint8  sRGB, all levels of all textures, each row-major from its top row
    levels  (K, 3) int64  first texel, width and height of each level
    first_levels  (T + 1,) int64  range of levels of each texture
    """

    texels: NDArray[np.uint8]
    levels: NDArray[np.int64]
    first_levels: NDArray[np.int64]

    def as_tuple(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
        """The three arrays, as compiled code takes them."""
        return self.texels, self.levels, self.first_levels


def build_texture_pyramids(textures: Sequence[NDArray[np.uint8]]) -> TexturePyramids:
    """All mip levels of (H, W, 3) sRGB textures; no textures give an empty table."""
    texels: list[NDArray[np.uint8]] = [np.zeros((1, 3), dtype=np.uint8)]
    levels: list[tuple[int, int, int]] = []
    first_levels = [0]
    position = 1
    for texture in textures:
        level = np.ascontiguousarray(texture)
        while True:
            height, width = level.shape[:2]
            texels.append(level.reshape(-1, 3))
            levels.append((position, width, height))
            position += width * height
            if width == 1 and height == 1:
                break
            level = _halve(level, LINEAR_FROM_BYTE, _BYTE_FROM_LINEAR)
        first_levels.append(len(levels))
    return TexturePyramids(
        texels=np.concatenate(texels),
        levels=np.array(levels, dtype=np.int64).reshape(-1, 3),
        first_levels=np.array(first_levels, dtype=np.int64),
    )


def texture_ids(textures: Mapping[str, NDArray[np.uint8] | None]) -> tuple[dict[str, int], list[NDArray[np.uint8]]]:
    """Number of each material's texture (-1 where it has none) and the textures, shared ones once."""
    numbers: dict[int, int] = {}
    distinct: list[NDArray[np.uint8]] = []
    ids: dict[str, int] = {}
    for name, texture in textures.items():
        if texture is None:
            ids[name] = -1
            continue
        # Materials hold read-only views; what they share is the memory behind them.
        key = texture.__array_interface__["data"][0]
        if key not in numbers:
            numbers[key] = len(distinct)
            distinct.append(texture)
        ids[name] = numbers[key]
    return ids, distinct


@numba.njit(cache=True)
def _halve(level: NDArray[np.uint8], linear: NDArray[np.float32], encoded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = level.shape[0], level.shape[1]
    half_height, half_width = max(1, height // 2), max(1, width // 2)
    half = np.zeros((half_height, half_width, 3), dtype=np.uint8)
    for row in range(half_height):
        top, bottom = min(2 * row, height - 1), min(2 * row + 1, height - 1)
        for column in range(half_width):
            left, right = min(2 * column, width - 1), min(2 * column + 1, width - 1)
            for channel in range(3):
                total = (
                    linear[level[top, left, channel]]
                    + linear[level[top, right, channel]]
                    + linear[level[bottom, left, channel]]
                    + linear[level[bottom, right, channel]]
                )
                half[row, column, channel] = encoded[int(total * 0.25 * 16383.0 + 0.5)]
    return half


@numba.njit(cache=True, inline="always")
def _texel(texels: NDArray[np.uint8], first: int, size: tuple[int, int], place: tuple[int, int]) -> int:
    width, height = size
    column, row = place
    return first + (row % height) * width + column % width


@numba.njit(cache=True)
def _bilinear(
    pyramids: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]],
    level: int,
    uv: tuple[float, float],
    linear: NDArray[np.float32],
) -> tuple[float, float, float]:
    texels, levels, _ = pyramids
    first, width, height = levels[level, 0], levels[level, 1], levels[level, 2]
    size = (width, height)
    u, v = uv
    # v points up and row 0 is the top; whole tiles drop out before they cost precision.
    x = (u - math.floor(u)) * width - 0.5
    y = (1.0 - (v - math.floor(v))) * height - 0.5
    left, top = math.floor(x), math.floor(y)
    across, down = x - left, y - top
    a = _texel(texels, first, size, (left, top))
    b = _texel(texels, first, size, (left + 1, top))
    c = _texel(texels, first, size, (left, top + 1))
    d = _texel(texels, first, size, (left + 1, top + 1))
    wa, wb = (1.0 - across) * (1.0 - down), across * (1.0 - down)
    wc, wd = (1.0 - across) * down, across * down
    return (
        wa * linear[texels[a, 0]] + wb * linear[texels[b, 0]] + wc * linear[texels[c, 0]] + wd * linear[texels[d, 0]],
        wa * linear[texels[a, 1]] + wb * linear[texels[b, 1]] + wc * linear[texels[c, 1]] + wd * linear[texels[d, 1]],
        wa * linear[texels[a, 2]] + wb * linear[texels[b, 2]] + wc * linear[texels[c, 2]] + wd * linear[texels[d, 2]],
    )


@numba.njit(cache=True)
def sample_pyramid(
    pyramids: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]],
    texture: int,
    uv: tuple[float, float],
    footprint: tuple[float, NDArray[np.float32]],
) -> tuple[float, float, float]:
    """Linear colour of a repeating texture by trilinear filtering.

    Args:
        pyramids: ``TexturePyramids.as_tuple()``.
        texture: Which texture.
        uv: Place in tiles, v upwards.
        footprint: Side of the pixel's footprint in tiles (0 is a point), and ``LINEAR_FROM_BYTE``.
    """
    side, linear = footprint
    _, levels, first_levels = pyramids
    first = first_levels[texture]
    last = first_levels[texture + 1] - 1
    texels_across = side * math.sqrt(float(levels[first, 1] * levels[first, 2]))
    wanted = math.log2(texels_across) if texels_across > 1.0 else 0.0
    lower = min(first + int(wanted), last)
    upper = min(lower + 1, last)
    blend = min(wanted - int(wanted), 1.0) if upper > lower else 0.0
    fine = _bilinear(pyramids, lower, uv, linear)
    if blend <= 0.0:
        return fine
    coarse = _bilinear(pyramids, upper, uv, linear)
    return (
        fine[0] + (coarse[0] - fine[0]) * blend,
        fine[1] + (coarse[1] - fine[1]) * blend,
        fine[2] + (coarse[2] - fine[2]) * blend,
    )
