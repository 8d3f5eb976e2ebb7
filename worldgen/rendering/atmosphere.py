"""Air between the eye and things: exponential height fog in closed form, and the light that it scatters."""

from __future__ import annotations

import functools
import math

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
    air = np.array([*fog.extinction_per_m, fog.falloff_per_m, camera_height_m - fog.base_height_m], dtype=np.float64)
    return _transmittance(upward, depth, air).reshape(*shape, 3)


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
    key = np.array([*sky.key_direction_in_world, *sky.key_irradiance], dtype=np.float64)
    return _scattered(directions, table, key).reshape(shape)


def apply_fog(
    radiance: NDArray[np.float32], transmittance: NDArray[np.float32], scattered: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Radiance seen through air: what comes through, plus what the air scatters in; all (..., 3) float32."""
    return radiance * transmittance + scattered * (np.float32(1.0) - transmittance)


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
    falloff, start = air[3], air[4]
    for index in numba.prange(len(depth)):
        length = depth[index] if depth[index] < np.inf else SKY_PATH_M
        climb = falloff * upward[index] * length
        # exp(-start) * (1 - exp(-climb)) / climb, with the exponents joined so that neither can overflow alone.
        density_here = math.exp(min(-falloff * start, 40.0))
        if abs(climb) < 1e-4:
            mean_density = density_here * (1.0 - 0.5 * climb)
        else:
            density_there = math.exp(min(-falloff * start - climb, 40.0))
            mean_density = (density_here - density_there) / climb
        for channel in range(3):
            result[index, channel] = math.exp(-min(air[channel] * mean_density * length, 80.0))
    return result


@numba.njit(parallel=True, cache=True)
def _scattered(
    directions: NDArray[np.float32], table: NDArray[np.float64], key: NDArray[np.float64]
) -> NDArray[np.float32]:
    result = np.zeros((len(directions), 3), dtype=np.float32)
    count = len(table)
    mean = np.zeros(3)
    for azimuth in range(count):
        for channel in range(3):
            mean[channel] += table[azimuth, channel] / count
    for index in numba.prange(len(directions)):
        x, y, z = directions[index, 0], directions[index, 1], directions[index, 2]
        place = (math.atan2(x, -z) / math.pi + 1.0) * 0.5 * count
        low = math.floor(place)
        blend = place - low
        # Azimuth means less and less towards the poles, and nothing there.
        level = (1.0 - y * y) * (1.0 - y * y)
        cosine = min(max(x * key[0] + y * key[1] + z * key[2], -1.0), 1.0)
        # Phase function of Henyey and Greenstein (1941).
        base = 1.0 + _GLOW_G * _GLOW_G - 2.0 * _GLOW_G * cosine
        glow = _GLOW_SHARE * (1.0 - _GLOW_G * _GLOW_G) / (4.0 * math.pi * base * math.sqrt(base))
        for channel in range(3):
            horizon = table[low % count, channel] * (1.0 - blend) + table[(low + 1) % count, channel] * blend
            result[index, channel] = mean[channel] + (horizon - mean[channel]) * level + glow * key[3 + channel]
    return result
