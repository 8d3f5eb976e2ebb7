"""What an asset family declares: its words, its kinds, where it may stand and how it is built.

One family is one file under ``builder/assets/``. The words feed the prompt parser, so a new family is
understood in prompts without touching the parser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from worldgen.scene.scene import Prototype
from worldgen.settings import QualityTier
from worldgen.spec.model import Biome, Season

RAMP_SLOPE = 0.25
"""Rise over run of a bridge's ramps: easy to walk and to drive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRequest:
    """What the layout asks a family to build."""

    kind: str
    """One of the family's kinds (``"pine"``)."""
    name: str
    """Name for the prototype, unique in the scene."""
    size: float = 1.0
    """Factor on the kind's usual size."""
    material: str | None = None
    """One of the family's ``materials``, or None for the kind's own."""
    biome: Biome = "temperate_forest"
    season: Season = "summer"
    snow_cover: float = 0.0
    """0 to 1: how much snow lies on upward faces."""
    span_m: float = 0.0
    """For bridges, walls and fences: the length to cover, 0 for the usual."""
    ramp_m: float = 0.0
    """For bridges: length of the ramps that lead up to the deck at both ends, at ``RAMP_SLOPE``."""
    lit: bool = False
    """Whether lamps and windows shine (dusk, night)."""
    tier: QualityTier


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The rule by which the layout places a family."""

    max_slope_deg: float = 35.0
    water_depth_m: tuple[float, float] = (0.0, 0.0)
    """Depth of water that it may stand in, from and to; (0, 0) keeps to dry ground."""
    water_distance_m: tuple[float, float] = (0.5, float("inf"))
    """Distance to the nearest shore, from and to."""
    moisture: tuple[float, float] = (0.0, 1.0)
    altitude_m: tuple[float, float] = (float("-inf"), float("inf"))
    """Height above the spawn's ground."""
    follow_slope: float = 0.0
    """0 stands upright, 1 stands along the ground's normal."""
    sink_m: float = 0.0
    """How far it is pushed into the ground (times its scale), so that nothing floats on a slope."""
    levels_ground: bool = False
    """Whether the ground under it is made level (buildings)."""
    faces_path: bool = False
    """Whether its front turns to the nearest path or to the spawn."""
    clusters: float = 0.0
    """0 spreads evenly, 1 stands in groves."""
    scale_range: tuple[float, float] = (1.0, 1.0)
    """Random uniform scale of each instance."""


BuildAsset = Callable[[AssetRequest, np.random.Generator], Prototype]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFamily:
    """A family of assets, such as conifers or towers."""

    name: str
    """Also its label in the label table."""
    kinds: Mapping[str, tuple[str, ...]]
    """Kind → singular words and phrases that mean it; the first kind is the default for the family."""
    build: BuildAsset
    """Builds one prototype; all randomness comes from the generator that is passed in."""
    placement: Placement = field(default_factory=Placement)
    materials: tuple[str, ...] = ()
    """Words for the materials it can be made of ("stone", "wood"); empty if there is no choice."""
    adjectives: Mapping[str, str] = field(default_factory=dict)
    """Adjective + family word → kind, for words like "ruined" that pick a kind."""
    num_variants: int = 1
    """How many prototypes the instances of one spec entry share."""
