"""Unreal: GLB for Interchange with UCX colliders, a landscape, splats for NanoGS, an import script in Python."""

from __future__ import annotations

from pathlib import Path

from worldgen.exporters.engine_axes import UNREAL
from worldgen.exporters.engine_files import copy_file, write_readme, write_script, write_splats
from worldgen.exporters.engine_layout import PackageFiles, SplatFile, write_layout
from worldgen.exporters.engine_meshes import write_asset_colliders, write_land, write_navmesh, write_props
from worldgen.exporters.engine_package import WorldPackage
from worldgen.exporters.terrain_files import UNREAL_SIZES, fitting_size, write_unreal_landscape
from worldgen.frames import Frame

_MIN_LANDSCAPE, _MAX_LANDSCAPE = 505, 2017


def write_unreal_package(package: WorldPackage, folder: Path) -> None:
    """Write the package into an empty folder.

    Raises:
        WorldgenError: A file of the world is damaged, or one cannot be written.
    """
    name = package.name
    land, props = f"SM_{name}_Land.glb", f"SM_{name}_Props.glb"
    write_land(package, folder / land)
    props = props if write_props(package, folder / props, with_colliders=True) else ""
    colliders = f"COL_{name}.glb" if write_asset_colliders(package, folder / f"COL_{name}.glb") else ""
    navmesh = f"NAV_{name}.glb" if write_navmesh(package, folder / f"NAV_{name}.glb") else ""
    ply = write_splats(package, folder, f"Splats/{name}_ue.ply", Frame.BDR)
    splats = SplatFile(
        file=ply,
        format="gaussian_ply",
        frame="BDR",
        importer="NanoGS",
        settings="actor at the origin, no rotation, scale 1",
    )
    files = PackageFiles(
        land=land,
        props=props,
        colliders=colliders,
        navmesh=navmesh,
        sky=copy_file(package.sky, folder, f"Sky/HDRI_{name}.hdr"),
        terrain=_write_landscape(package, folder),
        splats=(splats,) if ply else (),
    )
    write_layout(package, UNREAL, "unreal", files, folder)
    write_script("import_scene_unreal.py.txt", folder / "import_scene.py")
    write_readme(package, "README_Unreal.md", folder / "README_Unreal.md", {})


def _write_landscape(package: WorldPackage, folder: Path) -> str:
    source = package.terrain
    if source is None:
        return ""
    sizes = tuple(size for size in UNREAL_SIZES if _MIN_LANDSCAPE <= size <= _MAX_LANDSCAPE)
    size = fitting_size(sizes, extent_m=2.0 * source.half_size_m, spacing_m=source.spacing_m)
    write_unreal_landscape(source.sample(size), folder / "Landscape", name=package.name)
    return "Landscape/landscape.json"
