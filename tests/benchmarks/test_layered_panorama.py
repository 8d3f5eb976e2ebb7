"""What moving about in a reconstructed panorama shows, beside the truth and beside one Gaussian per pixel.

Run with ``pytest tests/benchmarks/test_layered_panorama.py -m slow --benchmark-disable -s``.
``WORLDGEN_BENCHMARK_ROWS`` sets the panorama's rows (512), ``WORLDGEN_BENCHMARK_SCENES`` names the scenes of the twelve
that are measured, with commas between, and ``WORLDGEN_TRUTH_CACHE`` a folder where true pictures are kept.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.benchmarks.baseline import baseline_splats
from tests.benchmarks.truth_scenes import OFFSETS_M, Truth, TruthOf, scene_names
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import equirectangular_rays, pixels_from_rays
from worldgen.geometry.layer_splats import splats_from_layers
from worldgen.geometry.layered_reconstruction import take_apart
from worldgen.quality.coverage import depth_error_ratio, hole_ratio
from worldgen.quality.images import mean_squared_error, psnr_from_error, ssim
from worldgen.rendering.splats import render_splats
from worldgen.scene.gaussian_cloud import GaussianCloud

BUDGET_PER_PIXEL = 500_000 / (1024 * 512)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of one cloud at one distance: PSNR for all, visible and uncovered pixels, SSIM, holes and wrong depth."""

    psnr_db: tuple[float, float, float]
    ssim: float
    holes: float
    wrong_depth: float

    def cells(self) -> str:
        all_db, visible_db, uncovered_db = self.psnr_db
        return (
            f"{all_db:6.2f} {visible_db:6.2f} {uncovered_db:6.2f} {self.ssim:6.3f} "
            f"{100.0 * self.holes:6.2f} {100.0 * self.wrong_depth:6.2f}"
        )


def score(cloud: GaussianCloud, truths: list[tuple[tuple[float, float, float], Truth, NDArray[np.bool_]]]) -> Score:
    """Compare a cloud with the truth at some offsets; each comes with the mask of what the panorama saw."""
    errors: list[list[float]] = [[], [], []]
    similar, holes, wrong = [], [], []
    for offset, truth, visible in truths:
        image = render_splats(cloud, panorama_camera(np.array(offset), height=len(truth.rgb)))
        for kind, mask in enumerate((np.ones_like(visible), visible, ~visible)):
            if mask.any():
                errors[kind].append(mean_squared_error(image.rgb, truth.rgb, mask=mask))
        similar.append(ssim(image.rgb, truth.rgb))
        holes.append(hole_ratio(image.alpha))
        wrong.append(depth_error_ratio(image.euclidean_depth, truth.euclidean_depth))
    all_db, visible_db, uncovered_db = (psnr_from_error(float(np.mean(values))) for values in errors)
    return Score(
        psnr_db=(all_db, visible_db, uncovered_db),
        ssim=float(np.mean(similar)),
        holes=float(np.mean(holes)),
        wrong_depth=float(np.mean(wrong)),
    )


def seen_from_spawn(
    truth: Truth, offset: tuple[float, float, float], spawn_depth: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which pixels show something that the panorama at the spawn also shows."""
    height = len(truth.rgb)
    depth = np.where(np.isfinite(truth.euclidean_depth), truth.euclidean_depth, 1e5).astype(np.float64)
    points = equirectangular_rays(height) * depth[..., None] + np.array(offset)
    columns, rows = pixels_from_rays(points, len(spawn_depth))
    row = np.minimum(rows.astype(np.int64), len(spawn_depth) - 1)
    column = np.minimum(columns.astype(np.int64), 2 * len(spawn_depth) - 1)
    known = np.minimum(spawn_depth[row, column], 1e5)
    return np.asarray(np.abs(known / np.linalg.norm(points, axis=-1) - 1.0) < 0.05)


def reduced(truth: Truth, rows: int) -> Truth:
    """A truth of fewer rows: mean colours, the depth of one pixel of each block."""
    step = len(truth.rgb) // rows
    rgb = truth.rgb.reshape(rows, step, 2 * rows, step, 3).mean(axis=(1, 3))
    depth = truth.euclidean_depth[step // 2 :: step, step // 2 :: step]
    return Truth(rgb=rgb.astype(np.float32), euclidean_depth=np.ascontiguousarray(depth))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_layers_beside_one_gaussian_per_pixel() -> None:
    rows = int(os.environ.get("WORLDGEN_BENCHMARK_ROWS", "512"))
    names = scene_names()
    if "WORLDGEN_BENCHMARK_SCENES" in os.environ:
        names = tuple(os.environ["WORLDGEN_BENCHMARK_SCENES"].split(","))
    budget = min(500_000, int(BUDGET_PER_PIXEL * 2 * rows * rows))
    titles = "   all    vis  uncov   SSIM  hole%  deep%"
    sys.stdout.write(f"\n{rows} rows, {budget} splats\n{'scene':<14} {'m':>4} {'ours' + titles} | {'base' + titles}\n")
    ahead = []
    for name in names:
        truth = TruthOf(name)
        spawn = reduced(truth.panorama((0.0, 0.0, 0.0), 512), rows)
        layered = take_apart(spawn.rgb, spawn.euclidean_depth, is_exact=True)
        ours = splats_from_layers(layered, np.zeros(3), budget=budget).cloud
        base = baseline_splats(panorama_camera(np.zeros(3), height=rows), spawn.rgb, spawn.euclidean_depth)
        assert ours.num_gaussians <= budget
        for reach in (1.0, 2.0):
            views = []
            for offset in OFFSETS_M[reach]:
                there = reduced(truth.panorama(offset, 512), 256)
                views.append((offset, there, seen_from_spawn(there, offset, spawn.euclidean_depth)))
            mine, theirs = score(ours, views), score(base, views)
            sys.stdout.write(f"{name:<14} {reach:4.1f}     {mine.cells()} |     {theirs.cells()}\n")
            sys.stdout.flush()
            ahead.append(mine.psnr_db[0] > theirs.psnr_db[0] and mine.holes <= theirs.holes)
    assert all(ahead)
