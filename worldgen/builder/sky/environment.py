"""The sky of a world: air, clouds, stars, moon and the light that they give."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.blurring import blur_periodic
from worldgen.builder.sky.atmosphere import (
    EYE_KM,
    Atmosphere,
    Color,
    Table,
    clear_sky_table,
    lookup_transmittance,
    make_atmosphere,
    sky_irradiance,
    sun_irradiance,
)
from worldgen.builder.sky.cloud_marching import CloudLight, paint_sky
from worldgen.builder.sky.clouds import make_clouds, overcast
from worldgen.builder.sky.directions import horizontal_irradiance, pixel_directions
from worldgen.builder.sky.fog import vertical_depth
from worldgen.builder.sky.night import paint_moon, paint_stars
from worldgen.builder.sky.sun import key_direction
from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.errors import InvalidInputError
from worldgen.scene.scene import Sky
from worldgen.spec.model import Biome, Weather, WorldSpec

_SUN_ABOVE_AIR = 12.5
"""Irradiance of the sun outside the atmosphere, so that a noon sun gives about 10 on the ground."""
_SUN_ANGULAR_RADIUS = 0.00465
_VEILED_ANGULAR_RADIUS = 0.035
"""Of the bright patch that thin cloud and fog make of the sun."""
_HIDDEN_ANGULAR_RADIUS = 0.3
_EXPECTED_IRRADIANCE = 2.2
"""Light on level ground below which the world is brightened, as eyes and cameras adapt."""
_ADAPTATION = 0.55
_LOW_SUN_GAIN, _LOW_SKY_LOSS = 0.6, 0.35
"""A low sun is strengthened and its sky held back, as a graduated filter does: both fit into one exposure."""
_LOW_SUN_HAZE = 0.9
"""Dust of the day in the evening air: it reddens a low sun and gilds the sky around it."""
_OVERCAST_GREY = 0.85
"""Share of its colour that the sky loses under a closed deck of clouds."""
_LOW_SKY_TINT = np.array([1.12, 1.0, 0.80])
_MOON_SCALE = 0.016
"""Moonlight relative to sunlight; the real one is 40 000 times weaker still."""
_MOON_TINT = np.array([0.72, 0.88, 1.22])
"""Night vision shifts towards blue (Purkinje)."""
_MOON_RADIANCE = 0.085

# Mean albedo of the land (r, g, b), for the light that it throws back at the sky's lower half.
_LAND_ALBEDO: dict[Biome, Color] = {
    "alpine": (0.14, 0.15, 0.12),
    "temperate_forest": (0.07, 0.09, 0.05),
    "meadow_hills": (0.10, 0.13, 0.06),
    "desert": (0.40, 0.31, 0.20),
    "canyon": (0.33, 0.19, 0.11),
    "coast": (0.17, 0.17, 0.14),
    "tundra": (0.16, 0.16, 0.13),
    "tropical": (0.10, 0.13, 0.08),
}


def build_sky(spec: WorldSpec, seed: int, *, height_px: int = 512) -> Sky:
    """The sky and the key light of a world.

    Args:
        spec: Its time of day, weather and biome.
        seed: The world's seed; moves the sun a little, the clouds and the stars.
        height_px: Rows of the environment; it has twice as many columns.

    Raises:
        InvalidInputError: The environment is smaller than 16 rows.
    """
    if height_px < 16:
        raise InvalidInputError(f"The sky needs at least 16 rows, not {height_px}.")
    weather = spec.weather
    night = spec.time_of_day == "night"
    sun = key_direction(spec.time_of_day, seed)
    low = _lowness(float(sun[1]))
    haze = 0.7 + 5.0 * min(weather.fog, 0.5) + _LOW_SUN_HAZE * low
    atmosphere = make_atmosphere(round(haze, 3))
    sky_table = clear_sky_table(atmosphere, float(sun[1]))
    beam = sun_irradiance(atmosphere, float(sun[1]))
    diffuse = sky_irradiance(sky_table)
    flux = beam * max(float(sun[1]), 0.0) + diffuse
    scale = _brightness(flux, night)

    above = _upper_directions(height_px)
    radiance, clear = paint_sky(
        above,
        sun,
        tables=(sky_table, atmosphere.transmittance),
        haze=atmosphere.haze,
        clouds=make_clouds(weather, seed),
        light=_light_on_clouds(weather, atmosphere, sun, diffuse, spec.biome),
    )
    radiance = (radiance * scale).astype(np.float32)
    beam_share = sunshine(weather)
    key = _broadened(beam) * beam_share * scale * (1.0 + _LOW_SUN_GAIN * low)
    environment = np.zeros((height_px, 2 * height_px, 3), np.float32)
    environment[: len(above)] = _greyed(_vivid(radiance, low), overcast(weather), low) * _graduated(low)
    albedo, sine = _land_albedo(spec), max(float(sun[1]), 0.0)
    _lay_ground(environment, albedo, key * sine)
    if night or spec.time_of_day == "dusk":
        environment = _with_night_sky(environment, clear, atmosphere, seed, sun, night=night)
    environment, fog_share = _with_fog(environment, weather, sun, key)
    key = key * fog_share
    softness = 1.0 - beam_share * fog_share
    return Sky(
        environment=environment,
        key_direction_in_world=sun,
        key_irradiance=(float(key[0]), float(key[1]), float(key[2])),
        key_angular_radius=_SUN_ANGULAR_RADIUS
        + (_VEILED_ANGULAR_RADIUS - _SUN_ANGULAR_RADIUS) * softness
        # A closed deck spreads the disc until nothing of it shows.
        + _HIDDEN_ANGULAR_RADIUS * softness**16,
        key_disc_in_environment=night,
    )


def _lowness(sun_elevation_sine: float) -> float:
    """1 for a sun on the horizon, 0 for one that is high or has set."""
    rising = min(max(1.0 - sun_elevation_sine / 0.3, 0.0), 1.0)
    return rising if sun_elevation_sine > 0.0 else 0.0


def _graduated(low: float) -> NDArray[np.float32]:
    """Factor (3,) on the sky of a low sun."""
    return ((1.0 - _LOW_SKY_LOSS * low) * (1.0 + (_LOW_SKY_TINT - 1.0) * low)).astype(np.float32)


def _vivid(radiance: Table, low: float) -> Table:
    """Deeper colours while the sun is low, which film and memory both give to sunsets."""
    amount = 0.45 * low
    if amount <= 0.0:
        return radiance
    grey = (radiance @ LUMINANCE_WEIGHTS)[..., None]
    # What is pure already stays as it is, or its weakest channel would vanish.
    paleness = radiance.min(axis=2, keepdims=True) / np.maximum(radiance.max(axis=2, keepdims=True), np.float32(1e-9))
    return np.maximum(grey + (radiance - grey) * (1.0 + amount * np.sqrt(paleness)), 0.0).astype(np.float32)


def _greyed(radiance: Table, closed: float, low: float) -> Table:
    """Paler colours under a closed deck, which mixes sun and sky many times over; a low sun still shows through."""
    amount = _OVERCAST_GREY * closed * (1.0 - 0.6 * low)
    if amount <= 0.0:
        return radiance
    grey = (radiance @ LUMINANCE_WEIGHTS)[..., None]
    return (radiance + np.float32(amount) * (grey - radiance)).astype(np.float32)


def _broadened(beam: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sunbeam (3,) with the paler colour that whole bands have where three wavelengths are too pure."""
    luminance = float(beam @ LUMINANCE_WEIGHTS)
    if luminance <= 0.0:
        return beam
    softer = beam**0.85
    result: NDArray[np.float64] = softer * (luminance / float(softer @ LUMINANCE_WEIGHTS))
    return result


