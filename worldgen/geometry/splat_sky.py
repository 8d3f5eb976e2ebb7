"""The sky as a shell of Gaussians beyond everything else, and an opaque shell behind it.

What is seen of the sky goes into cells of direction that are fine where it has detail (clouds, the sun, stars) and
coarse where it is even. Behind it a closed shell of wide splats holds what no view shows: the sky behind trees,
and below the horizon the colours of the ground around, so that a gap between splats is never a black hole.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.activations import sh_dc_from_colors
from worldgen.geometry.equirectangular import equirectangular_rays, pixels_from_rays
from worldgen.geometry.point_grid import run_starts, sort_keys
from worldgen.geometry.splat_cells import direction_keys
from worldgen.geometry.splat_shapes import shapes_from_covariances
from worldgen.scene.gaussian_cloud import GaussianCloud

SHELL_RADIUS_M = 1700.0
"""Distance of the sky from the spawn."""
BACKING_RADIUS_M = 2040.0
"""Distance of the shell behind it; below 2048 m, where the positions of common file formats end.

Viewers order splats by depth along their axis, not by distance: towards the border of a picture, a wide splat that
reaches inwards is nearer by that than what stands before it there. Shells a fifth apart keep their order up to 50
degrees off the axis for splats that reach 8 degrees.
"""

_LEVELS = 6
_FINEST_ANGLE = 0.0045
_WIDENING = 2.0
_OPACITY = 0.99
_LAYERING = 0.004
_BACKING_OVERLAP = 0.75
_BACKING_SHARE = 0.06
_LEAST_BACKING, _MAX_BACKING = 800, 3000
"""Fewer, and thus wider ones, only where these would be half of what the sky may spend."""
_MAP_HEIGHT = 128


def build_sky(
    directions: NDArray[np.float32],
    colors: NDArray[np.float32],
    angles: NDArray[np.float32],
    *,
    eye: NDArray[np.float64],
    budget: int,
    ground_directions: NDArray[np.float32],
    ground_colors: NDArray[np.float32],
) -> GaussianCloud:
    """Build both shells.

    Args:
        directions: (M, 3) unit, of pixels that see the sky; may be empty.
        colors: (M, 3) display-referred.
        angles: (M,) side of each pixel in radians.
        eye: (3,) centre of the shells.
        budget: Gaussians at most, 1 or more.
        ground_directions: (N, 3) unit, from the eye to what is not sky.
        ground_colors: (N, 3) display-referred.
    """
    wanted = max(int(_BACKING_SHARE * budget), min(_LEAST_BACKING, budget // 2))
    # Without any sky it is all there is.
    num_backing = max(1, min(_MAX_BACKING, wanted if len(directions) else budget))
    backing = _backing(eye, num_backing, _filled_map(directions, colors, ground_directions, ground_colors))
    if not len(directions) or budget <= num_backing:
        return backing
    sky = _detailed_sky(directions, colors, angles, eye, budget - num_backing)
    return GaussianCloud(
        **{
            name: np.concatenate([getattr(sky, name), getattr(backing, name)])
            for name in ("means", "quats_wxyz", "scales", "opacities", "sh_dc", "sh_rest")
        }
    )


def _detailed_sky(
    directions: NDArray[np.float32],
    colors: NDArray[np.float32],
    angles: NDArray[np.float32],
    eye: NDArray[np.float64],
    budget: int,
) -> GaussianCloud:
    """One Gaussian per cell of a quadtree over directions, cut where splitting helps most."""
    sorted_keys, order = sort_keys(direction_keys(directions, _FINEST_ANGLE, _LEVELS))
    starts = run_starts(sorted_keys)
    sums = _direction_sums(starts, order, directions, colors, angles)
    levels = [(np.arange(len(sums) + 1, dtype=np.int32), sums)]
    keys = sorted_keys[starts[:-1]]
    for _ in range(1, _LEVELS):
        keys = keys >> np.uint64(2)
        child_starts = run_starts(keys)
        levels.append((child_starts, np.add.reduceat(levels[-1][1], child_starts[:-1], axis=0)))
        keys = keys[child_starts[:-1]]
    return _gaussians_from_sums(*_cut_tree(levels, budget), eye)


@nb.njit(parallel=True, cache=True)
def _direction_sums(
    starts: NDArray[np.int32],
    order: NDArray[np.int32],
    directions: NDArray[np.float32],
    colors: NDArray[np.float32],
    angles: NDArray[np.float32],
) -> NDArray[np.float64]:
    """(R, 14) per cell: weight, direction (3), its products (6), colour (3), squared colour; by solid angle."""
    sums = np.zeros((len(starts) - 1, 14))
    for run in nb.prange(len(starts) - 1):
        for k in range(starts[run], starts[run + 1]):
            i = order[k]
            x, y, z = float(directions[i, 0]), float(directions[i, 1]), float(directions[i, 2])
            variance = float(angles[i]) ** 2
            weight = variance
            variance /= 12.0
            red, green, blue = float(colors[i, 0]), float(colors[i, 1]), float(colors[i, 2])
            sums[run, 0] += weight
            sums[run, 1] += weight * x
            sums[run, 2] += weight * y
            sums[run, 3] += weight * z
            sums[run, 4] += weight * (x * x + variance * (1.0 - x * x))
            sums[run, 5] += weight * (x * y - variance * x * y)
            sums[run, 6] += weight * (x * z - variance * x * z)
            sums[run, 7] += weight * (y * y + variance * (1.0 - y * y))
            sums[run, 8] += weight * (y * z - variance * y * z)
            sums[run, 9] += weight * (z * z + variance * (1.0 - z * z))
            sums[run, 10] += weight * red
            sums[run, 11] += weight * green
            sums[run, 12] += weight * blue
            sums[run, 13] += weight * (red * red + green * green + blue * blue)
    return sums


def _cut_tree(
    levels: list[tuple[NDArray[np.int32], NDArray[np.float64]]], budget: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Choose cells of a tree that cover everything with at most ``budget`` cells and the least squared error of colour.

    For a price per cell the best cut follows bottom-up (Breiman et al. 1984, cost-complexity pruning); the price is
    bisected.

    Args:
        levels: Finest first: the first child of each cell, and the sums over its samples.
        budget: Cells at most.

    Returns:
        Sums (C, 14) and level (C,) of the chosen cells.
    """
    errors = []
    for level, (_, sums) in enumerate(levels):
        color = sums[:, 10:13]
        error = np.maximum(sums[:, 13] - (color * color).sum(axis=1) / sums[:, 0], 0.0)
        # Even cells also blur the border of the sky and the gradients across it, the more the larger they are.
        errors.append(error + 1e-5 * (4.0**level - 1.0) * sums[:, 0])
    low, high = 1e-14, 1e3
    chosen = _kept_cells(levels, errors, high)
    if sum(int(mask.sum()) for mask in chosen) > budget:
        # Not even the coarsest level fits: keep the cells that cover most.
        sums = levels[-1][1]
        largest = np.sort(np.argsort(-sums[:, 0], kind="stable")[:budget])
        return sums[largest], np.full(len(largest), len(levels) - 1)
    for _ in range(40):
        middle = math.sqrt(low * high)
        masks = _kept_cells(levels, errors, middle)
        count = sum(int(mask.sum()) for mask in masks)
        if count <= budget:
            chosen, high = masks, middle
            if count >= 0.99 * budget:
                break
        else:
            low = middle
    sums = np.concatenate([level[1][mask] for level, mask in zip(levels, chosen, strict=True)])
    depth = np.concatenate([np.full(int(mask.sum()), number) for number, mask in enumerate(chosen)])
    return sums, depth


