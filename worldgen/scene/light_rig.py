"""How an engine lights a world: the key light, the sky, the exposure, the air and the places of reflection probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.material import LinearColor

LUX_PER_UNIT = 10_000.0
"""Lux per unit of the sky's: a noon sun (about 10) is 100 000 lux."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KeyLight:
    """The sun, or at night the moon, as a directional light.

    direction_in_world  (3,) float64  unit, from the ground towards the light
    color               linear Rec. 709, its greatest channel is 1
    illuminance_lux     on a surface that faces it; 0 when it is below the horizon
    angular_diameter    of its disc, radians
    """

    kind: Literal["sun", "moon"]
    direction_in_world: NDArray[np.float64]
    color: LinearColor
    illuminance_lux: float
    angular_diameter: float

    def __post_init__(self) -> None:
        """Check the direction's length and the light's sign."""
        direction = require_array("KeyLight", "direction_in_world", self.direction_in_world, (3,), np.float64)
        if abs(float(np.linalg.norm(direction)) - 1.0) > 1e-6:
            raise InvalidInputError("KeyLight.direction_in_world must have unit length.")
        if not self.illuminance_lux >= 0.0:
            raise InvalidInputError("KeyLight.illuminance_lux must not be negative.")
        freeze(self, direction_in_world=direction)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyLight:
    """The light of the sky dome without the key light's disc.

    nits_per_unit     luminance in cd/m2 of a pixel of ``sky.hdr`` whose luminance is 1
    illuminance_lux   on level ground
    zenith, horizon   linear colours in the units of ``sky.hdr``, for engines that want a gradient
    holds_key_disc    whether ``sky.hdr`` shows the key light's disc after all (the moon's face)
    """

    nits_per_unit: float
    illuminance_lux: float
    zenith: LinearColor
    horizon: LinearColor
    ground: LinearColor
    holds_key_disc: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FogLight:
    """Exponential height fog: ``extinction_per_m`` at ``base_height_m``, falling by e every 1 / ``falloff_per_m``.

    ``color`` is what endless fog looks like, averaged around the horizon, in the units of ``sky.hdr``.
    ``half_distance_m`` is where a level ray at the eye has lost half of its green light.
    """

    extinction_per_m: LinearColor
    falloff_per_m: float
    base_height_m: float
    color: LinearColor
    half_distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionProbe:
    """Where a reflection probe belongs: its centre in world and the half sides of the box that it serves, metres."""

    name: str
    position: tuple[float, float, float]
    half_size_m: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LightRig:
    """Everything that an engine needs to light a world as the pictures are lit.

    exposure  factor from the sky's units to the tone mapper's input
    ev100     the same exposure for radiance in cd/m2, as photographers and engines count it
    """

    key: KeyLight
    sky: SkyLight
    fog: FogLight
    exposure: float
    ev100: float
    probes: tuple[ReflectionProbe, ...]
    has_delit_base_colors: bool
    """Whether the base colours of the scene hold no light, so that an engine may light them anew."""
