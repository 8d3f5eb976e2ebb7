"""Splats of analytic scenes: on the surface, opaque, sharp at silhouettes, within the budget, the same every time."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest

from tests.analytic_views import BALL, BALL_CENTER, analytic_stations, analytic_view
from tests.splat_clouds import FIELDS
from worldgen.activations import colors_from_sh_dc
from worldgen.errors import InvalidInputError
from worldgen.frames import matrices_from_quats
from worldgen.geometry.cameras import panorama_camera, pinhole_camera_at, pixel_rays_in_world
from worldgen.geometry.fusion import SurfaceSamples, fuse_views
from worldgen.geometry.splat_cells import angle_for_budget, cell_keys, inner_cells
from worldgen.geometry.splat_construction import SPLAT_DEFAULTS, build_splats
from worldgen.geometry.splat_shapes import shapes_from_covariances
from worldgen.geometry.splat_sky import SHELL_RADIUS_M
from worldgen.quality.images import psnr
from worldgen.randomness import rng
from worldgen.rendering.splats import render_splats
from worldgen.scene.gaussian_cloud import GaussianCloud

EYE = (0.0, 1.7, 0.0)
EYES = (EYE, (2.0, 1.7, 0.0), (-1.5, 2.6, -1.8), (0.5, 1.7, -8.5))
FACE_PX = 128
BUDGET = 60_000


@pytest.fixture(scope="module")
def samples() -> SurfaceSamples:
    return fuse_views(*analytic_stations(*EYES, face_px=FACE_PX))


@pytest.fixture(scope="module")
def cloud(samples: SurfaceSamples) -> GaussianCloud:
    return build_splats(samples, budget=BUDGET)


def look(eye: tuple[float, float, float], target: tuple[float, float, float]):  # type: ignore[no-untyped-def]
    camera = pinhole_camera_at(np.array(eye), np.array(target), height=96, width=128, horizontal_fov=1.2)
    return camera, analytic_view(camera)


LOOKS = [(EYE, (0.0, 1.0, -5.0)), ((1.0, 1.7, 0.5), (0.0, 1.0, -5.0)), ((-2.0, 1.7, -1.0), (1.0, 0.5, -6.0))]


# From the eye that the cells are made for, and from 1.1 and 2.3 m off: there they show their length along the ray.
DEPTH_BOUNDS = [(0.006, 0.022), (0.009, 0.025), (0.012, 0.055)]


@pytest.mark.parametrize(
    ("eye", "target", "typical", "high"), [(*a, *b) for a, b in zip(LOOKS, DEPTH_BOUNDS, strict=True)]
)
def test_surfaces_are_opaque_and_at_the_right_depth(cloud: GaussianCloud, eye, target, typical, high) -> None:  # type: ignore[no-untyped-def]
    camera, truth = look(eye, target)
    image = render_splats(cloud, camera)
    label = truth.buffers.labels
    true = truth.buffers.euclidean_depth
    # Pixels whose neighbourhood shows one smooth surface.
    flat = np.ones_like(label, dtype=bool)
    for axis in (0, 1):
        for shift in (-4, 4):
            flat &= np.roll(label, shift, axis) == label
    flat[:4] = flat[-4:] = flat[:, :4] = flat[:, -4:] = False
    solid = flat & (label != 0) & (true < 20.0)
    assert solid.sum() > 1000
    assert image.alpha[solid].min() >= 0.99
    error = np.abs(image.euclidean_depth[solid] / true[solid] - 1.0)
    assert np.median(error) < typical
    assert np.quantile(error, 0.9) < high
    assert image.alpha.min() > 0.97, "the sky and the edges hold no holes either"


def test_surfaces_stay_closed_where_pixels_are_much_finer_than_cells(cloud: GaussianCloud) -> None:
    near = np.linalg.norm(cloud.means - np.array(EYE), axis=1) < 0.5 * SHELL_RADIUS_M
    without_sky = GaussianCloud(**{name: getattr(cloud, name)[near] for name in FIELDS})
    for target in (BALL_CENTER, (0.4, 0.0, -2.5)):
        camera = pinhole_camera_at(np.array(EYE), np.array(target), height=96, width=96, horizontal_fov=0.12)
        assert render_splats(without_sky, camera).alpha.min() > 0.9


def test_inner_cells_are_those_with_all_neighbours() -> None:
    """A wall of which a square shows, with a post before it; both far enough from the borders of the cube's faces."""
    angle = 0.01
    steps = (np.arange(-30, 30) + 0.5) * angle
    across, up = (values.ravel() for values in np.meshgrid(steps, steps))
    on_post = np.abs(across) < 2.0 * angle
    depth = np.where(on_post, 4.0, 9.0)
    points = np.stack([depth * np.tan(across), depth * np.tan(up), -depth], axis=1).astype(np.float32)
    keys = cell_keys(points, np.zeros(3), angle)
    order = np.argsort(keys)
    assert len(np.unique(keys)) == len(keys)
    inner = np.zeros(len(keys), dtype=bool)
    inner[order] = inner_cells(keys[order], angle)
    column, row = np.round(across / angle - 0.5).astype(int), np.round(up / angle - 0.5).astype(int)
    at_rim = (np.abs(column + 0.5) > 29.0) | (np.abs(row + 0.5) > 29.0)
    at_post = np.isin(column, (-3, -2, 1, 2))
    np.testing.assert_array_equal(inner, ~at_rim & ~at_post)


