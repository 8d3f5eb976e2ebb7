"""The tracer against analytic geometry: plane, box, ball, instances, textures."""

from __future__ import annotations

import dataclasses
import math

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.scenes import BALL_CENTER, BALL_RADIUS, BOX_MAX, BOX_MIN, ball_mesh, checker_texture, quad_mesh, small_scene
from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError
from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.cameras import panorama_camera, pinhole_camera_at, pixel_rays_in_world
from worldgen.rendering.picture_rays import uneven_pixels
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.camera import AnyCamera
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.material import Material
from worldgen.scene.scene import Part, Prototype, Scene, SceneObject

EYE = np.array([0.0, 1.7, 0.0])


@pytest.fixture(scope="module")
def tracer() -> SceneTracer:
    return SceneTracer(small_scene())


def cameras() -> list[AnyCamera]:
    return [
        panorama_camera(EYE, height=160),
        pinhole_camera_at(EYE, np.array([0.5, 1.0, -6.0]), height=120, width=200, horizontal_fov=1.7),
    ]


def box_distance(rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where rays from the eye enter the box (slab method), +inf where they miss it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = (np.array(BOX_MIN) - EYE) / rays, (np.array(BOX_MAX) - EYE) / rays
    enter, leave = np.minimum(near, far).max(axis=-1), np.maximum(near, far).min(axis=-1)
    return np.where((enter <= leave) & (enter > 0.0), enter, np.inf)


def ball_distance(rays: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    offset = EYE - np.array(BALL_CENTER)
    along = rays @ offset
    rest = along**2 - (offset @ offset - radius**2)
    return np.where((rest >= 0.0) & (along < 0.0), -along - np.sqrt(np.maximum(rest, 0.0)), np.inf)


@pytest.mark.parametrize("camera", cameras(), ids=["panorama", "pinhole"])
def test_ground_and_box_are_exact(tracer: SceneTracer, camera: AnyCamera) -> None:
    buffers = tracer.buffers(camera)
    rays = pixel_rays_in_world(camera)
    box = box_distance(rays)
    on_box = (buffers.labels == LABEL_INDEX["cabin"]) & (buffers.object_ids == 1)
    np.testing.assert_allclose(buffers.euclidean_depth[on_box], box[on_box], rtol=1e-5)
    on_ground = buffers.labels == LABEL_INDEX["ground"]
    assert on_ground.mean() > 0.3
    np.testing.assert_allclose(buffers.euclidean_depth[on_ground], (-EYE[1] / rays[on_ground][:, 1]), rtol=1e-5)
    np.testing.assert_allclose(buffers.normals[on_ground], np.tile([0.0, 1.0, 0.0], (on_ground.sum(), 1)), atol=1e-6)
    # Where the box is nearest, the box is what is seen, to the pixel.
    others = (buffers.object_ids == 2) | (buffers.object_ids == 3)
    with np.errstate(divide="ignore"):
        ground = np.where(rays[..., 1] < 0.0, -EYE[1] / rays[..., 1], np.inf)
    assert np.array_equal(on_box, (box < ground) & ~others)


@pytest.mark.parametrize("camera", cameras(), ids=["panorama", "pinhole"])
def test_ball_lies_between_its_inscribed_and_circumscribed_sphere(tracer: SceneTracer, camera: AnyCamera) -> None:
    buffers = tracer.buffers(camera)
    rays = pixel_rays_in_world(camera)
    on_ball = buffers.object_ids == 2
    # An icosphere of level 4 has edges of about 0.07 radii, so its faces sink by less than 0.15 % of the radius.
    inside = ball_distance(rays, BALL_RADIUS * 0.9985)
    assert (buffers.euclidean_depth[on_ball] >= ball_distance(rays, BALL_RADIUS)[on_ball] - 1e-5).all()
    sure = np.isfinite(inside) & (np.isinf(box_distance(rays)))
    assert on_ball[sure].all()
    points = EYE + rays[on_ball] * buffers.euclidean_depth[on_ball][:, None]
    outward = (points - BALL_CENTER) / np.linalg.norm(points - BALL_CENTER, axis=1, keepdims=True)
    facing = np.einsum("ij,ij->i", outward, -rays[on_ball]) > 0.2
    assert np.einsum("ij,ij->i", outward, buffers.normals[on_ball])[facing].min() > 0.9995


@pytest.mark.parametrize("camera", cameras(), ids=["panorama", "pinhole"])
def test_sky_is_empty_everywhere_at_once(tracer: SceneTracer, camera: AnyCamera) -> None:
    buffers = tracer.buffers(camera)
    sky = np.isinf(buffers.euclidean_depth)
    assert 0.2 < sky.mean() < 0.8
    for empty in (buffers.labels == 0, buffers.object_ids == -1, ~buffers.normals.any(axis=-1)):
        assert np.array_equal(empty, sky)
    assert (buffers.albedo[sky] == 1.0).all()


def test_normals_face_the_camera_also_from_behind() -> None:
    scene = small_scene()
    tracer = SceneTracer(scene)
    below = tracer.trace(np.array([[30.0, -3.0, 30.0]]), np.array([[0.0, 2.0, 0.0]]))
    assert below.euclidean_depth[0] == pytest.approx(3.0)
    np.testing.assert_allclose(below.normals, [[0.0, -1.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(below.geometric_normals, [[0.0, -1.0, 0.0]], atol=1e-6)


def test_hits_name_part_triangle_and_place() -> None:
    scene = small_scene()
    tracer = SceneTracer(scene)
    generator = np.random.Generator(np.random.PCG64(3))
    targets = np.array([0.0, 1.0, -6.0]) + generator.uniform(-0.9, 0.9, (64, 3))
    hits = tracer.trace(EYE[None], targets - EYE)
    assert (hits.object_ids == 1).all()
    mesh = scene.prototypes["box"].lods[0][0].mesh
    corners = mesh.vertices[mesh.triangles[hits.triangle_ids]].astype(np.float64) + np.array([0.0, 0.0, -6.0])
    b, c = hits.barycentrics[:, :1].astype(np.float64), hits.barycentrics[:, 1:].astype(np.float64)
    points = corners[:, 0] * (1.0 - b - c) + corners[:, 1] * b + corners[:, 2] * c
    rays = (targets - EYE) / np.linalg.norm(targets - EYE, axis=1, keepdims=True)
    np.testing.assert_allclose(points, EYE + rays * hits.euclidean_depth[:, None], atol=1e-4)


def test_instances_are_turned_scaled_and_use_their_level_of_detail() -> None:
    scene = small_scene()
    world_from_object = rigid(yaw_rotation(0.7), np.array([10.0, 2.0, 5.0]))
    world_from_object[:3, :3] *= 3.0
    turned = SceneObject(object_id="box/turned", spec_id="box", prototype="box", world_from_object=world_from_object)
    tracer = SceneTracer(dataclasses.replace(scene, objects=(*scene.objects, turned)))
    generator = np.random.Generator(np.random.PCG64(4))
    own = generator.uniform(-4.0, 4.0, (400, 3)) + np.array([0.0, 9.0, 0.0])
    rays = np.array([0.0, 1.0, 0.0]) - own + generator.uniform(-1.2, 1.2, (400, 3))
    still = SceneTracer(
        dataclasses.replace(
            scene, objects=(dataclasses.replace(scene.objects[1], world_from_object=np.eye(4)),), spawn_yaw=0.0
        )
    ).trace(own, rays)
    moved = tracer.trace(
        own @ world_from_object[:3, :3].T + world_from_object[:3, 3], rays @ world_from_object[:3, :3].T
    )
    hit = still.object_ids == 0
    assert 50 < hit.sum() < 400
    assert (moved.object_ids[hit] == len(scene.objects)).all()
    np.testing.assert_array_equal(moved.triangle_ids[hit], still.triangle_ids[hit])
    np.testing.assert_allclose(moved.euclidean_depth[hit], 3.0 * still.euclidean_depth[hit], rtol=1e-4)
    np.testing.assert_allclose(moved.normals[hit], still.normals[hit] @ yaw_rotation(0.7).T, atol=1e-5)
    coarse = tracer.buffers(panorama_camera(np.array([-7.0, 1.5, 1.0]), height=64))
    assert (coarse.object_ids == 3).any()


def test_albedo_is_base_colour_texture_and_vertex_colour() -> None:
    scene = small_scene()
    tracer = SceneTracer(scene)
    down = np.array([[0.0, -1.0, 0.0]])
    ground = tracer.trace(np.array([[30.0, 5.0, 30.0]]), down)
    np.testing.assert_allclose(ground.albedo, [[0.35, 0.3, 0.2]], rtol=1e-5)
    pond = tracer.trace(np.array([[-4.0, 5.0, -10.0]]), down)
    np.testing.assert_allclose(pond.albedo, [[0.02, 0.12, 0.15]], rtol=1e-5)
    # The front of the box, seen close: u runs to the right, v up, row 0 of the texture on top.
    texture = linear_from_srgb(checker_texture().astype(np.float32) / np.float32(255.0))
    generator = np.random.Generator(np.random.PCG64(5))
    u, v = generator.uniform(0.02, 0.98, (2, 200))
    origins = np.stack([2.0 * u - 1.0, 2.0 * v, np.full_like(u, -4.9)], axis=1)
    hits = tracer.trace(origins, np.array([[0.0, 0.0, -1.0]]).repeat(200, axis=0), pixel_angle=1e-6)
    column, row = u * 64.0, (1.0 - v) * 64.0
    inside = (np.abs(column % 8.0 - 4.0) < 3.0) & (np.abs(row % 8.0 - 4.0) < 3.0)
    assert inside.sum() > 60
    np.testing.assert_allclose(hits.albedo[inside], texture[row.astype(int), column.astype(int)][inside], rtol=1e-4)


def test_distant_textures_fade_to_their_mean_in_linear_light() -> None:
    texture = checker_texture()
    mean = linear_from_srgb(texture.astype(np.float32) / np.float32(255.0)).mean(axis=(0, 1))
    base = small_scene()
    floor = Prototype(
        name="floor",
        label="path",
        lods=((Part(mesh=quad_mesh(2000.0, 0.0, tiles=4000.0), material="checker"),),),
        footprint_m=0.0,
    )
    item = SceneObject(object_id="floor", spec_id="floor", prototype="floor", world_from_object=np.eye(4))
    scene = dataclasses.replace(base, prototypes={"floor": floor}, objects=(item,))
    camera = pinhole_camera_at(
        np.array([0.0, 30.0, 0.0]), np.array([0.0, 0.0, -400.0]), height=64, width=64, horizontal_fov=0.6
    )
    buffers = SceneTracer(scene).buffers(camera)
    far = (buffers.euclidean_depth > 400.0) & np.isfinite(buffers.euclidean_depth)
    assert far.sum() > 200
    assert np.abs(buffers.albedo[far] - mean).max() < 0.02


def test_sub_pixel_guides_know_coverage(tracer: SceneTracer) -> None:
    camera = cameras()[1]
    guides, buffers = tracer.guides_and_buffers(camera)
    assert set(np.unique(guides.sky_coverage)) <= {np.float32(share / 6) for share in range(7)}
    inner = (guides.sky_coverage > 0.0) & (guides.sky_coverage < 1.0)
    assert 0 < inner.sum() < 0.05 * inner.size
    assert abs(guides.sky_coverage.mean() - (buffers.labels == 0).mean()) < 0.01
    # Water reflects nearly everything at grazing angles, so its guide is brighter than its body.
    pond = (buffers.labels == LABEL_INDEX["lake"]) & (guides.sky_coverage == 0.0)
    assert (guides.albedo[pond] >= buffers.albedo[pond] - 1e-6).mean() > 0.95


def test_even_pixels_are_guided_by_their_centre_and_the_others_by_their_borders_too(
    tracer: SceneTracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = cameras()[1]
    guides, buffers = tracer.guides_and_buffers(camera)
    with monkeypatch.context() as patch:
        patch.setattr("worldgen.rendering.tracer.uneven_pixels", lambda ids, *_: np.ones(ids.shape[:2], dtype=bool))
        thorough, same = tracer.guides_and_buffers(camera)
    for field in dataclasses.fields(buffers):
        assert getattr(buffers, field.name).tobytes() == getattr(same, field.name).tobytes()
    ids = buffers.object_ids.astype(np.uint32)
    uneven = uneven_pixels(np.stack([ids, np.zeros_like(ids)], axis=-1), buffers.normals, 0.98)
    assert 0.01 < uneven.mean() < 0.5
    assert np.array_equal(guides.albedo[uneven], thorough.albedo[uneven])
    assert np.array_equal(guides.normals[uneven], thorough.normals[uneven])
    assert np.array_equal(guides.sky_coverage, thorough.sky_coverage)
    assert np.array_equal(guides.normals[~uneven], buffers.normals[~uneven])
    assert np.abs(guides.normals - thorough.normals).max() < 0.02
    assert np.abs(guides.albedo - thorough.albedo).mean() < 0.002


def test_many_rays_are_traced_in_batches_and_any_number_of_threads(tracer: SceneTracer) -> None:
    generator = np.random.Generator(np.random.PCG64(6))
    rays = generator.normal(size=(300_000, 3))
    threads = numba.get_num_threads()
    try:
        results = []
        for count in (1, threads):
            numba.set_num_threads(count)
            results.append(tracer.trace(EYE[None], rays))
    finally:
        numba.set_num_threads(threads)
    for field in dataclasses.fields(results[0]):
        first, second = (getattr(result, field.name) for result in results)
        assert len(first) == 300_000
        assert first.tobytes() == second.tobytes()


def test_no_ray_slips_between_triangles() -> None:
    ball = Prototype(name="shell", label="rock", lods=((Part(mesh=ball_mesh(5), material="paint"),),), footprint_m=0.0)
    item = SceneObject(object_id="shell", spec_id="shell", prototype="shell", world_from_object=np.eye(4))
    scene = dataclasses.replace(small_scene(), prototypes={"shell": ball}, objects=(item,))
    vertices = ball_mesh(5).vertices
    center = np.array([[0.0, BALL_RADIUS, 0.0]])
    tracer = SceneTracer(scene)
    generator = np.random.Generator(np.random.PCG64(7))
    assert np.isfinite(tracer.trace(center, generator.normal(size=(400_000, 3))).euclidean_depth).all()
    # Aimed straight at vertices and edges, where rounding decides; without robust traversal 7 % slip through.
    edges = vertices[ball_mesh(5).triangles[:, :2]].mean(axis=1)
    hits = tracer.trace(center, np.concatenate([vertices, edges]) - center)
    assert np.isinf(hits.euclidean_depth).mean() < 0.005


def test_refuses_rays_that_are_none(tracer: SceneTracer) -> None:
    with pytest.raises(InvalidInputError):
        tracer.trace(EYE[None], np.zeros((2, 3)))
    with pytest.raises(InvalidInputError):
        tracer.trace(EYE[None], np.array([[math.nan, 0.0, 1.0]]))
    with pytest.raises(InvalidInputError):
        tracer.trace(np.zeros((2, 3)), np.ones((3, 3)))
    assert len(tracer.trace(EYE[None], np.zeros((0, 3))).object_ids) == 0


def test_scene_without_objects_is_all_sky() -> None:
    scene: Scene = dataclasses.replace(small_scene(), objects=())
    buffers = SceneTracer(scene).buffers(panorama_camera(EYE, height=8))
    assert np.isinf(buffers.euclidean_depth).all()


def test_unused_materials_with_textures_do_no_harm() -> None:
    scene = small_scene()
    extra = Material(name="unused", surface="stone", base_color_texture=np.zeros((3, 5, 3), dtype=np.uint8))
    tracer = SceneTracer(dataclasses.replace(scene, materials={"unused": extra, **scene.materials}))
    hit = tracer.trace(np.array([[30.0, 5.0, 30.0]]), np.array([[0.0, -1.0, 0.0]]))
    np.testing.assert_allclose(hit.albedo, [[0.35, 0.3, 0.2]], rtol=1e-5)
