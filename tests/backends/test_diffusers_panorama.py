"""Panoramas painted by real text-to-image pipelines with random weights: they close, repeat, and become worlds."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import tiny_pipelines
from worldgen.backends import diffusion
from worldgen.backends.diffusers_panorama import DiffusersPanorama
from worldgen.backends.diffusion import find_painter, load_painter, paint, paint_height, panorama_prompt
from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import TextRequest
from worldgen.backends.running import offline_and_quiet
from worldgen.backends.seamless import closed_around, denoisers, turn
from worldgen.cli import run
from worldgen.errors import BackendUnavailableError, InvalidInputError, OutOfMemoryError, StageError
from worldgen.events import Event, RunContext, StageProgress
from worldgen.geometry.panorama_seam import seam_step
from worldgen.pipelines import generate as front_door
from worldgen.pipelines.world import World
from worldgen.quality.check import check_world
from worldgen.settings import TIERS

HEIGHT = 64
Folders = Callable[[str], str]


@pytest.fixture
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))


def request(prompt: str = "a lake") -> TextRequest:
    return TextRequest(prompt=prompt, height=HEIGHT)


def paint_with(folder: str, *, seed: int = 0, prompt: str = "a lake", **options: object) -> NDArray[np.float32]:
    chosen = DiffusionOptions(weights=folder, steps=2, **options)  # type: ignore[arg-type]
    return DiffusersPanorama(options=chosen)(request(prompt), RunContext(seed=seed)).picture


@pytest.mark.parametrize("name", ["sdxl", "sd", "flux"])
def test_real_pipelines_paint_panoramas(name: str, pipelines: Folders) -> None:
    events: list[Event] = []
    options = DiffusionOptions(weights=pipelines(name), steps=3, guidance=3.0)
    painted = DiffusersPanorama(options=options)(request(), RunContext(report=events.append))
    assert painted.picture.shape == (HEIGHT, 2 * HEIGHT, 3)
    assert painted.picture.std() > 0.02
    assert [event.fraction for event in events if isinstance(event, StageProgress)] == pytest.approx([1 / 3, 2 / 3, 1])
    (record,) = painted.models
    assert (record.name, record.role, record.licence) == (name, "model", "apache-2.0")
    around = np.abs(np.diff(painted.picture, axis=1)).mean(axis=(1, 2))
    assert around[0] < 0.1 * around[HEIGHT // 2]


def test_seeds_and_prompts_decide(pipelines: Folders) -> None:
    first = paint_with(pipelines("sdxl"), seed=5)
    assert np.array_equal(first, paint_with(pipelines("sdxl"), seed=5))
    assert not np.array_equal(first, paint_with(pipelines("sdxl"), seed=6))
    assert not np.array_equal(first, paint_with(pipelines("sdxl"), seed=5, prompt="zzz 9"))
    assert not np.array_equal(first, paint_with(pipelines("sdxl"), seed=5, negative_prompt="fog", guidance=7.0))


@pytest.mark.parametrize("name", ["sdxl", "sd"])
def test_unets_treat_all_columns_alike(name: str, pipelines: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise turned by any angle gives the picture turned by it: there is no seam for the network."""
    import torch

    options = DiffusionOptions(weights=pipelines(name), steps=3, guidance=2.0)
    painter = load_painter(find_painter(options, option="-"), options, "text")
    scale = painter.pipeline.vae_scale_factor
    rows, columns = HEIGHT // scale, 2 * HEIGHT // scale
    down = (torch.arange(rows) + 0.5) / rows
    around = (torch.arange(columns) + 0.5) / columns * 2.0 * math.pi
    waves = [torch.cos(around * k + k)[None] * torch.cos(down * 2 * k)[:, None] for k in (1, 2, 1, 2)]
    latents = torch.stack(waves)[None]

    def go(noise: object) -> NDArray[np.float32]:
        inputs = {"prompt": "a lake", "latents": noise}
        return paint(painter, inputs, height=HEIGHT, stage="-", stream="-", context=RunContext())

    monkeypatch.setattr(diffusion, "close_seam", lambda picture: picture)
    quarter = columns // 4
    straight, turned = go(latents), go(torch.roll(latents, quarter, dims=-1))
    assert np.abs(np.roll(straight, quarter * scale, axis=1) - turned).max() < 1e-4
    assert not [
        part for _, module in denoisers(painter.pipeline) for part in module.modules() if "_conv_forward" in vars(part)
    ]
    with monkeypatch.context() as patched:
        patched.setattr(diffusion, "closed_around", lambda *_, **__: nullcontext())
        assert np.abs(np.roll(go(latents), quarter * scale, axis=1) - turned).max() > 0.1
    assert np.array_equal(go(latents), straight)


