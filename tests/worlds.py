"""Small but complete worlds for tests: everything the real tiers do, with less of it."""

from __future__ import annotations

import functools
from dataclasses import replace

from worldgen.builder.build_scene import BuiltScene, build_scene
from worldgen.pipelines.generate import parse
from worldgen.settings import TIERS, QualityTier
from worldgen.spec.model import WorldSpec

TINY: QualityTier = replace(
    TIERS["draft"],
    panorama_height=128,
    spawn_samples=2,
    station_samples=1,
    station_face_px=48,
    station_vertical_px=48,
    max_stations=3,
    splat_budget=20_000,
    triangle_budget=900_000,
    ground_texture_px=256,
    material_texture_px=64,
)


@functools.lru_cache(maxsize=4)
def tiny_scene(prompt: str, seed: int = 0) -> BuiltScene:
    """The scene of a prompt at test size."""
    return build_scene(parse(prompt), tier=TINY, seed=seed)


@functools.lru_cache(maxsize=4)
def tiny_scene_of(spec: WorldSpec, seed: int = 0) -> BuiltScene:
    """The scene of a spec at test size."""
    return build_scene(spec, tier=TINY, seed=seed)
