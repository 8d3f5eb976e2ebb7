"""The main job from the command line: complete, repeatable, and safe to stop at any moment."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from worldgen.cli import run
from worldgen.kernels import listed_kernels
from worldgen.manifest import load_manifest
from worldgen.pipelines.world import World
from worldgen.scene.labels import LABEL_INDEX
from worldgen.stages.write_world import LAYER_FILES, TIMINGS_NAME

PROMPT = "a cabin by a lake, pine forest, glimmerwort"
RECORDER = str(Path(__file__).parents[1] / "record_kernels.py")
ARGUMENTS = ["generate", PROMPT, "--quality", "draft", "--seed", "5"]

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "open3d":
            raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
sys.meta_path.insert(0, Blocked())
"""


def command(output: Path, *extra: str) -> list[str]:
    return [sys.executable, "-m", "worldgen", *ARGUMENTS, "-o", str(output), *extra]


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != TIMINGS_NAME
    }


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A draft world, made where open3d, libGL and libX11 cannot be loaded."""
    base = tmp_path_factory.mktemp("world")
    (base / "sitecustomize.py").write_text(BLOCKED, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(base)}
    result = subprocess.run(command(base / "world", "--json"), capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    blocked = subprocess.run([sys.executable, "-c", "import open3d"], capture_output=True, text=True, env=environment)
    assert "libGL.so.1" in blocked.stderr, "the block works"
    document = json.loads(result.stdout)
    assert document["path"] == str(base / "world")
    assert "glimmerwort" in result.stderr
    return base / "world"


def test_the_folder_is_complete_and_verified(world_folder: Path) -> None:
    expected = {*LAYER_FILES, "preview.jpg", "spec.yaml", "world.json", "timings.json"}
    assert names(world_folder) == expected
    assert run(["check", str(world_folder)]) == 0
    manifest = load_manifest(world_folder)
    assert {file.path for file in manifest.files} == expected - {"world.json", "timings.json"}
    text = (world_folder / "world.json").read_text(encoding="utf-8")
    assert str(world_folder) not in text
    assert re.search(rf"\b{re.escape(os.uname().nodename)}\b", text) is None


def test_the_manifest_tells_what_was_understood_and_ignored(world_folder: Path) -> None:
    manifest = load_manifest(world_folder)
    assert manifest.ignored == ("glimmerwort",)
    assert any("glimmerwort" in warning for warning in manifest.warnings)
    assert {"cabin", "lake", "conifer", "ground", "sky"} <= set(manifest.labels_in_view)
    assert {layer.provenance for layer in manifest.layers} == {"procedural"}
    assert manifest.spawn.position == (0.0, 0.0, 0.0)


def test_the_layers_agree_with_each_other(world_folder: Path) -> None:
    world = World.load(world_folder)
    height, width = world.euclidean_depth.shape
    assert (height, width) == (512, 1024)
    assert world.panorama.shape == world.radiance.shape == (height, width, 3)
    from PIL import Image

    with Image.open(world_folder / "labels.png") as image:
        labels = np.asarray(image)
    assert np.array_equal(labels == LABEL_INDEX["sky"], np.isinf(world.euclidean_depth))
    assert 0.1 < np.isinf(world.euclidean_depth).mean() < 0.7
    # Straight below the camera lies the spawn's ground, one eye height away.
    nadir = world.euclidean_depth[-1]
    assert abs(float(np.median(nadir)) - world.manifest.spawn.eye_height_m) < 0.1
    assert 1_000 < world.splats.num_gaussians <= 150_000
    assert world.points.num_points > 50_000
    exposed = world.panorama.astype(float).mean()
    assert 50.0 < exposed < 205.0, "neither black nor blown out"


def test_one_and_two_threads_give_the_same_bytes(world_folder: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    one_core = {min(os.sched_getaffinity(0))}
    called = tmp_path / "called.json"
    result = subprocess.run(
        [sys.executable, RECORDER, "--run", str(called), *ARGUMENTS, "-o", str(tmp_path / "world")],
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, one_core),
    )
    assert result.returncode == 0, result.stderr
    assert hashes(tmp_path / "world") == hashes(world_folder)
    assert run(["diff", str(world_folder), str(tmp_path / "world")]) == 0
    document = json.loads(called.read_text(encoding="utf-8"))
    assert document["num_compiled"] == 0, "the first run compiled all that the second one needs"
    listed = listed_kernels()["prompt"]
    for module, kernels in document["called"].items():
        for name, calls in kernels.items():
            unlisted = [call for call in calls if call not in listed.get(module, {}).get(name, [])]
            assert not unlisted, f"{module}.{name}: run python tests/record_kernels.py"


def test_kill_at_any_moment_then_rerun_gives_the_same_bytes(world_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "world"
    for delay in (0.8, 3.0, 6.0):
        process = subprocess.Popen(command(target), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
        assert not target.exists() or run(["check", str(target)]) == 0
    result = subprocess.run(command(target), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert hashes(target) == hashes(world_folder)
    assert names(tmp_path) == {"world"}


def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path / "world"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job, which this test may be part of, hands down an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(4.0)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert "Cancelled" in stderr
    assert names(tmp_path) == set()


def test_a_full_disk_is_one_clear_error_and_keeps_the_old_world(tmp_path: Path) -> None:
    import resource

    old = tmp_path / "world"
    old.mkdir()
    (old / "world.json").write_text("{}", encoding="utf-8")
    result = subprocess.run(
        command(old, "--json"),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
    )
    assert result.returncode == 6, result.stderr
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "ExportError"
    assert error["hint"]
    assert "Traceback" not in result.stderr
    assert names(tmp_path) == {"world"}
    assert (old / "world.json").read_text(encoding="utf-8") == "{}"


def test_changed_and_missing_files_are_found(
    world_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(world_folder, copy)
    data = bytearray((copy / "splats.ply").read_bytes())
    data[-1] ^= 1
    (copy / "splats.ply").write_bytes(data)
    (copy / "sky.hdr").unlink()
    assert run(["check", str(copy), "--json"]) == 1
    problems = {row["path"]: row["message"] for row in json.loads(capsys.readouterr().out)["problems"]}
    assert problems == {"splats.ply": "its content was changed", "sky.hdr": "the file is missing"}


def test_diff_measures_geometry_and_pixels(
    world_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    from PIL import Image

    copy = tmp_path / "copy"
    shutil.copytree(world_folder, copy)
    with Image.open(copy / "panorama.png") as image:
        pixels = np.asarray(image.convert("RGB")).copy()
    pixels[100, 100] ^= 255
    Image.fromarray(pixels).save(copy / "panorama.png")
    arguments = ["diff", str(world_folder), str(copy), "--json"]
    assert run(arguments) == 1
    rows = {row["subject"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert [name for name, row in rows.items() if row["drifted"]] == ["panorama.png"]
    assert 0.0 < rows["panorama.png"]["value"] < 0.01
    assert run([*arguments, "--pixel-tolerance", "0.5"]) == 0


@pytest.mark.parametrize("layer", ["splats"])
def test_render_draws_what_the_panorama_shows(world_folder: Path, tmp_path: Path, layer: str) -> None:
    from PIL import Image

    output = tmp_path / "picture.png"
    arguments = ["render", str(world_folder), "-o", str(output), "--panorama", "--size", "512x256", "--layer", layer]
    assert run(arguments) == 0
    with Image.open(output) as image, Image.open(world_folder / "panorama.png") as truth:
        assert image.size == (512, 256)
        drawn = np.asarray(image.convert("RGB"), dtype=float)
        expected = np.asarray(truth.convert("RGB").resize((512, 256), Image.Resampling.BOX), dtype=float)
    error = ((drawn - expected) ** 2).mean()
    assert 10.0 * np.log10(255.0**2 / error) > 18.0


def test_info_reads_every_layer(world_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(world_folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prompt"] == PROMPT
    for name in ("splats.ply", "splats.spz", "points.ply", "depth.exr", "radiance.exr", "sky.hdr"):
        assert run(["info", str(world_folder / name), "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["num_bytes"] == (world_folder / name).stat().st_size


def test_the_saved_spec_rebuilds_the_same_world(world_folder: Path, tmp_path: Path) -> None:
    arguments = ["generate", "--spec", str(world_folder / "spec.yaml"), "--quality", "draft", "--seed", "5"]
    assert run([*arguments, "--quiet", "-o", str(tmp_path / "world")]) == 0
    one, two = hashes(world_folder), hashes(tmp_path / "world")
    assert [name for name in one if one[name] != two.get(name)] == ["world.json"], "only the source differs"
