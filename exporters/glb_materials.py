"""Materials and their textures as glTF's metallic-roughness materials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.exporters.glb_writer import GlbWriter, Json
from worldgen.exporters.images import encode_jpeg
from worldgen.exporters.png import encode_png
from worldgen.scene.material import LinearColor, Material

LIGHT_SCALE = math.pi / 10.0
"""glTF light and emission per unit of the sky's: a noon sun (about 10) makes white paper 1, as engines expect."""

TextureEncoding = Literal["jpeg", "png"]
_JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class GlbProfile:
    """What a GLB may hold; the default is read by Unity, Unreal, Godot and Blender alike."""

    color_textures: TextureEncoding = "jpeg"
    """Encoding of base colours; normals and roughness are always PNG, since JPEG would bend them."""
    emissive_strength: bool = True
    """Whether lights brighter than 1 may use KHR_materials_emissive_strength; readers without it see 1."""
    lights: bool = True
    """Whether the sun or moon is written with KHR_lights_punctual."""
    max_nodes: int | None = 20_000
    """Above, the smallest plants are merged into tiles until the rest fits; None never merges."""


ENGINE_PROFILE = GlbProfile()
"""For engines: no required extension."""


def add_material(writer: GlbWriter, material: Material, profile: GlbProfile) -> int:
    """Add a material with its textures; returns its index.

    ``translucency`` and the transparency of water and glass have no place in glTF without extensions that most
    engines lack; such surfaces are opaque.
    """
    metallic_roughness: Json = {"metallicFactor": material.metallic, "roughnessFactor": material.roughness}
    if material.base_color != (1.0, 1.0, 1.0):
        metallic_roughness["baseColorFactor"] = [*material.base_color, 1.0]
    if material.base_color_texture is not None:
        data, mime_type = _encode_color(material.base_color_texture, profile.color_textures)
        metallic_roughness["baseColorTexture"] = {"index": writer.add_texture(f"T_{material.name}_BC", data, mime_type)}
    if material.roughness_texture is not None:
        data = encode_png(_pack_orm(material.roughness_texture), is_srgb=False)
        metallic_roughness["metallicRoughnessTexture"] = {
            "index": writer.add_texture(f"T_{material.name}_ORM", data, "image/png")
        }
    document: Json = {"name": material.name, "pbrMetallicRoughness": metallic_roughness}
    if material.normal_texture is not None:
        data = encode_png(material.normal_texture, is_srgb=False)
        document["normalTexture"] = {"index": writer.add_texture(f"T_{material.name}_N", data, "image/png")}
    if any(material.emission):
        _add_emission(writer, document, material.emission, profile)
    if material.double_sided:
        document["doubleSided"] = True
    document["extras"] = {"surface": material.surface, "kind": material.kind, "tile_m": material.tile_m}
    writer.materials.append(document)
    return len(writer.materials) - 1


def add_plain_material(writer: GlbWriter, name: str, color: LinearColor, extras: Json) -> int:
    """Add a rough material of one linear colour; returns its index."""
    writer.materials.append(
        {
            "name": name,
            "pbrMetallicRoughness": {
                "baseColorFactor": [*color, 1.0],
                "metallicFactor": 0.0,
                "roughnessFactor": 1.0,
            },
            "extras": extras,
        }
    )
    return len(writer.materials) - 1


def _add_emission(writer: GlbWriter, document: Json, emission: LinearColor, profile: GlbProfile) -> None:
    scaled = [channel * LIGHT_SCALE for channel in emission]
    strength = max(*scaled, 1.0)
    document["emissiveFactor"] = [round(channel / strength, 6) for channel in scaled]
    if strength > 1.0 and profile.emissive_strength:
        writer.extensions_used.add("KHR_materials_emissive_strength")
        document["extensions"] = {"KHR_materials_emissive_strength": {"emissiveStrength": round(strength, 6)}}


def _encode_color(texture: NDArray[np.uint8], encoding: TextureEncoding) -> tuple[bytes, str]:
    if encoding == "png":
        return encode_png(texture), "image/png"
    return encode_jpeg(texture, quality=_JPEG_QUALITY), "image/jpeg"


def _pack_orm(roughness: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Occlusion (none), roughness and metal in red, green and blue; the factor of metal does the rest."""
    orm = np.full((*roughness.shape, 3), 255, dtype=np.uint8)
    orm[:, :, 1] = roughness
    return orm
