"""Solids of the grammar: closed, outward and of the volume that geometry gives."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from worldgen.builder.architecture.assembly import Assembly
from worldgen.builder.architecture.cloth import cloth
from worldgen.builder.architecture.frame import WORLD, frame_between, wall_frames
from worldgen.builder.architecture.solids import cylinder, lathe, prism, rough_blocks, tube
from worldgen.randomness import rng

TURNED = WORLD.moved(1.0, 2.0, 3.0).yawed(0.7).pitched(0.4).rolled(-0.3)
RING = 16 * math.sin(2.0 * math.pi / 16) / 2.0
"""Area of a 16-gon of radius 1."""

SOLIDS: dict[str, tuple[Callable[[Assembly], None], float]] = {
    "box": (lambda a: a.box(TURNED, (-1.0, 0.0, -2.0), (1.0, 3.0, 2.0), "wood_beam"), 24.0),
    "cylinder": (lambda a: cylinder(a, (0, 0, 0), (0, 2, 1), 0.5, "wood_beam", sides=16), 0.25 * RING * math.sqrt(5.0)),
    "cone": (lambda a: cylinder(a, (1, 0, 0), (1, 3, 0), 1.0, "iron", end_radius=0.0, sides=16), RING),
    "lathe": (lambda a: lathe(a, TURNED, [(0, 0), (1, 0), (1, 1), (0, 2)], "iron"), RING * (1.0 + 1.0 / 3.0)),
    "prism": (lambda a: prism(a, TURNED, [(0, 0), (2, 0), (1, 1)], (-1.0, 0.5), "iron"), 1.5),
    "block": (
        lambda a: rough_blocks(a, [TURNED], [(1.0, 1.0, 1.0)], "stone_wall", roughness=0.0, chamfer=0.1),
        # Twelve edges lose a half square of 0.1 each, and the eight corners a little more than is counted twice.
        1.0 - 12.0 * 0.005 * 0.8 - 8.0 * 5.0 / 6.0 * 0.001,
    ),
    "tube": (lambda a: tube(a, [(0, 0, 0), (0, 0, 1), (0, 0, 2)], 0.5, "rope", sides=16), 0.5 * RING),
    "cloth": (
        lambda a: cloth(a, np.array([[(0, 0, 0), (1, 0, 0)], [(0, 1, 0), (1, 1, 0.0)]]), "canvas", lods=(0, 1, 2)),
        0.006,
    ),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_closed(name: str) -> None:
    add, volume = SOLIDS[name]
    assembly = Assembly(rng(1, name))
    add(assembly)
    corners = np.concatenate(
        [part.mesh.vertices[part.mesh.triangles] for part in assembly.finish(name, "well").lods[0]]
    )
    corners = corners.astype(np.float64)
    origin = corners.mean(axis=(0, 1))
    signed = np.linalg.det(corners - origin) / 6.0
    assert signed.sum() == pytest.approx(volume, rel=2e-3)
    # Every directed edge has its opposite: no holes, no flipped faces.
    keys = np.round(corners, 5) + 0.0
    edges: dict[tuple[bytes, bytes], int] = {}
    for triangle in keys:
        for k in range(3):
            edge = (triangle[k].tobytes(), triangle[(k + 1) % 3].tobytes())
            edges[edge] = edges.get(edge, 0) + 1
    assert all(edges.get((b, a), 0) == count for (a, b), count in edges.items())


def test_grain_runs_along_a_beam() -> None:
    for axis in range(3):
        assembly = Assembly(rng(1, "beam"))
        high = [0.2, 0.2, 0.2]
        high[axis] = 4.0
        assembly.box(WORLD, (0.0, 0.0, 0.0), high, "wood_beam")
        mesh = assembly.finish("beam", "well").lods[0][0].mesh
        assert mesh.uvs is not None
        # Beams of this texture have their grain along v, one metre per tile; the ends show it across.
        for triangle in mesh.triangles:
            if abs(mesh.normals[triangle[0], axis]) < 0.5:
                u, v = np.ptp(mesh.uvs[triangle], axis=0)
                assert v == pytest.approx(4.0, rel=1e-5)
                assert u == pytest.approx(0.2, rel=1e-4)


def test_frames_are_orthonormal_and_right_handed() -> None:
    frames = [
        WORLD,
        TURNED,
        *wall_frames(4.0, 6.0),
        frame_between((1, 2, 3), (1, 9, 3)),
        frame_between((0, 0, 0), (3, 1, -2)),
    ]
    for frame in frames:
        np.testing.assert_allclose(frame.axes @ frame.axes.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(frame.axes) == pytest.approx(1.0)


def test_wall_frames_look_outwards_and_share_their_corners() -> None:
    front, right, back, left = wall_frames(4.0, 6.0)
    np.testing.assert_array_equal(front.axes[2], (0.0, 0.0, 1.0))
    np.testing.assert_array_equal(right.axes[2], (1.0, 0.0, 0.0))
    np.testing.assert_array_equal(front.point(2.0, 0.0, 0.0), right.point(-3.0, 0.0, 0.0))
    np.testing.assert_array_equal(right.point(3.0, 1.0, 0.0), back.point(-2.0, 1.0, 0.0))
    np.testing.assert_array_equal(back.point(2.0, 1.0, 0.0), left.point(-3.0, 1.0, 0.0))
