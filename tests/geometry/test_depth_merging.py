from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.frames import yaw_rotation
from worldgen.geometry.cameras import pixel_rays_in_world
from worldgen.geometry.depth_alignment import DepthKind, ViewDepth, align_views, overlapping_cameras
from worldgen.geometry.depth_merging import blend_views, merge_views, solve_screened
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.randomness import rng
from worldgen.scene.camera import Camera

HEIGHT = 128
OUTLIERS = (3, 9)


def true_depth(rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """A room of 8 x 3.2 x 11 m around the camera, with a ball."""
    with np.errstate(divide="ignore"):
        walls = np.min(np.array([4.0, 1.6, 5.5]) / np.abs(rays), axis=-1)
    center = np.array([1.2, -0.6, -2.4])
    toward = rays @ center
    with np.errstate(invalid="ignore"):
        ball = toward - np.sqrt(0.49 - (center @ center - toward**2))
    return np.where(np.isfinite(ball) & (toward > 0.0), np.minimum(ball, walls), walls)


def open_depth(rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level ground, an upright ring of hills 400 m away, a wall of 5 m on one side, and the sky."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ground = np.where(rays[..., 1] < 0.0, -1.6 / rays[..., 1], np.inf)
        hills = 400.0 / np.hypot(rays[..., 0], rays[..., 2])
        hills = np.where(hills * rays[..., 1] < 60.0, hills, np.inf)
        wall = np.where(rays[..., 0] > 0.0, 6.0 / rays[..., 0], np.inf)
        wall = np.where(wall * rays[..., 1] < 3.4, wall, np.inf)
    return np.minimum(np.minimum(ground, hills), wall)


def views_of(
    kind: DepthKind,
    *,
    noise: float,
    outliers: tuple[int, ...] = (),
    size_px: int = 96,
    scene: Callable[[NDArray[np.float64]], NDArray[np.float64]] = true_depth,
) -> list[ViewDepth]:
    random = rng(0, f"views/{kind}")
    views = []
    for index, camera in enumerate(overlapping_cameras(size_px=size_px)):
        rays = pixel_rays_in_world(camera)
        z_depth = scene(rays) * (rays @ -camera.world_from_camera[:3, 2])
        is_sky = np.isinf(z_depth)
        z_depth = z_depth * (1.0 + noise * random.normal(size=z_depth.shape))
        scale, shift = float(np.exp(random.uniform(-0.7, 0.7))), float(random.uniform(-0.3, 0.3))
        if kind == "metric":
            values = z_depth * random.uniform(0.8, 1.25)
        else:
            values = scale * (1.0 / z_depth if kind == "disparity" else z_depth) + shift
        if index in outliers:
            ramp = np.linspace(0.2, 3.0, size_px)
            values = np.broadcast_to(ramp[None] if index % 2 else ramp[::-1, None], z_depth.shape)
        values = np.where(is_sky, np.nan, values)
        views.append(
            ViewDepth(
                camera=camera, values=values.astype(np.float32), confidence=np.ones(z_depth.shape, dtype=np.float32)
            )
        )
    return views


def relative_error(depth: NDArray[np.float32], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.abs(depth * np.median(truth / depth) / truth - 1.0))


def test_the_views_cover_the_sphere_more_than_once() -> None:
    rays = equirectangular_rays(48).reshape(-1, 3)
    hits = np.zeros(len(rays), dtype=int)
    for camera in overlapping_cameras(size_px=64):
        local = rays @ camera.world_from_camera[:3, :3]
        hits += (-local[:, 2] > 0.0) & (np.abs(local[:, :2]).max(axis=1) < 1.09 * -local[:, 2])
    assert hits.min() >= 2
    assert hits.mean() > 3.5


@pytest.mark.parametrize("kind", ["disparity", "relative", "metric"])
def test_random_scales_shifts_noise_and_outliers_are_undone(kind: DepthKind) -> None:
    truth = true_depth(equirectangular_rays(HEIGHT))
    depth, weight = merge_views(views_of(kind, noise=0.03, outliers=OUTLIERS), kind, height=HEIGHT)
    assert weight.min() > 0.0
    error = relative_error(depth, truth)
    area = np.sin((np.arange(HEIGHT) + 0.5) / HEIGHT * math.pi)[:, None] * np.ones_like(error)
    assert np.average(error, weights=area) <= 0.02
    steps = np.abs(np.diff(np.log(depth), axis=1))
    seam = np.abs(np.log(depth[:, 0]) - np.log(depth[:, -1]))
    assert seam.mean() <= 1.2 * np.percentile(steps.mean(axis=0), 75)
    for pole in (depth[0], depth[-1]):
        assert pole.std() / pole.mean() < 0.02


@pytest.mark.parametrize("kind", ["disparity", "relative", "metric"])
def test_open_worlds_come_back_too(kind: DepthKind) -> None:
    """Depths from one to hundreds of metres, a sky of which no view says anything, and views of nothing but sky."""
    truth = open_depth(equirectangular_rays(HEIGHT))
    solid = np.isfinite(truth)
    views = views_of(kind, noise=0.03, outliers=OUTLIERS, scene=open_depth)
    assert any(np.isnan(view.values).all() for view in views)
    assert set(OUTLIERS) <= set(np.flatnonzero(align_views(views, kind).weights == 0.0))
    depth, _ = merge_views(views, kind, height=HEIGHT)
    assert np.isfinite(depth).all()
    ratio = np.where(solid, depth, 1.0) / np.where(solid, truth, 1.0)
    error = np.abs(ratio / np.median(ratio[solid]) - 1.0)
    area = np.sin((np.arange(HEIGHT) + 0.5) / HEIGHT * math.pi)[:, None] * np.ones_like(error)
    assert np.average(error[solid], weights=area[solid]) <= 0.02


@pytest.mark.parametrize("kind", ["disparity", "relative", "metric"])
@pytest.mark.parametrize("quarters", [1, 2])
def test_the_seam_is_a_place_like_any_other(kind: DepthKind, quarters: int) -> None:
    """Views turned about the vertical give the same depth turned: nothing depends on where the panorama is cut."""
    views = views_of(kind, noise=0.03, outliers=OUTLIERS)
    turn = np.eye(4)
    turn[:3, :3] = yaw_rotation(quarters * 0.5 * math.pi)
    turned = [
        replace(view, camera=replace(view.camera, world_from_camera=turn @ view.camera.world_from_camera))
        for view in views
    ]
    alignment = align_views(views, kind)
    depth, _ = blend_views(views, alignment, kind, height=HEIGHT)
    again, _ = blend_views(turned, alignment, kind, height=HEIGHT)
    np.testing.assert_allclose(np.roll(again, quarters * HEIGHT // 2, axis=1), depth, rtol=1e-4)


def test_outliers_are_found_and_only_they() -> None:
    alignment = align_views(views_of("disparity", noise=0.03, outliers=OUTLIERS), "disparity")
    assert tuple(np.flatnonzero(alignment.weights == 0.0)) == OUTLIERS


def test_perfect_metric_views_keep_their_metres() -> None:
    views = [
        ViewDepth(
            camera=camera,
            values=(true_depth(rays) * (rays @ -camera.world_from_camera[:3, 2])).astype(np.float32),
            confidence=np.ones((96, 96), dtype=np.float32),
        )
        for camera in overlapping_cameras(size_px=96)
        for rays in [pixel_rays_in_world(camera)]
    ]
    depth, _ = merge_views(views, "metric", height=HEIGHT)
    assert np.abs(np.median(depth / true_depth(equirectangular_rays(HEIGHT))) - 1.0) < 0.005


def test_the_solver_returns_what_the_differences_came_from() -> None:
    rays = equirectangular_rays(64)
    wanted = rays[..., 0] + 0.5 * rays[..., 1] * rays[..., 2]
    across = np.roll(wanted, -1, axis=1) - wanted
    down = np.zeros_like(wanted)
    down[:-1] = wanted[1:] - wanted[:-1]
    assert np.abs(solve_screened(wanted, across, down) - wanted).max() < 1e-9
    # Differences alone fix everything but the mean, whatever the seam's column.
    vague = np.full_like(wanted, wanted.mean())
    solved = solve_screened(vague, across, down, screening=1e-4)
    assert np.abs(solved - wanted - (solved - wanted).mean()).max() < 1e-5
    turned = solve_screened(np.roll(vague, 9, axis=1), np.roll(across, 9, axis=1), np.roll(down, 9, axis=1))
    assert np.abs(np.roll(turned, -9, axis=1) - solve_screened(vague, across, down)).max() < 1e-12


def test_what_no_view_sees_is_filled_without_a_step() -> None:
    views = [view for view in views_of("metric", noise=0.0) if view.camera.world_from_camera[1, 2] > -0.5]
    depth, weight = merge_views(views, "metric", height=HEIGHT)
    assert (weight == 0.0).any()
    assert np.isfinite(depth).all()
    assert depth.max() < 20.0


def test_wrong_input_is_refused() -> None:
    views = views_of("metric", noise=0.0, size_px=16)
    with pytest.raises(InvalidInputError, match="two views"):
        align_views(views[:1], "metric")
    with pytest.raises(InvalidInputError, match="overlap"):
        align_views([views[0], views[3]], "metric")
    camera = views[0].camera
    moved = np.array(camera.world_from_camera)
    moved[0, 3] = 1.0
    off = Camera(intrinsics_px=np.array(camera.intrinsics_px), world_from_camera=moved, height=16, width=16)
    with pytest.raises(InvalidInputError, match="origin"):
        ViewDepth(camera=off, values=np.array(views[0].values), confidence=np.array(views[0].confidence))


def merged_or_refused(views: list[ViewDepth]) -> NDArray[np.float32] | str:
    """The depth, or why there is none."""
    try:
        return merge_views(views, "disparity", height=32)[0]
    except InvalidInputError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(6))
def test_views_that_agree_on_nothing_give_a_finite_depth_or_one_clear_sentence(seed: int) -> None:
    """Each tells of a wall of its own, most of it at infinity: what an untrained network answers."""
    generator = rng(seed, "nonsense")
    views = [
        ViewDepth(
            camera=camera,
            values=np.maximum(generator.normal(-0.3, 0.3, (32, 32)), 0.0).astype(np.float32),
            confidence=np.ones((32, 32), dtype=np.float32),
        )
        for camera in overlapping_cameras(size_px=32, field_of_view=math.radians(95.0))
    ]
    result = merged_or_refused(views)
    if isinstance(result, str):
        assert "agree" in result
    else:
        assert (np.isfinite(result) & (result > 0.0)).all()
