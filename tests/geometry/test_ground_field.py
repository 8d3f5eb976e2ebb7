"""The ground around a panorama's camera, its labels and its collision, on scenes with formulas."""

from __future__ import annotations

import numpy as np
import pytest

from tests.analytic_views import BALL, BALL_CENTER, BALL_RADIUS, GROUND, analytic_view
from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.depth_normals import normals_from_depth
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.ground_field import estimate_camera_height, ground_from_depth, ground_labels
from worldgen.geometry.seen_collision import collision_from_view
from worldgen.scene.view import View

HEIGHT = 128
CAMERA_HEIGHT = 1.55


@pytest.fixture(scope="module")
def view() -> View:
    return analytic_view(panorama_camera(np.array([0.0, CAMERA_HEIGHT, 0.0]), height=HEIGHT))


def test_the_camera_height_is_read_from_the_depth(view: View) -> None:
    assert estimate_camera_height(view.buffers.euclidean_depth) == pytest.approx(CAMERA_HEIGHT, rel=1e-4)
    with pytest.raises(InvalidInputError, match="below the camera"):
        estimate_camera_height(np.full((32, 64), np.inf, dtype=np.float32))


def test_ground_is_told_from_what_stands_on_it(view: View) -> None:
    depth = view.buffers.euclidean_depth
    field = ground_from_depth(depth, CAMERA_HEIGHT)
    near = field.radii < 60.0
    assert np.abs(field.heights[near]).max() < 0.5
    assert np.median(np.abs(field.heights[near])) < 1e-6
    is_ground = ground_labels(depth, field, CAMERA_HEIGHT)
    truth = view.buffers.labels
    assert not is_ground[np.isinf(depth)].any()
    assert is_ground[truth == GROUND].mean() > 0.99
    assert is_ground[truth == BALL].mean() < 0.12  # its lowest part touches the ground


def test_a_slope_is_followed_and_a_wall_is_not() -> None:
    """The ground rises by a fifth to the right; a wall stands 6 m to the left."""
    rays = equirectangular_rays(HEIGHT)
    slope = np.where(rays[..., 0] > 0.0, 0.2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        toward = rays[..., 1] - slope * rays[..., 0]
        ground = np.where(toward < 0.0, -CAMERA_HEIGHT / toward, np.inf)
        wall = np.where(rays[..., 0] < 0.0, -6.0 / rays[..., 0], np.inf)
    wall = np.where(CAMERA_HEIGHT + rays[..., 1] * np.where(np.isfinite(wall), wall, 0.0) < 4.0, wall, np.inf)
    depth = np.minimum(np.where(ground < 300.0, ground, np.inf), wall).astype(np.float32)
    field = ground_from_depth(depth, CAMERA_HEIGHT)
    x = np.array([2.0, 5.0, 10.0])
    assert np.abs(field.at(x, np.zeros(3)) - 0.2 * x).max() < 0.15
    is_ground = ground_labels(depth, field, CAMERA_HEIGHT)
    heights = rays[..., 1] * np.where(np.isfinite(depth), depth, 0.0) + CAMERA_HEIGHT
    on_wall = (wall < ground) & np.isfinite(wall) & (heights > 1.0) & (np.abs(rays[..., 2]) < 0.5)
    assert not is_ground[on_wall].any()


def test_collision_is_closed_outward_and_where_things_are(view: View) -> None:
    import trimesh

    depth = view.buffers.euclidean_depth
    field = ground_from_depth(depth, CAMERA_HEIGHT)
    is_ground = ground_labels(depth, field, CAMERA_HEIGHT)
    collision = collision_from_view(depth, is_ground, field, CAMERA_HEIGHT)
    solids = {
        part.name: trimesh.Trimesh(part.mesh.vertices, part.mesh.triangles, process=False) for part in collision.parts
    }
    assert set(solids) == {"COL_ground", "COL_things"}
    for solid in solids.values():
        assert solid.is_watertight
        assert solid.is_winding_consistent
        assert solid.volume > 0.0
    # One can stand anywhere near the camera: the ground is hit from above at y = 0, nothing is in the way.
    down = np.tile([[0.0, -1.0, 0.0]], (5, 1))
    starts = np.array([[0.0, 3.0, 0.0], [1.0, 3.0, 0.0], [0.0, 3.0, 2.0], [-2.0, 3.0, 0.0], [0.0, 3.0, -2.0]])
    places, _, _ = solids["COL_ground"].ray.intersects_location(starts, down, multiple_hits=False)
    assert len(places) == 5
    assert np.abs(places[:, 1]).max() < 0.05
    assert not solids["COL_things"].ray.intersects_any(starts, down).any()
    low, high = solids["COL_things"].bounds
    assert (low > BALL_CENTER - BALL_RADIUS - 1.0).all()
    assert (high < BALL_CENTER + BALL_RADIUS + 1.0).all()
    assert solids["COL_things"].ray.intersects_any([[0.0, 1.5, 0.0]], [[0.0, 0.0, -1.0]]).all()


def test_normals_follow_the_surfaces(view: View) -> None:
    normals = normals_from_depth(view.buffers.euclidean_depth)
    truth = view.buffers.normals
    solid = np.isfinite(view.buffers.euclidean_depth)
    assert not normals[~solid].any()
    assert np.abs(np.linalg.norm(normals[solid], axis=1) - 1.0).max() < 1e-5
    cosines = np.einsum("nc,nc->n", normals[solid], truth[solid])
    near = view.buffers.euclidean_depth[solid] < 20.0
    assert np.percentile(cosines[near], 2.0) > 0.97
    assert (np.einsum("hwc,hwc->hw", normals, equirectangular_rays(HEIGHT))[solid] <= 1e-6).all()
