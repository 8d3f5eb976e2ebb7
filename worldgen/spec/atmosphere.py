"""Time, season and weather of a world: what was said outright, what words imply, moods, and the biome's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from worldgen.spec.biomes import BIOMES
from worldgen.spec.model import Biome, Season, TimeOfDay, Weather
from worldgen.spec.reading import Cue
from worldgen.spec.senses import Atmosphere

Value = TypeVar("Value")
Scalar = Literal["cloud_cover", "fog", "snow_cover", "wetness", "storm"]
SCALARS: tuple[Scalar, ...] = ("cloud_cover", "fog", "snow_cover", "wetness", "storm")

_UNSEASONAL_SNOW: dict[tuple[Biome, Season], float] = {
    ("alpine", "spring"): 0.3,
    ("alpine", "autumn"): 0.15,
    ("tundra", "spring"): 0.5,
    ("tundra", "summer"): 0.1,
    ("tundra", "autumn"): 0.35,
}


@dataclass(frozen=True, slots=True)
class Air:
    """What the words about time, season, weather and mood add up to."""

    time_of_day: TimeOfDay
    season: Season
    weather: Weather
    growth: float
    meanings: tuple[str, ...]
    """What each cue became, in the order of the cues."""
    excluded: tuple[str, ...]
    """Features that were ruled out."""


def resolve_air(cues: Sequence[Cue], biome: Biome) -> Air:
    """Weigh the cues: a denial wins, then what was said outright, what is implied, and moods last.

    Args:
        cues: In the prompt's order.
        biome: Fills what no cue decides.
    """
    defaults = BIOMES[biome]
    said_time: TimeOfDay | None = _first_of_highest((cue, cue.atmosphere.time, cue.atmosphere.rank) for cue in cues)
    said_season: Season | None = _first_of_highest(
        (cue, cue.atmosphere.season, _season_rank(cue.atmosphere)) for cue in cues
    )
    season: Season = said_season or defaults.season
    said = {name: _scalar(cues, name) for name in SCALARS}
    if said["snow_cover"] is None:
        said["snow_cover"] = (
            defaults.winter_snow
            if season == "winter"
            else _UNSEASONAL_SNOW.get((biome, season), 0.0 if said_season else defaults.weather.snow_cover)
        )
    said_clouds = said["cloud_cover"]
    filled: dict[Scalar, float] = {}
    for name, value in said.items():
        own: float = getattr(defaults.weather, name)
        filled[name] = own if value is None else value
    if said_clouds is not None and said_clouds < 0.4:
        filled["storm"] = 0.0
    elif filled["storm"] > 0.3:
        filled["cloud_cover"] = max(filled["cloud_cover"], 0.6)
    time: TimeOfDay = said_time or defaults.time_of_day
    if said_time is None and time == "golden_hour" and (filled["cloud_cover"] > 0.8 or filled["storm"] > 0.5):
        time = "afternoon"
    growths = [cue.atmosphere.growth for cue in cues if cue.atmosphere.growth is not None and not cue.negated]
    return Air(
        time_of_day=time,
        season=season,
        weather=Weather(**{name: round(min(max(amount, 0.0), 1.0), 3) for name, amount in filled.items()}),
        growth=growths[0] if growths else 1.0,
        meanings=tuple(_meaning(cue, time, season, filled) for cue in cues),
        excluded=_excluded(cues),
    )


def _first_of_highest(choices: Iterable[tuple[Cue, Value | None, int]]) -> Value | None:
    best: tuple[int, Value] | None = None
    for cue, value, rank in choices:
        if value is not None and not cue.negated and (best is None or rank > best[0]):
            best = (rank, value)
    return None if best is None else best[1]


def _season_rank(atmosphere: Atmosphere) -> int:
    """Snow speaks for winter, but less than the name of a season does."""
    return atmosphere.rank - (1 if atmosphere.snow_cover is not None else 0)


def _scalar(cues: Sequence[Cue], name: Scalar) -> float | None:
    """The value that the cues give one quantity, or None where all are silent."""
    best: tuple[int, float] | None = None
    for cue in cues:
        value = _value(cue, name)
        if value is None:
            continue
        if cue.negated:
            if cue.atmosphere.rank > 1 and _is_about(cue.atmosphere, name):
                return 0.0
            continue
        rank = cue.atmosphere.rank
        if best is None or rank > best[0] or (rank == best[0] and rank > 1 and value > best[1]):
            best = (rank, value)
    return None if best is None else best[1]


def _is_about(atmosphere: Atmosphere, name: Scalar) -> bool:
    """Whether denying a word denies this quantity: "no rain" leaves the clouds, "no storm" the wet ground."""
    main: Scalar
    if atmosphere.snow_cover is not None:
        main = "snow_cover"
    elif atmosphere.storm is not None and atmosphere.storm >= 0.8:
        main = "storm"
    elif atmosphere.wetness is not None:
        main = "wetness"
    elif atmosphere.cloud_cover is not None and atmosphere.cloud_cover >= 0.2:
        main = "cloud_cover"
    else:
        main = "fog"
    return name == main or (main in ("storm", "wetness") and name in ("storm", "wetness"))


def _value(cue: Cue, name: Scalar) -> float | None:
    value: float | None = getattr(cue.atmosphere, name)
    if cue.negated and cue.atmosphere.cloud_cover is not None and cue.atmosphere.cloud_cover < 0.2:
        # "not sunny": no clear sky.
        return None
    if value is None or cue.density is None:
        return value
    if name == "snow_cover":
        return 1.0 if cue.density >= 0.6 else 0.4
    return min(1.0, value * 1.4) if cue.density >= 0.6 else value * 0.45


def _excluded(cues: Sequence[Cue]) -> tuple[str, ...]:
    names = {"cloud_cover": "clouds", "fog": "fog", "snow_cover": "snow", "wetness": "rain", "storm": "storm"}
    found = []
    for cue in cues:
        for name in SCALARS:
            if cue.negated and cue.atmosphere.rank > 1 and _value(cue, name) is not None:
                if _is_about(cue.atmosphere, name) and names[name] not in found:
                    found.append(names[name])
    return tuple(found)


def _meaning(cue: Cue, time: TimeOfDay, season: Season, weather: dict[Scalar, float]) -> str:
    """What a cue became, in words."""
    atmosphere = cue.atmosphere
    if cue.negated:
        denied = [name for name in SCALARS if _value(cue, name) is not None and _is_about(atmosphere, name)]
        return "; ".join(f"no {name.replace('_', ' ')}" for name in denied) or "left out"
    parts = []
    if atmosphere.time is not None:
        parts.append(f"time of day {atmosphere.time}" if atmosphere.time == time else f"{time} was said first")
    if atmosphere.season is not None:
        parts.append(f"season {atmosphere.season}" if atmosphere.season == season else f"but {season} decides")
    for name in SCALARS:
        value = _value(cue, name)
        if value is not None and abs(weather[name] - value) < 0.006:
            parts.append(f"{name.replace('_', ' ')} {value:.2g}")
    if atmosphere.growth is not None:
        parts.append(f"growth {atmosphere.growth:.2g}")
    meaning = ", ".join(parts) or "other words decide"
    if atmosphere.rank == 1:
        meaning = f"mood: {meaning}"
    return f"{meaning} (nearest)" if atmosphere.nearest else meaning
