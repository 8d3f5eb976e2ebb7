"""What is handed to the path tracer is each mesh at each of its places."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.scenes import ball_mesh
from worldgen.frames import rigid, yaw_rotation
from worldgen.rendering.mitsuba_engine import CPU_VARIANT, mitsuba
from worldgen.rendering.mitsuba_meshes import VERTEX_COLOR, make_mesh


@pytest.mark.parametrize("count", [1, 3])
def test_a_mesh_stands_at_all_its_places(count: int) -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    ball = ball_mesh(1)
    size = ball.num_vertices
    colors = generator.random((size, 3)).astype(np.float32)
    uvs = generator.random((size, 2)).astype(np.float32)
    mesh = dataclasses.replace(ball, colors=colors, uvs=uvs)
    scales = generator.uniform(0.5, 2.0, count)
    tilt = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    places = np.stack(
        [
            rigid(yaw_rotation(generator.uniform(0.0, 6.0)) @ tilt, generator.normal(0.0, 100.0, 3))
            @ np.diag([scale, scale, scale, 1.0])
            for scale in scales
        ]
    )
    mi = mitsuba(CPU_VARIANT)
    tint = (0.5, 1.0, 0.25)
    parameters = mi.traverse(make_mesh(mi, mesh, mi.Properties(), places, tint=tint))
    placed = {name: np.array(parameters[name]) for name in parameters.keys() if not name.startswith("bsdf")}
    positions = placed["vertex_positions"].reshape(count, size, 3)
    normals = placed["vertex_normals"].reshape(count, size, 3)
    triangles = placed["faces"].reshape(count, mesh.num_triangles, 3)
    for index, (place, scale) in enumerate(zip(places, scales, strict=True)):
        rotation = place[:3, :3] / scale
        np.testing.assert_allclose(positions[index], mesh.vertices @ place[:3, :3].T + place[:3, 3], atol=2e-5)
        np.testing.assert_allclose(normals[index], mesh.normals @ rotation.T, atol=1e-6)
        np.testing.assert_array_equal(triangles[index], mesh.triangles + index * size)
    np.testing.assert_array_equal(placed["vertex_texcoords"].reshape(count, size, 2), np.stack([uvs] * count))
    np.testing.assert_allclose(
        placed[VERTEX_COLOR].reshape(count, size, 3), np.stack([colors * tint] * count), rtol=1e-6
    )
