"""The scene of an engine package, written anew: levels of detail, cards, baked occlusion, and what a budget asks for.

The result is a GLB of its own that the engines' writers take their meshes from, and a report of what came out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from worldgen.budgets import PlatformBudget
from worldgen.exporters.engine_budget import (
    TrianglePlan,
    image_sizes,
    land_goals,
    plan_textures,
    plan_things,
    resized_picture,
    texels_of,
    texture_mb,
)
from worldgen.exporters.engine_levels import LevelMaker, LevelPlan
from worldgen.exporters.engine_lightmaps import OCCLUSION_SHARE, occlusion_of, with_lightmaps
from worldgen.exporters.engine_package import Asset, AssetLevel, WorldPackage, level_name
from worldgen.exporters.filters import SplatFilters, apply_filters
from worldgen.exporters.gaussian_ply import write_gaussian_ply
from worldgen.exporters.glb_copy import MeshCopier
from worldgen.exporters.glb_reader import open_glb
from worldgen.exporters.glb_writer import GlbWriter, Json
from worldgen.exporters.png import encode_png
from worldgen.exporters.spz import write_spz
from worldgen.settings import TIERS, QualityTier

SCENE_NAME = "scene.glb"
_CARD_CUTOFF = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageCounts:
    """What a package holds, to be compared with a budget.

    ``triangles`` are drawn from the spawn, every instance counted; ``mesh_triangles`` count every level of every mesh
    once. ``notes`` tell what was left out and which limit could not be met.
    """

    triangles: int
    mesh_triangles: int
    splats: int
    texture_mb: float
    notes: tuple[str, ...]


def prepare_package(
    package: WorldPackage,
    folder: Path,
    budget: PlatformBudget | None = None,
    *,
    tier: QualityTier = TIERS["standard"],
) -> tuple[WorldPackage, PackageCounts]:
    """Write the scene that engines get into an empty folder.

    Args:
        package: The world as it is.
        folder: Where the files go; the result reads from them.
        budget: Limits to keep; None keeps everything.
        tier: How fine occlusion is baked.

    Returns:
        The package to write engines' folders from, and its counts.

    Raises:
        WorldgenError: A file of the world is damaged, or one cannot be written.
    """
    limits = budget or PlatformBudget(name="")
    maker = LevelMaker(package.scene)
    levels = {asset.name: maker.levels_of(asset) for asset in package.assets}
    for name, goal in land_goals(package.assets, levels, package.placements, limits.triangles).items():
        levels[name] = (maker.decimated_land(levels[name][0], goal),)
    plan = plan_things(package.assets, levels, package.placements, limits.triangles)
    levels = with_lightmaps(
        package.scene,
        package.assets,
        _without_skipped(plan, levels),
        tier,
        max_texels=None if limits.texture_mb is None else texels_of(OCCLUSION_SHARE * limits.texture_mb),
    )
    sizes = image_sizes(package.scene)
    made_mb = texture_mb(_sizes_of_made(levels))
    planned = plan_textures(sizes, None if limits.texture_mb is None else limits.texture_mb - made_mb)
    writer = GlbWriter(extras={"frame": "RUB", "unit": "metre"})
    copier = MeshCopier(
        writer, package.scene, picture=lambda index: resized_picture(package.scene, index, planned[index])
    )
    assets = [_write_asset(writer, copier, asset, levels[asset.name], tier) for asset in package.assets]
    writer.write(folder / SCENE_NAME)
    prepared = dataclasses.replace(
        _with_fewer_splats(package, folder, limits.splats),
        scene=open_glb(folder / SCENE_NAME),
        assets=tuple(assets),
        placements=plan.placements,
    )
    counts = _counts(prepared, plan, texture_mb(planned) + made_mb, limits)
    return prepared, counts


def _without_skipped(
    plan: TrianglePlan, levels: Mapping[str, tuple[LevelPlan, ...]]
) -> dict[str, tuple[LevelPlan, ...]]:
    """The levels that stay, renamed from the finest on."""
    return {
        name: tuple(
            dataclasses.replace(level, name=level_name(name, number))
            for number, level in enumerate(chain[plan.skipped.get(name, 0) :])
        )
        for name, chain in levels.items()
    }


def _sizes_of_made(levels: Mapping[str, tuple[LevelPlan, ...]]) -> list[tuple[int, int]]:
    """(width, height) of the pictures that the package has beyond the scene's own: cards and occlusion."""
    sizes = []
    for level in (level for chain in levels.values() for level in chain):
        if level.cards is not None:
            sizes.append((level.cards.picture.shape[1], level.cards.picture.shape[0]))
        if level.lightmap_px:
            sizes.append((level.lightmap_px, level.lightmap_px))
    return sizes


