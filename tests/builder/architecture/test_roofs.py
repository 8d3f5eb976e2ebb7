"""Roofs: closed over their walls, level at the ridge, snow on top."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.builder.architecture.assembly import Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.roof_styles import SHINGLES, SLATE, THATCH, TILES, RoofStyle
from worldgen.builder.architecture.roofs import (
    cone_roof,
    gable_profile,
    gambrel_profile,
    hip_roof,
    ridge_roof,
    under_line,
)
from worldgen.randomness import rng
from worldgen.scene.scene import Prototype


def heights(prototype: Prototype, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The highest surface over each point, by testing every triangle; -inf where there is none."""
    top = np.full(len(x), -np.inf)
    for part in prototype.lods[0]:
        corners = part.mesh.vertices[part.mesh.triangles].astype(np.float64)
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        area = (b[:, 0] - a[:, 0]) * (c[:, 2] - a[:, 2]) - (c[:, 0] - a[:, 0]) * (b[:, 2] - a[:, 2])
        usable = np.abs(area) > 1e-9
        a, b, c, area = a[usable], b[usable], c[usable], area[usable]
        for index in range(len(x)):
            u = ((x[index] - a[:, 0]) * (c[:, 2] - a[:, 2]) - (c[:, 0] - a[:, 0]) * (z[index] - a[:, 2])) / area
            v = ((b[:, 0] - a[:, 0]) * (z[index] - a[:, 2]) - (x[index] - a[:, 0]) * (b[:, 2] - a[:, 2])) / area
            inside = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1.0 + 1e-9)
            if inside.any():
                y = a[inside, 1] + u[inside] * (b - a)[inside, 1] + v[inside] * (c - a)[inside, 1]
                top[index] = max(top[index], float(y.max()))
    return top


GRID = [values.ravel() for values in np.meshgrid(np.linspace(-3.8, 3.8, 12), np.linspace(-2.9, 2.9, 11))]


@pytest.mark.parametrize("style", [TILES, SLATE, SHINGLES, THATCH])
def test_gable_roofs_rise_with_their_pitch(style: RoofStyle) -> None:
    assembly = Assembly(rng(1, "roof"))
    pitch = math.radians(40.0)
    profile, ridge = gable_profile(2.5, 3.0, pitch, 0.5, style)
    ridge_roof(assembly, WORLD, profile, 4.0, style)
    prototype = assembly.finish("roof", "barn")
    x, z = GRID
    top = heights(prototype, x, z)
    expected = ridge - np.abs(z) * math.tan(pitch)
    cap = np.abs(z) < style.ridge_radius * 1.3
    assert (np.abs(top - expected)[~cap] < style.lip * 2.0 + 0.02).all()
    assert (top[cap] >= expected[cap] - 0.02).all()


def test_gambrel_roofs_break_once_and_clear_the_walls() -> None:
    profile, ridge = gambrel_profile(4.0, 4.0, 3.5, 0.4, SHINGLES)
    table = np.array(profile)
    slopes = np.diff(table[:, 1]) / np.diff(table[:, 0])
    assert len(slopes) == 4
    assert slopes[0] > slopes[1] > 0.0
    np.testing.assert_allclose(slopes, -slopes[::-1])
    line = np.array(under_line(profile, 4.0, SHINGLES))
    assert line[0, 1] == pytest.approx(4.0, abs=0.12)
    assert line[:, 1].max() < ridge


def test_gable_walls_end_inside_the_slab() -> None:
    profile, _ = gable_profile(2.5, 3.0, math.radians(45.0), 0.5, TILES)
    table = np.array(profile)
    for s, y in under_line(profile, 2.5, TILES):
        top = float(np.interp(s, table[:, 0], table[:, 1]))
        assert top - TILES.thickness * math.sqrt(2.0) < y < top


@pytest.mark.parametrize("half_length", [2.5, 4.0])
def test_hip_roofs_have_no_holes(half_length: float) -> None:
    assembly = Assembly(rng(2, "hip"))
    top = hip_roof(assembly, WORLD, half_length, 2.5, 3.0, pitch=math.radians(35.0), overhang=0.4, style=TILES)
    prototype = assembly.finish("hip", "well")
    x, z = np.meshgrid(np.linspace(-half_length, half_length, 13), np.linspace(-2.5, 2.5, 13))
    found = heights(prototype, x.ravel(), z.ravel())
    assert (found > 2.7).all()
    assert found.max() == pytest.approx(top, abs=0.2)


def test_cones_come_to_a_point_over_their_eave() -> None:
    assembly = Assembly(rng(3, "cone"))
    cone_roof(assembly, WORLD.moved(y=5.0), 2.0, 4.0, SLATE)
    for lod in assembly.finish("cone", "tower").lods:
        points = np.concatenate([part.mesh.vertices for part in lod])
        reach = np.hypot(points[:, 0], points[:, 2])
        assert points[:, 1].max() == pytest.approx(9.0, abs=0.05)
        assert reach[points[:, 1] > 8.99].max() < 0.03
        assert reach.max() == pytest.approx(2.0, abs=0.06)


def test_snow_lies_above_the_tiles_and_covers_the_ridge() -> None:
    x, z = GRID
    tops = []
    for snow in (0.0, 0.9):
        assembly = Assembly(rng(4, "snow"))
        profile, _ = gable_profile(2.5, 3.0, math.radians(35.0), 0.5, SLATE)
        ridge_roof(assembly, WORLD, profile, 4.0, SLATE, snow=snow)
        tops.append(heights(assembly.finish("roof", "barn"), x, z))
    inner = (np.abs(x) < 3.6) & (np.abs(z) > 0.2)
    lift = (tops[1] - tops[0])[inner]
    assert lift.min() > 0.08
    assert lift.max() < 0.4
