"""What a GPU brings to splats: pictures, and refinement against time, beside the CPU of the same machine.

Run with ``pytest tests/benchmarks/test_gpu.py -m "gpu and slow" --benchmark-disable -s`` after ``worldgen doctor
--compile``, which builds gsplat's kernels where there are a CUDA device and CUDA's compiler.
``WORLDGEN_BENCHMARK_PROMPTS=2`` refines two worlds, ``WORLDGEN_BENCHMARK_STEPS=800,3000`` by other numbers of steps.
Every run adds rows to ``results/gpu.csv``.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import worldgen
from tests.benchmarks.synthetic_splats import splats_in_view
from tests.benchmarks.test_refinement_quality import score, true_pictures
from tests.benchmarks.test_splat_quality import chosen_prompts, world_of
from worldgen.geometry.cameras import pinhole_camera
from worldgen.randomness import rng
from worldgen.rendering import splat_training
from worldgen.rendering.gaussian_rasterizer import rasterize
from worldgen.rendering.gsplat_kernels import has_gsplat
from worldgen.rendering.gsplat_rasterizer import rasterize_with_gsplat
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.splat_training import RefinementView, refine_splats
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit
from worldgen.stages.refine_world import MAX_VIEWS, learn_and_judge, seen_by_stations
from worldgen.stages.refinement_views import picture_width, render_refinement_views, walking_cameras, walking_places
from worldgen.stages.world_layers import RenderedWorld

pytestmark = [pytest.mark.gpu, pytest.mark.slow, pytest.mark.timeout(7200)]

RESULTS = Path(__file__).parent / "results" / "gpu.csv"
COLUMNS = (
    "version",
    "device",
    "case",
    "engine",
    "steps",
    "seconds",
    "steps_per_s",
    "validation_db",
    "around_db",
    "ssim",
)
PICTURES = {"500k, 512x512": (500_000, 512, 512), "2M, 1920x1080": (2_000_000, 1080, 1920)}
CPU_STEPS = 800


@pytest.fixture(autouse=True)
def _needs_gsplat() -> None:
    if not has_gsplat():
        pytest.skip("no CUDA device with gsplat's kernels")


def device_name() -> str:
    import torch

    return str(torch.cuda.get_device_name(0))


def best_seconds(work: Callable[[], object], rounds: int = 9) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def keep_row(case: str, engine: str, *values: float | str) -> None:
    is_new = not RESULTS.exists()
    RESULTS.parent.mkdir(exist_ok=True)
    cells = [value if isinstance(value, str) else f"{value:.4f}" for value in values]
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(COLUMNS)
        row = [worldgen.__version__, device_name(), case, engine, *cells]
        writer.writerow(row + [""] * (len(COLUMNS) - len(row)))
    sys.stdout.write(f"{case[:34]:<34} {engine:<28} " + " ".join(f"{cell:>10}" for cell in cells) + "\n")
    sys.stdout.flush()


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_many_splats(name: str) -> None:
    count, height, width = PICTURES[name]
    cloud = splats_in_view(count, side=0.004 * (500_000 / count) ** 0.5)
    camera = pinhole_camera(np.eye(4), height=height, width=width, horizontal_fov=0.5 * np.pi)
    theirs, ours = rasterize_with_gsplat(cloud, camera)[0], rasterize(cloud, camera)[0]
    keep_row(name, "gsplat", "", best_seconds(lambda: rasterize_with_gsplat(cloud, camera)))
    keep_row(name, f"CPU, {os.cpu_count()} cores", "", best_seconds(lambda: rasterize(cloud, camera), 3))
    assert np.abs(theirs - ours).mean() <= 1.0 / 255.0


def learned_from(
    renderer: SceneRenderer, rendered: RenderedWorld, cloud: GaussianCloud
) -> tuple[list[RefinementView], list[RefinementView]]:
    """As many pictures to learn from and to judge by as a refinement of many steps takes."""
    random = rng(0, "benchmark/gpu")
    places = walking_places(renderer.tracer, renderer.scene, MAX_VIEWS, random)
    cameras = walking_cameras(places, MAX_VIEWS, picture_width(cloud.num_gaussians), random)
    start = time.perf_counter()
    views = render_refinement_views(renderer, cameras, rendered.exposure, is_over=lambda done: False)
    keep_row("pictures to learn from", str(len(views)), "", time.perf_counter() - start)
    return learn_and_judge(views, seen_by_stations(rendered, cloud))


def test_refinement_against_time(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [int(text) for text in os.environ.get("WORLDGEN_BENCHMARK_STEPS", "800,3000,10000").split(",")]
    for prompt in chosen_prompts()[: None if "WORLDGEN_BENCHMARK_PROMPTS" in os.environ else 1]:
        renderer, rendered, cloud = world_of(prompt)
        truth = true_pictures(renderer, rendered.exposure)
        training, validation = learned_from(renderer, rendered, cloud)
        for camera, _ in truth:
            theirs, ours = rasterize_with_gsplat(cloud, camera)[0], rasterize(cloud, camera)[0]
            assert np.abs(theirs - ours).mean() <= 1.0 / 255.0
        before = score(cloud, truth)
        keep_row(prompt, "not refined", "0", 0.0, "", "", before.psnr_db, before.ssim)
        gains = {}
        for engine, steps in [*(("gsplat", steps) for steps in lengths), (f"CPU, {os.cpu_count()} cores", CPU_STEPS)]:
            with monkeypatch.context() as patch:
                patch.setattr(splat_training, "has_gsplat", lambda on_gpu=engine == "gsplat": on_gpu)
                start = time.perf_counter()
                limit = RefinementLimit(steps=steps)
                result = refine_splats(cloud, training, validation, limit=limit, budget=500_000)
                seconds = time.perf_counter() - start
            after = score(result.cloud, truth)
            rate = result.steps / seconds
            keep_row(prompt, engine, str(result.steps), seconds, rate, result.psnr_after_db, after.psnr_db, after.ssim)
            for step, psnr in result.scores:
                keep_row("  looks", engine, str(step), "", "", psnr)
            gains[engine, steps] = after.psnr_db - before.psnr_db
        assert gains["gsplat", lengths[0]] > 0.0
        assert gains["gsplat", lengths[-1]] >= gains["gsplat", lengths[0]] - 0.1
