"""Panoramas of which a part is missing: what is there stays, what is added fits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.errors import InvalidInputError
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.membranes import fill_smoothly, meet_border
from worldgen.geometry.panorama_completion import (
    complete_panorama,
    place_on_sphere,
    resample_nearest,
    turn_nearest,
    turn_panorama,
)
from worldgen.scene.picture import SphereRegion

HEIGHT = 64
WHOLE = SphereRegion(left=0.0, top=0.0, horizontal=2.0 * math.pi, vertical=math.pi)


def smooth_image() -> np.ndarray:  # type: ignore[type-arg]
    rays = equirectangular_rays(HEIGHT)
    return (0.5 + 0.2 * rays).astype(np.float32)


def test_a_whole_panorama_of_the_right_size_is_not_resampled() -> None:
    image = smooth_image()
    placed, known = place_on_sphere(image, np.ones((HEIGHT, 2 * HEIGHT), dtype=bool), WHOLE, HEIGHT)
    assert np.array_equal(placed, image)
    assert known.all()


def test_a_larger_one_closes_at_the_seam() -> None:
    rays = equirectangular_rays(4 * HEIGHT)
    image = (0.5 + 0.2 * rays).astype(np.float32)
    placed, _ = place_on_sphere(image, np.ones(image.shape[:2], dtype=bool), WHOLE, HEIGHT)
    assert np.abs(placed - smooth_image()).max() < 2e-3
    steps = np.abs(placed - np.roll(placed, 1, axis=1)).max(axis=(0, 2))
    assert steps[0] <= steps[1:].max() * 1.01


def test_a_smaller_one_of_radiance_has_no_ring_around_its_sun() -> None:
    image = np.full((HEIGHT // 2, HEIGHT, 3), 2.0, dtype=np.float32)
    image[8:10, [0, -1]] = 20_000.0
    image[20:] = 0.5
    given = np.ones(image.shape[:2], dtype=bool)
    placed, _ = place_on_sphere(image, given, WHOLE, HEIGHT, is_radiance=True)
    # Each pixel lies within the range of the four around its place: their rows and columns, by hand, over the seam.
    places = (np.arange(2 * HEIGHT) + 0.5) / 2.0 - 0.5
    rows = np.clip(np.floor(places[:HEIGHT]).astype(int)[:, None] + [0, 1], 0, HEIGHT // 2 - 1)
    columns = (np.floor(places).astype(int)[:, None] + [0, 1]) % HEIGHT
    around = image[rows[:, None, :, None], columns[None, :, None, :]]
    assert (placed >= around.min(axis=(2, 3))).all()
    assert (placed <= around.max(axis=(2, 3))).all()
    assert placed[:38].min() == 2.0
    sharp, _ = place_on_sphere(image, given, WHOLE, HEIGHT)
    assert (sharp[:30] < 1.0).any()


def test_a_crop_lands_where_it_was_cut_out() -> None:
    image = smooth_image()
    region = SphereRegion(
        left=40 / HEIGHT * math.pi, top=16 / HEIGHT * math.pi, horizontal=0.75 * 2.0 * math.pi, vertical=0.5 * math.pi
    )
    columns = np.arange(40, 40 + 96) % 128
    crop = image[16:48][:, columns]
    placed, known = place_on_sphere(crop, np.ones(crop.shape[:2], dtype=bool), region, HEIGHT)
    expected = np.zeros_like(known)
    expected[16:48, columns] = True
    assert np.array_equal(known, expected)
    assert np.array_equal(placed[known], image[known])
    full = complete_panorama(placed, known)
    assert np.array_equal(full[known], image[known])
    assert np.abs(full - image).max() < 0.25  # the whole range is 0.4: the colours go on, they do not jump
    assert full.min() >= 0.0


@pytest.mark.parametrize("rows", [(10, 64), (0, 50), (12, 40)])
def test_what_was_added_meets_what_is_there(rows: tuple[int, int]) -> None:
    """On a textured image the step over the border is of the size of the steps inside."""
    rng = np.random.Generator(np.random.PCG64(1))
    image = smooth_image() + rng.normal(0.0, 0.02, (HEIGHT, 2 * HEIGHT, 3)).astype(np.float32)
    known = np.zeros((HEIGHT, 2 * HEIGHT), dtype=bool)
    known[rows[0] : rows[1]] = True
    full = complete_panorama(np.where(known[..., None], image, 0.0).astype(np.float32), known)
    steps = np.abs(np.diff(full, axis=0)).mean(axis=(1, 2))
    inside = np.median(steps[rows[0] : rows[1] - 1])
    for border in (rows[0] - 1, rows[1] - 1):
        if 0 <= border < HEIGHT - 1:
            assert steps[border] < 1.6 * inside
    assert np.isfinite(full).all()


def test_the_pole_is_one_colour() -> None:
    known = np.zeros((HEIGHT, 2 * HEIGHT), dtype=bool)
    known[20:44] = True
    full = complete_panorama(np.where(known[..., None], smooth_image(), 0.0).astype(np.float32), known)
    assert np.ptp(full[0], axis=0).max() < 0.02
    assert np.ptp(full[-1], axis=0).max() < 0.08


def test_a_membrane_keeps_what_it_is_given_and_never_overshoots() -> None:
    image = smooth_image()
    weights = np.zeros((HEIGHT, 2 * HEIGHT), dtype=np.float32)
    weights[30:34, 10:90] = 1.0
    filled = fill_smoothly(image, weights)
    assert np.array_equal(filled[weights > 0], image[weights > 0])
    given = image[weights > 0]
    assert (filled >= given.min(axis=0) - 1e-4).all()
    assert (filled <= given.max(axis=0) + 1e-4).all()
    with pytest.raises(InvalidInputError, match="nothing"):
        fill_smoothly(image, np.zeros_like(weights))
    with pytest.raises(InvalidInputError, match="power of two"):
        fill_smoothly(image[:60], weights[:60])


def test_a_constant_offset_vanishes_at_a_border() -> None:
    """A fill that is off by a constant is off by nothing after it was joined."""
    image = smooth_image()
    is_given = np.zeros((HEIGHT, 2 * HEIGHT), dtype=bool)
    is_given[20:40, 30:100] = True
    joined = meet_border(image + np.float32(0.3), image, is_given)
    assert np.abs(joined - image).max() < 1e-4
    assert np.array_equal(joined[is_given], image[is_given])


def test_turning_there_and_back_is_the_identity() -> None:
    angle = math.radians(20.0)
    turn = np.array(
        [[math.cos(angle), 0.0, math.sin(angle)], [0.0, 1.0, 0.0], [-math.sin(angle), 0.0, math.cos(angle)]]
    )
    tilt = np.array([[1.0, 0.0, 0.0], [0.0, math.cos(0.1), -math.sin(0.1)], [0.0, math.sin(0.1), math.cos(0.1)]])
    rotation = turn @ tilt
    image = smooth_image()
    assert np.abs(turn_panorama(turn_panorama(image, rotation), rotation.T) - image).max() < 2e-3
    labels = (np.arange(HEIGHT)[:, None] // 16 + np.zeros((1, 2 * HEIGHT), dtype=np.int64)).astype(np.uint8)
    assert set(np.unique(turn_nearest(labels, rotation))) == {0, 1, 2, 3}
    assert np.array_equal(turn_nearest(labels, np.eye(3)), labels)
    assert np.array_equal(resample_nearest(labels, 32)[:, 0], labels[1::2, 0])
