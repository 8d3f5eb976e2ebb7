"""Baking of ground textures: cover rules, tileable materials and broad variation become one texture per level."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.strips import in_strips
from worldgen.builder.terrain.cover import (
    CANYON,
    FOREST,
    GRASS,
    MOSS,
    RED_ROCK,
    ROCK,
    SCREE,
    SNOW,
    CoverPlan,
    Site,
    cover_weights,
)
from worldgen.builder.terrain.fields import field_at, site_of
from worldgen.builder.terrain.noise import fbm, gradient_noise, gradient_noise_slope, hash_unit, smoothstep
from worldgen.color import linear_from_srgb, srgb_from_linear

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

_TURN_COS, _TURN_SIN, _TURN_SCALE = math.cos(0.65), math.sin(0.65), 0.73
_ENCODE_SIZE = 4096


class BakePlan(NamedTuple):
    """Numbers for the baking of one level's texture."""

    seed: int
    half_size: float
    spacing: float
    texture_px: int
    detail_wavelength: float
    """Longest wavelength of relief that the mesh cannot hold, in metres; 0 adds none."""
    detail_octaves: int
    variation: float
    """Wavelength of the finest colour variation in metres."""
    wetness: float
    outer_half_size: float
    """Half size of the next coarser level, 0 for the coarsest."""
    border: float
    """Share of the half size over which the texture fades into the coarser level's."""


def encode_table() -> ByteArray:
    """Table from the square root of a linear value to its sRGB byte."""
    roots = np.arange(_ENCODE_SIZE, dtype=np.float32) / np.float32(_ENCODE_SIZE - 1)
    return (srgb_from_linear(roots * roots) * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)


def decode_table() -> FloatArray:
    """Table from an sRGB byte to its linear value."""
    return linear_from_srgb(np.arange(256, dtype=np.float32) / np.float32(255.0))


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
def strata_shade(height: float, x: float, z: float, seed: int) -> tuple[float, float, float]:
    """Colour factors of the layers in a rock wall at a height: broad beds with thin bands in them."""
    level = (
        height + 1.6 * gradient_noise(x / 70.0, z / 70.0, seed) + 0.35 * gradient_noise(x / 11.0, z / 11.0, seed + 1)
    )
    broad, thin = level / 7.3, level / 1.15
    i, j = math.floor(broad), math.floor(thin)
    t, s = broad - i, thin - j
    t = smoothstep(0.35, 0.65, t)
    s = smoothstep(0.3, 0.7, s)
    tone = hash_unit(int(i), 5, seed) * (1.0 - t) + hash_unit(int(i) + 1, 5, seed) * t
    band = hash_unit(int(j), 9, seed) * (1.0 - s) + hash_unit(int(j) + 1, 9, seed) * s
    pale = smoothstep(0.62, 0.9, tone)
    dark = smoothstep(0.4, 0.1, tone)
    light = 1.0 + 0.34 * (band - 0.5)
    red = light * (1.0 + 0.35 * pale - 0.3 * dark)
    green = light * (1.0 + 0.75 * pale - 0.34 * dark)
    blue = light * (1.0 + 1.0 * pale - 0.3 * dark)
    return red, green, blue


@njit(cache=True)
def _detail(x: float, z: float, plan: BakePlan, rocky: float) -> tuple[float, float, float]:
    """Relief finer than the mesh: a value of about -1 to 1 and the slopes, sharp-crested where it is rocky."""
    value, slope_x, slope_z, amplitude = 0.0, 0.0, 0.0, 1.0
    wavelength = plan.detail_wavelength
    for octave in range(plan.detail_octaves):
        shift = 13.7 * octave
        n, dx, dz = gradient_noise_slope(x / wavelength + shift, z / wavelength - shift, plan.seed + 40 + octave)
        sign = -1.0 if n > 0.0 else 1.0
        crest = (0.5 - abs(n)) * 1.4
        value += amplitude * (n + rocky * (crest - n))
        slope_x += dx + rocky * (1.4 * sign * dx - dx)
        slope_z += dz + rocky * (1.4 * sign * dz - dz)
        amplitude *= 0.6
        wavelength *= 0.5
    strength = (0.07 + 0.17 * rocky) / max(1, plan.detail_octaves) ** 0.5
    return value, strength * slope_x, strength * slope_z


