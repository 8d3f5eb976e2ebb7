"""The splat rasteriser against a plain float64 renderer, and what must hold whatever the splats."""

from __future__ import annotations

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from tests.splat_clouds import join, one_splat, random_cloud, reference_render, take
from worldgen.frames import look_at, rotate_quats, rotate_vectors, yaw_rotation
from worldgen.geometry.cameras import panorama_camera, pinhole_camera, pixel_rays_in_camera
from worldgen.randomness import rng
from worldgen.rendering import gaussian_rasterizer
from worldgen.rendering.gaussian_rasterizer import bin_cloud, fitting_order, rasterize, splat_colors
from worldgen.rendering.gaussian_rasterizer_colors import fill_basis
from worldgen.rendering.gaussian_rasterizer_residuals import add_to_splats, backproject_residuals
from worldgen.rendering.gaussian_rasterizer_tiles import TILE, deal_tiles
from worldgen.scene.camera import AnyCamera, Camera, PanoramaCamera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.spherical_harmonics import sh_basis

STEP = 1.0 / 255.0


def tilted_camera(height: int = 50, width: int = 70) -> Camera:
    return pinhole_camera(
        look_at(np.array([0.3, -0.2, 0.4]), np.array([1.0, 0.5, -2.0])),
        height=height,
        width=width,
        horizontal_fov=1.7,
    )


def skewed_camera() -> Camera:
    intrinsics_px = np.array([[45.0, 3.0, 20.0], [0.0, 38.0, 30.0], [0.0, 0.0, 1.0]])
    return Camera(intrinsics_px=intrinsics_px, world_from_camera=np.eye(4), height=47, width=61)


def tilted_panorama() -> PanoramaCamera:
    turn = look_at(np.array([0.1, 0.2, -0.1]), np.array([2.0, 1.5, 1.0]))
    return PanoramaCamera(world_from_camera=turn, height=40)


CAMERAS = {
    "pinhole": tilted_camera(),
    "skewed": skewed_camera(),
    "panorama": panorama_camera(np.zeros(3), height=40),
    "tilted panorama": tilted_panorama(),
    "odd panorama": panorama_camera(np.zeros(3), height=21),
}


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("sh_rest", [0, 15])
def test_agrees_with_brute_force_in_float64(name: str, sh_rest: int) -> None:
    camera = CAMERAS[name]
    cloud = random_cloud(400, seed=len(name), sh_rest=sh_rest)
    rgb, transmittance, depth = rasterize(cloud, camera)
    color, clear, far = reference_render(cloud, camera)
    assert clear.min() < 0.2, "the cloud must hide something, or this tests nothing"
    assert np.abs(rgb - color).max() <= STEP
    assert np.abs(transmittance - clear).max() <= STEP
    assert np.abs(depth - far).max() <= 2.0 * STEP
    # Nearly everywhere the two differ by rounding only, not by a dropped contribution.
    assert np.quantile(np.abs(rgb - color), 0.95) < 1e-5


@pytest.mark.parametrize("name", ["pinhole", "panorama"])
def test_same_bytes_with_one_thread_and_with_two(name: str) -> None:
    cloud = random_cloud(3000, sh_rest=3)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        single = rasterize(cloud, CAMERAS[name])
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        double = rasterize(cloud, CAMERAS[name])
    finally:
        numba.set_num_threads(threads)
    for one, two in zip(single, double, strict=True):
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("kept_splats", [0, 1_000_000])
def test_nothing_of_one_picture_is_left_in_another(monkeypatch: pytest.MonkeyPatch, kept_splats: int) -> None:
    """Threads keep room from picture to picture, for as many splats as were ever drawn."""
    monkeypatch.setattr(gaussian_rasterizer, "_KEPT_SPLATS", kept_splats)
    many, few = random_cloud(3000, sh_rest=3), random_cloud(700, seed=5)
    jobs = [(cloud, CAMERAS[name]) for cloud in (many, few) for name in CAMERAS]

    def alone(job: tuple[GaussianCloud, AnyCamera]) -> bytes:
        with ThreadPoolExecutor(1) as fresh:
            return fresh.submit(lambda: drawn(job)).result()

    def drawn(job: tuple[GaussianCloud, AnyCamera]) -> bytes:
        return b"".join(image.tobytes() for image in rasterize(*job))

    expected = [alone(job) for job in jobs]
    assert [drawn(job) for job in [*jobs, *reversed(jobs)]] == [*expected, *reversed(expected)]
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(drawn, 3 * jobs)) == 3 * expected


