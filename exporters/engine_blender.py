"""Blender: the scene as GLB, colliders, splats in Blender's axes, and a script that sets up the file."""

from __future__ import annotations

from pathlib import Path

from worldgen.exporters.engine_axes import BLENDER
from worldgen.exporters.engine_files import copy_file, write_readme, write_script, write_splats
from worldgen.exporters.engine_layout import PackageFiles, SplatFile, write_layout
from worldgen.exporters.engine_meshes import write_navmesh, write_whole_scene, write_world_colliders
from worldgen.exporters.engine_package import WorldPackage
from worldgen.frames import Frame


def write_blender_package(package: WorldPackage, folder: Path) -> None:
    """Write the package into an empty folder.

    Raises:
        WorldgenError: A file of the world is damaged, or one cannot be written.
    """
    name = package.name
    write_whole_scene(package, folder / f"{name}.glb")
    colliders = f"{name}_collision.glb"
    has_colliders = write_world_colliders(package, folder / colliders, suffix=lambda collider: "")
    navmesh = f"{name}_navmesh.glb"
    ply = write_splats(package, folder, f"splats/{name}_blender.ply", Frame.RFU)
    splats = SplatFile(
        file=ply,
        format="gaussian_ply",
        frame="RFU",
        importer="Blender's PLY import, its native splats, or an add-on",
        settings="forward Y, up Z, scale 1",
    )
    files = PackageFiles(
        land=f"{name}.glb",
        props=f"{name}.glb",
        colliders=colliders if has_colliders else "",
        navmesh=navmesh if write_navmesh(package, folder / navmesh) else "",
        sky=copy_file(package.sky, folder, f"sky/{name}_sky.hdr"),
        splats=(splats,) if ply else (),
    )
    write_layout(package, BLENDER, "blender", files, folder)
    write_script("import_world_blender.py.txt", folder / "import_world.py")
    write_readme(package, "README_Blender.md", folder / "README_Blender.md", {})