@njit(cache=True)
def _blend_layers(
    rules: FloatArray,
    layers: tuple[FloatArray, NDArray[np.int64], NDArray[np.float64]],
    at: Site,
    out: FloatArray,
    scratch: FloatArray,
) -> None:
    """Blend the layers' colour, normal and roughness at a point; the brighter texels win where two layers meet."""
    texels, sizes, tiles = layers
    mix = smoothstep(-0.15, 0.15, gradient_noise(at.x / 3.3, at.z / 3.3, 77)) if texels.shape[1] >= 6 else 0.0
    side = smoothstep(0.85, 1.25, at.slope)
    sample, upright, turned = scratch[0], scratch[1], scratch[2]
    out[:] = 0.0
    total = np.float32(0.0)
    for layer in range(12):
        weight = rules[layer]
        if weight < 0.02:
            continue
        place = (layer, sizes[layer], tiles[layer])
        if side < 1.0 or sizes[layer] == 1:
            _sample_layer(texels, place, (at.x, at.z, mix), sample, turned)
        if side > 0.0 and sizes[layer] > 1:
            # Walls are looked at from the side, so their pattern is laid on upright.
            _sample_layer(texels, place, (0.72 * at.x + 0.69 * at.z, -at.height, mix), upright, turned)
            for k in range(7):
                sample[k] = upright[k] if side >= 1.0 else sample[k] + np.float32(side) * (upright[k] - sample[k])
        contrast = np.float32(2.4) * weight * (np.float32(1.0) - weight) * (sample[6] - np.float32(1.0))
        sharp = max(np.float32(1e-4), weight + contrast)
        total += sharp
        for k in range(6):
            out[k] += sharp * sample[k]
    for k in range(6):
        out[k] /= total


@njit(cache=True)
def _tint(at: Site, rules: FloatArray, plan: BakePlan, cover: CoverPlan) -> None:
    """Broad variation, dryness, strata, dark hollows and wet shores, as channels 12 to 15 of the rules."""
    x, z = at.x, at.z
    broad = fbm(x / 46.0, z / 46.0, plan.seed + 60, 2, 0.5)
    rocky = rules[ROCK] + rules[RED_ROCK] + rules[SCREE]
    snow = rules[SNOW]
    light = 1.0 + (1.0 - 0.7 * snow) * 0.16 * broad
    light *= 1.0 - min(0.28, max(-0.14, 1.1 * at.hollow)) * (1.0 - 0.6 * snow)
    red, green, blue = light, light, light
    grows = rules[GRASS] + rules[MOSS] + rules[FOREST]
    if grows > 0.0:
        dry = grows * min(1.0, max(0.0, 0.62 - at.moisture + 0.55 * broad))
        red *= 1.0 + 0.55 * dry
        green *= 1.0 + 0.22 * dry
        blue *= 1.0 - 0.12 * dry
    layered = rules[RED_ROCK] if cover.code != CANYON else rules[RED_ROCK] + 0.35 * rules[SCREE]
    if layered > 0.02:
        shade_red, shade_green, shade_blue = strata_shade(at.height, x, z, plan.seed + 70)
        red *= 1.0 + layered * (shade_red - 1.0)
        green *= 1.0 + layered * (shade_green - 1.0)
        blue *= 1.0 + layered * (shade_blue - 1.0)
    elif rocky > 0.02:
        tilt = at.height + 0.35 * x + 0.2 * z
        band = gradient_noise(tilt / 9.0, x / 160.0, plan.seed + 80)
        band += 0.6 * gradient_noise(tilt / 2.3, z / 60.0, plan.seed + 81)
        red *= 1.0 + 0.16 * rocky * band
        green *= 1.0 + 0.15 * rocky * band
        blue *= 1.0 + 0.13 * rocky * band
    wet = plan.wetness * (1.0 - snow)
    if at.shore < 8.0:
        above = at.height - at.surface_y + 0.06 * broad
        wet = max(wet, smoothstep(0.34, 0.04, above) * smoothstep(8.0, 2.0, at.shore))
    rules[12], rules[13], rules[14] = max(0.0, red), max(0.0, green), max(0.0, blue)
    rules[15] = min(1.0, max(0.0, wet))


