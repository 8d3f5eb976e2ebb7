"""Fog: how fast the air hides things."""

from __future__ import annotations

import math

from worldgen.scene.scene import Fog
from worldgen.spec.model import Weather, WorldSpec

_CLEAREST_M, _USUAL_M, _THICKEST_M = 60_000.0, 25_000.0, 30.0
_USUAL_FOG = 0.1
_USUAL_SCALE_HEIGHT_M, _THICKEST_SCALE_HEIGHT_M = 1_200.0, 60.0
_CONTRAST_DEPTH = -math.log(0.02)
"""Optical depth at which contrast falls to 2 %, which is where things vanish (Koschmieder, 1924)."""


def visibility_m(fog: float) -> float:
    """Meteorological visibility in metres: 60 km at 0, 25 km at 0.1, 30 m at 1."""
    if fog <= _USUAL_FOG:
        return _CLEAREST_M * float((_USUAL_M / _CLEAREST_M) ** (fog / _USUAL_FOG))
    return _USUAL_M * float((_THICKEST_M / _USUAL_M) ** ((fog - _USUAL_FOG) / (1.0 - _USUAL_FOG)))


def scale_height_m(fog: float) -> float:
    """Height in metres over which the air clears by a factor of e: haze reaches high, fog lies low."""
    share = max(fog - _USUAL_FOG, 0.0) / (1.0 - _USUAL_FOG)
    return _USUAL_SCALE_HEIGHT_M * float((_THICKEST_SCALE_HEIGHT_M / _USUAL_SCALE_HEIGHT_M) ** share)


def vertical_depth(weather: Weather) -> float:
    """Optical depth of the fog straight up, beyond what an ordinary day's haze has."""
    usual = _CONTRAST_DEPTH / visibility_m(_USUAL_FOG) * scale_height_m(_USUAL_FOG)
    return max(_CONTRAST_DEPTH / visibility_m(weather.fog) * scale_height_m(weather.fog) - usual, 0.0)


def build_fog(spec: WorldSpec) -> Fog:
    """The fog of a world: clear air scatters more blue, droplets scatter all colours alike."""
    extinction = _CONTRAST_DEPTH / visibility_m(spec.weather.fog)
    # Share of the air's molecules in the extinction: most of it on a clear day, next to nothing in fog.
    blueness = min(max(1.0 - (spec.weather.fog - 0.05) / 0.35, 0.0), 1.0)
    tint = [1.0 + blueness * (ratio - 1.0) for ratio in (0.62, 0.95, 1.75)]
    return Fog(
        extinction_per_m=(extinction * tint[0], extinction * tint[1], extinction * tint[2]),
        falloff_per_m=1.0 / scale_height_m(spec.weather.fog),
        base_height_m=0.0,
    )
