"""Vertex colours turned into a texture stay what they are at every point of every triangle."""

from __future__ import annotations

import numpy as np

from tests.scenes import ball_mesh
from worldgen.rendering.mitsuba_meshes import colors_as_texture


def test_texture_interpolates_like_vertex_colours() -> None:
    mesh = ball_mesh(1)
    generator = np.random.Generator(np.random.PCG64(1))
    colors = generator.random((mesh.num_vertices, 3)).astype(np.float32)
    separate, texture = colors_as_texture(mesh, colors)
    assert separate.uvs is not None
    assert separate.num_triangles == mesh.num_triangles
    np.testing.assert_array_equal(separate.vertices[separate.triangles], mesh.vertices[mesh.triangles])
    weights = generator.dirichlet((1.0, 1.0, 1.0), mesh.num_triangles)
    expected = np.einsum("tk,tkc->tc", weights, colors[mesh.triangles])
    uvs = np.einsum("tk,tkx->tx", weights, separate.uvs[separate.triangles])
    height, width = texture.shape[:2]
    x, y = uvs[:, 0] * width - 0.5, uvs[:, 1] * height - 0.5
    left, top = np.floor(x + 1e-6).astype(int), np.floor(y + 1e-6).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    s, t = (x - left)[:, None], (y - top)[:, None]
    upper = texture[top, left] * (1.0 - s) + texture[top, right] * s
    lower = texture[bottom, left] * (1.0 - s) + texture[bottom, right] * s
    np.testing.assert_allclose(upper * (1.0 - t) + lower * t, expected, atol=2e-3)
