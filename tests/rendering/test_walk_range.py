"""The walk range against worlds of which the answer is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from worldgen.geometry.ground_field import GroundField
from worldgen.rendering.walk_range import DISTANCES_M, LEAST_RANGE_M, measure_walk_range
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.scene.walk_range import WalkRange

EYE = 1.6
LEVEL = GroundField(radii=np.array([0.5, 100.0]), heights=np.zeros((2, 8)))


def ball(radius: float, *, label: str = "surface", cut: str = "") -> TexturedMesh:
    """A ball around the eye, fronts inside; ``cut`` is what becomes of the half where x > 0: "invented" or "gone"."""
    made = trimesh.creation.icosphere(subdivisions=5, radius=radius)
    vertices = made.vertices + np.array([0.0, EYE, 0.0])
    triangles = made.faces[:, ::-1]
    if cut == "gone":
        triangles = triangles[made.triangles_center[:, 0] < 0.0]
    is_seen = np.ones(len(vertices), dtype=np.float32)
    if cut == "invented":
        is_seen[vertices[:, 0] > 0.0] = 0.0
    mesh = TriangleMesh(
        vertices=vertices.astype(np.float32),
        triangles=np.ascontiguousarray(triangles, dtype=np.int32),
        normals=(-made.vertices / radius).astype(np.float32),
        uvs=np.zeros((len(vertices), 2), dtype=np.float32),
    )
    return TexturedMesh(
        name="ball", label=label, mesh=mesh, texture=np.zeros((4, 8, 3), dtype=np.uint8), is_seen=is_seen
    )


def stretched_share(radius: float, distance: float) -> float:
    """Share of the directions between -60 and 50 degrees, from a place beside the middle of a ball, in which a piece of
    it fills more than 16 times the solid angle that it fills from the middle."""
    height, turn = np.meshgrid(
        np.linspace(np.sin(np.radians(-60)), np.sin(np.radians(50)), 801)[:-1] + 1e-3, np.arange(720) / 720 * 2 * np.pi
    )
    along = np.sqrt(1.0 - height**2) * np.cos(turn)  # cosine to the way that was gone
    reach = -distance * along + np.sqrt(radius**2 - distance**2 * (1.0 - along**2))
    facing = (reach + distance * along) / radius
    return float((facing / reach**2 > 16.0 / radius**2).mean())


def test_far_walls_hold_until_they_are_drawn_out() -> None:
    found = measure_walk_range([ball(25.0)], LEVEL, EYE)
    for distance, share in zip(DISTANCES_M, found.untrue_shares, strict=True):
        assert share == pytest.approx(stretched_share(25.0, distance), abs=0.02), distance
    assert found.untrue_shares[-1] > 0.25 > found.untrue_shares[-2]
    assert ((found.radii_m > 16.0) & (found.radii_m < 24.0)).all()
    assert np.ptp(found.radii_m) < 1.0


def test_what_was_invented_or_is_missing_does_not_hold() -> None:
    for cut in ("invented", "gone"):
        found = measure_walk_range([ball(25.0, cut=cut)], LEVEL, EYE)
        assert found.untrue_shares[0] == pytest.approx(0.5, abs=0.03), cut
        assert (found.radii_m == LEAST_RANGE_M).all()
    behind = measure_walk_range([ball(25.0, cut="gone"), ball(100.0, label="sky")], LEVEL, EYE)
    assert behind.untrue_shares[0] < 0.01


def test_the_sky_is_true_everywhere() -> None:
    found = measure_walk_range([ball(200.0, label="sky")], LEVEL, EYE)
    assert not found.untrue_shares.any()
    assert (found.radii_m == DISTANCES_M[-1]).all()


def test_a_wall_ends_the_range_on_its_side() -> None:
    """The ball's half of x > 0 is moved up to 5 m: beyond it one sees its back."""
    far = ball(30.0)
    vertices = far.mesh.vertices.copy()
    vertices[:, 0] = np.minimum(vertices[:, 0], 5.0)
    near = dataclasses.replace(far, mesh=dataclasses.replace(far.mesh, vertices=vertices))
    found = measure_walk_range([near], LEVEL, EYE)
    east, west = found.radii_m[4], found.radii_m[12]
    assert 2.0 < east <= 5.0
    assert west > 10.0


def test_the_same_twice_and_by_tolerance() -> None:
    def measured(tolerance: float) -> WalkRange:
        return measure_walk_range([ball(12.0)], LEVEL, EYE, tolerance=tolerance)

    one, two, stricter = measured(0.25), measured(0.25), measured(0.1)
    np.testing.assert_array_equal(one.radii_m, two.radii_m)
    assert (stricter.radii_m < one.radii_m).all()
