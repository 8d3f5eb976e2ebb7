"""Cameras against analytic truth: spheres, planes, boxes, and the projections' inverses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.cameras import (
    CUBE_FACES,
    cube_cameras,
    euclidean_from_z_depth,
    panorama_camera,
    pinhole_camera,
    pinhole_camera_at,
    pixel_angles,
    pixel_rays_in_camera,
    pixel_rays_in_world,
    project_points,
    unproject,
    z_depth_from_euclidean,
)
from worldgen.scene.camera import AnyCamera

EYE = np.array([0.3, 1.7, -0.4])
CAMERAS: list[AnyCamera] = [
    pinhole_camera_at(EYE, EYE + np.array([0.4, -0.3, -1.0]), height=48, width=64, horizontal_fov=math.radians(75.0)),
    panorama_camera(EYE, height=40),
    *cube_cameras(EYE, face_px=16, margin_px=3),
]


@pytest.mark.parametrize("camera", CAMERAS)
def test_every_pixel_projects_back_to_itself(camera: AnyCamera) -> None:
    depth = np.full((camera.height, camera.width), 7.5, dtype=np.float32)
    points = unproject(camera, depth).reshape(-1, 3)
    columns, rows, euclidean_depth = project_points(camera, points)
    grid = np.indices((camera.height, camera.width)) + 0.5
    assert np.abs(columns - grid[1].ravel()).max() < 1e-3
    assert np.abs(rows - grid[0].ravel()).max() < 1e-3
    assert np.abs(euclidean_depth - 7.5).max() < 1e-5


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_sphere_around_the_camera_unprojects_to_itself(camera: AnyCamera) -> None:
    points = unproject(camera, np.full((camera.height, camera.width), 3.0, dtype=np.float32))
    assert np.abs(np.linalg.norm(points - EYE, axis=-1) - 3.0).max() < 1e-5


@pytest.mark.parametrize("camera", CAMERAS)
def test_analytic_ground_plane(camera: AnyCamera) -> None:
    rays = pixel_rays_in_world(camera)
    with np.errstate(divide="ignore"):
        depth = np.where(rays[..., 1] < -1e-6, EYE[1] / -rays[..., 1], np.inf).astype(np.float32)
    points = unproject(camera, depth)
    seen = np.isfinite(depth) & (depth < 1e3)
    if isinstance(camera, type(CAMERAS[1])):
        assert seen.mean() == pytest.approx(0.5, abs=0.02), "half of a panorama is ground"
    assert np.abs(points[seen][:, 1]).max(initial=0.0) < 2e-3


@pytest.mark.parametrize("camera", CAMERAS)
def test_analytic_box_room(camera: AnyCamera) -> None:
    rays = pixel_rays_in_world(camera)
    with np.errstate(divide="ignore"):
        walls = np.where(rays > 0, (2.0 - (EYE - [0, 1.7, 0])) / rays, (-2.0 - (EYE - [0, 1.7, 0])) / rays)
    depth = walls.min(axis=-1).astype(np.float32)
    points = unproject(camera, depth) - [0, 1.7, 0]
    assert np.abs(np.abs(points).max(axis=-1) - 2.0).max() < 1e-5


def test_z_depth_is_euclidean_depth_times_cosine_both_ways() -> None:
    camera = CAMERAS[0]
    assert camera.height == 48
    cosine = -pixel_rays_in_camera(camera)[..., 2]
    euclidean_depth = (5.0 + np.indices((48, 64))[1] / 10.0).astype(np.float32)
    z_depth = z_depth_from_euclidean(camera, euclidean_depth)  # type: ignore[arg-type]
    assert np.abs(z_depth - euclidean_depth * cosine).max() < 1e-5
    assert np.abs(euclidean_from_z_depth(camera, z_depth) - euclidean_depth).max() < 1e-5  # type: ignore[arg-type]
    assert z_depth.min() < euclidean_depth.min(), "corners are farther along the ray than along the axis"


def test_a_wall_has_constant_z_depth() -> None:
    camera = pinhole_camera(rigid(yaw_rotation(0.7), EYE), height=30, width=50, horizontal_fov=math.radians(90.0))
    wall = np.full((30, 50), 4.0, dtype=np.float32)
    points = unproject(camera, euclidean_from_z_depth(camera, wall))
    forward = camera.world_from_camera[:3, :3] @ (0.0, 0.0, -1.0)
    assert np.abs((points - EYE) @ forward - 4.0).max() < 1e-5


def test_cube_faces_share_their_edges_and_cover_the_sphere() -> None:
    cameras = cube_cameras(np.zeros(3), face_px=64)
    assert len(cameras) == len(CUBE_FACES)
    solid_angle = sum((pixel_angles(camera) ** 2).sum() for camera in cameras)
    assert solid_angle == pytest.approx(4.0 * math.pi, rel=1e-3)
    forwards = np.array([camera.world_from_camera[:3, :3] @ (0, 0, -1) for camera in cameras])
    assert np.array_equal(
        forwards @ forwards.T,
        np.array(
            [
                [1.0 if i == j else -1.0 if {i, j} in ({0, 2}, {1, 3}, {4, 5}) else 0.0 for j in range(6)]
                for i in range(6)
            ]
        ),
    )


@pytest.mark.parametrize("camera", CAMERAS)
def test_pixel_angles_are_the_angle_between_neighbours(camera: AnyCamera) -> None:
    rays = pixel_rays_in_world(camera)
    between = np.arccos(np.clip((rays[:, 1:] * rays[:, :-1]).sum(axis=-1), -1.0, 1.0))
    angles = pixel_angles(camera)
    row = camera.height // 2
    # On the middle row a pixel is a square, or nearly, in every camera.
    middle = camera.width // 2
    assert between[row, middle] == pytest.approx(angles[row, middle], rel=0.05)


def test_points_behind_a_pinhole_camera_are_marked() -> None:
    camera = pinhole_camera(np.eye(4), height=4, width=4, horizontal_fov=1.0)
    _, _, euclidean_depth = project_points(camera, np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]))
    assert np.isnan(euclidean_depth[0])
    assert euclidean_depth[1] == 1.0
