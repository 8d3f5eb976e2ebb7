"""Lightmap UVs: the same surface, within the square, nothing on top of anything else."""

from __future__ import annotations

import dataclasses
import subprocess

import numpy as np
import pytest

from tests.scenes import ball_mesh, box_mesh
from worldgen.geometry.lightmap_uvs import unwrap_for_lightmap


def test_parts_share_the_square_without_overlap() -> None:
    parts = [box_mesh(), ball_mesh(2)]
    ((unwrapped, size),) = unwrap_for_lightmap([parts], [256])
    assert size == 256
    counts = np.zeros((size, size), dtype=int)
    steps = np.stack(np.meshgrid(*[(np.arange(size) + 0.5) / size] * 2), axis=-1).reshape(-1, 2)
    for part, found in zip(parts, unwrapped, strict=True):
        np.testing.assert_array_equal(found.mesh.vertices, part.vertices[found.sources])
        before = np.sort(part.vertices[part.triangles].reshape(-1, 9), axis=0)
        np.testing.assert_array_equal(np.sort(found.mesh.vertices[found.mesh.triangles].reshape(-1, 9), axis=0), before)
        assert found.uvs.min() >= 0.0
        assert found.uvs.max() <= 1.0
        for corners in found.uvs[found.mesh.triangles].astype(np.float64):
            low, high = corners.min(axis=0) - 1.0 / size, corners.max(axis=0) + 1.0 / size
            near = np.flatnonzero(((steps >= low) & (steps <= high)).all(axis=1))
            one, two = corners[1] - corners[0], corners[2] - corners[0]
            area = one[0] * two[1] - one[1] * two[0]
            away = steps[near] - corners[0]
            u = (away[:, 0] * two[1] - away[:, 1] * two[0]) / area
            v = (one[0] * away[:, 1] - one[1] * away[:, 0]) / area
            inside = near[(u > 1e-6) & (v > 1e-6) & (u + v < 1.0 - 1e-6)]
            counts.ravel()[inside] += 1
    assert counts.max() == 1
    assert (counts > 0).mean() > 0.3


def test_same_parts_same_uvs() -> None:
    ((one,), _), ((two,), _) = unwrap_for_lightmap([[ball_mesh(3)], [ball_mesh(3)]], [64, 64])
    np.testing.assert_array_equal(one.uvs, two.uvs)


def test_a_library_that_ends_its_process_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    real, runs = subprocess.run, []

    def run(command: list[str], **options: object) -> object:
        runs.append(command)
        if len(runs) == 1:
            return subprocess.CompletedProcess(command, -11, b"", b"")
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run)
    (((found,), side),) = unwrap_for_lightmap([[box_mesh()]], [32])
    assert (len(runs), side) == (2, 32)
    assert found.mesh.num_triangles == box_mesh().num_triangles


def test_charts_that_do_not_fit_get_a_larger_map() -> None:
    """A hundred boxes have 600 charts or more, which need three texels each way at least with their gutters."""
    boxes = [
        dataclasses.replace(box_mesh(), vertices=box_mesh().vertices + np.float32([3.0 * k, 0.0, 0.0]))
        for k in range(100)
    ]
    ((unwrapped, side),) = unwrap_for_lightmap([boxes], [16])
    assert side in (128, 256)
    assert len(unwrapped) == 100
