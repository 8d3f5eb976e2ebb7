"""Cards: coverage and colours of analytic shapes, sides the right way round, clean rims."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.scenes import ball_mesh, box_mesh
from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError
from worldgen.geometry.cards import PaintedMesh, make_cards
from worldgen.scene.triangle_mesh import TriangleMesh


def painted(mesh: TriangleMesh, color: tuple[float, float, float], shift: tuple[float, float, float]) -> PaintedMesh:
    moved = TriangleMesh(
        vertices=(mesh.vertices + np.array(shift, dtype=np.float32)).astype(np.float32),
        triangles=mesh.triangles,
        normals=mesh.normals,
    )
    return PaintedMesh(mesh=moved, colors=np.tile(np.array(color, dtype=np.float32), (mesh.num_triangles, 1)))


def test_a_ball_covers_a_disc_in_its_colour() -> None:
    cards = make_cards([painted(ball_mesh(4), (0.2, 0.5, 0.1), (0.0, 0.0, 0.0))], height_px=256)
    height, width, _ = cards.picture.shape
    assert (height, width) == (256, 512)
    for half in (cards.picture[:, :256], cards.picture[:, 256:]):
        coverage = half[..., 3] / 255.0
        assert coverage.mean() == pytest.approx(math.pi / 4.0, rel=5e-3)
        assert coverage[0, 0] == 0.0
        assert coverage[128, 128] == 1.0
        # The colour is the ball's everywhere, also where nothing is: filters must not darken the rim.
        np.testing.assert_allclose(
            linear_from_srgb(half[..., :3] / np.float32(255.0)).mean(axis=(0, 1)), (0.2, 0.5, 0.1), atol=0.01
        )


def test_sides_are_the_right_way_round() -> None:
    """Red stands at +X, blue at +Z; a quad shows at a place what stands there."""
    parts = [
        painted(box_mesh(), (1.0, 0.0, 0.0), (4.0, 0.0, 0.0)),
        painted(box_mesh(), (0.0, 0.0, 1.0), (0.0, 6.0, 4.0)),
    ]
    cards = make_cards(parts, height_px=128)
    mesh, picture = cards.mesh, cards.picture
    assert mesh.uvs is not None
    height, width, _ = picture.shape
    seen = {"red": 0, "blue": 0}
    for triangle in mesh.triangles:
        corners, uvs = mesh.vertices[triangle].astype(np.float64), mesh.uvs[triangle].astype(np.float64)
        for a, b in np.random.Generator(np.random.PCG64(1)).random((400, 2)):
            if a + b > 1.0:
                continue
            point = corners[0] + a * (corners[1] - corners[0]) + b * (corners[2] - corners[0])
            u, v = uvs[0] + a * (uvs[1] - uvs[0]) + b * (uvs[2] - uvs[0])
            texel = picture[min(int((1.0 - v) * height), height - 1), min(int(u * width), width - 1)]
            if texel[3] < 255:
                continue
            if texel[0] > 200 and abs(point[0]) > 1.5:
                assert point[0] == pytest.approx(4.0, abs=1.1)
                seen["red"] += 1
            if texel[2] > 200 and abs(point[2]) > 1.5:
                assert point[2] == pytest.approx(4.0, abs=1.1)
                seen["blue"] += 1
    assert min(seen.values()) > 20
    faces = np.cross(
        mesh.vertices[mesh.triangles[:, 1]] - mesh.vertices[mesh.triangles[:, 0]],
        mesh.vertices[mesh.triangles[:, 2]] - mesh.vertices[mesh.triangles[:, 0]],
    )
    np.testing.assert_allclose(faces.sum(axis=0), 0.0, atol=1e-4)
    assert ((mesh.normals[mesh.triangles[:, 0]] * faces).sum(axis=1) > 0.0).all()


def test_bad_requests_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="nothing"):
        make_cards([])
    with pytest.raises(InvalidInputError, match="power of two"):
        make_cards([painted(box_mesh(), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))], height_px=100)
