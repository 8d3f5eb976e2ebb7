"""Sky, ground contacts and depth of painted panoramas whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.backends.depth import DepthEstimate, DepthRequest
from worldgen.backends.geometric_depth import GeometricDepth
from worldgen.errors import InvalidInputError
from worldgen.events import RunContext
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.ground_contacts import find_ground_contacts
from worldgen.geometry.sky_mask import find_sky
from worldgen.quality.depth_errors import compare_depth

HEIGHT = 256
WALLS = ((-2.4, -1.2, 4.0, 1.6), (-0.3, 0.6, 8.0, 2.2), (1.5, 2.6, 14.0, 3.0))
"""Azimuths from and to, distance and height over the camera in camera heights of upright walls on a plain."""


def painted(roughness: float = 0.03, *, clouds: bool = True) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A picture of brown walls on green ground below a blue sky with clouds, and its depth in camera heights."""
    rays = equirectangular_rays(HEIGHT)
    rng = np.random.Generator(np.random.PCG64(2))
    azimuth = np.arctan2(rays[..., 0], -rays[..., 2])
    level = np.hypot(rays[..., 0], rays[..., 2])
    with np.errstate(divide="ignore"):
        depth = np.where(rays[..., 1] < 0.0, -1.0 / rays[..., 1], np.inf)
    up = rays[..., 1].clip(0.0, 1.0)[..., None]
    color = (1.0 - up) * np.array([0.75, 0.85, 0.95]) + up * np.array([0.3, 0.5, 0.85])
    if clouds:
        puff = (np.sin(azimuth * 5.0) * np.sin(rays[..., 1] * 14.0) > 0.5) & (rays[..., 1] > 0.25)
        color[puff] = 0.95
    color[np.isfinite(depth)] = (0.32, 0.42, 0.18)
    color[np.isfinite(depth)] += rng.normal(0.0, roughness, (int(np.isfinite(depth).sum()), 1))
    for start, end, distance, top in WALLS:
        wall = (azimuth > start) & (azimuth < end)
        wall &= (rays[..., 1] / level > -1.0 / distance) & (rays[..., 1] / level < top / distance)
        depth[wall] = distance / level[wall]
        color[wall] = np.array([0.45, 0.27, 0.16]) + rng.normal(0.0, roughness, (int(wall.sum()), 1))
    return color.clip(0.0, 1.0).astype(np.float32), depth.astype(np.float32)


def request(picture: NDArray[np.float32]) -> DepthRequest:
    known = np.ones(picture.shape[:2], dtype=bool)
    return DepthRequest(rgb=picture, known=known, camera_height=None, camera_from_level=np.eye(3))


@pytest.mark.parametrize("clouds", [False, True])
def test_the_sky_is_found_clouds_and_all(clouds: bool) -> None:
    picture, depth = painted(clouds=clouds)
    sky = find_sky(picture)
    truth = np.isinf(depth)
    overlap = (sky.is_sky & truth).sum() / (sky.is_sky | truth).sum()
    assert overlap > 0.97
    assert 0.0 <= sky.confidence.min() <= sky.confidence.max() <= 1.0


def test_a_room_has_no_sky() -> None:
    """A ceiling that is no brighter than the walls and not blue is none."""
    rays = equirectangular_rays(HEIGHT)
    color = np.full((HEIGHT, 2 * HEIGHT, 3), 0.55, dtype=np.float32)
    color[rays[..., 1] > 0.5] = (0.5, 0.48, 0.44)
    color[rays[..., 1] < -0.5] = (0.35, 0.22, 0.12)
    assert not find_sky(color).is_sky.any()


def test_contacts_are_where_the_walls_stand() -> None:
    picture, depth = painted()
    contacts = find_ground_contacts(picture, np.isinf(depth))
    azimuth = ((np.arange(2 * HEIGHT) + 0.5) / HEIGHT - 1.0) * math.pi
    inside = np.zeros(2 * HEIGHT, dtype=bool)
    for start, end, distance, _ in WALLS:
        wall = (azimuth > start + 0.1) & (azimuth < end - 0.1)
        inside |= (azimuth > start - 0.05) & (azimuth < end + 0.05)
        assert np.median(contacts.distances[wall]) == pytest.approx(distance, rel=0.12)
        assert np.median(contacts.confidence[wall]) > 0.6
    assert np.isinf(contacts.distances[~inside]).mean() > 0.95


def test_the_geometric_depth_is_near_the_truth_and_says_where_it_is_not() -> None:
    picture, depth = painted()
    estimate = GeometricDepth()(request(picture), RunContext())
    assert not estimate.is_metric
    errors = compare_depth(estimate.euclidean_depth, depth, estimate.confidence)
    assert errors.relative < 0.1
    assert errors.within_quarter > 0.92
    assert errors.sky_overlap > 0.97
    assert errors.edge_f1 > 0.6
    assert errors.sure_relative <= errors.relative
    # The picture goes round: turned by any number of columns, so is the depth.
    turned = GeometricDepth()(request(np.roll(picture, 128, axis=1)), RunContext())
    again = compare_depth(np.roll(turned.euclidean_depth, -128, axis=1), estimate.euclidean_depth)
    assert again.within_quarter > 0.97


def test_estimates_of_another_kind_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="positive"):
        DepthEstimate(
            euclidean_depth=np.zeros((8, 16), dtype=np.float32),
            confidence=np.ones((8, 16), dtype=np.float32),
            is_metric=True,
            provenance="neural",
        )
    with pytest.raises(InvalidInputError, match="0 to 1"):
        DepthEstimate(
            euclidean_depth=np.ones((8, 16), dtype=np.float32),
            confidence=np.full((8, 16), 1.5, dtype=np.float32),
            is_metric=True,
            provenance="neural",
        )


def test_errors_are_zero_for_the_truth_and_known_for_a_factor() -> None:
    _, depth = painted()
    same = compare_depth(depth, depth)
    assert (same.relative, same.within_quarter, same.edge_f1, same.sky_overlap) == (0.0, 1.0, 1.0, 1.0)
    off = compare_depth(depth * np.float32(1.3), depth)
    assert off.relative == pytest.approx(0.3, abs=1e-5)
    assert (off.within_quarter, off.edge_f1) == (0.0, 1.0)
    with pytest.raises(InvalidInputError, match="no finite pixel"):
        compare_depth(np.full_like(depth, np.inf), depth)
    with pytest.raises(InvalidInputError, match="cannot be compared"):
        compare_depth(depth[:, :-1], depth)
