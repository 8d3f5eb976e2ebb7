"""Light from the sky through clouds: a layer marched as a volume, and a veil of cirrus above it.

Density is carved from tabulated noise after Schneider and Vos, "The Real-time Volumetric Cloudscapes of Horizon Zero
Dawn" (2015); light that is scattered many times inside a cloud is approximated by octaves of weaker extinction
(Wrenninge et al., "Oz: The Great and Volumetric", 2013) and, deep inside, by the two-stream solution for
conservative scattering. Distances are kilometres.

What is called at every step of the march is inlined: a call counts references to the maps that it is handed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.sky.atmosphere import (
    EYE_KM,
    GROUND_KM,
    Color,
    Table,
    Vector,
    henyey_greenstein,
    lookup_sky,
    lookup_transmittance,
    sunlight_at,
)
from worldgen.builder.sky.cloud_noise import Volume, cloud_volumes, sample_map, sample_volume
from worldgen.builder.sky.clouds import COVERAGE_PERIOD_KM, VEIL_PERIOD_KM, CloudLayer
from worldgen.builder.strips import in_strips

_SHAPE_PERIOD_KM = 8.5
_DETAIL_PERIOD_KM = 1.15
_FINE_PERIOD_KM = 0.37
_VEIL_HEIGHT_KM = 8.5
_MAX_STEPS = 72
_LIGHT_STEPS_KM = (0.05, 0.09, 0.16, 0.30, 0.55)
_BEAM_GAIN = 1.9
"""Makes up for the orders of scattering that three octaves leave out."""


class CloudLight(NamedTuple):
    """Light on clouds besides the sun's beam: isotropic radiance from above and from below, (r, g, b)."""

    above: Color
    below: Color


class _Layer(NamedTuple):
    """The numbers of a ``CloudLayer``, as kernels take them."""

    base_km: float
    top_km: float
    coverage: float
    flatness: float
    extinction: float
    veil: float
    reach_km: float
    contrast: float
    east_km: float
    south_km: float


class _Light(NamedTuple):
    """What lights the clouds along one view: beam and its phase per octave, light from above and below."""

    sunlight: Color
    phases: Color
    above: Color
    below: Color


def paint_sky(
    directions: Table,
    sun_direction: NDArray[np.float64],
    *,
    tables: tuple[Table, Table],
    haze: float,
    clouds: CloudLayer,
    light: CloudLight,
) -> tuple[Table, Table]:
    """Radiance of the sky with its clouds along unit directions.

    Args:
        directions: (H, W, 3) float32, in world.
        sun_direction: (3,) float64 unit, towards the sun.
        tables: What ``clear_sky_table`` gave, and ``Atmosphere.transmittance``.
        haze: ``Atmosphere.haze``.
        clouds: The clouds.
        light: What lights them besides the sun.

    Returns:
        Radiance (H, W, 3), relative to the sun's irradiance above the air, and the share of starlight that the
        clouds let through (H, W).
    """
    layer = _Layer(
        base_km=clouds.base_km,
        top_km=clouds.top_km,
        coverage=clouds.coverage,
        flatness=clouds.flatness,
        extinction=clouds.extinction,
        veil=clouds.veil,
        reach_km=clouds.reach_km,
        contrast=clouds.contrast,
        east_km=clouds.offset_km[0],
        south_km=clouds.offset_km[1],
    )
    numbers = (sun_direction, np.array(layer), np.array((*light.above, *light.below, haze)))
    lookups = (tables, ((clouds.coverage_map, clouds.veil_map), cloud_volumes()))
    sky = np.zeros(directions.shape, np.float32)
    clear = np.ones(directions.shape[:2], np.float32)
    in_strips(lambda first, last: _paint_rows(directions, numbers, lookups, (sky, clear), (first, last)), len(sky))
    return sky, clear


@njit(cache=True, nogil=True)
def _paint_rows(
    directions: Table,
    numbers: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    lookups: tuple[tuple[Table, Table], tuple[tuple[Table, Table], tuple[Volume, Volume]]],
    painted: tuple[Table, Table],
    rows: tuple[int, int],
) -> None:
    sky, clear = painted
    for row in range(rows[0], rows[1]):
        _paint_row(directions[row], numbers, lookups[0], lookups[1], (sky[row], clear[row]))


