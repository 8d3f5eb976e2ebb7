"""Transforms of Gaussian clouds: group laws, colours that turn along, and orders."""

from __future__ import annotations

import numpy as np
import pytest

from tests.exporters.clouds import colors_seen, covariances, gaussian_cloud
from worldgen.errors import InvalidInputError
from worldgen.frames import matrices_from_quats
from worldgen.geometry.splat_transforms import (
    concatenate_gaussians,
    importance_order,
    morton_order,
    take_gaussians,
    transform_gaussians,
    with_sh_degree,
)
from worldgen.randomness import rng

QUAT = np.array([[0.5, -0.1, 0.7, 0.3]])
TURN = matrices_from_quats(QUAT / np.linalg.norm(QUAT))[0]
MIRROR = np.diag([1.0, -1.0, 1.0])


@pytest.mark.parametrize("matrix", [TURN, MIRROR, TURN @ MIRROR])
def test_positions_shapes_and_colours_turn_together(matrix: np.ndarray) -> None:
    cloud = gaussian_cloud(1, 60, 3)
    turned = transform_gaussians(cloud, matrix, scale=2.0, translation=(1.0, 2.0, 3.0))
    np.testing.assert_allclose(turned.means, 2.0 * cloud.means @ matrix.T + (1.0, 2.0, 3.0), atol=1e-4)
    expected = 4.0 * matrix @ covariances(cloud) @ matrix.T
    size = np.abs(expected).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(covariances(turned) / size, expected / size, atol=1e-5)
    direction = np.array([0.48, -0.6, 0.64])
    seen = colors_seen(turned.sh_dc, turned.sh_rest, matrix @ direction)
    np.testing.assert_allclose(seen, colors_seen(cloud.sh_dc, cloud.sh_rest, direction), atol=1e-5)
    np.testing.assert_array_equal(turned.opacities, cloud.opacities)


def test_there_and_back() -> None:
    cloud = gaussian_cloud(2, 60, 2)
    back = transform_gaussians(transform_gaussians(cloud, TURN), TURN.T)
    np.testing.assert_allclose(back.means, cloud.means, atol=2e-5)
    np.testing.assert_allclose(back.sh_rest, cloud.sh_rest, atol=2e-6)
    np.testing.assert_allclose(np.abs((back.quats_wxyz * cloud.quats_wxyz).sum(axis=1)), 1.0, atol=1e-6)


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.eye(3) * 2.0, np.eye(4), np.full((3, 3), np.nan)])
def test_only_orthogonal_matrices(matrix: np.ndarray) -> None:
    with pytest.raises(InvalidInputError):
        transform_gaussians(gaussian_cloud(3, 2, 0), matrix)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.nan])
def test_only_positive_scales(scale: float) -> None:
    with pytest.raises(InvalidInputError):
        transform_gaussians(gaussian_cloud(3, 2, 0), np.eye(3), scale=scale)


def test_degrees_are_cut_and_filled() -> None:
    cloud = gaussian_cloud(4, 10, 2)
    assert with_sh_degree(cloud, 2) is cloud
    lower, higher = with_sh_degree(cloud, 1), with_sh_degree(cloud, 3)
    np.testing.assert_array_equal(lower.sh_rest, cloud.sh_rest[:, :3])
    np.testing.assert_array_equal(higher.sh_rest[:, :8], cloud.sh_rest)
    assert not higher.sh_rest[:, 8:].any()
    with pytest.raises(InvalidInputError):
        with_sh_degree(cloud, 4)


def test_clouds_are_put_together() -> None:
    first, second = gaussian_cloud(5, 10, 1), gaussian_cloud(6, 5, 3)
    both = concatenate_gaussians([first, second])
    assert (both.num_gaussians, both.sh_degree) == (15, 3)
    np.testing.assert_array_equal(take_gaussians(both, slice(10, 15)).sh_rest, second.sh_rest)
    np.testing.assert_array_equal(take_gaussians(both, np.arange(15) < 10).means, first.means)
    with pytest.raises(InvalidInputError):
        concatenate_gaussians([])


def test_morton_order_keeps_neighbours_together() -> None:
    points = rng(7, "test/points").uniform(-50.0, 50.0, (4000, 3)).astype(np.float32)
    order = morton_order(points)
    np.testing.assert_array_equal(np.sort(order), np.arange(4000))
    step = np.linalg.norm(np.diff(points[order], axis=0), axis=1).mean()
    assert step < 0.25 * np.linalg.norm(np.diff(points, axis=0), axis=1).mean()
    corners = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=np.float32)
    np.testing.assert_array_equal(morton_order(corners), np.arange(8))
    np.testing.assert_array_equal(morton_order(np.ones((5, 3), dtype=np.float32)), np.arange(5))
    assert len(morton_order(points[:0])) == 0


def test_importance_puts_the_large_and_opaque_first() -> None:
    cloud = gaussian_cloud(8, 100, 0)
    weight = (np.prod(cloud.scales.astype(np.float64), axis=1) * cloud.opacities)[importance_order(cloud)]
    assert (np.diff(weight) <= 0.0).all()