def bake_rules(fields: FloatArray, plan: BakePlan, cover: CoverPlan) -> FloatArray:
    """Cover and tint on every other texel of a level, which is fine enough for both.

    Args:
        fields: (N, N, 8) of `LandFields`.
        plan: The numbers of the level.
        cover: The numbers of the cover rules.

    Returns:
        (Q, Q, 16): 12 weights of the cover, factors on red, green and blue, and wetness.
    """
    count = plan.texture_px // 2 + 1
    rules = np.zeros((count, count, 16), dtype=np.float32)
    in_strips(lambda first, last: _bake_rules(fields, plan, cover, rules, (first, last)), count)
    return rules


@njit(cache=True, nogil=True)
def _bake_rules(fields: FloatArray, plan: BakePlan, cover: CoverPlan, rules: FloatArray, rows: tuple[int, int]) -> None:
    count = rules.shape[1]
    step = 2.0 * plan.half_size / (plan.texture_px - 1)
    to_field = step / plan.spacing
    values = np.zeros(8, dtype=np.float32)
    for row in range(rows[0], rows[1]):
        z = 2 * row * step - plan.half_size
        for column in range(count):
            x = 2 * column * step - plan.half_size
            field_at(fields, 2 * column * to_field, 2 * row * to_field, values)
            if plan.detail_octaves > 0:
                slope = math.sqrt(values[1] * values[1] + values[2] * values[2])
                rough_ground = smoothstep(0.4, 0.8, slope)
                if rough_ground > 0.0:
                    bump, _, _ = _detail(x, z, plan, rough_ground)
                    values[4] -= np.float32(0.05 * rough_ground * bump)
                    values[1] *= np.float32(1.0 + 0.12 * rough_ground * bump)
                    values[2] *= np.float32(1.0 + 0.12 * rough_ground * bump)
            at = site_of(x, z, values)
            cover_weights(at, cover, rules[row, column, :12])
            _tint(at, rules[row, column], plan, cover)


@njit(cache=True)
def _rules_at(rules: FloatArray, column: int, row: int, out: FloatArray) -> None:
    i, j = min(column >> 1, rules.shape[1] - 2), min(row >> 1, rules.shape[0] - 2)
    fu, fv = np.float32(0.5 * (column - 2 * i)), np.float32(0.5 * (row - 2 * j))
    w00, w10 = (1 - fu) * (1 - fv), fu * (1 - fv)
    w01, w11 = (1 - fu) * fv, fu * fv
    for k in range(16):
        out[k] = (
            w00 * rules[j, i, k] + w10 * rules[j, i + 1, k] + w01 * rules[j + 1, i, k] + w11 * rules[j + 1, i + 1, k]
        )


@njit(cache=True)
def _fade_outwards(
    position: tuple[float, float],
    plan: BakePlan,
    outer: tuple[ByteArray, ByteArray],
    decode: FloatArray,
    pixel: FloatArray,
) -> float:
    """Fade a pixel into the coarser level's texture towards the border; returns how much is left of its own."""
    x, z = position
    edge = 1.0 - max(abs(x), abs(z)) / plan.half_size
    fade = np.float32(1.0 - smoothstep(0.0, plan.border, edge))
    if fade <= 0.0:
        return 1.0
    colors, roughness = outer
    side = colors.shape[0]
    u = (x / plan.outer_half_size + 1.0) * 0.5 * (side - 1)
    v = (z / plan.outer_half_size + 1.0) * 0.5 * (side - 1)
    i, j = min(int(u), side - 2), min(int(v), side - 2)
    fu, fv = np.float32(u - i), np.float32(v - j)
    one = np.float32(1.0)
    for k in range(3):
        top = decode[colors[j, i, k]] * (one - fu) + decode[colors[j, i + 1, k]] * fu
        low = decode[colors[j + 1, i, k]] * (one - fu) + decode[colors[j + 1, i + 1, k]] * fu
        pixel[k] += fade * (top + fv * (low - top) - pixel[k])
    pixel[5] += fade * (np.float32(roughness[j, i]) / np.float32(255.0) - pixel[5])
    return 1.0 - float(fade)