def test_what_a_transformer_does_at_its_edges_is_spread(pipelines: Folders) -> None:
    """A transformer that lights the right and darkens the left makes a seam; turned in every step it cannot."""
    import torch

    options = DiffusionOptions(weights=pipelines("flux"))
    painter = load_painter(find_painter(options, option="-"), options, "text")
    transformer = painter.pipeline.transformer
    rows, steps = 8, 12
    ramp = torch.linspace(-0.5, 0.5, 2 * rows).repeat(rows)[None, :, None]

    def biased(hidden_states: torch.Tensor, timestep: torch.Tensor) -> tuple[torch.Tensor]:
        return (hidden_states + ramp,)

    def result() -> NDArray[np.float32]:
        tokens = torch.zeros(1, 2 * rows * rows, 3)
        for step in range(steps):
            for _ in range(2):  # with and without the prompt
                (answer,) = transformer.forward(hidden_states=tokens, timestep=torch.tensor([float(step)]))
            tokens = answer
        return tokens.reshape(rows, 2 * rows, 3).numpy()

    transformer.forward = biased
    try:
        plain = seam_step(result())
        with closed_around(painter.pipeline, height=rows * 2 * painter.pipeline.vae_scale_factor):
            closed = seam_step(result())
        assert transformer.forward is biased
    finally:
        del transformer.forward
    assert plain[0] > 10.0 * plain[1]
    assert closed[0] <= closed[1]
    assert closed[0] < 0.15 * plain[0]


def test_turning_is_undone() -> None:
    import torch

    tokens = torch.arange(2 * 4 * 4 * 3, dtype=torch.float32).reshape(1, 32, 3)
    picture = torch.arange(2 * 8 * 16, dtype=torch.float32).reshape(1, 2, 8, 16)
    for share in (0.0, 0.236, 0.618, 0.99):
        for value in (tokens, picture):
            there = turn(value, share, 4)
            assert torch.equal(turn(there, -share, 4), value)
    assert torch.equal(turn(tokens, 0.5, 4).reshape(4, 8, 3), torch.roll(tokens.reshape(4, 8, 3), 4, dims=1))
    text = torch.zeros(1, 7, 3)
    assert turn(text, 0.5, 4) is text
    assert turn([tokens, None], 0.0, 4)[1] is None


def test_a_lora_changes_the_picture(pipelines: Folders, tmp_path: Path) -> None:
    with offline_and_quiet():
        file = tiny_pipelines.lora(Path(pipelines("sdxl")), tmp_path / "style.safetensors")
    options = DiffusionOptions(weights=pipelines("sdxl"), steps=2, lora=str(file))
    painted = DiffusersPanorama(options=options)(request(), RunContext())
    assert np.abs(painted.picture - paint_with(pipelines("sdxl"))).max() > 1e-3
    assert [(record.role, record.name) for record in painted.models] == [("model", "sdxl"), ("lora", "style")]


def test_sizes_and_prompts(pipelines: Folders) -> None:
    options = DiffusionOptions(weights=pipelines("sdxl"))
    painter = load_painter(find_painter(options, option="-"), options, "text")
    assert paint_height(painter, 1024) == 64  # its own size: 32 latents of 2 pixels
    assert paint_height(replace(painter, options=replace(options, height=96)), 1024) == 96
    painted = DiffusersPanorama(options=replace(options, steps=1))(TextRequest(prompt="x", height=128), RunContext())
    assert painted.picture.shape == (128, 256, 3)
    assert panorama_prompt("a lake") == "360 degree equirectangular panorama, a lake"
    assert panorama_prompt("HDRI panorama of a lake") == "HDRI panorama of a lake"


