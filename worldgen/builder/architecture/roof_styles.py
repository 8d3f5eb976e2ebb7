"""What roofs are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RoofStyle:
    """What a roof is made of."""

    material: str = "roof_tiles"
    thickness: float = 0.14
    """Metres, square to the slope."""
    course_m: float = 0.34
    """Visible length of one row of tiles; 0 for a smooth roof."""
    lip: float = 0.03
    """How far each row stands off the one below."""
    underside: str = "wood_planks"
    edge: str | None = None
    """Material of the slab's edges, None for the roof's own."""
    ridge: str | None = "roof_tiles"
    """Material of the ridge's caps, None for no caps."""
    ridge_radius: float = 0.12
    ridge_piece_m: float = 0.42
    barge: str | None = "wood_beam"
    """Material of the boards along the gables, None for none."""
    rafters: bool = True
    """Whether rafter tails show under the eaves."""


TILES = RoofStyle()
SLATE = RoofStyle(
    material="roof_slate", course_m=0.26, lip=0.014, thickness=0.12, ridge="roof_slate", ridge_radius=0.09
)
SHINGLES = RoofStyle(
    material="wood_shingles", course_m=0.3, lip=0.024, ridge="wood_beam", ridge_radius=0.1, ridge_piece_m=9.0
)
THATCH = RoofStyle(
    material="thatch",
    thickness=0.34,
    course_m=0.0,
    underside="thatch",
    ridge="thatch",
    ridge_radius=0.3,
    ridge_piece_m=30.0,
    barge=None,
)
PLANKS = RoofStyle(
    material="wood_weathered", course_m=0.0, thickness=0.1, ridge="wood_beam", ridge_radius=0.08, ridge_piece_m=9.0
)
STONE_SLABS = RoofStyle(
    material="roof_slate", course_m=0.45, lip=0.05, thickness=0.2, ridge="stone_blocks", ridge_radius=0.14
)
