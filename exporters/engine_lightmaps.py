"""What light needs of a package's levels: a second set of UVs, and the ambient occlusion that is baked over it.

Buildings, things and stones get both at every level of detail. Land keeps its first set of UVs, which has no overlaps.
Plants get none: light probes light them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.exporters.engine_levels import LevelPlan, dressed_part
from worldgen.exporters.engine_package import Asset
from worldgen.exporters.glb_meshes import MeshPart, read_parts
from worldgen.exporters.glb_reader import GlbFile
from worldgen.geometry.lightmap_uvs import lightmap_side, unwrap_for_lightmap
from worldgen.rendering.occlusion_baking import BakedPart, bake_occlusion
from worldgen.settings import QualityTier

OCCLUSION_SHARE = 0.125
"""Of a budget's textures, what baked occlusion may take."""

_LIGHTMAPPED = frozenset({"structure", "prop", "rock"})
_MAX_UNWRAPPED = 60_000
_LEAST_DENSITY = 0.25
"""Texels per metre below which no budget makes maps coarser: they would tell nothing."""
_GROUND_SHARE, _GROUND_REACH_M = 0.3, 1.0
"""How far up the shade of the ground is felt: a share of a thing's height, and at most so many metres."""


def with_lightmaps(
    file: GlbFile,
    assets: Sequence[Asset],
    levels: Mapping[str, tuple[LevelPlan, ...]],
    tier: QualityTier,
    *,
    max_texels: float | None = None,
) -> dict[str, tuple[LevelPlan, ...]]:
    """The levels with lightmap UVs where light is baked; maps become coarser until all fit into so many texels."""
    baked = [asset.name for asset in assets if asset.group in _LIGHTMAPPED and not asset.is_static]
    density = tier.occlusion_texels_per_m
    chosen = {(name, number): level for name in baked for number, level in enumerate(levels[name])}
    parts = {key: _parts(file, level) for key, level in chosen.items()}
    parts = {key: found for key, found in parts.items() if found}
    areas = {key: sum(_area(part) for part in found) for key, found in parts.items()}
    while True:
        sides = [lightmap_side(areas[key], density / 2 ** key[1], tier.occlusion_max_px) for key in parts]
        unwrapped = unwrap_for_lightmap([[part.mesh for part in found] for found in parts.values()], sides)
        texels = sum(side**2 for _, side in unwrapped)
        if max_texels is None or texels <= max_texels or density <= _LEAST_DENSITY:
            break
        density = max(density * min(math.sqrt(max_texels / texels), 0.7), _LEAST_DENSITY)
    for (key, found), (cuts, side) in zip(parts.items(), unwrapped, strict=True):
        made = [
            dressed_part(dataclasses.replace(part, mesh=cut.mesh), lightmap_uvs=cut.uvs)
            for part, cut in zip(found, cuts, strict=True)
        ]
        chosen[key] = dataclasses.replace(chosen[key], source=None, parts=tuple(made), lightmap_px=side)
    made_of = {name: tuple(chosen[name, number] for number in range(len(levels[name]))) for name in baked}
    return {**levels, **made_of}


def occlusion_of(file: GlbFile, level: LevelPlan, tier: QualityTier) -> NDArray[np.uint8]:
    """The (P, P) map of a level with lightmap UVs, the thing standing alone on level ground."""
    parts = [
        BakedPart(
            mesh=each.part.mesh, uvs=each.lightmap_uvs, is_double_sided=_is_double_sided(file, each.part.material)
        )
        for each in level.parts
        if each.lightmap_uvs is not None
    ]
    height = max(float(part.mesh.vertices[:, 1].max()) for part in parts)
    return bake_occlusion(
        parts,
        level.lightmap_px,
        num_rays=tier.occlusion_rays,
        ground_reach_m=min(_GROUND_SHARE * max(height, 0.0), _GROUND_REACH_M),
    )


def _is_double_sided(file: GlbFile, material: int | None) -> bool:
    return material is not None and bool(file.item("materials", material).get("doubleSided", False))


def _parts(file: GlbFile, level: LevelPlan) -> list[MeshPart]:
    """The parts of a level that are to be unwrapped; none of cards and of what is too large."""
    if level.cards is not None or level.num_triangles > _MAX_UNWRAPPED:
        return []
    parts = [part.part for part in level.parts] if level.source is None else read_parts(file, level.source)
    return [part for part in parts if part.mesh.num_triangles]


def _area(part: MeshPart) -> float:
    corners = part.mesh.vertices[part.mesh.triangles].astype(np.float64)
    sides = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return 0.5 * float(np.linalg.norm(sides, axis=1).sum())
