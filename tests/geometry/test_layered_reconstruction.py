from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.depth_edges import find_depth_cuts, sharpen_depth_edges
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.exemplar_fill import fill_by_example
from worldgen.geometry.hidden_background import find_hidden_depth
from worldgen.geometry.layer_splats import LayerSplats, splats_from_layers
from worldgen.geometry.layered_reconstruction import take_apart
from worldgen.geometry.panorama_layers import LayeredPanorama
from worldgen.randomness import rng
from worldgen.rendering.splat_refinement import fit_to_panorama
from worldgen.rendering.splats import render_splats

HEIGHT = 128
POST = (np.array([0.0, 0.0, -2.0]), 0.35)
CAMERA_HEIGHT = 1.6


def box_room(half: tuple[float, float, float] = (4.0, 1.6, 5.0)) -> NDArray[np.float64]:
    """Depth of a closed box around the camera."""
    rays = equirectangular_rays(HEIGHT)
    with np.errstate(divide="ignore"):
        return np.min(np.array(half) / np.abs(rays), axis=-1)


def with_ball(depth: NDArray[np.float64], center: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    toward = equirectangular_rays(HEIGHT) @ center
    with np.errstate(invalid="ignore"):
        hit = toward - np.sqrt(radius**2 - (center @ center - toward**2))
    return np.where(np.isfinite(hit) & (hit > 0.0), np.minimum(hit, depth), depth)


def paint(depth: NDArray[np.float64], is_ball: NDArray[np.bool_]) -> NDArray[np.float32]:
    rays = equirectangular_rays(HEIGHT)
    points = rays * np.where(np.isfinite(depth), depth, 1.0)[..., None]
    wave = 0.5 + 0.2 * np.sin(3.0 * points[..., :1]) * np.sin(3.0 * points[..., 2:])
    color = wave * np.array([0.9, 0.8, 0.6])
    color[is_ball] = (0.1, 0.2, 0.9)
    color[~np.isfinite(depth)] = (0.5, 0.7, 1.0)
    return color.astype(np.float32)


@functools.cache
def room() -> tuple[NDArray[np.float64], NDArray[np.float32], LayeredPanorama]:
    """The empty room's depth, the depth with a ball in it, and that taken apart."""
    empty = box_room()
    depth = with_ball(empty, *POST)
    return (
        empty,
        depth.astype(np.float32),
        take_apart(paint(depth, depth < empty), depth.astype(np.float32), is_exact=True),
    )


@functools.cache
def room_splats() -> LayerSplats:
    return splats_from_layers(room()[2], np.array([0.0, CAMERA_HEIGHT, 0.0]), budget=20_000)


def test_a_plane_has_no_edges_up_to_its_horizon() -> None:
    rays = equirectangular_rays(HEIGHT)
    with np.errstate(divide="ignore"):
        depth = np.where(rays[..., 1] < 0.0, -CAMERA_HEIGHT / rays[..., 1], np.inf).astype(np.float32)
    cuts = find_depth_cuts(depth)
    assert not cuts.right.any()
    horizon = np.zeros(HEIGHT, dtype=bool)
    horizon[HEIGHT // 2 - 1] = True
    assert (cuts.down == horizon[:, None]).all()


def test_a_room_is_cut_around_what_stands_in_it_and_nowhere_else() -> None:
    empty, depth, _ = room()
    ball = depth < empty - 0.01
    cuts = find_depth_cuts(depth)
    assert (cuts.right == (ball != np.roll(ball, -1, axis=1))).all()
    assert (cuts.down[:-1] == (ball[1:] != ball[:-1])).all()


@pytest.mark.parametrize("shift", [37, HEIGHT, 2 * HEIGHT - 1])
def test_the_seam_is_like_any_other_column(shift: int) -> None:
    _, depth, _ = room()
    turned = np.ascontiguousarray(np.roll(depth, shift, axis=1))
    first, _, _ = find_hidden_depth(depth, find_depth_cuts(depth))
    first_turned, _, _ = find_hidden_depth(turned, find_depth_cuts(turned))
    back = np.roll(first_turned, -shift, axis=1)
    # Walks round to whole pixels at other places, so a few at the rim of the reach may differ.
    assert (np.isfinite(back) == np.isfinite(first)).mean() > 0.999
    both = np.isfinite(back) & np.isfinite(first)
    assert np.abs(back[both] / first[both] - 1.0).max() < 0.02


def test_planes_go_on_behind_what_hides_them() -> None:
    empty, depth, layered = room()
    ball = depth < empty - 0.01
    hidden = layered.layers[1]
    # The ball is 0.35 m wide: all of it lies within reach of its rim.
    assert hidden.mask[ball].mean() > 0.99
    assert not hidden.is_seen
    assert (hidden.euclidean_depth[hidden.mask] > depth[hidden.mask]).all()
    error = np.abs(hidden.euclidean_depth / empty - 1.0)[hidden.mask & ball]
    assert np.median(error) < 0.01
    assert np.percentile(error, 95) < 0.06


def test_what_is_filled_in_looks_like_the_wall_and_not_like_the_ball() -> None:
    _, _, layered = room()
    seen, hidden = layered.layers[:2]
    assert hidden.colors[hidden.mask][:, 2].max() < 0.6
    assert (hidden.colors[~hidden.mask] == seen.colors[~hidden.mask]).all()


def test_an_example_fill_repeats_its_examples() -> None:
    rows, columns = np.indices((HEIGHT, 2 * HEIGHT))
    stripes = np.where((columns // 4) % 2, 0.8, 0.2).astype(np.float32)
    picture = np.repeat(stripes[..., None], 3, axis=2)
    depth = np.full(stripes.shape, 3.0, dtype=np.float32)
    targets = (np.abs(rows - 64) < 10) & (np.abs(columns - 100) < 12)
    origins = np.full((*stripes.shape, 2), -1, dtype=np.int32)
    broken = np.where(targets[..., None], np.float32(0.5), picture)
    filled = fill_by_example(broken, depth, targets, ~targets, origins)
    assert (filled[~targets] == picture[~targets]).all()
    # Stripes, not the grey of a smooth fill, and upright ones.
    values = filled[targets][:, 0]
    assert (np.minimum(np.abs(values - 0.2), np.abs(values - 0.8)) < 0.12).mean() > 0.7
    inside = filled[56:73, 90:111, 0]
    assert np.abs(np.diff(inside, axis=0)).mean() < 0.7 * np.abs(np.diff(inside, axis=1)).mean()


def test_blurred_depth_becomes_sharp_and_exact_depth_nearly_stays() -> None:
    from scipy.ndimage import gaussian_filter

    empty, depth, _ = room()
    colors = paint(depth.astype(np.float64), depth < empty - 0.01)
    assert (sharpen_depth_edges(depth, colors) != depth).mean() < 1e-3
    blurred = gaussian_filter(depth, 1.2, mode="wrap").astype(np.float32)
    near = gaussian_filter((depth < empty - 0.01).astype(float), 1.5) % 1.0 > 0.02
    before = np.abs(blurred / depth - 1.0)[near]
    after = np.abs(sharpen_depth_edges(blurred, colors) / depth - 1.0)[near]
    assert (after > 0.1).mean() < 0.5 * (before > 0.1).mean()


def test_splats_keep_the_budget_and_say_what_was_seen() -> None:
    splats = room_splats()
    assert splats.cloud.num_gaussians <= 20_000
    assert splats.cloud.num_gaussians == len(splats.is_seen)
    offsets = splats.cloud.means - np.array([0.0, CAMERA_HEIGHT, 0.0])
    inside = np.linalg.norm(offsets, axis=1) < 10.0
    assert 0.0 < (~splats.is_seen[inside]).mean() < 0.2
    # What lies behind the ball is invented, what lies before it is seen.
    away = offsets[inside] / np.linalg.norm(offsets[inside], axis=1, keepdims=True)
    behind = (away @ (POST[0] / np.linalg.norm(POST[0])) > 0.995) & (np.linalg.norm(offsets[inside], axis=1) > 3.0)
    assert behind.any()
    assert not splats.is_seen[inside][behind].any()
    again = splats_from_layers(room()[2], np.array([0.0, CAMERA_HEIGHT, 0.0]), budget=20_000)
    assert (again.cloud.means == splats.cloud.means).all()
    assert (again.cloud.sh_dc == splats.cloud.sh_dc).all()


def test_splats_of_what_was_continued_count_as_invented() -> None:
    known = np.zeros((HEIGHT, 2 * HEIGHT), dtype=bool)
    known[:, HEIGHT:] = True
    splats = splats_from_layers(room()[2], np.zeros(3), budget=20_000, known=known)
    assert 0 < splats.num_seen < splats.cloud.num_gaussians
    # Columns of the right half look to +X.
    assert (splats.cloud.means[: splats.num_seen, 0] > -0.1).all()
    with pytest.raises(InvalidInputError, match="num_seen"):
        LayerSplats(cloud=splats.cloud, num_seen_surfels=0, num_seen=splats.cloud.num_gaussians + 1)


def test_fitted_splats_come_closer_to_the_panorama_and_keep_what_is_hidden() -> None:
    layered = room()[2]
    picture, eye = layered.layers[0].colors, np.array([0.0, CAMERA_HEIGHT, 0.0])
    before = room_splats()
    after = fit_to_panorama(before, eye, picture)
    assert np.array_equal(after.means, before.cloud.means)
    camera = panorama_camera(eye, height=HEIGHT)
    errors = [((render_splats(cloud, camera).rgb - picture) ** 2).mean() for cloud in (before.cloud, after)]
    assert errors[1] < 0.7 * errors[0]
    offsets = before.cloud.means - eye
    distance = np.linalg.norm(offsets, axis=1)
    deep = (offsets @ (POST[0] / np.linalg.norm(POST[0])) > 0.999 * distance) & (distance > 3.0) & (distance < 10.0)
    assert deep.any()
    assert (after.sh_dc[deep] == before.cloud.sh_dc[deep]).all()


@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (1.0, 0.0, 0.5), (-1.4, 0.0, -1.0)])
def test_splats_are_solid_and_right_from_elsewhere(offset: tuple[float, float, float]) -> None:
    eye = np.array(offset)
    image = render_splats(room_splats().cloud, panorama_camera(eye + np.array([0.0, CAMERA_HEIGHT, 0.0]), height=64))
    assert (image.alpha > 0.5).mean() > 0.999
    rays = equirectangular_rays(64)
    with np.errstate(divide="ignore"):
        walls = np.min((np.array([4.0, 1.6, 5.0]) - np.sign(rays) * eye) / np.abs(rays), axis=-1)
    toward = rays @ (POST[0] - eye)
    miss = ((POST[0] - eye) ** 2).sum() - toward**2
    with np.errstate(invalid="ignore"):
        ball = np.where((miss < POST[1] ** 2) & (toward > 0.0), toward - np.sqrt(POST[1] ** 2 - miss), np.inf)
    truth = np.minimum(walls, ball)
    assert (np.abs(image.euclidean_depth / truth - 1.0) > 0.1).mean() < 0.06


def test_sky_is_filled_behind_what_stands_before_it() -> None:
    rays = equirectangular_rays(HEIGHT)
    with np.errstate(divide="ignore"):
        ground = np.where(rays[..., 1] < 0.0, -CAMERA_HEIGHT / rays[..., 1], np.inf)
    depth = with_ball(ground, np.array([0.0, 0.6, -4.0]), 0.8)
    layered = take_apart(paint(depth, depth < ground), depth.astype(np.float32), is_exact=True)
    assert layered.is_open
    ball = (depth < ground) & np.isinf(ground)
    assert np.abs(layered.sky[ball] - (0.5, 0.7, 1.0)).max() < 0.02


def test_wrong_input_is_refused() -> None:
    depth = np.ones((8, 16), dtype=np.float32)
    colors = np.zeros((8, 16, 3), dtype=np.float32)
    with pytest.raises(InvalidInputError, match="twice as wide"):
        take_apart(colors[:, :12], depth[:, :12].copy())
    with pytest.raises(InvalidInputError, match="NaN"):
        take_apart(np.full_like(colors, np.nan), depth)
    with pytest.raises(InvalidInputError, match="positive"):
        take_apart(colors, np.zeros_like(depth))
    with pytest.raises(InvalidInputError, match="positive"):
        take_apart(colors, np.full_like(depth, np.nan))
    with pytest.raises(InvalidInputError, match="budget"):
        splats_from_layers(room()[2], np.zeros(3), budget=5)


def test_a_small_budget_is_shared_between_leaves_and_what_has_a_picture() -> None:
    # One half is leaves at all distances with sky between them, the other a wall with a picture on it.
    height, rays = 64, equirectangular_rays(64)
    depth = np.full((height, 2 * height), 6.0)
    random = rng(0, "leaves")
    leaves = np.broadcast_to(np.arange(2 * height) < height, depth.shape) & (np.abs(rays[..., 1]) < 0.8)
    depth[leaves] = random.uniform(2.0, 12.0, int(leaves.sum()))
    depth[leaves & (random.random(depth.shape) < 0.3)] = np.inf
    depth[leaves & (random.random(depth.shape) < 0.05)] = 5e4
    colors = np.full((*depth.shape, 3), 0.5, dtype=np.float32)
    colors[leaves] = (0.2, 0.35, 0.1)
    waves = np.sin(np.arange(height)[:, None] * 0.5) * np.sin(np.arange(2 * height)[None] * 0.5)
    wall = ~leaves & (np.abs(rays[..., 1]) < 0.8)
    colors[wall] = (0.5 + 0.4 * waves[wall][:, None]).astype(np.float32)
    layered = take_apart(colors, depth.astype(np.float32), is_exact=True)
    splats = splats_from_layers(layered, np.zeros(3), budget=2500)
    assert splats.cloud.num_gaussians <= 2500
    fitted = fit_to_panorama(splats, np.zeros(3), colors)
    image = render_splats(fitted, panorama_camera(np.zeros(3), height=height))
    assert (image.alpha > 0.9).all()
    inner = wall & (np.abs(np.arange(2 * height) - 1.5 * height) < 0.4 * height)
    assert np.corrcoef(image.rgb[inner][:, 0], colors[inner][:, 0])[0, 1] > 0.9
    # Leaves stay green in the mean, and sky shines through them.
    tone = image.rgb[leaves].mean(axis=0)
    assert tone[1] > tone[0]
    assert tone[1] > tone[2]
    assert splats.cloud.opacities.min() < 0.9
    distances = np.linalg.norm(splats.cloud.means, axis=1)
    assert (splats.cloud.scales.max(axis=1) / distances).max() < 1.0
