"""Axis conventions form a group, for points, quaternions and spherical harmonics alike."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from worldgen.frames import (
    Frame,
    axes_from,
    inverse_rigid,
    is_mirrored,
    look_at,
    matrices_from_quats,
    multiply_quats,
    quats_from_matrices,
    rigid,
    rotate_quats,
    rotate_triangles,
    rotate_vectors,
    yaw_rotation,
)
from worldgen.randomness import rng
from worldgen.spherical_harmonics import rotate_sh_rest, sh_basis, sh_rotation

PAIRS = list(itertools.product(Frame, Frame))
TRIPLES = list(itertools.product(Frame, Frame, Frame))

unit_quats = (
    hnp.arrays(np.float64, (5, 4), elements=st.floats(-1.0, 1.0))
    .filter(lambda q: bool((np.linalg.norm(q, axis=1) > 0.1).all()))
    .map(lambda q: q / np.linalg.norm(q, axis=1, keepdims=True))
)


def random_rotation(name: str) -> np.ndarray:
    quats = rng(7, name).normal(size=(1, 4))
    return matrices_from_quats(quats / np.linalg.norm(quats))[0]


def covariances(quats_wxyz: np.ndarray, scales: np.ndarray) -> np.ndarray:
    half = matrices_from_quats(quats_wxyz) * scales[:, None, :]
    return half @ half.transpose(0, 2, 1)


@pytest.mark.parametrize(("target", "source"), PAIRS)
def test_axes_are_signed_permutations_with_inverse(target: Frame, source: Frame) -> None:
    matrix = axes_from(target, source)
    assert set(np.abs(matrix).ravel().tolist()) == {0.0, 1.0}
    assert np.array_equal(matrix @ axes_from(source, target), np.eye(3))


@pytest.mark.parametrize(("a", "b", "c"), TRIPLES)
def test_axes_compose(a: Frame, b: Frame, c: Frame) -> None:
    assert np.array_equal(axes_from(a, b) @ axes_from(b, c), axes_from(a, c))


def test_known_axis_maps() -> None:
    point = np.array([[1.0, 2.0, 3.0]], dtype=np.float32)
    expected = {
        Frame.RDF: (1.0, -2.0, -3.0),
        Frame.LUF: (-1.0, 2.0, -3.0),
        Frame.RUF: (1.0, 2.0, -3.0),
        Frame.LUB: (-1.0, 2.0, 3.0),
        Frame.RFU: (1.0, -3.0, 2.0),
        Frame.FRU: (-3.0, 1.0, 2.0),
        Frame.RBU: (1.0, 3.0, 2.0),
        Frame.BDR: (3.0, -2.0, 1.0),
        Frame.LDB: (-1.0, -2.0, 3.0),
    }
    for frame, mapped in expected.items():
        assert rotate_vectors(point, axes_from(frame, Frame.RUB)).tolist() == [list(mapped)]


def test_handedness() -> None:
    left_handed = {frame for frame in Frame if is_mirrored(axes_from(frame, Frame.RUB))}
    assert left_handed == {Frame.RUF, Frame.LUB, Frame.FRU, Frame.RBU}


@pytest.mark.parametrize(("a", "b", "c"), TRIPLES)
def test_gaussian_orientations_compose(a: Frame, b: Frame, c: Frame) -> None:
    quats = rng(1, "quats").normal(size=(20, 4))
    quats = (quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32)
    direct = rotate_quats(quats, axes_from(a, c))
    stepwise = rotate_quats(rotate_quats(quats, axes_from(b, c)), axes_from(a, b))
    assert np.abs(np.abs(np.einsum("ij,ij->i", direct, stepwise)) - 1.0).max() < 1e-6


@pytest.mark.parametrize(("target", "source"), PAIRS)
def test_rotated_quaternions_carry_the_covariance(target: Frame, source: Frame) -> None:
    generator = rng(2, "covariance")
    quats = generator.normal(size=(20, 4))
    quats = (quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32)
    scales = generator.uniform(0.1, 2.0, size=(20, 3))
    matrix = axes_from(target, source)
    turned = covariances(rotate_quats(quats, matrix), scales)
    assert np.abs(turned - matrix @ covariances(quats, scales) @ matrix.T).max() < 1e-5


@given(unit_quats)
def test_quaternion_matrix_round_trip(quats: np.ndarray) -> None:
    matrices = matrices_from_quats(quats)
    assert np.abs(matrices @ matrices.transpose(0, 2, 1) - np.eye(3)).max() < 1e-12
    back = quats_from_matrices(matrices)
    assert np.abs(np.abs(np.einsum("ij,ij->i", quats, back)) - 1.0).max() < 1e-12
    assert (back[:, 0] >= 0.0).all()


@given(unit_quats, unit_quats)
def test_quaternion_product_is_the_matrix_product(left: np.ndarray, right: np.ndarray) -> None:
    product = matrices_from_quats(multiply_quats(left, right))
    assert np.abs(product - matrices_from_quats(left) @ matrices_from_quats(right)).max() < 1e-12


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_half_turns_are_well_conditioned(axis: tuple[int, int, int]) -> None:
    matrix = 2.0 * np.outer(axis, axis) - np.eye(3)
    assert np.abs(quats_from_matrices(matrix[None])[0] - (0.0, *axis)).max() < 1e-12


def test_spherical_harmonics_are_orthonormal() -> None:
    generator = rng(3, "directions")
    directions = generator.normal(size=(400_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    basis = sh_basis(directions)
    gram = basis.T @ basis / len(directions) * 4.0 * np.pi
    assert np.abs(gram - np.eye(16)).max() < 0.03


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_sh_rotation_turns_the_function(name: str) -> None:
    matrix = random_rotation(name)
    coefficients = rng(4, name).normal(size=16)
    directions = rng(5, name).normal(size=(100, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    turned = sh_basis(directions) @ (sh_rotation(matrix) @ coefficients)
    original = sh_basis(directions @ matrix) @ coefficients  # rows times M are M⁻¹ d
    assert np.abs(turned - original).max() < 1e-12


@pytest.mark.parametrize(("target", "source"), PAIRS)
def test_sh_rotation_covers_every_frame_pair(target: Frame, source: Frame) -> None:
    matrix = axes_from(target, source)
    directions = rng(6, "frames").normal(size=(50, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    rotation = sh_rotation(matrix)
    assert np.abs(rotation @ rotation.T - np.eye(16)).max() < 1e-12
    assert np.abs(sh_basis(directions @ matrix.T) @ rotation - sh_basis(directions)).max() < 1e-12


def test_sh_rotation_composes_like_matrices() -> None:
    a, b = random_rotation("first"), random_rotation("second")
    assert np.abs(sh_rotation(a) @ sh_rotation(b) - sh_rotation(a @ b)).max() < 1e-12


@pytest.mark.parametrize("count", [0, 3, 8, 15])
def test_rotating_sh_rest_there_and_back_is_the_identity(count: int) -> None:
    sh_rest = rng(8, "rest").normal(size=(10, count, 3)).astype(np.float32)
    matrix = random_rotation("rest")
    back = rotate_sh_rest(rotate_sh_rest(sh_rest, matrix), matrix.T)
    assert back.shape == sh_rest.shape
    assert count == 0 or np.abs(back - sh_rest).max() < 1e-5


def test_a_mirror_turns_triangles_round() -> None:
    triangles = np.array([[0, 1, 2]], dtype=np.int32)
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], dtype=np.float32)
    matrix = axes_from(Frame.RUF, Frame.RUB)
    mirrored = rotate_vectors(vertices, matrix)[rotate_triangles(triangles, matrix)[0]]
    normal = np.cross(mirrored[1] - mirrored[0], mirrored[2] - mirrored[0])
    # In the left-handed target the same right-hand formula gives the opposite side: +Z was back, and is -Z there.
    assert normal.tolist() == [0.0, 0.0, -1.0 * np.linalg.det(matrix) * -1.0]


def test_rigid_inverse_and_look_at() -> None:
    pose = look_at(np.array([1.0, 2.0, 3.0]), np.array([4.0, 2.5, -3.0]))
    assert np.abs(inverse_rigid(pose) @ pose - np.eye(4)).max() < 1e-12
    ahead = pose[:3, :3] @ (0.0, 0.0, -1.0)
    wanted = np.array([3.0, 0.5, -6.0])
    assert np.abs(ahead - wanted / np.linalg.norm(wanted)).max() < 1e-12
    assert abs(pose[1, 0]) < 1e-12, "the horizon is level"
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
    down = look_at(np.array([0.0, 9.0, 0.0]), np.zeros(3))
    assert np.abs(down[:3, 1] - (0.0, 0.0, -1.0)).max() < 1e-12, "the map's top is -Z"


def test_yaw_is_counter_clockwise_from_minus_z() -> None:
    heading = yaw_rotation(np.pi / 2.0) @ (0.0, 0.0, -1.0)
    assert np.abs(heading - (-1.0, 0.0, 0.0)).max() < 1e-12
    pose = rigid(yaw_rotation(0.3), np.zeros(3))
    assert np.linalg.det(pose) == pytest.approx(1.0)
