"""Where the pictures for refinement are taken from."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from tests.scenes import small_scene
from worldgen.geometry.cameras import camera_position, pinhole_camera
from worldgen.randomness import rng
from worldgen.rendering.mitsuba_engine import CPU_VARIANT
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.splat_training import RefinementView
from worldgen.rendering.tone_mapping import tone_map
from worldgen.settings import TIERS
from worldgen.stages.refine_world import MOST_VALIDATION, learn_and_judge
from worldgen.stages.refinement_views import (
    KEPT_NOISE,
    SAMPLES,
    picture_width,
    render_refinement_views,
    walking_cameras,
)


def test_cameras_look_everywhere_from_every_place() -> None:
    places = rng(0, "places").normal(size=(10, 3))
    cameras = walking_cameras(places, 40, 64, rng(1, "cameras"))
    assert len(cameras) == 40
    assert {(camera.width, camera.height) for camera in cameras} == {(64, 48)}
    stands = np.array([camera_position(camera) for camera in cameras])
    assert np.abs(stands - np.tile(places, (4, 1))).max() < 1e-9
    forward = np.array([-camera.world_from_camera[:3, 2] for camera in cameras])
    headings = np.sort(np.arctan2(forward[:, 0], -forward[:, 2]))
    gaps = np.diff(np.append(headings, headings[0] + 2.0 * math.pi))
    assert gaps.max() < 4.0 * 2.0 * math.pi / 40
    assert forward[:, 1].min() < -0.3
    assert forward[:, 1].max() > 0.1
    # One in four zooms in.
    assert Counter(round(camera.intrinsics_px[0, 0]) for camera in cameras) == {32: 30, 50: 10}


def test_same_cameras_every_time() -> None:
    places = rng(0, "places").normal(size=(3, 3))
    one, two = (walking_cameras(places, 9, 64, rng(1, "cameras")) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.world_from_camera, second.world_from_camera)


def test_pixels_are_as_wide_as_the_splats() -> None:
    assert [picture_width(TIERS[name].splat_budget) for name in ("draft", "standard", "high")] == [176, 320, 640]


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    return SceneRenderer(small_scene(), TIERS["draft"], 1, variant=CPU_VARIANT)


def test_pictures_keep_some_of_their_noise(renderer: SceneRenderer) -> None:
    camera = walking_cameras(np.array([[0.0, 1.7, 0.0]]), 1, 64, rng(3, "cameras"))[0]
    (seen,) = render_refinement_views(renderer, [camera], 1.0, is_over=lambda _: False)
    levels = [renderer.render_view(camera, SAMPLES, kept_noise=share) for share in (0.0, KEPT_NOISE, 1.0)]
    clean, kept, noisy = (view.radiance for view in levels)
    assert seen.rgb.tobytes() == tone_map(kept, 1.0).tobytes()
    assert seen.rgb.tobytes() != tone_map(clean, 1.0).tobytes()
    assert all(np.array_equal(view.buffers.euclidean_depth, seen.euclidean_depth) for view in levels)
    # Where nothing was cut off at black, radiance is the mean that the share says.
    lit = (noisy > 0.0).all(axis=-1)
    np.testing.assert_allclose(kept[lit], (clean + KEPT_NOISE * (noisy - clean))[lit], rtol=1e-4, atol=1e-5)
    assert np.abs(noisy - clean).mean() > 0.02 * clean.mean()
    assert clean.tobytes() == renderer.render_view(camera, SAMPLES).radiance.tobytes()


@pytest.mark.parametrize("count", [18, 25, 133, 200])
def test_few_pictures_judge_and_none_is_lost(count: int) -> None:
    camera = pinhole_camera(np.eye(4), height=3, width=4, horizontal_fov=1.0)
    views = [RefinementView(camera=camera, rgb=np.full((3, 4, 3), index / count, np.float32)) for index in range(count)]
    stations = [RefinementView(camera=camera, rgb=np.ones((3, 4, 3), dtype=np.float32))]
    training, validation = learn_and_judge(views, stations)
    assert 3 <= len(validation) <= MOST_VALIDATION
    assert training[-1] is stations[0]
    assert {id(view) for view in [*training[:-1], *validation]} == {id(view) for view in views}
    assert len(training) - 1 + len(validation) == count
