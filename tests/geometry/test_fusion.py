"""Views become samples that lie where the surfaces are, and points without doubles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from tests.analytic_views import BALL, BALL_CENTER, BALL_RADIUS, GROUND, analytic_stations, analytic_view
from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.fusion import fuse_points, fuse_views

EYES = ((0.0, 1.7, 0.0), (1.5, 1.7, -1.0), (-2.0, 2.5, -7.5))


def test_samples_lie_on_the_surfaces_with_their_footprints() -> None:
    views, colors = analytic_stations(*EYES, face_px=48)
    samples = fuse_views(views, colors)
    assert samples.num_samples + len(samples.sky_directions) == 3 * 6 * 48 * 48
    ground, ball = samples.labels == GROUND, samples.labels == BALL
    assert np.abs(samples.points[ground, 1]).max() < 1e-4
    radii = np.linalg.norm(samples.points[ball] - BALL_CENTER, axis=1)
    assert np.abs(radii - BALL_RADIUS).max() < 1e-4
    assert np.array_equal(samples.eye, EYES[0])
    assert (np.einsum("nc,nc->n", samples.normals, samples.rays) < 1e-5).all()
    # A pixel's footprint is its angle times its distance; around the middle of a face the angle is 2 / 48.
    below = ground & (samples.rays[:, 1] < -0.999) & (np.abs(samples.points[:, [0, 2]]).max(axis=1) < 0.1)
    assert np.abs(samples.footprints[below] / (1.7 * 2.0 / 48.0) - 1.0).max() < 0.02


def test_panoramas_do_as_well_as_cubes() -> None:
    view = analytic_view(panorama_camera(np.array(EYES[0]), height=64))
    samples = fuse_views([view], [view.radiance])
    assert np.abs(samples.points[samples.labels == GROUND, 1]).max() < 1e-4


def test_points_are_unique_at_the_scale_of_a_pixel_and_cover_all_samples() -> None:
    views, colors = analytic_stations(*EYES, face_px=48)
    samples = fuse_views(views, colors)
    cloud = fuse_points(samples)
    assert 0.2 * samples.num_samples < cloud.num_points < 0.95 * samples.num_samples
    positions = {point.tobytes() for point in cloud.points}
    assert len(positions) == cloud.num_points
    near, _ = cKDTree(cloud.points).query(samples.points)
    distance = np.linalg.norm(samples.points - samples.eye, axis=1)
    assert (near <= 2.0 * np.sqrt(3.0) * (2.0 / 48.0) * distance).all()


def test_the_closest_most_frontal_view_wins() -> None:
    far, near = (0.0, 1.7, 4.0), (0.0, 1.7, -3.0)
    views, colors = analytic_stations(far, near, face_px=64)
    painted = [np.full_like(color, 0.0 if index < 6 else 1.0) for index, color in enumerate(colors)]
    cloud = fuse_points(fuse_views(views, painted))
    front = np.linalg.norm(cloud.points - (BALL_CENTER + np.array([0.0, 0.0, BALL_RADIUS])), axis=1) < 0.4
    behind_the_first = np.linalg.norm(cloud.points - np.array([0.0, 0.0, 5.0]), axis=1) < 0.5
    assert (cloud.colors[front] == 255).mean() > 0.95
    assert (cloud.colors[behind_the_first] == 0).mean() > 0.95


def test_points_fit_a_limit() -> None:
    views, colors = analytic_stations(*EYES, face_px=32)
    cloud = fuse_points(fuse_views(views, colors), max_points=1000)
    assert 100 < cloud.num_points <= 1000


def test_the_same_input_gives_the_same_bytes() -> None:
    views, colors = analytic_stations(*EYES, face_px=24)
    one, two = (fuse_points(fuse_views(views, colors)) for _ in range(2))
    assert one.points.tobytes() == two.points.tobytes()
    assert one.colors.tobytes() == two.colors.tobytes()


def test_views_of_nothing_but_sky_give_no_points() -> None:
    views, colors = analytic_stations(EYES[0], face_px=8, with_ball=False, with_ground=False)
    samples = fuse_views(views, colors)
    assert samples.num_samples == 0
    assert fuse_points(samples).num_points == 0


def test_wrong_input_is_told() -> None:
    views, colors = analytic_stations(EYES[0], face_px=8)
    with pytest.raises(InvalidInputError, match="as many pictures"):
        fuse_views(views, colors[:-1])
    with pytest.raises(InvalidInputError, match="at least one"):
        fuse_views([], [])
    with pytest.raises(InvalidInputError, match="colors"):
        fuse_views(views, [color[:4] for color in colors])
    with pytest.raises(InvalidInputError, match="max_points"):
        fuse_points(fuse_views(views, colors), max_points=0)
