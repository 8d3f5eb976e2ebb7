"""What a request means for the grammar: materials by biome and by the words of the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from worldgen.builder.architecture.roof_styles import PLANKS, SHINGLES, SLATE, STONE_SLABS, THATCH, TILES, RoofStyle
from worldgen.builder.family import AssetRequest
from worldgen.spec.model import Biome

ARID: Final = frozenset({"desert", "canyon"})
"""Biomes where people build with mud, plaster and sandstone under flat roofs."""

STONE_BY_BIOME: Final[Mapping[Biome, str]] = {
    "alpine": "stone_wall",
    "temperate_forest": "stone_wall",
    "meadow_hills": "stone_wall",
    "desert": "rock_sandstone",
    "canyon": "rock_sandstone",
    "coast": "stone_blocks",
    "tundra": "stone_wall",
    "tropical": "stone_mossy",
}

_ROOFS: Final[Mapping[Biome, tuple[RoofStyle, ...]]] = {
    "alpine": (SHINGLES, STONE_SLABS, SLATE),
    "temperate_forest": (TILES, SHINGLES, SLATE),
    "meadow_hills": (TILES, SLATE, THATCH),
    "desert": (TILES,),
    "canyon": (SHINGLES, TILES),
    "coast": (SLATE, TILES),
    "tundra": (PLANKS, SHINGLES),
    "tropical": (THATCH,),
}

_WALLS: Final[Mapping[str, str]] = {
    "stone": "stone_wall",
    "wood": "wood_planks",
    "brick": "brick",
    "plaster": "plaster_white",
    "sandstone": "rock_sandstone",
}


def glass(request: AssetRequest) -> str:
    """The material of a building's window panes."""
    return "window_lit" if request.lit else "window_glass"


def stone(request: AssetRequest, default: str | None = None) -> str:
    """The stone that people build with here, or what the request asks for."""
    return _WALLS.get(request.material or "", default or STONE_BY_BIOME[request.biome])


def wall(request: AssetRequest, default: str) -> str:
    """The wall material that the request asks for, or the default."""
    return _WALLS.get(request.material or "", default)


def roof(request: AssetRequest, rng: np.random.Generator, *choices: RoofStyle) -> RoofStyle:
    """A roof of the biome; one of ``choices`` where the biome leaves it open."""
    local = _ROOFS[request.biome]
    fitting = [style for style in choices if style in local] or (list(choices) if choices else list(local))
    if request.biome == "tropical" and THATCH not in fitting:
        fitting = [THATCH]
    return fitting[int(rng.integers(len(fitting)))]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two bounds, rounded to centimetres as builders would."""
    return round(float(rng.uniform(low, high)), 2)
