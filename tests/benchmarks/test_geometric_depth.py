"""How far the embedded depth is from the truth, on path traced panoramas.

Run with ``pytest tests/benchmarks/test_geometric_depth.py -m slow --benchmark-disable -s``.
``WORLDGEN_BENCHMARK_PROMPTS=3`` measures the first three panoramas only.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.benchmarks.truth_panoramas import HEIGHT, chosen_prompts, truth_panorama
from worldgen.backends.depth import DepthRequest
from worldgen.backends.geometric_depth import GeometricDepth
from worldgen.events import RunContext
from worldgen.quality.depth_errors import DepthErrors, compare_depth


def estimated(picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    request = DepthRequest(
        rgb=picture, known=np.ones(picture.shape[:2], dtype=bool), camera_height=None, camera_from_level=np.eye(3)
    )
    estimate = GeometricDepth()(request, RunContext())
    return estimate.euclidean_depth, estimate.confidence


def flat_ground() -> NDArray[np.float32]:
    """The baseline: a level ground within an upright wall twenty camera heights away, all around."""
    polar = (np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi
    with np.errstate(divide="ignore"):
        ground = np.where(polar > np.pi / 2, -1.0 / np.cos(polar), np.inf)
    depth = np.minimum(ground, 20.0 / np.sin(polar))
    return np.repeat(depth[:, None], 2 * HEIGHT, axis=1).astype(np.float32)


@pytest.mark.slow
def test_errors_of_the_geometric_backend() -> None:
    rows: list[tuple[str, DepthErrors, DepthErrors]] = []
    for prompt in chosen_prompts():
        truth = truth_panorama(prompt)
        depth, confidence = estimated(truth.picture)
        ours = compare_depth(depth * np.float32(truth.eye_height_m), truth.euclidean_depth, confidence)
        flat = compare_depth(flat_ground() * np.float32(truth.eye_height_m), truth.euclidean_depth)
        rows.append((prompt, ours, flat))
        sys.stdout.write(f"\n| {prompt} | {ours.row} | {flat.row} |")
        sys.stdout.flush()
    mean = [DepthErrors.mean([row[k] for row in rows]) for k in (1, 2)]  # type: ignore[misc]
    sys.stdout.write(f"\n| mean | {mean[0].row} | {mean[1].row} |\n")
    assert mean[0].edge_f1 > mean[1].edge_f1
    assert mean[0].sky_overlap > 0.8
    assert mean[0].sure_relative < 0.5 * mean[0].relative
