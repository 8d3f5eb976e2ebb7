"""Light in clear air: transmittance, multiple scattering and the radiance of a cloudless sky.

Single scattering by air and aerosol with ozone absorption is marched along each ray (Nishita et al., "Display of
the Earth Taking into Account Atmospheric Scattering", 1993). The transmittance table is laid out after Bruneton and
Neyret, "Precomputed Atmospheric Scattering" (2008); higher orders of scattering come from the isotropic series of
Hillaire, "A Scalable and Production Ready Sky and Atmosphere Rendering Technique" (2020).

Distances here are kilometres and light is relative to the irradiance at the top of the atmosphere, which is white.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Color = tuple[float, float, float]
Vector = tuple[float, float, float]
Table = NDArray[np.float32]

GROUND_KM = 6360.0
TOP_KM = 6460.0
EYE_KM = GROUND_KM + 0.2
"""Radius at which the observer stands."""

# Coefficients per kilometre at sea level for 680, 550 and 440 nm, which stand for red, green and blue.
_RAYLEIGH = (5.802e-3, 13.558e-3, 33.1e-3)
_RAYLEIGH_SCALE_KM = 8.0
_MIE_SCATTERING = 3.996e-3
_MIE_EXTINCTION = 4.44e-3
_MIE_SCALE_KM = 1.2
_MIE_G = 0.78
_OZONE = (0.78e-3, 2.26e-3, 0.10e-3)
"""A fifth more than the usual column, which keeps the twilight zenith blue with only three wavelengths."""
_OZONE_CENTRE_KM = 25.0
_OZONE_HALF_WIDTH_KM = 15.0

_TRANSMITTANCE_SHAPE = (48, 192)
_MULTIPLE_SHAPE = (12, 40)
_GROUND_ALBEDO = 0.25
_VIEW_STEPS = 32
_SKY_GAIN = 1.7
"""Three wavelengths give a clear sky that is too dark beside the sun; measured ones shed about 15 % of the light."""
_SKY_SHAPE = (112, 80)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Atmosphere:
    """Tables of an atmosphere with a given amount of aerosol.

    transmittance  (R, M, 3) float32  from a point to the top of the atmosphere, by radius and zenith angle
    multiple       (R, S, 3) float32  radiance scattered twice or more, per unit irradiance, by radius and sun angle
    """

    haze: float
    transmittance: Table
    multiple: Table


@functools.lru_cache(maxsize=8)
def make_atmosphere(haze: float) -> Atmosphere:
    """Tables for an atmosphere with ``haze`` times the usual aerosol."""
    transmittance = _transmittance_table(haze)
    return Atmosphere(haze=haze, transmittance=transmittance, multiple=_multiple_scattering_table(haze, transmittance))


@njit(cache=True)
def _densities(radius: float) -> tuple[float, float, float]:
    """Relative density of air, aerosol and ozone."""
    height = max(radius - GROUND_KM, 0.0)
    ozone = max(0.0, 1.0 - abs(height - _OZONE_CENTRE_KM) / _OZONE_HALF_WIDTH_KM)
    return math.exp(-height / _RAYLEIGH_SCALE_KM), math.exp(-height / _MIE_SCALE_KM), ozone


@njit(cache=True)
def _distance_to_top(radius: float, mu: float) -> float:
    return -radius * mu + math.sqrt(max(radius * radius * (mu * mu - 1.0) + TOP_KM * TOP_KM, 0.0))


@njit(cache=True)
def _transmittance_table(haze: float) -> Table:
    num_radii, num_angles = _TRANSMITTANCE_SHAPE
    table = np.zeros((num_radii, num_angles, 3), np.float32)
    reach = math.sqrt(TOP_KM * TOP_KM - GROUND_KM * GROUND_KM)
    for i in range(num_radii):
        rho = reach * i / (num_radii - 1)
        radius = math.sqrt(rho * rho + GROUND_KM * GROUND_KM)
        shortest, longest = TOP_KM - radius, rho + reach
        for j in range(num_angles):
            distance = shortest + (longest - shortest) * j / (num_angles - 1)
            mu = 1.0
            if distance > 0.0:
                mu = (reach * reach - rho * rho - distance * distance) / (2.0 * radius * distance)
            mu = min(max(mu, -1.0), 1.0)
            air, aerosol, ozone = 0.0, 0.0, 0.0
            steps = 60
            before = 0.0
            for step in range(steps):
                # Denser steps near the start, where a grazing ray is lowest.
                share = (step + 1.0) / steps
                after = distance * share * share
                middle = 0.5 * (before + after)
                at = math.sqrt(middle * middle + 2.0 * radius * mu * middle + radius * radius)
                density = _densities(at)
                air += density[0] * (after - before)
                aerosol += density[1] * (after - before)
                ozone += density[2] * (after - before)
                before = after
            for k in range(3):
                depth = air * _RAYLEIGH[k] + aerosol * _MIE_EXTINCTION * haze + ozone * _OZONE[k]
                table[i, j, k] = math.exp(-depth)
    return table


@njit(cache=True)
def lookup_transmittance(table: Table, radius: float, mu: float) -> Color:
    """Transmittance (r, g, b) from a point to the top of the atmosphere, the ground left out.

    Args:
        table: ``Atmosphere.transmittance``.
        radius: Distance of the point from the planet's centre.
        mu: Cosine of the zenith angle; below the horizon the horizon's value is returned.
    """
    reach = math.sqrt(TOP_KM * TOP_KM - GROUND_KM * GROUND_KM)
    radius = min(max(radius, GROUND_KM), TOP_KM)
    rho = math.sqrt(max(radius * radius - GROUND_KM * GROUND_KM, 0.0))
    mu = max(mu, -rho / radius)
    distance = _distance_to_top(radius, mu)
    shortest, longest = TOP_KM - radius, rho + reach
    x = (distance - shortest) / max(longest - shortest, 1e-9) * (table.shape[1] - 1)
    y = rho / reach * (table.shape[0] - 1)
    x = min(max(x, 0.0), table.shape[1] - 1.001)
    y = min(max(y, 0.0), table.shape[0] - 1.001)
    j, i = int(x), int(y)
    fx, fy = x - j, y - i
    a, b, c, d = (1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy
    return (
        a * table[i, j, 0] + b * table[i, j + 1, 0] + c * table[i + 1, j, 0] + d * table[i + 1, j + 1, 0],
        a * table[i, j, 1] + b * table[i, j + 1, 1] + c * table[i + 1, j, 1] + d * table[i + 1, j + 1, 1],
        a * table[i, j, 2] + b * table[i, j + 1, 2] + c * table[i + 1, j, 2] + d * table[i + 1, j + 1, 2],
    )


@njit(cache=True)
def visible_sun(radius: float, mu: float) -> float:
    """Share of the sun above the planet's rim, softened a little so that the earth's shadow has no hard edge."""
    sine = min(GROUND_KM / radius, 1.0)
    horizon = -math.sqrt(max(1.0 - sine * sine, 0.0))
    t = min(max((mu - horizon + 0.006) / 0.012, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@njit(cache=True)
def sunlight_at(table: Table, radius: float, mu: float) -> Color:
    """Irradiance (r, g, b) on a surface that faces the sun, relative to the top of the atmosphere."""
    visible = visible_sun(radius, mu)
    if visible <= 0.0:
        return 0.0, 0.0, 0.0
    clear = lookup_transmittance(table, radius, mu)
    return clear[0] * visible, clear[1] * visible, clear[2] * visible


@njit(cache=True)
def _multiple_scattering_table(haze: float, transmittance: Table) -> Table:
    num_radii, num_angles = _MULTIPLE_SHAPE
    table = np.zeros((num_radii, num_angles, 3), np.float32)
    num_directions, steps = 48, 16
    golden = math.pi * (3.0 - math.sqrt(5.0))
    for i in range(num_radii):
        share = i / (num_radii - 1)
        radius = GROUND_KM + 0.01 + (TOP_KM - GROUND_KM - 0.02) * share * share
        for j in range(num_angles):
            x = 2.0 * j / (num_angles - 1) - 1.0
            sun_mu = x * abs(x)
            sun_sine = math.sqrt(max(1.0 - sun_mu * sun_mu, 0.0))
            second = np.zeros(3)
            transfer = np.zeros(3)
            for direction in range(num_directions):
                mu = 1.0 - (2.0 * direction + 1.0) / num_directions
                sine = math.sqrt(1.0 - mu * mu)
                towards_sun = sine * math.cos(golden * direction) * sun_sine + mu * sun_mu
                discriminant = radius * radius * (mu * mu - 1.0) + GROUND_KM * GROUND_KM
                hits = mu < 0.0 and discriminant > 0.0
                distance = -radius * mu - math.sqrt(discriminant) if hits else _distance_to_top(radius, mu)
                clear = np.ones(3)
                for step in range(steps):
                    start, end = distance * (step / steps) ** 2, distance * ((step + 1.0) / steps) ** 2
                    middle, length = 0.5 * (start + end), end - start
                    at = math.sqrt(middle * middle + 2.0 * radius * mu * middle + radius * radius)
                    mu_at = (radius * sun_mu + middle * towards_sun) / at
                    sun = sunlight_at(transmittance, at, mu_at)
                    density = _densities(at)
                    for k in range(3):
                        scattering = density[0] * _RAYLEIGH[k] + density[1] * _MIE_SCATTERING * haze
                        extinction = (
                            density[0] * _RAYLEIGH[k] + density[1] * _MIE_EXTINCTION * haze + density[2] * _OZONE[k]
                        )
                        passed = math.exp(-extinction * length)
                        gathered = clear[k] * scattering * (1.0 - passed) / max(extinction, 1e-12)
                        second[k] += gathered * sun[k] / (4.0 * math.pi)
                        transfer[k] += gathered
                        clear[k] *= passed
                if hits:
                    mu_ground = (radius * sun_mu + distance * towards_sun) / GROUND_KM
                    sun = sunlight_at(transmittance, GROUND_KM, mu_ground)
                    for k in range(3):
                        second[k] += clear[k] * sun[k] * max(mu_ground, 0.0) * _GROUND_ALBEDO / math.pi
            for k in range(3):
                # The mean over directions stands for the integral times the isotropic phase function.
                table[i, j, k] = second[k] / num_directions / (1.0 - transfer[k] / num_directions)
    return table


@njit(cache=True)
def _lookup_multiple(table: Table, radius: float, sun_mu: float) -> Color:
    share = math.sqrt(min(max((radius - GROUND_KM - 0.01) / (TOP_KM - GROUND_KM - 0.02), 0.0), 1.0))
    y = min(share * (table.shape[0] - 1), table.shape[0] - 1.001)
    root = math.sqrt(abs(sun_mu))
    x = (0.5 + 0.5 * (root if sun_mu >= 0.0 else -root)) * (table.shape[1] - 1)
    x = min(max(x, 0.0), table.shape[1] - 1.001)
    i, j = int(y), int(x)
    fx, fy = x - j, y - i
    a, b, c, d = (1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy
    return (
        a * table[i, j, 0] + b * table[i, j + 1, 0] + c * table[i + 1, j, 0] + d * table[i + 1, j + 1, 0],
        a * table[i, j, 1] + b * table[i, j + 1, 1] + c * table[i + 1, j, 1] + d * table[i + 1, j + 1, 1],
        a * table[i, j, 2] + b * table[i, j + 1, 2] + c * table[i + 1, j, 2] + d * table[i + 1, j + 1, 2],
    )


@njit(cache=True)
def henyey_greenstein(cosine: float, g: float) -> float:
    """Phase function of Henyey and Greenstein (1941), per steradian."""
    base = 1.0 + g * g - 2.0 * g * cosine
    return (1.0 - g * g) / (4.0 * math.pi * base * math.sqrt(base))


@njit(cache=True)
def sky_radiance(tables: tuple[Table, Table], haze: float, mu: float, towards_sun: float, sun_mu: float) -> Color:
    """Radiance (r, g, b) of the cloudless sky for an observer near the ground, marched along the view.

    Args:
        tables: ``Atmosphere.transmittance`` and ``Atmosphere.multiple``.
        haze: ``Atmosphere.haze``.
        mu: Sine of the view's elevation; clamped to just above the horizon.
        towards_sun: Cosine of the angle between the view and the sun.
        sun_mu: Sine of the sun's elevation.
    """
    transmittance, multiple = tables
    mu = max(mu, 0.0)
    radius = EYE_KM
    distance = _distance_to_top(radius, mu)
    rayleigh_phase = 3.0 / (16.0 * math.pi) * (1.0 + towards_sun * towards_sun)
    mie_phase = henyey_greenstein(towards_sun, _MIE_G)
    red, green, blue = 0.0, 0.0, 0.0
    depth_r, depth_g, depth_b = 0.0, 0.0, 0.0
    for step in range(_VIEW_STEPS):
        low, high = step / _VIEW_STEPS, (step + 1.0) / _VIEW_STEPS
        start, end = distance * low * low, distance * high * high
        middle, length = 0.5 * (start + end), end - start
        at = math.sqrt(middle * middle + 2.0 * radius * mu * middle + radius * radius)
        mu_at = (radius * sun_mu + middle * towards_sun) / at
        sun = sunlight_at(transmittance, at, mu_at)
        many = _lookup_multiple(multiple, at, mu_at)
        air, aerosol, ozone = _densities(at)
        mie = aerosol * _MIE_SCATTERING * haze
        loss = aerosol * _MIE_EXTINCTION * haze
        r, g, b = air * _RAYLEIGH[0], air * _RAYLEIGH[1], air * _RAYLEIGH[2]
        step_r = (r + loss + ozone * _OZONE[0]) * length
        step_g = (g + loss + ozone * _OZONE[1]) * length
        step_b = (b + loss + ozone * _OZONE[2]) * length
        source_r = sun[0] * (r * rayleigh_phase + mie * mie_phase) + many[0] * (r + mie)
        source_g = sun[1] * (g * rayleigh_phase + mie * mie_phase) + many[1] * (g + mie)
        source_b = sun[2] * (b * rayleigh_phase + mie * mie_phase) + many[2] * (b + mie)
        red += math.exp(-depth_r - 0.5 * step_r) * source_r * length
        green += math.exp(-depth_g - 0.5 * step_g) * source_g * length
        blue += math.exp(-depth_b - 0.5 * step_b) * source_b * length
        depth_r += step_r
        depth_g += step_g
        depth_b += step_b
    # Three wavelengths make twilight too magenta; a spectrum would fill in part of the green.
    green += 0.5 * max(min(red, blue) - green, 0.0)
    return _SKY_GAIN * red, _SKY_GAIN * green, _SKY_GAIN * blue


@njit(cache=True, parallel=True)
def _sky_table(tables: tuple[Table, Table], haze: float, sun_mu: float) -> Table:
    num_elevations, num_azimuths = _SKY_SHAPE
    table = np.zeros((num_elevations, num_azimuths, 3), np.float32)
    sun_sine = math.sqrt(max(1.0 - sun_mu * sun_mu, 0.0))
    for i in prange(num_elevations):
        share = i / (num_elevations - 1)
        elevation = 0.5 * math.pi * share * share
        mu, sine = math.sin(elevation), math.cos(elevation)
        for j in range(num_azimuths):
            away = j / (num_azimuths - 1)
            azimuth = math.pi * away * away
            towards_sun = sine * sun_sine * math.cos(azimuth) + mu * sun_mu
            value = sky_radiance(tables, haze, mu, min(max(towards_sun, -1.0), 1.0), sun_mu)
            for k in range(3):
                table[i, j, k] = value[k]
    return table


@njit(cache=True)
def lookup_sky(table: Table, mu: float, cosine_of_azimuth: float) -> Color:
    """Radiance (r, g, b) of the cloudless sky.

    Args:
        table: What ``clear_sky_table`` gave.
        mu: Sine of the view's elevation; below the horizon its rim is returned.
        cosine_of_azimuth: Cosine of the angle between view and sun on the ground plan.
    """
    share = math.sqrt(math.asin(min(max(mu, 0.0), 1.0)) * (2.0 / math.pi))
    y = min(share * (table.shape[0] - 1), table.shape[0] - 1.001)
    away = math.sqrt(math.acos(min(max(cosine_of_azimuth, -1.0), 1.0)) / math.pi)
    x = min(away * (table.shape[1] - 1), table.shape[1] - 1.001)
    i, j = int(y), int(x)
    fx, fy = x - j, y - i
    a, b, c, d = (1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy
    return (
        a * table[i, j, 0] + b * table[i, j + 1, 0] + c * table[i + 1, j, 0] + d * table[i + 1, j + 1, 0],
        a * table[i, j, 1] + b * table[i, j + 1, 1] + c * table[i + 1, j, 1] + d * table[i + 1, j + 1, 1],
        a * table[i, j, 2] + b * table[i, j + 1, 2] + c * table[i + 1, j, 2] + d * table[i + 1, j + 1, 2],
    )


def clear_sky_table(atmosphere: Atmosphere, sun_elevation_sine: float) -> Table:
    """Radiance of the cloudless sky by elevation and azimuth from the sun, for ``lookup_sky``.

    Rows and columns lie denser towards the horizon and towards the sun, where the sky changes fastest.
    """
    tables = (atmosphere.transmittance, atmosphere.multiple)
    return np.asarray(_sky_table(tables, atmosphere.haze, sun_elevation_sine), np.float32)


def sky_irradiance(table: Table) -> NDArray[np.float64]:
    """Irradiance (3,) on level ground from the cloudless sky of ``clear_sky_table``."""
    num_elevations, num_azimuths = table.shape[:2]
    elevations = 0.5 * math.pi * np.linspace(0.0, 1.0, num_elevations) ** 2
    azimuths = math.pi * np.linspace(0.0, 1.0, num_azimuths) ** 2
    around = 2.0 * np.trapezoid(table.astype(np.float64), azimuths, axis=1)
    weights = np.sin(elevations) * np.cos(elevations)
    return np.asarray(np.trapezoid(around * weights[:, None], elevations, axis=0), np.float64)


def sun_irradiance(
    atmosphere: Atmosphere, sun_elevation_sine: float, *, height_km: float = EYE_KM - GROUND_KM
) -> NDArray[np.float64]:
    """Irradiance (3,) on a surface that faces the sun, relative to the top of the atmosphere."""
    return np.array(sunlight_at(atmosphere.transmittance, GROUND_KM + height_km, sun_elevation_sine))
