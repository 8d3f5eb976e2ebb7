"""Unity: glTF for glTFast with textures beside it, colliders, terrain, splats for both importers, an editor script."""

from __future__ import annotations

from pathlib import Path

from worldgen.exporters.engine_axes import UNITY
from worldgen.exporters.engine_files import copy_file, write_readme, write_script, write_splats
from worldgen.exporters.engine_layout import PackageFiles, SplatFile, write_layout
from worldgen.exporters.engine_meshes import write_asset_colliders, write_land, write_navmesh, write_props
from worldgen.exporters.engine_package import WorldPackage
from worldgen.exporters.glb_copy import TextureFolder
from worldgen.exporters.terrain_files import UNITY_SIZES, fitting_size, write_unity_terrain
from worldgen.frames import Frame

_MAX_TERRAIN = 2049


def write_unity_package(package: WorldPackage, folder: Path) -> None:
    """Write the package into an empty folder.

    Raises:
        WorldgenError: A file of the world is damaged, or one cannot be written.
    """
    name = package.name
    textures = TextureFolder(folder / "Textures", "Textures/")
    land, props = f"SM_{name}_Land.gltf", f"SM_{name}_Props.gltf"
    write_land(package, folder / land, textures=textures)
    props = props if write_props(package, folder / props, textures=textures) else ""
    colliders = f"COL_{name}.glb" if write_asset_colliders(package, folder / f"COL_{name}.glb") else ""
    navmesh = f"NAV_{name}.glb" if write_navmesh(package, folder / f"NAV_{name}.glb") else ""
    files = PackageFiles(
        land=land,
        props=props,
        colliders=colliders,
        navmesh=navmesh,
        sky=copy_file(package.sky, folder, f"Sky/{name}_sky.hdr"),
        terrain=_write_terrain(package, folder),
        splats=_write_splats(package, folder),
        textures="Textures",
    )
    write_layout(package, UNITY, "unity", files, folder)
    write_script("ImportWorldgenWorld.cs", folder / "Editor" / "ImportWorldgenWorld.cs")
    write_readme(package, "README_Unity.md", folder / "README_Unity.md", {})


def _write_terrain(package: WorldPackage, folder: Path) -> str:
    source = package.terrain
    if source is None:
        return ""
    sizes = tuple(size for size in UNITY_SIZES if size <= _MAX_TERRAIN)
    size = fitting_size(sizes, extent_m=2.0 * source.half_size_m, spacing_m=source.spacing_m)
    write_unity_terrain(source.sample(size), folder / "Terrain", name=package.name)
    return f"Terrain/{package.name}_terrain.json"


def _write_splats(package: WorldPackage, folder: Path) -> tuple[SplatFile, ...]:
    spz = copy_file(package.spz, folder, f"Splats/{package.name}_LUF.spz")
    ply = write_splats(package, folder, f"Splats/{package.name}_unity.ply", Frame.LUB)
    made = (
        SplatFile(
            file=spz,
            format="spz",
            frame="RUB",
            importer="gsplat-unity",
            settings="Source Coordinates: LUF; transform at the origin, no rotation",
        ),
        SplatFile(
            file=ply,
            format="gaussian_ply",
            frame="LUB",
            importer="UnityGaussianSplatting (aras-p)",
            settings="transform at the origin, no rotation, scale 1",
        ),
    )
    return tuple(splat for splat in made if splat.file)