@njit(cache=True)
def _smooth(low: float, high: float, x: float) -> float:
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@njit(cache=True, inline="always")
def _density(
    point: Vector, layer: _Layer, coverage_map: Table, volumes: tuple[Volume, Volume], detail: tuple[float, bool]
) -> float:
    """Density 0 to 1 at (east, height, south).

    ``detail`` says how much coverage to take away (negative leaves the frills out as well) and whether the point is
    near enough for the finest frills.
    """
    gap, near = detail
    x, height, z = point
    share = (height - layer.base_km) / (layer.top_km - layer.base_km)
    if share <= 0.0 or share >= 1.0:
        return 0.0
    swing = 0.62 * (1.0 - 0.5 * layer.flatness)
    cover = layer.coverage + swing * sample_map(coverage_map, x / COVERAGE_PERIOD_KM, z / COVERAGE_PERIOD_KM)
    cover -= max(gap, 0.0)
    if cover <= 0.0:
        return 0.0
    cover = min(cover, 1.0)
    # Where little of the sky is covered clouds are small, so they are also low.
    heap = 1.0 - _smooth(0.15 + 0.45 * layer.flatness, 0.35 + 0.65 * max(cover, layer.flatness), share)
    shape = sample_volume(volumes[0], x / _SHAPE_PERIOD_KM, height / _SHAPE_PERIOD_KM, z / _SHAPE_PERIOD_KM)
    # A closed deck has no holes, however thin the noise.
    shape = (shape - 0.36) * 1.7 + 0.55 * layer.flatness * _smooth(0.7, 1.0, cover)
    value = (shape - (1.0 - cover * (0.35 + 0.65 * heap))) * (2.6 - 0.8 * layer.flatness)
    value = min(value, 1.0) * _smooth(0.0, 0.07, share) * heap
    if value <= 0.0 or gap < 0.0:
        return max(value, 0.0)
    frill = sample_volume(volumes[1], x / _DETAIL_PERIOD_KM, height / _DETAIL_PERIOD_KM, z / _DETAIL_PERIOD_KM)
    if near:
        fine = sample_volume(volumes[1], x / _FINE_PERIOD_KM, height / _FINE_PERIOD_KM, z / _FINE_PERIOD_KM)
        frill = 0.62 * frill + 0.38 * fine
    carved = value - (1.15 - value) * 0.62 * (0.92 - frill) * (1.0 - 0.35 * layer.flatness)
    return min(max(carved * 1.25, 0.0), 1.0)


@njit(cache=True, inline="always")
def _depth_towards_sun(
    point: Vector, sun: Vector, layer: _Layer, coverage_map: Table, volumes: tuple[Volume, Volume]
) -> float:
    """Optical depth of the clouds from a point towards the sun, over the next kilometre."""
    depth, before = 0.0, 0.0
    for k in range(5):
        length = _LIGHT_STEPS_KM[k]
        ahead = before + 0.5 * length
        at = (point[0] + sun[0] * ahead, point[1] + sun[1] * ahead, point[2] + sun[2] * ahead)
        depth += _density(at, layer, coverage_map, volumes, (-1.0, False)) * length
        before += length
    return depth * layer.extinction


@njit(cache=True)
def _unevenness(view: Vector, distance: float, layer: _Layer, coverage_map: Table) -> float:
    """How much thicker than usual a closed deck is where a view meets it: the light and dark of its underside."""
    if layer.flatness <= 0.0:
        return 1.0
    x = (view[0] * distance + layer.east_km) / COVERAGE_PERIOD_KM
    z = (view[2] * distance + layer.south_km) / COVERAGE_PERIOD_KM
    broad = sample_map(coverage_map, x, z)
    small = sample_map(coverage_map, 3.0 * z + 0.37, 3.0 * x + 0.11) * (1.0 - _smooth(5.0, 25.0, distance))
    return math.exp(layer.flatness * layer.contrast * (1.1 * broad + 0.7 * small))


