"""Photos on the sphere: where their pixels go, how they were held, and how bands and borders are joined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import pixel_rays_in_world
from worldgen.geometry.equirectangular import equirectangular_rays, row_solid_angles, sample_equirectangular
from worldgen.geometry.photo_placement import photo_camera, photo_on_sphere
from worldgen.geometry.photo_pose import estimate_pose
from worldgen.geometry.spherical_blending import blend_bands
from worldgen.quality.seams import score_seam

HEIGHT = 128
FOV = math.radians(70.0)


def smooth(rays: NDArray[np.float64]) -> NDArray[np.float32]:
    return (0.5 + 0.25 * rays + 0.1 * np.sin(9.0 * rays[..., [1, 2, 0]])).astype(np.float32)


@pytest.mark.parametrize(("pitch", "roll"), [(0.0, 0.0), (0.3, 0.0), (-0.2, 0.15)])
def test_pixels_go_where_the_camera_saw_them(pitch: float, roll: float) -> None:
    camera = photo_camera(height=240, width=320, horizontal_fov=FOV, pitch=pitch, roll=roll)
    photo = smooth(pixel_rays_in_world(camera))
    image, known, nearness = photo_on_sphere(photo, camera, HEIGHT)
    truth = smooth(equirectangular_rays(HEIGHT))
    assert np.abs(image - truth)[known].max() < 0.01
    # Solid angle of a rectangle: 4 asin(sin a sin b) for half angles seen from the middle.
    half_x, half_y = math.tan(FOV / 2), math.tan(FOV / 2) * 0.75
    expected = 4.0 * math.asin(half_x * half_y / math.sqrt((1.0 + half_x**2) * (1.0 + half_y**2)))
    area = float((known * row_solid_angles(HEIGHT)[:, None]).sum())
    assert area == pytest.approx(expected, rel=0.05)
    assert (nearness[known] == 1.0).all()
    assert nearness.min() == 0.0
    assert not image[nearness == 0.0].any()
    # Looking up lifts the photo on the sphere.
    rows = np.flatnonzero(known.any(axis=1))
    assert (rows.mean() < HEIGHT / 2 - 4) == (pitch > 0.1)


def test_the_mirror_image_goes_on_without_a_step() -> None:
    camera = photo_camera(height=240, width=320, horizontal_fov=FOV, pitch=0.0, roll=0.0)
    rng = np.random.Generator(np.random.PCG64(6))
    photo = np.clip(smooth(pixel_rays_in_world(camera)) + rng.normal(0.0, 0.02, (240, 320, 3)), 0, 1).astype(np.float32)
    image, known, nearness = photo_on_sphere(photo, camera, HEIGHT)
    inside = image.copy()
    inside[nearness == 0.0] = np.nan
    score = score_seam(np.nan_to_num(inside, nan=0.5), known)
    assert score.median_ratio < 1.2


@pytest.mark.parametrize(("pitch_deg", "roll_deg"), [(0.0, 0.0), (9.0, 0.0), (-6.0, 4.0), (0.0, -5.0)])
def test_pitch_and_roll_are_read_from_pillars(pitch_deg: float, roll_deg: float) -> None:
    rays = equirectangular_rays(512)
    azimuth = np.arctan2(rays[..., 0], -rays[..., 2])
    stripes = 0.5 + 0.3 * np.sign(np.sin(azimuth * 40.0)) * (np.abs(rays[..., 1]) < 0.7)
    panorama = np.repeat(stripes[..., None], 3, axis=2).astype(np.float32)
    camera = photo_camera(
        height=300, width=400, horizontal_fov=FOV, pitch=math.radians(pitch_deg), roll=math.radians(roll_deg)
    )
    photo = sample_equirectangular(panorama, pixel_rays_in_world(camera))
    pose = estimate_pose(photo, FOV)
    assert pose.origin == "lines"
    assert math.degrees(pose.pitch) == pytest.approx(pitch_deg, abs=1.5)
    assert math.degrees(pose.roll) == pytest.approx(roll_deg, abs=1.5)


def test_the_end_of_the_sky_tells_the_pitch() -> None:
    """A smooth plain below a smooth sky has no lines, but a horizon."""
    for pitch_deg in (-8.0, 0.0, 7.0):
        camera = photo_camera(height=300, width=400, horizontal_fov=FOV, pitch=math.radians(pitch_deg), roll=0.0)
        up = pixel_rays_in_world(camera)[..., 1]
        photo = np.where(up[..., None] > 0.0, (0.5, 0.7, 0.95), (0.3, 0.4, 0.15)).astype(np.float32)
        pose = estimate_pose(photo, FOV)
        assert (pose.origin, pose.roll) == ("sky", 0.0)
        assert math.degrees(pose.pitch) == pytest.approx(pitch_deg, abs=1.6)
    assert estimate_pose(np.full((64, 64, 3), 0.4, dtype=np.float32), FOV).origin == "default"


def test_bands_cross_over_and_ends_stay_pure() -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    one, two = rng.random((2, HEIGHT, 2 * HEIGHT, 3)).astype(np.float32)
    ones = np.ones((HEIGHT, 2 * HEIGHT), dtype=np.float32)
    assert np.abs(blend_bands(one, two, ones) - one).max() < 1e-5
    assert np.abs(blend_bands(one, two, 0 * ones) - two).max() < 1e-5
    step = ones.copy()
    step[:, :HEIGHT] = 0.0
    mixed = blend_bands(0 * one, 0 * one + 1.0, step)
    assert (mixed >= -1e-5).all()
    assert (mixed <= 1.0 + 1e-5).all()
    # A flat difference crosses over widely, not in one step; both crossings, at the middle and at the seam, alike.
    steps = np.abs(mixed - np.roll(mixed, 1, axis=1)).max(axis=(0, 2))
    assert steps.max() < 0.2
    assert steps[0] == pytest.approx(steps[HEIGHT], abs=1e-5)


def test_seams_are_scored_by_their_steps() -> None:
    rng = np.random.Generator(np.random.PCG64(8))
    image = rng.random((HEIGHT, 2 * HEIGHT, 3)).astype(np.float32) * 0.1
    given = np.zeros((HEIGHT, 2 * HEIGHT), dtype=bool)
    given[40:80, 60:150] = True
    assert score_seam(image, given).median_ratio == pytest.approx(1.0, abs=0.1)
    assert score_seam(np.where(given[..., None], image, image + 0.5), given).median_ratio > 5.0
    with pytest.raises(InvalidInputError, match="no border"):
        score_seam(image, np.ones_like(given))