def test_image_does_not_depend_on_the_order_of_the_splats() -> None:
    cloud = random_cloud(500)
    backwards = take(cloud, np.arange(500)[::-1])
    for one, two in zip(rasterize(cloud, tilted_camera()), rasterize(backwards, tilted_camera()), strict=True):
        assert np.array_equal(one, two)


def test_equal_depths_keep_the_order_of_the_cloud() -> None:
    red = one_splat((0.0, 0.0, -2.0), opacity=0.99, color=(1.0, 0.0, 0.0))
    blue = one_splat((0.0, 0.0, -2.0), opacity=0.99, color=(0.0, 0.0, 1.0))
    camera = pinhole_camera(np.eye(4), height=9, width=9, horizontal_fov=1.0)
    assert rasterize(join(red, blue), camera)[0][4, 4].argmax() == 0
    assert rasterize(join(blue, red), camera)[0][4, 4].argmax() == 2


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_color_is_the_spherical_harmonics_of_the_direction(degree: int) -> None:
    cloud = random_cloud(200, sh_rest=(degree + 1) ** 2 - 1)
    position = np.array([0.1, 0.2, 0.3])
    order = np.arange(200, dtype=np.int32)[::-1]
    direction = cloud.means - position
    basis = sh_basis(direction / np.linalg.norm(direction, axis=1, keepdims=True), degree)
    coefficients = np.concatenate([cloud.sh_dc[:, None], cloud.sh_rest], axis=1)
    expected = np.maximum(0.5 + np.einsum("nk,nkc->nc", basis, coefficients), 0.0)[::-1]
    assert np.abs(splat_colors(cloud, order, position) - expected).max() < 1e-5


def test_opaque_splat_reaches_the_largest_alpha_at_its_centre() -> None:
    camera = pinhole_camera(np.eye(4), height=33, width=33, horizontal_fov=1.0)
    _, transmittance, depth = rasterize(one_splat((0.0, 0.0, -3.0), opacity=1.0), camera)
    assert transmittance[16, 16] == pytest.approx(0.001, abs=1e-6)
    assert (1.0 - transmittance[16, 16]) / depth[16, 16] == pytest.approx(3.0, rel=1e-6)


def test_splats_behind_too_near_or_too_faint_are_not_drawn() -> None:
    camera = pinhole_camera(np.eye(4), height=16, width=16, horizontal_fov=1.0)
    for cloud in (
        one_splat((0.0, 0.0, 2.0)),
        one_splat((0.0, 0.0, -0.04)),
        one_splat((0.0, 0.0, -2.0), opacity=0.0038),
        one_splat((30.0, 0.0, -2.0)),
    ):
        rgb, transmittance, _ = rasterize(cloud, camera)
        assert (rgb == 0.0).all()
        assert (transmittance == 1.0).all()


@pytest.mark.parametrize("camera", [tilted_camera(), panorama_camera(np.zeros(3), height=8)])
def test_no_splats_make_an_empty_image(camera: AnyCamera) -> None:
    rgb, transmittance, depth = rasterize(random_cloud(0), camera)
    assert (rgb == 0.0).all()
    assert (transmittance == 1.0).all()
    assert (depth == 0.0).all()


@pytest.mark.parametrize("columns", [1, 7, 40, 79])
def test_turning_the_world_rolls_the_panorama(columns: int) -> None:
    height = 40
    cloud = random_cloud(300)
    # Columns grow to the right, so a turn to the right moves everything by whole columns.
    turned = rotated(cloud, yaw_rotation(-math.pi * columns / height))
    camera = panorama_camera(np.zeros(3), height=height)
    before, after = rasterize(cloud, camera), rasterize(turned, camera)
    for one, two in zip(before[:2], after[:2], strict=True):
        assert np.abs(np.roll(one, columns, axis=1) - two).max() < 2.0 * STEP


