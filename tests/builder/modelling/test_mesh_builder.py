"""Assembly of meshes, tubes and skeletons against what geometry says they must be."""

from __future__ import annotations

import numpy as np
import pytest

from worldgen.builder.modelling.branches import Branches, diverge, extend, lengthened_to, resampled, some_with_extremes
from worldgen.builder.modelling.foliage import Foliage, coarsened, fitted, foliage_bounds
from worldgen.builder.modelling.mesh_builder import (
    MeshBuilder,
    grid_triangles,
    merge_meshes,
    smooth_normals,
    transform_mesh,
    triangle_crosses,
)
from worldgen.builder.modelling.noise import Noise3
from worldgen.builder.modelling.stones import icosphere
from worldgen.builder.modelling.tubes import add_tubes
from worldgen.errors import InvalidInputError
from worldgen.randomness import rng
from worldgen.scene.triangle_mesh import TriangleMesh

SQUARE = np.array([[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]], dtype=np.float32)


def flat_agreement(mesh: TriangleMesh) -> np.ndarray:
    crosses = triangle_crosses(mesh.vertices, mesh.triangles)
    return np.einsum("tci,ti->tc", mesh.normals[mesh.triangles], crosses)


def test_quads_and_triangles_face_where_they_wind() -> None:
    quad = MeshBuilder().add_quads(SQUARE, colors=(2.0, 0.5, -1.0)).build()
    assert quad.num_triangles == 2
    assert np.allclose(quad.normals, (0.0, 0.0, 1.0))
    assert quad.colors is not None
    assert np.allclose(quad.colors, (1.0, 0.5, 0.0))
    triangle = MeshBuilder().add_triangles(SQUARE[:, :3][:, ::-1]).build()
    assert np.allclose(triangle.normals, (0.0, 0.0, -1.0))


def test_grid_faces_the_viewer_of_rows_up_and_columns_right() -> None:
    x, y = np.meshgrid(np.arange(4.0), np.arange(3.0))
    mesh = MeshBuilder().add_grid(np.stack((x, y, 0.0 * x), axis=-1)).build()
    assert mesh.num_triangles == 12
    assert np.allclose(mesh.normals, (0.0, 0.0, 1.0))
    assert len(grid_triangles(3, 5, wrap=True)) == 20


def test_degenerate_triangles_and_their_vertices_are_dropped() -> None:
    corners = np.concatenate((SQUARE, SQUARE * (1, 0, 1)))
    mesh = MeshBuilder().add_quads(corners, uvs=np.zeros((2, 4, 2))).build()
    assert mesh.num_triangles == 2
    assert mesh.num_vertices == 4
    assert mesh.uvs is not None
    assert len(mesh.uvs) == 4


def test_pieces_must_agree_on_uvs_and_colours() -> None:
    builder = MeshBuilder().add_quads(SQUARE, uvs=np.zeros((1, 4, 2)))
    builder.add_quads(SQUARE + 2.0)
    with pytest.raises(InvalidInputError, match="UVs"):
        builder.build()
    with pytest.raises(InvalidInputError, match="at least one triangle"):
        MeshBuilder().build()


def test_merge_and_transform_keep_shape_and_turn_normals() -> None:
    quad = MeshBuilder().add_quads(SQUARE).build()
    turned = np.array([[0, 0, 1, 5], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1]], dtype=np.float64)
    moved = transform_mesh(quad, turned @ np.diag((2.0, 3.0, 1.0, 1.0)))
    assert np.allclose(moved.normals, (1.0, 0.0, 0.0))
    assert np.allclose(moved.vertices.min(axis=0), (5.0, 0.0, -2.0))
    both = merge_meshes([quad, moved])
    assert both.num_triangles == 4
    assert (flat_agreement(both) > 0.0).all()


def test_smooth_normals_of_a_sphere_are_radial() -> None:
    directions, triangles = icosphere(3)
    assert len(triangles) == 1280
    normals = smooth_normals(directions, triangles)
    assert np.einsum("ij,ij->i", normals, directions).min() > 0.999
    corners = directions[triangles]
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6.0
    assert volume == pytest.approx(4.0 / 3.0 * np.pi, rel=0.02)


