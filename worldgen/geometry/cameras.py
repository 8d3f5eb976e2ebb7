"""Rays, projections and pixel sizes of cameras, pinhole and equirectangular alike."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import inverse_rigid, look_at, rigid
from worldgen.geometry.equirectangular import equirectangular_rays, pixels_from_rays, row_solid_angles
from worldgen.scene.camera import AnyCamera, Camera, PanoramaCamera

CUBE_FACES = ("front", "right", "back", "left", "up", "down")
"""Order of the cameras that :func:`cube_cameras` makes."""

_KEPT_CAMERAS = 3
"""A world is seen through dozens of cameras, but almost all are faces of one cube: their rays are worked out once."""

_CUBE_FORWARD = ((0, 0, -1), (1, 0, 0), (0, 0, 1), (-1, 0, 0), (0, 1, 0), (0, -1, 0))
_CUBE_UP = ((0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1), (0, 0, -1))


def pinhole_camera(world_from_camera: NDArray[np.float64], *, height: int, width: int, horizontal_fov: float) -> Camera:
    """A pinhole camera with square pixels and a centred principal point; the field of view is in radians."""
    focal_px = 0.5 * width / math.tan(0.5 * horizontal_fov)
    intrinsics_px = np.array([[focal_px, 0.0, 0.5 * width], [0.0, focal_px, 0.5 * height], [0.0, 0.0, 1.0]])
    return Camera(intrinsics_px=intrinsics_px, world_from_camera=world_from_camera, height=height, width=width)


def pinhole_camera_at(
    eye: NDArray[np.float64], target: NDArray[np.float64], *, height: int, width: int, horizontal_fov: float
) -> Camera:
    """A level pinhole camera at ``eye`` that looks at ``target``."""
    return pinhole_camera(look_at(eye, target), height=height, width=width, horizontal_fov=horizontal_fov)


def panorama_camera(position: NDArray[np.float64], *, height: int) -> PanoramaCamera:
    """An upright equirectangular camera whose centre looks along the world's -Z."""
    return PanoramaCamera(world_from_camera=rigid(np.eye(3), position), height=height)


def cube_cameras(position: NDArray[np.float64], *, face_px: int, margin_px: int = 0) -> tuple[Camera, ...]:
    """Six upright 90° cameras around a point, in the order of ``CUBE_FACES``.

    Args:
        position: (3,) in world.
        face_px: Pixels that 90° take.
        margin_px: Pixels added on every side, beyond the 90°, so that filters have context.
    """
    size = face_px + 2 * margin_px
    focal_px = 0.5 * face_px
    intrinsics_px = np.array([[focal_px, 0.0, 0.5 * size], [0.0, focal_px, 0.5 * size], [0.0, 0.0, 1.0]])
    cameras = []
    for forward, up in zip(_CUBE_FORWARD, _CUBE_UP, strict=True):
        back = -np.array(forward, dtype=np.float64)
        top = np.array(up, dtype=np.float64)
        rotation = np.stack([np.cross(top, back), top, back], axis=1)
        cameras.append(
            Camera(intrinsics_px=intrinsics_px, world_from_camera=rigid(rotation, position), height=size, width=size)
        )
    return tuple(cameras)


def pixel_rays_in_camera(camera: AnyCamera) -> NDArray[np.float64]:
    """(H, W, 3) float64 unit rays through the pixel centres, in the camera; read-only for pinhole cameras."""
    if isinstance(camera, PanoramaCamera):
        return equirectangular_rays(camera.height)
    return _pinhole_rays(_numbers(camera), camera.height, camera.width)


def _numbers(camera: Camera) -> tuple[float, ...]:
    return tuple(camera.intrinsics_px.reshape(-1).tolist())


@functools.lru_cache(maxsize=_KEPT_CAMERAS)
def _pinhole_rays(intrinsics_px: tuple[float, ...], height: int, width: int) -> NDArray[np.float64]:
    k = np.array(intrinsics_px).reshape(3, 3)
    y = (np.arange(height) + 0.5 - k[1, 2]) / k[1, 1]
    x = (np.arange(width) + 0.5 - k[0, 2] - k[0, 1] * y[:, None]) / k[0, 0]
    rays = np.stack([x, np.broadcast_to(-y[:, None], x.shape), np.full_like(x, -1.0)], axis=-1)
    unit: NDArray[np.float64] = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    unit.flags.writeable = False
    return unit


def pixel_rays_in_world(camera: AnyCamera) -> NDArray[np.float64]:
    """(H, W, 3) float64 unit rays through the pixel centres, in world."""
    return pixel_rays_in_camera(camera) @ camera.world_from_camera[:3, :3].T


def camera_position(camera: AnyCamera) -> NDArray[np.float64]:
    """(3,) position in world, metres."""
    return camera.world_from_camera[:3, 3]


def pixel_angles(camera: AnyCamera) -> NDArray[np.float64]:
    """(H, W) angular side of each pixel: the square root of its solid angle, in radians; read-only."""
    if isinstance(camera, PanoramaCamera):
        row = np.sqrt(row_solid_angles(camera.height))
        return np.broadcast_to(row[:, None], (camera.height, camera.width))
    return _pinhole_angles(_numbers(camera), camera.height, camera.width)


@functools.lru_cache(maxsize=_KEPT_CAMERAS)
def _pinhole_angles(intrinsics_px: tuple[float, ...], height: int, width: int) -> NDArray[np.float64]:
    cos = -_pinhole_rays(intrinsics_px, height, width)[..., 2]
    angles: NDArray[np.float64] = np.sqrt(cos**3 / (intrinsics_px[0] * intrinsics_px[4]))
    angles.flags.writeable = False
    return angles


def project_points(
    camera: AnyCamera, points_in_world: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Where points appear.

    Args:
        camera: Pinhole or equirectangular.
        points_in_world: (N, 3).

    Returns:
        columns (N,), rows (N,), and euclidean_depth (N,), which is NaN for points behind a pinhole camera.
    """
    camera_from_world = inverse_rigid(camera.world_from_camera)
    points = np.asarray(points_in_world, dtype=np.float64) @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    euclidean_depth = np.linalg.norm(points, axis=1)
    if isinstance(camera, PanoramaCamera):
        columns, rows = pixels_from_rays(points, camera.height)
        return columns, rows, euclidean_depth
    z_depth = -points[:, 2]
    visible = z_depth > 0.0
    safe = np.where(visible, z_depth, 1.0)
    k = camera.intrinsics_px
    x, y = points[:, 0] / safe, -points[:, 1] / safe
    columns = k[0, 0] * x + k[0, 1] * y + k[0, 2]
    rows = k[1, 1] * y + k[1, 2]
    return columns, rows, np.where(visible, euclidean_depth, np.nan)


def z_depth_from_euclidean(camera: Camera, euclidean_depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth along the optical axis of a depth along the ray; (H, W) metres, infinity stays."""
    return (euclidean_depth * -pixel_rays_in_camera(camera)[..., 2]).astype(np.float32)


def euclidean_from_z_depth(camera: Camera, z_depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth along the ray of a depth along the optical axis; (H, W) metres, infinity stays."""
    return (z_depth / -pixel_rays_in_camera(camera)[..., 2]).astype(np.float32)


def unproject(camera: AnyCamera, euclidean_depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) points in world that pixels see; non-finite where the depth is."""
    with np.errstate(invalid="ignore"):
        points = camera_position(camera) + pixel_rays_in_world(camera) * euclidean_depth[..., None].astype(np.float64)
    return points.astype(np.float32)
