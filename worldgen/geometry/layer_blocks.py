"""Blocks of a panorama layer's pixels, merged level by level, with what each level would lose.

A pixel is the finest block. Blocks of 2 x 2 blocks are whole where their surface is one and nearly flat, and porous
elsewhere, as leaves and grass are.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.depth_edges import VISIT_REACH_M, find_depth_cuts, inverse_depth
from worldgen.geometry.depth_normals import normals_from_depth
from worldgen.geometry.equirectangular import equirectangular_rays, row_solid_angles
from worldgen.geometry.layered_reconstruction import near_cuts
from worldgen.geometry.panorama_layers import PanoramaLayer

_FLATNESS = 0.012
"""How far, as a part of the distance, a block's corners may lie off its plane."""
_INVENTED_WEIGHT = 0.5
"""Errors of colour that was invented count this much: it is seen less and never exact."""
_MAX_STRETCH = 7.0
_EDGE_STRETCH = 1.0
_POROUS_PRICE = 0.02
"""Squared error of colour that it is worth to keep parts apart which shift against each other by ..."""
_FULL_SHIFT_PX = 4.0
"""... so many pixels, seen from where visitors go; less for smaller shifts."""
_LEVELS = 6

_FIELDS = 19
"""Per block: solid angle, point (3), tangents across (3) and along (3), colour (3), squared colour, error of depth,
number of pixels, their inverse depths and the squares of those, and whether it is porous."""


