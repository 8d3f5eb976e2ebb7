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
from worldgen.builder.terrain.layer_blending import blend_layers
from worldgen.builder.terrain.noise import fbm, gradient_noise, gradient_noise_slope, smoothstep
from worldgen.builder.terrain.walls import (
    ALONG_Z,
    BY_Z,
    FLAT,
    IS_LEVEL,
    SIDE,
    WALL_NUMBERS,
    describe_wall,
    in_texture,
    strata_shade,
    wall_noise,
    weathering,
)
from worldgen.color import linear_from_srgb, srgb_from_linear
from worldgen.uncounted_arrays import uncounted

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

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
    is_even: bool
    """Whether the texture lies on the level without being deformed."""


def encode_table() -> ByteArray:
    """Table from the square root of a linear value to its sRGB byte."""
    roots = np.arange(_ENCODE_SIZE, dtype=np.float32) / np.float32(_ENCODE_SIZE - 1)
    return (srgb_from_linear(roots * roots) * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)


def decode_table() -> FloatArray:
    """Table from an sRGB byte to its linear value."""
    return linear_from_srgb(np.arange(256, dtype=np.float32) / np.float32(255.0))


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


@njit(cache=True, inline="always")
def _detail_on(
    at: Site, wall: NDArray[np.float64], plan: BakePlan, rocky: float, with_normal: bool
) -> tuple[float, float, float]:
    """`_detail` as it lies on level ground and on walls: a value, and the tilt of the normal in the texture's frame."""
    side, along_z = wall[SIDE], wall[ALONG_Z]
    if wall[IS_LEVEL] == 1.0:
        bump, along, across = _detail(at.x, at.z, plan, rocky)
        return bump, -along, across
    value, tilt_u, tilt_v = 0.0, 0.0, 0.0
    for kind in range(3):
        share = 1.0 - side if kind == FLAT else side * (along_z if kind == BY_Z else 1.0 - along_z)
        if share <= 0.0:
            continue
        first = at.z if kind == BY_Z else at.x
        bump, along, across = _detail(first, at.z if kind == FLAT else at.height, plan, rocky)
        value += share * bump
        if with_normal:
            # Rows of a pattern laid on from above grow along z, which is down in it.
            u, v = in_texture(wall, kind, -along, across if kind == FLAT else -across)
            tilt_u += share * u
            tilt_v += share * v
    return value, tilt_u, tilt_v


@njit(cache=True)
def _tint(at: Site, wall: NDArray[np.float64], rules: FloatArray, plan: BakePlan, cover: CoverPlan) -> None:
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
    bare = wall[SIDE] * min(1.0, rules[ROCK] + rules[RED_ROCK])
    if bare > 0.02:
        light, varnish = weathering((x, at.height, z), wall, plan.seed + 90)
        light = 1.0 + bare * (light - 1.0)
        dark = bare * (0.5 if layered > 0.02 else 0.3) * varnish
        red *= light * (1.0 - dark)
        green *= light * (1.0 - 0.92 * dark)
        blue *= light * (1.0 - 0.8 * dark)
    wet = plan.wetness * (1.0 - snow)
    if at.shore < 8.0:
        above = at.height - at.surface_y + 0.06 * broad
        wet = max(wet, smoothstep(0.34, 0.04, above) * smoothstep(8.0, 2.0, at.shore))
    rules[12], rules[13], rules[14] = max(0.0, red), max(0.0, green), max(0.0, blue)
    rules[15] = min(1.0, max(0.0, wet))


def bake_rules(fields: FloatArray, places: FloatArray, plan: BakePlan, cover: CoverPlan) -> FloatArray:
    """Cover and tint on every other texel of a level, which is fine enough for both.

    Args:
        fields: (N, N, 8) of `LandFields`.
        places: (Q, Q, 2) of `Unfolding`, which tells what is seen in those texels.
        plan: The numbers of the level.
        cover: The numbers of the cover rules.

    Returns:
        (Q, Q, 16): 12 weights of the cover, factors on red, green and blue, and wetness.
    """
    count = plan.texture_px // 2 + 1
    rules = np.zeros((count, count, 16), dtype=np.float32)

    def bake(first: int, last: int) -> None:
        numbers = (rules, np.zeros(8, np.float32), np.zeros(WALL_NUMBERS))
        _bake_rules((fields, places), plan, cover, numbers, (first, last))

    in_strips(bake, count)
    return rules


