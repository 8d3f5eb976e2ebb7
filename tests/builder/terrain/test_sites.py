from __future__ import annotations

import math

import numpy as np
import pytest

from tests.builder.terrain.lands import land_of
from worldgen.builder.terrain.queries import ground_height, path_weight_at, water_depth_at
from worldgen.builder.terrain.sites import Pad, PathLine, level_ground
from worldgen.errors import InvalidInputError


def _inside(pad: Pad) -> tuple[np.ndarray, np.ndarray]:
    u, v = np.meshgrid(np.linspace(-1.0, 1.0, 41), np.linspace(-1.0, 1.0, 41))
    x, z = u * pad.half_size_m[0], v * pad.half_size_m[1]
    cos, sin = math.cos(pad.yaw), math.sin(pad.yaw)
    return pad.center_xz[0] + cos * x + sin * z, pad.center_xz[1] - sin * x + cos * z


@pytest.mark.parametrize("center", [(18.0, 9.0), (31.0, -30.0), (-70.0, 40.0), (90.0, 90.0)])
@pytest.mark.parametrize("height", [None, 2.5])
def test_pads_are_level(center: tuple[float, float], height: float | None) -> None:
    pad = Pad(center_xz=center, half_size_m=(5.0, 3.0), yaw=0.7, height_m=height)
    before = land_of("temperate_forest", "", 5).terrain
    after = level_ground(before, [pad], [])
    ground = ground_height(after, *_inside(pad))
    assert np.ptp(ground) < 0.01
    if height is not None:
        assert abs(float(ground.mean()) - height) < 0.01
    assert float(ground_height(after, 0.0, 0.0)) == 0.0
    angle = np.linspace(0.0, 2.0 * np.pi, 60)
    x, z = center[0] + 16.0 * np.sin(angle), center[1] + 16.0 * np.cos(angle)
    np.testing.assert_allclose(ground_height(after, x, z), ground_height(before, x, z), atol=0.05)


def test_a_pad_at_the_shore_stands_above_the_water() -> None:
    land = land_of("meadow_hills", "lake lake", 2)
    lake = land.waters[0]
    direction = np.array(lake.center_xz) / np.hypot(*lake.center_xz)
    reach = np.linspace(8.0, 60.0, 400)
    depth = water_depth_at(land.terrain, reach * direction[0], reach * direction[1])
    shore = reach[int(np.flatnonzero(depth > 0.0)[0])] * direction
    pad = Pad(center_xz=(float(shore[0]), float(shore[1])), half_size_m=(3.0, 3.0), height_m=-6.0)
    after = level_ground(land.terrain, [pad], [])
    assert (ground_height(after, *_inside(pad)) > lake.surface_y + 0.1).all()
    assert (water_depth_at(after, *_inside(pad)) == 0.0).all()
    far = level_ground(land.terrain, [Pad(center_xz=(0.0, 60.0), half_size_m=(3.0, 3.0), height_m=-9.0)], [])
    old_depths = land.terrain.levels[1].water_depth
    assert (far.levels[1].water_depth <= old_depths + 1e-6).all()


def test_paths_are_marked_and_smooth() -> None:
    before = land_of("tundra", "", 5).terrain
    points = np.array([[0.0, 0.0], [14.0, -20.0], [30.0, -30.0], [70.0, -34.0]])
    path = PathLine(points_xz=points, width_m=2.0)
    after = level_ground(before, [], [path])
    at = np.linspace(0.0, 1.0, 300)
    x, z = np.interp(at, np.linspace(0, 1, 4), points[:, 0]), np.interp(at, np.linspace(0, 1, 4), points[:, 1])
    assert path_weight_at(after, x, z).min() > 0.6
    assert float(path_weight_at(after, -15.0, 15.0)) == 0.0
    assert float(ground_height(after, 0.0, 0.0)) == 0.0
    # The ground along the middle of the path bends less than before.
    bend_after = np.abs(np.diff(ground_height(after, x, z), n=2))
    bend_before = np.abs(np.diff(ground_height(before, x, z), n=2))
    assert bend_after[20:].mean() < bend_before[20:].mean() + 1e-4


def test_a_path_does_not_dig_under_water() -> None:
    land = land_of("temperate_forest", "river", 3)
    river = land.waters[0]
    assert river.line is not None
    x, z = river.center_xz
    points = np.array([[0.0, 0.0], [2.2 * x, 2.2 * z]])
    after = level_ground(land.terrain, [], [PathLine(points_xz=points, width_m=2.0)])
    for old, new in zip(land.terrain.levels, after.levels, strict=True):
        assert (new.water_depth <= old.water_depth + 1e-5).all()


def test_bad_paths_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="two points"):
        PathLine(points_xz=np.zeros((1, 2)))
