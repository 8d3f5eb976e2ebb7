"""Materials by name: what asset builders and the terrain ask for."""

from __future__ import annotations

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
        InvalidInputError: There is no material of that name.
    """
    entry = _entry(name)
    return Material(
        name=name,
        surface=entry.surface,
        base_color=entry.base_color,
        roughness=entry.roughness,
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
        raise InvalidInputError(f"There is no material '{name}'.", hint="worldgen.builder.materials lists the names.")
    return entry
