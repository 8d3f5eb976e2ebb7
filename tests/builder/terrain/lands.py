"""Small lands that the tests share; each is shaped once per session."""

from __future__ import annotations

import dataclasses
import functools

from worldgen.builder.terrain.ground import BuiltLand, build_ground
from worldgen.builder.terrain.shape import ShapedLand, shape_land
from worldgen.scene.material import Material
from worldgen.settings import TIERS
from worldgen.spec.model import Biome, Land, Water, WorldSpec

DRAFT = dataclasses.replace(TIERS["draft"], ground_texture_px=512)
"""The draft tier with small textures."""

BIOMES: tuple[Biome, ...] = (
    "alpine",
    "temperate_forest",
    "meadow_hills",
    "desert",
    "canyon",
    "coast",
    "tundra",
    "tropical",
)


def spec_of(biome: Biome, waters: str = "", **land: object) -> WorldSpec:
    """A spec with one body of water per word in ``waters``."""
    bodies = tuple(Water(id=f"{kind}_{k}", kind=kind) for k, kind in enumerate(waters.split()))  # type: ignore[arg-type]
    return WorldSpec(biome=biome, waters=bodies, land=Land(**land))  # type: ignore[arg-type]


@functools.lru_cache(maxsize=64)
def land_of(biome: Biome, waters: str = "", seed: int = 1, **land: object) -> ShapedLand:
    """The draft land of `spec_of`."""
    return shape_land(spec_of(biome, waters, **land), DRAFT, seed)


@functools.lru_cache(maxsize=8)
def ground_of(biome: Biome, waters: str = "", seed: int = 1) -> BuiltLand:
    """The ground of `land_of` in plain colours."""
    land = land_of(biome, waters, seed)
    return build_ground(land.terrain, spec_of(biome, waters), DRAFT, seed, plain_material)


def plain_material(name: str) -> Material:
    """A material of one colour per name, which stands in for a textured one."""
    share = sum(name.encode()) % 17 / 17.0
    return Material(name=name, surface="soil", base_color=(0.1 + 0.5 * share, 0.3, 0.6 - 0.5 * share), tile_m=2.0)
