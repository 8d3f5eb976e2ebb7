"""Camera paths: orbits close and look inwards, splines pass their keyframes smoothly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.errors import InvalidInputError
from worldgen.frames import look_at
from worldgen.geometry.camera_paths import orbit_poses, spline_poses


def test_an_orbit_keeps_its_distance_and_looks_at_its_centre() -> None:
    eye, center = np.array([3.0, 2.0, 1.0]), np.array([1.0, 1.0, -1.0])
    poses = np.array(orbit_poses(eye, center, 24))
    np.testing.assert_allclose(poses[0], look_at(eye, center))
    arms = poses[:, :3, 3] - center
    np.testing.assert_allclose(np.linalg.norm(arms, axis=1), 3.0)
    np.testing.assert_allclose(-poses[:, :3, 2], -arms / 3.0, atol=1e-12)
    azimuths = np.unwrap(np.arctan2(-arms[:, 2], arms[:, 0]))
    np.testing.assert_allclose(np.diff(azimuths), 2.0 * math.pi / 24)
    with pytest.raises(InvalidInputError, match="beside its centre"):
        orbit_poses(np.array([0.0, 5.0, 0.0]), np.zeros(3), 4)


def test_a_spline_passes_its_keyframes_at_their_times() -> None:
    eyes = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [1.0, 2.0, -3.0]])
    targets = eyes + np.array([[0.0, 0.0, -5.0], [2.0, 0.0, -5.0], [0.0, -1.0, -5.0]])
    poses = spline_poses(eyes, targets, 9, [0.0, 1.0, 4.0])
    for index, keyframe in ((0, 0), (2, 1), (8, 2)):
        np.testing.assert_allclose(poses[index], look_at(eyes[keyframe], targets[keyframe]), atol=1e-12)


def test_a_spline_without_times_starts_and_ends_at_rest() -> None:
    eyes = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 0.0], [1.5, 1.0, -2.0]])
    poses = np.array(spline_poses(eyes, eyes + np.array([0.0, 0.0, -8.0]), 101))
    steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    assert steps[0] < 0.1 * steps.max()
    assert steps[-1] < 0.1 * steps.max()
    assert np.abs(np.diff(steps)).max() < 0.1 * steps.max(), "no jumps in speed"
    turns = np.einsum("nij,nij->n", poses[1:, :3, :3], poses[:-1, :3, :3])
    assert (turns > 2.999).all()


@pytest.mark.parametrize("times", [[0.0, 0.0, 1.0], [0.0, 1.0], [2.0, 1.0, 3.0], [0.0, math.nan, 1.0]])
def test_times_must_ascend(times: list[float]) -> None:
    eyes = np.eye(3)
    with pytest.raises(InvalidInputError, match="ascend"):
        spline_poses(eyes, eyes - 5.0, 4, times)
