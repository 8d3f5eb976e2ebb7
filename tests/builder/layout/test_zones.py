"""Distances to zones are exact, and scattered things keep out of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from worldgen.builder.layout.zones import LineZone, PadZone, distance_to_polyline, outside_zones
from worldgen.frames import yaw_rotation
from worldgen.randomness import rng


@pytest.mark.parametrize("yaw", [0.0, 0.4, math.pi / 2, -2.0])
def test_pad_distance_is_the_distance_to_a_turned_rectangle(yaw: float) -> None:
    pad = PadZone(owner="a/0", center_xz=(3.0, -5.0), half_size_m=(4.0, 2.0), yaw=yaw, margin_m=1.0)
    local = np.array([[0, 0], [4, 2], [5, 0], [0, 3.5], [7, 6], [-4.5, -2.5]], dtype=np.float64)
    expected = np.array([0.0, 0.0, 1.0, 1.5, 5.0, math.hypot(0.5, 0.5)])
    world = np.stack([local[:, 0], np.zeros(len(local)), local[:, 1]], axis=1) @ yaw_rotation(yaw).T
    distance = pad.distance(world[:, 0] + 3.0, world[:, 2] - 5.0)
    assert np.abs(distance - expected).max() < 1e-12


def test_polyline_distance_agrees_with_dense_sampling() -> None:
    line = np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 5.0], [9.0, 8.0]])
    points = rng(0, "points").uniform(-3.0, 12.0, size=(200, 2))
    steps = np.linspace(0.0, 1.0, 2001)[:, None]
    dense = np.concatenate([a + (b - a) * steps for a, b in itertools.pairwise(line)])
    brute = np.hypot(*(points[:, None] - dense[None]).transpose(2, 0, 1)).min(axis=1)
    assert np.abs(distance_to_polyline(line, points[:, 0], points[:, 1]) - brute).max() < 2e-3


def test_outside_zones_keeps_margins_and_wider_reaches() -> None:
    zones = (
        PadZone(owner="a/0", center_xz=(0.0, 0.0), half_size_m=(2.0, 2.0), yaw=0.3, margin_m=1.0),
        LineZone(owner="path", points_xz=np.array([[-20.0, 9.0], [20.0, 9.0]]), half_width_m=1.0, margin_m=0.5),
    )
    points = rng(1, "points").uniform(-12.0, 12.0, size=(3000, 2))
    x, z = points[:, 0], points[:, 1]
    for reach in (0.0, 2.5):
        free = outside_zones(zones, x, z, reach_m=reach)
        expected = np.ones(len(x), dtype=bool)
        for zone in zones:
            expected &= zone.distance(x, z) > max(zone.margin_m, reach)
        assert np.array_equal(free, expected)
        assert 0 < free.sum() < len(free)
