"""Water as objects: surfaces with the colour of what lies below them, ripples, surf and ice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from worldgen.builder.terrain.fields import SHORE, GroundCover
from worldgen.builder.terrain.queries import water_depth_at
from worldgen.builder.terrain.ripples import ripple_normals
from worldgen.builder.terrain.shape import WaterSite
from worldgen.builder.terrain.water_color import water_body, water_colors, water_optics
from worldgen.builder.terrain.water_meshes import Surface, river_surface, still_surface
from worldgen.randomness import seed_for
from worldgen.scene.material import Material
from worldgen.scene.scene import Part, Prototype, SceneObject
from worldgen.scene.terrain import Terrain
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.settings import QualityTier
from worldgen.spec.model import WaterKind, WorldSpec

_TILES_M: dict[WaterKind, float] = {"lake": 6.0, "river": 5.0, "sea": 13.0}
_SLOPES: dict[WaterKind, float] = {"lake": 0.035, "river": 0.06, "sea": 0.085}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BuiltWater:
    """The waters as parts of a scene."""

    prototypes: Mapping[str, Prototype]
    materials: Mapping[str, Material]
    objects: tuple[SceneObject, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Setting:
    """What every body of water is built from."""

    terrain: Terrain
    waters: Sequence[WaterSite]
    spec: WorldSpec
    seed: int
    cover: GroundCover


def build_water(  # noqa: PLR0917
    terrain: Terrain,
    waters: Sequence[WaterSite],
    spec: WorldSpec,
    tier: QualityTier,
    seed: int,
    cover: GroundCover,
) -> BuiltWater:
    """Build the surfaces of all waters.

    Args:
        terrain: The land, with pads and paths where they are.
        waters: The waters of `shape_land`.
        spec: The world's description.
        tier: What may be spent.
        seed: The world's seed.
        cover: The cover of `build_ground`, for the colour of the beds.

    Returns:
        One material, prototype and object per water; waters that the land shows nothing of are left out.
    """
    setting = _Setting(terrain, waters, spec, seed, cover)
    materials: dict[str, Material] = {}
    prototypes: dict[str, Prototype] = {}
    objects = []
    for water in waters:
        surface = _surface(setting, water)
        if surface is None:
            continue
        name = f"water_{water.id}"
        material = _material(name, water, tier, seed)
        mesh = _colored_mesh(setting, water, surface)
        materials[name] = material
        prototypes[name] = Prototype(
            name=name, label=water.kind, lods=((Part(mesh=mesh, material=name),),), footprint_m=0.0
        )
        objects.append(
            SceneObject(object_id=f"water/{water.id}", spec_id=water.id, prototype=name, world_from_object=np.eye(4))
        )
    return BuiltWater(prototypes=prototypes, materials=materials, objects=tuple(objects))


def _surface(setting: _Setting, water: WaterSite) -> Surface | None:
    terrain = setting.terrain
    if water.line is None:
        shores = [fields[..., SHORE] for fields in setting.cover.fields.levels]
        return still_surface(terrain, water.surface_y, shores, water.kind == "sea")
    # The land beyond the second coarsest level is too coarse for a river's bed.
    reach = terrain.levels[-2].half_size_m - 2.0 * terrain.levels[-2].spacing_m
    covered = np.zeros(len(water.line), dtype=np.bool_)
    play = terrain.levels[terrain.play_level]
    size, spacing = play.num_samples, play.spacing_m
    column = np.clip(np.round(water.line[:, 0] / spacing + (size - 1) / 2).astype(np.int64), 0, size - 1)
    row = np.clip(np.round(water.line[:, 1] / spacing + (size - 1) / 2).astype(np.int64), 0, size - 1)
    level_y = (play.heights + play.water_depth)[row, column]
    within = np.maximum(np.abs(water.line[:, 0]), np.abs(water.line[:, 1])) < play.half_size_m
    for other in setting.waters:
        if other.line is None:
            covered |= within & (play.water_depth[row, column] > 0.0) & (np.abs(level_y - other.surface_y) < 2e-3)
    return river_surface(water.line, reach, play.half_size_m, covered)


def _colored_mesh(setting: _Setting, water: WaterSite, surface: Surface) -> TriangleMesh:
    x, z = surface.vertices[:, 0].astype(np.float64), surface.vertices[:, 2].astype(np.float64)
    depth = water_depth_at(setting.terrain, x, z)
    half = setting.terrain.levels[-1].half_size_m
    depth[np.maximum(np.abs(x), np.abs(z)) > half] = 30.0
    shore = np.maximum(0.0, -setting.cover.value_of(SHORE, x, z))
    rapids = np.clip((surface.steepness - 0.008) / 0.05, 0.0, 1.0)
    body = water_body(setting.spec, water.id, water.kind, water.frozen, setting.seed)
    colors = water_colors(
        np.column_stack([x, z]),
        (depth, shore.astype(np.float32), rapids.astype(np.float32)),
        setting.cover.base_color(x, z),
        water_optics(setting.spec.biome, water.kind),
        body,
    )
    normals = np.zeros_like(surface.vertices)
    normals[:, 1] = 1.0
    return TriangleMesh(
        vertices=surface.vertices,
        triangles=surface.triangles,
        normals=normals,
        uvs=surface.uvs / np.float32(_TILES_M[water.kind]),
        colors=colors,
    )


def _material(name: str, water: WaterSite, tier: QualityTier, seed: int) -> Material:
    texture_px = max(64, tier.material_texture_px)
    stream = seed_for(seed, name)
    if water.frozen:
        return Material(
            name=name,
            surface="water",
            normal_texture=ripple_normals(texture_px, 0.012, 1.0, stream),
            roughness=0.22,
            tile_m=_TILES_M[water.kind],
        )
    return Material(
        name=name,
        surface="water",
        normal_texture=ripple_normals(texture_px, _SLOPES[water.kind], 0.35, stream),
        roughness=0.06 if water.kind != "sea" else 0.09,
        kind="water",
        tile_m=_TILES_M[water.kind],
    )
