"""Layers of a panorama as meshes: whole at the seam and the poles, cut at edges, textured where the rays went."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from tests.geometry.test_layered_reconstruction import HEIGHT, POST, box_room, paint, room, with_ball
from worldgen.errors import InvalidInputError
from worldgen.exporters.sheets_glb import write_sheets_glb
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.layer_sheets import LayerSheet, backstop, dome_radius, sheet_picture, sheets_from_layers
from worldgen.geometry.layered_reconstruction import take_apart
from worldgen.geometry.panorama_layers import LayeredPanorama
from worldgen.geometry.sky_dome import sky_dome
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.triangle_mesh import TriangleMesh

EYE = np.array([0.0, 1.6, 0.0])
KNOWN = np.ones((HEIGHT, 2 * HEIGHT), dtype=bool)


@functools.cache
def room_sheets() -> tuple[LayerSheet, ...]:
    return sheets_from_layers(room()[2], KNOWN, EYE, budget=40_000)


def solid(*meshes: TriangleMesh) -> trimesh.Trimesh:
    return trimesh.util.concatenate([trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False) for mesh in meshes])


def first_hits(mesh: trimesh.Trimesh, eye: NDArray[np.float64], rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances, infinite for a miss."""
    from worldgen.rendering.embree import InstancedScene

    scene = InstancedScene()
    vertices = np.concatenate([np.asarray(mesh.vertices), np.zeros((1, 3))]).astype(np.float32)
    scene.add_instance(scene.add_group([(vertices, np.asarray(mesh.faces).astype(np.int32))]), np.eye(4))
    scene.commit()
    origins = np.ascontiguousarray(eye[None], dtype=np.float32)
    hits = scene.intersect(origins, np.ascontiguousarray(rays.reshape(-1, 3), dtype=np.float32))
    return hits.distances.astype(np.float64).reshape(rays.shape[:-1])


def outward_share(mesh: TriangleMesh) -> float:
    """Share of the triangles whose front is away from the eye."""
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return float((np.einsum("ij,ij->i", normal, corners.mean(axis=1) - EYE) > 0.0).mean())


def directions_of(uvs: NDArray[np.float32]) -> NDArray[np.float64]:
    azimuth, polar = (uvs[:, 0] * 2.0 - 1.0) * np.pi, (1.0 - uvs[:, 1]) * np.pi
    return np.stack([np.sin(polar) * np.sin(azimuth), np.cos(polar), -np.sin(polar) * np.cos(azimuth)], axis=1)