@njit(cache=True, inline="always")
def _march(
    view: Vector, sun: Vector, layer: _Layer, fields: tuple[Table, tuple[Volume, Volume]], light: _Light
) -> tuple[Color, float, float]:
    """Light that the layer sends along a view, the share that it lets through, and its mean distance."""
    coverage_map, volumes = fields
    mu = max(view[1], 1e-3)
    base_radius, top_radius = GROUND_KM + layer.base_km, GROUND_KM + layer.top_km
    below = EYE_KM * EYE_KM * (mu * mu - 1.0)
    start = -EYE_KM * mu + math.sqrt(below + base_radius * base_radius)
    end = -EYE_KM * mu + math.sqrt(below + top_radius * top_radius)
    if start > layer.reach_km:
        return (0.0, 0.0, 0.0), 1.0, start
    end = min(end, start + 22.0)
    # A gap keeps the sun's disc free where the sky is broken, so that sunshine on the ground looks right.
    towards_sun = view[0] * sun[0] + view[1] * sun[1] + view[2] * sun[2]
    gap = 0.5 * (1.0 - layer.flatness) * _smooth(0.84, 1.0, towards_sun)
    # One cloud overhead would be the whole upper half of a panorama.
    gap = max(gap, 0.34 * (1.0 - layer.flatness) * _smooth(0.35, 0.8, mu))
    length = max(0.045, 0.0055 * start, (end - start) / 64.0)
    through, red, green, blue, distance, weight = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    thickness = layer.top_km - layer.base_km
    overhead = layer.extinction * 0.45 * thickness * (0.35 + 0.65 * layer.flatness)
    overhead *= _unevenness(view, start, layer, coverage_map)
    t = start + 0.5 * length
    for _ in range(_MAX_STEPS):
        if t >= end or through < 0.01:
            break
        height = math.sqrt(EYE_KM * EYE_KM + 2.0 * EYE_KM * mu * t + t * t) - GROUND_KM
        point = (view[0] * t + layer.east_km, height, view[2] * t + layer.south_km)
        density = _density(point, layer, coverage_map, volumes, (gap, t < 14.0))
        if density > 0.004:
            depth = _depth_towards_sun(point, sun, layer, coverage_map, volumes)
            beam = light.phases[0] * math.exp(-depth) + 0.62 * light.phases[1] * math.exp(-0.32 * depth)
            beam = _BEAM_GAIN * (beam + 0.42 * light.phases[2] * math.exp(-0.09 * depth))
            share = (height - layer.base_km) / thickness
            # Two-stream transmission for an asymmetry of 0.85: what reaches this depth from above.
            floor = 0.42 + 0.22 * layer.flatness
            above = (floor + (1.0 - floor) * share) / (1.0 + 0.11 * overhead * (1.0 - share))
            under = 0.5 * (1.0 - share)
            passed = math.exp(-layer.extinction * density * length)
            gain = through * (1.0 - passed)
            red += gain * (beam * light.sunlight[0] + above * light.above[0] + under * light.below[0])
            green += gain * (beam * light.sunlight[1] + above * light.above[1] + under * light.below[1])
            blue += gain * (beam * light.sunlight[2] + above * light.above[2] + under * light.below[2])
            distance += gain * t
            weight += gain
            through *= passed
        t += length
    mean = distance / weight if weight > 0.0 else start
    fade = 1.0 - _smooth(0.45 * layer.reach_km, layer.reach_km, mean)
    return (red * fade, green * fade, blue * fade), 1.0 - (1.0 - through) * fade, mean


@njit(cache=True)
def _veil(view: Vector, sun: Vector, layer: _Layer, veil_map: Table, transmittance: Table) -> tuple[float, Color]:
    """How much of the sky the cirrus hides, and the sunlight that it sends (r, g, b)."""
    mu = max(view[1], 0.0)
    radius = GROUND_KM + _VEIL_HEIGHT_KM
    t = -EYE_KM * mu + math.sqrt(EYE_KM * EYE_KM * (mu * mu - 1.0) + radius * radius)
    x, z = view[0] * t + layer.east_km, view[2] * t + layer.south_km
    thick = layer.veil * sample_map(veil_map, x / VEIL_PERIOD_KM, z / VEIL_PERIOD_KM)
    alpha = (1.0 - math.exp(-thick / max(mu, 0.25))) * (1.0 - _smooth(60.0, 170.0, t))
    towards_sun = view[0] * sun[0] + view[1] * sun[1] + view[2] * sun[2]
    sunlight = sunlight_at(transmittance, radius, (EYE_KM * sun[1] + t * towards_sun) / radius)
    bright = (1.5 * henyey_greenstein(towards_sun, 0.55) + 0.07) * math.exp(-0.012 * min(t, 120.0))
    return alpha, (bright * sunlight[0], bright * sunlight[1], bright * sunlight[2])