@pytest.mark.parametrize(("eye", "target"), LOOKS)
def test_pictures_come_close_to_the_truth(cloud: GaussianCloud, eye, target) -> None:  # type: ignore[no-untyped-def]
    camera, truth = look(eye, target)
    assert psnr(render_splats(cloud, camera).rgb, truth.radiance) > 22.0


def test_the_foreground_does_not_bleed_over_its_silhouette(cloud: GaussianCloud) -> None:
    camera, truth = look(EYE, (0.0, 1.6, -5.0))
    image = render_splats(cloud, camera)
    ball = truth.buffers.labels == BALL
    # The cells of this budget are about as wide as these pixels: 1.5 of them from the edge nothing may be left.
    row, column = np.indices(ball.shape)
    edge = np.argwhere(
        ball & ~(np.roll(ball, 1, 0) & np.roll(ball, -1, 0) & np.roll(ball, 1, 1) & np.roll(ball, -1, 1))
    )
    squared = ((row[..., None] - edge[:, 0]) ** 2 + (column[..., None] - edge[:, 1]) ** 2).min(axis=2)
    around = (squared > 2.5**2) & (squared < 6.0**2)
    sky = around & (truth.buffers.labels == 0)
    inside = around & ball
    difference = np.abs(image.rgb - truth.radiance).max(axis=2)
    assert sky.sum() > 100
    assert np.quantile(difference[sky], 0.95) < 0.05
    assert np.quantile(difference[inside], 0.95) < 0.05


@pytest.mark.parametrize("budget", [2, 3, 50, 1000, 7777, 200_000])
def test_the_budget_is_kept_and_used(samples: SurfaceSamples, budget: int) -> None:
    count = build_splats(samples, budget=budget).num_gaussians
    assert count <= budget
    if 1000 <= budget < 100_000:
        assert count > 0.8 * budget


def test_every_direction_of_the_sky_is_covered(cloud: GaussianCloud) -> None:
    far = np.linalg.norm(cloud.means - np.array(EYE), axis=1) > 0.9 * SHELL_RADIUS_M
    shell = GaussianCloud(**{name: getattr(cloud, name)[far] for name in FIELDS})
    for eye in (EYE, (3.0, 1.7, 0.0), (-2.0, 0.5, 2.0)):
        image = render_splats(shell, panorama_camera(np.array(eye), height=128))
        assert image.alpha.min() > 0.98
    camera = panorama_camera(np.array(EYE), height=128)
    up = pixel_rays_in_world(camera)[..., 1] > 0.05
    assert np.abs(render_splats(shell, camera).rgb[up] - (0.4, 0.6, 0.9)).max() < 0.03


def test_nothing_but_sky_and_nothing_but_ground_also_make_worlds() -> None:
    empty = fuse_views(*analytic_stations(EYE, face_px=16, with_ball=False, with_ground=False))
    image = render_splats(build_splats(empty, budget=3000), panorama_camera(np.array(EYE), height=32))
    assert image.alpha.min() > 0.98
    assert np.abs(image.rgb - (0.4, 0.6, 0.9)).max() < 0.03
    views, colors = analytic_stations(EYE, face_px=16)
    down = build_splats(fuse_views(views[5:], colors[5:]), budget=500)
    assert 0 < down.num_gaussians <= 500


