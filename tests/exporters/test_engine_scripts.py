"""The import scripts: C# compiles against Unity's API, Unreal's runs against a stand-in, Godot's parse."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.exporters.engine_world import WALK_RANGE, make_world, package_of
from tests.exporters.fake_unreal import Actor, StaticMesh, make_module
from worldgen.color import srgb_from_linear
from worldgen.exporters.engine_files import script_text
from worldgen.exporters.engine_godot import write_godot_package
from worldgen.exporters.engine_unreal import write_unreal_package
from worldgen.randomness import rng
from worldgen.rendering.tone_mapping import tone_map

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("scripts") / "world"
    return folder, make_world(folder)


def test_unity_script_compiles(tmp_path: Path) -> None:
    compiler = shutil.which("mcs")
    if compiler is None:
        pytest.skip("no C# compiler is installed (Debian: mono-mcs)")
    script = tmp_path / "ImportWorldgenWorld.cs"
    script.write_text(script_text("ImportWorldgenWorld.cs"), encoding="utf-8")
    command = [compiler, "-target:library", "-warnaserror", "-nowarn:0649", f"-out:{tmp_path / 'a.dll'}", str(script)]
    done = subprocess.run([*command, str(HERE / "unity_stubs.cs")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_unity_script_reads_what_the_layout_holds(world) -> None:
    """Every serialised field has a key of its name in the layout: Unity ignores others in silence."""
    from worldgen.exporters.engine_axes import UNITY
    from worldgen.exporters.engine_layout import PackageFiles, layout_document

    document = layout_document(package_of(*world), UNITY, "unity", PackageFiles(land="a", props="b"))
    document["colliders"][0].setdefault("engine_scale", 1.0)
    keys = set(re.findall(r'"(\w+)":', json.dumps(document)))
    keys |= {"samples", "heightmap", "terrain_size", "terrain_position", "layers", "channels"}
    text = script_text("ImportWorldgenWorld.cs").split("public static class")[0]
    fields = re.findall(r"public [\w\[\]]+ (\w+);", text)
    assert len(fields) > 40
    assert set(fields) - keys == set()
    assert "null" not in json.dumps(document["assets"] + document["instances"])


def run_in_unreal(package: Path):
    """The stand-in after a package's script has run in it."""
    module = make_module()
    sys.modules["unreal"] = module
    try:
        runpy.run_path(str(package / "import_scene.py"), run_name="__main__")
    finally:
        del sys.modules["unreal"]
    return module


