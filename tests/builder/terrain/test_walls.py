"""Walls keep their texture's grain: no stretched texels, no stripes down them, and a map that is one to one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.builder.terrain.lands import ground_of, land_of
from worldgen.builder.terrain.fields import SLOPE_X, SLOPE_Z
from worldgen.builder.terrain.queries import bilinear
from worldgen.builder.terrain.unfolding import Unfolding, unfold
from worldgen.builder.terrain.walls import BY_X, BY_Z, FLAT, WALL_NUMBERS, describe_wall, in_texture

TEXTURE_PX = 512


def steps(size: int = 129, spacing: float = 1.0) -> NDArray[np.float32]:
    """A plateau whose wall winds through the middle, about 70 degrees steep."""
    axis = (np.arange(size) - size // 2) * spacing
    x, z = np.meshgrid(axis, axis)
    edge = x + 9.0 * np.sin(z / 17.0)
    return (30.0 / (1.0 + np.exp(-edge / 2.7))).astype(np.float32)


def stretches(unfolding: Unfolding, heights: NDArray[np.float32], spacing: float) -> NDArray[np.float64]:
    """(N, N, 2) metres of surface per share of the texture's side, in the directions of most and least."""
    side = (len(heights) - 1) * spacing
    samples = unfolding.samples.astype(np.float64)
    across, down = np.gradient(samples, axis=1) * side / spacing, np.gradient(samples, axis=0) * side / spacing
    texture_from_plan = np.stack([across, down], axis=-1)
    along_z, along_x = np.gradient(heights.astype(np.float64), spacing)
    surface_from_plan = np.zeros((*heights.shape, 3, 2))
    surface_from_plan[..., 0, 0] = surface_from_plan[..., 2, 1] = 1.0
    surface_from_plan[..., 1, 0], surface_from_plan[..., 1, 1] = along_x, along_z
    result: NDArray[np.float64] = np.linalg.svd(surface_from_plan @ np.linalg.inv(texture_from_plan), compute_uv=False)
    return result


def test_walls_get_their_share_of_the_texture() -> None:
    heights = steps()
    along_z, along_x = np.gradient(heights.astype(np.float64))
    density = np.sqrt(1.0 + along_x**2 + along_z**2)
    wall = density > 2.0
    before = stretches(unfold(heights, 1.0, TEXTURE_PX, is_wanted=False), heights, 1.0)
    after = stretches(unfold(heights, 1.0, TEXTURE_PX), heights, 1.0)
    np.testing.assert_allclose(before[..., 0] / before[..., 1], density, rtol=1e-6)
    assert np.median(before[wall, 0] / before[wall, 1]) > 2.4
    assert np.median(after[wall, 0] / after[wall, 1]) < 1.7
    # Surface is spread evenly: no texel holds much more of it than another.
    area = after.prod(axis=-1)
    assert np.percentile(area, 98) / np.percentile(area, 2) < 1.8
    assert np.percentile(before.prod(axis=-1), 98) / np.percentile(before.prod(axis=-1), 2) > 2.5


def test_the_map_is_one_to_one_and_its_halves_agree() -> None:
    for heights, spacing in ((steps(), 1.0), (land_of("canyon", "river", 5).terrain.levels[1].heights, 1.0)):
        unfolding = unfold(heights, spacing, TEXTURE_PX)
        assert not unfolding.is_even
        samples, last = unfolding.samples.astype(np.float64), len(heights) - 1
        right, down = np.diff(samples, axis=1)[:-1], np.diff(samples, axis=0)[:, :-1]
        assert (right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0] > 0.0).all()
        # The border stays the border.
        assert samples[0, :, 1].max() == samples[:, 0, 0].max() == 0.0
        assert samples[-1, :, 1].min() == samples[:, -1, 0].min() == 1.0
        # Where a texel's place lies in the texture is the texel.
        count = len(unfolding.places) - 1
        row, column = (grid.ravel() for grid in np.meshgrid(np.arange(0, count, 3), np.arange(0, count, 3)))
        place = unfolding.places[row, column].astype(np.float64) * last
        metres = (place - last / 2).T
        found = np.stack(
            [bilinear(np.ascontiguousarray(unfolding.samples[..., k]), 1.0, metres[0], metres[1]) for k in range(2)],
            axis=-1,
        )
        wanted = np.stack([column, row], axis=-1) * 2.0 / (TEXTURE_PX - 1)
        assert np.abs(found - wanted).max() * (TEXTURE_PX - 1) < 1.0
        assert np.abs(found - wanted).mean() * (TEXTURE_PX - 1) < 0.05


