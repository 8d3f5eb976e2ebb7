"""Sampling of the ground's tileable layers at a point, laid on from above or from the side, and their blend."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.terrain.cover import Site
from worldgen.builder.terrain.noise import gradient_noise, smoothstep
from worldgen.builder.terrain.walls import ALONG_Z, BY_Z, FLAT, IS_LEVEL, SIDE, in_texture, wall_noise

FloatArray = NDArray[np.float32]

_TURN_COS, _TURN_SIN, _TURN_SCALE = math.cos(0.65), math.sin(0.65), 0.73


@njit(cache=True)
def _sample_tile(texels: FloatArray, layer: int, size: int, at: tuple[float, float], out: FloatArray) -> None:
    """Bilinear sample of a repeating tile; ``at`` is u and v in tiles, v downwards."""
    if size == 1:
        for k in range(7):
            out[k] = texels[layer, 0, 0, k]
        return
    u = (at[0] - math.floor(at[0])) * size - 0.5
    v = (at[1] - math.floor(at[1])) * size - 0.5
    i, j = math.floor(u), math.floor(v)
    fu, fv = np.float32(u - i), np.float32(v - j)
    i0, i1, j0, j1 = i % size, (i + 1) % size, j % size, (j + 1) % size
    for k in range(7):
        top = texels[layer, j0, i0, k] + fu * (texels[layer, j0, i1, k] - texels[layer, j0, i0, k])
        bottom = texels[layer, j1, i0, k] + fu * (texels[layer, j1, i1, k] - texels[layer, j1, i0, k])
        out[k] = top + fv * (bottom - top)


@njit(cache=True)
def _sample_layer(
    texels: FloatArray,
    place: tuple[int, int, float],
    position: tuple[float, float, float],
    out: FloatArray,
    turned: FloatArray,
) -> None:
    """Sample a layer twice, once turned and stretched, mixed by noise: the repetition does not show."""
    layer, size, tile = place
    across, down, mix = position
    if size < 6 or mix <= 0.0:
        _sample_tile(texels, layer, size, (across / tile, down / tile), out)
        return
    u = (_TURN_COS * across + _TURN_SIN * down) * _TURN_SCALE / tile + 0.37
    v = (-_TURN_SIN * across + _TURN_COS * down) * _TURN_SCALE / tile + 0.61
    _sample_tile(texels, layer, size, (u, v), turned)
    # The normal's x points along u and its y up the image, so it is turned back with the tile.
    nx, ny = turned[3], turned[4]
    turned[3] = _TURN_COS * nx + _TURN_SIN * ny
    turned[4] = -_TURN_SIN * nx + _TURN_COS * ny
    if mix < 1.0:
        _sample_tile(texels, layer, size, (across / tile, down / tile), out)
    for k in range(7):
        out[k] = turned[k] if mix >= 1.0 else out[k] + np.float32(mix) * (turned[k] - out[k])


@njit(cache=True)
def _sample_on_wall(
    layers: tuple[FloatArray, NDArray[np.int64], NDArray[np.float64]],
    layer: int,
    position: tuple[float, float, float, float],
    wall: NDArray[np.float64],
    samples: tuple[FloatArray, FloatArray, FloatArray],
) -> None:
    """Sample a layer laid on from the side and, as far as the ground is level, from above; the first sample has it."""
    texels, sizes, tiles = layers
    sample, laid, turned = samples
    x, height, z, mix = position
    place = (layer, sizes[layer], tiles[layer])
    side = wall[SIDE]
    sample[:] = 0.0
    for kind in range(3):
        share = 1.0 - side if kind == FLAT else side * (wall[ALONG_Z] if kind == BY_Z else 1.0 - wall[ALONG_Z])
        if share <= 0.0:
            continue
        down = z if kind == FLAT else -height
        _sample_layer(texels, place, (z if kind == BY_Z else x, down, mix), laid, turned)
        laid[3], laid[4] = in_texture(wall, kind, laid[3], laid[4])
        for k in range(7):
            sample[k] += np.float32(share) * laid[k]


@njit(cache=True)
def blend_layers(
    rules: FloatArray,
    layers: tuple[FloatArray, NDArray[np.int64], NDArray[np.float64]],
    at: Site,
    wall: NDArray[np.float64],
    scratch: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
) -> None:
    """Blend the layers' colour, normal and roughness at a point; the brighter texels win where two layers meet.

    The first array of ``scratch`` takes the result; the normal's x and y are in the texture's frame.
    """
    out, sample, laid, turned = scratch
    texels, sizes, tiles = layers
    mix = 0.0
    if texels.shape[1] >= 6:
        lie = gradient_noise(at.x / 3.3, at.z / 3.3, 77) if wall[SIDE] < 1.0 else 0.0
        if wall[SIDE] > 0.0:
            lie += wall[SIDE] * (wall_noise((at.x, at.height, at.z), wall, (3.3, 3.3), 78) - lie)
        mix = smoothstep(-0.15, 0.15, lie)
    out[:] = 0.0
    total = np.float32(0.0)
    for layer in range(12):
        weight = rules[layer]
        if weight < 0.02:
            continue
        if wall[SIDE] > 0.0 and sizes[layer] > 1:
            _sample_on_wall(layers, layer, (at.x, at.height, at.z, mix), wall, (sample, laid, turned))
        else:
            _sample_layer(texels, (layer, sizes[layer], tiles[layer]), (at.x, at.z, mix), sample, turned)
            if wall[IS_LEVEL] == 0.0:
                sample[3], sample[4] = in_texture(wall, FLAT, sample[3], sample[4])
        contrast = np.float32(2.4) * weight * (np.float32(1.0) - weight) * (sample[6] - np.float32(1.0))
        sharp = max(np.float32(1e-4), weight + contrast)
        total += sharp
        for k in range(6):
            out[k] += sharp * sample[k]
    for k in range(6):
        out[k] /= total
