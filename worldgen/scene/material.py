"""Physically based materials: defined once, rendered by the path tracer and exported to glTF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array

SurfaceTag = Literal["grass", "soil", "stone", "wood", "foliage", "water", "sand", "snow", "metal", "glass", "cloth"]
SURFACE_TAGS: tuple[SurfaceTag, ...] = get_args(SurfaceTag)
"""All tags; their places are the numbers of triangles' surfaces: append, never reorder."""

LinearColor = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Material:
    """A metallic-roughness material in glTF's terms; textures repeat, row 0 is the top (v = 1).

    base_color_texture  (H, W, 3) uint8  sRGB-encoded, multiplied by ``base_color``
    normal_texture      (H, W, 3) uint8  tangent space, +Y up (OpenGL), 128 is 0
    roughness_texture   (H, W)    uint8  linear, multiplied by ``roughness``

    ``base_color`` and ``emission`` are linear Rec. 709; emission is in the sky's radiance units.
    ``translucency`` (0 to 1) is the share of diffuse light that a thin leaf lets through.
    ``kind`` "water" marks a smooth dielectric over a body whose colour is the vertex colour.
    A mesh may bring vertex colours only where the material has no ``base_color_texture``.
    """

    name: str
    surface: SurfaceTag
    base_color: LinearColor = (1.0, 1.0, 1.0)
    base_color_texture: NDArray[np.uint8] | None = None
    normal_texture: NDArray[np.uint8] | None = None
    roughness: float = 0.9
    roughness_texture: NDArray[np.uint8] | None = None
    metallic: float = 0.0
    emission: LinearColor = (0.0, 0.0, 0.0)
    translucency: float = 0.0
    double_sided: bool = False
    kind: Literal["surface", "water", "glass"] = "surface"
    tile_m: float = 1.0
    """Metres that one texture tile covers; mesh UVs already count in tiles."""

    def __post_init__(self) -> None:
        """Check the textures' shapes and the factors' ranges."""
        base_color_texture, normal_texture = self.base_color_texture, self.normal_texture
        roughness_texture = self.roughness_texture
        if base_color_texture is not None:
            base_color_texture = require_array(
                "Material", "base_color_texture", base_color_texture, ("H", "W", 3), np.uint8
            )
        if normal_texture is not None:
            normal_texture = require_array("Material", "normal_texture", normal_texture, ("H", "W", 3), np.uint8)
        if roughness_texture is not None:
            roughness_texture = require_array("Material", "roughness_texture", roughness_texture, ("H", "W"), np.uint8)
        for name in ("roughness", "metallic", "translucency"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InvalidInputError(f"Material.{name} must lie in 0 to 1.")
        if not all(0.0 <= channel <= 1.0 for channel in self.base_color):
            raise InvalidInputError("Material.base_color must lie in 0 to 1.")
        if self.tile_m <= 0.0:
            raise InvalidInputError("Material.tile_m must be positive.")
        freeze(
            self,
            base_color_texture=base_color_texture,
            normal_texture=normal_texture,
            roughness_texture=roughness_texture,
        )
