"""Real inpainting pipelines with random weights fill hidden backgrounds and close photos; what is known stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.analytic_views import analytic_view
from worldgen.backends.diffusers_inpaint import DiffusersInpaint, DiffusersOutpaint
from worldgen.backends.inpaint import Inpainting, InpaintRequest
from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import PhotoRequest
from worldgen.cli import run
from worldgen.color import bytes_from_unit
from worldgen.errors import BackendUnavailableError
from worldgen.events import RunContext
from worldgen.exporters.openexr import write_depth_exr
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.panorama_seam import seam_step
from worldgen.pipelines import generate as front_door
from worldgen.pipelines.world import World
from worldgen.quality.check import check_world
from worldgen.randomness import rng
from worldgen.settings import TIERS
from worldgen.stages.fill_background import BackgroundFiller, in_front

HEIGHT = 64
Folders = Callable[[str], str]


def request() -> InpaintRequest:
    picture = (0.3 + 0.4 * rng(0, "picture").random((HEIGHT, 2 * HEIGHT, 3))).astype(np.float32)
    unknown = np.zeros((HEIGHT, 2 * HEIGHT), dtype=bool)
    unknown[20:50, 110:] = unknown[20:50, :14] = True  # over the seam
    return InpaintRequest(picture=picture, unknown=unknown, prompt="a lake", stream="x")


@pytest.mark.parametrize("name", ["sd-inpaint", "sdxl-inpaint", "flux-fill", "sdxl"])
def test_real_pipelines_fill_what_is_unknown(name: str, pipelines: Folders) -> None:
    """A pipeline trained for inpainting, one that takes the masked picture's latents, and a plain one."""
    asked = request()
    backend = DiffusersInpaint(options=DiffusionOptions(weights=pipelines(name), steps=3))
    done = backend(asked, RunContext())
    assert np.array_equal(done.picture[~asked.unknown], asked.picture[~asked.unknown])
    assert np.abs(done.picture - asked.picture)[asked.unknown].mean() > 0.01
    assert np.array_equal(backend(asked, RunContext()).picture, done.picture)
    assert not np.array_equal(backend(asked, RunContext(seed=1)).picture, done.picture)
    assert [record.name for record in done.models] == [name]
    nothing = replace(asked, unknown=np.zeros_like(asked.unknown))
    assert np.array_equal(backend(nothing, RunContext()).picture, asked.picture)


def test_a_photo_is_closed_without_touching_it(pipelines: Folders) -> None:
    view = analytic_view(panorama_camera(np.array([0.0, 1.6, 0.0]), height=HEIGHT))
    image = np.clip(view.radiance, 0.0, 1.0).astype(np.float32)
    known = np.zeros((HEIGHT, 2 * HEIGHT), dtype=bool)
    known[20:44, 50:78] = True
    asked = PhotoRequest(image=image, known=known, nearness=known.astype(np.float32), spec=None)
    options = DiffusionOptions(weights=pipelines("sdxl-inpaint"), steps=2)
    closed = DiffusersOutpaint(options=options)(asked, RunContext())
    assert np.array_equal(closed.picture[known], image[known])
    assert (closed.provenance, closed.model, closed.licence) == ("neural", "sdxl-inpaint", "apache-2.0")
    seam, usual = seam_step(closed.picture)
    assert seam <= 1.2 * usual
    # Across the photo's border there is no more of a step than inside what was painted.
    inside = np.abs(np.diff(closed.picture, axis=1))[20:44, 80:100].mean()
    across = np.abs(closed.picture[20:44, 78] - closed.picture[20:44, 77]).mean()
    assert across <= 1.5 * inside


def test_what_stands_in_front_is_kept_from_the_model() -> None:
    """A post of 1 m before a wall of 5 m: what is hidden around its rims, and the post between them."""
    front = np.full((HEIGHT, 2 * HEIGHT), 5.0, dtype=np.float32)
    front[10:54, 62:70] = 1.0
    hidden = np.full_like(front, np.inf)
    hidden[10:54, 62:64] = hidden[10:54, 68:70] = 5.0
    assert np.array_equal(in_front(hidden, front), front < 2.0)
    rolled = in_front(np.roll(hidden, 64, axis=1), np.roll(front, 64, axis=1))
    assert np.array_equal(rolled, np.roll(front, 64, axis=1) < 2.0)


