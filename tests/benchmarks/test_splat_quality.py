"""What the splats of built worlds are worth: path traced truth against them and against what the field ships.

Run with ``pytest tests/benchmarks/test_splat_quality.py -m slow --benchmark-disable -s`` (about two minutes a prompt on
two cores). ``WORLDGEN_BENCHMARK_PROMPTS=3`` measures the first three
prompts only. Rows go to ``results/splat_quality.csv``.
"""

from __future__ import annotations

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.benchmarks.baseline import baseline_splats, panorama_height_for
from worldgen.events import RunContext
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.collision import ground_heights
from worldgen.geometry.fusion import fuse_views
from worldgen.geometry.splat_construction import build_splats
from worldgen.quality.views import ViewScore, judging_cameras, judging_eyes, score_splats
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import TIERS
from worldgen.stages.fit_splats import fit_to_stations
from worldgen.stages.render_world import plan_stations, render_world
from worldgen.stages.world_layers import RenderedWorld

PROMPTS = (
    "an alpine meadow with pines and a wooden cabin, mountains in the distance",
    "a dense birch forest with ferns and morning fog",
    "rolling hills with an old oak, a stone wall and a barn",
    "a desert with cacti and red rocks at noon",
    "a deep canyon with a river and dead trees",
    "a rocky coast with a lighthouse tower and a boat under clouds",
    "a tropical beach with palms at sunset",
    "a snowy forest with a timber house at dusk",
    "frozen tundra with boulders under a grey sky",
    "a lake with reeds and a wooden bridge in autumn",
    "a flower meadow with a church and a well",
    "ruins on a hill at night under stars",
)
TRUTH_SAMPLES = 16
RESULTS = Path(__file__).parent / "results" / "splat_quality.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldScore:
    """Scores from the spawn, and means over the eight places 1 to 3 m from it, for our splats and for the baseline."""

    spawn: ViewScore
    around: ViewScore
    baseline_spawn: ViewScore
    baseline_around: ViewScore

    def row(self, name: str) -> str:
        """A line of the table under ``HEADER``."""
        cells = [f"{name[:34]:<34}"]
        for here, there in ((self.spawn, self.around), (self.baseline_spawn, self.baseline_around)):
            cells.append(f"{here.psnr_db:6.2f} {here.ssim:5.3f} {there.psnr_db:7.2f} {there.ssim:5.3f}")
            cells.append(f"{100.0 * max(here.hole_ratio, there.hole_ratio):7.3f}")
        cells.append(f"{self.around.flip:6.3f} {self.baseline_around.flip:6.3f}")
        return " ".join(cells)

    def record(self, name: str) -> list[str]:
        """A row of the file of results under ``COLUMNS``."""
        values = [name]
        for here, there in ((self.spawn, self.around), (self.baseline_spawn, self.baseline_around)):
            for score in (here, there):
                values += [f"{score.psnr_db:.2f}", f"{score.ssim:.3f}", f"{score.flip:.3f}"]
            values.append(f"{100.0 * max(here.hole_ratio, there.hole_ratio):.4f}")
        return values


COLUMNS = (
    "prompt",
    *(
        f"{whose}_{what}"
        for whose in ("ours", "baseline")
        for what in (
            "spawn_db",
            "spawn_ssim",
            "spawn_flip",
            "around_db",
            "around_ssim",
            "around_flip",
            "holes_percent",
        )
    ),
)

HEADER = (
    f"{'':<34} {'ours: spawn':>12} {'1 to 3 m off':>13} {'holes%':>7} "
    f"{'base: spawn':>12} {'1 to 3 m off':>13} {'holes%':>7}\n"
    f"{'prompt':<34} {'dB':>6} {'SSIM':>5} {'dB':>7} {'SSIM':>5} {'':>7} {'dB':>6} {'SSIM':>5} {'dB':>7} {'SSIM':>5} "
    f"{'':>7} {'FLIP':>6} {'base':>6}"
)


