"""What the bare sky looks like along exact directions: the environment without noise, and the disc of the key light."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.geometry.equirectangular import sample_equirectangular
from worldgen.rendering.atmosphere import apply_fog, fog_radiance, sky_transmittance
from worldgen.scene.scene import Fog, Sky

_MAX_DISC_LUMINANCE = 400.0
"""The disc is shown this bright at most: far beyond display white, yet harmless to filters."""

_CLEAR_RADIUS = 0.02
"""Angular radius in radians up to which the key light is a disc with a rim."""

_GLOW_STRENGTH = 0.0006
_GLOW_WIDTHS = (0.012, 0.05)
"""Angles in radians over which the two parts of the glow in eye and lens fall off."""


def clear_sky(sky: Sky, rays_in_world: NDArray[np.float64]) -> NDArray[np.float32]:
    """The environment along rays (..., 3), linear radiance (..., 3) float32, without disc and fog."""
    return sample_equirectangular(sky.environment, rays_in_world)


def key_light(sky: Sky, rays_in_world: NDArray[np.float64], pixel_angles: NDArray[np.float64]) -> NDArray[np.float32]:
    """The disc of the key light and the glow around it.

    Args:
        sky: Its key light.
        rays_in_world: (..., 3) unit.
        pixel_angles: (...) angular side of the pixels, over which the disc's rim is softened.

    Returns:
        (..., 3) float32, linear radiance.
    """
    irradiance = np.array(sky.key_irradiance, dtype=np.float64)
    luminance = float(irradiance @ LUMINANCE_WEIGHTS)
    if luminance <= 0.0:
        return np.zeros(rays_in_world.shape, dtype=np.float32)
    cosine = np.clip(rays_in_world @ sky.key_direction_in_world, -1.0, 1.0)
    result = np.zeros(rays_in_world.shape, dtype=np.float32)
    near = cosine > math.cos(min(6.0 * _GLOW_WIDTHS[-1] + 4.0 * sky.key_angular_radius, math.pi))
    # acos loses precision next to 1; the chord does not.
    chord = np.linalg.norm(rays_in_world[near] - sky.key_direction_in_world, axis=-1)
    angle = 2.0 * np.arcsin(np.clip(0.5 * chord, 0.0, 1.0))
    radius = max(sky.key_angular_radius, 1e-4)
    side = np.broadcast_to(pixel_angles, cosine.shape)[near]
    # A disc smaller than a pixel keeps its energy: it covers no more of it than its share.
    share = np.minimum(1.0, math.pi * radius**2 / side**2 + 0.15)
    sharp = np.clip((radius - angle) / side + 0.5, 0.0, 1.0) * share
    sharp *= 0.45 + 0.55 * np.sqrt(np.clip(1.0 - (angle / radius) ** 2, 0.0, 1.0))
    # A light wider than sun or moon is one that shines through cloud or fog, and has no rim.
    veiled = np.exp(-((angle / radius) ** 2))
    veil = min(max((radius - _CLEAR_RADIUS) / _CLEAR_RADIUS, 0.0), 1.0)
    disc = min(luminance / (math.pi * radius**2), _MAX_DISC_LUMINANCE) * (sharp + (veiled - sharp) * veil)
    glow = np.zeros_like(angle)
    for width in _GLOW_WIDTHS:
        glow += _GLOW_STRENGTH * luminance / width * np.exp(-angle / width)
    result[near] = ((disc + glow)[:, None] * (irradiance / luminance)).astype(np.float32)
    return result


def foggy_sky(
    sky: Sky, fog: Fog, rays_in_world: NDArray[np.float64], *, pixel_angles: NDArray[np.float64], height_m: float
) -> NDArray[np.float32]:
    """Sky and disc as seen through the air, from a height; (..., 3) float32."""
    transmittance = sky_transmittance(fog, rays_in_world, height_m)
    bare = clear_sky(sky, rays_in_world) + key_light(sky, rays_in_world, pixel_angles)
    return apply_fog(bare, transmittance, fog_radiance(sky, rays_in_world))
