"""What moving about in a reconstructed panorama shows, beside the truth and beside the field's two usual conversions.

Run with ``pytest tests/benchmarks/test_layered_panorama.py -m slow --benchmark-disable -s``. Variables set what is
measured: ``WORLDGEN_BENCHMARK_ROWS`` the panorama's rows (512; or 1024), ``WORLDGEN_BENCHMARK_DEPTH`` its depth
(``exact``; or ``noisy``), ``WORLDGEN_BENCHMARK_SCENES`` some scenes of the twelve, ``WORLDGEN_BENCHMARK_METRES`` some
of the distances, with commas between, ``WORLDGEN_TRUTH_CACHE`` a folder where true pictures are kept, and
``WORLDGEN_BENCHMARK_KEPT`` one where each scene's scores are, so that a run that was cut off goes on.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tests.benchmarks.layered_methods import BASELINES, OURS, Method, methods_for, stretched_share
from tests.benchmarks.truth_scenes import OFFSETS_M, Truth, TruthOf, scene_names
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import equirectangular_rays, pixels_from_rays
from worldgen.quality.coverage import depth_error_ratio, hole_ratio
from worldgen.quality.images import mean_squared_error, psnr_from_error, ssim
from worldgen.randomness import rng

VIEW_ROWS = 512
SPLATS_PER_PIXEL = 500_000 / (1024 * 512)
MOST_HOLES = 0.001

View = tuple[tuple[float, float, float], Truth, NDArray[np.bool_]]
"""Where it is seen from, the truth there, and which pixels of that the panorama shows too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of one method at one distance: PSNR of all, shown and uncovered pixels, SSIM, holes and wrong depth."""

    psnr_db: tuple[float, float, float]
    ssim: float
    holes: float
    wrong_depth: float

    def cells(self) -> str:
        decibels = " | ".join(f"{value:.2f}" for value in self.psnr_db)
        return f"{decibels} | {self.ssim:.3f} | {100.0 * self.holes:.3f} | {100.0 * self.wrong_depth:.2f}"

    def is_ahead_of(self, other: Score) -> bool:
        return (
            self.psnr_db[0] > other.psnr_db[0]
            and self.ssim > other.ssim
            and self.holes <= other.holes
            and self.wrong_depth < other.wrong_depth
        )


def score(method: Method, views: list[View]) -> Score:
    """Compare a method with the truth in some views."""
    errors: list[list[float]] = [[], [], []]
    similar, holes, wrong = [], [], []
    for offset, truth, shown in views:
        image = method.render(panorama_camera(np.array(offset), height=len(truth.rgb)))
        for kind, mask in enumerate((np.ones_like(shown), shown, ~shown)):
            if mask.any():
                errors[kind].append(mean_squared_error(image.rgb, truth.rgb, mask=mask))
        similar.append(ssim(image.rgb, truth.rgb))
        holes.append(hole_ratio(image.alpha))
        wrong.append(depth_error_ratio(image.euclidean_depth, truth.euclidean_depth))
    all_db, shown_db, uncovered_db = (psnr_from_error(float(np.mean(values))) for values in errors)
    return Score(
        psnr_db=(all_db, shown_db, uncovered_db),
        ssim=float(np.mean(similar)),
        holes=float(np.mean(holes)),
        wrong_depth=float(np.mean(wrong)),
    )


def mean_score(scores: list[Score]) -> Score:
    all_db, shown_db, uncovered_db = (float(np.mean([one.psnr_db[kind] for one in scores])) for kind in range(3))
    return Score(
        psnr_db=(all_db, shown_db, uncovered_db),
        ssim=float(np.mean([one.ssim for one in scores])),
        holes=float(np.mean([one.holes for one in scores])),
        wrong_depth=float(np.mean([one.wrong_depth for one in scores])),
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


def degraded(euclidean_depth: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """Depth as models estimate it: 3 % too far, 5 % off in wide waves, 0.5 % noise, edges blurred over three pixels."""
    random = rng(0, f"degraded depth/{name}")
    height = len(euclidean_depth)
    waves = gaussian_filter(random.normal(size=euclidean_depth.shape), height / 16.0, mode=("nearest", "wrap"))
    waves *= 0.05 / waves.std()
    noise = 0.005 * random.normal(size=euclidean_depth.shape)
    inverse = gaussian_filter(1.0 / euclidean_depth, 1.0, mode=("nearest", "wrap"))
    depth = np.exp(waves + noise) * 1.03 / np.maximum(inverse, 1e-6)
    return np.where(np.isinf(euclidean_depth), np.inf, depth).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneResult:
    """What one scene gave: scores by distance and method, primitives by method, stretched shares of meshes."""

    scores: dict[tuple[float, str], Score]
    sizes: dict[str, int]
    stretched: dict[str, float]


def measured(name: str, rows: int, kind: str, metres: list[float], budget: int) -> SceneResult:
    """Reconstruct one scene in all ways, and look at it."""
    truth = TruthOf(name)
    finer = truth.panorama((0.0, 0.0, 0.0), 1024).euclidean_depth
    spawn = reduced(truth.panorama((0.0, 0.0, 0.0), max(rows, 512)), rows)
    depth = spawn.euclidean_depth if kind == "exact" else degraded(spawn.euclidean_depth, name)
    methods = methods_for(spawn.rgb, depth, budget=budget, is_exact=kind == "exact")
    scores = {}
    for reach in metres:
        views = []
        for offset in OFFSETS_M[reach]:
            there = reduced(truth.panorama(offset, 512), VIEW_ROWS)
            views.append((offset, there, seen_from_spawn(there, offset, spawn.euclidean_depth)))
        for title, method in methods.items():
            scores[reach, title] = score(method, views)
    true_depths = (spawn.euclidean_depth, finer)
    return SceneResult(
        scores=scores,
        sizes={title: method.size for title, method in methods.items()},
        stretched={
            title: stretched_share(method.sheets[0], true_depths) for title, method in methods.items() if method.sheets
        },
    )


def kept_or_made(name: str, rows: int, kind: str, metres: list[float], budget: int) -> SceneResult:
    """A scene's result from the folder that WORLDGEN_BENCHMARK_KEPT names, made and kept there where it is missing."""
    folder = os.environ.get("WORLDGEN_BENCHMARK_KEPT")
    if folder is None:
        return measured(name, rows, kind, metres, budget)
    path = Path(folder) / f"{name.replace(' ', '_')}_{rows}_{kind}_{'_'.join(str(reach) for reach in metres)}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        scores = {(reach, title): Score(**{**one, "psnr_db": tuple(one["psnr_db"])}) for reach, title, one in kept[0]}
        return SceneResult(scores=scores, sizes=kept[1], stretched=kept[2])
    result = measured(name, rows, kind, metres, budget)
    rows_of_scores = [[reach, title, asdict(one)] for (reach, title), one in result.scores.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([rows_of_scores, result.sizes, result.stretched]))
    return result