def sunshine(weather: Weather) -> float:
    """Share of the sun's beam that clouds let through, falling steadily with cover and storm."""
    scattered = 1.0 - 0.22 * weather.cloud_cover
    closed = max(1.0 - overcast(weather), 0.0) ** 1.5 + 0.002
    return min(scattered * closed, 1.0) * (1.0 - 0.75 * weather.storm)


def _brightness(flux: NDArray[np.float64], night: bool) -> NDArray[np.float64]:
    """Factor (3,) from light relative to the sun above the air to the scene's units."""
    if night:
        return _SUN_ABOVE_AIR * _MOON_SCALE * _MOON_TINT
    level = float(flux @ LUMINANCE_WEIGHTS) * _SUN_ABOVE_AIR
    adaptation = max(1.0, (_EXPECTED_IRRADIANCE / max(level, 1e-6)) ** _ADAPTATION)
    return np.full(3, _SUN_ABOVE_AIR * adaptation)


def _upper_directions(height: int) -> Table:
    return pixel_directions(height)[: (height + 1) // 2]


def _light_on_clouds(
    weather: Weather, atmosphere: Atmosphere, sun: NDArray[np.float64], diffuse: NDArray[np.float64], biome: Biome
) -> CloudLight:
    beam = sun_irradiance(atmosphere, float(sun[1]), height_km=2.0)
    flux = beam * max(float(sun[1]), 0.05 if sun[1] > -0.02 else 0.0) + diffuse
    ground = flux * (1.0 - 0.7 * overcast(weather)) * np.array(_LAND_ALBEDO[biome])
    above, below = flux / math.pi, ground / math.pi
    return CloudLight(
        above=(float(above[0]), float(above[1]), float(above[2])),
        below=(float(below[0]), float(below[1]), float(below[2])),
    )


def _with_night_sky(
    environment: Table, clear: Table, atmosphere: Atmosphere, seed: int, moon: NDArray[np.float64], *, night: bool
) -> Table:
    """Stars behind the air and the clouds, and by night the moon before them."""
    height = len(environment)
    through = np.zeros((height, 2 * height), np.float32)
    through[: len(clear)] = clear
    stars = paint_stars(seed, height)
    elevation_sines = pixel_directions(height)[: len(clear), 0, 1]
    air = np.zeros((height, 1, 3), np.float32)
    for row, sine in enumerate(elevation_sines):
        air[row, 0] = lookup_transmittance(atmosphere.transmittance, EYE_KM, max(float(sine), 0.0))
    strength = 1.0 if night else 0.35
    result: Table = environment + stars * air * (strength * through[..., None])
    if night:
        result = paint_moon(result, moon, seed, radiance=_MOON_RADIANCE, clear=through)
    return result.astype(np.float32)


def _with_fog(
    environment: Table, weather: Weather, sun: NDArray[np.float64], key: NDArray[np.float64]
) -> tuple[Table, float]:
    """The sky seen from within the fog, and the share of the key light that still arrives as a beam."""
    depth = vertical_depth(weather)
    if depth <= 0.0:
        return environment, 1.0
    height = len(environment)
    directions = pixel_directions(height)
    # A fog bank is a flat layer; towards the horizon the path through it ends at about ten scale heights.
    path = depth / np.maximum(directions[..., 1], 0.1)
    beam_share = math.exp(-0.45 * depth / max(float(sun[1]), 0.12))
    flux = horizontal_irradiance(environment) + key * max(float(sun[1]), 0.0)
    glow = _forward_glow(directions @ sun.astype(np.float32))
    # Thick fog throws part of the light back up (two-stream solution, asymmetry 0.85).
    fog = (flux / (math.pi * (1.15 + 0.08 * depth))).astype(np.float32) * np.ones((height, 1, 1), np.float32)
    fog = fog + (key * (1.0 - beam_share)).astype(np.float32) * glow[..., None]
    hidden = (1.0 - np.exp(-path))[..., None].astype(np.float32)
    return (environment * (1.0 - hidden) + fog * hidden).astype(np.float32), beam_share


def _forward_glow(cosine: Table) -> Table:
    """Brightness around the sun in fog, per unit irradiance."""
    g = 0.72
    base = 1.0 + g * g - 2.0 * g * np.clip(cosine, -1.0, 1.0)
    result: Table = ((1.0 - g * g) / (4.0 * math.pi * base * np.sqrt(base)) * 0.35).astype(np.float32)
    return result


def _land_albedo(spec: WorldSpec) -> NDArray[np.float64]:
    bare = np.array(_LAND_ALBEDO[spec.biome])
    return bare + (np.array([0.78, 0.80, 0.83]) - bare) * spec.weather.snow_cover


def _lay_ground(environment: Table, albedo: NDArray[np.float64], key_flux: NDArray[np.float64]) -> None:
    """Fill the lower half: the horizon's own colour, sinking into the light that the land throws back."""
    height = len(environment)
    first = (height + 1) // 2
    ground = ((horizontal_irradiance(environment) + key_flux) * albedo / math.pi).astype(np.float32)
    rim = environment[first - 1]
    # Further down the rim's clouds would run into stripes: fade to a smooth version of it.
    smooth = blur_periodic(rim, height * 3.0 / 180.0, axes=(0,))
    angles = ((np.arange(first, height) + 0.5) / height - 0.5) * math.pi
    blur = (1.0 - np.exp(-np.sin(angles) * 60.0)).astype(np.float32)[:, None, None]
    share = (1.0 - np.exp(-np.sin(angles) * 9.0)).astype(np.float32)[:, None, None]
    horizon = rim * (1.0 - blur) + smooth * blur
    environment[first:] = horizon * (1.0 - share) + ground * share
