"""The import matrix: other projects' loaders read the packages of several worlds and must agree with each other.

Takes minutes and needs Node.js with npm; Blender is run where ``WORLDGEN_BLENDER_PYTHON`` names a Python with ``bpy``,
and leaves pictures and the table in the folder that ``WORLDGEN_MATRIX_PICTURES`` names.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.benchmarks.browser_pictures import compare, load_picture, look, panorama_picture, splat_picture
from tests.exporters.node_tools import assert_valid, node_folder, splat_transform
from tests.navigation.test_walking import walk_paths
from worldgen.exporters.glb_reader import open_glb
from worldgen.navigation.solids import Solids
from worldgen.pipelines.export_world import export_engines
from worldgen.pipelines.generate import generate
from worldgen.pipelines.world import World

HERE = Path(__file__).parent
NODE = HERE.parent / "node"
READERS = ("three", "babylon", "gltf-transform")
ENGINES = ("blender", "unity", "unreal", "godot", "isaac", "web")
PROMPTS = {
    "chapel": "a small chapel and a well in a meadow, birch trees",
    "desert": "a pyramid in a desert, palms by an oasis",
    "castle": "a ruined castle on a cliff above a stormy sea",
    "cabin": "a log cabin by a lake, pine forest",
    "kit": "a cabin in a pine forest",
    "panorama": "",
}

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def readers() -> Path:
    return node_folder("readers")


@pytest.fixture(scope="module", params=list(PROMPTS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "panorama":
        first = generate(PROMPTS["chapel"], output=folder / "first", quality="draft", seed=3)
        made = generate(output=folder / "world", panorama=first.path / "panorama.png", quality="draft")
        return export_engines(made.path, ENGINES)
    kit = None
    if request.param == "kit":
        trimesh.creation.cone(radius=2.0, height=8.0).export(folder / "pine.glb")
        kit = folder / "kit.yaml"
        kit.write_text("assets: {conifer: {file: pine.glb, up: z, scale: height}}\n", encoding="utf-8")
    return generate(PROMPTS[request.param], output=folder / "world", quality="draft", seed=3, kit=kit, engines=ENGINES)


def read_by(reader: str, path: Path, tools: Path) -> dict:
    command = ["node", str(NODE / "read_gltf.mjs"), str(tools), reader, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def read_by_trimesh(path: Path) -> dict:
    scene = trimesh.load(path, process=False)
    nodes = [scene.graph[node][1] for node in scene.graph.nodes_geometry]
    triangles = sum(len(scene.geometry[geometry].faces) for geometry in nodes)
    return {"meshes": len(nodes), "triangles": triangles, "low": list(scene.bounds[0]), "high": list(scene.bounds[1])}


def read_by_open3d(path: Path) -> dict:
    open3d = pytest.importorskip("open3d", exc_type=ImportError)
    model = open3d.io.read_triangle_model(str(path))
    points = [np.asarray(part.mesh.vertices) for part in model.meshes]
    return {
        "meshes": len(model.meshes),
        "triangles": sum(len(part.mesh.triangles) for part in model.meshes),
        "low": np.min([each.min(axis=0) for each in points], axis=0).tolist(),
        "high": np.max([each.max(axis=0) for each in points], axis=0).tolist(),
    }


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, dict[str, str]]]:
    """Cells by world and reader, printed as a table for the docs once all worlds are done."""
    rows: dict[str, dict[str, str]] = {}
    yield rows
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| world | {' | '.join(columns)} |", "|" + "---|" * (len(columns) + 1)]
    lines += [f"| {world} | {' | '.join(row.get(name, '') for name in columns)} |" for world, row in rows.items()]
    (Path(os.environ.get("WORLDGEN_MATRIX_PICTURES") or tempfile.gettempdir()) / "import_matrix.md").write_text(
        "\n".join(lines) + "\n", encoding="utf-8"
    )
    sys.__stdout__.write("\n" + "\n".join(lines) + "\n")


def package_of(world: World, engine: str) -> tuple[Path, dict]:
    folder = world.path / "engines" / engine
    return folder, json.loads((folder / "layout.json").read_text())


def row_of(table: dict[str, dict[str, str]], world: World) -> dict[str, str]:
    return table.setdefault(world.path.parent.name.rstrip("0123456789"), {})


def test_loaders_agree(world: World, readers: Path, table: dict[str, dict[str, str]]) -> None:
    folder, layout = package_of(world, "blender")
    path = folder / layout["files"]["land"]
    results = {"trimesh": read_by_trimesh(path)} | {name: read_by(name, path, readers) for name in READERS}
    first = results["trimesh"]
    row = row_of(table, world)
    row["meshes drawn"], row["triangles"] = f"{first['meshes']:.0f}", f"{first['triangles']:.0f}"
    for name, result in results.items():
        assert (result["meshes"], result["triangles"]) == (first["meshes"], first["triangles"]), name
        np.testing.assert_allclose(result["low"], first["low"], atol=0.01, err_msg=name)
        np.testing.assert_allclose(result["high"], first["high"], atol=0.01, err_msg=name)
        row[name] = "agrees"


def test_open3d_reads_every_mesh(world: World, table: dict[str, dict[str, str]]) -> None:
    """Open3D knows no nodes: it shows each mesh of the props once, where it was made."""
    folder, layout = package_of(world, "unreal")
    path = folder / (layout["files"]["props"] or layout["files"]["land"])
    scene = trimesh.load(path, process=False)
    found = read_by_open3d(path)
    assert found["triangles"] == sum(len(geometry.faces) for geometry in scene.geometry.values())
    row_of(table, world)["Open3D"] = f"{found['meshes']} parts agree"


def test_the_validator_is_content(world: World, table: dict[str, dict[str, str]]) -> None:
    files = [path for suffix in ("*.glb", "*.gltf") for path in (world.path / "engines").rglob(suffix)]
    assert_valid(*sorted(files), world.path / "scene.glb", world.path / "collision.glb")
    row_of(table, world)["Khronos validator"] = f"{len(files) + 2} files, 0 errors, 0 warnings"


def test_three_reads_the_web_package(world: World, readers: Path, table: dict[str, dict[str, str]]) -> None:
    folder, layout = package_of(world, "web")
    plain_folder, plain = package_of(world, "blender")
    found = read_by("three", folder / layout["files"]["land"], readers)
    first = read_by_trimesh(plain_folder / plain["files"]["land"])
    assert (found["meshes"], found["triangles"]) == (first["meshes"], first["triangles"])
    size = np.abs(first["high"]).max()
    np.testing.assert_allclose(found["low"], first["low"], atol=1e-4 * size)
    np.testing.assert_allclose(found["high"], first["high"], atol=1e-4 * size)
    megabytes = [
        path.stat().st_size / 1e6 for path in (folder / layout["files"]["land"], plain_folder / plain["files"]["land"])
    ]
    row_of(table, world)["web GLB in three.js"] = f"agrees ({megabytes[0]:.1f} of {megabytes[1]:.1f} MB)"


def test_usd_validates(world: World, table: dict[str, dict[str, str]]) -> None:
    pytest.importorskip("pxr")
    from pxr import Usd, UsdValidation

    folder, layout = package_of(world, "isaac")
    stage = Usd.Stage.Open(str(folder / layout["files"]["land"]))
    context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
    assert [error.GetMessage() for error in context.Validate(stage)] == []
    instances = [prim for prim in stage.Traverse() if prim.IsInstance()]
    assert len(instances) == len(layout["instances"])
    row_of(table, world)["UsdValidation"] = "0 messages"


def test_splat_transform_reads_the_splats(world: World, table: dict[str, dict[str, str]], tmp_path: Path) -> None:
    count = world.splats.num_gaussians
    for file in ("splats.ply", "splats.spz"):
        splat_transform(world.path / file, tmp_path / "a.ply")
        header = (tmp_path / "a.ply").read_bytes()[:4096].split(b"end_header")[0].decode()
        assert int(re.search(r"element vertex (\d+)", header).group(1)) == count
    row_of(table, world)["splat-transform"] = f"{count} splats"


def test_a_browser_draws_the_web_package(world: World, table: dict[str, dict[str, str]], tmp_path: Path) -> None:
    """The viewer's mesh and splats, and both splat files in Spark and Babylon.js, beside our own pictures."""
    folder, layout = package_of(world, "web")
    (spz,) = (splat["file"] for splat in layout["splats"] if splat["format"] == "spz")
    (sog,) = (splat["file"] for splat in layout["splats"] if splat["format"] == "sog")
    kept = Path(os.environ.get("WORLDGEN_MATRIX_PICTURES") or tmp_path)
    name = world.path.parent.name.rstrip("0123456789")
    pages = {
        "mesh": "/index.html#mesh",
        "splats": "/index.html#splats",
        "spark SOG": f"/pages/splats_spark.html?file=/{sog}&turn=x",
        "babylon SPZ": f"/pages/splats_babylon.html?file=/{spz}",
        "babylon SOG": f"/pages/splats_babylon.html?file=/{sog}&turn=x",
    }
    pictures = {title: kept / f"{name}_{title.replace(' ', '_')}.png" for title in pages}
    look(folder, [(page, pictures[title]) for title, page in pages.items()])
    traced, ours = panorama_picture(world), splat_picture(world)
    row = row_of(table, world)
    for title, picture in pictures.items():
        found = compare(load_picture(picture), traced if title == "mesh" else ours)
        row[f"{title} in Chromium"] = f"{found.psnr:.1f} dB (mirrored {found.mirrored:.1f})"
        assert max(map(abs, found.shift_px)) <= (2 if title == "mesh" else 0), f"{title}: {found}"
        assert found.psnr > found.mirrored + 3.0, f"{title}: {found}"
        assert found.psnr > {"mesh": 15.0, "splats": 34.0, "spark SOG": 32.0}.get(title, 24.0), f"{title}: {found}"
        assert found.color_error < (0.08 if title == "mesh" else 0.04), f"{title}: {found}"


