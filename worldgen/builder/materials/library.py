"""Materials by name: what asset builders and the terrain ask for."""

from __future__ import annotations

import functools

from worldgen.builder.materials.table import MATERIALS, MaterialEntry
from worldgen.errors import InvalidInputError
from worldgen.scene.material import Material

MATERIAL_NAMES: tuple[str, ...] = tuple(MATERIALS)
"""Names of all materials, in the table's order."""


def tile_m(name: str) -> float:
    """Metres that one texture tile of a material covers; makes no texture.

    Raises:
        InvalidInputError: There is no material of that name.
    """
    return _entry(name).tile_m


def make_material(name: str, *, texture_px: int = 512) -> Material:
    """The material ``name``, with its textures where it has any.

    Args:
        name: One of ``MATERIAL_NAMES``.
        texture_px: Side of the square textures in pixels.

    Raises:
        InvalidInputError: There is no material of that name, or the texture is too small.
    """
    entry = _entry(name)
    if texture_px < 16:
        raise InvalidInputError(f"A material texture needs at least 16 pixels a side, not {texture_px}.")
    return _make_material(name, entry, texture_px if entry.textured else 0)


@functools.lru_cache(maxsize=64)
def _make_material(name: str, entry: MaterialEntry, texture_px: int) -> Material:
    base_color_texture = normal_texture = roughness_texture = None
    if entry.textured:
        # Painting needs numba, which takes a while to import; names and tile sizes must not wait for it.
        from worldgen.builder.materials.cache import load_textures, store_textures
        from worldgen.builder.materials.painting import paint

        textures = load_textures(name, texture_px)
        if textures is None:
            textures = paint(name, texture_px, entry.tile_m)
            store_textures(name, texture_px, textures)
        base_color_texture, normal_texture = textures.base_color, textures.normal
        roughness_texture = textures.roughness
    return Material(
        name=name,
        surface=entry.surface,
        base_color=entry.base_color,
        base_color_texture=base_color_texture,
        normal_texture=normal_texture,
        roughness=entry.roughness,
        roughness_texture=roughness_texture,
        metallic=entry.metallic,
        emission=entry.emission,
        translucency=entry.translucency,
        double_sided=entry.double_sided,
        kind=entry.kind,
        tile_m=entry.tile_m,
    )


def _entry(name: str) -> MaterialEntry:
    entry = MATERIALS.get(name)
    if entry is None:
        raise InvalidInputError(f"There is no material '{name}'.", hint="MATERIAL_NAMES lists the names.")
    return entry
