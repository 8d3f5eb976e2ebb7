"""The ground as objects: meshes of the nested levels with baked textures, and the cover that layouts ask."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.terrain.baking import BakePlan, bake_level, bake_rules, decode_table, encode_table
from worldgen.builder.terrain.cover import CANYON, COVER_LAYERS, DESERT
from worldgen.builder.terrain.fields import GroundCover, ground_cover
from worldgen.builder.terrain.layers import ground_materials, layer_set, mean_colors
from worldgen.builder.terrain.meshes import LevelMesh, level_mesh, split_mesh
from worldgen.builder.terrain.noise import noise_seed
from worldgen.builder.terrain.queries import path_weight_at
from worldgen.builder.terrain.unfolding import Unfolding, unfold
from worldgen.scene.material import LinearColor, Material, SurfaceTag
from worldgen.scene.scene import Part, Prototype, SceneObject
from worldgen.scene.terrain import Terrain, TerrainLevel
from worldgen.settings import QualityTier
from worldgen.spec.model import Biome, Season, WorldSpec

LEVEL_NAMES = ("spawn", "near", "play", "middle", "far")
"""Names of the ground's squares, finest texture first; the first one is the middle of the near level."""

_SPAWN_HALF_SIZE_M = 6.0
"""Around the spawn the eye is close to the ground, so it gets a texture of its own on a small square."""
_SPAWN, _NEAR, _PLAY, _MIDDLE, _FAR = range(5)

_GROUND, _MOUNTAIN, _CLIFF, _PATH = 0, 1, 2, 3
_GROUP_LABELS = ("ground", "mountain", "cliff", "path")

_SEASON_TINTS: dict[Season, LinearColor] = {
    "spring": (0.92, 1.08, 0.85),
    "summer": (1.0, 1.0, 1.0),
    "autumn": (1.3, 0.98, 0.62),
    "winter": (1.12, 0.95, 0.78),
}
_BIOME_TINTS: dict[Biome, dict[str, LinearColor]] = {
    "tropical": {"grass": (0.82, 1.08, 0.78), "moss": (0.82, 1.08, 0.78), "sand": (1.12, 1.1, 1.08)},
    "tundra": {"grass": (1.55, 0.98, 0.72), "moss": (1.5, 0.86, 0.7)},
    "desert": {"grass": (1.35, 1.12, 0.75), "sand": (1.16, 0.96, 0.72), "red_rock": (0.9, 1.05, 1.05)},
    "canyon": {
        "grass": (1.3, 1.1, 0.8),
        "sand": (1.15, 0.8, 0.55),
        "dirt": (1.9, 1.15, 0.85),
        "gravel": (1.35, 0.9, 0.68),
        "scree": (1.5, 0.85, 0.6),
        "red_rock": (0.92, 1.04, 1.08),
    },
    "coast": {"grass": (1.05, 1.0, 0.9)},
}
"""Factors on the base colour of a layer, for the soils and plants of a biome."""

_SURFACES: dict[Biome, SurfaceTag] = {"desert": "sand", "canyon": "stone", "temperate_forest": "soil"}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BuiltLand:
    """The ground as parts of a scene, with its cover."""

    prototypes: Mapping[str, Prototype]
    materials: Mapping[str, Material]
    objects: tuple[SceneObject, ...]
    cover: GroundCover


def build_ground(
    terrain: Terrain,
    spec: WorldSpec,
    tier: QualityTier,
    seed: int,
    ground_material: Callable[[str], Material],
) -> BuiltLand:
    """Build the ground's meshes and bake its textures.

    Args:
        terrain: The land, with pads and paths where they shall be.
        spec: The world's description.
        tier: What may be spent.
        seed: The world's seed.
        ground_material: Gives the tileable material of a name: ``ground_grass``, ``ground_dirt``, ... for each of
            ``COVER_LAYERS``, and ``path_dirt``, ``path_gravel`` or ``path_cobble``.

    Returns:
        One material per level, prototypes by level and label, and one object per prototype.
    """
    pyramids, tiles_m = ground_materials(ground_material, spec.path_material, _layer_tints(spec))
    cover = ground_cover(terrain, spec, seed, mean_colors(pyramids))
    materials: dict[str, Material] = {}
    prototypes: dict[str, Prototype] = {}
    outer: Material | None = None
    around: Unfolding | None = None
    squares = _squares(terrain, cover)
    wetness = spec.weather.wetness
    for index in range(len(squares) - 1, -1, -1):
        level, fields = squares[index]
        texture_px = ground_texture_px(index, tier)
        name = f"ground_{LEVEL_NAMES[index]}"
        unfolding = unfold(level.heights, level.spacing_m, texture_px, is_wanted=_NEAR < index < _FAR)
        layers = layer_set(pyramids, tiles_m, 2.0 * level.half_size_m / (texture_px - 1))
        outer_half_size = squares[index + 1][0].half_size_m if index + 1 < len(squares) else 0.0
        plan = _bake_plan(
            level, index, texture_px=texture_px, outer_half_size=outer_half_size, wetness=wetness, seed=seed
        )._replace(is_even=unfolding.is_even)
        colors, normals, roughness = bake_level(
            (fields, unfolding.places),
            bake_rules(fields, unfolding.places, plan, cover.plan),
            (layers.texels, layers.sizes, layers.tiles_m),
            plan,
            (_outer_textures(outer, around), (encode_table(), decode_table())),
        )
        outer = materials[name] = Material(
            name=name,
            surface=_surface(spec),
            base_color_texture=colors,
            normal_texture=normals,
            roughness=1.0,
            roughness_texture=roughness,
            tile_m=2.0 * level.half_size_m,
        )
        around = unfolding
        finer = squares[index - 1] if index > 0 else None
        mesh = level_mesh(level, fields, texture_px, unfolding.samples, finer)
        for prototype in _prototypes(mesh, index, name, cover):
            prototypes[prototype.name] = prototype
    objects = tuple(
        SceneObject(object_id=f"land/{name}", spec_id="land", prototype=name, world_from_object=np.eye(4))
        for name in sorted(prototypes)
    )
    return BuiltLand(prototypes=prototypes, materials=materials, objects=objects, cover=cover)


