"""The web: a folder that a static server serves, with a small viewer for three.js and Spark."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from worldgen.exporters.detour import MAX_VERTICES, write_navmesh_detour
from worldgen.exporters.engine_axes import WEB
from worldgen.exporters.engine_files import copy_file, write_readme, write_script
from worldgen.exporters.engine_layout import PackageFiles, SplatFile, write_layout
from worldgen.exporters.engine_meshes import write_navmesh, write_whole_scene, write_world_colliders
from worldgen.exporters.engine_package import WorldPackage
from worldgen.exporters.meshopt_glb import can_compress, compress_glb
from worldgen.exporters.navmesh_reader import read_navmesh_glb
from worldgen.exporters.radiance_hdr import read_radiance_hdr, write_radiance_hdr
from worldgen.exporters.sog import write_sog


def write_web_package(package: WorldPackage, folder: Path) -> None:
    """Write the package into an empty folder; meshes are compressed where the extra ``web`` is installed.

    Raises:
        WorldgenError: A file of the world is damaged, or one cannot be written.
    """
    name = package.name
    write_whole_scene(package, folder / f"{name}.glb")
    if can_compress():
        compress_glb(folder / f"{name}.glb", folder / f"{name}.glb")
    colliders = f"{name}_collision.glb"
    has_colliders = write_world_colliders(package, folder / colliders, suffix=lambda collider: "")
    navmesh = f"{name}_navmesh.glb"
    files = PackageFiles(
        land=f"{name}.glb",
        props=f"{name}.glb",
        colliders=colliders if has_colliders else "",
        navmesh=navmesh if write_navmesh(package, folder / navmesh) else "",
        sky=_write_sky(package, folder),
        splats=_write_splats(package, folder),
        more={"viewer": "index.html", "navmesh_detour": _write_detour(package, folder)},
    )
    write_layout(package, WEB, "web", files, folder)
    for script in ("index.html", "viewer.js"):
        write_script(script, folder / script)
    write_readme(package, "README_Web.md", folder / "README_Web.md", {})


def _write_detour(package: WorldPackage, folder: Path) -> str:
    """The navmesh for recast-navigation; "" where there is none that a tile can hold."""
    if package.navmesh is None:
        return ""
    navigation = read_navmesh_glb(package.navmesh)
    if not 0 < len(navigation.navmesh.vertices) <= MAX_VERTICES:
        return ""
    name = f"{package.name}_navmesh.bin"
    write_navmesh_detour(navigation, folder / name)
    return name


def _write_sky(package: WorldPackage, folder: Path) -> str:
    """The sky with +X in the middle, as three.js takes it; ours has -Z there, a quarter of the width before."""
    if package.sky is None:
        return ""
    sky = read_radiance_hdr(package.sky)
    name = f"sky/{package.name}_sky.hdr"
    (folder / "sky").mkdir(exist_ok=True)
    write_radiance_hdr(np.roll(sky, -sky.shape[1] // 4, axis=1), folder / name)
    return name


def _write_splats(package: WorldPackage, folder: Path) -> tuple[SplatFile, ...]:
    made = []
    spz = copy_file(package.spz, folder, f"splats/{package.name}.spz")
    if spz:
        made.append(
            SplatFile(
                file=spz,
                format="spz",
                frame="RUB",
                importer="Spark, Babylon.js, three.js",
                settings="at the origin, no rotation; in Babylon.js a right-handed scene and the loader's flipY",
            )
        )
    if package.splats is not None:
        sog = f"splats/{package.name}.sog"
        (folder / "splats").mkdir(exist_ok=True)
        write_sog(package.splats, folder / sog)
        made.append(
            SplatFile(
                file=sog,
                format="sog",
                frame="RDF",
                importer="PlayCanvas, SuperSplat, Spark",
                settings="half a turn about X (Spark; Babylon.js: scaling 1, -1, -1), or as the tool places it",
            )
        )
    return tuple(made)
