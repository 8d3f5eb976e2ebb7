"""Depth networks on views of the sphere: known answers come back, and real networks run from folders."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.analytic_views import analytic_view
from worldgen.backends import transformers_depth
from worldgen.backends.depth import DepthRequest
from worldgen.backends.model_options import DepthMeaning, DepthModelOptions, Execution
from worldgen.backends.transformers_depth import Network, TransformersDepth, load_network, meaning_of, spherical_depth
from worldgen.backends.weights import find_weights
from worldgen.cli import run
from worldgen.errors import InvalidInputError, OutOfMemoryError, UsageError
from worldgen.events import Event, RunContext, StageProgress
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.pipelines import generate as front_door
from worldgen.randomness import rng
from worldgen.settings import TIERS
from worldgen.stages.estimate_depth import DepthOptions

HEIGHT = 128


def room(rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """A room of 8 x 3.2 x 11 m around the camera, with a ball."""
    with np.errstate(divide="ignore", invalid="ignore"):
        walls = np.min(np.array([4.0, 1.6, 5.5]) / np.abs(rays), axis=-1)
        center = np.array([1.2, -0.6, -2.4])
        toward = rays @ center
        ball = toward - np.sqrt(0.49 - (center @ center - toward**2))
    return np.where(np.isfinite(ball) & (toward > 0.0), np.minimum(ball, walls), walls)


def yard(rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level ground within four walls of 5 m, and the sky above them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ground = np.where(rays[..., 1] < 0.0, -1.6 / rays[..., 1], np.inf)
        wall = np.min(np.array([6.0, 9.0]) / np.abs(rays[..., [0, 2]]), axis=-1)
    wall = np.where(wall * rays[..., 1] < 3.4, wall, np.inf)
    return np.minimum(ground, wall)


def colors_of(rays: NDArray[np.float64]) -> NDArray[np.float32]:
    """Colours that tell the direction, so that a network of tests can see where it looks."""
    return (0.5 + 0.5 * rays).astype(np.float32)


def telling(scene: object, meaning: DepthMeaning, *, noise: float) -> Network:
    """A network that tells the truth, with another scale and shift for every view."""
    random = rng(0, f"network/{meaning}")

    def predict(view: NDArray[np.float32]) -> NDArray[np.float32]:
        rays = view.astype(np.float64) * 2.0 - 1.0
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        middle = len(view) // 2
        forward = rays[middle - 1 : middle + 1, middle - 1 : middle + 1].mean(axis=(0, 1))
        z_depth = scene(rays) * (rays @ (forward / np.linalg.norm(forward)))  # type: ignore[operator]
        z_depth = z_depth * (1.0 + noise * random.normal(size=z_depth.shape))
        scale, shift = np.exp(random.uniform(-0.7, 0.7)), random.uniform(-0.3, 0.3)
        if meaning == "metric":
            return (z_depth * random.uniform(0.85, 1.18)).astype(np.float32)
        return (scale * (1.0 / z_depth if meaning == "disparity" else z_depth) + shift).astype(np.float32)

    return Network(predict=predict, meaning=meaning, view_px=96)


def relative_error(depth: NDArray[np.float32], truth: NDArray[np.float64]) -> float:
    known = np.isfinite(truth) & np.isfinite(depth)
    ratio = depth[known] / truth[known]
    area = np.broadcast_to(np.sin((np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi)[:, None], truth.shape)[known]
    return float(np.average(np.abs(ratio / np.median(ratio) - 1.0), weights=area))


@pytest.mark.parametrize("meaning", ["disparity", "relative", "metric"])
def test_the_truth_comes_back_through_the_views(meaning: DepthMeaning) -> None:
    rays = equirectangular_rays(HEIGHT)
    depth, confidence = spherical_depth(colors_of(rays), telling(room, meaning, noise=0.03))
    assert np.isfinite(depth).all()
    assert relative_error(depth, room(rays)) <= 0.02
    steps = np.abs(np.diff(np.log(depth), axis=1)).mean(axis=0)
    seam = np.abs(np.log(depth[:, 0] / depth[:, -1])).mean()
    assert seam <= np.percentile(steps, 95)  # no larger than elsewhere
    assert np.median(confidence) > 0.8


def test_sky_is_infinite_where_picture_and_network_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rays = equirectangular_rays(HEIGHT)
    truth = yard(rays)
    looks_like_sky = np.isinf(truth)
    looks_like_sky[70:80, 20:40] = True  # a pale patch on a wall's foot
    monkeypatch.setattr(transformers_depth, "find_sky", lambda rgb: SimpleNamespace(is_sky=looks_like_sky))
    depth, _ = spherical_depth(colors_of(rays), telling(yard, "disparity", noise=0.01))
    assert np.array_equal(np.isinf(depth), np.isinf(truth))
    assert relative_error(depth, truth) <= 0.02


@pytest.mark.parametrize("name", ["depth_anything", "metric", "dpt", "zoedepth", "depth_pro"])
def test_real_networks_load_from_folders_and_run(name: str, depth_models: dict[str, Path]) -> None:
    options = DepthModelOptions(weights=str(depth_models[name]))
    weights = find_weights(options.weights, options.execution, option="--depth-model")
    network = load_network(weights, options)
    expected = {"depth_anything": ("disparity", 42), "metric": ("metric", 42), "dpt": ("disparity", 32)}
    expected |= {"zoedepth": ("metric", 32), "depth_pro": ("metric", 64)}
    assert (network.meaning, network.view_px) == expected[name]
    view = rng(0, "view").random((network.view_px, network.view_px, 3)).astype(np.float32)
    values = network.predict(view)
    assert values.ndim == 2
    assert np.isfinite(values).all()
    assert np.array_equal(values, network.predict(view))
    assert not np.array_equal(values, network.predict(view[::-1].copy()))
    if name == "metric":
        assert 0.0 <= values.min() <= values.max() <= 20.0


def test_depth_pros_inverse_depth_becomes_metres(depth_models: dict[str, Path]) -> None:
    """Its own postprocessing: depth = focal length / (width · answer); the focal length of the view is known."""
    import torch
    from transformers import AutoModelForDepthEstimation

    options = DepthModelOptions(weights=str(depth_models["depth_pro"]))
    network = load_network(find_weights(options.weights, options.execution, option="-"), options)
    view = rng(1, "view").random((64, 64, 3)).astype(np.float32)
    model = AutoModelForDepthEstimation.from_pretrained(depth_models["depth_pro"])
    mean, spread = (np.array(item, dtype=np.float32) for item in (transformers_depth._MEAN, transformers_depth._SPREAD))
    pixels = torch.tensor(((view - mean) / spread).transpose(2, 0, 1)[None], dtype=torch.float32)
    with torch.no_grad():
        answer = model(pixel_values=pixels).predicted_depth[0].numpy()
    focal_px = 32.0 / np.tan(transformers_depth.FIELD_OF_VIEW / 2.0)
    assert np.allclose(network.predict(view), focal_px / 64.0 / np.clip(answer, 1e-4, 1e4), rtol=1e-4)


def test_meanings_are_read_from_configurations() -> None:
    dino = SimpleNamespace(model_type="dinov2")
    assert meaning_of(SimpleNamespace(model_type="dpt", backbone_config=dino)) == "metric"
    assert meaning_of(SimpleNamespace(model_type="dpt", backbone_config=None)) == "disparity"
    assert meaning_of(SimpleNamespace(model_type="glpn")) == "metric"
    assert meaning_of(SimpleNamespace(model_type="chmv2")) is None


def test_a_world_from_a_panorama_with_a_network(
    depth_models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    from worldgen.color import bytes_from_unit

    tiny = replace(TIERS["draft"], panorama_height=64, splat_budget=3000)
    monkeypatch.setattr(front_door, "TIERS", {"draft": tiny})
    view = analytic_view(panorama_camera(np.array([0.0, 1.5, 0.0]), height=64))
    Image.fromarray(bytes_from_unit(view.radiance)).save(tmp_path / "panorama.png")
    events: list[Event] = []
    world = front_door.generate(
        panorama=tmp_path / "panorama.png",
        output=tmp_path / "world",
        quality="draft",
        depth_options=DepthOptions(model=DepthModelOptions(weights=str(depth_models["depth_anything"]))),
        report=events.append,
    )
    layer = next(layer for layer in world.manifest.layers if layer.name == "euclidean_depth")
    assert (layer.backend, layer.provenance, layer.licence) == ("transformers", "neural", "apache-2.0")
    (record,) = layer.models
    assert (record.name, record.role) == ("depth_anything", "model")
    assert len(record.sha256) == 64
    splats = next(layer for layer in world.manifest.layers if layer.name == "splats")
    assert (splats.provenance, splats.models) == ("neural", layer.models)
    height = next(item for item in world.manifest.estimates if item.name == "camera_height")
    assert (height.origin, height.value) == ("default", 1.6)
    assert sum(isinstance(event, StageProgress) and event.stage == "depth" for event in events) == 20
    assert str(tmp_path) not in (world.path / "world.json").read_text()


def test_what_is_wrong_is_told(depth_models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--depth-model is missing"):
        TransformersDepth(options=DepthModelOptions())
    with pytest.raises(UsageError, match="--depth-size"):
        DepthModelOptions(view_px=8)
    folder = shutil.copytree(depth_models["dpt"], tmp_path / "odd")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "clip_text_model"}))
    options = DepthModelOptions(weights=str(folder))
    asked = ["generate", "--panorama", "a.png", "--depth-backend", "transformers", "-o", str(tmp_path / "w"), "--quiet"]
    assert run(asked) == 3  # there is no a.png
    for wrong in (["--depth-kind", "deep"], ["--depth-size", "1"], ["--device", "tpu"], ["--offload", "all"]):
        assert run([*asked, *wrong]) == 2
    with pytest.raises(InvalidInputError, match="'odd' cannot be loaded"):
        load_network(find_weights(options.weights, Execution(), option="-"), options)
    (folder / "config.json").write_text("{")
    with pytest.raises(InvalidInputError, match="'odd' cannot be loaded"):
        load_network(find_weights(options.weights, Execution(), option="-"), options)

    request = DepthRequest(
        rgb=np.zeros((64, 128, 3), dtype=np.float32),
        known=np.ones((64, 128), dtype=bool),
        camera_height=None,
        camera_from_level=np.eye(3),
    )
    backend = TransformersDepth(options=DepthModelOptions(weights=str(depth_models["dpt"])))
    never = Network(predict=lambda view: np.full((32, 32), np.nan, dtype=np.float32), meaning="relative", view_px=32)
    monkeypatch.setattr(transformers_depth, "load_network", lambda weights, options: never)
    with pytest.raises(InvalidInputError, match="no finite depth"):
        backend(request, RunContext())

    def greedy(view: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        return torch.zeros(1 << 50).numpy()

    monkeypatch.setattr(transformers_depth, "load_network", lambda weights, options: replace(never, predict=greedy))
    with pytest.raises(OutOfMemoryError, match="not enough memory") as caught:
        backend(request, RunContext())
    assert "--depth-size" in (caught.value.hint or "")