def ground_texture_px(square_index: int, tier: QualityTier) -> int:
    """Side of a square's baked texture in pixels: the spawn's and the far ones take half."""
    if square_index in (_NEAR, _PLAY):
        return tier.ground_texture_px
    return max(min(512, tier.ground_texture_px), tier.ground_texture_px // 2)


def _squares(terrain: Terrain, cover: GroundCover) -> list[tuple[TerrainLevel, NDArray[np.float32]]]:
    """The levels and their fields, led by the square around the spawn that is cut out of the finest one."""
    near, fields = terrain.levels[0], cover.fields.levels[0]
    middle, reach = near.num_samples // 2, round(_SPAWN_HALF_SIZE_M / near.spacing_m)
    cut = (slice(middle - reach, middle + reach + 1),) * 2
    spawn = TerrainLevel(
        spacing_m=near.spacing_m,
        heights=near.heights[cut],
        water_depth=near.water_depth[cut],
        moisture=near.moisture[cut],
        path_weight=near.path_weight[cut],
    )
    return [(spawn, np.ascontiguousarray(fields[cut])), *zip(terrain.levels, cover.fields.levels, strict=True)]


def _layer_tints(spec: WorldSpec) -> dict[str, LinearColor]:
    """Factors on the base colour of the layers that the biome or the season changes."""
    tints = dict(_BIOME_TINTS.get(spec.biome, {}))
    season = _SEASON_TINTS[spec.season]
    for layer in ("grass", "moss", "forest_floor"):
        red, green, blue = tints.get(layer, (1.0, 1.0, 1.0))
        tints[layer] = (red * season[0], green * season[1], blue * season[2])
    return tints


def _surface(spec: WorldSpec) -> SurfaceTag:
    return "snow" if spec.weather.snow_cover > 0.5 else _SURFACES.get(spec.biome, "grass")


def _bake_plan(
    level: TerrainLevel, index: int, *, texture_px: int, outer_half_size: float, wetness: float, seed: int
) -> BakePlan:
    texel = 2.0 * level.half_size_m / (texture_px - 1)
    wavelength = 2.0 * level.spacing_m
    return BakePlan(
        seed=noise_seed(seed, "ground"),
        half_size=level.half_size_m,
        spacing=level.spacing_m,
        texture_px=texture_px,
        detail_wavelength=wavelength,
        detail_octaves=0 if index <= _NEAR else max(1, math.floor(math.log2(wavelength / (2.0 * texel))) + 1),
        variation=max(1.7, 5.0 * texel),
        wetness=0.8 * wetness,
        outer_half_size=outer_half_size,
        border=0.25,
        is_even=True,
    )


def _outer_textures(
    outer: Material | None, around: Unfolding | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    if outer is None or outer.base_color_texture is None or outer.roughness_texture is None or around is None:
        return (
            np.zeros((2, 2, 3), dtype=np.uint8),
            np.zeros((2, 2), dtype=np.uint8),
            np.zeros((2, 2, 2), dtype=np.float32),
        )
    # Copies, because the kernel is compiled for arrays that may be written.
    corners = around.samples[:: around.samples.shape[0] - 1, :: around.samples.shape[1] - 1]
    placed = np.ascontiguousarray(corners) if around.is_even else around.samples
    return outer.base_color_texture.copy(), outer.roughness_texture.copy(), placed


def _prototypes(mesh: LevelMesh, index: int, material: str, cover: GroundCover) -> list[Prototype]:
    groups = _groups(mesh, index, cover)
    counts: dict[int, int] = {}
    result = []
    for group, part in split_mesh(mesh, groups):
        tile = counts[group] = counts.get(group, -1) + 1
        label = _GROUP_LABELS[group]
        name = f"{material}/{label}" + (f"/{tile}" if tile else "")
        result.append(Prototype(name=name, label=label, lods=((Part(mesh=part, material=material),),), footprint_m=0.0))
    return result


def _groups(mesh: LevelMesh, index: int, cover: GroundCover) -> NDArray[np.int8]:
    """Label group of each triangle: far relief is mountain, walls are cliff, the rest is ground."""
    heights = mesh.vertices[:, 1]
    of_vertex = np.full(len(heights), _GROUND, dtype=np.int8)
    if index >= _MIDDLE:
        distance = np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 2])
        of_vertex[heights > 14.0 + 0.012 * distance] = _MOUNTAIN
    walls = cover.plan.code in {CANYON, DESERT}
    if index <= _PLAY or walls:
        limit = math.cos(math.radians(42.0 if walls else 50.0))
        of_vertex[(mesh.normals[:, 1] < limit) & (heights > -30.0)] = _CLIFF
    if index <= _PLAY:
        trodden = path_weight_at(cover.terrain, mesh.vertices[:, 0], mesh.vertices[:, 2]) > 0.5
        of_vertex[trodden] = _PATH
    groups: NDArray[np.int8] = of_vertex[mesh.triangles[:, 1]]
    counted = np.bincount(groups, minlength=4)
    if counted[_CLIFF] < 60:
        groups[groups == _CLIFF] = _GROUND if index <= _PLAY else _MOUNTAIN
    return groups


__all__ = ["COVER_LAYERS", "LEVEL_NAMES", "BuiltLand", "build_ground", "ground_texture_px"]
