"""A panorama with its depth → a light rig: the sun where the picture shows it, the sky, and how bright both may be.

A picture says nothing of lux. What it was exposed for is taken from what it shows (a sun and how high it stands, an
open sky, a room), and how much stronger the sun is than the sky from the ground: how bright it is, and how much
brighter in the sun than in the shade. The manifest's estimates tell both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.photo_light import SunInPhoto, find_sun
from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.manifest import Estimate
from worldgen.rendering.light_rig import measure_sky, nits_per_unit_of
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.light_rig import FogLight, KeyLight, LightRig, ReflectionProbe
from worldgen.scene.material import LinearColor
from worldgen.scene.view import View
from worldgen.stages.read_panorama import SeenPanorama

_EV100_SUN, _EV100_SKY, _EV100_ROOM = 15.0, 13.0, 8.0
"""What one exposes for under a high sun, under clouds and in a lit room; a low sun brings the less light."""
_LEAST_SKY_SHARE = 0.05
_GROUND_ALBEDO = 0.2
_LIT_PERCENTILE, _SHADED_PERCENTILE = 85.0, 25.0
_BLUR_ROWS = 1.0 / 340.0
"""Of the picture's rows: blades and pebbles are no shadows."""
_MAX_SUN_TO_SKY = 8.0
"""On level ground; a clear noon has about this."""
_LEAST_SINE = 0.1
_SUN_DIAMETER = math.radians(0.533)
_GLOW = math.radians(8.0)
"""What lies so close to the sun has its colour."""
_PROBE_HALF_SIZES_M = (3.0, 24.0)
_CLEAR_AIR_M = 1e9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenLight:
    """How a seen world is lit; ``sun_azimuth`` is radians from straight ahead to the right, None without a sun."""

    rig: LightRig
    sun_azimuth: float | None
    estimates: tuple[Estimate, ...]


def light_seen(panorama: SeenPanorama, view: View, sky: NDArray[np.float32], camera_height: float) -> SeenLight:
    """Find out how a seen world is lit.

    Args:
        panorama: The picture.
        view: Its radiance with depth and labels.
        sky: (h, 2h, 3) linear radiance of the sky alone.
        camera_height: Of the eye over the ground, in metres.

    Returns:
        The light rig, whose key light has no strength where the picture does not show the sun, and what was guessed.
    """
    is_sky = (view.buffers.labels == LABEL_INDEX["sky"]) & panorama.known
    sun = _find_sun_around(panorama.picture, panorama.known, is_sky)
    is_open = float(is_sky.mean()) >= _LEAST_SKY_SHARE
    ev100 = _exposed_for(sun, is_open=is_open)
    nits = nits_per_unit_of(ev100, exposure=panorama.exposure)
    light = measure_sky(sky, holds_key_disc=sun is not None, nits_per_unit=nits)
    key = _key_light(sun, sky, _sun_strength(sun, view, light.illuminance_lux, nits))
    rig = LightRig(
        key=key,
        sky=light,
        fog=FogLight(
            extinction_per_m=(0.0, 0.0, 0.0),
            falloff_per_m=0.0,
            base_height_m=0.0,
            color=light.horizon,
            half_distance_m=_CLEAR_AIR_M,
        ),
        exposure=panorama.exposure,
        ev100=ev100,
        probes=(_probe(view, camera_height),),
        has_delit_base_colors=False,
    )
    return SeenLight(rig=rig, sun_azimuth=None if sun is None else sun.azimuth, estimates=_estimates(sun, key, ev100))


def _exposed_for(sun: SunInPhoto | None, *, is_open: bool) -> float:
    if not is_open:
        return _EV100_ROOM
    if sun is None:
        return _EV100_SKY
    return round(_EV100_SUN + math.log2(max(math.sin(sun.elevation), _LEAST_SINE)), 2)


def _find_sun_around(
    picture: NDArray[np.float32], known: NDArray[np.bool_], is_sky: NDArray[np.bool_]
) -> SunInPhoto | None:
    """The sun anywhere around: the picture's sides cut apart what lies behind the viewer, so look there as well."""
    ahead = find_sun(picture, known, is_sky)
    half = picture.shape[1] // 2
    turned = find_sun(np.roll(picture, half, axis=1), np.roll(known, half, axis=1), np.roll(is_sky, half, axis=1))
    if turned is None or (ahead is not None and ahead.confidence >= turned.confidence):
        return ahead
    azimuth = turned.azimuth + (math.pi if turned.azimuth < 0.0 else -math.pi)
    return SunInPhoto(azimuth=azimuth, elevation=turned.elevation, confidence=turned.confidence)


