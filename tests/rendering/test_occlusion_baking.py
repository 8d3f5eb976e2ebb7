"""Baked ambient occlusion against what can be worked out by hand."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.scenes import box_mesh
from worldgen.geometry.lightmap_uvs import unwrap_for_lightmap
from worldgen.rendering.occlusion_baking import BakedPart, bake_occlusion
from worldgen.scene.triangle_mesh import TriangleMesh

Triple = tuple[float, float, float]


def sheet(corner: Triple, one: Triple, two: Triple) -> TriangleMesh:
    """A parallelogram that faces to where a screw from ``one`` to ``two`` goes."""
    base, right, up = np.array(corner), np.array(one), np.array(two)
    normal = np.cross(right, up)
    return TriangleMesh(
        vertices=np.array([base, base + right, base + right + up, base + up], dtype=np.float32),
        triangles=np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32),
        normals=np.tile(normal / np.linalg.norm(normal), (4, 1)).astype(np.float32),
        uvs=np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32),
    )


def square_of(mesh: TriangleMesh, column: int) -> BakedPart:
    """A sheet in a quarter of the map: u along its first side, v along its second, a margin around it."""
    assert mesh.uvs is not None
    return BakedPart(mesh=mesh, uvs=mesh.uvs * np.float32(0.375) + np.float32([0.0625 + 0.5 * column, 0.0625]))


def looked_up(picture: NDArray[np.uint8], uvs: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) values of a bilinear filter, as engines have it."""
    size = len(picture)
    places = np.clip(np.asarray(uvs, dtype=np.float64) * size - 0.5, 0.0, size - 1.000001)
    column, row = np.floor(places).astype(int).T
    x, y = (places - np.floor(places)).T
    values = picture / 255.0
    top = values[row, column] * (1.0 - x) + values[row, column + 1] * x
    bottom = values[row + 1, column] * (1.0 - x) + values[row + 1, column + 1] * x
    return top * (1.0 - y) + bottom * y


def test_an_open_plane_has_all_the_light() -> None:
    plane = BakedPart(mesh=sheet((-1, 0, 1), (2, 0, 0), (0, 0, -2)), uvs=np.float32([[0, 0], [1, 0], [1, 1], [0, 1]]))
    assert (bake_occlusion([plane], 32, num_rays=64) == 255).all()
    assert (bake_occlusion([plane], 32, num_rays=64, ground_reach_m=1.0) == 255).all()


def test_a_corner_of_two_long_walls_keeps_what_the_cosine_law_says() -> None:
    """At a distance d from a wall of height h without ends, (1 + d / √(d² + h²)) / 2 of the light arrives."""
    height = 4.0
    floor = square_of(sheet((0, 0, 500), (1, 0, 0), (0, 0, -1000)), 0)
    wall = square_of(sheet((0, 0, 500), (0, 0, -1000), (0, height, 0)), 1)
    picture = bake_occlusion([floor, wall], 128, num_rays=256)
    distances = np.linspace(0.0, 1.0, 20)
    found = looked_up(picture, np.stack([0.0625 + 0.375 * distances, np.full(20, 0.25)], axis=1))
    np.testing.assert_allclose(found, 0.5 * (1.0 + distances / np.hypot(distances, height)), atol=0.015)
    assert found[0] == pytest.approx(0.5, abs=0.01)


def test_a_closed_box_is_dark_inside_and_light_outside() -> None:
    outside = box_mesh()
    inside = dataclasses.replace(
        outside,
        vertices=outside.vertices * np.float32(0.9) + np.float32([0.0, 0.1, 0.0]),
        triangles=np.ascontiguousarray(outside.triangles[:, ::-1]),
        normals=-outside.normals,
    )
    ((parts, _),) = unwrap_for_lightmap([[outside, inside]], [128])
    picture = bake_occlusion([BakedPart(mesh=part.mesh, uvs=part.uvs) for part in parts], 128, num_rays=64)
    weights = np.random.Generator(np.random.PCG64(1)).dirichlet((1.0, 1.0, 1.0), 400)
    for part, light in zip(parts, (1.0, 0.0), strict=True):
        # Points anywhere on a triangle, its rim included: nothing bleeds across a gutter.
        for corners in part.uvs[part.mesh.triangles]:
            places = np.concatenate([weights @ corners, corners, (corners + np.roll(corners, 1, axis=0)) / 2.0])
            np.testing.assert_allclose(looked_up(picture, places), light, atol=0.01)


def test_feet_are_darker_than_tops() -> None:
    """Halfway hidden right above the ground, free of it further up than its shade reaches."""
    wall = BakedPart(mesh=sheet((-2, 0, 0), (4, 0, 0), (0, 4, 0)), uvs=np.float32([[0, 0], [1, 0], [1, 1], [0, 1]]))
    picture = bake_occlusion([wall], 64, num_rays=256, ground_reach_m=1.0)
    rows = picture.mean(axis=1) / 255.0
    # A ray by the cosine law comes from a disc; what it sinks by is how far down the disc it is.
    square, turn = np.meshgrid((np.arange(400) + 0.5) / 400, 2.0 * np.pi * (np.arange(800) + 0.5) / 800)
    sinking = np.maximum(np.sqrt(square) * np.sin(turn), 1e-9)
    heights = (np.arange(64) + 0.5) / 16.0
    shades = [np.mean(np.clip(1.0 - height / sinking, 0.0, 1.0) ** 2) for height in heights]
    np.testing.assert_allclose(rows, 1.0 - np.array(shades), atol=0.005)
    assert rows[0] < 0.65
    assert (picture[17:] == 255).all()
    # A foundation that reaches below the ground is as dark as the foot: slopes show it.
    sunk = dataclasses.replace(wall, mesh=sheet((-2, -4, 0), (4, 0, 0), (0, 4, 0)))
    found = bake_occlusion([sunk], 32, num_rays=256, ground_reach_m=1.0)
    np.testing.assert_allclose(found / 255.0, 0.5, atol=0.02)


def test_what_lies_inside_another_solid_takes_the_light_around_it() -> None:
    """A post that goes through a floor slab has no black ring where it vanishes."""
    slab = box_mesh()
    post = dataclasses.replace(
        box_mesh(), vertices=box_mesh().vertices * np.float32([0.2, 1.0, 0.2]) + np.float32([0, 1.5, 0])
    )
    ((parts, _),) = unwrap_for_lightmap([[slab, post]], [128])
    picture = bake_occlusion([BakedPart(mesh=part.mesh, uvs=part.uvs) for part in parts], 128, num_rays=64)
    assert picture.min() > 90


def test_the_same_bytes_with_one_thread_and_two() -> None:
    ((parts, _),) = unwrap_for_lightmap([[box_mesh()]], [64])
    baked = [BakedPart(mesh=part.mesh, uvs=part.uvs) for part in parts]
    before = numba.get_num_threads()
    found = []
    for threads in (1, min(2, before)):
        numba.set_num_threads(threads)
        found.append(bake_occlusion(baked, 64, num_rays=32, ground_reach_m=0.5))
    numba.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
