"""Four ways to make a panorama walkable: our splats, our mesh, and the field's two usual conversions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.baseline import baseline_sheet, baseline_splats
from worldgen.color import bytes_from_unit
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import pixels_from_rays
from worldgen.geometry.layer_sheets import backstop, dome_radius, sheet_picture, sheets_from_layers
from worldgen.geometry.layer_splats import splats_from_layers
from worldgen.geometry.layered_reconstruction import take_apart
from worldgen.geometry.sky_dome import sky_dome
from worldgen.rendering.splat_refinement import fit_to_panorama
from worldgen.rendering.splats import SplatImage, render_splats
from worldgen.rendering.textured_meshes import TexturedMeshes
from worldgen.scene.camera import AnyCamera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.triangle_mesh import TriangleMesh

OURS = ("splats", "mesh")
BASELINES = ("a Gaussian per pixel", "one sheet")
_ORIGIN = np.zeros(3)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Method:
    """A reconstruction: what a camera sees of it, of how many primitives it is made, and the mesh if it is one."""

    render: Callable[[AnyCamera], SplatImage]
    size: int
    sheets: tuple[TriangleMesh, ...] = ()


def methods_for(
    picture: NDArray[np.float32], euclidean_depth: NDArray[np.float32], *, budget: int, is_exact: bool
) -> Mapping[str, Method]:
    """Reconstruct a panorama taken at the origin in all four ways."""
    height = len(picture)
    camera = panorama_camera(_ORIGIN, height=height)
    layered = take_apart(picture, euclidean_depth, is_exact=is_exact)
    splats = splats_from_layers(layered, _ORIGIN, budget=budget)
    behind = backstop(layered, _ORIGIN, budget=budget // 6)
    left = budget if behind is None else budget - behind[0].num_triangles
    sheets = sheets_from_layers(layered, np.ones((height, 2 * height), dtype=bool), _ORIGIN, budget=left)
    textured = [
        TexturedMesh(
            name=f"layer{sheet.layer}",
            label="surface",
            mesh=sheet.mesh,
            texture=bytes_from_unit(sheet_picture(layered.layers[sheet.layer])),
            is_seen=sheet.is_seen,
        )
        for sheet in sheets
    ]
    if behind is not None:
        mesh, colors = behind
        marks = np.zeros(mesh.num_vertices, dtype=np.float32)
        textured.append(
            TexturedMesh(name="backstop", label="surface", mesh=mesh, texture=bytes_from_unit(colors), is_seen=marks)
        )
    if layered.is_open:
        dome = sky_dome(camera, dome_radius(layered, 1500.0))
        marks = np.zeros(dome.num_vertices, dtype=np.float32)
        texture = bytes_from_unit(layered.sky)
        textured.append(TexturedMesh(name="sky", label="sky", mesh=dome, texture=texture, is_seen=marks))
    flat = baseline_sheet(camera, picture, euclidean_depth)
    return {
        "splats": _of_cloud(fit_to_panorama(splats, _ORIGIN, picture)),
        "mesh": Method(
            render=TexturedMeshes(textured).render,
            size=sum(sheet.mesh.num_triangles for sheet in textured if sheet.label != "sky"),
            sheets=tuple(sheet.mesh for sheet in sheets),
        ),
        BASELINES[0]: _of_cloud(baseline_splats(camera, picture, euclidean_depth)),
        BASELINES[1]: Method(render=TexturedMeshes([flat]).render, size=flat.mesh.num_triangles, sheets=(flat.mesh,)),
    }


def _of_cloud(cloud: GaussianCloud) -> Method:
    return Method(render=lambda camera: render_splats(cloud, camera), size=cloud.num_gaussians)


def stretched_share(mesh: TriangleMesh, true_depths: Sequence[NDArray[np.float32]]) -> float:
    """Share of the view from the origin where a sheet hangs between surfaces, as far from those before as from those
    behind: the middle of a triangle shows a parallax, from two metres away, beside all that is seen around there.

    Args:
        mesh: Seen from the origin.
        true_depths: (H, 2H) each, infinite for the sky; the first is the panorama's own, and further ones are finer, as
            on slanted surfaces depth changes by much from pixel to pixel.
    """
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    middle = corners.mean(axis=1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inverse = 1.0 / np.linalg.norm(middle, axis=1)
    view = np.abs(np.einsum("ij,ij->i", normal, middle)) * inverse**3
    own_height = len(true_depths[0])
    hangs = np.ones(len(middle), dtype=bool)
    above, below = np.zeros(len(middle), dtype=bool), np.zeros(len(middle), dtype=bool)
    for euclidean_depth in true_depths:
        height = len(euclidean_depth)
        around = height // own_height
        columns, rows = pixels_from_rays(middle, height)
        for down in range(-around, around + 1):
            for right in range(-around, around + 1):
                row = np.clip(rows.astype(np.int64) + down, 0, height - 1)
                there = 1.0 / euclidean_depth[row, (columns.astype(np.int64) + right) % (2 * height)]
                hangs &= np.abs(there - inverse) > 3.0 * math.pi / own_height / 2.0
                if euclidean_depth is true_depths[0]:
                    above |= there > inverse
                    below |= there < inverse
    # What lies before or behind everything there is wrong, but does not hang between two surfaces.
    return float(view[hangs & above & below].sum() / view.sum())