def _direction(sun: SunInPhoto) -> NDArray[np.float64]:
    level = math.cos(sun.elevation)
    vector = np.array([level * math.sin(sun.azimuth), math.sin(sun.elevation), -level * math.cos(sun.azimuth)])
    return vector / float(np.linalg.norm(vector))


def _sun_strength(sun: SunInPhoto | None, view: View, sky_lux: float, nits_per_unit: float) -> float:
    """Lux on a surface that faces the sun.

    Two ways tell a least light: ground of the usual albedo is brighter than the sky alone would make it, unless all of
    it is in the shade of woods; and what is lit is brighter than what is shaded, unless nothing throws a shadow.
    """
    from scipy.ndimage import gaussian_filter

    is_ground = view.buffers.labels == LABEL_INDEX["ground"]
    if sun is None or sun.elevation <= 0.0 or not is_ground.any():
        return 0.0
    sigma = len(is_ground) * _BLUR_ROWS
    weight = gaussian_filter(is_ground.astype(np.float32), sigma, mode=("nearest", "wrap"))
    luminance = np.where(is_ground, view.radiance @ LUMINANCE_WEIGHTS, 0.0).astype(np.float32)
    even = (gaussian_filter(luminance, sigma, mode=("nearest", "wrap")) / np.maximum(weight, np.float32(1e-3)))[
        is_ground
    ]
    shaded, middle, lit = np.percentile(even, (_SHADED_PERCENTILE, 50.0, _LIT_PERCENTILE))
    by_albedo = math.pi * middle * nits_per_unit / _GROUND_ALBEDO - sky_lux
    by_shade = (lit / max(shaded, 1e-6) - 1.0) * sky_lux
    level = min(max(float(by_albedo), float(by_shade), 0.0), _MAX_SUN_TO_SKY * sky_lux)
    return level / max(math.sin(sun.elevation), _LEAST_SINE)


def _key_light(sun: SunInPhoto | None, sky: NDArray[np.float32], illuminance_lux: float) -> KeyLight:
    direction = np.array([0.0, 1.0, 0.0]) if sun is None else _direction(sun)
    color: LinearColor = (1.0, 1.0, 1.0)
    if sun is not None:
        near = equirectangular_rays(len(sky)).astype(np.float64) @ direction > math.cos(_GLOW)
        red, green, blue = (float(value) for value in sky[near].mean(axis=0, dtype=np.float64))
        brightest = max(red, green, blue)
        if brightest > 0.0:
            color = (red / brightest, green / brightest, blue / brightest)
    return KeyLight(
        kind="sun",
        direction_in_world=direction,
        color=color,
        illuminance_lux=illuminance_lux,
        angular_diameter=_SUN_DIAMETER,
    )


def _probe(view: View, camera_height: float) -> ReflectionProbe:
    """At the eye, with a box about as large as what stands around."""
    depth = view.buffers.euclidean_depth
    rows = len(depth)
    level = depth[rows * 3 // 8 : rows // 2]
    near = level[np.isfinite(level)]
    low, high = _PROBE_HALF_SIZES_M
    half = round(min(max(float(np.median(near)), low), high), 3) if len(near) else high
    return ReflectionProbe(name="probe_0", position=(0.0, camera_height, 0.0), half_size_m=(half, half, half))


def _estimates(sun: SunInPhoto | None, key: KeyLight, ev100: float) -> tuple[Estimate, ...]:
    rows = [Estimate(name="ev100", value=ev100, unit="EV", origin="default")]
    if sun is not None:
        sure = round(sun.confidence, 3)
        for name, angle in (("sun_azimuth", sun.azimuth), ("sun_elevation", sun.elevation)):
            degrees = round(math.degrees(angle), 3)
            rows.append(Estimate(name=name, value=degrees, unit="degree", origin="estimated", confidence=sure))
        lux = round(key.illuminance_lux, 1)
        rows.append(Estimate(name="sun_illuminance", value=lux, unit="lux", origin="estimated"))
    return tuple(rows)
