"""What refinement brings: PSNR and SSIM 1 to 3 m off the spawn against time, on pictures that it never saw.

Run with ``pytest tests/benchmarks/test_refinement_quality.py -m slow --benchmark-disable -s``.
``WORLDGEN_BENCHMARK_PROMPTS=1`` measures the first prompt only, ``WORLDGEN_BENCHMARK_SECONDS=30,120`` other lengths.
Every run adds rows to ``results/refinement.csv``.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import worldgen
from tests.benchmarks.test_splat_quality import PROMPTS, true_radiance, world_of
from worldgen.events import RunContext
from worldgen.geometry.collision import ground_heights
from worldgen.quality.views import ViewScore, judging_cameras, judging_eyes, score_splats
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import TIERS, RefinementLimit
from worldgen.stages.refine_world import refine_world

RESULTS = Path(__file__).parent / "results" / "refinement.csv"

Truth = list[tuple[Camera, NDArray[np.float32]]]


def true_pictures(renderer: SceneRenderer, exposure: float) -> Truth:
    """What a visitor sees from eight places 1 to 3 m off the spawn, one picture in each direction of the compass."""
    scene = renderer.scene

    def ground(x: float, z: float) -> float:
        return float(ground_heights(scene.terrain, np.array([x]), np.array([z]))[0])

    spawn = np.array([0.0, scene.eye_height_m, 0.0])
    pictures = []
    for index, eye in enumerate(judging_eyes(spawn, ground, scene.eye_height_m)[1:]):
        camera = judging_cameras(eye)[index % 4]
        pictures.append((camera, tone_map(true_radiance(renderer, camera), exposure)))
    return pictures


def score(cloud: GaussianCloud, truth: Truth) -> ViewScore:
    return score_splats(cloud, [camera for camera, _ in truth], [picture for _, picture in truth])


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_refinement_pays() -> None:
    prompts = PROMPTS[: int(os.environ.get("WORLDGEN_BENCHMARK_PROMPTS", "3"))]
    lengths = [float(text) for text in os.environ.get("WORLDGEN_BENCHMARK_SECONDS", "30,120").split(",")]
    sys.stdout.write(f"\n{'prompt':<34} {'seconds':>8} {'CPU s':>7} {'dB':>6} {'gain':>6} {'SSIM':>6} {'holes%':>7}\n")
    for prompt in prompts:
        renderer, rendered, cloud = world_of(prompt)
        truth = true_pictures(renderer, rendered.exposure)
        before = score(cloud, truth)
        rows = [(0.0, 0.0, before)]
        for seconds in lengths:
            start = time.process_time()
            context = RunContext(tier=TIERS["standard"])
            limit = RefinementLimit(seconds=seconds)
            refined, _ = refine_world(renderer, rendered, cloud, limit=limit, context=context)
            rows.append((seconds, time.process_time() - start, score(refined, truth)))
        for seconds, cpu, after in rows:
            keep_row(prompt, seconds, cpu, after)
            sys.stdout.write(
                f"{prompt[:34]:<34} {seconds:8.0f} {cpu:7.1f} {after.psnr_db:6.2f} "
                f"{after.psnr_db - before.psnr_db:+6.2f} {after.ssim:6.4f} {100.0 * after.hole_ratio:7.3f}\n"
            )
            sys.stdout.flush()
        assert rows[-1][2].psnr_db >= before.psnr_db
        assert rows[-1][2].ssim >= before.ssim


def keep_row(prompt: str, seconds: float, cpu: float, result: ViewScore) -> None:
    is_new = not RESULTS.exists()
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(("version", "prompt", "seconds", "cpu_s", "psnr_db", "ssim", "hole_ratio"))
        numbers = (f"{value:.4f}" for value in (seconds, cpu, result.psnr_db, result.ssim, result.hole_ratio))
        writer.writerow((worldgen.__version__, prompt, *numbers))
