"""Sheets that carry a panorama: closed at the seam and the nadir, cut at edges, textured where the rays went."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from tests.analytic_views import BALL, analytic_view
from worldgen.errors import InvalidInputError
from worldgen.exporters.sheets_glb import write_sheets_glb
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.panorama_sheets import sky_dome, surface_sheet
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.triangle_mesh import TriangleMesh

HEIGHT = 64
EYE = np.array([0.0, 1.5, 0.0])


def outward_share(mesh: TriangleMesh) -> float:
    """Share of the triangles whose front is away from the eye."""
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return float((np.einsum("ij,ij->i", normal, corners.mean(axis=1) - EYE) > 0.0).mean())


def directions_of(uvs: NDArray[np.float32]) -> NDArray[np.float64]:
    azimuth, polar = (uvs[:, 0] * 2.0 - 1.0) * np.pi, (1.0 - uvs[:, 1]) * np.pi
    return np.stack([np.sin(polar) * np.sin(azimuth), np.cos(polar), -np.sin(polar) * np.cos(azimuth)], axis=1)


def test_a_room_is_closed_all_around() -> None:
    """Inside a sphere every ray hits the sheet, at the seam and at both poles too, and from the front."""
    depth = np.full((HEIGHT, 2 * HEIGHT), 3.0, dtype=np.float32)
    mesh, rows, columns = surface_sheet(panorama_camera(EYE, height=HEIGHT), depth, rows=HEIGHT)
    assert outward_share(mesh) == 0.0
    assert mesh.uvs is not None
    solid = trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False)
    rays = equirectangular_rays(24).reshape(-1, 3)
    seam = np.array([[0.0, 0.02, 1.0], [1e-4, -0.3, 1.0], [-1e-4, 0.4, 1.0], [1e-3, 1.0, 0.0], [1e-3, -1.0, 0.0]])
    rays = np.concatenate([rays, seam])
    assert solid.ray.intersects_any(np.broadcast_to(EYE, rays.shape), rays).all()
    away = (mesh.vertices - EYE) / 3.0
    off_pole = np.abs(away[:, 1]) < 0.99
    cosines = np.einsum("ij,ij->i", directions_of(mesh.uvs), away)
    assert cosines[off_pole].min() > 1.0 - 1e-5
    assert (rows.max(), columns.max()) == (HEIGHT - 1, 2 * HEIGHT - 1)


def test_edges_are_cut_and_the_sky_is_left_out() -> None:
    view = analytic_view(panorama_camera(EYE, height=128))
    mesh, rows, columns = surface_sheet(view.camera, view.buffers.euclidean_depth, rows=128)  # type: ignore[arg-type]
    labels = view.buffers.labels[rows, columns][mesh.triangles]
    depth = view.buffers.euclidean_depth[rows, columns][mesh.triangles]
    mixed = (labels == BALL).any(axis=1) & (labels != BALL).any(axis=1)
    assert (np.ptp(depth[mixed], axis=1) < 0.5).all()  # where the ball touches what is behind it
    edges = mesh.vertices[mesh.triangles] - np.roll(mesh.vertices[mesh.triangles], 1, axis=1)
    near = depth.max(axis=1) < 12.0
    assert np.linalg.norm(edges[near], axis=2).max() < 3.0
    assert np.isfinite(mesh.vertices).all()
    # The ground goes on below the camera.
    below = trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False)
    places, _, _ = below.ray.intersects_location([EYE], [[1e-4, -1.0, 1e-4]])
    assert places[0][1] == pytest.approx(0.0, abs=0.02)


def test_the_dome_shows_the_sky_from_inside() -> None:
    dome = sky_dome(panorama_camera(EYE, height=HEIGHT), 100.0)
    assert outward_share(dome) == 0.0
    assert dome.uvs is not None
    away = (dome.vertices - EYE) / 100.0
    off_pole = np.abs(away[:, 1]) < 0.999
    assert np.einsum("ij,ij->i", directions_of(dome.uvs), away)[off_pole].min() > 1.0 - 1e-5


def test_the_file_holds_the_picture_and_the_marks(tmp_path: Path) -> None:
    depth = np.full((HEIGHT, 2 * HEIGHT), 3.0, dtype=np.float32)
    mesh, rows, _ = surface_sheet(panorama_camera(EYE, height=HEIGHT), depth, rows=16)
    texture = np.zeros((HEIGHT, 2 * HEIGHT, 3), dtype=np.uint8)
    texture[: HEIGHT // 2, :, 0] = 200
    texture[HEIGHT // 2 :, :, 1] = 200
    marks = (rows < HEIGHT // 2).astype(np.float32)
    sheet = TexturedMesh(name="surface", label="surface", mesh=mesh, texture=texture, is_seen=marks)
    again = TexturedMesh(name="second", label="surface", mesh=mesh, texture=sheet.texture, is_seen=marks)
    write_sheets_glb((sheet, again), tmp_path / "a.glb")
    loaded = trimesh.load(tmp_path / "a.glb")
    geometry = loaded.geometry["surface"]
    assert len(geometry.faces) == mesh.num_triangles
    colors = geometry.visual.to_color().vertex_colors
    up = geometry.vertices[:, 1] > EYE[1] + 0.5
    assert (colors[up][:, 0] > 150).all()
    assert (colors[geometry.vertices[:, 1] < EYE[1] - 0.5][:, 1] > 150).all()
    assert np.array_equal(geometry.vertex_attributes["_SEEN"].ravel(), marks)
    data = (tmp_path / "a.glb").read_bytes()
    assert data.count(b"\xff\xd8\xff") == 1  # one picture for both
    assert b"KHR_materials_unlit" in data
    plain = TriangleMesh(vertices=mesh.vertices, triangles=mesh.triangles, normals=mesh.normals)
    with pytest.raises(InvalidInputError, match="needs UVs"):
        TexturedMesh(name="a", label="a", mesh=plain, texture=texture, is_seen=marks)
