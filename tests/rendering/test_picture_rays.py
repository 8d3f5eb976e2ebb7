"""Places of rays in a picture against the camera's own rays, and means over them against what a pixel is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.geometry.cameras import (
    camera_position,
    pinhole_camera_at,
    pixel_angles,
    pixel_rays_in_world,
    project_points,
)
from worldgen.randomness import rng
from worldgen.rendering.embree import NO_HIT
from worldgen.rendering.picture_rays import (
    add_borders,
    begin_means,
    border_points,
    finish_means,
    rays_through,
    uneven_pixels,
)

SIZES = [(1, 1), (3, 5), (4, 6), (5, 4)]


def places(points: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Columns and rows of points of the lattice, (M, 2), in pixels."""
    rows, columns = np.divmod(points, 2 * width + 1)
    return np.stack([columns, rows], axis=-1) * 0.5


def test_rays_through_centres_are_the_cameras_own() -> None:
    camera = pinhole_camera_at(
        np.array([1.0, 2.0, 3.0]), np.array([4.0, 1.0, -7.0]), height=6, width=9, horizontal_fov=1.4
    )
    rows, columns = np.mgrid[:6, :9]
    rays, angles = rays_through(((2 * rows + 1) * 19 + 2 * columns + 1).reshape(-1), camera)
    np.testing.assert_allclose(rays.reshape(6, 9, 3), pixel_rays_in_world(camera), atol=1e-6)
    np.testing.assert_allclose(angles.reshape(6, 9), pixel_angles(camera), rtol=1e-6)


def test_rays_through_borders_are_seen_there() -> None:
    camera = pinhole_camera_at(
        np.array([1.0, 2.0, 3.0]), np.array([4.0, 1.0, -7.0]), height=6, width=9, horizontal_fov=1.4
    )
    points = border_points(np.ones((6, 9), dtype=bool))
    rays, _ = rays_through(points, camera)
    columns, rows, _ = project_points(camera, camera_position(camera) + rays.astype(np.float64))
    np.testing.assert_allclose(np.stack([columns, rows], axis=-1), places(points, 9), atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_every_border_comes_once(size: tuple[int, int]) -> None:
    height, width = size
    points = border_points(np.ones(size, dtype=bool))
    upper = {(column + 0.5, float(row)) for row in range(height + 1) for column in range(width)}
    left = {(float(column), row + 0.5) for row in range(height) for column in range(width + 1)}
    found = [(float(column), float(row)) for column, row in places(points, width)]
    assert len(found) == len(set(found))
    assert set(found) == upper | left


def test_only_borders_of_chosen_pixels_come() -> None:
    chosen = rng(3, "chosen").random((11, 8)) < 0.3
    centers = np.argwhere(chosen)[:, ::-1] + 0.5
    beside = [center + step for center in centers for step in ((0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5))]
    found = places(border_points(chosen), 8)
    assert {tuple(place) for place in found.tolist()} == {tuple(place.tolist()) for place in beside}
    assert len(border_points(np.zeros((11, 8), dtype=bool))) == 0


def test_uneven_is_what_borders_on_another_surface_or_bends() -> None:
    surfaces = np.zeros((8, 12, 2), dtype=np.uint32)
    normals = np.zeros((8, 12, 3), dtype=np.float32)
    normals[..., 1] = 1.0
    surfaces[:, 6:] = NO_HIT
    normals[:, 6:] = 0.0
    surfaces[7, 0, 1] = 1
    normals[0, 0] = (0.6, 0.8, 0.0)
    expected = np.zeros((8, 12), dtype=bool)
    expected[:, 5:7] = True
    expected[6:, :2] = True
    expected[:2, :2] = True
    assert np.array_equal(uneven_pixels(surfaces, normals, 0.98), expected)


@pytest.mark.parametrize("size", SIZES)
def test_means_are_exact_for_what_a_pixel_averages(size: tuple[int, int]) -> None:
    """Of a quadratic picture, the mean over a pixel's square is the centre's value and a twelfth of its curvature."""
    height, width = size
    factors = rng(5, "picture").normal(size=(5, 6))
    rows, columns = np.mgrid[:height, :width]
    centers = np.stack([columns.reshape(-1) + 0.5, rows.reshape(-1) + 0.5], axis=-1)

    def picture(at: NDArray[np.float64]) -> NDArray[np.float32]:
        x, y = at[:, 0], at[:, 1]
        terms = np.stack([np.ones_like(x), x, y, x * x, y * y, np.zeros_like(x)])
        return (factors @ terms).T.astype(np.float32)

    chosen = rng(6, "chosen").random(size) < 0.7
    points = border_points(chosen)
    borders, at_centers = picture(places(points, width)), picture(centers)
    is_sky = rng(7, "sky").random(len(points)) < 0.5
    ids = np.where(is_sky[:, None], NO_HIT, np.uint32(0)) * np.ones((1, 3), dtype=np.uint32)
    albedo, normals = at_centers[:, :3].copy(), at_centers[:, 2:].copy()
    sky = np.ones(height * width, dtype=np.float32)
    begin_means(chosen.reshape(-1), (albedo, normals, sky))
    values = (np.ascontiguousarray(borders[:, :3]), np.ascontiguousarray(borders[:, 2:]), ids.astype(np.uint32))
    add_borders(points, chosen, values, (albedo, normals, sky))
    finish_means(chosen.reshape(-1), (albedo, normals, sky))
    curvature = (factors[:, 3] + factors[:, 4]) / 12.0
    expected = at_centers + np.where(chosen.reshape(-1, 1), curvature, 0.0)
    np.testing.assert_allclose(albedo, expected[:, :3], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(normals, expected[:, 2:], rtol=1e-5, atol=1e-4)
    of_sky = {tuple(place) for place in places(points, width)[is_sky].tolist()}
    for pixel, (x, y) in enumerate(centers.tolist()):
        beside = [(x + 0.5, y), (x - 0.5, y), (x, y + 0.5), (x, y - 0.5)]
        share = (2 + sum(place in of_sky for place in beside)) / 6 if chosen.reshape(-1)[pixel] else 1.0
        assert sky[pixel] == np.float32(share)