def block_pyramid(layer: PanoramaLayer, front: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Blocks of each level, (H / 2^level, 2H / 2^level, 19); those without any surface have 0 pixels.

    Args:
        layer: The layer.
        front: Depth of the layer, and beside it of what stands in front, so that surfaces go on.
    """
    height = len(front)
    inverse = inverse_depth(front)
    cuts = find_depth_cuts(front)
    base = _pixel_sums(
        (inverse, equirectangular_rays(height), normals_from_depth(front)),
        layer.colors,
        (layer.mask, near_cuts(cuts, 1)),
        row_solid_angles(height) * (1.0 if layer.is_seen else _INVENTED_WEIGHT),
    )
    levels = [base]
    for level in range(1, _LEVELS):
        if height % 2**level:
            break
        levels.append(_merged(levels[-1], (cuts.right, cuts.down), level))
    return levels


@numba.njit(parallel=True, cache=True)
def _pixel_sums(
    images: tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float32]],
    colors: NDArray[np.float32],
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The finest blocks: every pixel with its footprint on the plane that it sees."""
    inverse, rays, normals = images
    mask, at_edge = masks
    height, width = inverse.shape
    pixel = math.pi / height
    sums = np.zeros((height, width, _FIELDS))
    for index in numba.prange(height):
        row = index + 0
        sine = math.sin((row + 0.5) * pixel)
        for column in range(width):
            if not mask[row, column]:
                continue
            s = sums[row, column]
            depth = 1.0 / inverse[row, column]
            ray, normal = rays[row, column], normals[row, column]
            cosine = -(ray[0] * normal[0] + ray[1] * normal[1] + ray[2] * normal[2])
            # Beside an edge there are too few neighbours for a normal to be trusted.
            most = _EDGE_STRETCH if at_edge[row, column] else _MAX_STRETCH
            cosine = max(cosine, 1.0 / most)
            # East and south on the sphere; a step along them moves the point within its plane.
            level = max(math.hypot(ray[0], ray[2]), 1e-9)
            e0, e2 = -ray[2] / level, ray[0] / level
            s0, s1, s2 = ray[1] * ray[0] / level, -level, ray[1] * ray[2] / level
            slope_e = min(max((e0 * normal[0] + e2 * normal[2]) / cosine, -most), most)
            slope_s = (s0 * normal[0] + s1 * normal[1] + s2 * normal[2]) / cosine
            slope_s = min(max(slope_s, -most), most)
            wide, high = depth * 2.0 * math.sin(0.5 * pixel) * sine, depth * pixel
            s[0] = weights[row]
            for k in range(3):
                s[1 + k] = depth * ray[k]
                s[10 + k] = colors[row, column, k]
                s[13] += colors[row, column, k] ** 2
            s[4], s[5], s[6] = e0 + slope_e * ray[0], slope_e * ray[1], e2 + slope_e * ray[2]
            s[7], s[8], s[9] = s0 + slope_s * ray[0], s1 + slope_s * ray[1], s2 + slope_s * ray[2]
            for k in range(3):
                s[4 + k] *= wide
                s[7 + k] *= high
            s[15] = 1.0
            s[16] = inverse[row, column]
            s[17] = inverse[row, column] ** 2
    return sums


@numba.njit(parallel=True, cache=True)
def _merged(
    finer: NDArray[np.float64], cuts: tuple[NDArray[np.bool_], NDArray[np.bool_]], level: int
) -> NDArray[np.float64]:
    """Blocks of 2 x 2 blocks: whole where all four are, nothing is cut between them and they lie in one plane.

    Any other block with a surface in it is porous, as leaves and grass are: it faces the camera, at the harmonic mean
    of its distances, and will let through what it does not cover.
    """
    right, down = cuts
    height, width = finer.shape[0] // 2, finer.shape[1] // 2
    side = 2 ** (level - 1)
    sums = np.zeros((height, width, _FIELDS))
    for index in numba.prange(height):
        row = index + 0
        for column in range(width):
            a, b = finer[2 * row, 2 * column], finer[2 * row, 2 * column + 1]
            c, d = finer[2 * row + 1, 2 * column], finer[2 * row + 1, 2 * column + 1]
            if a[15] + b[15] + c[15] + d[15] == 0.0:
                continue
            s = sums[row, column]
            for k in range(_FIELDS):
                s[k] = a[k] + b[k] + c[k] + d[k]
            is_whole = a[15] > 0.0 and b[15] > 0.0 and c[15] > 0.0 and d[15] > 0.0 and s[18] == 0.0
            first_row, first_column = 2 * side * row, 2 * side * column
            for k in range(2 * side):
                is_whole = is_whole and not right[first_row + k, first_column + side - 1]
                is_whole = is_whole and not down[first_row + side - 1, first_column + k]
            if is_whole:
                for k in range(1, 13):
                    s[k] *= 0.25
                # The tangents come from the points themselves: they span the block.
                twist, size = 0.0, 0.0
                for k in range(3):
                    across = 0.5 * (b[1 + k] - a[1 + k] + d[1 + k] - c[1 + k])
                    along = 0.5 * (c[1 + k] - a[1 + k] + d[1 + k] - b[1 + k])
                    twist += (a[1 + k] + d[1 + k] - b[1 + k] - c[1 + k]) ** 2
                    # Sides of planes add up; where the parts' own sides disagree with the whole, the surface is bent.
                    size += s[1 + k] ** 2
                    bend_e, bend_s = across - s[4 + k], along - s[7 + k]
                    s[14] += bend_e * bend_e + bend_s * bend_s
                    s[4 + k], s[7 + k] = 2.0 * across, 2.0 * along
                s[14] += twist
                is_whole = s[14] <= (_FLATNESS * _FLATNESS) * size
            if not is_whole:
                _make_porous(s, (a, b, c, d), level)
    return sums


@numba.njit(cache=True)
def _make_porous(
    s: NDArray[np.float64],
    parts: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    level: int,
) -> None:
    """Give a block the means of its parts' pixels, the nearer ones counting more for its place."""
    total = 0.0
    for k in range(1, 13):
        s[k] = 0.0
    for part in parts:
        if part[15] == 0.0:
            continue
        count = part[15] / s[15]
        # Inverse depths, so that the point comes to lie at the harmonic mean.
        weight = part[16]
        total += weight
        # Sides as angles: what is far off must not make the whole block wide.
        size = 2.0 * count / math.sqrt(part[1] ** 2 + part[2] ** 2 + part[3] ** 2)
        for k in range(3):
            s[1 + k] += weight * part[1 + k]
            s[4 + k] += size * part[4 + k]
            s[7 + k] += size * part[7 + k]
            s[10 + k] += count * part[10 + k]
    for k in range(3):
        s[1 + k] /= total
    distance = math.sqrt(s[1] ** 2 + s[2] ** 2 + s[3] ** 2)
    for k in range(4, 10):
        s[k] *= distance
    s[18] = 1.0


def porous_error(sums: NDArray[np.float64], level: int, pixel: float) -> NDArray[np.float64]:
    """What it costs per solid angle that one splat stands for parts that shift against each other, or for gaps."""
    count = np.maximum(sums[..., 15], 1.0)
    mean = sums[..., 16] / count
    spread = np.sqrt(np.maximum(sums[..., 17] / count - mean * mean, 0.0))
    shift = np.minimum(spread * VISIT_REACH_M / (pixel * _FULL_SHIFT_PX), 1.0)
    gaps = 1.0 - sums[..., 15] / 4.0**level
    return np.asarray(sums[..., 18] * _POROUS_PRICE * (0.1 + shift + gaps))
