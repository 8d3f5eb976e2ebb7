"""Noise of depth is measured and taken away; what has none stays, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.geometry.test_layered_reconstruction import HEIGHT, POST, box_room, paint, with_ball
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.depth_denoising import measure_noise, remove_noise
from worldgen.geometry.depth_edges import find_depth_cuts
from worldgen.geometry.depth_normals import normals_from_depth
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.layer_splats import splats_from_layers
from worldgen.geometry.layered_reconstruction import take_apart
from worldgen.geometry.sheet_corners import find_corners
from worldgen.randomness import rng
from worldgen.rendering.splats import render_splats


def noisy_room(level: float) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """True depth of a room with a ball in it, the same with noise, and its colours."""
    empty = box_room()
    depth = with_ball(empty, *POST)
    noise = np.exp(level * rng(0, "noisy room").normal(size=depth.shape))
    return depth.astype(np.float32), (depth * noise).astype(np.float32), paint(depth, depth < empty)


@pytest.mark.parametrize("level", [0.003, 0.01, 0.03])
def test_noise_is_measured_and_taken_away_but_not_across_edges(level: float) -> None:
    depth, noisy, colors = noisy_room(level)
    assert measure_noise(noisy) == pytest.approx(level, rel=0.25)
    clean = remove_noise(noisy, colors)
    rows = slice(HEIGHT // 8, -HEIGHT // 8)
    before = np.abs(np.log(noisy / depth))[rows]
    after = np.abs(np.log(clean / depth))[rows]
    assert np.median(after) < 0.5 * np.median(before)
    assert np.quantile(after, 0.95) < 0.8 * np.quantile(before, 0.95)
    slants = [
        np.arccos(np.clip((normals_from_depth(one) * normals_from_depth(depth)).sum(axis=-1), -1.0, 1.0))[rows]
        for one in (noisy, clean)
    ]
    assert np.median(slants[1]) < 0.4 * np.median(slants[0])
    # The ball stays cut out of the wall.
    cuts, truth = find_depth_cuts(clean), find_depth_cuts(depth)
    assert (cuts.right & truth.right).sum() > 0.9 * truth.right.sum()


def test_depth_without_noise_stays() -> None:
    depth, _, colors = noisy_room(0.0)
    assert measure_noise(depth) < 1e-4
    assert remove_noise(depth, colors) is depth
    # Nor is a meadow noise, if the wall beyond it is plain.
    rough = depth.copy()
    below = equirectangular_rays(HEIGHT)[..., 1] < -0.2
    rough[below] *= np.exp(0.1 * rng(0, "meadow").normal(size=int(below.sum()))).astype(np.float32)
    assert remove_noise(rough, colors) is rough
    sky = np.full_like(depth, np.inf)
    assert measure_noise(sky) == 0.0
    assert remove_noise(np.ones((8, 16), np.float32), np.zeros((8, 16, 3), np.float32)).shape == (8, 16)


def test_splats_of_noisy_depth_stay_surfaces_from_elsewhere() -> None:
    _, noisy, colors = noisy_room(0.01)
    splats = splats_from_layers(take_apart(colors, noisy), np.zeros(3), budget=30_000)
    eye = np.array([1.2, 0.0, 1.0])
    image = render_splats(splats.cloud, panorama_camera(eye, height=64))
    rays = equirectangular_rays(64)
    walls = np.min((np.array([4.0, 1.6, 5.0]) - np.sign(rays) * eye) / np.abs(rays), axis=-1)
    behind_me = rays[..., 2] > 0.2
    assert (image.alpha > 0.95).all()
    assert (np.abs(image.euclidean_depth / walls - 1.0) > 0.1)[behind_me].mean() < 0.02


def test_what_meets_at_a_corner_and_hangs_together_continues_to_one_depth() -> None:
    # A ring of small steps, each of which a slope explains, joins what lies far apart; so it is cut.
    blades = rng(0, "blades").random((HEIGHT, 2 * HEIGHT)) < 0.5
    depth = box_room()
    depth[blades] *= rng(1, "blades").uniform(0.55, 0.95, int(blades.sum()))
    inverse = (1.0 / depth).astype(np.float32)
    cuts = find_depth_cuts(depth.astype(np.float32))
    visible = 3.0 * np.pi / HEIGHT / 2.0
    groups = find_corners(inverse, cuts).groups[2:-2]
    # Pixels that hang together in both directions, so that nothing is continued but from neighbours.
    around = np.stack(
        [np.roll(inverse[1:-2], 1, axis=1), inverse[1:-2], np.roll(inverse[2:-1], 1, axis=1), inverse[2:-1]], axis=-1
    )
    whole = (groups == 0).all(axis=-1)
    spread = np.ptp(around, axis=-1)[whole]
    bend = np.abs(around[..., 0] + around[..., 3] - around[..., 1] - around[..., 2])[whole]
    assert len(spread) > 100
    assert (bend > 2.0 * visible).mean() < 0.01
    walls = find_depth_cuts(box_room().astype(np.float32))
    assert not walls.right.any()
    assert not walls.down.any()