def measure_world(
    renderer: SceneRenderer,
    rendered: RenderedWorld,
    cloud: GaussianCloud,
    *,
    truth_samples: int = TRUTH_SAMPLES,
    size_px: tuple[int, int] = (320, 240),
) -> WorldScore:
    """Path trace the truth at the spawn and at eight places around it, and compare both clouds with it.

    Args:
        renderer: Of the world's scene.
        rendered: Its views, for the exposure and for the baseline's panorama.
        cloud: Our splats.
        truth_samples: Paths per pixel of the true pictures.
        size_px: Width and height of the pictures.
    """
    scene = renderer.scene
    spawn = np.array([0.0, scene.eye_height_m, 0.0])

    def ground(x: float, z: float) -> float:
        return float(ground_heights(scene.terrain, np.array([x]), np.array([z]))[0])

    baseline = _baseline(renderer, rendered, spawn, cloud.num_gaussians)
    ours, theirs = [], []
    for number, eye in enumerate(judging_eyes(spawn, ground, scene.eye_height_m)):
        cameras = judging_cameras(eye, width=size_px[0], height=size_px[1])
        if number:
            # Truth is dear: the eight places look one way each, all four ways twice.
            cameras = cameras[number % len(cameras) :][:1]
        truth = [
            tone_map(renderer.render_view(camera, truth_samples).radiance, rendered.exposure) for camera in cameras
        ]
        ours.append(score_splats(cloud, cameras, truth))
        theirs.append(score_splats(baseline, cameras, truth))
    return WorldScore(
        spawn=ours[0], around=_mean(ours[1:]), baseline_spawn=theirs[0], baseline_around=_mean(theirs[1:])
    )


def _baseline(
    renderer: SceneRenderer, rendered: RenderedWorld, spawn: NDArray[np.float64], budget: int
) -> GaussianCloud:
    camera = panorama_camera(spawn, height=panorama_height_for(budget))
    view = renderer.panorama_from_cube(rendered.stations[0].views, camera)
    return baseline_splats(camera, tone_map(view.radiance, rendered.exposure), view.buffers.euclidean_depth)


def _mean(scores: list[ViewScore]) -> ViewScore:
    return ViewScore(
        psnr_db=float(np.mean([score.psnr_db for score in scores])),
        ssim=float(np.mean([score.ssim for score in scores])),
        flip=float(np.mean([score.flip for score in scores])),
        hole_ratio=float(np.mean([score.hole_ratio for score in scores])),
    )


def world_of(prompt: str) -> tuple[SceneRenderer, RenderedWorld, GaussianCloud]:
    """Build and render a world at the standard tier, as the pipeline does, and make its splats."""
    from worldgen.builder.build_scene import build_scene
    from worldgen.pipelines.generate import parse

    tier = TIERS["standard"]
    renderer = SceneRenderer(build_scene(parse(prompt), tier=tier, seed=0).scene, tier=tier, seed=0)
    context = RunContext(tier=tier)
    rendered = render_world(renderer, plan_stations(renderer, context), context)
    views = [view for station in rendered.stations for view in station.views]
    colors = [tone_map(view.radiance, rendered.exposure) for view in views]
    cloud = build_splats(fuse_views(views, colors), budget=tier.splat_budget)
    return renderer, rendered, fit_to_stations(cloud, rendered, context)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_splats_are_close_to_the_truth() -> None:
    prompts = PROMPTS[: int(os.environ.get("WORLDGEN_BENCHMARK_PROMPTS", len(PROMPTS)))]
    sys.stdout.write(f"\n{HEADER}\n")
    scores: list[WorldScore] = []
    rows: list[list[str]] = []
    for prompt in prompts:
        scores.append(measure_world(*world_of(prompt)))
        sys.stdout.write(scores[-1].row(prompt) + "\n")
        rows.append(scores[-1].record(prompt))
        sys.stdout.flush()
    mean = WorldScore(
        spawn=_mean([score.spawn for score in scores]),
        around=_mean([score.around for score in scores]),
        baseline_spawn=_mean([score.baseline_spawn for score in scores]),
        baseline_around=_mean([score.baseline_around for score in scores]),
    )
    sys.stdout.write(mean.row("mean") + "\n")
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows, mean.record("mean")])
    assert mean.spawn.psnr_db >= 24.0
    assert mean.around.psnr_db >= 20.0
    assert mean.around.psnr_db >= mean.baseline_around.psnr_db + 3.0
    assert max(mean.spawn.hole_ratio, mean.around.hole_ratio) < 0.001