def _write_asset(
    writer: GlbWriter, copier: MeshCopier, asset: Asset, chain: tuple[LevelPlan, ...], tier: QualityTier
) -> Asset:
    written = []
    for level in chain:
        if level.source is not None:
            index = copier.copy_mesh(level.source, level.name, lightmap=asset.is_static)
        elif level.cards is not None:
            index = writer.add_mesh(level.name, [_card_primitive(writer, level)])
        else:
            primitives = _level_primitives(writer, copier, level, tier)
            index = writer.add_mesh(level.name, primitives)
        written.append(AssetLevel(name=level.name, mesh=index, num_triangles=level.num_triangles, kind=level.kind))
    return dataclasses.replace(asset, levels=tuple(written))


def _level_primitives(writer: GlbWriter, copier: MeshCopier, level: LevelPlan, tier: QualityTier) -> list[Json]:
    """A level's parts; each map of occlusion is the level's own, so its materials are copies that share the rest."""
    occlusion = None
    title = level.name.removeprefix("SM_")
    if level.lightmap_px:
        picture = encode_png(occlusion_of(copier.source, level, tier), is_srgb=False)
        occlusion = writer.add_texture(f"T_{title}_AO", picture, "image/png")
    return [
        writer.add_primitive(
            each.part.mesh,
            material=None
            if each.part.material is None
            else copier.copy_material(each.part.material, occlusion=occlusion, suffix=f"_{title}"),
            tangents=each.tangents,
            lightmap_uvs=each.lightmap_uvs,
        )
        for each in level.parts
    ]


def _card_primitive(writer: GlbWriter, level: LevelPlan) -> Json:
    assert level.cards is not None
    title = level.name.removeprefix("SM_")
    picture = encode_png(level.cards.picture)
    texture = writer.add_texture(f"T_{title}_BC", picture, "image/png")
    writer.materials.append(
        {
            "name": f"M_{title}",
            "pbrMetallicRoughness": {
                "baseColorTexture": {"index": texture},
                "metallicFactor": 0.0,
                "roughnessFactor": 1.0,
            },
            "alphaMode": "MASK",
            "alphaCutoff": _CARD_CUTOFF,
            "extras": {"surface": "foliage", "kind": "surface"},
        }
    )
    return writer.add_primitive(level.cards.mesh, material=len(writer.materials) - 1)


def _with_fewer_splats(package: WorldPackage, folder: Path, max_splats: int | None) -> WorldPackage:
    """The package with files of fewer splats, where the budget asks for it."""
    cloud = package.splats
    if cloud is None or max_splats is None or cloud.num_gaussians <= max_splats:
        return package
    fewer, _ = apply_filters(cloud, SplatFilters(budget=max_splats))
    write_gaussian_ply(fewer, folder / "splats.ply")
    write_spz(fewer, folder / "splats.spz")
    return dataclasses.replace(package, ply=folder / "splats.ply", spz=folder / "splats.spz")


def _counts(package: WorldPackage, plan: TrianglePlan, texture_size: float, limits: PlatformBudget) -> PackageCounts:
    assets = {asset.name: asset for asset in package.assets}
    triangles = sum(assets[item.asset].levels[item.level].num_triangles for item in package.placements)
    splats = 0 if package.splats is None else package.splats.num_gaussians
    notes = []
    if plan.num_left_out:
        notes.append(f"{plan.num_left_out} small plants and stones were left out to meet the budget")
    for what, value, limit in (
        ("triangles", triangles, limits.triangles),
        ("MB of textures", texture_size, limits.texture_mb),
    ):
        if limit is not None and value > limit:
            notes.append(f"{value:.0f} {what} are more than the budget of {limit:.0f}: nothing else can be left out")
    return PackageCounts(
        triangles=triangles,
        mesh_triangles=sum(level.num_triangles for asset in package.assets for level in asset.levels),
        splats=splats,
        texture_mb=round(texture_size, 2),
        notes=tuple(notes),
    )
