"""Levels of detail: nested, spread over all that is seen, without gaps, spent where there is something to see."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest

from tests.splat_clouds import random_cloud
from worldgen.activations import sh_dc_from_colors
from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.geometry.splat_levels import USUAL_EYE, importance_order, prefix_widening, thinned
from worldgen.geometry.splat_transforms import take_gaussians
from worldgen.quality.images import psnr
from worldgen.randomness import rng
from worldgen.rendering.splats import render_splats
from worldgen.scene.gaussian_cloud import GaussianCloud

SIDE = 96


@pytest.fixture(scope="module")
def wall() -> GaussianCloud:
    """An opaque wall 5 m ahead, its left half of one colour, its right half of random ones."""
    step = 8.0 / SIDE
    x, y = np.meshgrid((np.arange(SIDE) + 0.5) * step - 4.0, (np.arange(SIDE) + 0.5) * step - 4.0 + USUAL_EYE[1])
    means = np.stack([x.ravel(), y.ravel(), np.full(x.size, -5.0)], axis=1)
    colors = np.where(means[:, :1] < 0.0, 0.5, rng(3, "wall").uniform(0.35, 0.65, (x.size, 3)))
    return GaussianCloud(
        means=means.astype(np.float32),
        quats_wxyz=np.tile(np.array([[1.0, 0.0, 0.0, 0.0]], np.float32), (x.size, 1)),
        scales=np.tile(np.array([[0.6 * step, 0.6 * step, 0.001]], np.float32), (x.size, 1)),
        opacities=np.full(x.size, 0.97, np.float32),
        sh_dc=sh_dc_from_colors(colors.astype(np.float32)),
        sh_rest=np.zeros((x.size, 0, 3), np.float32),
    )


def look(cloud: GaussianCloud):  # type: ignore[no-untyped-def]
    eye = np.array(USUAL_EYE)
    camera = pinhole_camera_at(eye, eye + np.array([0.0, 0.0, -1.0]), height=64, width=64, horizontal_fov=1.2)
    return render_splats(cloud, camera)


@pytest.mark.parametrize("count", [0, 1, 2, 700])
def test_every_splat_has_one_place(count: int) -> None:
    order = importance_order(random_cloud(count, seed=5))
    assert sorted(order.tolist()) == list(range(count))


def test_thinned_clouds_are_beginnings_of_the_order(wall: GaussianCloud) -> None:
    order = importance_order(wall)
    for budget in (1, 2, 77, 1000, 5000):
        few = thinned(wall, budget)
        assert 0.9 * budget - 1 <= few.num_gaussians <= budget
        assert np.array_equal(few.means, wall.means[order[: few.num_gaussians]])
    assert thinned(wall, wall.num_gaussians) is wall


@pytest.mark.parametrize(("share", "holes"), [(3, 0.0), (10, 0.03)])
def test_no_holes_open(wall: GaussianCloud, share: int, holes: float) -> None:
    budget = wall.num_gaussians // share
    first = take_gaussians(wall, importance_order(wall)[:budget])
    assert (look(first).alpha < 0.5).mean() > 0.05, "without growth there would be many"
    assert (look(thinned(wall, budget)).alpha < 0.5).mean() <= holes
    widening = np.float32(prefix_widening(budget, wall.num_gaussians))
    widened = dataclasses.replace(first, scales=first.scales * widening)
    assert (look(widened).alpha < 0.5).mean() <= holes + 0.12


def test_detail_gets_more_splats_and_the_plain_stays_plain(wall: GaussianCloud) -> None:
    few = thinned(wall, wall.num_gaussians // 3)
    plain = few.means[:, 0] < 0.0
    assert (~plain).sum() > 1.5 * plain.sum()
    image, whole = look(few).rgb, look(wall).rgb
    assert np.abs(image[8:-8, 8:28] - 0.5).mean() < 0.05
    apart = take_gaussians(wall, np.arange(0, wall.num_gaussians, 3))
    assert psnr(image, whole) > psnr(look(apart).rgb, whole) + 1.0


def test_colours_go_towards_the_mean_of_what_is_left_out(wall: GaussianCloud) -> None:
    few = thinned(wall, wall.num_gaussians // 10)
    own = wall.sh_dc[importance_order(wall)[: few.num_gaussians]]
    plain = few.means[:, 0] < -0.2
    assert np.abs(few.sh_dc[plain] - own[plain]).max() < 1e-5, "all are of one colour there"
    assert few.sh_dc[~plain].std() < 0.8 * own[~plain].std()
    whole = look(wall).rgb
    gain = psnr(look(few).rgb, whole) - psnr(look(dataclasses.replace(few, sh_dc=own)).rgb, whole)
    assert gain > 1.0


def test_cover_is_kept(wall: GaussianCloud) -> None:
    few = thinned(wall, 5000)
    areas = [float((cloud.scales[:, 0] * cloud.scales[:, 1] * cloud.opacities).sum()) for cloud in (wall, few)]
    assert areas[1] == pytest.approx(areas[0], rel=0.15)


def test_the_same_for_any_number_of_threads(wall: GaussianCloud) -> None:
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        single = importance_order(wall)
    finally:
        numba.set_num_threads(threads)
    assert np.array_equal(single, importance_order(wall))


def test_no_budget_is_told(wall: GaussianCloud) -> None:
    with pytest.raises(InvalidInputError, match="budget"):
        thinned(wall, 0)