@pytest.fixture(scope="module")
def unreal_run(world, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("unreal")
    write_unreal_package(package_of(*world), folder)
    module = run_in_unreal(folder)
    return json.loads((folder / "layout.json").read_text()), module, folder


def test_unreal_script_places_everything(unreal_run) -> None:
    layout, unreal, _ = unreal_run
    placed: dict[str, list] = {}
    for actor in unreal.actors:
        if isinstance(actor.thing, StaticMesh):
            placed.setdefault(actor.thing.name, []).append(actor.transform)
        elif actor.thing is Actor:
            placed[actor.component.properties["mesh"].name] = actor.component.properties["instances"]
    wanted: dict[str, list[dict]] = {}
    for row in layout["instances"]:
        wanted.setdefault(row["asset"], []).append(row)
    assert {name: len(rows) for name, rows in wanted.items()} == {name: len(rows) for name, rows in placed.items()}
    for name, rows in wanted.items():
        for row, transform in zip(rows, placed[name], strict=True):
            where = transform.location
            assert [where.x, where.y, where.z] == row["engine_position"]
            assert list(transform.rotation.quat) == row["engine_rotation_xyzw"]
            assert transform.scale.x == row["engine_scale"]
    assert unreal.warnings == [f"worldgen: {layout['world']} is in the level"]
    assert all(Path(path).is_file() for path in unreal.imported)


def test_unreal_script_marks_places(unreal_run) -> None:
    layout, unreal, _ = unreal_run
    actors = {actor.label: actor for actor in unreal.actors if getattr(actor.thing, "__name__", "") == "TargetPoint"}
    rows = layout["spawn_points"] + layout["points_of_interest"]
    assert set(actors) == {row["name"] for row in rows} == {"spawn_0", "store/0"}
    for row in rows:
        where = actors[row["name"]].location
        assert [where.x, where.y, where.z] == row["engine_position"]
        x, _, z = row["position"]
        np.testing.assert_allclose(row["engine_position"][:2], [100.0 * x, 100.0 * z])
    # Whoever stands at the approach and looks along +X, Unreal's forward, looks at the store.
    (store,) = layout["points_of_interest"]
    x, y, z, w = store["engine_rotation_xyzw"]
    looking = trimesh.transformations.quaternion_matrix([w, x, y, z])[:3, 0]
    assert looking[2] == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(looking[:2], [-np.sin(-2.8), -np.cos(-2.8)], atol=1e-6)


def test_unreal_script_places_the_water(unreal_run) -> None:
    layout, unreal, _ = unreal_run
    (pond,) = (row for row in layout["colliders"] if row["kind"] == "trigger")
    (actor,) = (actor for actor in unreal.actors if getattr(actor.thing, "__name__", "") == "TriggerBox")
    where, extent = actor.location, actor.component.properties["extent"]
    np.testing.assert_allclose([where.x, where.y, where.z], pond["engine_center"])
    np.testing.assert_allclose([extent.x, extent.y, extent.z], 0.5 * np.array(pond["engine_size"]))


def test_unreal_script_blocks_the_end_of_the_range(unreal_run) -> None:
    """Brushes of 2 m, turned and scaled: their inner faces are the sides of the range."""
    layout, unreal, _ = unreal_run
    actors = [actor for actor in unreal.actors if getattr(actor.thing, "__name__", "") == "BlockingVolume"]
    corners = np.column_stack([WALK_RANGE.corners, np.zeros(5)]) * 100.0  # Unreal: x, z, y in centimetres
    assert [actor.label for actor in actors] == [f"COL_range_{number:02d}" for number in range(5)]
    for actor, start, end in zip(actors, corners, np.roll(corners, -1, axis=0), strict=True):
        x, y, z, w = actor.rotation.quat
        turn = trimesh.transformations.quaternion_matrix([w, x, y, z])[:3, :3]
        half = 100.0 * np.array([actor.scale3d.x, actor.scale3d.y, actor.scale3d.z])
        where = np.array([actor.location.x, actor.location.y, actor.location.z])
        for point in (start, 0.5 * (start + end), end):
            inside = turn.T @ (point - where)
            assert np.abs(inside[[0, 2]]).max() <= half[[0, 2]].max() + 1e-2
            assert abs(inside[1]) == pytest.approx(half[1], abs=1e-2)  # on a long face
    assert layout["walk_range"]["radii_m"] == WALK_RANGE.radii_m.tolist()


def test_unreal_walks_on_solids_where_sheets_are_looked_at(unreal_run, tmp_path: Path) -> None:
    """In a world made from a picture the sheets collide with nothing; ground and things do, and are not seen."""
    layout, _, folder = unreal_run
    for file in ("import_scene.py", layout["files"]["land"], layout["files"]["props"], layout["files"]["colliders"]):
        shutil.copy(folder / file, tmp_path / file)
    changed = layout | {"files": layout["files"] | {"sky": ""}}
    changed["assets"] = [
        asset | ({"label": "surface"} if asset["label"] == "ground" else {}) for asset in layout["assets"]
    ]
    (tmp_path / "layout.json").write_text(json.dumps(changed))
    unreal = run_in_unreal(tmp_path)
    meshes = [actor for actor in unreal.actors if isinstance(actor.thing, StaticMesh)]
    sheets = {asset["name"] for asset in changed["assets"] if asset["label"] == "surface"}
    assert {actor.thing.name for actor in meshes if not actor.collides} == sheets
    hidden = [actor for actor in meshes if actor.is_hidden]
    assert [actor.label for actor in hidden] == ["COL_ground_grass", "COL_ground_sand"]
    for actor in hidden:
        assert actor.thing.properties["body_setup"].properties["collision_trace_flag"] == "complex"


def test_unreal_script_lights_the_level(unreal_run) -> None:
    layout, unreal, _ = unreal_run
    kinds = [actor.thing.__name__ for actor in unreal.actors if isinstance(actor.thing, type)]
    for kind in ("DirectionalLight", "SkyLight", "ExponentialHeightFog", "PlayerStart", "NavMeshBoundsVolume"):
        assert kinds.count(kind) == 1
    sun = next(actor for actor in unreal.actors if getattr(actor.thing, "__name__", "") == "DirectionalLight")
    key = layout["light"]["key_light"]
    assert sun.component.properties["intensity"] == key["illuminance_lux"] > 50_000
    assert list(sun.rotation.quat) == key["engine_rotation_xyzw"]
    volume = next(actor for actor in unreal.actors if getattr(actor.thing, "__name__", "") == "PostProcessVolume")
    settings = volume.properties["settings"].properties
    assert settings["auto_exposure_min_brightness"] == settings["auto_exposure_max_brightness"]
    sky = next(actor for actor in unreal.actors if getattr(actor.thing, "__name__", "") == "SkyLight")
    assert sky.component.properties["cubemap"].name.startswith("HDRI_")


def test_unreal_names_follow_the_collision_rule(unreal_run) -> None:
    """UCX_<mesh>_NN beside a node <mesh>, both roots."""
    layout, _, folder = unreal_run
    data = (folder / layout["files"]["props"]).read_bytes()
    document = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    assert sorted(document["scenes"][0]["nodes"]) == list(range(len(document["nodes"])))
    names = [node["name"] for node in document["nodes"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    hulls = [re.fullmatch(r"UCX_(.+)_(\d\d)", name) for name in names if name.startswith("UCX_")]
    assert hulls
    assert all(match and match.group(1) in names for match in hulls)


def test_web_viewer_has_the_worlds_tone_curve() -> None:
    """The viewer's formula with its own numbers, in numpy, against the curve that made the panorama."""
    told = re.search(r"const CURVE = \{([^}]*)\}", script_text("viewer.js")).group(1)
    curve = {key: float(value) for key, value in re.findall(r"(\w+): ([\d.]+)", told)}
    radiance = rng(7, "test/curve").lognormal(-1.0, 1.5, (500, 3)).astype(np.float32)
    weights = np.array([0.2126, 0.7152, 0.0722])
    grey, white = curve["grey"] ** curve["contrast"], curve["white"] ** curve["contrast"]
    half = grey * (white - curve["grey"] * white) / (curve["grey"] * white - grey)
    color = 0.7 * radiance
    color = (color + ((color @ weights)[:, None] - color) * curve["inset"]) ** curve["contrast"]
    color = color / (color + half) * (white + half) / white
    middle, top = (color @ weights)[:, None], color.max(axis=1, keepdims=True)
    vivid = (top - color.min(axis=1, keepdims=True)) / top
    gain = (1.0 + curve["vibrance"] * (1.0 - vivid) * (1.0 - middle)) / (1.0 - curve["outset"])
    shown = srgb_from_linear(np.clip(middle + (color - middle) * gain, 0.0, 1.0).astype(np.float32))
    np.testing.assert_allclose(shown, tone_map(radiance, 0.7), atol=2e-3)


def test_blender_script_compiles() -> None:
    compile(script_text("import_world_blender.py.txt"), "import_world.py", "exec")


def test_godot_scene_resolves(world, tmp_path: Path) -> None:
    """Every resource of the scene file is there, every reference is declared, and the hints name the right importer."""
    write_godot_package(package_of(*world), tmp_path)
    text = (tmp_path / "scene.tscn").read_text()
    layout = json.loads((tmp_path / "layout.json").read_text())
    declared = dict(re.findall(r'\[ext_resource type="\w+" path="res://\w+/([^"]+)" id="(\w+)"\]', text))
    assert all((tmp_path / file).is_file() for file in declared)
    assert set(re.findall(r'ExtResource\("(\w+)"\)', text)) == set(declared.values())
    made = re.findall(r'\[sub_resource type="\w+" id="(\w+)"\]', text)
    assert set(re.findall(r'SubResource\("(\w+)"\)', text)) == set(made)
    assert int(re.search(r"load_steps=(\d+)", text).group(1)) == len(declared) + len(made) + 1
    for row in layout["spawn_points"] + layout["points_of_interest"]:
        marker = re.search(
            rf'name="{row["name"].replace("/", "_")}" type="Marker3D".*?\ntransform = Transform3D\(([^)]*)\)', text
        )
        place = [float(value) for value in marker.group(1).split(",")][9:]
        np.testing.assert_allclose(place, row["engine_position"], atol=1e-5)
    sun = re.search(r'name="KeyLight".*?\ntransform = Transform3D\(([^)]*)\)', text).group(1)
    matrix = np.array([float(value) for value in sun.split(",")])
    shine = matrix[:9].reshape(3, 3) @ [0.0, 0.0, -1.0]
    np.testing.assert_allclose(shine, -np.array(layout["light"]["key_light"]["direction"]), atol=1e-5)
    for file in (layout["files"]["land"], layout["files"]["colliders"], layout["files"]["navmesh"]):
        assert 'importer="scene"' in (tmp_path / f"{file}.import").read_text()


def test_godot_node_names_make_bodies(world, tmp_path: Path) -> None:
    write_godot_package(package_of(*world), tmp_path)
    layout = json.loads((tmp_path / "layout.json").read_text())
    for file, endings in (("colliders", ("-colonly", "-convcolonly")), ("navmesh", ("-navmesh",)), ("land", ("",))):
        data = (tmp_path / layout["files"][file]).read_bytes()
        document = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
        assert all(node["name"].endswith(endings) for node in document["nodes"])
        assert not document.get("extensionsRequired")
        if file == "land":
            assert not any("-" in node["name"] for node in document["nodes"])


def test_godot_script_parses() -> None:
    parser = pytest.importorskip("gdtoolkit.parser")
    for name in ("import_world.gd", "import_materials.gd"):
        parser.parser.parse(script_text(name))
