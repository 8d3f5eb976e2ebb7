"""Paintings brought back to the geometry that they were painted over."""

from __future__ import annotations

import numpy as np

from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.geometry.painted_detail import depth_picture, keep_skyline, with_fine_detail
from worldgen.geometry.panorama_completion import resized
from worldgen.randomness import rng

HEIGHT = 96


def hills() -> tuple[np.ndarray, np.ndarray]:
    """A rendering of green hills under a blue sky, and where the sky is."""
    columns = np.arange(2 * HEIGHT)
    skyline = 44 + 6 * np.sin(columns / HEIGHT * np.pi * 3)
    is_sky = np.arange(HEIGHT)[:, None] < skyline[None]
    picture = np.where(is_sky[..., None], [0.5, 0.7, 0.95], [0.2, 0.45, 0.15]).astype(np.float32)
    picture += 0.02 * rng(0, "hills").normal(size=(HEIGHT, 2 * HEIGHT, 1)).astype(np.float32)
    return np.clip(picture, 0.0, 1.0), is_sky


def test_a_skyline_that_was_moved_is_put_back() -> None:
    picture, is_sky = hills()
    # Painted at dusk, and everything three rows lower and two columns to the right.
    dusk = np.where(is_sky[..., None], [0.9, 0.5, 0.3], [0.25, 0.15, 0.2]).astype(np.float32)
    painted = np.roll(np.roll(dusk, 3, axis=0), 2, axis=1)
    painted[:3] = dusk[:3]
    wrong = (np.abs(painted - dusk).max(axis=-1) > 0.1).sum()
    kept = keep_skyline(painted, picture, is_sky, reach_px=4)
    left = (np.abs(kept - dusk).max(axis=-1) > 0.15).sum()
    assert wrong > 400
    assert left < 0.02 * wrong
    far = np.abs(np.arange(HEIGHT) - 44) > 16
    assert np.array_equal(kept[far], painted[far])
    same = keep_skyline(dusk, picture, is_sky, reach_px=4)
    assert np.array_equal(same, dusk)
    nothing = np.zeros_like(is_sky)
    assert keep_skyline(painted, picture, nothing, reach_px=4) is painted


def test_fine_detail_comes_from_the_rendering() -> None:
    picture = rng(1, "detail").random((HEIGHT, 2 * HEIGHT, 3)).astype(np.float32) * 0.2 + 0.4
    coarse = resized(resized(picture, HEIGHT, HEIGHT // 2, wraps=True), 2 * HEIGHT, HEIGHT, wraps=True)
    grey = (picture - coarse).mean(axis=-1)
    detailed = with_fine_detail(coarse, picture, HEIGHT // 2)
    assert np.corrcoef((detailed - coarse).mean(axis=-1).ravel(), grey.ravel())[0, 1] > 0.95
    # Beside an edge that was painted elsewhere detail makes no halo.
    edge = np.where(np.arange(2 * HEIGHT)[None, :, None] < HEIGHT, 0.2, 0.8).astype(np.float32)
    edge = np.broadcast_to(edge, picture.shape).astype(np.float32)
    moved = np.roll(edge, 3, axis=1)
    sharp = with_fine_detail(moved, edge, HEIGHT // 2)
    assert sharp.min() >= 0.16 - 1e-6
    assert sharp.max() <= 0.84 + 1e-6
    assert with_fine_detail(coarse, picture, HEIGHT) is coarse


def test_depth_pictures_are_bright_where_it_is_near() -> None:
    rays = equirectangular_rays(HEIGHT)
    with np.errstate(divide="ignore"):
        depth = np.where(rays[..., 1] < -0.02, -1.6 / rays[..., 1], np.inf).astype(np.float32)
    shown = depth_picture(depth)
    assert shown[np.isinf(depth)].max() == 0.0
    assert shown[-1].min() > 0.99
    assert (np.diff(shown[HEIGHT // 2 + 1 :, 0]) >= 0.0).all()
    assert depth_picture(np.full((4, 8), np.inf, dtype=np.float32)).max() == 0.0