def bake_level(
    fields: FloatArray,
    rules: FloatArray,
    layers: tuple[FloatArray, NDArray[np.int64], NDArray[np.float64]],
    plan: BakePlan,
    shared: tuple[tuple[ByteArray, ByteArray], tuple[ByteArray, FloatArray]],
) -> tuple[ByteArray, ByteArray, ByteArray]:
    """Bake the ground texture of a level.

    Args:
        fields: (N, N, 8) of `LandFields`.
        rules: The level's (Q, Q, 16) of `bake_rules`.
        layers: Texels, sizes and tile sizes of a `LayerSet`.
        plan: The numbers of the level.
        shared: Base colour (R, R, 3) and roughness (R, R) of the next coarser level; `encode_table` and `decode_table`.

    Returns:
        Base colour (P, P, 3) in sRGB, normal (P, P, 3) and roughness (P, P).
    """
    side = plan.texture_px
    baked = (
        np.zeros((side, side, 3), dtype=np.uint8),
        np.zeros((side, side, 3), dtype=np.uint8),
        np.zeros((side, side), dtype=np.uint8),
    )
    in_strips(lambda first, last: _bake_level((fields, rules, layers), plan, shared, baked, (first, last)), side)
    return baked


@njit(cache=True, nogil=True)
def _bake_level(
    ground: tuple[FloatArray, FloatArray, tuple[FloatArray, NDArray[np.int64], NDArray[np.float64]]],
    plan: BakePlan,
    shared: tuple[tuple[ByteArray, ByteArray], tuple[ByteArray, FloatArray]],
    baked: tuple[ByteArray, ByteArray, ByteArray],
    rows: tuple[int, int],
) -> None:
    fields, rules, layers = ground
    outer, tables = shared
    encode, decode = tables
    base, normal, roughness = baked
    side = plan.texture_px
    step = 2.0 * plan.half_size / (side - 1)
    to_field = step / plan.spacing
    values = np.zeros(8, dtype=np.float32)
    rule = np.zeros(16, dtype=np.float32)
    pixel = np.zeros(7, dtype=np.float32)
    scratch = np.zeros((3, 7), dtype=np.float32)
    for row in range(rows[0], rows[1]):
        z = row * step - plan.half_size
        for column in range(side):
            x = column * step - plan.half_size
            field_at(fields, column * to_field, row * to_field, values)
            at = site_of(x, z, values)
            _rules_at(rules, np.int64(column), np.int64(row), rule)
            _blend_layers(rule, layers, at, pixel, scratch)
            snow, rocky = rule[SNOW], rule[ROCK] + rule[RED_ROCK] + rule[SCREE]
            nx, ny = pixel[3], pixel[4]
            light = 1.0 + (0.17 - 0.12 * snow) * gradient_noise(x / plan.variation, z / plan.variation, plan.seed + 63)
            if plan.detail_octaves > 0:
                rough_ground = smoothstep(0.4, 0.8, at.slope)
                bump, bump_x, bump_z = _detail(x, z, plan, rough_ground)
                smooth = 1.0 - 0.75 * snow
                nx -= bump_x * smooth
                ny += bump_z * smooth
                light += (1.0 - 0.7 * snow) * (0.08 + 0.16 * rocky) * bump
            wet = rule[15]
            light *= 1.0 - 0.48 * wet
            for k in range(3):
                pixel[k] *= np.float32(light) * rule[12 + k]
            pixel[5] += np.float32(0.85) * wet * (np.float32(0.3) - pixel[5])
            if plan.outer_half_size > 0.0:
                own = _fade_outwards((x, z), plan, outer, decode, pixel)
                nx *= own
                ny *= own
            for k in range(3):
                root = math.sqrt(min(1.0, max(0.0, pixel[k])))
                base[row, column, k] = encode[int(root * 4095.0 + 0.5)]
            up = 127.5 / math.sqrt(nx * nx + ny * ny + 1.0)
            normal[row, column, 0] = np.uint8(128.0 + nx * up)
            normal[row, column, 1] = np.uint8(128.0 + ny * up)
            normal[row, column, 2] = np.uint8(128.0 + up)
            roughness[row, column] = np.uint8(255.0 * min(1.0, max(0.02, pixel[5])) + 0.5)