def _kept_cells(
    levels: list[tuple[NDArray[np.int32], NDArray[np.float64]]], errors: list[NDArray[np.float64]], price: float
) -> list[NDArray[np.bool_]]:
    """For each level which cells the best cut at a price per cell consists of."""
    cost = errors[0] + price
    whole = [np.ones(len(cost), dtype=bool)]
    for (starts, _), error in zip(levels[1:], errors[1:], strict=True):
        split_cost = np.add.reduceat(cost, starts[:-1])
        whole.append(error + price <= split_cost)
        cost = np.minimum(error + price, split_cost)
    kept = [np.zeros(0, dtype=bool)] * len(levels)
    reached = np.ones(len(whole[-1]), dtype=bool)
    for level in range(len(levels) - 1, -1, -1):
        kept[level] = reached & whole[level]
        if level:
            reached = np.repeat(reached & ~whole[level], np.diff(levels[level][0]))
    return kept


def _gaussians_from_sums(
    sums: NDArray[np.float64], levels: NDArray[np.int64], eye: NDArray[np.float64]
) -> GaussianCloud:
    """Moment-matched Gaussians on the shell; coarser ones a little further out, so that detail covers them."""
    weight = sums[:, :1]
    mean = sums[:, 1:4] / weight
    covariances = sums[:, 4:10] / weight - mean[:, [0, 0, 0, 1, 1, 2]] * mean[:, [0, 1, 2, 1, 2, 2]]
    radius = SHELL_RADIUS_M * (1.0 + _LAYERING * levels)[:, None]
    quats, scales = shapes_from_covariances(covariances, np.full(len(sums), _WIDENING), 0.05)
    return GaussianCloud(
        means=(eye + radius * mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32),
        quats_wxyz=quats,
        scales=(scales * radius).astype(np.float32),
        opacities=np.full(len(sums), _OPACITY, dtype=np.float32),
        sh_dc=sh_dc_from_colors((sums[:, 10:13] / weight).astype(np.float32)),
        sh_rest=np.zeros((len(sums), 0, 3), dtype=np.float32),
    )