@pytest.mark.slow
@pytest.mark.timeout(14400)
def test_layers_beside_the_usual_conversions() -> None:
    rows, kind = (
        int(os.environ.get("WORLDGEN_BENCHMARK_ROWS", "512")),
        os.environ.get("WORLDGEN_BENCHMARK_DEPTH", "exact"),
    )
    names = scene_names()
    if "WORLDGEN_BENCHMARK_SCENES" in os.environ:
        names = tuple(os.environ["WORLDGEN_BENCHMARK_SCENES"].split(","))
    metres = [float(text) for text in os.environ.get("WORLDGEN_BENCHMARK_METRES", "0.5,1,2").split(",")]
    budget = min(500_000, int(SPLATS_PER_PIXEL * 2 * rows * rows))
    _say(f"\n{rows} rows, {kind} depth, at most {budget} splats or triangles; views of {VIEW_ROWS} rows\n")
    titles = "| scene | m | method | PSNR | shown | uncovered | SSIM | holes % | wrong depth % |"
    _say(titles + "\n" + 9 * "|---" + "|")
    every: dict[tuple[float, str], list[Score]] = defaultdict(list)
    sizes: dict[str, list[int]] = defaultdict(list)
    stretched: dict[str, list[float]] = defaultdict(list)
    for name in names:
        result = kept_or_made(name, rows, kind, metres, budget)
        for title, size in result.sizes.items():
            sizes[title].append(size)
        for title, share in result.stretched.items():
            stretched[title].append(share)
        for (reach, title), one in result.scores.items():
            every[reach, title].append(one)
            _say(f"| {name} | {reach} | {title} | {one.cells()} |")
    for (reach, title), scores in every.items():
        _say(f"| mean of {len(names)} | {reach} | {title} | {mean_score(scores).cells()} |")
    for title, counts in sizes.items():
        area = f", stretched {100.0 * np.mean(stretched[title]):.3f} % of the view" if stretched[title] else ""
        _say(f"{title}: {np.mean(counts):.0f} on average, {max(counts)} at most{area}")
    assert all(max(sizes[title]) <= budget for title in OURS)
    for reach in (reach for reach in metres if reach >= 1.0):
        for ours in OURS:
            assert max(one.holes for one in every[reach, ours]) <= MOST_HOLES
            for baseline in BASELINES:
                mine, theirs = mean_score(every[reach, ours]), mean_score(every[reach, baseline])
                assert mine.is_ahead_of(theirs), f"{ours} beside {baseline} at {reach} m: {mine} and {theirs}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
