"""Air between the eye and things: exponential height fog in closed form, and the light that it scatters."""

from __future__ import annotations

import functools
import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.equirectangular import row_solid_angles
from worldgen.scene.scene import Fog, Sky

SKY_PATH_M = 30_000.0
"""Length of air before the sky, so that the farthest mountains melt into it."""

_HORIZON_BAND = math.radians(8.0)
"""The light of distant air is that of the sky up to this elevation."""

_CLEAR_VERTICAL_DEPTH = 0.2
"""Optical depth straight up of the air that the sky's own colours already contain."""

_HORIZON_BLEND = 0.1
"""Sine of the elevation over which the sky leaves the horizon's fog."""

_NUM_AZIMUTHS = 96
_AZIMUTH_BLUR = math.radians(16.0)
_GLOW_SHARE = 0.02
_GLOW_G = 0.72


def fog_transmittance(
    fog: Fog, rays_in_world: NDArray[np.floating], euclidean_depth: NDArray[np.float32], camera_height_m: float
) -> NDArray[np.float32]:
    """Share of light that comes through the air along rays, per channel.

    Density falls off exponentially with height, so the optical depth has a closed form: for a ray that starts at
    density ``d`` and climbs by ``c`` scale heights over its length ``l`` it is ``d * l * (1 - exp(-c)) / c``.

    Args:
        fog: The air.
        rays_in_world: (..., 3) unit.
        euclidean_depth: (...) metres; infinity stands for ``SKY_PATH_M``.
        camera_height_m: World y of the rays' origin.

    Returns:
        (..., 3) float32, 0 to 1.
    """
    shape = euclidean_depth.shape
    upward = np.ascontiguousarray(rays_in_world[..., 1], dtype=np.float32).reshape(-1)
    depth = np.ascontiguousarray(euclidean_depth, dtype=np.float32).reshape(-1)
    return _transmittance(upward, depth, _air_numbers(fog, camera_height_m)).reshape(*shape, 3)


def sky_transmittance(fog: Fog, rays_in_world: NDArray[np.floating], camera_height_m: float) -> NDArray[np.float32]:
    """Share of the sky's light that comes through the fog before it, per channel.

    The picture of the sky already contains clear air, so higher up only what is thicker than clear air counts; at
    the horizon all of it does, so that sky and farthest land become one.

    Args:
        fog: The air.
        rays_in_world: (..., 3) unit.
        camera_height_m: World y of the rays' origin.

    Returns:
        (..., 3) float32, 0 to 1.
    """
    far = np.full(rays_in_world.shape[:-1], SKY_PATH_M, dtype=np.float32)
    through_all = fog_transmittance(fog, rays_in_world, far, camera_height_m)
    upward = np.maximum(rays_in_world[..., 1:2], 0.0)
    depth = -np.log(np.maximum(through_all.astype(np.float64), 1e-30))
    excess = np.maximum(depth - _CLEAR_VERTICAL_DEPTH / np.maximum(upward, 0.05), 0.0)
    near_horizon = np.exp(-((upward / _HORIZON_BLEND) ** 2))
    return np.exp(-(excess + (depth - excess) * near_horizon)).astype(np.float32)


def fog_radiance(sky: Sky, directions_in_world: NDArray[np.floating]) -> NDArray[np.float32]:
    """Radiance that endless fog would have: the sky near the horizon on that side, brighter towards the sun.

    Args:
        sky: Where the light comes from.
        directions_in_world: (..., 3) unit.

    Returns:
        (..., 3) float32, linear.
    """
    table = _horizon_table(sky)
    shape = directions_in_world.shape
    directions = np.ascontiguousarray(directions_in_world, dtype=np.float32).reshape(-1, 3)
    return _scattered(directions, table, _key_numbers(sky)).reshape(shape)


