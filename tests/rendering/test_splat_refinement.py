"""Refining colours brings renders closer to the pictures, also to those that were not used."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.analytic_views import BALL, BALL_CENTER, BALL_RADIUS, analytic_stations, analytic_view
from tests.splat_clouds import FIELDS
from worldgen.geometry.cameras import camera_position, pinhole_camera_at, pixel_rays_in_world
from worldgen.geometry.fusion import fuse_views
from worldgen.geometry.splat_construction import build_splats
from worldgen.quality.images import psnr
from worldgen.rendering import splat_refinement
from worldgen.rendering.splat_refinement import Pictures, refine_colors
from worldgen.rendering.splats import render_splats
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.view import View

EYES = ((0.0, 1.7, 0.0), (1.5, 1.7, -1.0))


@pytest.fixture(scope="module")
def world() -> tuple[GaussianCloud, Pictures]:
    views, colors = analytic_stations(*EYES, face_px=96)
    cloud = build_splats(fuse_views(views, colors), budget=15_000)
    cameras = [view.camera for view in views]
    return cloud, [(camera, color) for camera, color in zip(cameras, colors, strict=True) if isinstance(camera, Camera)]


def error(cloud: GaussianCloud, eye: tuple[float, float, float]) -> float:
    """Over what the pictures show, in decibels: what stands behind the ball for both stations is anyone's guess."""
    camera = pinhole_camera_at(np.array(eye), np.array([0.0, 1.0, -5.0]), height=60, width=80, horizontal_fov=1.4)
    truth = analytic_view(camera)
    known = np.logical_or.reduce([is_seen_from(np.array(station), truth) for station in EYES])
    assert known.mean() > 0.9
    return -psnr(render_splats(cloud, camera).rgb, truth.radiance, mask=known)


def is_seen_from(station: NDArray[np.float64], view: View) -> NDArray[np.bool_]:
    """Which pixels (H, W) show what a station sees too, by formula."""
    depth = np.minimum(view.buffers.euclidean_depth.astype(np.float64), 1e5)
    points = camera_position(view.camera) + pixel_rays_in_world(view.camera) * depth[..., None]
    ways = points - station
    lengths = np.linalg.norm(ways, axis=-1)
    along = np.clip((ways @ (BALL_CENTER - station)) / lengths, 0.0, lengths)
    nearest = station + ways * (along / lengths)[..., None]
    is_free = np.linalg.norm(nearest - BALL_CENTER, axis=-1) > BALL_RADIUS
    faces_it = (view.buffers.normals * -ways).sum(axis=-1) > 0.0
    return np.where(view.buffers.labels == BALL, faces_it, is_free)


@pytest.mark.parametrize(("eye", "gain_db"), [(EYES[0], 0.6), (EYES[1], 1.2), ((-0.8, 1.7, 0.4), 0.2)])
def test_pictures_get_closer_with_every_iteration(world, eye, gain_db: float) -> None:  # type: ignore[no-untyped-def]
    cloud, pictures = world
    before = error(cloud, eye)
    once = error(refine_colors(cloud, pictures, iterations=1), eye)
    twice = error(refine_colors(cloud, pictures, iterations=2), eye)
    assert twice < once < before
    assert twice < before - gain_db


@pytest.mark.parametrize("kept_bytes", [0, 300_000, 400_000_000])
def test_bins_kept_for_the_next_iteration_change_nothing(world, kept_bytes, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    cloud, pictures = world
    one_by_one = refine_colors(refine_colors(cloud, pictures, iterations=1), pictures, iterations=1)
    monkeypatch.setattr(splat_refinement, "_MOST_KEPT_BYTES", kept_bytes)
    assert refine_colors(cloud, pictures, iterations=2).sh_dc.tobytes() == one_by_one.sh_dc.tobytes()


def test_only_colors_change(world) -> None:  # type: ignore[no-untyped-def]
    cloud, pictures = world
    refined = refine_colors(cloud, pictures, iterations=1)
    for name in FIELDS:
        same = np.array_equal(getattr(cloud, name), getattr(refined, name))
        assert same == (name != "sh_dc"), name


def test_perfect_pictures_change_next_to_nothing(world) -> None:  # type: ignore[no-untyped-def]
    cloud, pictures = world
    own = [(camera, render_splats(cloud, camera).rgb) for camera, _ in pictures[:6]]
    refined = refine_colors(cloud, own, iterations=1, order_by="axis")
    assert np.quantile(np.abs(refined.sh_dc - cloud.sh_dc), 0.99) < 0.02


def test_same_bytes_whatever_the_number_of_threads(world) -> None:  # type: ignore[no-untyped-def]
    cloud, pictures = world
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        single = refine_colors(cloud, pictures[:6], iterations=1)
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        double = refine_colors(cloud, pictures[:6], iterations=1)
    finally:
        numba.set_num_threads(threads)
    assert single.sh_dc.tobytes() == double.sh_dc.tobytes()