def test_splats_lie_flat_on_the_ground(samples: SurfaceSamples, cloud: GaussianCloud) -> None:
    near_ground = (np.abs(cloud.means[:, 1]) < 0.01) & (np.linalg.norm(cloud.means[:, [0, 2]], axis=1) < 8.0)
    assert near_ground.sum() > 1000
    axes = matrices_from_quats(cloud.quats_wxyz[near_ground].astype(np.float64))
    scales = cloud.scales[near_ground]
    thin = np.argmin(scales, axis=1)
    normal = np.take_along_axis(axes, thin[:, None, None].repeat(3, axis=1), axis=2)[..., 0]
    assert np.quantile(np.abs(normal[:, 1]), 0.05) > 0.98
    assert np.quantile(scales.min(axis=1) / scales.max(axis=1), 0.95) < 0.2


def test_colors_are_those_of_the_surface(cloud: GaussianCloud) -> None:
    middle = np.abs(cloud.means[:, [0, 2]] % 1.0 - 0.5).max(axis=1) < 0.3
    near = (np.abs(cloud.means[:, 1]) < 0.01) & (np.linalg.norm(cloud.means, axis=1) < 6.0) & middle
    check = np.floor(cloud.means[near][:, [0, 2]]).sum(axis=1) % 2
    expected = np.where(check[:, None] > 0, (0.55, 0.35, 0.2), (0.25, 0.3, 0.15))
    assert np.abs(colors_from_sh_dc(cloud.sh_dc[near]) - expected).max() < 0.02


def test_same_bytes_whatever_the_number_of_threads(samples: SurfaceSamples) -> None:
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        single = build_splats(samples, budget=5000)
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        double = build_splats(samples, budget=5000)
    finally:
        numba.set_num_threads(threads)
    for name in FIELDS:
        assert getattr(single, name).tobytes() == getattr(double, name).tobytes(), name


def test_very_far_land_is_drawn_nearer_without_changing_the_view(samples: SurfaceSamples) -> None:
    stretched = dataclasses.replace(
        samples,
        points=(samples.eye + (samples.points - samples.eye) * 60.0).astype(np.float32),
        footprints=samples.footprints * np.float32(60.0),
    )
    cloud = build_splats(stretched, budget=20_000)
    distances = np.linalg.norm(cloud.means - samples.eye, axis=1)
    land = distances < 0.99 * SHELL_RADIUS_M
    assert distances[land].max() <= SPLAT_DEFAULTS.farthest_m
    assert (distances[land] > SPLAT_DEFAULTS.contract_beyond_m).sum() > 1000
    camera = look(EYE, (0.0, 1.0, -5.0))[0]
    assert render_splats(cloud, camera).alpha.min() > 0.97


def test_shapes_give_back_the_covariances() -> None:
    random = rng(1, "covariances")
    factors = random.normal(size=(500, 3, 3)) * np.exp(random.uniform(-9.0, 4.0, (500, 1, 1)))
    matrices = factors @ np.swapaxes(factors, 1, 2)
    packed = matrices[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    quats, scales = shapes_from_covariances(packed, np.full(500, 2.0), 1e-6)
    axes = matrices_from_quats(quats.astype(np.float64))
    rebuilt = np.einsum("nij,nj,nkj->nik", axes, scales.astype(np.float64) ** 2 / 4.0, axes)
    error = np.abs(rebuilt - matrices).max(axis=(1, 2)) / np.abs(matrices).max(axis=(1, 2))
    assert error.max() < 1e-5
    assert (quats[:, 0] >= 0.0).all()


def test_cell_sizes_for_a_budget_are_monotone(samples: SurfaceSamples) -> None:
    angles = [angle_for_budget(samples.points, samples.eye, budget) for budget in (500, 5000, 50_000)]
    assert angles == sorted(angles, reverse=True)
    for angle, budget in zip(angles, (500, 5000, 50_000), strict=True):
        assert len(np.unique(cell_keys(samples.points, samples.eye, angle))) <= budget


def test_a_budget_too_small_is_told(samples: SurfaceSamples) -> None:
    with pytest.raises(InvalidInputError, match="budget"):
        build_splats(samples, budget=1)
