"""Whole views: aligned, repeatable, without seams, with a noise-free sky."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest

from tests.scenes import small_scene
from worldgen.errors import InvalidInputError
from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.cameras import (
    CUBE_FACES,
    cube_cameras,
    panorama_camera,
    pinhole_camera_at,
    pixel_angles,
    pixel_rays_in_world,
)
from worldgen.rendering.atmosphere import fog_radiance
from worldgen.rendering.denoising import denoise
from worldgen.rendering.mitsuba_engine import CPU_VARIANT, set_num_threads
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.sky_pixels import clear_sky, foggy_sky, key_light
from worldgen.scene.camera import Camera, PanoramaCamera
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.scene import Fog
from worldgen.scene.view import View
from worldgen.settings import TIERS

EYE = np.array([0.0, 1.7, 0.0])
DRAFT = TIERS["draft"]


def make_renderer(seed: int = 1, **changes: object) -> SceneRenderer:
    scene = dataclasses.replace(small_scene(), **changes)  # type: ignore[arg-type]
    return SceneRenderer(scene, DRAFT, seed, variant=CPU_VARIANT)


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    return make_renderer()


@pytest.fixture(scope="module")
def cube(renderer: SceneRenderer) -> tuple[View, ...]:
    return renderer.render_cube(EYE, face_px=80, samples=4)


@pytest.fixture(scope="module")
def panorama(renderer: SceneRenderer, cube: tuple[View, ...]) -> View:
    return renderer.panorama_from_cube(cube, panorama_camera(EYE, height=128))


def box_camera(size: int = 64) -> Camera:
    return pinhole_camera_at(EYE, np.array([0.5, 1.2, -6.0]), height=size, width=size, horizontal_fov=1.2)


def test_faces_are_exactly_a_cube_map(cube: tuple[View, ...]) -> None:
    for view, camera in zip(cube, cube_cameras(EYE, face_px=80), strict=True):
        assert isinstance(view.camera, Camera)
        np.testing.assert_allclose(view.camera.intrinsics_px, camera.intrinsics_px)
        np.testing.assert_allclose(view.camera.world_from_camera, camera.world_from_camera)
        assert np.isfinite(view.radiance).all()
        assert view.radiance.min() >= 0.0


def test_panorama_has_no_seams(panorama: View) -> None:
    """Steps across the borders between cube faces are not larger than steps next to them."""
    ground = panorama.radiance[90:110].astype(np.float64)
    # Faces meet at the eighths of the width that are odd: 45°, 135°, ...
    steps = np.abs(np.diff(np.concatenate([ground, ground[:, :1]], axis=1), axis=1)).mean(axis=(0, 2))
    borders = [32 - 1, 96 - 1, 160 - 1, 224 - 1]
    beside = np.median(steps)
    assert max(steps[border] for border in borders) < beside + 0.01 * ground.mean()
    # And the ends of the image meet.
    assert steps[255] < beside + 0.01 * ground.mean()


def test_lit_ground_has_the_radiance_that_it_must_have(panorama: View) -> None:
    scene = small_scene()
    below = panorama.radiance[120:].mean(axis=(0, 1))
    key = np.array(scene.sky.key_irradiance) * scene.sky.key_direction_in_world[1]
    height = len(scene.sky.environment)
    cosine = np.cos((np.arange(height // 2) + 0.5) / height * np.pi)
    solid_angle = np.sin((np.arange(height // 2) + 0.5) / height * np.pi) * np.pi / height * 2.0 * np.pi
    diffuse = np.einsum("r,r,rc->c", cosine, solid_angle, scene.sky.environment[: height // 2, 0].astype(np.float64))
    expected = np.array([0.35, 0.3, 0.2]) * (key + diffuse) / np.pi
    np.testing.assert_allclose(below, expected, rtol=0.05)


def test_open_sky_is_drawn_without_noise(renderer: SceneRenderer, panorama: View) -> None:
    camera = panorama.camera
    rays = pixel_rays_in_world(camera)
    expected = foggy_sky(
        renderer.scene.sky, renderer.scene.fog, rays, pixel_angles=pixel_angles(camera), height_m=EYE[1]
    )
    upper = slice(0, 40)
    np.testing.assert_allclose(panorama.radiance[upper], expected[upper], rtol=1e-3, atol=1e-4)
    bright = np.unravel_index(np.argmax(panorama.radiance.sum(axis=-1)), panorama.radiance.shape[:2])
    assert rays[bright] @ renderer.scene.sky.key_direction_in_world > np.cos(0.04)


def test_views_show_the_sky_where_their_labels_say_so(renderer: SceneRenderer) -> None:
    view = renderer.render_view(box_camera(), 4)
    sky = view.buffers.labels == 0
    rays = pixel_rays_in_world(view.camera)
    air = foggy_sky(
        renderer.scene.sky, renderer.scene.fog, rays, pixel_angles=pixel_angles(view.camera), height_m=EYE[1]
    )
    inner = sky.copy()
    for axis in (0, 1):
        for shift in (-1, 1):
            inner &= np.roll(sky, shift, axis=axis)
    inner[[0, -1]] = inner[:, [0, -1]] = False
    np.testing.assert_allclose(view.radiance[inner], air[inner], rtol=1e-4, atol=1e-5)
    assert view.buffers.euclidean_depth[view.buffers.labels == LABEL_INDEX["cabin"]].max() < 8.0


def test_only_things_and_the_sky_close_around_them_are_denoised(
    renderer: SceneRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = pinhole_camera_at(EYE, np.array([0.0, 5.0, -6.0]), height=96, width=48, horizontal_fov=0.9)
    shapes = []

    def watched(radiance: np.ndarray, *guides: np.ndarray, quality: str) -> np.ndarray:
        shapes.append(radiance.shape)
        return denoise(radiance, *guides, quality=quality)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("worldgen.rendering.scene_renderer.denoise", watched)
        view = renderer.render_view(camera, 4)
        with monkeypatch.context() as inner:
            inner.setattr("worldgen.rendering.scene_renderer._SKY_PX", 1000)
            whole = renderer.render_view(camera, 4)
        upwards = pinhole_camera_at(EYE, EYE + np.array([0.0, 5.0, 0.1]), height=32, width=32, horizontal_fov=0.5)
        bare = renderer.render_view(upwards, 1)
    assert [shape[0] < 96 for shape in shapes] == [True, False]
    open_sky = view.buffers.labels == 0
    assert open_sky[: 96 - shapes[0][0]].all()
    np.testing.assert_array_equal(view.radiance[: 96 - shapes[0][0]], whole.radiance[: 96 - shapes[0][0]])
    # The denoiser sees less sky, and makes nearly the same of the things.
    assert np.abs(view.radiance - whole.radiance).mean() < 0.01 * whole.radiance.mean()
    rays = pixel_rays_in_world(upwards)
    expected = foggy_sky(
        renderer.scene.sky, renderer.scene.fog, rays, pixel_angles=pixel_angles(upwards), height_m=EYE[1]
    )
    assert (bare.buffers.labels == 0).all()
    np.testing.assert_array_equal(bare.radiance, expected)


def test_thick_fog_leaves_only_its_own_light() -> None:
    fog = Fog(extinction_per_m=(0.5, 0.5, 0.5), falloff_per_m=0.0, base_height_m=0.0)
    renderer = make_renderer(fog=fog)
    view = renderer.render_view(box_camera(32), 2)
    far = view.buffers.euclidean_depth > 40.0
    expected = fog_radiance(renderer.scene.sky, pixel_rays_in_world(view.camera))
    assert far.sum() > 100
    np.testing.assert_allclose(view.radiance[far], expected[far], rtol=0.05)


def test_views_depend_on_seed_and_camera_and_nothing_else() -> None:
    camera, other = box_camera(40), pinhole_camera_at(EYE, np.ones(3), height=16, width=16, horizontal_fov=1.0)
    threads = numba.get_num_threads()
    try:
        set_num_threads(1)
        numba.set_num_threads(1)
        alone = make_renderer().render_view(camera, 2)
    finally:
        set_num_threads(2)
        numba.set_num_threads(threads)
    renderer = make_renderer()
    renderer.render_view(other, 1)
    second = renderer.render_view(camera, 2)
    assert second.radiance.tobytes() == alone.radiance.tobytes()
    for field in dataclasses.fields(alone.buffers):
        assert getattr(alone.buffers, field.name).tobytes() == getattr(second.buffers, field.name).tobytes()
    assert make_renderer(seed=2).render_view(camera, 2).radiance.tobytes() != alone.radiance.tobytes()
    assert renderer.path_samples_per_second > 0.0


def test_turned_panorama_is_the_same_picture(renderer: SceneRenderer, cube: tuple[View, ...], panorama: View) -> None:
    quarter = PanoramaCamera(world_from_camera=rigid(yaw_rotation(np.pi / 2.0), EYE), height=128)
    turned = renderer.panorama_from_cube(cube, quarter)
    assert np.array_equal(turned.buffers.labels, np.roll(panorama.buffers.labels, 64, axis=1)) or (
        (turned.buffers.labels != np.roll(panorama.buffers.labels, 64, axis=1)).mean() < 1e-3
    )
    assert np.abs(turned.radiance - np.roll(panorama.radiance, 64, axis=1))[60:].mean() < 1e-3


def test_refuses_views_that_are_no_cube(renderer: SceneRenderer, cube: tuple[View, ...]) -> None:
    with pytest.raises(InvalidInputError):
        renderer.panorama_from_cube(cube[:3], panorama_camera(EYE, height=16))


def test_faces_that_look_up_and_down_can_be_smaller(renderer: SceneRenderer, cube: tuple[View, ...]) -> None:
    mixed = renderer.render_cube(EYE, face_px=80, samples=4, vertical_px=40)
    for face, own, usual in zip(CUBE_FACES, mixed, cube, strict=True):
        np.testing.assert_allclose(own.camera.world_from_camera, usual.camera.world_from_camera)
        if face in ("up", "down"):
            assert own.radiance.shape == own.buffers.normals.shape == (40, 40, 3)
            halved = usual.radiance.reshape(40, 2, 40, 2, 3).mean(axis=(1, 3))
            np.testing.assert_allclose(own.radiance.mean(), halved.mean(), rtol=0.05)
        else:
            assert own.radiance.tobytes() == usual.radiance.tobytes()
    with pytest.raises(InvalidInputError):
        renderer.panorama_from_cube(mixed, panorama_camera(EYE, height=16))


@pytest.mark.parametrize("height", [256, 512, 1024, 2048])
def test_face_size_follows_the_panorama(height: int) -> None:
    """A face pixel at the middle of a face is about as large as a pixel on the panorama's equator, or smaller."""
    face_px = SceneRenderer.face_px_for(height)
    assert 0.5 * height <= face_px <= 0.7 * height


def test_disc_of_the_key_light_holds_its_energy() -> None:
    sky = small_scene().sky
    for radius, size in ((0.05, 200), (0.012, 200)):
        soft = dataclasses.replace(sky, key_angular_radius=radius, key_irradiance=(0.02, 0.02, 0.02))
        towards = soft.key_direction_in_world
        camera = pinhole_camera_at(np.zeros(3), towards, height=size, width=size, horizontal_fov=0.5)
        light = key_light(soft, pixel_rays_in_world(camera), pixel_angles(camera))
        irradiance = (light[..., 1] * pixel_angles(camera) ** 2).sum()
        assert 0.5 * 0.02 < irradiance < 1.3 * 0.02
    dark = dataclasses.replace(sky, key_irradiance=(0.0, 0.0, 0.0))
    assert not key_light(dark, towards[None], np.ones(1)).any()
    assert clear_sky(dark, np.array([[0.0, 1.0, 0.0]])).shape == (1, 3)