@pytest.mark.parametrize("direction", [(0, 1, 0), (1, 0, 0), (0, -1, 0), (0.5, 0.7, -0.5)])
def test_tubes_are_round_face_outwards_and_keep_texture_proportions(direction: tuple[float, float, float]) -> None:
    way = np.array(direction, dtype=np.float64)
    way /= np.linalg.norm(way)
    path = np.linspace(0.0, 3.0, 7)[:, None] * way
    tube = Branches(path[None], np.full((1, 7), 0.5))
    builder = MeshBuilder()
    add_tubes(builder, tube, sides=24, tile_m=0.5, caps=False)
    mesh = builder.build()
    assert (flat_agreement(mesh) > 0.0).all()
    radial = mesh.vertices - (mesh.vertices @ way)[:, None] * way
    assert np.allclose(np.linalg.norm(radial, axis=1), 0.5, atol=1e-5)
    assert np.einsum("ij,ij->i", mesh.normals, radial).min() > 0.49
    assert mesh.uvs is not None
    around, along = np.ptp(mesh.uvs, axis=0)
    assert around == pytest.approx(round(2.0 * np.pi * 0.5 / 0.5))
    metres_per_tile = (2.0 * np.pi * 0.5 / around, 3.0 / along)
    assert metres_per_tile[0] == pytest.approx(metres_per_tile[1], rel=1e-3)


def test_branches_keep_their_length_and_leave_at_the_asked_angle() -> None:
    generator = rng(1, "branches")
    origins, headings = generator.normal(size=(40, 3)), diverge(np.tile([0.0, 1.0, 0.0], (40, 1)), 0.6, np.arange(40.0))
    assert np.allclose(np.arccos(headings[:, 1]), 0.6)
    grown = extend(
        origins, headings, 2.5, num_points=9, base_radii=0.2, tip_ratio=0.1, rise=0.8, wiggle=0.4, generator=generator
    )
    assert np.allclose(grown.lengths, 2.5)
    assert np.allclose(grown.points[:, 0], origins)
    assert (np.diff(grown.radii, axis=1) < 0.0).all()
    again = resampled(grown, np.linspace(0.0, 1.0, 9))
    assert np.allclose(again.points, grown.points)


def test_coarse_skeletons_reach_as_far_as_fine_ones() -> None:
    generator = rng(2, "reach")
    points = generator.normal(size=(60, 3, 3))
    twigs = Branches(points, np.full((60, 3), 0.01))
    few = twigs.take(some_with_extremes(twigs, 10))
    assert few.count < 15
    assert np.allclose(np.ptp(few.points[:, -1], axis=0), np.ptp(points[:, -1], axis=0))
    owners = np.repeat(np.arange(12), 5)
    branches = Branches(generator.normal(size=(12, 2, 3)), np.full((12, 2), 0.02))
    longer = lengthened_to(branches, twigs, owners)
    for number in range(12):
        tips = points[owners == number, -1]
        furthest = np.linalg.norm(tips - branches.points[number, 0], axis=1).argmax()
        assert np.allclose(longer.points[number, -1], tips[furthest])


def test_coarse_foliage_keeps_area_colour_and_box() -> None:
    generator = rng(3, "foliage")
    count = 4000
    unit = np.tile([0.0, 1.0, 0.0], (count, 1))
    centers = np.sort(generator.uniform(-3.0, 3.0, (count, 3)), axis=0)
    leaves = Foliage(
        centers=centers,
        along=unit,
        normals=unit[:, ::-1] + [0.0, 0.0, 1.0],
        lengths=generator.uniform(0.1, 0.2, count),
        widths=generator.uniform(0.05, 0.1, count),
        colors=generator.uniform(0.1, 0.4, (count, 3)),
        outward=unit,
    )
    few = coarsened(leaves, 200, coverage=1.0)
    assert few.count <= 200
    assert (few.lengths * few.widths).sum() == pytest.approx((leaves.lengths * leaves.widths).sum(), rel=1e-6)
    assert np.allclose(few.colors.mean(axis=0), leaves.colors.mean(axis=0), atol=0.01)
    box = foliage_bounds(leaves)
    low, high = foliage_bounds(fitted(few, box))
    assert np.abs(low - box[0]).max() < 0.4
    assert np.abs(high - box[1]).max() < 0.4


def test_noise_is_smooth_bounded_and_repeatable() -> None:
    points = rng(4, "points").uniform(-20.0, 20.0, (5000, 3))
    noise = Noise3(rng(5, "noise"))
    values = noise.fractal(points, 4)
    assert 0.05 < values.std() < 0.6
    assert np.abs(values).max() < 1.5
    assert np.abs(noise.sample(points + 1e-4) - noise.sample(points)).max() < 2e-3
    assert np.array_equal(values, Noise3(rng(5, "noise")).fractal(points, 4))
    assert np.allclose(noise.sample(np.floor(points)), 0.0)