def apply_fog(
    radiance: NDArray[np.float32], transmittance: NDArray[np.float32], scattered: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Radiance seen through air: what comes through, plus what the air scatters in; all (..., 3) float32."""
    return radiance * transmittance + scattered * (np.float32(1.0) - transmittance)


def things_through_air(
    sky: Sky,
    fog: Fog,
    things: NDArray[np.float32],
    shares: NDArray[np.float32],
    *,
    rays_in_world: NDArray[np.float64],
    euclidean_depth: NDArray[np.float32],
    camera_height_m: float,
) -> NDArray[np.float32]:
    """What things in a picture look like through air; :func:`apply_fog` in one go, for pixels that they cover in part.

    Args:
        sky: Whose light the air scatters.
        fog: The air.
        things: (H, W, 3) linear radiance that the things add to each pixel; less than zero counts as zero.
        shares: (H, W) part of the pixel that they cover, 0 to 1.
        rays_in_world: (H, W, 3) unit.
        euclidean_depth: (H, W) metres; infinity stands for ``SKY_PATH_M``.
        camera_height_m: World y of the rays' origin.

    Returns:
        (H, W, 3) float32; zero where nothing is covered.
    """
    lights = _air_numbers(fog, camera_height_m), _horizon_table(sky), _key_numbers(sky)
    pixels = (things.reshape(-1, 3), shares.reshape(-1), rays_in_world.reshape(-1, 3), euclidean_depth.reshape(-1))
    return _veiled(*pixels, lights).reshape(things.shape)


def _air_numbers(fog: Fog, camera_height_m: float) -> NDArray[np.float64]:
    numbers = [*fog.extinction_per_m, fog.falloff_per_m, camera_height_m - fog.base_height_m]
    return np.array(numbers, dtype=np.float64)


def _key_numbers(sky: Sky) -> NDArray[np.float64]:
    return np.array([*sky.key_direction_in_world, *sky.key_irradiance], dtype=np.float64)


@functools.lru_cache(maxsize=1)
def _horizon_table(sky: Sky) -> NDArray[np.float64]:
    """(azimuths, 3) mean radiance of the sky's lowest band by azimuth, smoothed around the circle."""
    height, width = sky.environment.shape[:2]
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * math.pi
    band = np.flatnonzero((elevation > 0.0) & (elevation < max(_HORIZON_BAND, math.pi / height)))
    weights = row_solid_angles(height)[band] * np.exp(-elevation[band] / (0.5 * _HORIZON_BAND))
    columns = np.einsum("r,rcx->cx", weights / weights.sum(), sky.environment[band].astype(np.float64))
    # Fourier series around the circle: a Gaussian blur and the change of resolution in one step, and no seam.
    spectrum = np.fft.rfft(columns, axis=0) / width
    order = np.arange(len(spectrum))
    blurred = spectrum * np.exp(-0.5 * (order * _AZIMUTH_BLUR) ** 2)[:, None]
    angles = (np.arange(_NUM_AZIMUTHS) / _NUM_AZIMUTHS) * 2.0 * math.pi
    # Column centres lie half a column after the image's left edge.
    waves = np.exp(1j * np.outer(angles - math.pi / width, order)) * np.where(order == 0, 1.0, 2.0)
    return np.maximum((waves @ blurred).real, 0.0)


@numba.njit(parallel=True, cache=True)
def _transmittance(
    upward: NDArray[np.float32], depth: NDArray[np.float32], air: NDArray[np.float64]
) -> NDArray[np.float32]:
    result = np.zeros((len(depth), 3), dtype=np.float32)
    for index in numba.prange(len(depth)):
        amount = _air_along(upward[index], depth[index], air)
        for channel in range(3):
            result[index, channel] = math.exp(-min(air[channel] * amount, 80.0))
    return result


@numba.njit(parallel=True, cache=True)
def _scattered(
    directions: NDArray[np.float32], table: NDArray[np.float64], key: NDArray[np.float64]
) -> NDArray[np.float32]:
    result = np.zeros((len(directions), 3), dtype=np.float32)
    mean = _mean_row(table)
    for index in numba.prange(len(directions)):
        light = _light_of_air(directions[index], table, mean, key)
        for channel in range(3):
            result[index, channel] = light[channel]
    return result


@numba.njit(parallel=True, cache=True)
def _veiled(things: Any, shares: Any, rays: Any, depth: Any, lights: Any) -> NDArray[np.float32]:
    air, table, key = lights
    result = np.zeros((len(things), 3), dtype=np.float32)
    mean = _mean_row(table)
    for index in numba.prange(len(things)):
        if shares[index] > 0.0:
            amount = _air_along(rays[index, 1], depth[index], air)
            light = _light_of_air(rays[index], table, mean, key)
            for channel in range(3):
                through = math.exp(-min(air[channel] * amount, 80.0))
                own = max(things[index, channel], 0.0)
                result[index, channel] = own * through + shares[index] * light[channel] * (1.0 - through)
    return result


@numba.njit(cache=True)
def _air_along(upward: float, depth: float, air: Any) -> float:
    """Metres of air of the base height's density that lie along a ray."""
    falloff, start = air[3], air[4]
    length = depth if depth < np.inf else SKY_PATH_M
    climb = falloff * upward * length
    # exp(-start) * (1 - exp(-climb)) / climb, with the exponents joined so that neither can overflow alone.
    density_here = math.exp(min(-falloff * start, 40.0))
    if abs(climb) < 1e-4:
        return length * density_here * (1.0 - 0.5 * climb)
    density_there = math.exp(min(-falloff * start - climb, 40.0))
    return length * (density_here - density_there) / climb


@numba.njit(cache=True)
def _mean_row(table: Any) -> Any:
    mean = np.zeros(3)
    for azimuth in range(len(table)):
        for channel in range(3):
            mean[channel] += table[azimuth, channel] / len(table)
    return mean


@numba.njit(cache=True)
def _light_of_air(direction: Any, table: Any, mean: Any, key: Any) -> tuple[float, float, float]:
    """Radiance of endless air in a direction, by channel."""
    x, y, z = direction[0], direction[1], direction[2]
    count = len(table)
    place = (math.atan2(x, -z) / math.pi + 1.0) * 0.5 * count
    low = math.floor(place)
    blend = place - low
    first, second = low % count, (low + 1) % count
    # Azimuth means less and less towards the poles, and nothing there.
    level = (1.0 - y * y) * (1.0 - y * y)
    cosine = min(max(x * key[0] + y * key[1] + z * key[2], -1.0), 1.0)
    # Phase function of Henyey and Greenstein (1941).
    base = 1.0 + _GLOW_G * _GLOW_G - 2.0 * _GLOW_G * cosine
    glow = _GLOW_SHARE * (1.0 - _GLOW_G * _GLOW_G) / (4.0 * math.pi * base * math.sqrt(base))
    red = table[first, 0] * (1.0 - blend) + table[second, 0] * blend
    green = table[first, 1] * (1.0 - blend) + table[second, 1] * blend
    blue = table[first, 2] * (1.0 - blend) + table[second, 2] * blend
    return (
        mean[0] + (red - mean[0]) * level + glow * key[3],
        mean[1] + (green - mean[1]) * level + glow * key[4],
        mean[2] + (blue - mean[2]) * level + glow * key[5],
    )