def test_an_empty_room_is_closed_with_few_triangles() -> None:
    """Every ray from anywhere inside hits the walls: no crack, at the seam and the poles neither."""
    depth = box_room().astype(np.float32)
    grey = np.full((*depth.shape, 3), 0.5, dtype=np.float32)
    (sheet,) = sheets_from_layers(take_apart(grey, depth, is_exact=True), KNOWN, EYE, budget=40_000)
    assert sheet.mesh.num_triangles < 0.4 * 2 * depth.size
    assert outward_share(sheet.mesh) == 0.0
    mesh = solid(sheet.mesh)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    rays = np.concatenate([equirectangular_rays(64).reshape(-1, 3), [[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]])
    for offset in (np.zeros(3), np.array([1.5, 0.4, -2.0])):
        with np.errstate(divide="ignore"):
            truth = np.min((np.array([4.0, 1.6, 5.0]) - np.sign(rays) * offset) / np.abs(rays), axis=-1)
        found = first_hits(mesh, EYE + offset, rays)
        # A corner of the room is rounded by half a pixel; elsewhere the walls are where they are.
        error = np.abs(found / truth - 1.0)
        assert np.percentile(error, 95) < 0.01
        assert error.max() < 0.1


def test_sheets_cover_each_other_and_bridge_no_edge() -> None:
    _, depth, _ = room()
    sheets = room_sheets()
    assert [sheet.layer for sheet in sheets][:2] == [0, 1]
    front = sheets[0].mesh
    distance = np.linalg.norm(front.vertices.astype(np.float64) - EYE, axis=1)
    is_ball = np.linalg.norm(front.vertices - (EYE + POST[0]), axis=1) < 1.2 * POST[1]
    kinds = is_ball[front.triangles]
    assert (kinds.all(axis=1) | ~kinds.any(axis=1)).all()
    assert 40 < kinds.all(axis=1).sum() < 4000
    assert np.ptp(distance[front.triangles], axis=1).max() < 1.0
    # From the middle the first sheet alone shows everything, as far away as it is.
    rays = equirectangular_rays(HEIGHT)
    found = first_hits(solid(front), EYE, rays)
    assert np.isfinite(found).all()
    assert (np.abs(found / depth - 1.0) > 0.05).mean() < 0.01
    # From aside the hidden sheets close what comes out from behind the ball.
    aside = EYE + np.array([0.8, 0.1, 0.3])
    assert np.isinf(first_hits(solid(front), aside, rays)).any()
    everything = first_hits(solid(*(sheet.mesh for sheet in sheets)), aside, rays)
    assert np.isinf(everything).mean() < 2e-4


def test_pictures_lie_where_the_rays_went_and_marks_tell_what_was_seen() -> None:
    for sheet in room_sheets():
        away = sheet.mesh.vertices - EYE
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        assert sheet.mesh.uvs is not None
        off_pole = np.abs(away[:, 1]) < 0.99
        assert np.einsum("ij,ij->i", directions_of(sheet.mesh.uvs), away)[off_pole].min() > 1.0 - 1e-5
        # No triangle runs backwards over the picture where it meets itself.
        assert np.ptp(sheet.mesh.uvs[sheet.mesh.triangles][..., 0], axis=1).max() < 0.3
    seen, hidden = room_sheets()[:2]
    assert (seen.is_seen == 1.0).all()
    assert 0.3 < (hidden.is_seen == 0.0).mean() < 1.0
    is_hidden_pixel = room()[2].layers[1].mask
    assert hidden.mesh.uvs is not None
    column = (hidden.mesh.uvs[:, 0] * 2 * HEIGHT).round().astype(int) % (2 * HEIGHT)
    row = np.clip(((1.0 - hidden.mesh.uvs[:, 1]) * HEIGHT).round().astype(int), 1, HEIGHT - 1)
    around = is_hidden_pixel[row, column] & is_hidden_pixel[row - 1, column - 1]
    assert (hidden.is_seen[around] == 0.0).all()


def test_half_the_panorama_unknown_is_marked_so() -> None:
    known = KNOWN.copy()
    known[:, :HEIGHT] = False
    seen = sheets_from_layers(room()[2], known, EYE, budget=40_000)[0]
    assert seen.mesh.uvs is not None
    assert (seen.is_seen[seen.mesh.uvs[:, 0] > 0.51] == 1.0).all()
    inside = (seen.mesh.uvs[:, 0] < 0.49) & (seen.mesh.uvs[:, 0] > 0.01)
    assert (seen.is_seen[inside] == 0.0).all()


@pytest.mark.parametrize("budget", [1_000, 6_000, 20_000])
def test_the_budget_is_kept_by_coarser_sheets(budget: int) -> None:
    sheets = sheets_from_layers(room()[2], KNOWN, EYE, budget=budget)
    assert sum(sheet.mesh.num_triangles for sheet in sheets) <= max(budget, 4_000)
    found = first_hits(solid(*(sheet.mesh for sheet in sheets)), EYE, equirectangular_rays(32))
    assert np.isfinite(found).all()


def test_the_sky_is_no_part_of_the_sheets() -> None:
    rays = equirectangular_rays(HEIGHT)
    with np.errstate(divide="ignore"):
        ground = np.where(rays[..., 1] < 0.0, -1.6 / rays[..., 1], np.inf)
    depth = with_ball(ground, np.array([0.0, 0.6, -4.0]), 0.8)
    layered = take_apart(paint(depth, depth < ground), depth.astype(np.float32), is_exact=True)
    sheets = sheets_from_layers(layered, KNOWN, EYE, budget=40_000)
    found = first_hits(solid(*(sheet.mesh for sheet in sheets)), EYE, rays)
    assert (np.isinf(found) == np.isinf(depth)).mean() > 0.995
    assert np.isfinite(found[HEIGHT // 2 + 1 :]).all()
    # The ground goes on below the camera, level.
    below = first_hits(solid(sheets[0].mesh), EYE, np.array([[0.0, -1.0, 0.0], [0.01, -1.0, 0.0], [0.0, -1.0, 0.02]]))
    assert below == pytest.approx([1.6, 1.6, 1.6], rel=0.01)
    farthest = max(float(layer.euclidean_depth[layer.mask].max()) for layer in layered.layers)
    assert dome_radius(layered, 10.0) > farthest
    assert dome_radius(layered, 1e6) == 1e6


def test_a_lone_pixel_makes_two_triangles() -> None:
    depth = np.full((HEIGHT, 2 * HEIGHT), np.inf, dtype=np.float32)
    depth[HEIGHT // 2, 0] = 2.0
    depth[40, 2 * HEIGHT - 1] = 3.0
    grey = np.full((*depth.shape, 3), 0.5, dtype=np.float32)
    sheets = sheets_from_layers(take_apart(grey, depth, is_exact=True), KNOWN, EYE, budget=1_000)
    assert sheets[0].mesh.num_triangles == 4
    assert np.isfinite(sheets[0].mesh.vertices).all()


def test_sheets_do_not_depend_on_the_number_of_threads() -> None:
    import numba

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        again = sheets_from_layers(room()[2], KNOWN, EYE, budget=40_000)
    finally:
        numba.set_num_threads(threads)
    for one, other in zip(room_sheets(), again, strict=True):
        assert np.array_equal(one.mesh.vertices, other.mesh.vertices)
        assert np.array_equal(one.mesh.triangles, other.mesh.triangles)


def test_a_backstop_stands_closely_behind_everything() -> None:
    _, _, layered = room()
    made = backstop(layered, EYE, budget=20_000)
    assert made is not None
    mesh, picture = made
    assert mesh.num_triangles <= 20_000
    assert picture.shape == (64, 128, 3)
    rays = equirectangular_rays(HEIGHT)
    found = first_hits(solid(mesh), EYE, rays)
    assert np.isfinite(found).all()
    deepest = np.max([np.where(layer.mask, layer.euclidean_depth, 0.0) for layer in layered.layers], axis=0)
    assert (found > 0.99 * deepest).all()
    assert np.median(found / deepest) < 1.2
    assert backstop(layered, EYE, budget=10) is None


def test_coarse_sheets_hide_nothing_that_is_seen() -> None:
    layered = room()[2]
    everything = sheets_from_layers(layered, KNOWN, EYE, budget=1_500)
    found = first_hits(solid(*(sheet.mesh for sheet in everything)), EYE, equirectangular_rays(HEIGHT))
    alone = first_hits(solid(everything[0].mesh), EYE, equirectangular_rays(HEIGHT))
    assert (found < 0.97 * alone).mean() < 5e-3
    assert np.isfinite(found).mean() > 0.999


def test_pictures_of_hidden_sheets_are_even_where_nothing_is_hidden() -> None:
    layered: LayeredPanorama = room()[2]
    assert sheet_picture(layered.layers[0]) is layered.layers[0].colors
    hidden = layered.layers[1]
    picture = sheet_picture(hidden)
    assert (picture[hidden.mask] == hidden.colors[hidden.mask]).all()
    assert len(np.unique(picture[:20].reshape(-1, 3), axis=0)) == 1


def test_the_dome_shows_the_sky_from_inside() -> None:
    dome = sky_dome(panorama_camera(EYE, height=HEIGHT), 100.0)
    assert outward_share(dome) == 0.0
    assert dome.uvs is not None
    away = (dome.vertices - EYE) / 100.0
    off_pole = np.abs(away[:, 1]) < 0.999
    assert np.einsum("ij,ij->i", directions_of(dome.uvs), away)[off_pole].min() > 1.0 - 1e-5


def test_the_file_holds_the_picture_and_the_marks(tmp_path: Path) -> None:
    mesh = room_sheets()[0].mesh
    texture = np.zeros((HEIGHT, 2 * HEIGHT, 3), dtype=np.uint8)
    texture[: HEIGHT // 2, :, 0] = 200
    texture[HEIGHT // 2 :, :, 1] = 200
    marks = (mesh.vertices[:, 1] > EYE[1]).astype(np.float32)
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
    with pytest.raises(InvalidInputError, match="budget"):
        sheets_from_layers(room()[2], KNOWN, EYE, budget=10)
