"""Cube faces to equirectangular: smooth functions come through, borders do not show."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.cameras import cube_cameras, panorama_camera, pixel_rays_in_world
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.rendering.cube_resampling import BORDER_PX, pad_faces, require_cube, resample_bicubic
from worldgen.scene.camera import PanoramaCamera

SIZE = 48


def smooth(rays: NDArray[np.float64]) -> NDArray[np.float32]:
    """A function on the sphere with some detail, different in every direction."""
    x, y, z = np.moveaxis(rays, -1, 0)
    return np.stack([x + 2.0, np.sin(7.0 * y + z), np.cos(6.0 * x * z + y)], axis=-1).astype(np.float32)


def faces_of(function: object = smooth) -> NDArray[np.float32]:
    return np.stack([smooth(pixel_rays_in_world(camera)) for camera in cube_cameras(np.zeros(3), face_px=SIZE)])


def test_smooth_functions_come_through_everywhere() -> None:
    rays = equirectangular_rays(40)
    sampled = resample_bicubic(pad_faces(faces_of()), rays)
    assert np.abs(sampled - smooth(rays)).max() < 0.03
    assert np.sqrt(((sampled - smooth(rays)) ** 2).mean()) < 0.003


def test_borders_are_not_worse_than_the_rest() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    # Rays close to cube edges, and as many anywhere.
    near = generator.uniform(-1.0, 1.0, (4000, 3))
    near[:, 0] = np.sign(near[:, 0])
    near[:, 1] = np.sign(near[:, 1]) * generator.uniform(0.98, 1.02, 4000)
    anywhere = generator.normal(size=(4000, 3))
    errors = []
    for rays in (near, anywhere):
        unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        errors.append(np.abs(resample_bicubic(pad_faces(faces_of()), unit) - smooth(unit)).mean())
    # Pixels near the edges of a face are smaller in angle, so the error there may only be of the same order.
    assert errors[0] < 3.0 * errors[1]


def test_padding_shows_the_neighbours() -> None:
    padded = pad_faces(faces_of())
    wide = [
        smooth(pixel_rays_in_world(camera)) for camera in cube_cameras(np.zeros(3), face_px=SIZE, margin_px=BORDER_PX)
    ]
    assert np.abs(padded - np.stack(wide)).max() < 0.08
    np.testing.assert_array_equal(padded[:, BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX], faces_of())


def test_turned_panoramas_are_shifted_columns() -> None:
    padded = pad_faces(faces_of())
    straight = resample_bicubic(padded, pixel_rays_in_world(panorama_camera(np.zeros(3), height=32)))
    quarter = PanoramaCamera(world_from_camera=rigid(yaw_rotation(np.pi / 2.0), np.zeros(3)), height=32)
    turned = resample_bicubic(padded, pixel_rays_in_world(quarter))
    np.testing.assert_allclose(turned, np.roll(straight, 16, axis=1), atol=1e-5)


def test_sharp_steps_do_not_ring() -> None:
    faces = np.zeros((6, SIZE, SIZE, 1), dtype=np.float32)
    faces[0, 20:22, 30:32] = 400.0
    sampled = resample_bicubic(pad_faces(faces), equirectangular_rays(64))
    assert sampled.min() >= 0.0
    assert sampled.max() <= 400.0


def test_refuses_what_is_no_cube() -> None:
    cameras = cube_cameras(np.array([1.0, 2.0, 3.0]), face_px=8)
    assert require_cube(cameras) == 8
    for wrong in (cameras[:5], cameras[::-1], cube_cameras(np.zeros(3), face_px=8, margin_px=1)):
        with pytest.raises(InvalidInputError):
            require_cube(wrong)
