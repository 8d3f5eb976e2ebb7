"""How long the CPU rasteriser takes, phase by phase, and what a step of refinement costs.

Run with ``pytest tests/benchmarks/test_rasterizer_speed.py --benchmark-only -s``. Every run adds rows to
``results/rasterizer.csv``. CPU seconds are those of all threads together: on an idle machine with two cores pictures
take a little more than half of them.
"""

from __future__ import annotations

import csv
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import worldgen
from tests.benchmarks.synthetic_splats import splats_in_view
from worldgen.geometry.cameras import panorama_camera, pinhole_camera
from worldgen.rendering.gaussian_rasterizer import bin_cloud, rasterize, rasterize_bins
from worldgen.rendering.picture_loss import make_true_picture, picture_gradients
from worldgen.rendering.splat_gradients import splat_gradients

RESULTS = Path(__file__).parent / "results" / "rasterizer.csv"
CASES = {
    "500k, 512x512": (500_000, 512, 512, 0.15),
    "2M, 1920x1080": (2_000_000, 1080, 1920, 1.5),
    "500k, panorama 1024x512": (500_000, 512, 0, None),
}
"""Splats, rows, columns (0: a panorama), and the seconds that two cores may take."""


@pytest.mark.parametrize("name", CASES)
def test_rasteriser(benchmark: BenchmarkFixture, name: str) -> None:
    count, height, width, allowed = CASES[name]
    cloud = splats_in_view(count, side=0.004 * (500_000 / count) ** 0.5)
    camera = (
        pinhole_camera(np.eye(4), height=height, width=width, horizontal_fov=0.5 * np.pi)
        if width
        else panorama_camera(np.zeros(3), height=height)
    )
    image = benchmark.pedantic(rasterize, args=(cloud, camera), rounds=9, warmup_rounds=2)
    assert image[1].mean() < 0.95
    binning = best_cpu_seconds(lambda: bin_cloud(cloud, camera))
    bins = bin_cloud(cloud, camera)
    blending = best_cpu_seconds(lambda: rasterize_bins(bins, camera))
    best, wall = benchmark.stats.stats.min, benchmark.stats.stats.median
    keep_row(name, wall, binning, blending)
    target = "" if allowed is None else f" of {allowed:.2f} s"
    sys.stdout.write(
        f"\n{name}: {wall:.3f} s{target} wall in the median, {best:.3f} s at best, "
        f"CPU {binning:.3f} s to project, order and bin, {blending:.3f} s to blend\n"
    )
    # Half of the CPU seconds, with a tenth for what does not run in parallel: what an idle pair of cores takes.
    assert allowed is None or 0.55 * (binning + blending) <= allowed


def test_refinement_step(benchmark: BenchmarkFixture) -> None:
    cloud = splats_in_view(500_000, side=0.004)
    camera = pinhole_camera(np.eye(4), height=240, width=320, horizontal_fov=0.5 * np.pi)
    bins = bin_cloud(cloud, camera)
    truth = make_true_picture(np.full((240, 320, 3), 0.5, dtype=np.float32), None)

    def step() -> None:
        splat_gradients(cloud, camera, bins, lambda *images: picture_gradients(*images, truth=truth))

    benchmark.pedantic(step, rounds=5, warmup_rounds=1)
    forward = best_cpu_seconds(lambda: rasterize_bins(bins, camera))
    whole = best_cpu_seconds(step)
    keep_row("derivatives of 500k, 320x240", benchmark.stats.stats.min, forward, whole)
    sys.stdout.write(f"\nderivatives: CPU {whole:.3f} s, {whole / forward:.1f} times the picture's {forward:.3f} s\n")
    assert whole < 12.0 * forward


def best_cpu_seconds(work, rounds: int = 4) -> float:  # type: ignore[no-untyped-def]
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def keep_row(name: str, wall: float, first_cpu: float, second_cpu: float) -> None:
    is_new = not RESULTS.exists()
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(("version", "machine", "threads", "load", "case", "wall_s", "first_cpu_s", "second_cpu_s"))
        threads = os.environ.get("NUMBA_NUM_THREADS", str(os.cpu_count()))
        # Beside other work the wall time says little; the load average tells when.
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
        row = (worldgen.__version__, platform.machine(), threads, load, name)
        writer.writerow((*row, *(f"{value:.4f}" for value in (wall, first_cpu, second_cpu))))
