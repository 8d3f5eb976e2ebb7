"""Engine packages: what is in them, the same bytes twice, whole or not at all, listed in the manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.exporters.engine_world import EXPOSURE, make_world, package_of
from tests.exporters.node_tools import assert_valid
from worldgen.engines import ENGINES, load_engine_writer
from worldgen.errors import ExportError, InvalidInputError, UnsupportedFormatError
from worldgen.exporters.engine_package import load_world_package, title_of
from worldgen.manifest import load_manifest
from worldgen.pipelines.export_world import export_engines
from worldgen.quality.check import check_world
from worldgen.scene.scene import Scene
from worldgen.stages import write_engines

EXPECTED = {
    "unity": {
        "SM_{}_Land.gltf",
        "SM_{}_Land.bin",
        "SM_{}_Props.gltf",
        "SM_{}_Props.bin",
        "COL_{}.glb",
        "NAV_{}.glb",
        "Splats/{}_LUF.spz",
        "Splats/{}_unity.ply",
        "Terrain/{}_terrain.json",
        "Sky/{}_sky.hdr",
        "Editor/ImportWorldgenWorld.cs",
        "README_Unity.md",
    },
    "unreal": {
        "SM_{}_Land.glb",
        "SM_{}_Props.glb",
        "COL_{}.glb",
        "Splats/{}_ue.ply",
        "Landscape/landscape.json",
        "Landscape/HM_{}.png",
        "Landscape/HM_{}.r16",
        "Sky/HDRI_{}.hdr",
        "import_scene.py",
        "README_Unreal.md",
    },
    "godot": {
        "{}.glb",
        "{}_collision.glb",
        "{}_nav.glb",
        "scene.tscn",
        "import_world.gd",
        "import_materials.gd",
        "terrain/height.r16",
        "sky/{}_sky.hdr",
        "splats/{}_gdgs.ply",
        "README_Godot.md",
    },
    "blender": {
        "{}.glb",
        "{}_collision.glb",
        "{}_navmesh.glb",
        "sky/{}_sky.hdr",
        "splats/{}_blender.ply",
        "import_world.py",
        "README_Blender.md",
    },
    "isaac": {"{}.usdc", "splats/{}_splats.usdc", "sky/{}_sky.hdr", "README_Isaac.md"},
    "web": {
        "index.html",
        "viewer.js",
        "{}.glb",
        "{}_collision.glb",
        "{}_navmesh.glb",
        "splats/{}.spz",
        "splats/{}.sog",
        "sky/{}_sky.hdr",
        "README_Web.md",
    },
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene]:
    folder = tmp_path_factory.mktemp("packages") / "world"
    return folder, make_world(folder)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("engine", list(EXPECTED))
def test_package_holds_its_files_and_is_the_same_twice(engine: str, world: tuple[Path, Scene], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        load_engine_writer(engine)(package_of(*world), folder)
    written = hashes(one)
    assert written == hashes(two)
    expected = {name.format("CrateStorePond") for name in EXPECTED[engine]} | {"layout.json"}
    assert expected <= set(written)
    layout = json.loads((one / "layout.json").read_text())
    named = [file for file in layout["files"].values() if file] + [splat["file"] for splat in layout["splats"]]
    assert all((one / file).exists() for file in named)
    assert_valid(*sorted([*one.glob("*.glb"), *one.glob("*.gltf")]))
    for readme in one.glob("README*"):
        assert "{" not in readme.read_text()


def test_unity_meshes_share_their_textures(world: tuple[Path, Scene], tmp_path: Path) -> None:
    load_engine_writer("unity")(package_of(*world), tmp_path)
    uris = []
    for path in sorted(tmp_path.glob("*.gltf")):
        document = json.loads(path.read_text())
        uris += [image["uri"] for image in document.get("images", [])]
        assert all("bufferView" not in image for image in document.get("images", []))
    assert uris
    assert all((tmp_path / uri).is_file() for uri in uris)
    assert {f"Textures/{path.name}" for path in (tmp_path / "Textures").iterdir()} == set(uris)


def test_every_object_is_placed_and_meshes_are_shared(world: tuple[Path, Scene]) -> None:
    folder, scene = world
    package = package_of(folder, scene)
    assert {item.object_id for item in package.placements} == {item.object_id for item in scene.objects}
    assert len(package.assets) == len({item.prototype for item in scene.objects})
    for item, placed in zip(scene.objects, package.placements, strict=True):
        asset = next(asset for asset in package.assets if asset.name == placed.asset)
        counts = scene.prototypes[item.prototype].num_triangles
        assert tuple(level.num_triangles for level in asset.levels) == counts
        assert placed.level == item.lod
    assert {asset.label for asset in package.assets if asset.is_static} == {"ground", "lake"}
    crate = next(asset for asset in package.assets if "crate" in asset.name.lower())
    assert (crate.minimum, crate.maximum, crate.num_triangles) == ((-1.0, 0.0, -1.0), (1.0, 2.0, 1.0), 24)
    for item, placed in zip(scene.objects, package.placements, strict=True):
        np.testing.assert_allclose(placed.world_from_asset, item.world_from_object, atol=2e-6)
    static = {asset.name for asset in package.assets if asset.is_static}
    assert all(item.name == item.asset for item in package.placements if item.asset in static)
    assert package.light is not None
    assert package.light.exposure == EXPOSURE


def test_colliders_belong_to_assets_and_the_ground_to_none(world: tuple[Path, Scene]) -> None:
    package = package_of(*world)
    alone = [(item.name, item.shape.kind, item.shape.surface) for item in package.colliders if not item.asset]
    assert alone == [
        ("COL_ground_grass", "ground", "grass"),
        ("COL_ground_sand", "ground", "sand"),
        ("COL_water_000", "trigger", "water"),
        *((f"COL_range_{number:02d}", "blocking", "glass") for number in range(5)),
    ]
    owners = {asset.name: [collider.shape.kind for collider in asset.colliders] for asset in package.assets}
    assert sorted(kinds for kinds in owners.values() if kinds) == [["capsule"], ["hull"]]
    for asset in package.assets:
        for collider in asset.colliders:
            np.testing.assert_array_equal(collider.asset_from_collider, np.eye(4))


def test_export_lists_every_file_in_the_manifest(world: tuple[Path, Scene], tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(world[0], folder)
    before = load_manifest(folder).files
    export_engines(folder, ["godot", "blender"])
    manifest = load_manifest(folder)
    assert manifest.files[: len(before)] == before
    listed = {file.path: file for file in manifest.files}
    assert set(hashes(folder)) == set(listed) | {"world.json"}
    assert check_world(folder) == []
    assert listed["engines/godot/layout.json"].role == "godot/layout"
    assert listed["engines/godot/scene.tscn"].role == "godot/scene"
    assert listed["engines/blender/CrateStorePond_collision.glb"].role == "blender/colliders"
    assert listed["engines/blender/splats/CrateStorePond_blender.ply"].role == "blender/splats"
    sizes = write_engines.package_bytes(manifest)
    assert set(sizes) == {"godot", "blender"}
    first = (folder / "world.json").read_bytes()
    export_engines(folder, ["blender"])
    assert {file.path for file in load_manifest(folder).files} == set(listed)
    assert check_world(folder) == []
    (folder / "engines" / "blender" / "mine.blend").write_bytes(b"my work")
    export_engines(folder, ["blender", "godot"])
    assert (folder / "engines" / "blender" / "mine.blend").read_bytes() == b"my work"
    assert first == (folder / "world.json").read_bytes() or set(listed) == set(
        file.path for file in load_manifest(folder).files
    )


def test_a_failed_export_leaves_the_old_package(
    world: tuple[Path, Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "world"
    shutil.copytree(world[0], folder)
    export_engines(folder, ["blender"])
    before = hashes(folder)

    def fail(package: object, building: Path) -> None:
        (building / "half.glb").write_bytes(b"half")
        raise ExportError("The disk is full.")

    monkeypatch.setattr(write_engines, "load_engine_writer", lambda engine: fail)
    with pytest.raises(ExportError):
        export_engines(folder, ["blender"])
    assert hashes(folder) == before


def test_unknown_engine_is_told_before_the_work(world: tuple[Path, Scene]) -> None:
    with pytest.raises(UnsupportedFormatError, match="no engine 'cryengine'"):
        export_engines(world[0], ["cryengine"])


def test_every_engine_of_the_table_loads() -> None:
    assert set(EXPECTED) <= set(ENGINES)
    for engine in ENGINES:
        assert callable(load_engine_writer(engine))


def test_a_world_without_mesh_or_with_a_cut_one_is_refused(world: tuple[Path, Scene], tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(world[0], folder)
    manifest = load_manifest(folder)
    scene = (folder / "scene.glb").read_bytes()
    (folder / "scene.glb").write_bytes(scene[: len(scene) // 2])
    with pytest.raises(InvalidInputError, match="cut off"):
        load_world_package(folder, manifest)
    (folder / "scene.glb").unlink()
    with pytest.raises(InvalidInputError, match="missing"):
        load_world_package(folder, manifest)
    without = manifest.model_copy(update={"files": tuple(file for file in manifest.files if file.role != "scene")})
    with pytest.raises(InvalidInputError, match=r"no scene\.glb"):
        load_world_package(folder, without)


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("a log cabin by a mountain lake", "LogCabinMountain"),
        ("", "World"),
        ("7 towers", "World7Towers"),
        ("Château près d'un étang", "ChTeauPr"),
        ("../../etc/passwd", "EtcPasswd"),
        ("x" * 400, "World"),
    ],
)
def test_titles_are_plain(prompt: str, title: str) -> None:
    assert title_of(prompt) == title
