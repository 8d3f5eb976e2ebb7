"""Mitsuba's BSDFs for our materials.

| material                      | BSDF                                                                        |
| ----------------------------- | --------------------------------------------------------------------------- |
| rough (0.7 and more), no metal | ``diffuse``: at such roughness the highlight is not worth its cost and noise |
| smoother, or metal            | ``principled`` with glTF's 4 % reflectance at normal incidence              |
| translucent (leaves)          | ``principledthin`` with diffuse transmission                                |
| water, glass                  | ``principled`` of low roughness with the dielectric's index of refraction   |

All but leaves are two-sided, so a face that is turned the wrong way is not black. ``roughplastic`` would be the
textbook water, but it cannot take its colour from vertices.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit, linear_from_srgb, srgb_from_linear
from worldgen.scene.material import Material

_DIFFUSE_FROM_ROUGHNESS = 0.7
_MIN_ROUGHNESS = 0.05
"""Smoother surfaces turn the sun into single blazing pixels."""
_WATER_ETA = 1.33
_GLASS_ETA = 1.5
_LEAF_ETA = 1.35


def make_bsdf(mi: ModuleType, material: Material, *, mesh_color: dict[str, Any] | None = None) -> Any:
    """The BSDF of a material.

    Args:
        mi: Mitsuba.
        material: What to translate.
        mesh_color: The texture that brings a mesh's own colours, base colour included, or None if it has none.
    """
    color: Any
    if mesh_color is not None:
        color = mesh_color
    elif material.base_color_texture is not None:
        texture = _tinted(material.base_color_texture, material.base_color)
        color = {"type": "bitmap", "bitmap": _bitmap(mi, texture), "raw": False}
    else:
        color = {"type": "rgb", "value": list(material.base_color)}
    bsdf = _surface(mi, material, color)
    if material.normal_texture is not None:
        normals = {"type": "bitmap", "bitmap": _bitmap(mi, material.normal_texture), "raw": True}
        bsdf = {"type": "normalmap", "normalmap": normals, "surface": bsdf}
    if material.translucency == 0.0:
        bsdf = {"type": "twosided", "surface": bsdf}
    return mi.load_dict(bsdf)


def _surface(mi: ModuleType, material: Material, color: Any) -> dict[str, Any]:
    if material.translucency > 0.0:
        return {
            "type": "principledthin",
            "base_color": color,
            "roughness": max(material.roughness, _MIN_ROUGHNESS),
            # 0 reflects all of the diffuse light, 2 transmits all of it.
            "diff_trans": 2.0 * material.translucency,
            "eta": _LEAF_ETA,
        }
    roughness: Any = max(material.roughness, _MIN_ROUGHNESS)
    typical = roughness
    if material.roughness_texture is not None:
        scaled = material.roughness_texture.astype(np.float32) / np.float32(255.0) * np.float32(material.roughness)
        typical = float(np.mean(scaled, dtype=np.float64))
        scaled = np.maximum(scaled, np.float32(_MIN_ROUGHNESS))
        roughness = {"type": "bitmap", "bitmap": _bitmap(mi, bytes_from_unit(scaled)[..., None]), "raw": True}
    if material.kind == "surface" and material.metallic < 0.05 and typical >= _DIFFUSE_FROM_ROUGHNESS:
        return {"type": "diffuse", "reflectance": color}
    bsdf = {"type": "principled", "base_color": color, "roughness": roughness}
    if material.kind == "surface":
        return {**bsdf, "metallic": material.metallic, "specular": 0.5}
    return {**bsdf, "eta": _WATER_ETA if material.kind == "water" else _GLASS_ETA}


def _bitmap(mi: ModuleType, texture: NDArray[np.uint8]) -> Any:
    """A texture with its rows turned round: Mitsuba's v grows with the row, ours points up."""
    return mi.Bitmap(np.ascontiguousarray(texture[::-1]))


def _tinted(texture: NDArray[np.uint8], base_color: tuple[float, float, float]) -> NDArray[np.uint8]:
    if base_color == (1.0, 1.0, 1.0):
        return texture
    table = linear_from_srgb(np.arange(256, dtype=np.float32) / np.float32(255.0))
    tinted = np.zeros_like(texture)
    for channel, factor in enumerate(base_color):
        tinted[..., channel] = bytes_from_unit(srgb_from_linear(table * np.float32(factor)))[texture[..., channel]]
    return tinted
