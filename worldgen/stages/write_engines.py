"""A world folder → packages for engines in ``engines/<name>/``, each whole or not at all, listed in the manifest."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from worldgen.budgets import PlatformBudget
from worldgen.builder.build_scene import build_terrain
from worldgen.engines import ENGINES, load_engine_writer
from worldgen.events import ArtifactWritten, RunContext, WarningRaised
from worldgen.exporters.engine_layout import LAYOUT_NAME
from worldgen.exporters.engine_package import TerrainSource, WorldPackage, load_world_package
from worldgen.exporters.engine_scene import PackageCounts, prepare_package
from worldgen.manifest import Manifest, PackageReport, WorldFile, encode_manifest, load_manifest
from worldgen.spec.files import load_spec
from worldgen.stages.layer_writer import describe_file
from worldgen.stages.terrain_maps import make_terrain_maps
from worldgen.stages.write_world import SPEC_NAME
from worldgen.staging import MANIFEST_NAME, staged_folder
from worldgen.storage import path_inside, write_bytes

ENGINES_FOLDER = "engines"

_OWN_NAMES = frozenset({LAYOUT_NAME, "README.md"})
_ROLES = (
    ("_collision.glb", "colliders"),
    ("_nav.glb", "navmesh"),
    ("_navmesh.glb", "navmesh"),
    ("_navmesh.bin", "navmesh"),
    (".glb", "mesh"),
    (".gltf", "mesh"),
    (".bin", "mesh"),
    (".spz", "splats"),
    (".sog", "splats"),
    (".ply", "splats"),
    (".hdr", "sky"),
    (".usda", "stage"),
    (".usdc", "stage"),
    (".usdz", "stage"),
    (".raw", "terrain"),
    (".r16", "terrain"),
    (".md", "readme"),
    (".cs", "script"),
    (".py", "script"),
    (".gd", "script"),
    (".js", "script"),
    (".html", "script"),
    (".tscn", "scene"),
    (".import", "import_hints"),
)
_FOLDER_ROLES = {"Terrain": "terrain", "Landscape": "terrain", "terrain": "terrain"}


def write_engine_packages(
    folder: Path, engines: Sequence[str], context: RunContext, *, budget: PlatformBudget | None = None
) -> Manifest:
    """Write packages and bring the manifest up to date.

    Args:
        folder: The world.
        engines: Ids of ``worldgen.engines.ENGINES``.
        context: Where events go.
        budget: What the platform can take; None keeps everything.

    Returns:
        The new manifest.

    Raises:
        UnsupportedFormatError: There is no engine of a name.
        WorldgenError: The world is damaged or a file cannot be written; older packages stay as they were.
    """
    writers = {engine: load_engine_writer(engine) for engine in dict.fromkeys(engines)}
    manifest = load_manifest(folder)
    with context.stage("read world"):
        package = load_world_package(folder, manifest, terrain=_terrain_source(folder, manifest, context))
    with tempfile.TemporaryDirectory(prefix="worldgen-") as scratch:
        with context.stage("make levels of detail"):
            package, counts = prepare_package(package, Path(scratch), budget, tier=context.tier)
        for note in counts.notes:
            context.report(WarningRaised(note))
        for engine, write in writers.items():
            target = folder / ENGINES_FOLDER / engine
            with context.stage(f"package {engine}"):
                with staged_folder(target, own_names=_names_of(target, manifest), marker=LAYOUT_NAME) as building:
                    write(package, building)
                    files = _describe(building, engine)
                manifest = _with_package(manifest, files, _report(engine, budget, counts, files))
                write_bytes(folder / MANIFEST_NAME, encode_manifest(manifest))
            context.report(ArtifactWritten(target, f"package for {engine}", sum(file.num_bytes for file in files)))
    return manifest


def _with_package(manifest: Manifest, files: list[WorldFile], report: PackageReport) -> Manifest:
    prefix = f"{ENGINES_FOLDER}/{report.engine}/"
    kept = [file for file in manifest.files if not file.path.startswith(prefix)]
    others = [other for other in manifest.packages if other.engine != report.engine]
    packages = sorted([*others, report], key=lambda each: each.engine)
    return manifest.model_copy(update={"files": (*kept, *files), "packages": tuple(packages)})


def _report(engine: str, budget: PlatformBudget | None, counts: PackageCounts, files: list[WorldFile]) -> PackageReport:
    return PackageReport(
        engine=engine,
        budget=None if budget is None else budget.name,
        max_triangles=None if budget is None else budget.triangles,
        max_splats=None if budget is None else budget.splats,
        max_texture_mb=None if budget is None else budget.texture_mb,
        triangles=counts.triangles,
        mesh_triangles=counts.mesh_triangles,
        splats=counts.splats,
        texture_mb=counts.texture_mb,
        num_bytes=sum(file.num_bytes for file in files),
        notes=counts.notes,
    )


def _terrain_source(folder: Path, manifest: Manifest, context: RunContext) -> TerrainSource | None:
    """The land of a built world, built again from its spec."""
    if manifest.source.kind not in ("prompt", "spec"):
        return None
    spec = load_spec(path_inside(folder, SPEC_NAME))
    terrain = build_terrain(spec, tier=context.tier, seed=manifest.seed)
    level = terrain.levels[terrain.play_level]
    finest = min(each.spacing_m for each in terrain.levels[: terrain.play_level + 1])
    return TerrainSource(
        half_size_m=level.half_size_m,
        spacing_m=finest,
        sample=functools.cache(lambda size: make_terrain_maps(terrain, spec, manifest.seed, num_samples=size)),
    )


def _names_of(target: Path, manifest: Manifest) -> frozenset[str]:
    """Top-level names in an older package that were ours; the rest is the user's and stays."""
    prefix = f"{ENGINES_FOLDER}/{target.name}/"
    ours = {file.path.removeprefix(prefix).split("/")[0] for file in manifest.files if file.path.startswith(prefix)}
    return _OWN_NAMES | ours


