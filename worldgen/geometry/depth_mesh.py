"""A mesh reconstructed from one panorama's depth: a closed sheet, cut where depth jumps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import unproject
from worldgen.scene.camera import PanoramaCamera
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.scene.view import View

_JUMP_RATIO = 1.12
"""Neighbouring depths that differ by more belong to different surfaces, unless the surface is seen at a slant."""
_GRAZING_COSINE = 0.05


def mesh_from_view(view: View, rgb: NDArray[np.float32]) -> TriangleMesh:
    """Triangulate an equirectangular view.

    The seam is closed, the poles are fans' rims joined across, sky pixels make no triangles, and a triangle whose
    corners lie on different surfaces (their planes miss each other and their depths jump) is left out.

    Args:
        view: Seen by a panorama camera.
        rgb: (H, 2H, 3) float32 display-referred colour of its pixels.

    Returns:
        The sheet in world, with vertex colours, fronts towards the camera.

    Raises:
        InvalidInputError: The view is not equirectangular.
    """
    if not isinstance(view.camera, PanoramaCamera):
        raise InvalidInputError("A depth mesh needs an equirectangular view.")
    depth, normals = view.buffers.euclidean_depth, view.buffers.normals
    height, width = depth.shape
    points = unproject(view.camera, depth).reshape(-1, 3)
    index = np.arange(height * width, dtype=np.int32).reshape(height, width)
    right = np.roll(index, -1, axis=1)
    upper_left, upper_right = index[:-1].ravel(), right[:-1].ravel()
    lower_left, lower_right = index[1:].ravel(), right[1:].ravel()
    triangles = np.concatenate(
        [
            np.stack([upper_left, lower_left, lower_right], axis=1),
            np.stack([upper_left, lower_right, upper_right], axis=1),
        ]
    )
    flat_depth, flat_normals = depth.ravel(), normals.reshape(-1, 3)
    triangles = triangles[np.isfinite(flat_depth[triangles]).all(axis=1)]
    triangles = triangles[on_one_surface(triangles, flat_depth, points, flat_normals)]
    used, compact = np.unique(triangles, return_inverse=True)
    return TriangleMesh(
        vertices=points[used],
        triangles=compact.reshape(-1, 3).astype(np.int32),
        normals=flat_normals[used],
        colors=linear_from_srgb(rgb.reshape(-1, 3)[used]),
    )


def on_one_surface(
    triangles: NDArray[np.int32],
    depth: NDArray[np.float32],
    points: NDArray[np.float32],
    normals: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Which triangles do not bridge a depth edge; depths, points and normals are those of the vertices.

    A jump of depth is no edge where the corners still lie in each other's tangent planes: a level floor seen at a
    grazing angle jumps from row to row.
    """
    corner_depth = depth[triangles]
    nearest, farthest = corner_depth.min(axis=1), corner_depth.max(axis=1)
    smooth = farthest <= nearest * _JUMP_RATIO
    corners, corner_normals = points[triangles], normals[triangles]
    off_plane = np.zeros(len(triangles), dtype=np.float32)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        step = corners[:, second] - corners[:, first]
        for normal in (corner_normals[:, first], corner_normals[:, second]):
            off_plane = np.maximum(off_plane, np.abs(np.einsum("ij,ij->i", step, normal)))
    coplanar = off_plane <= 0.02 * nearest + 0.02
    grazing_reach = farthest <= nearest / _GRAZING_COSINE
    return smooth | (coplanar & grazing_reach)