def test_a_world_from_a_painted_panorama(
    pipelines: Folders,
    depth_models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(front_door, "TIERS", {"draft": replace(TIERS["draft"], panorama_height=64, splat_budget=3000)})
    monkeypatch.chdir(tmp_path)
    shown = [
        "generate",
        "a lake",
        "--panorama-backend",
        "diffusers-panorama",
        "--quality",
        "draft",
        "--quiet",
        "--json",
    ]
    shown += ["--panorama-model", pipelines("sdxl"), "--steps", "2", "--depth-model", str(depth_models["metric"])]
    assert run([*shown, "-o", "world"]) == 0, capsys.readouterr().err
    manifest = json.loads(capsys.readouterr().out)["manifest"]
    layers = {layer["name"]: layer for layer in manifest["layers"]}
    assert layers["panorama"]["provenance"] == "neural"
    assert (layers["panorama"]["backend"], layers["panorama"]["model"]) == ("diffusers-panorama", "sdxl")
    assert [model["name"] for model in layers["euclidean_depth"]["models"]] == ["metric"]
    assert (manifest["source"]["kind"], manifest["source"]["prompt"]) == ("prompt", "a lake")
    assert check_world(tmp_path / "world") == []
    seam, usual = seam_step(World.load(tmp_path / "world").panorama.astype(np.float32) / 255.0)
    assert seam <= usual


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["x", "--panorama-backend", "diffusers-panorama"], 2, "--panorama-model is missing"),
        (["x", "--panorama-model", "models"], 2, "no backend that uses them"),
        (["x", "--panorama-backend", "extend"], 2, "closes photos"),
        (["x", "--panorama-backend", "magic"], 4, "no panorama backend"),
        (["--spec", "a.yaml", "--panorama-backend", "diffusers-panorama"], 2, "goes with a prompt"),
        (["x", "--panorama-backend", "diffusers-panorama", "--panorama-model", "a/b"], 4, "local cache"),
        (["x", "--panorama-backend", "diffusers-panorama", "--steps", "0"], 2, "--steps"),
        (["x", "--panorama-backend", "diffusers-panorama", "--paint-height", "100"], 2, "--paint-height"),
        (["x", "--panorama-backend", "diffusers-panorama", "--strength", "2"], 2, "--strength"),
    ],
)
@pytest.mark.usefixtures("_in_an_empty_folder")
def test_wrong_choices_are_told_before_the_work(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", *arguments, "-o", "w", "--quiet"]) == code
    assert words in capsys.readouterr().err


def test_what_goes_wrong_with_a_pipeline_is_told(
    pipelines: Folders, depth_models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    with pytest.raises(InvalidInputError, match="no diffusers pipeline"):
        find_painter(DiffusionOptions(weights=str(depth_models["dpt"])), option="-")
    broken = shutil.copytree(pipelines("sd"), tmp_path / "broken")
    (broken / "unet" / "config.json").write_text("[]")
    with pytest.raises(InvalidInputError, match="'broken' cannot be loaded"):
        paint_with(str(broken))
    index = json.loads((broken / "model_index.json").read_text())
    (broken / "model_index.json").write_text(json.dumps(index | {"_class_name": ["own_pipeline", "OwnPipeline"]}))
    (broken / "own_pipeline.py").write_text("raise SystemExit('code from weights was run')")
    with pytest.raises((BackendUnavailableError, InvalidInputError)) as refused:
        paint_with(str(broken))
    assert "--trust-remote-code" in (refused.value.hint or "")
    options = DiffusionOptions(weights=pipelines("sd"), steps=1)
    painter = load_painter(find_painter(options, option="-"), options, "text")

    def go() -> None:
        paint(painter, {"prompt": "x"}, height=HEIGHT, stage="paint", stream="-", context=RunContext())

    with monkeypatch.context() as patched:
        patched.setattr(painter.pipeline.unet, "forward", lambda *_, **__: torch.zeros(1 << 50))
        with pytest.raises(OutOfMemoryError) as caught:
            go()
        assert "--paint-height" in (caught.value.hint or "")
        patched.setattr(painter.pipeline.unet, "forward", lambda sample, *_, **__: (sample * float("nan"),))
        with pytest.raises(StageError, match="painted no numbers"):
            go()
        patched.setattr(painter.pipeline.unet, "forward", lambda *_, **__: 3)
        with pytest.raises(StageError, match="'sd' failed"):
            go()
