"""Tileable ground materials, reduced to the resolution that a baked texture can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.terrain.cover import COVER_LAYERS
from worldgen.color import LUMINANCE_WEIGHTS, linear_from_srgb
from worldgen.scene.material import LinearColor, Material

FloatArray = NDArray[np.float32]

CHANNELS = 7
"""Linear red, green, blue, normal x and y, roughness, relative brightness (which stands in for height)."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerSet:
    """All cover layers at one resolution.

    texels   (12, P, P, 7) float32  the first ``sizes[k]`` rows and columns of layer k hold one tile
    sizes    (12,) int64            side of each layer's tile in texels
    tiles_m  (12,) float64          metres that a tile covers
    """

    texels: FloatArray
    sizes: NDArray[np.int64]
    tiles_m: NDArray[np.float64]


def ground_materials(
    ground_material: Callable[[str], Material], path_material: str, tints: Mapping[str, LinearColor]
) -> tuple[list[list[FloatArray]], NDArray[np.float64]]:
    """Full resolution texels of every cover layer.

    Args:
        ground_material: Gives the tileable material of a name such as ``"ground_grass"``.
        path_material: ``"dirt"``, ``"gravel"`` or ``"cobble"``.
        tints: Factors on the red, green and blue of some layers.

    Returns:
        Per layer a pyramid of (S, S, 7) texels, finest first, and (12,) metres per tile.
    """
    pyramids, tiles = [], []
    for layer in COVER_LAYERS:
        name = f"path_{path_material}" if layer == "path" else f"ground_{layer}"
        material = ground_material(name)
        factors = np.asarray(tints.get(layer, (1.0, 1.0, 1.0)), dtype=np.float32)
        pyramids.append(pyramid(_texels(material, factors)))
        tiles.append(material.tile_m)
    return pyramids, np.array(tiles, dtype=np.float64)


def _texels(material: Material, tint: FloatArray) -> FloatArray:
    textures = (material.base_color_texture, material.normal_texture, material.roughness_texture)
    side = max([1, *(len(texture) for texture in textures if texture is not None)])
    texels = np.zeros((side, side, CHANNELS), dtype=np.float32)
    base = np.asarray(material.base_color, dtype=np.float32) * tint
    if material.base_color_texture is None:
        texels[..., :3] = base
    else:
        table = linear_from_srgb(np.arange(256, dtype=np.float32) / np.float32(255.0))
        texels[..., :3] = table[_fit(material.base_color_texture, side)] * base
    if material.normal_texture is not None:
        normal = _fit(material.normal_texture, side).astype(np.float32) / np.float32(127.5) - np.float32(1.0)
        texels[..., 3:5] = normal[..., :2] / np.maximum(normal[..., 2:], 0.2)
    texels[..., 5] = material.roughness
    if material.roughness_texture is not None:
        texels[..., 5] *= _fit(material.roughness_texture, side).astype(np.float32) / np.float32(255.0)
    brightness = np.sqrt(texels[..., :3] @ LUMINANCE_WEIGHTS)
    texels[..., 6] = brightness / max(float(brightness.mean(dtype=np.float64)), 1e-4)
    return texels


def _fit(texture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A texture at the side of the set's largest one, by repeating texels."""
    rows = np.arange(side) * texture.shape[0] // side
    columns = np.arange(side) * texture.shape[1] // side
    return texture[rows[:, None], columns[None, :]]


def pyramid(stack: FloatArray) -> list[FloatArray]:
    """A layer's texels and their averages over 2x2, 4x4, ... down to one texel."""
    levels = [stack]
    while len(levels[-1]) > 1 and len(levels[-1]) % 2 == 0:
        finest = levels[-1]
        rows = finest[0::2] + finest[1::2]
        levels.append((rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25))
    if len(levels[-1]) > 1:
        levels.append(levels[-1].mean(axis=(0, 1), keepdims=True, dtype=np.float64).astype(np.float32))
    return levels


def layer_set(pyramids: Sequence[Sequence[FloatArray]], tiles_m: NDArray[np.float64], texel_m: float) -> LayerSet:
    """The layers, averaged down so that one of their texels is about ``texel_m`` wide."""
    chosen = []
    for levels, tile in zip(pyramids, tiles_m, strict=True):
        fitting = [level for level in levels if tile / len(level) >= 0.7 * texel_m]
        chosen.append(fitting[0] if fitting else levels[-1])
    sizes = np.array([len(layer) for layer in chosen], dtype=np.int64)
    texels = np.zeros((len(chosen), sizes.max(), sizes.max(), CHANNELS), dtype=np.float32)
    for k, layer in enumerate(chosen):
        texels[k, : sizes[k], : sizes[k]] = layer
    return LayerSet(texels, sizes, np.array(tiles_m))


def mean_colors(pyramids: Sequence[Sequence[FloatArray]]) -> FloatArray:
    """(12, 3) mean linear base colour of each layer."""
    return np.stack([levels[-1][0, 0, :3] for levels in pyramids])
