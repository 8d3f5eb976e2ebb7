"""Where the key light stands: the sun by day, the moon at night."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.randomness import rng
from worldgen.spec.model import TimeOfDay


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """Range of the key light's elevation, and of its angle from -Z to either side, in degrees."""

    elevation_deg: tuple[float, float]
    side_deg: tuple[float, float]


# The hero view looks along -Z: low suns stand in or beside the picture, high ones light it from the side and behind.
_COURSES: dict[TimeOfDay, _Course] = {
    "dawn": _Course(elevation_deg=(1.8, 3.2), side_deg=(32.0, 58.0)),
    "morning": _Course(elevation_deg=(20.0, 27.0), side_deg=(95.0, 130.0)),
    "noon": _Course(elevation_deg=(58.0, 64.0), side_deg=(110.0, 150.0)),
    "afternoon": _Course(elevation_deg=(36.0, 43.0), side_deg=(105.0, 140.0)),
    "golden_hour": _Course(elevation_deg=(6.5, 8.5), side_deg=(42.0, 62.0)),
    "sunset": _Course(elevation_deg=(1.4, 2.4), side_deg=(35.0, 55.0)),
    "dusk": _Course(elevation_deg=(-5.0, -4.2), side_deg=(35.0, 60.0)),
    "night": _Course(elevation_deg=(24.0, 34.0), side_deg=(38.0, 62.0)),
}


LOW_SUNS: frozenset[TimeOfDay] = frozenset({"dawn", "golden_hour", "sunset"})
"""Times of day whose sun stands so low over the horizon that land and trees are kept from hiding it."""


def key_direction(time_of_day: TimeOfDay, seed: int) -> NDArray[np.float64]:
    """Unit direction (3,) in world towards the sun, or towards the moon at night; below the horizon at dusk."""
    course = _COURSES[time_of_day]
    generator = rng(seed, "sky/sun")
    elevation = math.radians(generator.uniform(*course.elevation_deg))
    side = math.radians(generator.uniform(*course.side_deg))
    if generator.random() < 0.5:
        side = -side
    level = math.cos(elevation)
    return np.array([level * math.sin(side), math.sin(elevation), -level * math.cos(side)])
