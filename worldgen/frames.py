"""Axis conventions and rigid transforms: the only file that flips an axis.

A frame is named by where its +X, +Y and +Z point: R/L right/left, U/D up/down, F/B forward/back. The world is
``Frame.RUB``. Matrices are named ``target_from_source``.
"""

from __future__ import annotations

import enum
import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Frame(enum.Enum):
    """Where +X, +Y and +Z point, and who uses it."""

    RUB = "RUB"
    """worldgen, glTF, three.js, Babylon (right-handed), Godot, SPZ."""
    RDF = "RDF"
    """OpenCV, COLMAP, Gaussian PLY of the 3DGS family."""
    LUF = "LUF"
    """RUB after half a turn about the vertical; glTF by its "front is +Z" reading."""
    RUF = "RUF"
    """Unity; left-handed."""
    LUB = "LUB"
    """What Unity's glTF importer makes of RUB by negating x, read in RUB; left-handed."""
    RFU = "RFU"
    """Blender, USD with Z up."""
    FRU = "FRU"
    """Unreal; left-handed."""
    RBU = "RBU"
    """What Unreal's glTF importer makes of RUB by swapping y and z; left-handed."""
    BDR = "BDR"
    """A Gaussian PLY that Unreal's splat plugins, which take RDF, put on top of its imported glTF."""
    LDB = "LDB"
    """RUB after half a turn about -Z, which Godot's splat plugin undoes."""


_AXES = {
    "R": (1.0, 0.0, 0.0),
    "L": (-1.0, 0.0, 0.0),
    "U": (0.0, 1.0, 0.0),
    "D": (0.0, -1.0, 0.0),
    "B": (0.0, 0.0, 1.0),
    "F": (0.0, 0.0, -1.0),
}


def axes_from(target: Frame, source: Frame) -> FloatArray:
    """The signed permutation that takes coordinates in ``source`` to coordinates in ``target``.

    Returns:
        (3, 3) float64, ``points_in_target = points_in_source @ matrix.T``; its determinant is -1 where
        the handedness differs.
    """
    rub_from_source = np.array([_AXES[letter] for letter in source.value]).T
    rub_from_target = np.array([_AXES[letter] for letter in target.value]).T
    return rub_from_target.T @ rub_from_source


def is_mirrored(matrix: FloatArray) -> bool:
    """Whether an orthogonal matrix changes the handedness (triangles must then be turned round)."""
    return bool(np.linalg.det(matrix) < 0.0)


def rotate_vectors(vectors: NDArray[np.float32], matrix: FloatArray) -> NDArray[np.float32]:
    """Apply a (3, 3) matrix to (N, 3) points or directions."""
    rows = np.asarray(matrix, dtype=np.float64)
    turned = np.zeros(vectors.shape, dtype=np.float32)
    for axis in range(3):
        # Three columns are too narrow for a threaded matrix product, which would spend its time on waiting.
        turned[..., axis] = sum(vectors[..., k] * rows[axis, k] for k in range(3) if rows[axis, k] != 0.0)
    return turned


def rotate_triangles(triangles: NDArray[np.int32], matrix: FloatArray) -> NDArray[np.int32]:
    """Vertex indices for vertices that went through ``matrix``: reversed where it mirrors, so fronts stay fronts."""
    return np.ascontiguousarray(triangles[:, ::-1]) if is_mirrored(matrix) else triangles


def rotate_quats(quats_wxyz: NDArray[np.float32], matrix: FloatArray) -> NDArray[np.float32]:
    """Orientations of Gaussians after an orthogonal map of their frame.

    A mirroring map cannot be written as a rotation; the local axes are then all negated as well, which leaves
    every Gaussian as it is. That makes this a group action: ``rotate(B, rotate(A, q)) = rotate(BA, q)`` up to sign.

    Args:
        quats_wxyz: (N, 4) unit.
        matrix: (3, 3) orthogonal, new frame from old.
    """
    turn = quats_from_matrices((np.linalg.det(matrix) * np.asarray(matrix, dtype=np.float64))[None])[0]
    return multiply_quats(turn, quats_wxyz.astype(np.float64)).astype(np.float32)


def multiply_quats(left_wxyz: FloatArray, right_wxyz: FloatArray) -> FloatArray:
    """Hamilton product of quaternions (..., 4), scalar first."""
    w1, x1, y1, z1 = np.moveaxis(np.asarray(left_wxyz), -1, 0)
    w2, x2, y2, z2 = np.moveaxis(np.asarray(right_wxyz), -1, 0)
    return np.stack(
        [
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        ],
        axis=-1,
    )


def matrices_from_quats(quats_wxyz: FloatArray) -> FloatArray:
    """(N, 3, 3) rotation matrices of (N, 4) unit quaternions, scalar first."""
    w, x, y, z = np.asarray(quats_wxyz, dtype=np.float64).T
    rows = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quats_from_matrices(matrices: FloatArray) -> FloatArray:
    """(N, 4) unit quaternions, scalar first and not negative, of (N, 3, 3) rotation matrices.

    Takes the largest of the four squared components as pivot (Shepperd 1978), so no case is ill-conditioned.
    """
    m = np.asarray(matrices, dtype=np.float64)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    squares = np.stack([1.0 + xx + yy + zz, 1.0 + xx - yy - zz, 1.0 - xx + yy - zz, 1.0 - xx - yy + zz], axis=1)
    pivot = np.argmax(squares, axis=1)
    wx, wy, wz = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, xz, yz = m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1]
    products = np.stack(
        [
            np.stack([squares[:, 0], wx, wy, wz], axis=1),
            np.stack([wx, squares[:, 1], xy, xz], axis=1),
            np.stack([wy, xy, squares[:, 2], yz], axis=1),
            np.stack([wz, xz, yz, squares[:, 3]], axis=1),
        ],
        axis=1,
    )
    quats = products[np.arange(len(m)), pivot]
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    return np.where(quats[:, :1] < 0.0, -quats, quats)


def rigid(rotation: FloatArray, translation: FloatArray) -> FloatArray:
    """(4, 4) transform that rotates first and then translates."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = translation
    return matrix


def inverse_rigid(matrix: FloatArray) -> FloatArray:
    """Inverse of a (4, 4) rigid transform."""
    rotation = matrix[:3, :3]
    return rigid(rotation.T, -rotation.T @ matrix[:3, 3])


def yaw_rotation(yaw: float) -> FloatArray:
    """(3, 3) rotation about +Y, counter-clockwise seen from above; yaw 0 looks along -Z, a quarter turn along -X."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])


def rotation_from_angles(x: float, y: float, z: float) -> FloatArray:
    """(3, 3) rotation about +X, then +Y, then +Z, each counter-clockwise seen from its positive end; radians."""
    turned = np.eye(3)
    for axis, angle in enumerate((x, y, z)):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[first, first] = step[second, second] = math.cos(angle)
        step[second, first], step[first, second] = math.sin(angle), -math.sin(angle)
        turned = step @ turned
    return turned


def look_at(eye: FloatArray, target: FloatArray) -> FloatArray:
    """``world_from_camera`` of a camera at ``eye`` that looks at ``target`` with the horizon level.

    Where the view is vertical the top of the picture is -Z.
    """
    back = np.asarray(eye, dtype=np.float64) - np.asarray(target, dtype=np.float64)
    back = back / np.linalg.norm(back)
    up = np.array([0.0, 1.0, 0.0]) if abs(back[1]) < 0.999999 else np.array([0.0, 0.0, -1.0])
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    return rigid(np.stack([right, np.cross(back, right), back], axis=1), np.asarray(eye, dtype=np.float64))