def test_a_splat_looks_the_same_at_the_equator_at_the_seam_and_at_a_pole() -> None:
    height, sigma = 64, 0.09
    camera = panorama_camera(np.zeros(3), height=height)
    rays = pixel_rays_in_camera(camera)
    variance = (sigma / 2.0) ** 2 + 0.3 * (math.pi / height) ** 2
    for direction in (
        (0.0, 0.0, -1.0),
        (0.0, 0.0, 1.0),
        (0.0, 1.0, 0.0),
        (0.0, -1.0, 0.0),
        (0.05, 0.99, 0.1),
        (0.02, -0.7, 0.71),
    ):
        unit = np.array(direction) / np.linalg.norm(direction)
        cloud = one_splat(tuple(2.0 * unit), scales=(sigma, sigma, sigma), opacity=0.9)
        alpha = 1.0 - rasterize(cloud, camera)[1]
        cosine = rays @ unit
        tangent = np.sqrt(np.maximum(1.0 - cosine**2, 0.0)) / np.maximum(cosine, 1e-3)
        expected = 0.9 * np.exp(-0.5 * tangent**2 / variance)
        expected = np.where((cosine > 0.0) & (expected >= STEP), expected, 0.0)
        assert np.abs(alpha - expected).max() < 1.01 * STEP, direction
        assert (alpha > 0.5).sum() >= 4


