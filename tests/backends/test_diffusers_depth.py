"""The hybrid: real ControlNet pipelines paint over exact depth; geometry stays, colours are carried to all stations."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.analytic_views import analytic_view
from worldgen.backends.diffusers_depth import DiffusersDepth
from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import PaintedPanorama, SceneRequest
from worldgen.cli import run
from worldgen.errors import InvalidInputError, UsageError
from worldgen.events import RunContext
from worldgen.geometry.cameras import cube_cameras, panorama_camera
from worldgen.manifest import ModelRecord
from worldgen.pipelines import generate as front_door
from worldgen.pipelines import text_to_world
from worldgen.pipelines.world import World
from worldgen.quality.check import check_world
from worldgen.rendering.tone_mapping import auto_exposure, tone_map
from worldgen.scene.labels import LABELS
from worldgen.settings import TIERS
from worldgen.stages.paint_panorama import PaintOptions
from worldgen.stages.paint_scene import label_gains, paint_scene
from worldgen.stages.world_layers import RenderedWorld, StationViews

HEIGHT = 64
EYE = np.array([0.0, 1.6, 0.0])
Folders = Callable[[str], str]


@pytest.fixture(scope="module")
def rendered() -> RenderedWorld:
    panorama = analytic_view(panorama_camera(EYE, height=HEIGHT))
    stations = []
    for place in (EYE, EYE + np.array([1.5, 0.0, -3.0])):
        views = tuple(analytic_view(camera) for camera in cube_cameras(place, face_px=24))
        stations.append(StationViews(position=place, views=views))
    exposure = auto_exposure(panorama.radiance)
    return RenderedWorld(stations=tuple(stations), panorama=panorama, exposure=exposure)


@pytest.fixture
def request_(rendered: RenderedWorld) -> SceneRequest:
    view = rendered.panorama
    return SceneRequest(
        prompt="a ball",
        picture=tone_map(view.radiance, rendered.exposure),
        euclidean_depth=np.array(view.buffers.euclidean_depth),
        labels=np.array(view.buffers.labels),
    )


@pytest.mark.parametrize(("base", "net"), [("sdxl", "controlnet-sdxl"), ("sd", "controlnet-sd")])
@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_real_controlnets_paint(
    base: str, net: str, strength: float, pipelines: Folders, request_: SceneRequest
) -> None:
    options = DiffusionOptions(weights=pipelines(base), controlnet=pipelines(net), steps=2, strength=strength)
    painted = DiffusersDepth(options=options)(request_, RunContext())
    assert painted.picture.shape == request_.picture.shape
    assert np.abs(painted.picture - request_.picture).mean() > 0.02
    assert [(record.role, record.name) for record in painted.models] == [("model", base), ("controlnet", net)]
    assert [record.licence for record in painted.models] == ["apache-2.0", "openrail++"]
    again = DiffusersDepth(options=options)(request_, RunContext())
    assert np.array_equal(again.picture, painted.picture)
    flat = replace(request_, euclidean_depth=np.full((HEIGHT, 2 * HEIGHT), 3.0, dtype=np.float32))
    assert not np.array_equal(DiffusersDepth(options=options)(flat, RunContext()).picture, painted.picture)


def test_a_pipeline_without_depth_is_refused(pipelines: Folders, request_: SceneRequest) -> None:
    with pytest.raises(UsageError, match="takes no depth") as caught:
        DiffusersDepth(options=DiffusionOptions(weights=pipelines("sdxl"), steps=1))(request_, RunContext())
    assert "--controlnet" in (caught.value.hint or "")
    wrong = DiffusionOptions(weights=pipelines("sdxl"), controlnet=pipelines("sd"), steps=1)
    with pytest.raises(InvalidInputError):
        DiffusersDepth(options=wrong)(request_, RunContext())


class Recolour:
    """A painter that swaps red and blue, and makes everything half as bright."""

    def __call__(self, request: SceneRequest, context: RunContext) -> PaintedPanorama:
        record = ModelRecord(role="model", name="swap", revision=None, sha256="0" * 64, licence=None)
        return PaintedPanorama(picture=0.5 * request.picture[..., ::-1].copy(), models=(record,))


def painted_colors(world: RenderedWorld, station: int) -> list[NDArray[np.float32]]:
    return [tone_map(view.radiance, world.exposure) for view in world.stations[station].views]


def test_colours_are_carried_to_all_stations(rendered: RenderedWorld) -> None:
    world = paint_scene(rendered, "x", PaintOptions(backend="diffusers-depth"), RunContext(), Recolour())
    painted = world.rendered
    wanted = 0.5 * tone_map(rendered.panorama.radiance, rendered.exposure)[..., ::-1]
    assert np.abs(tone_map(painted.panorama.radiance, painted.exposure) - wanted).max() < 0.02
    for before, after in zip(rendered.stations, painted.stations, strict=True):
        for one, other in zip(before.views, after.views, strict=True):
            assert other.buffers is one.buffers
    # From the spawn every pixel has its painted colour, up to what sampling mixes at edges.
    for own, new in zip(painted_colors(rendered, 0), painted_colors(painted, 0), strict=True):
        assert np.median(np.abs(new - 0.5 * own[..., ::-1])) < 0.02
    # From elsewhere, too: by surface where the spawn sees it, by label where it does not.
    errors = [
        np.abs(new - 0.5 * own[..., ::-1])
        for own, new in zip(painted_colors(rendered, 1), painted_colors(painted, 1), strict=True)
    ]
    assert np.median(np.concatenate([error.ravel() for error in errors])) < 0.06
    assert (world.layer.backend, world.layer.model, world.layer.provenance) == ("diffusers-depth", "swap", "neural")


def test_gains_of_labels() -> None:
    before = np.full((2, 4, 3), 0.4, dtype=np.float32)
    after = before.copy()
    labels = np.zeros((2, 4), dtype=np.uint8)
    labels[1] = 3
    after[0] *= 0.5
    gains = label_gains(before, after, labels)
    assert gains[0] == pytest.approx([0.5] * 3)
    assert gains[3] == pytest.approx([1.0] * 3)
    assert gains[1] == pytest.approx([0.75] * 3)


def test_a_painted_world_keeps_its_geometry(
    pipelines: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = replace(
        TIERS["draft"],
        panorama_height=64,
        station_face_px=24,
        station_vertical_px=24,
        spawn_samples=1,
        max_stations=2,
        splat_budget=4000,
        triangle_budget=60_000,
        play_size_m=64.0,
        cover_reach_m=14.0,
        ground_texture_px=128,
        material_texture_px=64,
    )
    monkeypatch.setattr(front_door, "TIERS", {"draft": tiny})
    monkeypatch.chdir(tmp_path)
    seen: list[RenderedWorld] = []

    def spied(rendered: RenderedWorld, *rest: Any) -> Any:
        seen.append(rendered)
        return paint_scene(rendered, *rest)

    monkeypatch.setattr(text_to_world, "paint_scene", spied)
    shown = ["generate", "a tower on a bare plain", "--panorama-backend", "diffusers-depth", "--quality", "draft"]
    models = ["--panorama-model", pipelines("sd"), "--controlnet", pipelines("controlnet-sd"), "--steps", "2"]
    assert run([*shown, *models, "-o", "painted", "--quiet"]) == 0
    capsys.readouterr()
    world, (before,) = World.load(tmp_path / "painted"), seen
    assert check_world(world.path) == []
    buffers = before.panorama.buffers
    assert np.array_equal(world.euclidean_depth, buffers.euclidean_depth)
    assert set(world.manifest.labels_in_view) == {LABELS[label].name for label in np.unique(buffers.labels)}
    traced = tone_map(before.panorama.radiance, before.exposure)
    assert np.abs(world.panorama / 255.0 - traced).mean() > 0.02
    layers = {layer.name: layer for layer in world.manifest.layers}
    assert {name for name, layer in layers.items() if layer.provenance == "neural"} == {"panorama", "points", "splats"}
    assert [record.role for record in layers["splats"].models] == ["model", "controlnet"]
    assert layers["scene"].provenance == "procedural"
    assert run([*shown, "--refine", "9steps", "-o", "w", "--json"]) == 2
    assert "cannot be refined" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert run([*shown, "-o", "w", "--json"]) == 2
    assert "--panorama-model is missing" in json.loads(capsys.readouterr().out)["error"]["message"]
