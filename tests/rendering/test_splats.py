"""Pictures of splats: backgrounds, depth, silhouettes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.splat_clouds import join, one_splat, random_cloud, reference_render
from worldgen.geometry.cameras import panorama_camera, pinhole_camera
from worldgen.rendering.gsplat_kernels import has_gsplat
from worldgen.rendering.splats import render_splats
from worldgen.scene.camera import AnyCamera


def test_background_shows_where_no_splat_is() -> None:
    camera = pinhole_camera(np.eye(4), height=32, width=48, horizontal_fov=1.2)
    image = render_splats(one_splat((0.0, 0.0, -2.0)), camera, background=(0.2, 0.4, 0.6))
    assert image.rgb.shape == (32, 48, 3)
    assert np.allclose(image.rgb[0, 0], (0.2, 0.4, 0.6))
    assert image.alpha[0, 0] == 0.0
    assert np.isinf(image.euclidean_depth[0, 0])
    assert image.alpha[16, 24] > 0.8
    assert image.euclidean_depth[16, 24] == pytest.approx(2.0, rel=1e-4)


def test_colour_is_mixed_over_the_background_by_alpha() -> None:
    camera = panorama_camera(np.zeros(3), height=32)
    cloud = random_cloud(200)
    black, white = render_splats(cloud, camera), render_splats(cloud, camera, background=(1.0, 1.0, 1.0))
    gain = (1.0 - black.alpha)[..., None]
    assert np.abs(np.clip(black.rgb + gain, 0.0, 1.0) - white.rgb).max() < 2e-2
    assert np.array_equal(black.alpha, white.alpha)


@pytest.mark.parametrize("camera", [pinhole_camera(np.eye(4), height=24, width=24, horizontal_fov=2.0)])
def test_results_are_in_range(camera) -> None:  # type: ignore[no-untyped-def]
    image = render_splats(random_cloud(2000), camera, background=(0.5, 0.5, 0.5))
    assert image.rgb.dtype == image.alpha.dtype == image.euclidean_depth.dtype == np.float32
    assert 0.0 <= image.rgb.min() <= image.rgb.max() <= 1.0
    assert 0.0 <= image.alpha.min() <= image.alpha.max() <= 1.0
    covered = image.alpha > 0.0
    assert (image.euclidean_depth[covered] > 0.4).all()
    assert (image.euclidean_depth[covered] < 4.6).all()


def test_nearer_opaque_splat_hides_the_farther_one() -> None:
    camera = pinhole_camera(np.eye(4), height=17, width=17, horizontal_fov=1.0)
    near = one_splat((0.0, 0.0, -1.0), opacity=1.0, color=(0.0, 1.0, 0.0))
    far = one_splat((0.0, 0.0, -5.0), scales=(4.0, 4.0, 4.0), opacity=1.0, color=(1.0, 0.0, 0.0))
    image = render_splats(join(far, near), camera)
    assert image.rgb[8, 8, 1] > 0.99
    assert image.rgb[8, 8, 0] < 0.01
    assert image.rgb[0, 0, 0] > 0.5


@pytest.mark.parametrize("name", ["pinhole", "panorama"])
def test_pictures_agree_with_brute_force(name: str) -> None:
    camera: AnyCamera = (
        panorama_camera(np.array([0.1, 0.0, -0.1]), height=40)
        if name == "panorama"
        else pinhole_camera(np.eye(4), height=48, width=64, horizontal_fov=1.4)
    )
    cloud = random_cloud(600, seed=11, sh_rest=8)
    image = render_splats(cloud, camera, background=(0.3, 0.2, 0.1))
    color, clear, nearness = reference_render(cloud, camera)
    behind = clear[..., None] * np.array([0.3, 0.2, 0.1])
    assert np.abs(image.rgb - np.clip(color + behind, 0.0, 1.0)).mean() < 0.05 / 255.0
    assert np.abs(image.alpha - (1.0 - clear)).mean() < 0.05 / 255.0
    seen = clear < 0.99
    assert np.abs(image.euclidean_depth[seen] * nearness[seen] / (1.0 - clear[seen]) - 1.0).mean() < 1e-3


@pytest.mark.gpu
def test_gpu_and_cpu_agree() -> None:
    if not has_gsplat():
        pytest.skip("no CUDA device")
    camera = pinhole_camera(np.eye(4), height=120, width=160, horizontal_fov=1.4)
    cloud = random_cloud(4000, seed=12, sh_rest=15)
    with_gsplat = render_splats(cloud, camera)
    color, clear, _ = reference_render(cloud, camera)
    assert np.abs(with_gsplat.rgb - np.clip(color, 0.0, 1.0)).mean() < 0.2 / 255.0
    assert np.abs(with_gsplat.alpha - (1.0 - clear)).mean() < 0.2 / 255.0