def test_pinhole_and_panorama_agree_on_small_splats() -> None:
    cloud = dataclasses.replace(random_cloud(3000, seed=3), scales=np.full((3000, 3), 0.02, dtype=np.float32))
    panorama = panorama_camera(np.zeros(3), height=512)
    straight_on = pinhole_camera(np.eye(4), height=32, width=32, horizontal_fov=math.pi * 32 / 512)
    pinhole_alpha = 1.0 - rasterize(cloud, straight_on)[1]
    panorama_alpha = 1.0 - rasterize(cloud, panorama)[1][240:272, 496:528]
    assert pinhole_alpha.max() > 0.2
    assert np.abs(pinhole_alpha - panorama_alpha).max() < 0.02


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_compiled_basis_is_the_one_of_files(degree: int) -> None:
    directions = np.array([[0.36, 0.48, 0.8], [-0.6, 0.64, -0.48], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    expected = sh_basis(directions, degree)[:, 1:]
    for direction, values in zip(directions, expected, strict=True):
        basis = np.zeros(len(values))
        fill_basis(*direction, basis)
        assert np.abs(basis - values).max() < 1e-12


def test_splats_are_in_exactly_the_tiles_that_they_touch() -> None:
    camera = pinhole_camera(np.eye(4), height=101, width=135, horizontal_fov=1.5)
    cloud = random_cloud(300, seed=8)
    needles = dataclasses.replace(cloud, scales=cloud.scales * np.array([8.0, 0.02, 0.02], dtype=np.float32))
    for shapes in (cloud, needles):
        bins = bin_cloud(shapes, camera)
        tiles_x = -(-camera.width // TILE)
        tiles = np.repeat(np.arange(len(bins.starts) - 1), np.diff(bins.starts))
        binned = set(zip(bins.ranks.tolist(), tiles.tolist(), strict=True))
        boxes = touched = 0
        for rank, record in enumerate(bins.records.astype(np.float64)):
            first_row, last_row, first_column, last_column = (record[12:16] // TILE).astype(int)
            boxes += (last_row - first_row + 1) * (last_column - first_column + 1)
            dx = np.arange(camera.width) + 0.5 - record[0]
            dy = (np.arange(camera.height) + 0.5 - record[1])[:, None]
            power = record[2] * dx * dx + record[3] * dx * dy + record[4] * dy * dy
            inside = (dx >= record[14] - record[0]) & (dx <= record[15] + 1.0 - record[0])
            inside = inside & (dy >= record[12] - record[1]) & (dy <= record[13] + 1.0 - record[1])
            rows, columns = np.nonzero(inside & (record[5] * np.exp(np.minimum(power, 1.0)) >= 1.0 / 255.0))
            wanted = {(rank, int(tile)) for tile in np.unique(rows // TILE * tiles_x + columns // TILE)}
            assert wanted <= binned
            touched += len(wanted)
        assert len(binned) == len(bins.ranks)
        assert touched <= len(binned) < touched + 0.25 * max(boxes - touched, 1) + 40


def test_every_tile_is_blended_once() -> None:
    bins = bin_cloud(random_cloud(500), pinhole_camera(np.eye(4), height=250, width=330, horizontal_fov=1.5))
    assert np.array_equal(np.sort(bins.dealt), np.arange(len(bins.starts) - 1))
    costs = np.diff(bins.starts)[bins.dealt]
    assert costs[: len(costs) // 2].sum() == pytest.approx(0.5 * costs.sum(), rel=0.2)


def test_backprojection_is_the_adjoint_of_blending() -> None:
    camera, cloud = tilted_camera(), random_cloud(300, seed=5)
    picture = rasterize(random_cloud(300, seed=6), camera)[0]
    bins = bin_cloud(cloud, camera)
    gathered = np.zeros((len(bins.ranks), 4), dtype=np.float32)
    backproject_residuals(bins.tiles, bins.records, picture, gathered)
    totals = np.zeros((cloud.num_gaussians, 4))
    add_to_splats(bins.ranks, bins.order, gathered, totals)
    rgb, transmittance, _ = rasterize(cloud, camera)
    assert totals[:, 0].sum() == pytest.approx((1.0 - transmittance).sum(), rel=1e-4)
    # <A c, r> = <c, Aᵀ r>, channel by channel, with the residual r = picture - A c.
    splat_rgb = np.zeros((cloud.num_gaussians, 3))
    splat_rgb[bins.order] = splat_colors(cloud, bins.order, camera.world_from_camera[:3, 3])
    residual = picture.astype(np.float64) - rgb
    left = (rgb * residual).sum(axis=(0, 1))
    right = (splat_rgb * totals[:, 1:]).sum(axis=0)
    assert np.abs(left - right).max() < 1e-4 * np.abs(rgb * residual).sum()


def rotated(cloud: GaussianCloud, matrix: np.ndarray) -> GaussianCloud:
    return dataclasses.replace(
        cloud, means=rotate_vectors(cloud.means, matrix), quats_wxyz=rotate_quats(cloud.quats_wxyz, matrix)
    )


@pytest.mark.parametrize("tiles", [1, 3, 300, 361, 1024, 8160])
def test_tiles_are_dealt_evenly(tiles: int) -> None:
    entries = np.round(rng(2, "tiles").lognormal(4.0, 1.0, tiles)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(entries)])
    dealt = deal_tiles(starts)
    assert sorted(dealt.tolist()) == list(range(tiles))
    if tiles < 300:
        return
    for parts, most in ((2, 1.04), (4, 1.1)):
        shares = np.array([entries[part].sum() for part in np.array_split(dealt, parts)])
        assert shares.max() < most * shares.min(), "a thread that waits for another is a core that rests"


def test_order_by_distance_is_that_of_a_panorama_and_by_axis_that_of_gsplat() -> None:
    """Two overlapping splats at the border: the farther one along the ray is nearer along the axis."""
    camera = pinhole_camera(np.eye(4), height=40, width=120, horizontal_fov=2.2)
    inner = one_splat((1.4, 0.0, -1.05), scales=(0.3, 0.3, 0.3), opacity=0.99, color=(1.0, 0.0, 0.0))
    outer = one_splat((1.7, 0.0, -0.95), scales=(0.3, 0.3, 0.3), opacity=0.99, color=(0.0, 1.0, 0.0))
    cloud = join(inner, outer)
    assert np.linalg.norm(inner.means) < np.linalg.norm(outer.means)
    assert bin_cloud(cloud, camera).order.tolist() == [1, 0]
    assert bin_cloud(cloud, camera, "distance").order.tolist() == [0, 1]
    assert bin_cloud(cloud, panorama_camera(np.zeros(3), height=64)).order.tolist() == [0, 1]
    column = round(60 + camera.intrinsics_px[0, 0] * 1.55)
    by_axis = rasterize(cloud, camera)[0][20, column]
    assert by_axis[1] > by_axis[0]


def test_pictures_are_fitted_in_both_orders_and_faces_of_cubes_in_turns() -> None:
    orders = [fitting_order(index) for index in range(24)]
    assert orders.count("axis") == orders.count("distance") == 12
    assert all(orders[face] != orders[face + 6] for face in range(6))
