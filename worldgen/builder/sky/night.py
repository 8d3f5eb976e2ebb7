"""Stars, the Milky Way and the moon."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.sky.cloud_noise import Volume, cloud_volumes, sample_volume
from worldgen.builder.sky.directions import pixel_directions
from worldgen.randomness import rng

NUM_STARS = 4_600
"""Stars on the whole sphere that the unaided eye sees under a dark sky, down to magnitude 6.2."""
NUM_BAND_STARS = 6_000
"""Fainter stars that make the Milky Way look grainy."""
FAINTEST_MAGNITUDE = 6.2
MOON_ANGULAR_RADIUS = math.radians(1.3)
"""Larger than the real one (0.26 degrees), as it looks to the eye and so that its face can be seen."""
_COUNT_SLOPE = 0.50
"""log10 of the number of stars per magnitude (0.6 for an endless even universe, less in ours)."""


def star_field(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The stars of a world.

    Returns:
        Unit directions (N, 3) on the whole sphere, magnitudes (N,) and colours (N, 3) of luminance about 1; the
        first ``NUM_STARS`` are the ones that the eye sees singly.
    """
    generator = rng(seed, "sky/stars")
    even = generator.standard_normal((NUM_STARS, 3))
    even /= np.linalg.norm(even, axis=1, keepdims=True)
    pole = galactic_pole(seed)
    band = generator.standard_normal((NUM_BAND_STARS, 3))
    band /= np.linalg.norm(band, axis=1, keepdims=True)
    # Flatten the swarm towards the galactic plane.
    band -= 0.86 * (band @ pole)[:, None] * pole
    band /= np.linalg.norm(band, axis=1, keepdims=True)
    share = np.maximum(generator.random(NUM_STARS), 1e-4)
    magnitudes = np.maximum(FAINTEST_MAGNITUDE + np.log10(share) / _COUNT_SLOPE, -1.5)
    faint = FAINTEST_MAGNITUDE + 1.2 * generator.random(NUM_BAND_STARS)
    temperatures = 3400.0 + 8500.0 * generator.random(NUM_STARS + NUM_BAND_STARS) ** 1.6
    return np.vstack([even, band]), np.concatenate([magnitudes, faint]), _star_colors(temperatures)


def galactic_pole(seed: int) -> NDArray[np.float64]:
    """Unit normal (3,) of the Milky Way's plane, placed so that the band rises through the hero view."""
    generator = rng(seed, "sky/galaxy")
    azimuth = generator.uniform(0.25, 0.75) * math.pi * (1.0 if generator.random() < 0.5 else -1.0)
    elevation = math.radians(generator.uniform(18.0, 40.0))
    level = math.cos(elevation)
    return np.array([level * math.sin(azimuth), math.sin(elevation), -level * math.cos(azimuth)])


