"""Sampling of the ground's tileable layers at a point, laid on from above or from the side, and their blend.

What is known of a point travels as tuples of numbers, not in arrays: kernels count who holds an array, at every call.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.terrain.cover import Site
from worldgen.builder.terrain.noise import gradient_noise, smoothstep
from worldgen.builder.terrain.walls import ALONG_Z, BY_Z, FLAT, IS_LEVEL, SIDE, in_texture, wall_noise

FloatArray = NDArray[np.float32]

_TURN_COS, _TURN_SIN, _TURN_SCALE = math.cos(0.65), math.sin(0.65), 0.73


class LayerTexel(NamedTuple):
    """One layer, or several blended, at a point; every number is a float32."""

    red: np.float32
    green: np.float32
    blue: np.float32
    tilt_x: np.float32
    """The normal's x over its z, to the right in the pattern or the texture."""
    tilt_y: np.float32
    """The normal's y over its z, up in the pattern or the texture."""
    roughness: np.float32
    brightness: np.float32
    """Over the layer's mean."""


class _Spot(NamedTuple):
    """A point among a tile's texels: the columns and rows around it, and how far it is from the first of each."""

    left: int
    right: int
    top: int
    bottom: int
    fu: np.float32
    fv: np.float32


@njit(cache=True)
def _no_texel() -> LayerTexel:
    zero = np.float32(0.0)
    return LayerTexel(zero, zero, zero, zero, zero, zero, zero)


@njit(cache=True)
def _with_tilt(texel: LayerTexel, tilt_x: float, tilt_y: float) -> LayerTexel:
    return LayerTexel(
        texel.red,
        texel.green,
        texel.blue,
        np.float32(tilt_x),
        np.float32(tilt_y),
        texel.roughness,
        texel.brightness,
    )


@njit(cache=True)
def _plus(sum_so_far: LayerTexel, share: np.float32, texel: LayerTexel) -> LayerTexel:
    """A sum, and a share of one texel more."""
    return LayerTexel(
        sum_so_far.red + share * texel.red,
        sum_so_far.green + share * texel.green,
        sum_so_far.blue + share * texel.blue,
        sum_so_far.tilt_x + share * texel.tilt_x,
        sum_so_far.tilt_y + share * texel.tilt_y,
        sum_so_far.roughness + share * texel.roughness,
        sum_so_far.brightness + share * texel.brightness,
    )


@njit(cache=True)
def _mixed(first: LayerTexel, second: LayerTexel, share: np.float32) -> LayerTexel:
    """The first texel with a share of the second in its place."""
    return LayerTexel(
        first.red + share * (second.red - first.red),
        first.green + share * (second.green - first.green),
        first.blue + share * (second.blue - first.blue),
        first.tilt_x + share * (second.tilt_x - first.tilt_x),
        first.tilt_y + share * (second.tilt_y - first.tilt_y),
        first.roughness + share * (second.roughness - first.roughness),
        first.brightness + share * (second.brightness - first.brightness),
    )


@njit(cache=True)
def _spot(size: int, u: float, v: float) -> _Spot:
    """Where ``u`` and ``v``, in tiles and v downwards, lie in a repeating tile."""
    u = (u - math.floor(u)) * size - 0.5
    v = (v - math.floor(v)) * size - 0.5
    i, j = math.floor(u), math.floor(v)
    # Both lie from -1 to size - 1: wrapping them takes no division.
    return _Spot(
        i if i >= 0 else size - 1,
        i + 1 if i + 1 < size else 0,
        j if j >= 0 else size - 1,
        j + 1 if j + 1 < size else 0,
        np.float32(u - i),
        np.float32(v - j),
    )


@njit(cache=True)
def _channel(texels: FloatArray, layer: int, spot: _Spot, k: int) -> np.float32:
    a, b = texels[layer, spot.top, spot.left, k], texels[layer, spot.top, spot.right, k]
    c, d = texels[layer, spot.bottom, spot.left, k], texels[layer, spot.bottom, spot.right, k]
    top, bottom = a + spot.fu * (b - a), c + spot.fu * (d - c)
    return top + spot.fv * (bottom - top)


@njit(cache=True)
def _sample_tile(texels: FloatArray, layer: int, size: int, at: tuple[float, float]) -> LayerTexel:
    """Bilinear sample of a repeating tile; ``at`` is u and v in tiles, v downwards."""
    spot = _spot(size, at[0], at[1])
    return LayerTexel(
        _channel(texels, layer, spot, 0),
        _channel(texels, layer, spot, 1),
        _channel(texels, layer, spot, 2),
        _channel(texels, layer, spot, 3),
        _channel(texels, layer, spot, 4),
        _channel(texels, layer, spot, 5),
        _channel(texels, layer, spot, 6),
    )