def _backing(eye: NDArray[np.float64], count: int, colors: NDArray[np.float64]) -> GaussianCloud:
    """Round overlapping splats spread evenly over the sphere (Fibonacci lattice), coloured by a map of directions."""
    index = np.arange(count) + 0.5
    y = 1.0 - 2.0 * index / count
    azimuth = math.pi * (1.0 + math.sqrt(5.0)) * index
    ring = np.sqrt(1.0 - y * y)
    directions = np.stack([ring * np.cos(azimuth), y, ring * np.sin(azimuth)], axis=1)
    across, down = pixels_from_rays(directions, _MAP_HEIGHT)
    column = np.minimum(across.astype(np.int64), 2 * _MAP_HEIGHT - 1)
    row = np.minimum(down.astype(np.int64), _MAP_HEIGHT - 1)
    side = BACKING_RADIUS_M * math.sqrt(4.0 * math.pi / count)
    return GaussianCloud(
        means=(eye + BACKING_RADIUS_M * directions).astype(np.float32),
        quats_wxyz=np.tile(np.array([[1.0, 0.0, 0.0, 0.0]], dtype=np.float32), (count, 1)),
        scales=np.full((count, 3), _BACKING_OVERLAP * side, dtype=np.float32),
        opacities=np.full(count, 0.999, dtype=np.float32),
        sh_dc=sh_dc_from_colors(colors[row, column].astype(np.float32)),
        sh_rest=np.zeros((count, 0, 3), dtype=np.float32),
    )


def _filled_map(
    sky_directions: NDArray[np.float32],
    sky_colors: NDArray[np.float32],
    ground_directions: NDArray[np.float32],
    ground_colors: NDArray[np.float32],
) -> NDArray[np.float64]:
    """(H, 2H, 3) colours of the far sphere: above the horizon of the sky, below it of the ground, gaps filled."""
    shape = (_MAP_HEIGHT, 2 * _MAP_HEIGHT)
    sky = _binned(sky_directions, sky_colors)
    ground = _binned(ground_directions, ground_colors)
    above = (equirectangular_rays(_MAP_HEIGHT)[..., 1] > 0.0)[..., None]
    filled_sky, filled_ground = _push_pull(*sky), _push_pull(*ground)
    if not len(sky_directions):
        return filled_ground
    if not len(ground_directions):
        return filled_sky
    return np.where(above | (sky[1] > 0.0)[..., None], filled_sky, filled_ground).reshape(*shape, 3)


def _binned(
    directions: NDArray[np.float32], colors: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of colours (H, 2H, 3) and numbers of samples (H, 2H) per pixel of the map."""
    across, down = pixels_from_rays(directions.astype(np.float64), _MAP_HEIGHT)
    column = np.minimum(across.astype(np.int64), 2 * _MAP_HEIGHT - 1)
    row = np.minimum(down.astype(np.int64), _MAP_HEIGHT - 1)
    place = row * 2 * _MAP_HEIGHT + column
    size = 2 * _MAP_HEIGHT * _MAP_HEIGHT
    totals = np.stack([np.bincount(place, weights=colors[:, c], minlength=size) for c in range(3)], axis=1)
    counts = np.bincount(place, minlength=size).astype(np.float64)
    shape = (_MAP_HEIGHT, 2 * _MAP_HEIGHT)
    return totals.astype(np.float64).reshape(*shape, 3), counts.reshape(shape)


def _push_pull(totals: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill pixels without samples from coarser means (Gortler et al. 1996, "The Lumigraph"); (H, W, 3)."""
    pyramid = [(totals, counts)]
    while pyramid[-1][1].shape[0] > 1:
        total, count = pyramid[-1]
        total = total[0::2] + total[1::2]
        count = count[0::2] + count[1::2]
        pyramid.append((total[:, 0::2] + total[:, 1::2], count[:, 0::2] + count[:, 1::2]))
    colors = np.zeros((*pyramid[-1][1].shape, 3))
    overall = pyramid[-1][0].sum(axis=(0, 1)) / max(pyramid[-1][1].sum(), 1.0)
    colors[:] = overall
    for total, count in reversed(pyramid):
        if colors.shape[:2] != count.shape:
            colors = np.repeat(np.repeat(colors, 2, axis=0), 2, axis=1)
        known = count > 0
        colors[known] = total[known] / count[known][:, None]
    return colors
