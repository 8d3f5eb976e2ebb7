"""Where the pictures for refinement are taken from."""

from __future__ import annotations

import math

import numpy as np

from worldgen.geometry.cameras import camera_position
from worldgen.randomness import rng
from worldgen.settings import TIERS
from worldgen.stages.refinement_views import picture_width, walking_cameras


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
    assert len({round(camera.intrinsics_px[0, 0]) for camera in cameras}) > 2


def test_same_cameras_every_time() -> None:
    places = rng(0, "places").normal(size=(3, 3))
    one, two = (walking_cameras(places, 9, 64, rng(1, "cameras")) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.world_from_camera, second.world_from_camera)


def test_pixels_are_as_wide_as_the_splats() -> None:
    assert [picture_width(TIERS[name].splat_budget) for name in ("draft", "standard", "high")] == [176, 320, 640]