@njit(cache=True)
def _light_along(
    view: Vector, sun: Vector, layer: _Layer, transmittance: Table, ambient: tuple[Color, Color]
) -> _Light:
    """What lights the clouds along a view."""
    towards_sun = view[0] * sun[0] + view[1] * sun[1] + view[2] * sun[2]
    t = min(0.5 * (layer.base_km + layer.top_km) / max(view[1], 0.02), layer.reach_km)
    at = GROUND_KM + 0.5 * (layer.base_km + layer.top_km)
    phases = (
        0.75 * henyey_greenstein(towards_sun, 0.80) + 0.25 * henyey_greenstein(towards_sun, -0.2),
        0.75 * henyey_greenstein(towards_sun, 0.48) + 0.25 * henyey_greenstein(towards_sun, -0.1),
        0.75 * henyey_greenstein(towards_sun, 0.25) + 0.25 * henyey_greenstein(towards_sun, 0.0),
    )
    sunlight = sunlight_at(transmittance, at, (EYE_KM * sun[1] + t * towards_sun) / at)
    # Under a closed deck a low sun is hidden by the rest of the deck, further away than the march looks.
    free = 1.0 - 0.88 * layer.flatness * (1.0 - _smooth(0.05, 0.4, sun[1]))
    sunlight = (sunlight[0] * free, sunlight[1] * free, sunlight[2] * free)
    return _Light(sunlight, phases, ambient[0], ambient[1])


@njit(cache=True)
def _lowered(sun: Vector, flatness: float) -> Vector:
    """The sun as clouds see it: a low one a little lower still, so that it also catches their undersides."""
    y = sun[1] - 0.10 * (1.0 - 0.8 * flatness) * (1.0 - _smooth(0.0, 0.25, sun[1]))
    norm = math.sqrt(sun[0] * sun[0] + y * y + sun[2] * sun[2])
    return sun[0] / norm, y / norm, sun[2] / norm


@njit(cache=True)
def _paint_row(
    directions: Table,
    numbers: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    tables: tuple[Table, Table],
    fields: tuple[tuple[Table, Table], tuple[Volume, Volume]],
    rows: tuple[Table, Table],
) -> None:
    """Fill one row of the sky and of the clouds' transmittance (``rows``)."""
    s, n, a = numbers
    sun = (s[0], s[1], s[2])
    layer = _Layer(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9])
    ambient, haze = ((a[0], a[1], a[2]), (a[3], a[4], a[5])), a[6]
    sky_table, transmittance = tables
    maps, volumes = fields
    sky, clear = rows
    sun_plan = max(math.hypot(sun[0], sun[2]), 1e-9)
    low_sun = _lowered(sun, layer.flatness)
    for column in range(len(directions)):
        x, y, z = float(directions[column, 0]), float(directions[column, 1]), float(directions[column, 2])
        view = (x, y, z)
        base = lookup_sky(sky_table, y, (x * sun[0] + z * sun[2]) / (max(math.hypot(x, z), 1e-9) * sun_plan))
        # A closed deck keeps the sun from the air below it.
        shade = 1.0 - 0.55 * layer.flatness
        base = (base[0] * shade, base[1] * shade, base[2] * shade)
        red, green, blue = base
        through = 1.0
        if layer.veil > 0.0 and y > 0.0:
            alpha, glow = _veil(view, sun, layer, maps[1], transmittance)
            red += alpha * (glow[0] + 0.2 * ambient[0][0] - 0.35 * red)
            green += alpha * (glow[1] + 0.2 * ambient[0][1] - 0.35 * green)
            blue += alpha * (glow[2] + 0.2 * ambient[0][2] - 0.35 * blue)
            through *= 1.0 - 0.7 * alpha
        if layer.coverage > -0.9 and y > 0.002:
            light = _light_along(view, sun, layer, transmittance, ambient)
            emitted, passed, distance = _march(view, low_sun, layer, (maps[0], volumes), light)
            if passed < 1.0:
                # Air in front of the cloud dims it and adds the share of the sky's light that lies before it.
                whole = lookup_transmittance(transmittance, EYE_KM, y)
                air_r = math.exp(-(0.0053 + 0.0026 * haze) * distance)
                air_g = math.exp(-(0.0123 + 0.0026 * haze) * distance)
                air_b = math.exp(-(0.0300 + 0.0026 * haze) * distance)
                hidden = 1.0 - passed
                red = red * passed + emitted[0] * air_r
                green = green * passed + emitted[1] * air_g
                blue = blue * passed + emitted[2] * air_b
                red += hidden * base[0] * min((1.0 - air_r) / (1.0 - whole[0] + 1e-6), 1.0)
                green += hidden * base[1] * min((1.0 - air_g) / (1.0 - whole[1] + 1e-6), 1.0)
                blue += hidden * base[2] * min((1.0 - air_b) / (1.0 - whole[2] + 1e-6), 1.0)
                through *= passed
        sky[column, 0], sky[column, 1], sky[column, 2] = max(red, 0.0), max(green, 0.0), max(blue, 0.0)
        clear[column] = through
