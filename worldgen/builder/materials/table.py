"""The names of all materials and every fixed fact about them; their textures are made elsewhere.

How textures lie in UV space (v grows upwards):

* boards, logs, courses of brick and stone, shingles, slates, tiles and rock beds run along u; water runs down -v;
* bark, beams, doors, thatch, cactus ribs and ropes run along v;
* everything else has no direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from worldgen.scene.material import LinearColor, SurfaceTag


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialEntry:
    """What is fixed about a material; fields are those of ``Material``."""

    surface: SurfaceTag
    tile_m: float = 1.0
    textured: bool = True
    """Whether it has textures; a material without them takes its colour from the vertices."""
    base_color: LinearColor = (1.0, 1.0, 1.0)
    roughness: float = 1.0
    metallic: float = 0.0
    emission: LinearColor = (0.0, 0.0, 0.0)
    translucency: float = 0.0
    double_sided: bool = False
    kind: Literal["surface", "water", "glass"] = "surface"


def _textured(surface: SurfaceTag, tile_m: float, *, metallic: float = 0.0) -> MaterialEntry:
    return MaterialEntry(surface=surface, tile_m=tile_m, metallic=metallic)


def _leaf(translucency: float, roughness: float = 0.6) -> MaterialEntry:
    return MaterialEntry(
        surface="foliage", textured=False, roughness=roughness, translucency=translucency, double_sided=True
    )


_TABLE: dict[str, MaterialEntry] = {
    # Wood, roofs and walls.
    "wood_planks": _textured("wood", 1.2),
    "wood_planks_painted_red": _textured("wood", 1.2),
    "wood_weathered": _textured("wood", 1.2),
    "wood_beam": _textured("wood", 1.0),
    "wood_logs": _textured("wood", 1.2),
    "wood_shingles": _textured("wood", 1.6),
    "roof_tiles": _textured("stone", 1.6),
    "roof_slate": _textured("stone", 1.6),
    "thatch": _textured("foliage", 2.0),
    "plaster_white": _textured("stone", 3.0),
    "plaster_ochre": _textured("stone", 3.0),
    "stone_wall": _textured("stone", 2.4),
    "stone_blocks": _textured("stone", 2.4),
    "stone_mossy": _textured("stone", 2.4),
    "cobble": _textured("stone", 1.6),
    "brick": _textured("stone", 1.2),
    # Rock.
    "rock_granite": _textured("stone", 3.0),
    "rock_limestone": _textured("stone", 3.0),
    "rock_sandstone": _textured("stone", 3.0),
    "rock_basalt": _textured("stone", 3.0),
    "rock_mossy": _textured("stone", 3.0),
    # Bark and skin.
    "bark_conifer": _textured("wood", 1.0),
    "bark_broadleaf": _textured("wood", 1.0),
    "bark_birch": _textured("wood", 1.0),
    "bark_palm": _textured("wood", 1.0),
    "bark_dead": _textured("wood", 1.0),
    "cactus_skin": _textured("foliage", 0.6),
    # Metal, cloth, doors.
    "iron": _textured("metal", 0.5, metallic=0.7),
    "rope": _textured("cloth", 0.2),
    "canvas": _textured("cloth", 0.5),
    "copper_roof": _textured("metal", 2.4),
    "door_wood": _textured("wood", 1.0),
    # Ground.
    "ground_grass": _textured("grass", 4.0),
    "ground_dirt": _textured("soil", 4.0),
    "ground_forest_floor": _textured("soil", 3.0),
    "ground_sand": _textured("sand", 4.0),
    "ground_gravel": _textured("stone", 2.5),
    "ground_rock": _textured("stone", 5.0),
    "ground_red_rock": _textured("stone", 5.0),
    "ground_snow": _textured("snow", 4.0),
    "ground_mud": _textured("soil", 4.0),
    "ground_moss": _textured("grass", 3.0),
    "ground_scree": _textured("stone", 4.0),
    "path_dirt": _textured("soil", 3.0),
    "path_gravel": _textured("stone", 2.0),
    "path_cobble": _textured("stone", 2.0),
    # Coloured by their vertices.
    "foliage": _leaf(0.4),
    "needles": _leaf(0.25),
    "grass_blade": _leaf(0.4),
    "petals": _leaf(0.45),
    "fern_frond": _leaf(0.4),
    "palm_frond": _leaf(0.3, 0.5),
    "reed_stem": _leaf(0.2, 0.7),
    "snow_cap": MaterialEntry(surface="snow", textured=False, roughness=0.75),
    "wood_cut": MaterialEntry(surface="wood", textured=False, roughness=0.8),
    "paint": MaterialEntry(surface="wood", textured=False, roughness=0.5),
    # Glass and light; emission is in the sky's radiance units (sunlit white plaster is about 3).
    "window_glass": MaterialEntry(
        surface="glass", textured=False, base_color=(0.02, 0.025, 0.03), roughness=0.05, kind="glass"
    ),
    "window_lit": MaterialEntry(
        surface="glass", textured=False, base_color=(0.3, 0.22, 0.12), roughness=0.2, emission=(0.62, 0.27, 0.075)
    ),
    "lamp_glow": MaterialEntry(
        surface="glass", textured=False, base_color=(0.8, 0.7, 0.5), roughness=0.3, emission=(40.0, 18.5, 5.2)
    ),
    "flame": MaterialEntry(
        surface="glass", textured=False, base_color=(0.8, 0.5, 0.2), roughness=0.3, emission=(2.8, 0.85, 0.11)
    ),
    "stained_glass": MaterialEntry(surface="glass", textured=False, roughness=0.15),
}

MATERIALS: Mapping[str, MaterialEntry] = MappingProxyType(_TABLE)
"""Every material's fixed facts, by name."""
