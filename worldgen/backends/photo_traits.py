"""What a photo tells of its surroundings: light, weather, season, ground and growth, by measured colours alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.photo_cover import Cover, PhotoCover, read_cover
from worldgen.spec.model import Season, TimeOfDay, WorldSpec

GroundKind = Literal["snow", "grass", "sand", "stone"]

_NIGHT, _DUSK = 0.13, 0.24
_WARM_SKY, _PINK_SKY = 0.10, 0.045
_DENSE, _SOME = 0.5, 0.12
_FEW_PIXELS = 50
_WATERY = 0.25
"""Share of what lies below the horizon from which water is worth a lake."""
_SANDY = 0.1
"""Share of sand from which it is sand that lies by the water."""
_GREEN = 0.6
"""Share of leaves over the horizon that no desert has."""
_TURNED = 0.6
"""Share of what stands over the horizon that autumn colours take."""


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
    has_water: bool = False
    """Whether a lake or the sea takes a good part of what lies below the horizon."""
    has_mountains: bool = False

    @property
    def sentence(self) -> str:
        """The traits as a prompt for the embedded parser."""
        trees = {"snow": "pine trees", "sand": "palms" if self.has_water else "cacti"}.get(
            self.ground, "broadleaf trees"
        )
        # Nothing grows densely in a desert; what is green there stands alone.
        dense = self.growth > _DENSE and self.ground != "sand"
        growth = f", dense {trees}" if dense else f" with {trees}" if self.growth > _SOME else ""
        mountains = ", mountains in the distance" if self.has_mountains else ""
        return f"{self._land}{growth}{mountains}, {self.season}, {self.time_of_day.replace('_', ' ')}"

    @property
    def _land(self) -> str:
        if self.has_water:
            return {
                "snow": "a snowy plain by a lake",
                "grass": "a green meadow by a lake",
                "sand": "a sandy beach by the sea",
                "stone": "a meadow with rocks by a lake",
            }[self.ground]
        return {
            "snow": "a snowy plain",
            "grass": "a green meadow",
            "sand": "a sandy desert",
            "stone": "a meadow with rocks",
        }[self.ground]


def read_traits(image: NDArray[np.float32], known: NDArray[np.bool_], is_sky: NDArray[np.bool_]) -> PhotoTraits:
    """Read what a level photo on the sphere shows.

    Args:
        image: (H, 2H, 3) float32 sRGB-encoded.
        known: (H, 2H), within the photo.
        is_sky: (H, 2H), sky within the photo.
    """
    cover = read_cover(image, known, is_sky)
    sky = image[is_sky & known]
    ground = _ground_kind(cover, has_water=_has_water(cover))
    # Palms over sand stand by the sea, even where it is too hazy to be told from the sky; deserts are not so green.
    has_water = _has_water(cover) or (ground == "sand" and cover.share(cover.above, Cover.LEAVES) > _GREEN)
    growth = cover.share(cover.above, Cover.LEAVES, Cover.AUTUMN_LEAVES)
    return PhotoTraits(
        time_of_day=_time_of_day(sky, image[known], growth=growth),
        season=_season(cover, ground),
        cloud_cover=_cloud_cover(sky),
        ground=ground,
        growth=growth,
        sky_share=len(sky) / max(int(known.sum()), 1),
        has_water=has_water,
        has_mountains=cover.has_mountains(),
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


def _time_of_day(sky: NDArray[np.float32], everything: NDArray[np.float32], *, growth: float) -> TimeOfDay:
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
    if growth > _DENSE:
        return "afternoon"  # Woods are dark all day, and green only by day.
    return "night" if brightness < _NIGHT else "dusk" if brightness < _DUSK else "afternoon"


def _cloud_cover(sky: NDArray[np.float32]) -> float:
    """Share of the sky that is not blue."""
    if len(sky) < _FEW_PIXELS:
        return 0.4
    return float(np.clip(((sky[:, 2] - sky[:, 0]) < 0.07).mean(), 0.0, 1.0))


def _has_water(cover: PhotoCover) -> bool:
    """Whether much below the horizon is water; beside snow, what is blue and even is snow in the shade."""
    water, snow, sand = (cover.share(cover.below, kind) for kind in (Cover.WATER, Cover.SNOW, Cover.SAND))
    return water > _WATERY and (snow < _WATERY or sand > _SANDY)


def _ground_kind(cover: PhotoCover, *, has_water: bool) -> GroundKind:
    land = cover.below & (cover.classes != Cover.WATER)
    if int(land.sum()) < _FEW_PIXELS:
        land = cover.above
    leaves, snow, sand, dry, grey = (
        cover.share(land, *covers)
        for covers in (
            (Cover.LEAVES,),
            (Cover.SNOW,),
            (Cover.SAND,),
            (Cover.DRY, Cover.AUTUMN_LEAVES),
            (Cover.STONE, Cover.OTHER),
        )
    )
    # Sand in full sun is as light as snow; by the water, some sand gives it away.
    if has_water and sand > _SANDY and sand + snow > 0.4:
        return "sand"
    if snow > 0.45:
        return "snow"
    if sand > 0.3 and sand + dry > 0.6 and leaves < (0.2 if sand > 0.6 else 0.08):
        return "sand"
    return "stone" if grey > 0.6 and leaves < 0.2 else "grass"


def _season(cover: PhotoCover, ground: GroundKind) -> Season:
    if ground == "snow":
        return "winter"
    green, orange = (cover.share(cover.above, kind) for kind in (Cover.LEAVES, Cover.AUTUMN_LEAVES))
    dry, fresh = (cover.share(cover.below, kind) for kind in (Cover.DRY, Cover.LEAVES))
    # Bare ground is brown all year, and so are walls; in autumn hardly anything is green beside it.
    turned = ground == "grass" and orange > _TURNED and orange > green
    withered = ground == "grass" and dry > 0.5 and dry > 2.0 * fresh
    return "autumn" if turned or withered else "summer"