def _describe(building: Path, engine: str) -> list[WorldFile]:
    files = []
    for path in sorted(path for path in building.rglob("*") if path.is_file()):
        relative = path.relative_to(building).as_posix()
        row = describe_file(building, relative, f"{engine}/{_role_of(relative)}", path.suffix.lstrip("."), {})
        files.append(row.model_copy(update={"path": f"{ENGINES_FOLDER}/{engine}/{relative}"}))
    return files


def _role_of(relative: str) -> str:
    name = relative.rsplit("/", 1)[-1]
    if name == LAYOUT_NAME:
        return "layout"
    if name.startswith("COL_"):
        return "colliders"
    if name.startswith("NAV_"):
        return "navmesh"
    if relative.split("/")[0] in _FOLDER_ROLES:
        return _FOLDER_ROLES[relative.split("/")[0]]
    return next((role for suffix, role in _ROLES if name.endswith(suffix)), "texture")


def check_engines(engines: Sequence[str]) -> None:
    """Refuse unknown engines before any work is done.

    Raises:
        UnsupportedFormatError: There is no engine of a name.
    """
    for engine in engines:
        load_engine_writer(engine)


def package_bytes(manifest: Manifest) -> dict[str, int]:
    """Size of every engine package in a manifest, in bytes."""
    sizes = {}
    for engine in ENGINES:
        prefix = f"{ENGINES_FOLDER}/{engine}/"
        total = sum(file.num_bytes for file in manifest.files if file.path.startswith(prefix))
        if total:
            sizes[engine] = total
    return sizes


def load_package(folder: Path, context: RunContext) -> WorldPackage:
    """The description that packages of a world are written from."""
    manifest = load_manifest(folder)
    return load_world_package(folder, manifest, terrain=_terrain_source(folder, manifest, context))
