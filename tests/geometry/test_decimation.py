"""Decimated meshes keep shape, silhouette, texture scale, seams and rims."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from tests.scenes import ball_mesh, box_mesh
from worldgen.errors import InvalidInputError
from worldgen.geometry.decimation import decimate_mesh
from worldgen.scene.triangle_mesh import TriangleMesh


def land(count: int = 81) -> TriangleMesh:
    """Hills as a height grid whose UVs are affine in x and z."""
    axis = np.linspace(-40.0, 40.0, count)
    x, z = np.meshgrid(axis, axis)
    y = 3.0 * np.sin(x / 9.0) * np.cos(z / 11.0)
    slopes = np.stack(
        [-np.cos(x / 9.0) * np.cos(z / 11.0) / 3.0, np.ones_like(x), 3.0 / 11.0 * np.sin(x / 9.0) * np.sin(z / 11.0)],
        -1,
    )
    slopes /= np.linalg.norm(slopes, axis=-1, keepdims=True)
    index = np.arange(count * count).reshape(count, count)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    triangles = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    return TriangleMesh(
        vertices=np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32),
        triangles=triangles.astype(np.int32),
        normals=slopes.reshape(-1, 3).astype(np.float32),
        uvs=np.stack([0.5 + x / 80.0, 0.5 - z / 80.0], -1).reshape(-1, 2).astype(np.float32),
    )


def panelled_box(steps: int = 12) -> TriangleMesh:
    """A 2 m cube whose sides are grids of flat-shaded squares, with UVs in metres on every side."""
    box = trimesh.creation.box(extents=(2.0, 2.0, 2.0))
    for _ in range(4):
        box = box.subdivide()
    corners = box.triangles.reshape(-1, 3)
    normals = np.repeat(box.face_normals, 3, axis=0)
    axis = np.argmax(np.abs(normals), axis=1)
    u = np.where(axis == 0, corners[:, 2], corners[:, 0])
    v = np.where(axis == 1, corners[:, 2], corners[:, 1])
    return TriangleMesh(
        vertices=corners.astype(np.float32),
        triangles=np.arange(len(corners), dtype=np.int32).reshape(-1, 3),
        normals=normals.astype(np.float32),
        uvs=np.stack([u, v], axis=1).astype(np.float32),
    )


def silhouette(mesh: TriangleMesh, axis: int, size: int = 200) -> np.ndarray:
    """Pixels that a mesh covers, seen along an axis: its triangles sampled densely."""
    flat = np.delete(mesh.vertices[mesh.triangles].astype(np.float64), axis, axis=2)
    steps = np.stack(np.meshgrid(np.linspace(0, 1, 60), np.linspace(0, 1, 60)), -1).reshape(-1, 2)
    steps = steps[steps.sum(axis=1) <= 1.0]
    points = (
        flat[:, None, 0]
        + steps[:, :1] * (flat[:, 1] - flat[:, 0])[:, None]
        + steps[:, 1:] * (flat[:, 2] - flat[:, 0])[:, None]
    )
    pixels = np.clip(((points + 4.0) / 8.0 * size).astype(int), 0, size - 1)
    image = np.zeros((size, size), dtype=bool)
    image[pixels[..., 0].ravel(), pixels[..., 1].ravel()] = True
    return image


@pytest.mark.parametrize("goal", [600, 200])
def test_a_ball_stays_round(goal: int) -> None:
    ball = ball_mesh(4)
    small = decimate_mesh(ball, goal)
    assert small.num_triangles <= goal
    solid = trimesh.Trimesh(small.vertices, small.triangles)
    assert solid.is_watertight
    middle = np.array([0.0, 1.5, 0.0])
    radii = np.linalg.norm(small.vertices - middle, axis=1)
    assert np.abs(radii - 1.5).max() < 0.05
    outward = (small.vertices - middle) / radii[:, None]
    assert (small.normals * outward).sum(axis=1).min() > 0.97
    # The colours are a gradient in y: they stay where they are.
    assert small.colors is not None
    shade = 0.5 * outward[:, 1] + 0.5
    np.testing.assert_allclose(small.colors[:, 0], 0.1 + 0.7 * shade, atol=0.06)
    for axis in range(3):
        before, after = silhouette(ball, axis), silhouette(small, axis)
        assert (before & after).sum() / (before | after).sum() > 0.95


def test_flat_sides_keep_texture_and_hard_edges() -> None:
    box = panelled_box()
    small = decimate_mesh(box, 60)
    assert small.num_triangles <= 60
    corners = small.vertices[small.triangles].astype(np.float64)
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    np.testing.assert_allclose(small.normals[small.triangles], np.repeat(faces[:, None], 3, axis=1), atol=1e-3)
    assert np.abs(faces).max(axis=1).min() > 0.999
    axis = np.argmax(np.abs(faces), axis=1)[:, None]
    u = np.where(axis == 0, corners[:, :, 2], corners[:, :, 0])
    v = np.where(axis == 1, corners[:, :, 2], corners[:, :, 1])
    assert small.uvs is not None
    np.testing.assert_allclose(small.uvs[small.triangles], np.stack([u, v], axis=-1), atol=1e-3)
    assert trimesh.Trimesh(small.vertices, small.triangles).volume == pytest.approx(8.0, rel=1e-3)


def test_tiles_of_land_still_meet() -> None:
    mesh = land()
    small = decimate_mesh(mesh, 2000, lock_border=True)
    assert small.num_triangles <= 2000 < mesh.num_triangles / 4
    rim = {tuple(row) for row in mesh.vertices[np.abs(mesh.vertices[:, [0, 2]]).max(axis=1) > 39.999].round(3).tolist()}
    kept = {tuple(row) for row in small.vertices.round(3).tolist()}
    assert rim <= kept
    x, y, z = small.vertices.astype(np.float64).T
    assert np.abs(y - 3.0 * np.sin(x / 9.0) * np.cos(z / 11.0)).max() < 0.1
    assert small.uvs is not None
    np.testing.assert_allclose(small.uvs, np.stack([0.5 + x / 80.0, 0.5 - z / 80.0], -1), atol=1e-4)
    assert small.normals[:, 1].min() > 0.8
    assert small.num_vertices < 0.7 * small.num_triangles


def test_small_meshes_stay_and_results_repeat() -> None:
    box = box_mesh()
    assert decimate_mesh(box, 500) is box
    one, two = decimate_mesh(ball_mesh(3), 100), decimate_mesh(ball_mesh(3), 100)
    np.testing.assert_array_equal(one.vertices, two.vertices)
    np.testing.assert_array_equal(one.triangles, two.triangles)
    with pytest.raises(InvalidInputError, match="one triangle"):
        decimate_mesh(box, 0)
