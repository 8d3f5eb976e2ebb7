"""What a photo tells of its surroundings: light, weather, season, ground and growth, by measured colours alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.spec.model import Season, TimeOfDay, WorldSpec

GroundKind = Literal["snow", "grass", "sand", "stone"]

_NIGHT, _DUSK = 0.13, 0.24
_WARM_SKY, _PINK_SKY = 0.10, 0.045
_DENSE, _SOME = 0.5, 0.12
_FEW_PIXELS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoTraits:
    """Facts read from a photo; shares run from 0 to 1."""

    time_of_day: TimeOfDay
    season: Season
    cloud_cover: float
    ground: GroundKind
    growth: float
    """Share of what stands over the horizon that is green or otherwise grown."""
    sky_share: float

    @property
    def sentence(self) -> str:
        """The traits as a prompt for the embedded parser."""
        land = {
            "snow": "a snowy plain",
            "grass": "a green meadow",
            "sand": "a sandy desert",
            "stone": "a meadow with rocks",
        }[self.ground]
        trees = "pine trees" if self.ground == "snow" else "cacti" if self.ground == "sand" else "broadleaf trees"
        growth = f", dense {trees}" if self.growth > _DENSE else f" with {trees}" if self.growth > _SOME else ""
        return f"{land}{growth}, {self.season}, {self.time_of_day.replace('_', ' ')}"


def read_traits(image: NDArray[np.float32], known: NDArray[np.bool_], is_sky: NDArray[np.bool_]) -> PhotoTraits:
    """Read what a level photo on the sphere shows.

    Args:
        image: (H, 2H, 3) float32 sRGB-encoded.
        known: (H, 2H), within the photo.
        is_sky: (H, 2H), sky within the photo.
    """
    up = equirectangular_rays(len(image))[..., 1]
    sky, ground = image[is_sky & known], image[known & ~is_sky & (up < -0.12)]
    things = image[known & ~is_sky & (up > 0.0)]
    if len(ground) < _FEW_PIXELS:
        ground = image[known & ~is_sky]
    if len(ground) < _FEW_PIXELS:
        ground = image[known]
    sky_share = len(sky) / max(int(known.sum()), 1)
    return PhotoTraits(
        time_of_day=_time_of_day(sky, image[known]),
        season=_season(ground, things),
        cloud_cover=_cloud_cover(sky),
        ground=_ground_kind(ground),
        growth=_growth(things),
        sky_share=sky_share,
    )


def with_traits(spec: WorldSpec, traits: PhotoTraits) -> WorldSpec:
    """A prompt's spec with the photo's light and sky wherever the prompt said nothing of them."""
    said = " ".join(item.meaning for item in spec.understood)
    changes: dict[str, object] = {}
    if "time of day" not in said:
        changes["time_of_day"] = traits.time_of_day
    if "season" not in said:
        changes["season"] = traits.season
    if "cloud" not in said and "fog" not in said and traits.sky_share > 0.02:
        changes["weather"] = spec.weather.model_copy(update={"cloud_cover": round(traits.cloud_cover, 2)})
    return spec.model_copy(update=changes)


def _time_of_day(sky: NDArray[np.float32], everything: NDArray[np.float32]) -> TimeOfDay:
    brightness = float(np.median(everything.max(axis=1)))
    if len(sky) >= _FEW_PIXELS:
        above = float(np.median(sky.max(axis=1)))
        warmth = float(np.percentile(sky[:, 0] - sky[:, 2], 90.0))
        pinkness = float(np.median(sky[:, 0] - sky[:, 1]))
        if above < _NIGHT * 1.5:
            return "night"
        if above < _DUSK * 1.6:
            return "dusk"
        if warmth > 2.5 * _WARM_SKY or pinkness > _PINK_SKY:
            return "sunset"
        if warmth > _WARM_SKY:
            return "golden_hour"
        return "noon" if brightness > 0.62 else "afternoon"
    return "night" if brightness < _NIGHT else "dusk" if brightness < _DUSK else "afternoon"


def _cloud_cover(sky: NDArray[np.float32]) -> float:
    """Share of the sky that is not blue."""
    if len(sky) < _FEW_PIXELS:
        return 0.4
    return float(np.clip(((sky[:, 2] - sky[:, 0]) < 0.07).mean(), 0.0, 1.0))


def _ground_kind(ground: NDArray[np.float32]) -> GroundKind:
    red, green, blue = (float(np.median(ground[:, channel])) for channel in range(3))
    bright = ground[ground.max(axis=1) >= np.percentile(ground.max(axis=1), 70.0)]
    paleness = float(np.median(bright.min(axis=1) / np.maximum(bright.max(axis=1), 1e-3)))
    if (float(np.median(bright.max(axis=1))) > 0.62 and paleness > 0.85) or blue > 1.1 * max(red, 0.05):
        return "snow"
    # Grass is olive at least: little blue. Sand and earth keep more of it.
    if green > 0.93 * red and blue < 0.72 * green:
        return "grass"
    lit = float(np.percentile(ground.max(axis=1), 75.0))
    if red > 1.1 * blue and lit > 0.33:
        return "sand"
    return "stone"


def _growth(things: NDArray[np.float32]) -> float:
    if len(things) < _FEW_PIXELS:
        return 0.0
    red, green, blue = things[:, 0], things[:, 1], things[:, 2]
    return float(((green > red * 0.97) & (green > blue * 1.06)).mean())


def _season(ground: NDArray[np.float32], things: NDArray[np.float32]) -> Season:
    if _ground_kind(ground) == "snow":
        return "winter"
    if len(things) >= _FEW_PIXELS:
        orange = (things[:, 0] > things[:, 1] * 1.25) & (things[:, 1] > things[:, 2] * 1.35)
        if orange.mean() > 0.6:
            return "autumn"
    return "summer"