@njit(cache=True, inline="always")
def _sample_layer(
    texels: FloatArray, place: tuple[int, int, float], position: tuple[float, float, float]
) -> LayerTexel:
    """Sample a layer twice, once turned and stretched, mixed by noise: the repetition does not show."""
    layer, size, tile = place
    across, down, mix = position
    if size < 6 or mix <= 0.0:
        return _sample_tile(texels, layer, size, (across / tile, down / tile))
    u = (_TURN_COS * across + _TURN_SIN * down) * _TURN_SCALE / tile + 0.37
    v = (-_TURN_SIN * across + _TURN_COS * down) * _TURN_SCALE / tile + 0.61
    turned = _sample_tile(texels, layer, size, (u, v))
    # The tilt is turned back with the tile.
    tilt_x = _TURN_COS * turned.tilt_x + _TURN_SIN * turned.tilt_y
    tilt_y = -_TURN_SIN * turned.tilt_x + _TURN_COS * turned.tilt_y
    turned = _with_tilt(turned, tilt_x, tilt_y)
    if mix >= 1.0:
        return turned
    return _mixed(_sample_tile(texels, layer, size, (across / tile, down / tile)), turned, np.float32(mix))


@njit(cache=True)
def _sample_on_wall(
    texels: FloatArray,
    place: tuple[int, int, float],
    position: tuple[float, float, float, float],
    wall: NDArray[np.float64],
) -> LayerTexel:
    """Sample a layer laid on from the side and, as far as the ground is level, from above."""
    x, height, z, mix = position
    side = wall[SIDE]
    sample = _no_texel()
    for kind in range(3):
        share = 1.0 - side if kind == FLAT else side * (wall[ALONG_Z] if kind == BY_Z else 1.0 - wall[ALONG_Z])
        if share <= 0.0:
            continue
        down = z if kind == FLAT else -height
        laid = _sample_layer(texels, place, (z if kind == BY_Z else x, down, mix))
        tilt_x, tilt_y = in_texture(wall, kind, laid.tilt_x, laid.tilt_y)
        sample = _plus(sample, np.float32(share), _with_tilt(laid, tilt_x, tilt_y))
    return sample


@njit(cache=True, inline="always")
def blend_layers(
    rules: FloatArray, texels: FloatArray, sides: NDArray[np.float64], at: Site, wall: NDArray[np.float64]
) -> LayerTexel:
    """Blend the layers' colour, tilt and roughness at a point; the brighter texels win where two layers meet.

    Args:
        rules: (16,) whose first 12 are the layers' weights.
        texels: (12, P, P, 7) of `LayerSet`.
        sides: (12, 2) each tile's side in texels and in metres.
        at: The point.
        wall: How the ground stands there.

    Returns:
        The blend, whose tilt is in the texture's frame and whose brightness means nothing.
    """
    mix = 0.0
    if texels.shape[1] >= 6:
        lie = gradient_noise(at.x / 3.3, at.z / 3.3, 77) if wall[SIDE] < 1.0 else 0.0
        if wall[SIDE] > 0.0:
            lie += wall[SIDE] * (wall_noise((at.x, at.height, at.z), wall, (3.3, 3.3), 78) - lie)
        mix = smoothstep(-0.15, 0.15, lie)
    blended = _no_texel()
    total = np.float32(0.0)
    for layer in range(12):
        weight = rules[layer]
        if weight < 0.02:
            continue
        size = int(sides[layer, 0])
        place = (layer, size, sides[layer, 1])
        if wall[SIDE] > 0.0 and size > 1:
            sample = _sample_on_wall(texels, place, (at.x, at.height, at.z, mix), wall)
        else:
            sample = _sample_layer(texels, place, (at.x, at.z, mix))
            if wall[IS_LEVEL] == 0.0:
                tilt_x, tilt_y = in_texture(wall, FLAT, sample.tilt_x, sample.tilt_y)
                sample = _with_tilt(sample, tilt_x, tilt_y)
        contrast = np.float32(2.4) * weight * (np.float32(1.0) - weight) * (sample.brightness - np.float32(1.0))
        sharp = max(np.float32(1e-4), weight + contrast)
        total += sharp
        blended = _plus(blended, sharp, sample)
    return LayerTexel(
        blended.red / total,
        blended.green / total,
        blended.blue / total,
        blended.tilt_x / total,
        blended.tilt_y / total,
        blended.roughness / total,
        blended.brightness / total,
    )
