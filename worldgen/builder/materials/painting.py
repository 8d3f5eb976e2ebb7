"""From a material's name to its finished eight-bit textures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.materials import bark, fittings, grounds, masonry, rocks, roofing, woodwork
from worldgen.builder.materials.canvas import Canvas, Surface
from worldgen.builder.materials.noise import FloatGrid
from worldgen.color import bytes_from_unit, srgb_from_linear

Painter = Callable[[Canvas], Surface]

_MODULES = (woodwork, roofing, masonry, rocks, bark, fittings, grounds)


def _painters() -> dict[str, Painter]:
    found: dict[str, Painter] = {}
    for module in _MODULES:
        for name, function in vars(module).items():
            if (
                callable(function)
                and not name.startswith("_")
                and getattr(function, "__module__", "") == module.__name__
            ):
                found[name] = function
    return found


PAINTERS: Mapping[str, Painter] = MappingProxyType(_painters())
"""The function that paints each textured material; functions carry their material's name."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TextureSet:
    """The textures of one material, in ``Material``'s terms.

    base_color  (H, W, 3) uint8  sRGB-encoded
    normal      (H, W, 3) uint8  tangent space, +Y up
    roughness   (H, W)    uint8  linear
    """

    base_color: NDArray[np.uint8]
    normal: NDArray[np.uint8]
    roughness: NDArray[np.uint8]


def paint(name: str, px: int, tile_m: float) -> TextureSet:
    """Paint the textures of a textured material.

    Args:
        name: One of ``PAINTERS``.
        px: Side of the textures in pixels.
        tile_m: Metres that the tile covers.
    """
    surface = PAINTERS[name](Canvas(name, px, tile_m))
    return TextureSet(
        base_color=bytes_from_unit(srgb_from_linear(np.maximum(surface.albedo, np.float32(0.004)))),
        normal=encode_normals(surface.height_m, tile_m),
        roughness=bytes_from_unit(np.clip(surface.roughness, np.float32(0.04), np.float32(1.0))),
    )


def encode_normals(height_m: FloatGrid, tile_m: float) -> NDArray[np.uint8]:
    """Tangent-space normals (H, W, 3) uint8 of a tile of heights (H, W) in metres; +X along u, +Y along v (up).

    Slopes come from central differences that wrap around.
    """
    spacing = np.float32(2.0 * tile_m / height_m.shape[0])
    slope_u = (np.roll(height_m, -1, axis=1) - np.roll(height_m, 1, axis=1)) / spacing
    slope_v = (np.roll(height_m, 1, axis=0) - np.roll(height_m, -1, axis=0)) / spacing
    inverse = np.float32(1.0) / np.sqrt(slope_u * slope_u + slope_v * slope_v + np.float32(1.0))
    normals = np.stack([-slope_u * inverse, -slope_v * inverse, inverse], axis=2)
    return np.clip(normals * np.float32(127.0) + np.float32(128.5), 0.0, 255.0).astype(np.uint8)
