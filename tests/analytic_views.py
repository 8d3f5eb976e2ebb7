"""Views of scenes simple enough to be intersected by formula: a textured plane, a ball over it, sky above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import camera_position, cube_cameras, pixel_rays_in_world
from worldgen.scene.camera import AnyCamera
from worldgen.scene.view import Buffers, View

BALL_CENTER = np.array([0.0, 1.6, -5.0])
BALL_RADIUS = 1.2
GROUND, BALL = 1, 7


def analytic_view(camera: AnyCamera, *, with_ball: bool = True, with_ground: bool = True) -> View:
    """The ground is y = 0, ends 200 m away and is checked in metres; the ball is white, the sky blue."""
    rays = pixel_rays_in_world(camera)
    position = camera_position(camera)
    with np.errstate(divide="ignore"):
        ground = np.where(rays[..., 1] < 0.0, -position[1] / rays[..., 1], np.inf)
    ground = np.where(ground < 200.0, ground, np.inf) if with_ground else np.full(rays.shape[:2], np.inf)
    toward = rays @ (BALL_CENTER - position)
    miss = ((position - BALL_CENTER) ** 2).sum() - toward**2
    with np.errstate(invalid="ignore"):
        ball = toward - np.sqrt(BALL_RADIUS**2 - miss)
    ball = np.where(np.isfinite(ball) & (ball > 0.0), ball, np.inf) if with_ball else np.full_like(ground, np.inf)
    depth = np.minimum(ground, ball)
    labels = np.where(np.isinf(depth), 0, np.where(ball < ground, BALL, GROUND)).astype(np.uint8)
    with np.errstate(invalid="ignore"):
        points = position + rays * depth[..., None]
    normals = np.zeros_like(rays)
    normals[labels == GROUND] = (0.0, 1.0, 0.0)
    normals[labels == BALL] = (points[labels == BALL] - BALL_CENTER) / BALL_RADIUS
    color = np.zeros_like(rays)
    color[labels == 0] = (0.4, 0.6, 0.9)
    color[labels == BALL] = (0.95, 0.95, 0.95)
    check = (np.floor(points[labels == GROUND][:, [0, 2]]).sum(axis=1) % 2)[:, None]
    color[labels == GROUND] = np.where(check > 0.0, (0.55, 0.35, 0.2), (0.25, 0.3, 0.15))
    buffers = Buffers(
        euclidean_depth=depth.astype(np.float32),
        normals=normals.astype(np.float32),
        albedo=color.astype(np.float32),
        labels=labels,
        object_ids=labels.astype(np.int32) - 1,
    )
    return View(camera=camera, radiance=color.astype(np.float32), buffers=buffers)


def analytic_stations(
    *eyes: tuple[float, float, float], face_px: int, with_ball: bool = True, with_ground: bool = True
) -> tuple[list[View], list[NDArray[np.float32]]]:
    """The cube faces around each eye, and their pictures."""
    views = [
        analytic_view(camera, with_ball=with_ball, with_ground=with_ground)
        for eye in eyes
        for camera in cube_cameras(np.array(eye), face_px=face_px)
    ]
    return views, [view.radiance for view in views]
