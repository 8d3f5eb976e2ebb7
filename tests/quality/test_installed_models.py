"""What is installed and what is missing, told with the command that would add it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from worldgen.backend_table import BUILT_IN_BACKENDS, BackendEntry
from worldgen.cli import run
from worldgen.pipelines import generate as front_door
from worldgen.pipelines.world import World
from worldgen.quality import doctor
from worldgen.quality.installed_models import backend_status, cached_models, hub_cache
from worldgen.registry import find_backend
from worldgen.settings import TIERS

SOURCE = """
import numpy as np
from worldgen.backends.depth import DepthEstimate
from worldgen.registry import BackendEntry

ENTRY = BackendEntry(
    id="shell", slot="depth", description="everything is {distance} m away", target="worldgen_shell:Shell"
)


class Shell:
    def __call__(self, request, context):
        size = request.rgb.shape[:2]
        return DepthEstimate(
            euclidean_depth=np.full(size, {distance}, dtype=np.float32),
            confidence=np.ones(size, dtype=np.float32),
            is_metric=True,
            provenance="estimated",
        )
"""
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "worldgen-shell"
version = "1.0"
[project.entry-points."worldgen.backends.depth"]
shell = "worldgen_shell:ENTRY"
gone = "worldgen_shell:GONE"
[tool.setuptools]
py-modules = ["worldgen_shell"]
"""


def put(cache: Path, name: str, files: dict[str, object]) -> None:
    snapshot = cache / f"models--{name.replace('/', '--')}" / "snapshots" / ("a" * 40)
    for path, content in files.items():
        target = snapshot / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub"
    depth = {"architectures": ["DepthAnythingForDepthEstimation"]}
    put(folder, "a/depth", {"config.json": depth, "model.safetensors": b"x" * 10})
    put(folder, "a/pickled", {"config.json": depth, "pytorch_model.bin": b"x" * 9, "unet/a.safetensors": b"x"})
    sdxl = {"_class_name": "StableDiffusionXLPipeline"}
    put(folder, "b/sdxl", {"model_index.json": sdxl, "unet/m.safetensors": b"xx"})
    put(folder, "b/fill", {"model_index.json": {"_class_name": "FluxFillPipeline"}, "vae/m.safetensors": b"xxx"})
    put(folder, "c/net", {"config.json": {"_class_name": "ControlNetModel"}, "m.safetensors": b"x"})
    put(folder, "d/broken", {"config.json": b"{", "model.safetensors": b"x"})
    put(folder, "d/odd", {"config.json": [1], "model.safetensors": b"x"})
    put(folder, "d/empty", {"config.json": depth})
    (folder / "models--e--nothing").mkdir()
    monkeypatch.setenv("HF_HUB_CACHE", str(folder))
    return folder


def test_models_in_the_cache_are_told_apart(cache: Path) -> None:
    assert hub_cache() == cache
    found = {model.name: (model.kind, model.num_bytes, model.is_safe) for model in cached_models()}
    assert found == {
        "a/depth": ("depth network", 10, True),
        "a/pickled": ("depth network", 1, False),
        "b/sdxl": ("diffusion pipeline", 2, True),
        "b/fill": ("inpainting pipeline", 3, True),
        "c/net": ("ControlNet", 1, True),
        "d/odd": ("other model", 1, True),
    }
    assert cached_models(cache / "missing") == ()


@pytest.mark.usefixtures("cache")
def test_the_missing_is_told_with_what_adds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backends", "--json"]) == 0
    rows = {(row["slot"], row["id"]): row for row in json.loads(capsys.readouterr().out)["backends"]}
    assert len(rows) >= len(BUILT_IN_BACKENDS)
    assert rows["depth", "geometric"]["state"] == "ready"
    assert rows["depth", "transformers"]["state"] == "needs weights"
    assert rows["depth", "transformers"]["remedies"][0] == "--depth-backend transformers --depth-model a/depth"
    shown = "\n".join(rows["inpaint", "diffusers-inpaint"]["remedies"])
    assert "--inpaint-backend diffusers-inpaint --inpaint-model b/fill" in shown
    assert "FOLDER" in shown
    assert run(["backends"]) == 0
    assert "--panorama-backend diffusers-panorama --panorama-model b/sdxl" in capsys.readouterr().out
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "diffusers" else object())
    status = backend_status(find_backend("panorama", "diffusers-depth"))
    assert status.state == "needs libraries"
    assert status.remedies == ('missing diffusers: pip install "worldgen[neural]" -c constraints.txt',)
    own = BackendEntry(id="x", slot="depth", description="", target="a:b", modules=("diffusers",), needs="the disc")
    assert backend_status(own).remedies == ("missing diffusers: the disc",)


def test_every_option_of_the_table_exists() -> None:
    from worldgen.cli.generate import generate

    options = {name for parameter in generate.params for name in parameter.opts}
    for entry in BUILT_IN_BACKENDS:
        assert entry.option is None or (entry.option in options and f"--{entry.slot}-backend" in options)


@pytest.mark.usefixtures("cache")
def test_the_doctor_looks_at_libraries_and_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = {finding.subject: finding for finding in doctor.examine()}
    assert findings["neural"].state == "ok"
    assert "diffusers" in findings["neural"].message
    assert "a/depth" in findings["weights"].message
    assert "a/pickled" not in findings["weights"].message
    monkeypatch.setattr(doctor, "cached_models", lambda: ())
    assert [finding.state for finding in doctor._weights()] == ["note"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (finding,) = doctor._neural()
    assert (finding.state, "worldgen[neural]" in (finding.hint or "")) == ("note", True)


def test_an_installed_distribution_adds_a_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "worldgen_shell.py").write_text(SOURCE.format(distance=2.5), encoding="utf-8")
    (source / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, capture_output=True, env=dict(os.environ))
    monkeypatch.syspath_prepend(str(target))
    monkeypatch.chdir(tmp_path)
    assert run(["backends", "--json"]) == 0
    captured = capsys.readouterr()
    rows = {row["id"]: row for row in json.loads(captured.out)["backends"] if row["slot"] == "depth"}
    assert rows["shell"]["description"] == "everything is 2.5 m away"
    assert "The plugin 'gone'" in captured.err
    Image.fromarray(np.full((32, 64, 3), 128, dtype=np.uint8)).save(tmp_path / "grey.png")
    tiny = replace(TIERS["draft"], panorama_height=32, splat_budget=1000)
    monkeypatch.setattr(front_door, "TIERS", {"draft": tiny})
    shown = ["generate", "--panorama", "grey.png", "--depth-backend", "shell", "--quality", "draft", "-o", "world"]
    assert run([*shown, "--quiet"]) == 0, capsys.readouterr().err
    world = World.load(tmp_path / "world")
    assert np.allclose(world.euclidean_depth, 2.5)
    layer = next(layer for layer in world.manifest.layers if layer.name == "euclidean_depth")
    assert (layer.backend, layer.provenance) == ("shell", "estimated")