def test_level_ground_is_left_alone() -> None:
    level = land_of("meadow_hills", "", 3).terrain.levels[1]
    unfolding = unfold(level.heights, level.spacing_m, TEXTURE_PX)
    assert unfolding.is_even
    axis = np.arange(level.num_samples) / (level.num_samples - 1)
    np.testing.assert_allclose(unfolding.samples[3, :, 0], axis, atol=1e-6)
    np.testing.assert_allclose(
        unfolding.places[:-1, 5, 1], 2.0 * np.arange(TEXTURE_PX // 2) / (TEXTURE_PX - 1), atol=1e-6
    )


def test_a_canyons_walls_have_no_stripes_down_them() -> None:
    land, ground = land_of("canyon", "", 1), ground_of("canyon", "", 1)
    level, fields = land.terrain.levels[1], ground.cover.fields.levels[1]
    # The grain is in the normals; colour has beds as well, which lie level by right.
    texture = ground.materials["ground_play"].normal_texture
    assert texture is not None
    tilt = texture[..., :2].astype(np.float32)
    samples = unfold(level.heights, level.spacing_m, len(texture)).samples

    def shown(x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
        u, v = (bilinear(np.ascontiguousarray(samples[..., k]), level.spacing_m, x, z) for k in range(2))
        side = len(texture) - 1
        # `bilinear` counts from the middle.
        at = ((u - 0.5) * side, (v - 0.5) * side)
        return np.stack([bilinear(np.ascontiguousarray(tilt[..., k]), 1.0, *at) for k in range(2)], axis=-1)

    slope_x, slope_z = fields[..., SLOPE_X].astype(np.float64), fields[..., SLOPE_Z].astype(np.float64)
    slope = np.hypot(slope_x, slope_z)
    row, column = np.nonzero(slope > 1.6)
    inside = (np.minimum(row, column) > 25) & (np.maximum(row, column) < level.num_samples - 26)
    row, column = row[inside], column[inside]
    assert len(row) > 500
    middle = (level.num_samples - 1) / 2
    x, z = (column - middle) * level.spacing_m, (row - middle) * level.spacing_m
    steep = slope[row, column]
    up_x, up_z = slope_x[row, column] / steep, slope_z[row, column] / steep
    step = 1.0
    run = step / np.sqrt(1.0 + steep**2)
    along = np.abs(shown(x - up_z * step, z + up_x * step) - shown(x, z)).mean()
    upwards = np.abs(shown(x + up_x * run, z + up_z * run) - shown(x, z)).mean()
    assert 0.85 < along / upwards < 1.15


@pytest.mark.parametrize(("slope_x", "slope_z"), [(0.0, 0.0), (0.4, -0.2), (3.0, 0.3), (-0.5, 2.5)])
def test_patterns_keep_their_length_and_turn_in_the_texture(slope_x: float, slope_z: float) -> None:
    wall = np.zeros(WALL_NUMBERS)
    describe_wall(slope_x, slope_z, (1.0, 0.0), wall)
    for kind in (FLAT, BY_X, BY_Z):
        for right, up in ((1.0, 0.0), (0.0, 1.0)):
            assert np.hypot(*in_texture(wall, kind, right, up)) == pytest.approx(1.0)
    if slope_x == slope_z == 0.0:
        assert in_texture(wall, FLAT, 1.0, 0.0) == pytest.approx((1.0, 0.0))
        assert in_texture(wall, FLAT, 0.0, 1.0) == pytest.approx((0.0, 1.0))
