"""Fitting splats to the pictures that they were made from: truer from elsewhere too, the same for any threads."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from tests.analytic_views import analytic_stations, analytic_view
from tests.splat_clouds import FIELDS
from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.geometry.fusion import fuse_views
from worldgen.geometry.splat_construction import build_splats
from worldgen.randomness import rng
from worldgen.rendering.splat_fitting import fit_splats
from worldgen.rendering.splat_refinement import Pictures, refine_colors
from worldgen.rendering.splat_training import RefinementView, views_psnr
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud

World = tuple[GaussianCloud, Pictures, list[RefinementView]]


@pytest.fixture(scope="module")
def world() -> World:
    stations, colors = analytic_stations((0.0, 1.7, 0.0), face_px=64)
    cloud = build_splats(fuse_views(stations, colors), budget=5000)
    pictures, views = [], []
    for view, color in zip(stations, colors, strict=True):
        if isinstance(view.camera, Camera):
            pictures.append((view.camera, color))
            depth = view.buffers.euclidean_depth
            views.append(RefinementView(camera=view.camera, rgb=color, euclidean_depth=depth))
    return cloud, pictures, views


def elsewhere() -> list[RefinementView]:
    random = rng(5, "elsewhere")
    made = []
    for _ in range(6):
        eye = np.array([random.uniform(-0.8, 0.8), 1.7, random.uniform(-0.8, 0.8)])
        target = eye + np.array([random.uniform(-1.0, 1.0), -0.2, -1.0])
        camera = pinhole_camera_at(eye, target, height=48, width=64, horizontal_fov=1.4)
        made.append(RefinementView(camera=camera, rgb=analytic_view(camera).radiance))
    return made


def test_fitted_splats_are_truer_from_elsewhere(world: World) -> None:
    cloud, pictures, views = world
    others = elsewhere()
    colored = views_psnr(refine_colors(cloud, pictures), others)
    fitted = fit_splats(cloud, pictures, views, steps=40)
    assert views_psnr(fitted, others) > colored + 0.3
    assert fitted.num_gaussians == cloud.num_gaussians


def test_no_steps_are_colours_alone(world: World) -> None:
    cloud, pictures, views = world
    fitted, colored = fit_splats(cloud, pictures, views, steps=0), refine_colors(cloud, pictures)
    for name in FIELDS:
        assert np.array_equal(getattr(fitted, name), getattr(colored, name)), name


def test_same_bytes_whatever_the_number_of_threads(world: World) -> None:
    cloud, pictures, views = world
    threads = numba.get_num_threads()
    results = []
    try:
        for count in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(count)
            results.append(fit_splats(cloud, pictures, views, steps=5))
    finally:
        numba.set_num_threads(threads)
    for name in FIELDS:
        assert getattr(results[0], name).tobytes() == getattr(results[1], name).tobytes(), name