def _star_colors(temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear colours (N, 3) of black bodies, by a fit to the ratio of Planck's law at 610, 550 and 465 nm."""
    wavelengths = np.array([610e-9, 550e-9, 465e-9])
    radiance = wavelengths**-5.0 / (np.exp(1.4388e-2 / (wavelengths * temperatures[:, None])) - 1.0)
    white = wavelengths**-5.0 / (np.exp(1.4388e-2 / (wavelengths * 6500.0)) - 1.0)
    colors = radiance / white
    result: NDArray[np.float64] = colors / (colors @ np.array([0.2126, 0.7152, 0.0722]))[:, None]
    return result


def paint_stars(seed: int, height: int) -> NDArray[np.float32]:
    """Radiance (H, 2H, 3) of the stars and the Milky Way in a clear sky; a star of magnitude 0 sheds 2.4e-5."""
    directions, magnitudes, colors = star_field(seed)
    fluxes = 2.4e-5 * 10.0 ** (-0.30 * magnitudes)
    sky = np.zeros((height, 2 * height, 3), np.float32)
    base, detail = cloud_volumes()
    pole = galactic_pole(seed)
    centre = np.cross(pole, np.array([0.0, 1.0, 0.0]))
    centre /= np.linalg.norm(centre)
    _paint_band(sky, pixel_directions(height), pole, centre, (base, detail))
    sigma = max(math.radians(0.09), 0.55 * math.pi / height)
    _splat_stars(sky, directions, fluxes, colors, sigma)
    return sky


@njit(cache=True)
def _paint_band(
    sky: NDArray[np.float32],
    directions: NDArray[np.float32],
    pole: NDArray[np.float64],
    centre: NDArray[np.float64],
    volumes: tuple[Volume, Volume],
) -> None:
    rows = sky.shape[0] // 2
    for row in range(rows):
        for column in range(sky.shape[1]):
            x, y, z = directions[row, column]
            latitude = x * pole[0] + y * pole[1] + z * pole[2]
            along = x * centre[0] + y * centre[1] + z * centre[2]
            if abs(latitude) > 0.75:
                continue
            puffs = sample_volume(volumes[0], 0.30 * x + 0.1, 0.30 * y, 0.30 * z) - 0.63
            knots = sample_volume(volumes[1], 0.9 * x, 0.9 * y + 0.3, 0.9 * z) - 0.47
            fine = sample_volume(volumes[0], 1.1 * x, 1.1 * y, 1.1 * z + 0.4) - 0.63
            bent = latitude + 0.16 * puffs
            width = 0.14 + 0.07 * max(along, 0.0)
            glow = math.exp(-(bent * bent) / (2.0 * width * width)) * (0.45 + 0.55 * max(along, 0.0))
            glow *= max(0.55 + 1.3 * puffs + 0.8 * knots + 1.0 * fine, 0.05)
            # Dust along the middle, ragged.
            dust_at = (latitude + 0.22 * puffs + 0.14 * knots + 0.10 * fine) / 0.05
            glow *= 1.0 - 0.75 * math.exp(-dust_at * dust_at)
            warm = max(along, 0.0) * math.exp(-(bent * bent) / 0.02)
            sky[row, column, 0] += np.float32(0.016 * glow * (0.92 + 0.22 * warm))
            sky[row, column, 1] += np.float32(0.016 * glow * 0.98)
            sky[row, column, 2] += np.float32(0.016 * glow * (1.12 - 0.18 * warm))


@njit(cache=True)
def _splat_stars(
    sky: NDArray[np.float32],
    directions: NDArray[np.float64],
    fluxes: NDArray[np.float64],
    colors: NDArray[np.float64],
    sigma: float,
) -> None:
    """Add each star as a small Gaussian in solid angle, so that its light does not depend on the resolution."""
    height, width = sky.shape[0], sky.shape[1]
    pixel = math.pi / height
    for star in range(len(directions)):
        x, y, z = directions[star]
        if y < 0.0:
            continue
        elevation, azimuth = math.asin(min(max(y, -1.0), 1.0)), math.atan2(x, -z)
        row_centre = (0.5 - elevation / math.pi) * height - 0.5
        column_centre = (azimuth / math.pi + 1.0) * height - 0.5
        reach = 3.2 * sigma / pixel
        # Columns crowd together towards the zenith.
        across = min(reach / max(math.cos(elevation), 0.02), 0.5 * width - 1.0)
        peak = fluxes[star] / (2.0 * math.pi * sigma * sigma)
        for row in range(max(math.ceil(row_centre - reach), 0), min(math.floor(row_centre + reach), height - 1) + 1):
            pixel_elevation = (0.5 - (row + 0.5) / height) * math.pi
            sine, cosine = math.sin(pixel_elevation), math.cos(pixel_elevation)
            for step in range(math.ceil(column_centre - across), math.floor(column_centre + across) + 1):
                pixel_azimuth = ((step + 0.5) / height - 1.0) * math.pi
                dx = cosine * math.sin(pixel_azimuth) - x
                dy = sine - y
                dz = -cosine * math.cos(pixel_azimuth) - z
                squared = dx * dx + dy * dy + dz * dz
                value = peak * math.exp(-squared / (2.0 * sigma * sigma))
                if squared > (3.2 * sigma) ** 2:
                    continue
                column = step % width
                for k in range(3):
                    sky[row, column, k] += np.float32(value * colors[star, k])


def paint_moon(
    sky: NDArray[np.float32], direction: NDArray[np.float64], seed: int, *, radiance: float, clear: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A sky with the moon's disc painted over it.

    Args:
        sky: (H, 2H, 3) float32; stays as it is.
        direction: (3,) unit, towards the moon.
        seed: The world's; decides the phase.
        radiance: Of a sunlit highland.
        clear: (H, 2H) float32, what the clouds let through.
    """
    generator = rng(seed, "sky/moon")
    # Gibbous, lit from one side: the angle between the sun and the viewer seen from the moon.
    phase = math.radians(generator.uniform(25.0, 60.0)) * (1.0 if generator.random() < 0.5 else -1.0)
    tilt = math.radians(generator.uniform(-25.0, 25.0))
    base, _ = cloud_volumes()
    right = np.cross(direction, np.array([0.0, 1.0, 0.0]))
    right /= np.linalg.norm(right)
    up = np.cross(right, direction)
    light = -math.cos(phase) * direction + math.sin(phase) * (math.cos(tilt) * right + math.sin(tilt) * up)
    result = sky.copy()
    _paint_moon(result, pixel_directions(len(sky)), clear, np.stack([right, up, direction, light]), (radiance, base))
    return result


@njit(cache=True)
def _paint_moon(
    sky: NDArray[np.float32],
    directions: NDArray[np.float32],
    clear: NDArray[np.float32],
    frame: NDArray[np.float64],
    look: tuple[float, Volume],
) -> None:
    radiance, volume = look
    pixel = math.pi / sky.shape[0]
    rim = math.cos(MOON_ANGULAR_RADIUS + 2.0 * pixel)
    for row in range(sky.shape[0] // 2):
        for column in range(sky.shape[1]):
            x, y, z = directions[row, column]
            cosine = x * frame[2, 0] + y * frame[2, 1] + z * frame[2, 2]
            if cosine < rim:
                continue
            a = (x * frame[0, 0] + y * frame[0, 1] + z * frame[0, 2]) / MOON_ANGULAR_RADIUS
            b = (x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2]) / MOON_ANGULAR_RADIUS
            distance = math.sqrt(a * a + b * b)
            cover = min(max((1.0 - distance) * MOON_ANGULAR_RADIUS / pixel + 0.5, 0.0), 1.0)
            if cover <= 0.0:
                continue
            depth = math.sqrt(max(1.0 - a * a - b * b, 0.0))
            lit = 0.0
            for k in range(3):
                normal = a * frame[0, k] + b * frame[1, k] - depth * frame[2, k]
                lit += normal * frame[3, k]
            # The moon's dust sends light back where it came from, so its disc is flat and only its edge of night fades.
            bright = math.sqrt(min(max(lit, 0.0) * 1.6, 1.0))
            maria = sample_volume(volume, 0.17 * a + 0.31, 0.17 * b + 0.12, 0.17 * depth)
            fine = sample_volume(volume, 0.75 * a, 0.75 * b + 0.4, 0.75 * depth + 0.2) - 0.63
            dark = min(max((maria + 0.25 * fine - 0.58) / 0.16, 0.0), 1.0)
            albedo = 1.0 - 0.48 * dark + 0.35 * fine
            value = cover * clear[row, column] * radiance * max(bright * albedo, 0.012)
            keep = 1.0 - 0.9 * cover * clear[row, column]
            sky[row, column, 0] = np.float32(sky[row, column, 0] * keep + value * 1.02)
            sky[row, column, 1] = np.float32(sky[row, column, 1] * keep + value * 0.99)
            sky[row, column, 2] = np.float32(sky[row, column, 2] * keep + value * 0.93)