@njit(cache=True, nogil=True)
def _bake_rules(
    ground: tuple[FloatArray, FloatArray],
    plan: BakePlan,
    cover: CoverPlan,
    numbers: tuple[FloatArray, FloatArray, NDArray[np.float64]],
    rows: tuple[int, int],
) -> None:
    """Fill some rows of the rules, which ``numbers`` begin with; the rest, a point's fields and wall, is scratch."""
    fields, places = uncounted(ground[0]), uncounted(ground[1])
    rules, values, wall = uncounted(numbers[0]), uncounted(numbers[1]), uncounted(numbers[2])
    samples = fields.shape[0] - 1
    for row in range(rows[0], rows[1]):
        for column in range(rules.shape[1]):
            u, v = float(places[row, column, 0]), float(places[row, column, 1])
            x, z = (2.0 * u - 1.0) * plan.half_size, (2.0 * v - 1.0) * plan.half_size
            field_at(fields, u * samples, v * samples, values)
            describe_wall(float(values[1]), float(values[2]), (1.0, 0.0), wall)
            if plan.detail_octaves > 0:
                slope = math.sqrt(values[1] * values[1] + values[2] * values[2])
                rough_ground = smoothstep(0.4, 0.8, slope)
                if rough_ground > 0.0:
                    bump, _, _ = _detail_on(site_of(x, z, values), wall, plan, rough_ground, False)
                    values[4] -= np.float32(0.05 * rough_ground * bump)
                    values[1] *= np.float32(1.0 + 0.12 * rough_ground * bump)
                    values[2] *= np.float32(1.0 + 0.12 * rough_ground * bump)
            at = site_of(x, z, values)
            cover_weights(at, cover, rules[row, column, :12])
            _tint(at, wall, rules[row, column], plan, cover)


@njit(cache=True, inline="always")
def _rules_at(rules: FloatArray, column: int, row: int, out: FloatArray) -> None:
    i, j = min(column >> 1, rules.shape[1] - 2), min(row >> 1, rules.shape[0] - 2)
    fu, fv = np.float32(0.5 * (column - 2 * i)), np.float32(0.5 * (row - 2 * j))
    w00, w10 = (1 - fu) * (1 - fv), fu * (1 - fv)
    w01, w11 = (1 - fu) * fv, fu * fv
    for k in range(16):
        out[k] = (
            w00 * rules[j, i, k] + w10 * rules[j, i + 1, k] + w01 * rules[j + 1, i, k] + w11 * rules[j + 1, i + 1, k]
        )


@njit(cache=True, inline="always")
def _place_at(places: FloatArray, column: int, row: int) -> tuple[float, float, float, float]:
    """What is seen in a texel, as shares of the level's side, and how that changes to the right."""
    i, j = min(column >> 1, places.shape[1] - 2), min(row >> 1, places.shape[0] - 2)
    fu, fv = 0.5 * (column - 2 * i), 0.5 * (row - 2 * j)
    top_u = places[j, i, 0] + fu * (places[j, i + 1, 0] - places[j, i, 0])
    top_v = places[j, i, 1] + fu * (places[j, i + 1, 1] - places[j, i, 1])
    low_u = places[j + 1, i, 0] + fu * (places[j + 1, i + 1, 0] - places[j + 1, i, 0])
    low_v = places[j + 1, i, 1] + fu * (places[j + 1, i + 1, 1] - places[j + 1, i, 1])
    right_u = (1.0 - fv) * (places[j, i + 1, 0] - places[j, i, 0]) + fv * (
        places[j + 1, i + 1, 0] - places[j + 1, i, 0]
    )
    right_v = (1.0 - fv) * (places[j, i + 1, 1] - places[j, i, 1]) + fv * (
        places[j + 1, i + 1, 1] - places[j + 1, i, 1]
    )
    u, v = top_u + fv * (low_u - top_u), top_v + fv * (low_v - top_v)
    # The corner of the last texels repeats its neighbour, where nothing changes.
    return (u, v, right_u, right_v) if right_u * right_u + right_v * right_v > 1e-16 else (u, v, 1.0, 0.0)


