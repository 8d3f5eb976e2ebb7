"""The land as the scene builder sees it: shaped, then levelled under what stands on it, then dressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.layout.sites import EMBANKMENT_M
from worldgen.builder.layout.zones import LineZone, PadZone
from worldgen.builder.terrain.shape import ShapedLand, WaterSite, shape_land
from worldgen.builder.terrain.sites import Pad, PathLine, level_ground
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
    """Ground and water as objects."""

    prototypes: tuple[Prototype, ...]
    materials: tuple[Material, ...]
    objects: tuple[SceneObject, ...]


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


def finish_land(
    land: Land, spec: WorldSpec, tier: QualityTier, seed: int, ground_material: Callable[[str], Material]
) -> DressedLand:
    """Make the meshes and baked materials of ground and water."""
    from worldgen.builder.terrain.ground import build_ground
    from worldgen.builder.terrain.water import build_water

    ground = build_ground(land.terrain, spec, tier, seed, ground_material)
    water = build_water(land.terrain, land.waters, spec, tier, seed)
    return DressedLand(
        prototypes=(*ground.prototypes, *water.prototypes),
        materials=(*ground.materials, *water.materials),
        objects=(*ground.objects, *water.objects),
    )
