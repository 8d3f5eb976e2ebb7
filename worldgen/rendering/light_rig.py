"""The light rig of a scene, in the photometric units that engines count in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.errors import InvalidInputError
from worldgen.geometry.equirectangular import row_solid_angles
from worldgen.rendering.atmosphere import fog_radiance
from worldgen.scene.light_rig import LUX_PER_UNIT, FogLight, KeyLight, LightRig, ReflectionProbe, SkyLight
from worldgen.scene.material import LinearColor
from worldgen.scene.scene import Fog, Scene, Sky

_METER_CONSTANT = 1.2
"""Luminance that saturates a sensor at EV 0 (ISO 12232 with 12.5 of a meter and a lens of 65 %: 78 / (100 * 0.65))."""
_MOON_IRRADIANCE = 0.5
"""Key lights below this share of a unit are moons unless they stand near the horizon."""
_HORIZON_SINE = 0.25


def build_light_rig(
    scene: Scene,
    *,
    exposure: float,
    probe_positions: Sequence[NDArray[np.float64]] = (),
    probe_half_size_m: float = 24.0,
) -> LightRig:
    """Measure the light of a scene.

    Args:
        scene: Its sky and fog are taken as they are; its base colours are albedo, hence free of light.
        exposure: Factor from the sky's units to the tone mapper's input.
        probe_positions: (3,) points in world with a free view, such as the stations; the spawn's eye is always one.
        probe_half_size_m: Half the side of each probe's box.

    Raises:
        InvalidInputError: The exposure is not positive.
    """
    if not (math.isfinite(exposure) and exposure > 0.0):
        raise InvalidInputError(f"An exposure must be positive, not {exposure}.")
    return LightRig(
        key=_key_light(scene.sky),
        sky=measure_sky(scene.sky.environment, holds_key_disc=scene.sky.key_disc_in_environment),
        fog=_fog_light(scene.fog, scene.sky, scene.eye_height_m),
        exposure=exposure,
        ev100=ev100_of(exposure, nits_per_unit=LUX_PER_UNIT),
        probes=_probes(scene, probe_positions, probe_half_size_m),
        has_delit_base_colors=True,
    )


def _key_light(sky: Sky) -> KeyLight:
    brightest = max(sky.key_irradiance)
    color = tuple(channel / brightest for channel in sky.key_irradiance) if brightest > 0.0 else (1.0, 1.0, 1.0)
    is_moon = sky.key_disc_in_environment or (
        brightest < _MOON_IRRADIANCE and float(sky.key_direction_in_world[1]) > _HORIZON_SINE
    )
    return KeyLight(
        kind="moon" if is_moon else "sun",
        direction_in_world=sky.key_direction_in_world,
        color=_triple(color),
        illuminance_lux=_luminance(sky.key_irradiance) * LUX_PER_UNIT,
        angular_diameter=2.0 * sky.key_angular_radius,
    )


def ev100_of(exposure: float, *, nits_per_unit: float) -> float:
    """What photographers call an exposure, a factor from the sky's units to the tone mapper's input."""
    return math.log2(nits_per_unit / (_METER_CONSTANT * exposure))


def nits_per_unit_of(ev100: float, *, exposure: float) -> float:
    """The luminance of a sky pixel of 1 where a picture was exposed so: the inverse of :func:`ev100_of`."""
    return _METER_CONSTANT * exposure * 2.0**ev100


def measure_sky(
    environment: NDArray[np.float32], *, holds_key_disc: bool, nits_per_unit: float = LUX_PER_UNIT
) -> SkyLight:
    """The light of an equirectangular (H, 2H, 3) sky.

    Args:
        environment: Linear radiance.
        holds_key_disc: Whether it shows the sun or the moon.
        nits_per_unit: Luminance in cd/m2 of a pixel whose luminance is 1.
    """
    height, width = environment.shape[:2]
    rows = environment.mean(axis=1, dtype=np.float64)
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * math.pi
    solid_angles = row_solid_angles(height) * width
    upper, near = elevation > 0.0, np.abs(elevation - math.radians(4.0)) < math.radians(4.0)
    irradiance = np.einsum("r,rc->c", solid_angles[upper] * np.sin(elevation[upper]), rows[upper])
    top = elevation > math.radians(60.0)
    return SkyLight(
        nits_per_unit=nits_per_unit,
        illuminance_lux=_luminance(irradiance) * nits_per_unit,
        zenith=_mean(rows, solid_angles, top),
        horizon=_mean(rows, solid_angles, near),
        ground=_mean(rows, solid_angles, elevation < 0.0),
        holds_key_disc=holds_key_disc,
    )


def _fog_light(fog: Fog, sky: Sky, eye_height_m: float) -> FogLight:
    angles = np.linspace(0.0, 2.0 * math.pi, 64, endpoint=False)
    level = np.stack([np.sin(angles), np.zeros_like(angles), -np.cos(angles)], axis=1)
    density = math.exp(min(-fog.falloff_per_m * (eye_height_m - fog.base_height_m), 40.0))
    extinction = fog.extinction_per_m[1] * density
    return FogLight(
        extinction_per_m=fog.extinction_per_m,
        falloff_per_m=fog.falloff_per_m,
        base_height_m=fog.base_height_m,
        color=_triple(fog_radiance(sky, level).mean(axis=0, dtype=np.float64)),
        half_distance_m=math.log(2.0) / max(extinction, 1e-9),
    )


def _probes(scene: Scene, positions: Sequence[NDArray[np.float64]], half_size_m: float) -> tuple[ReflectionProbe, ...]:
    spawn = np.array([0.0, scene.eye_height_m, 0.0])
    kept = [spawn]
    for position in positions:
        if min(float(np.linalg.norm(position - other)) for other in kept) > 0.5 * half_size_m:
            kept.append(np.asarray(position, dtype=np.float64))
    return tuple(
        ReflectionProbe(name=f"probe_{index}", position=_triple(position), half_size_m=(half_size_m,) * 3)
        for index, position in enumerate(kept)
    )


def _mean(rows: NDArray[np.float64], weights: NDArray[np.float64], chosen: NDArray[np.bool_]) -> LinearColor:
    chosen = chosen if chosen.any() else np.ones_like(chosen)
    return _triple(np.average(rows[chosen], axis=0, weights=weights[chosen]))


def _luminance(color: Sequence[float] | NDArray[np.float64]) -> float:
    return float(np.asarray(color, dtype=np.float64) @ LUMINANCE_WEIGHTS.astype(np.float64))


def _triple(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
