"""The land as the scene builder sees it: shaped, then levelled under what stands on it, then dressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.layout.scatter import GroundFit
from worldgen.builder.layout.sites import EMBANKMENT_M
from worldgen.builder.layout.zones import LineZone, PadZone
from worldgen.builder.terrain.cover import COVER_LAYERS
from worldgen.builder.terrain.fields import GroundCover, ground_cover
from worldgen.builder.terrain.ground import build_ground
from worldgen.builder.terrain.shape import ShapedLand, WaterSite, shape_land
from worldgen.builder.terrain.sites import Pad, PathLine, level_ground
from worldgen.builder.terrain.water import build_water
from worldgen.scene.material import Material
from worldgen.scene.scene import Prototype, SceneObject
from worldgen.scene.terrain import Terrain
from worldgen.settings import QualityTier
from worldgen.spec.model import WorldSpec

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Land:
    """The land at some point of its making."""

    terrain: Terrain
    waters: tuple[WaterSite, ...]
    hill_top_xz: tuple[float, float] | None

    @property
    def play_half_size_m(self) -> float:
        """Half the side of the playable area."""
        return self.terrain.levels[self.terrain.play_level].half_size_m


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DressedLand:
    """Ground and water as objects, and what covers the ground."""

    prototypes: tuple[Prototype, ...]
    materials: tuple[Material, ...]
    objects: tuple[SceneObject, ...]
    cover: GroundCover


def shape(spec: WorldSpec, tier: QualityTier, seed: int) -> Land:
    """Shape the bare land of a spec."""
    shaped: ShapedLand = shape_land(spec, tier, seed)
    return Land(terrain=shaped.terrain, waters=shaped.waters, hill_top_xz=shaped.hill_top_xz)


def level_land(land: Land, pads: Sequence[PadZone], paths: Sequence[LineZone]) -> Land:
    """Make the ground level under buildings and smooth along paths."""
    terrain = level_ground(
        land.terrain,
        [Pad(center_xz=pad.center_xz, half_size_m=pad.half_size_m, yaw=pad.yaw, margin_m=EMBANKMENT_M) for pad in pads],
        [PathLine(points_xz=path.points_xz, width_m=2.0 * path.half_width_m) for path in paths],
    )
    return replace(land, terrain=terrain)


_PLANTS = {
    "grass": 1.0,
    "forest_floor": 1.0,
    "moss": 1.0,
    "dirt": 0.75,
    "mud": 0.5,
    "snow": 0.8,
    "scree": 0.25,
    "gravel": 0.25,
}
_GROWS_ON: dict[str, dict[str, float]] = {
    "grass": {
        "grass": 1.0,
        "moss": 0.8,
        "forest_floor": 0.55,
        "dirt": 0.45,
        "mud": 0.3,
        "sand": 0.12,
        "gravel": 0.15,
        "red_rock": 0.1,
        "snow": 0.12,
    },
    "flowers": {"grass": 1.0, "moss": 0.7, "forest_floor": 0.4, "dirt": 0.3},
    "fern": {"forest_floor": 1.0, "moss": 1.0, "grass": 0.5, "dirt": 0.4, "mud": 0.4},
    "reeds": {"mud": 1.0, "grass": 1.0, "dirt": 1.0, "gravel": 0.6, "moss": 0.8, "forest_floor": 0.8, "sand": 0.6},
    "bush": {**_PLANTS, "sand": 0.45, "red_rock": 0.3},
    "cactus": {"sand": 0.8, "dirt": 1.0, "gravel": 0.9, "red_rock": 0.7, "scree": 0.5, "grass": 0.4},
    "palm": {"sand": 0.8, "grass": 1.0, "forest_floor": 1.0, "dirt": 0.9, "moss": 0.8, "mud": 0.4},
    "dead_tree": {**_PLANTS, "sand": 0.5, "red_rock": 0.5},
}
"""How well each family grows on each kind of ground cover, 0 to 1; what is not named does not carry it."""

_ANYWHERE = frozenset({"rock", "cliff"})


def growth_on(land: Land, spec: WorldSpec, seed: int) -> GroundFit:
    """How well families grow at positions of a land, by what covers the ground there."""
    cover = ground_cover(land.terrain, spec, seed, np.zeros((len(COVER_LAYERS), 3), dtype=np.float32))

    def fit(family: str, x: FloatArray, z: FloatArray) -> FloatArray:
        if family in _ANYWHERE:
            return np.ones(len(x))
        likes = _GROWS_ON.get(family, _PLANTS)
        table = np.array([likes.get(layer, 0.0) for layer in COVER_LAYERS])
        result: FloatArray = np.clip(cover.weights(x, z).astype(np.float64) @ table, 0.0, 1.0)
        # Half a chance on half a cover would thin every edge twice: full growth starts well before a full cover.
        return np.clip(1.35 * result, 0.0, 1.0)

    return fit


def finish_land(
    land: Land, spec: WorldSpec, tier: QualityTier, seed: int, ground_material: Callable[[str], Material]
) -> DressedLand:
    """Make the meshes and baked materials of ground and water."""
    ground = build_ground(land.terrain, spec, tier, seed, ground_material)
    water = build_water(land.terrain, land.waters, spec, tier, seed, ground.cover)
    return DressedLand(
        prototypes=(*ground.prototypes.values(), *water.prototypes.values()),
        materials=(*ground.materials.values(), *water.materials.values()),
        objects=(*ground.objects, *water.objects),
        cover=ground.cover,
    )