@njit(cache=True)
def _placed(samples: FloatArray, column: float, row: float) -> tuple[float, float]:
    """Where a point between a level's samples lies in its texture, as shares of the side."""
    last = samples.shape[0] - 1
    i, j = min(int(column), last - 1), min(int(row), last - 1)
    fu, fv = column - i, row - j
    w00, w10, w01, w11 = (1.0 - fu) * (1.0 - fv), fu * (1.0 - fv), (1.0 - fu) * fv, fu * fv
    a, b, c, d = samples[j, i], samples[j, i + 1], samples[j + 1, i], samples[j + 1, i + 1]
    return w00 * a[0] + w10 * b[0] + w01 * c[0] + w11 * d[0], w00 * a[1] + w10 * b[1] + w01 * c[1] + w11 * d[1]


@njit(cache=True, inline="always")
def _fade_outwards(
    position: tuple[float, float],
    plan: BakePlan,
    outer: tuple[ByteArray, ByteArray, FloatArray],
    decode: FloatArray,
    pixel: FloatArray,
) -> float:
    """Fade a pixel into the coarser level's texture towards the border; returns how much is left of its own."""
    x, z = position
    edge = 1.0 - max(abs(x), abs(z)) / plan.half_size
    fade = np.float32(1.0 - smoothstep(0.0, plan.border, edge))
    if fade <= 0.0:
        return 1.0
    colors, roughness, samples = outer
    side, last = colors.shape[0], samples.shape[0] - 1
    u, v = (x / plan.outer_half_size + 1.0) * 0.5, (z / plan.outer_half_size + 1.0) * 0.5
    if last > 1:
        u, v = _placed(samples, u * last, v * last)
    u, v = u * (side - 1), v * (side - 1)
    i, j = min(max(int(u), 0), side - 2), min(max(int(v), 0), side - 2)
    fu, fv = np.float32(u - i), np.float32(v - j)
    one = np.float32(1.0)
    for k in range(3):
        top = decode[colors[j, i, k]] * (one - fu) + decode[colors[j, i + 1, k]] * fu
        low = decode[colors[j + 1, i, k]] * (one - fu) + decode[colors[j + 1, i + 1, k]] * fu
        pixel[k] += fade * (top + fv * (low - top) - pixel[k])
    pixel[3] += fade * (np.float32(roughness[j, i]) / np.float32(255.0) - pixel[3])
    return 1.0 - float(fade)


def bake_level(
    ground: tuple[FloatArray, FloatArray],
    rules: FloatArray,
    layers: tuple[FloatArray, NDArray[np.int64], NDArray[np.float64]],
    plan: BakePlan,
    shared: tuple[tuple[ByteArray, ByteArray, FloatArray], tuple[ByteArray, FloatArray]],
) -> tuple[ByteArray, ByteArray, ByteArray]:
    """Bake the ground texture of a level.

    Args:
        ground: (N, N, 8) of `LandFields` and the (Q, Q, 2) places of `Unfolding`.
        rules: The level's (Q, Q, 16) of `bake_rules`.
        layers: Texels, sizes and tile sizes of a `LayerSet`.
        plan: The numbers of the level.
        shared: Base colour (R, R, 3) and roughness (R, R) of the next coarser level and the samples of its `Unfolding`,
            of which an even one needs only the corners;
            `encode_table` and `decode_table`.

    Returns:
        Base colour (P, P, 3) in sRGB, normal (P, P, 3) and roughness (P, P).
    """
    side = plan.texture_px
    baked = (
        np.zeros((side, side, 3), dtype=np.uint8),
        np.zeros((side, side, 3), dtype=np.uint8),
        np.zeros((side, side), dtype=np.uint8),
    )
    texels, sizes, tiles = layers
    land = (*ground, rules, texels, np.column_stack([sizes, tiles]).astype(np.float64))

    def bake(first: int, last: int) -> None:
        numbers = (np.zeros(8, np.float32), np.zeros(16, np.float32), np.zeros(4, np.float32), np.zeros(WALL_NUMBERS))
        _bake_level(land, plan, shared, (baked, numbers), (first, last))

    in_strips(bake, side)
    return baked


