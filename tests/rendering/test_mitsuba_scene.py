"""Path traced radiance against what optics says it must be."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from tests.scenes import ball_mesh, checker_texture, quad_mesh, small_scene
from worldgen.errors import InvalidInputError
from worldgen.frames import look_at, rigid, yaw_rotation
from worldgen.geometry.cameras import cube_cameras, pinhole_camera, pinhole_camera_at, pixel_rays_in_world
from worldgen.geometry.equirectangular import sample_equirectangular
from worldgen.rendering.mitsuba_engine import CPU_VARIANT, mitsuba, set_num_threads
from worldgen.rendering.mitsuba_scene import MitsubaScene
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.camera import Camera
from worldgen.scene.material import LinearColor, Material
from worldgen.scene.scene import Part, Prototype, Scene, SceneObject, Sky
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.settings import TIERS

DRAFT = TIERS["draft"]
UP = (0.0, 1.0, 0.0)


def even_sky(radiance: float, key: LinearColor = (0.0, 0.0, 0.0), direction: LinearColor = UP) -> Sky:
    towards = np.array(direction, dtype=np.float64)
    return Sky(
        environment=np.full((16, 32, 3), radiance, dtype=np.float32),
        key_direction_in_world=towards / np.linalg.norm(towards),
        key_irradiance=key,
        key_angular_radius=0.005,
    )


def scene_of(mesh: TriangleMesh, material: Material, sky: Sky, poses: tuple[NDArray[np.float64], ...] = ()) -> Scene:
    thing = Prototype(name="thing", label="rock", lods=((Part(mesh=mesh, material="stuff"),),), footprint_m=0.0)
    objects = tuple(
        SceneObject(object_id=f"thing/{index}", spec_id="thing", prototype="thing", world_from_object=pose)
        for index, pose in enumerate(poses or (np.eye(4),))
    )
    return dataclasses.replace(
        small_scene(),
        prototypes={"thing": thing},
        materials={"stuff": dataclasses.replace(material, name="stuff")},
        objects=objects,
        sky=sky,
    )


def render(scene: Scene, camera: Camera, samples: int = 16, seed: int = 1) -> NDArray[np.float32]:
    return MitsubaScene(scene, DRAFT, variant=CPU_VARIANT).render(camera, samples, seed)


def downward(height_m: float, *, size: int = 16, fov: float = 0.2) -> Camera:
    pose = look_at(np.array([0.0, height_m, 0.0]), np.array([0.0, 0.0, -1e-3]))
    return pinhole_camera(pose, height=size, width=size, horizontal_fov=fov)


def test_white_furnace_shows_the_albedo() -> None:
    albedo = (0.8, 0.5, 0.18)
    scene = scene_of(
        dataclasses.replace(ball_mesh(4), colors=None),
        Material(name="", surface="stone", base_color=albedo),
        even_sky(2.0),
    )
    camera = pinhole_camera_at(
        np.array([0.0, 1.5, 6.0]), np.array([0.0, 1.5, 0.0]), height=32, width=32, horizontal_fov=0.2
    )
    image = render(scene, camera, 32)
    np.testing.assert_allclose(image.mean(axis=(0, 1)), 2.0 * np.array(albedo), rtol=0.01)


def test_leaves_keep_the_energy_they_are_given() -> None:
    leaf = Material(name="", surface="foliage", base_color=(0.5, 0.5, 0.5), translucency=0.4, double_sided=True)
    image = render(scene_of(quad_mesh(5.0, 0.0), leaf, even_sky(1.0)), downward(3.0), 64)
    assert image.mean() == pytest.approx(0.5, rel=0.12)


@pytest.mark.parametrize(("translucency", "from_below"), [(0.4, False), (0.4, True), (0.0, True)])
def test_leaves_let_their_share_of_sunlight_through(translucency: float, from_below: bool) -> None:
    leaf = Material(
        name="", surface="foliage", base_color=(0.5, 0.5, 0.5), translucency=translucency, double_sided=True
    )
    scene = scene_of(quad_mesh(5.0, 0.0), leaf, even_sky(0.0, key=(1.0, 1.0, 1.0)))
    y = -3.0 if from_below else 3.0
    camera = pinhole_camera(
        look_at(np.array([0.0, y, 0.0]), np.array([0.0, 0.0, -1e-3])), height=16, width=16, horizontal_fov=0.2
    )
    share = translucency if from_below else 1.0 - translucency
    assert render(scene, camera, 32).mean() == pytest.approx(0.5 / math.pi * share, rel=0.15, abs=1e-6)


@pytest.mark.parametrize("elevation", [1.5, 0.6, 0.2])
def test_sunlight_on_the_ground_follows_the_cosine(elevation: float) -> None:
    irradiance = (8.0, 6.0, 3.0)
    albedo = np.array([0.35, 0.3, 0.2])
    sky = even_sky(0.0, key=irradiance, direction=(math.cos(elevation), math.sin(elevation), 0.0))
    ground = Material(name="", surface="soil", base_color=tuple(albedo.tolist()))
    image = render(scene_of(quad_mesh(50.0, 0.0), ground, sky), downward(3.0), 32)
    expected = np.array(irradiance) * math.sin(elevation) * albedo / math.pi
    np.testing.assert_allclose(image.mean(axis=(0, 1)), expected, rtol=0.02)


def test_sun_casts_a_penumbra_of_its_own_width() -> None:
    radius, height = 0.05, 10.0
    sky = dataclasses.replace(even_sky(0.0, key=(math.pi,) * 3), key_angular_radius=radius)
    # A large roof whose edge lies above x = 0: the ground's light goes from none to all within its penumbra.
    ground = dataclasses.replace(quad_mesh(30.0, 0.0), uvs=None)
    roof = quad_mesh(10.0, height)
    roof = dataclasses.replace(roof, vertices=roof.vertices + np.float32([-10.0, 0.0, 0.0]), uvs=None)
    both = TriangleMesh(
        vertices=np.concatenate([ground.vertices, roof.vertices]),
        triangles=np.concatenate([ground.triangles, roof.triangles + np.int32(4)]),
        normals=np.concatenate([ground.normals, roof.normals]),
    )
    scene = scene_of(both, Material(name="", surface="soil", base_color=(1.0, 1.0, 1.0)), sky)
    pose = look_at(np.array([0.0, 2.0, 0.0]), np.array([0.0, 0.0, -1e-3]))
    camera = pinhole_camera(pose, height=16, width=64, horizontal_fov=1.2)
    profile = render(scene, camera, 64)[..., 0].mean(axis=0)
    x = pixel_rays_in_world(camera)[0, :, 0] / -pixel_rays_in_world(camera)[0, :, 1] * 2.0
    lit = np.interp([-0.7 * radius * height, 0.0, 0.7 * radius * height], x, profile)
    assert (profile[x < -1.3 * radius * height] < 0.02).all()
    assert (profile[x > 1.3 * radius * height] > 0.9).all()
    assert 0.02 < lit[0] < 0.3 < lit[1] < 0.7 < lit[2] < 0.98


def test_water_mirrors_the_sky_at_grazing_angles_only() -> None:
    water = Material(name="", surface="water", roughness=0.05, kind="water")
    pond = quad_mesh(500.0, 0.0, color=(0.0, 0.0, 0.0))
    scene = scene_of(pond, water, even_sky(1.0))
    steep = render(scene, downward(3.0), 64).mean()
    assert steep == pytest.approx(0.02, abs=0.01)
    for degrees, low, high in ((60.0, 0.045, 0.09), (80.0, 0.3, 0.48), (87.0, 0.65, 0.95)):
        angle = math.radians(degrees)
        eye = np.array([0.0, 20.0 * math.cos(angle), 20.0 * math.sin(angle)])
        camera = pinhole_camera_at(eye, np.zeros(3), height=8, width=8, horizontal_fov=0.02)
        # Fresnel's equations for an index of 1.33 give 0.060, 0.39 and 0.75.
        assert low < render(scene, camera, 64).mean() < high


def test_water_shows_its_body_when_looked_into() -> None:
    water = Material(name="", surface="water", roughness=0.05, kind="water")
    color = (0.02, 0.3, 0.4)
    image = render(scene_of(quad_mesh(50.0, 0.0, color=color), water, even_sky(1.0)), downward(3.0), 64)
    np.testing.assert_allclose(image.mean(axis=(0, 1)), np.array(color) + 0.02, atol=0.06)


def test_environment_is_seen_where_it_is() -> None:
    environment = np.zeros((64, 128, 3), dtype=np.float32)
    for row, column, channel in ((20, 30, 0), (40, 100, 1), (30, 64, 2), (8, 90, 0), (55, 10, 1)):
        environment[row : row + 4, column : column + 4, channel] = 5.0
    far_away = rigid(np.eye(3), np.array([0.0, -5000.0, 0.0]))
    sky = dataclasses.replace(even_sky(0.0), environment=environment)
    scene = scene_of(ball_mesh(1), Material(name="", surface="stone"), sky, (far_away,))
    paths = MitsubaScene(scene, DRAFT, variant=CPU_VARIANT)
    for camera in cube_cameras(np.zeros(3), face_px=48):
        seen = paths.render(camera, 32, 0)
        expected = sample_equirectangular(environment, pixel_rays_in_world(camera))
        # Pixel means differ from centres on edges; a shift of half a texel would already differ by more.
        assert np.abs(seen - expected).mean() < 0.02 * max(float(expected.max()), 1.0)
        np.testing.assert_allclose(seen.sum(axis=(0, 1)), expected.sum(axis=(0, 1)), rtol=0.06, atol=1.0)


def off_centre_camera() -> Camera:
    camera = pinhole_camera_at(
        np.array([0.0, 1.7, 0.0]), np.array([0.0, 1.0, -6.0]), height=100, width=160, horizontal_fov=1.2
    )
    intrinsics_px = np.array(camera.intrinsics_px)
    intrinsics_px[:2, 2] += (20.0, -13.0)
    return dataclasses.replace(camera, intrinsics_px=intrinsics_px)


def test_colours_line_up_with_the_tracer_to_the_pixel() -> None:
    """Under an even sky and without shadows, radiance is albedo: texture, vertex colours, instances, cameras in one."""
    base = small_scene()
    paint = Material(name="paint", surface="metal", roughness=1.0)
    checker = Material(name="checker", surface="wood", base_color_texture=checker_texture(), base_color=(1.0, 0.7, 0.9))
    objects = tuple(item for item in base.objects if item.prototype in ("box", "ball"))
    turned = rigid(yaw_rotation(0.5), np.array([-1.0, 2.2, -7.0]))
    extra = SceneObject(object_id="box/1", spec_id="box", prototype="box", world_from_object=turned)
    scene = dataclasses.replace(
        base,
        objects=(*objects, extra),
        materials={**base.materials, "paint": paint, "checker": checker},
        sky=even_sky(1.0),
    )
    camera = off_centre_camera()
    tracer = SceneTracer(scene)
    image = MitsubaScene(scene, dataclasses.replace(DRAFT, max_bounces=6), variant=CPU_VARIANT).render(camera, 64, 0)
    guides, _ = tracer.guides_and_buffers(camera)
    convex = guides.sky_coverage == 0.0
    assert convex.mean() > 0.15
    errors = np.abs(image - guides.albedo).max(axis=-1)[convex]
    assert np.median(errors) < 0.03
    assert np.percentile(errors, 90) < 0.12


def test_instances_show_their_vertex_colours() -> None:
    poses = []
    for index, x in enumerate((-40.0, 3.0)):
        pose = rigid(yaw_rotation(0.4 + index), np.array([x, 2.0, -9.0]))
        pose[:3, :3] *= 1.3
        poses.append(pose)
    paint = Material(name="", surface="metal", roughness=1.0, base_color=(0.9, 1.0, 0.8))
    scene = scene_of(ball_mesh(2), paint, even_sky(1.0), tuple(poses))
    camera = pinhole_camera_at(
        np.array([3.0, 4.0, 4.0]), np.array([3.0, 4.0, -9.0]), height=48, width=48, horizontal_fov=0.3
    )
    guides, _ = SceneTracer(scene).guides_and_buffers(camera)
    # Five rays can miss the bit of sky in a pixel on the silhouette: look inside of it.
    inside = ndimage.binary_erosion(guides.sky_coverage == 0.0)
    assert inside.mean() > 0.5
    errors = np.abs(render(scene, camera, 64) - guides.albedo)[inside]
    assert errors.mean() < 0.02
    assert errors.max() < 0.15


def test_depth_lines_up_with_the_tracer_exactly() -> None:
    scene, camera = small_scene(), off_centre_camera()
    paths = MitsubaScene(scene, DRAFT, variant=CPU_VARIANT)
    depth = paths.trace_depth(camera)
    expected = SceneTracer(scene).buffers(camera).euclidean_depth
    hit = np.isfinite(expected)
    assert np.array_equal(np.isfinite(depth), hit)
    assert (np.abs(depth[hit] - expected[hit]) < 1e-3 * expected[hit]).mean() > 0.998


def test_one_and_two_threads_give_the_same_bytes() -> None:
    paths = MitsubaScene(small_scene(), DRAFT, variant=CPU_VARIANT)
    camera = off_centre_camera()
    try:
        images = []
        for count in (1, 2):
            set_num_threads(count)
            images.append(paths.render(camera, 3, 7).tobytes())
    finally:
        set_num_threads(2)
    assert images[0] == images[1]
    assert paths.render(camera, 3, 8).tobytes() != images[0]


def test_glowing_parts_shine_also_where_the_rest_is_instanced() -> None:
    lamp = Material(name="", surface="glass", base_color=(0.1, 0.1, 0.1), emission=(3.0, 2.0, 1.0))
    poses = (np.eye(4), rigid(np.eye(3), np.array([4.0, 0.0, 0.0])))
    scene = scene_of(dataclasses.replace(ball_mesh(3), colors=None), lamp, even_sky(0.0), poses)
    for x in (0.0, 4.0):
        camera = pinhole_camera_at(
            np.array([x, 1.5, 6.0]), np.array([x, 1.5, 0.0]), height=8, width=8, horizontal_fov=0.1
        )
        image = render(scene, camera, 8)
        np.testing.assert_allclose(image.mean(axis=(0, 1)), [3.0, 2.0, 1.0], rtol=0.1)


def test_says_nothing_and_refuses_what_it_cannot_do(capfd: pytest.CaptureFixture[str]) -> None:
    paths = MitsubaScene(small_scene(), DRAFT, variant=CPU_VARIANT)
    camera = off_centre_camera()
    paths.render(camera, 1, 0)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InvalidInputError, match="sample"):
        paths.render(camera, 0, 0)
    intrinsics_px = np.array(camera.intrinsics_px)
    intrinsics_px[0, 0] *= 1.5
    with pytest.raises(InvalidInputError, match="square"):
        paths.render(dataclasses.replace(camera, intrinsics_px=intrinsics_px), 1, 0)
    assert mitsuba(CPU_VARIANT).variant() == CPU_VARIANT


@pytest.mark.parametrize(("channel", "towards"), [(0, (1.0, 1.0, 0.0)), (1, (0.0, 1.0, -1.0))])
def test_normal_maps_lean_along_u_and_up_along_v(channel: int, towards: tuple[float, float, float]) -> None:
    """On the test square u runs along +X and v along -Z; a normal that leans to the light is lit more."""
    encoded = np.full((4, 4, 3), 128, dtype=np.uint8)
    encoded[..., 2] = 218
    encoded[..., channel] = 218
    bumpy = Material(name="", surface="stone", base_color=(0.5, 0.5, 0.5), normal_texture=encoded)
    brightness = []
    for sign in (1.0, -1.0):
        direction = (sign * towards[0], towards[1], sign * towards[2])
        sky = even_sky(0.0, key=(1.0, 1.0, 1.0), direction=direction)
        brightness.append(render(scene_of(quad_mesh(5.0, 0.0), bumpy, sky), downward(3.0), 16).mean())
    # The normal leans by 45°, as the light does: it faces one light and stands edge-on to the other.
    assert brightness[0] == pytest.approx(0.5 / math.pi, rel=0.05)
    assert brightness[1] < 0.02
