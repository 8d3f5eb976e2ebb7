"""The import matrix: other projects' loaders read the packages of several worlds and must agree with each other.

Takes minutes and needs Node.js with npm; Blender is run where ``WORLDGEN_BLENDER_PYTHON`` names a Python with ``bpy``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.exporters.node_tools import assert_valid
from worldgen.pipelines.export_world import export_engines
from worldgen.pipelines.generate import generate
from worldgen.pipelines.world import World

HERE = Path(__file__).parent
NODE = HERE.parent / "node"
READERS = ("three", "babylon", "gltf-transform")
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
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    package = (NODE / "readers" / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "worldgen-tests"
    folder = cache / f"readers-{hashlib.sha256(package).hexdigest()[:12]}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(package)
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot install the readers: {done.stderr[-300:]}")
        (folder / "done").touch()
    return folder


@pytest.fixture(scope="module", params=list(PROMPTS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp(request.param)
    engines = ["blender", "unity", "unreal", "godot"]
    if request.param == "panorama":
        first = generate(PROMPTS["chapel"], output=folder / "first", quality="draft", seed=3)
        made = generate(output=folder / "world", panorama=first.path / "panorama.png", quality="draft")
        return export_engines(made.path, engines)
    kit = None
    if request.param == "kit":
        trimesh.creation.cone(radius=2.0, height=8.0).export(folder / "pine.glb")
        kit = folder / "kit.yaml"
        kit.write_text("assets: {conifer: {file: pine.glb, up: z, scale: height}}\n", encoding="utf-8")
    return generate(PROMPTS[request.param], output=folder / "world", quality="draft", seed=3, kit=kit, engines=engines)


def read_by(reader: str, path: Path, tools: Path) -> dict:
    command = ["node", str(NODE / "read_gltf.mjs"), str(tools), reader, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def read_by_trimesh(path: Path) -> dict:
    scene = trimesh.load(path, process=False)
    nodes = [scene.graph[node][1] for node in scene.graph.nodes_geometry]
    triangles = sum(len(scene.geometry[geometry].faces) for geometry in nodes)
    return {"meshes": len(nodes), "triangles": triangles, "low": list(scene.bounds[0]), "high": list(scene.bounds[1])}


def test_loaders_agree(world: World, readers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = json.loads((world.path / "engines" / "blender" / "layout.json").read_text())
    path = world.path / "engines" / "blender" / layout["files"]["land"]
    results = {"trimesh": read_by_trimesh(path)} | {name: read_by(name, path, readers) for name in READERS}
    with capsys.disabled():
        for name, result in results.items():
            print(f"\n{layout['world']:<20} {name:<15} {result['meshes']:>7} {result['triangles']:>9.0f}", end="")  # noqa: T201
    first = results["trimesh"]
    for result in results.values():
        assert (result["meshes"], result["triangles"]) == (first["meshes"], first["triangles"])
        np.testing.assert_allclose(result["low"], first["low"], atol=0.01)
        np.testing.assert_allclose(result["high"], first["high"], atol=0.01)


def test_the_validator_is_content(world: World) -> None:
    files = [path for suffix in ("*.glb", "*.gltf") for path in (world.path / "engines").rglob(suffix)]
    assert_valid(*sorted(files))


def test_blender_runs_its_script(world: World, tmp_path: Path) -> None:
    python = os.environ.get("WORLDGEN_BLENDER_PYTHON")
    if not python:
        pytest.skip("WORLDGEN_BLENDER_PYTHON names no Python with bpy")
    package = world.path / "engines" / "blender"
    layout = json.loads((package / "layout.json").read_text())
    script = tmp_path / "run.py"
    script.write_text(
        "import bpy, json, runpy, sys\n"
        "bpy.ops.wm.read_factory_settings(use_empty=True)\n"
        "runpy.run_path(sys.argv[1], run_name='__main__')\n"
        "bpy.context.view_layer.update()\n"
        "names = [item.name for item in bpy.data.collections['Colliders'].objects] if "
        "'Colliders' in bpy.data.collections else []\n"
        "meshes = [item for item in bpy.data.objects if item.type == 'MESH']\n"
        "places = {item.name: list(item.matrix_world.translation) for item in meshes}\n"
        "units = bpy.context.scene.unit_settings\n"
        "camera = list(bpy.context.scene.camera.matrix_world.translation)\n"
        "json.dump({'colliders': names, 'places': places, 'camera': camera, "
        "'units': [units.system, units.scale_length]}, open(sys.argv[2], 'w'))\n",
        encoding="utf-8",
    )
    result = tmp_path / "result.json"
    command = [python, str(script), str(package / "import_world.py"), str(result)]
    subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    found = json.loads(result.read_text())
    assert found["units"] == ["METRIC", 1.0]
    np.testing.assert_allclose(found["camera"], layout["spawn"]["engine_eye"], atol=1e-5)
    assert sorted(found["colliders"]) == sorted(row["name"] for row in layout["colliders"])
    for row in layout["instances"]:
        np.testing.assert_allclose(found["places"][row["name"]], row["engine_position"], atol=1e-3)