@njit(cache=True, nogil=True)
def _bake_level(
    land: tuple[FloatArray, FloatArray, FloatArray, FloatArray, NDArray[np.float64]],
    plan: BakePlan,
    shared: tuple[tuple[ByteArray, ByteArray, FloatArray], tuple[ByteArray, FloatArray]],
    written: tuple[
        tuple[ByteArray, ByteArray, ByteArray], tuple[FloatArray, FloatArray, FloatArray, NDArray[np.float64]]
    ],
    rows: tuple[int, int],
) -> None:
    """Bake some rows into the first of ``written``; the rest, a point's fields, rules, pixel and wall, is scratch."""
    fields, places, rules = uncounted(land[0]), uncounted(land[1]), uncounted(land[2])
    texels, sides = uncounted(land[3]), uncounted(land[4])
    outer = (uncounted(shared[0][0]), uncounted(shared[0][1]), uncounted(shared[0][2]))
    encode, decode = uncounted(shared[1][0]), uncounted(shared[1][1])
    baked, numbers = written
    base, normal, roughness = uncounted(baked[0]), uncounted(baked[1]), uncounted(baked[2])
    values, rule = uncounted(numbers[0]), uncounted(numbers[1])
    pixel, wall = uncounted(numbers[2]), uncounted(numbers[3])
    samples = fields.shape[0] - 1
    share = 1.0 / (base.shape[0] - 1)
    for row in range(rows[0], rows[1]):
        for column in range(base.shape[1]):
            u, v, right_u, right_v = column * share, row * share, 1.0, 0.0
            if not plan.is_even:
                u, v, right_u, right_v = _place_at(places, np.int64(column), np.int64(row))
            x, z = (2.0 * u - 1.0) * plan.half_size, (2.0 * v - 1.0) * plan.half_size
            field_at(fields, u * samples, v * samples, values)
            describe_wall(float(values[1]), float(values[2]), (right_u, right_v), wall)
            at = site_of(x, z, values)
            _rules_at(rules, np.int64(column), np.int64(row), rule)
            ground = blend_layers(rule, texels, sides, at, wall)
            snow, rocky = rule[SNOW], rule[ROCK] + rule[RED_ROCK] + rule[SCREE]
            nx, ny = ground.tilt_x, ground.tilt_y
            vary = gradient_noise(x / plan.variation, z / plan.variation, plan.seed + 63) * (1.0 - wall[SIDE])
            if wall[SIDE] > 0.0:
                lengths = (plan.variation, plan.variation)
                vary += wall[SIDE] * wall_noise((x, at.height, z), wall, lengths, plan.seed + 64)
            light = 1.0 + (0.17 - 0.12 * snow) * vary
            if plan.detail_octaves > 0:
                rough_ground = smoothstep(0.4, 0.8, at.slope)
                bump, tilt_u, tilt_v = _detail_on(at, wall, plan, rough_ground, True)
                smooth = 1.0 - 0.75 * snow
                nx += tilt_u * smooth
                ny += tilt_v * smooth
                light += (1.0 - 0.7 * snow) * (0.08 + 0.16 * rocky) * bump
            wet = rule[15]
            light *= 1.0 - 0.48 * wet
            pixel[0] = ground.red * (np.float32(light) * rule[12])
            pixel[1] = ground.green * (np.float32(light) * rule[13])
            pixel[2] = ground.blue * (np.float32(light) * rule[14])
            pixel[3] = ground.roughness + np.float32(0.85) * wet * (np.float32(0.3) - ground.roughness)
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
            roughness[row, column] = np.uint8(255.0 * min(1.0, max(0.02, pixel[3])) + 0.5)