def test_the_filler_changes_hidden_layers_only() -> None:
    asked: list[InpaintRequest] = []

    def white(request: InpaintRequest, context: RunContext) -> Inpainting:
        asked.append(request)
        return Inpainting(picture=np.ones_like(request.picture), models=())

    filler = BackgroundFiller(white, "a park", RunContext())
    colors = np.full((HEIGHT, 2 * HEIGHT, 3), 0.25, dtype=np.float32)
    hidden = np.full((HEIGHT, 2 * HEIGHT), np.inf, dtype=np.float32)
    hidden[30:34, 40:50] = 8.0
    done = filler(colors, hidden, np.full_like(hidden, 3.0))
    assert np.array_equal(done == 1.0, np.repeat(np.isfinite(hidden)[..., None], 3, axis=-1))
    filler(colors, hidden, np.full_like(hidden, 3.0))
    assert [item.stream for item in asked] == ["background/1", "background/2"]
    assert "a park" in asked[0].prompt
    assert asked[0].unknown[28:36, 37:53].all()  # and what stands in front beside it


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny = replace(TIERS["draft"], panorama_height=64, splat_budget=3000)
    monkeypatch.setattr(front_door, "TIERS", {"draft": tiny})
    view = analytic_view(panorama_camera(np.array([0.0, 1.55, 0.0]), height=64))
    Image.fromarray(bytes_from_unit(view.radiance)).save(tmp_path / "panorama.png")
    Image.fromarray(bytes_from_unit(view.radiance)[16:48, 44:84]).save(tmp_path / "photo.png")
    write_depth_exr(view.buffers.euclidean_depth, tmp_path / "depth.exr")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_world_whose_hidden_background_was_painted(
    files: Path, pipelines: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = ["generate", "--panorama", "panorama.png", "--depth", "depth.exr", "--quality", "draft", "--quiet"]
    assert run([*shown, "-o", "plain"]) == 0
    assert run([*shown, "--inpaint-model", pipelines("sd-inpaint"), "--steps", "2", "-o", "painted"]) == 0
    plain, painted = World.load(files / "plain"), World.load(files / "painted")
    assert check_world(painted.path) == []
    layers = {layer.name: layer for layer in painted.manifest.layers}
    assert [record.name for record in layers["splats"].models] == ["sd-inpaint"]
    assert (layers["scene"].provenance, layers["points"].provenance) == ("neural", "estimated")
    assert {layer.provenance for layer in plain.manifest.layers} == {"given", "estimated"}
    assert np.array_equal(plain.panorama, painted.panorama)
    assert plain.splats.num_gaussians == painted.splats.num_gaussians
    assert not np.array_equal(plain.splats.sh_dc, painted.splats.sh_dc)
    capsys.readouterr()
    built = ["generate", "a hut", "--quality", "draft", "-o", "w", "--json"]
    assert run([*built, "--inpaint-model", pipelines("sd-inpaint")]) == 2
    assert "no hidden background" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_world_from_a_photo_that_was_outpainted(
    files: Path, pipelines: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = ["generate", "--image", "photo.png", "--fov", "100", "--quality", "draft", "--quiet", "-o", "world"]
    models = ["--panorama-backend", "diffusers-outpaint", "--panorama-model", pipelines("sd-inpaint"), "--steps", "2"]
    assert run([*shown, *models]) == 0, capsys.readouterr().err
    world = World.load(files / "world")
    assert check_world(world.path) == []
    layer = next(layer for layer in world.manifest.layers if layer.name == "panorama")
    assert (layer.backend, layer.provenance) == ("diffusers-outpaint", "neural")
    assert layer.models[0].name == "sd-inpaint"
    assert run([*shown, "--panorama-backend", "diffusers-panorama"]) == 2
    assert "closes no photos" in capsys.readouterr().err


def test_a_text_pipeline_that_cannot_fill_is_told(pipelines: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    import diffusers

    def refuse(pipeline: object, **_: object) -> None:
        raise ValueError("AutoPipeline can't find a pipeline linked to it")

    monkeypatch.setattr(diffusers.AutoPipelineForInpainting, "from_pipe", refuse)
    with pytest.raises(BackendUnavailableError, match="no pipeline for inpainting"):
        DiffusersInpaint(options=DiffusionOptions(weights=pipelines("sd")))(request(), RunContext())