def test_a_capsule_walks_a_hundred_paths(world: World, table: dict[str, dict[str, str]]) -> None:
    """On the colliders and the navmesh as they were exported."""
    folder, layout = package_of(world, "web")
    file = open_glb(folder / layout["files"]["colliders"])
    corners, is_ground = [], []
    for node, matrix in file.mesh_nodes():
        if node["extras"]["kind"] == "trigger":
            continue
        for primitive in file.item("meshes", node["mesh"])["primitives"]:
            points = file.array(primitive["attributes"]["POSITION"]) @ matrix[:3, :3].T + matrix[:3, 3]
            corners.append(points[file.raw_array(primitive["indices"]).reshape(-1, 3)])
            is_ground.append(np.full(len(corners[-1]), node["extras"]["kind"] == "ground"))
    solids = Solids(corners=np.concatenate(corners), is_ground=np.concatenate(is_ground))
    outcomes = walk_paths(world.navigation.navmesh, solids, 100, 3)
    assert [outcome for outcome in outcomes if outcome != "arrived"] == []
    row_of(table, world)["100 paths"] = f"{outcomes.count('arrived')} arrive"


def test_blender_runs_its_script(world: World, tmp_path: Path, table: dict[str, dict[str, str]]) -> None:
    python = os.environ.get("WORLDGEN_BLENDER_PYTHON")
    if not python:
        pytest.skip("WORLDGEN_BLENDER_PYTHON names no Python with bpy")
    package = world.path / "engines" / "blender"
    layout = json.loads((package / "layout.json").read_text())
    pictures = os.environ.get("WORLDGEN_MATRIX_PICTURES")
    name = world.path.parent.name.rstrip("0123456789")
    picture = str(Path(pictures) / f"{name}.png") if pictures else ""
    result = tmp_path / "result.json"
    command = [python, str(HERE / "blender_probe.py"), str(package / "import_world.py"), str(result), picture]
    subprocess.run(command, capture_output=True, text=True, timeout=1500, check=True)
    found = json.loads(result.read_text())
    assert found["units"] == ["METRIC", 1.0]
    np.testing.assert_allclose(found["camera"], layout["spawn"]["engine_eye"], atol=1e-5)
    assert sorted(found["colliders"]) == sorted(row["name"] for row in layout["colliders"])
    for row in layout["instances"]:
        np.testing.assert_allclose(found["places"][row["name"]], row["engine_position"], atol=1e-3)
    first = read_by_trimesh(package / layout["files"]["land"])
    low, high = np.array([first["low"], first["high"]])[:, [0, 2, 1]] * (1.0, -1.0, 1.0)
    np.testing.assert_allclose(found["low"], np.minimum(low, high), atol=0.02)
    np.testing.assert_allclose(found["high"], np.maximum(low, high), atol=0.02)
    # The ground lies at 0 under the spawn; the ray may meet a blade of grass first.
    assert -0.1 < found["ground"] < 0.6
    row_of(table, world)["Blender 5.0"] = f"{len(found['places'])} objects, {len(found['colliders'])} colliders agree"
