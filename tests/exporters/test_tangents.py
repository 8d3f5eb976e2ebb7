"""Tangents: analytic surfaces, mirrored and missing UVs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.scenes import ball_mesh, quad_mesh
from worldgen.exporters.tangents import vertex_tangents
from worldgen.scene.triangle_mesh import TriangleMesh


def with_uvs(mesh: TriangleMesh, uvs: np.ndarray) -> TriangleMesh:
    return dataclasses.replace(mesh, uvs=uvs.astype(np.float32))


@pytest.mark.parametrize(("flip", "tangent", "w"), [(1.0, [1, 0, 0], 1.0), (-1.0, [-1, 0, 0], -1.0)])
def test_plane(flip: float, tangent: list[float], w: float) -> None:
    """On the ground u grows to +X and v to -Z, as in a picture that lies with its top to the north."""
    mesh = quad_mesh(2.0, 0.0)
    uvs = np.stack([flip * mesh.vertices[:, 0], -mesh.vertices[:, 2]], axis=1)
    found = vertex_tangents(with_uvs(mesh, uvs))
    np.testing.assert_allclose(found, np.tile([*tangent, w], (4, 1)), atol=1e-6)
    bitangent = np.cross(mesh.normals, found[:, :3]) * found[:, 3:]
    np.testing.assert_allclose(bitangent, np.tile([0, 0, -1], (4, 1)), atol=1e-6)


def test_ball_with_longitude_and_height() -> None:
    mesh = ball_mesh(4)
    u = np.arctan2(mesh.normals[:, 0], mesh.normals[:, 2])
    seam = u > 3.0
    uvs = np.stack([np.where(seam, u - 2 * np.pi, u), mesh.vertices[:, 1]], axis=1)
    found = vertex_tangents(with_uvs(mesh, uvs))
    inner = (np.abs(u) < 2.5) & (np.abs(mesh.normals[:, 1]) < 0.8)
    east = np.stack([np.cos(u), np.zeros_like(u), -np.sin(u)], axis=1)
    assert inner.sum() > 1000
    assert (found[inner, 3] == 1.0).all()
    assert ((found[:, :3] * east).sum(axis=1)[inner] > 0.99).all()


@pytest.mark.parametrize("kind", ["constant", "a line", "random"])
def test_any_uvs_give_orthonormal_frames(kind: str) -> None:
    mesh = ball_mesh(2)
    count = mesh.num_vertices
    line = np.arange(count) / count
    uvs = {
        "constant": np.zeros((count, 2)),
        "a line": np.stack([line, line], axis=1),
        "random": np.stack([np.sin(1e4 * line), np.cos(3e4 * line)], axis=1),
    }[kind]
    found = vertex_tangents(with_uvs(mesh, uvs)).astype(np.float64)
    np.testing.assert_allclose(np.linalg.norm(found[:, :3], axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose((found[:, :3] * mesh.normals).sum(axis=1), 0.0, atol=1e-5)
    assert set(found[:, 3].tolist()) <= {-1.0, 1.0}


def test_tangents_turn_with_the_mesh() -> None:
    mesh = ball_mesh(2)
    mesh = with_uvs(mesh, np.stack([mesh.vertices[:, 0] * 2, mesh.vertices[:, 1]], axis=1))
    turn = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=np.float32)
    turned = dataclasses.replace(mesh, vertices=mesh.vertices @ turn.T, normals=mesh.normals @ turn.T)
    before, after = vertex_tangents(mesh), vertex_tangents(turned)
    np.testing.assert_allclose(after[:, :3], before[:, :3] @ turn.T, atol=1e-5)
    np.testing.assert_array_equal(after[:, 3], before[:, 3])
