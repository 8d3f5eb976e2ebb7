"""A photo on the sphere: its pixels where it was taken from, and its mirror image a little way beyond its borders."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import rigid
from worldgen.geometry.cameras import pinhole_camera
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.panorama_completion import resized
from worldgen.scene.camera import Camera

_SIDE_REACH, _UP_REACH = math.radians(11.0), math.radians(5.0)
"""How far the mirror image goes on: less above and below, where an upside-down roof would give it away."""
_EDGE_PX = 0.5


def photo_camera(*, height: int, width: int, horizontal_fov: float, pitch: float, roll: float) -> Camera:
    """The camera of a photo at the origin: along -Z but for its pitch (up) and roll (clockwise), in radians."""
    sin_p, cos_p, sin_r, cos_r = math.sin(pitch), math.cos(pitch), math.sin(roll), math.cos(roll)
    up = np.array([[1.0, 0.0, 0.0], [0.0, cos_p, -sin_p], [0.0, sin_p, cos_p]])
    turn = np.array([[cos_r, sin_r, 0.0], [-sin_r, cos_r, 0.0], [0.0, 0.0, 1.0]])
    return pinhole_camera(rigid(up @ turn, np.zeros(3)), height=height, width=width, horizontal_fov=horizontal_fov)


def photo_on_sphere(
    pixels: NDArray[np.float32], camera: Camera, height: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Resample a photo to an equirectangular image, cubic, and go on with its mirror image beyond its borders.

    Args:
        pixels: (h, w, 3) float32, of the camera's size.
        camera: From :func:`photo_camera`.
        height: Rows wanted.

    Returns:
        image (height, 2 * height, 3) float32; known, which pixels lie within the photo; and nearness, 1 within it,
        falling smoothly to 0 where the mirror image ends.
    """
    from scipy.ndimage import map_coordinates, spline_filter

    focal_px = float(camera.intrinsics_px[0, 0])
    shrink = min(1.0, height / math.pi / focal_px)
    rows, columns = max(2, round(len(pixels) * shrink)), max(2, round(pixels.shape[1] * shrink))
    small = resized(pixels, columns, rows, wraps=False)
    rays = equirectangular_rays(height) @ camera.world_from_camera[:3, :3]
    ahead = -rays[..., 2]
    in_front = ahead > 0.05
    safe = np.where(in_front, ahead, 1.0)
    across, down = rays[..., 0] / safe, -rays[..., 1] / safe
    x = (across * focal_px + 0.5 * camera.width) * columns / camera.width
    y = (down * focal_px + 0.5 * camera.height) * rows / camera.height
    inside = np.minimum(np.minimum(x, columns - x), np.minimum(y, rows - y))
    known = in_front & (inside >= _EDGE_PX)
    # Angles beyond the borders, in units of how far the mirror image reaches to the side and up or down.
    sideways = np.arctan(np.abs(across)) - math.atan(0.5 * camera.width / focal_px)
    upwards = np.arctan(np.abs(down)) - math.atan(0.5 * camera.height / focal_px)
    beyond = np.hypot(np.maximum(sideways, 0.0) / _SIDE_REACH, np.maximum(upwards, 0.0) / _UP_REACH)
    fade = np.clip(1.0 - beyond, 0.0, 1.0)
    nearness = np.where(in_front, fade * fade * (3.0 - 2.0 * fade), 0.0)
    wanted = nearness > 0.0
    image = np.zeros((height, 2 * height, 3), dtype=np.float32)
    places = [y[wanted] - 0.5, x[wanted] - 0.5]
    for channel in range(3):
        spline = spline_filter(small[..., channel].astype(np.float64), mode="mirror")
        image[..., channel][wanted] = map_coordinates(spline, places, mode="mirror", prefilter=False)
    image[wanted] = np.clip(image[wanted], float(pixels.min()), float(pixels.max()))
    return image, known, nearness.astype(np.float32)
