"""What each biome brings where the prompt is silent, so that the finished spec is explicit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from worldgen.spec.lexicon import Lexicon
from worldgen.spec.model import Biome, Scatter, Season, TimeOfDay, WaterKind, Weather
from worldgen.spec.words_things import TREE_FAMILIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A family that a biome strews over its land."""

    family: str
    density: float
    kinds: tuple[str, ...] = ()
    """Preferred kinds, best first; none takes the family's default."""
    size: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BiomeDefaults:
    """Everything that a biome decides for a silent prompt."""

    growths: tuple[Growth, ...]
    relief: float
    mountains: bool
    weather: Weather = field(default_factory=Weather)
    time_of_day: TimeOfDay = "afternoon"
    season: Season = "summer"
    water: WaterKind | None = None
    winter_snow: float = 0.8
    """Snow cover in winter."""
    tree_families: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(("broadleaf", ()),))
    """What "trees" means there, most typical first, with preferred kinds."""


_CONIFERS = ("conifer", ("spruce", "fir", "pine"))
_PINES = ("conifer", ("pine",))

BIOMES: Mapping[Biome, BiomeDefaults] = MappingProxyType(
    {
        "alpine": BiomeDefaults(
            growths=(
                Growth(family="conifer", density=0.45, kinds=("spruce", "fir", "pine")),
                Growth(family="bush", density=0.2, kinds=("juniper",)),
                Growth(family="rock", density=0.4),
                Growth(family="grass", density=0.65),
                Growth(family="flowers", density=0.25),
            ),
            relief=0.75,
            mountains=True,
            weather=Weather(cloud_cover=0.3, fog=0.1),
            time_of_day="morning",
            winter_snow=0.9,
            tree_families=(_CONIFERS,),
        ),
        "temperate_forest": BiomeDefaults(
            growths=(
                Growth(family="broadleaf", density=0.55, kinds=("beech", "oak")),
                Growth(family="conifer", density=0.3, kinds=("spruce", "fir")),
                Growth(family="birch", density=0.15),
                Growth(family="bush", density=0.35),
                Growth(family="fern", density=0.5),
                Growth(family="rock", density=0.2),
                Growth(family="grass", density=0.55),
                Growth(family="flowers", density=0.1),
            ),
            relief=0.35,
            mountains=False,
            weather=Weather(cloud_cover=0.3, fog=0.18),
            time_of_day="morning",
            tree_families=(("broadleaf", ("beech", "oak")), _CONIFERS, ("birch", ())),
        ),
        "meadow_hills": BiomeDefaults(
            growths=(
                Growth(family="broadleaf", density=0.12, kinds=("oak", "beech")),
                Growth(family="birch", density=0.04),
                Growth(family="bush", density=0.15),
                Growth(family="rock", density=0.08),
                Growth(family="grass", density=0.85),
                Growth(family="flowers", density=0.4),
            ),
            relief=0.4,
            mountains=False,
            weather=Weather(cloud_cover=0.35, fog=0.08),
            tree_families=(("broadleaf", ("oak", "beech")), ("birch", ())),
        ),
        "desert": BiomeDefaults(
            growths=(
                Growth(family="cactus", density=0.22),
                Growth(family="bush", density=0.12, kinds=("sagebrush",)),
                Growth(family="dead_tree", density=0.04),
                Growth(family="rock", density=0.25),
                Growth(family="grass", density=0.06),
            ),
            relief=0.5,
            mountains=False,
            weather=Weather(cloud_cover=0.06, fog=0.08),
            time_of_day="golden_hour",
            winter_snow=0.0,
            tree_families=(("palm", ()), ("broadleaf", ("acacia",))),
        ),
        "canyon": BiomeDefaults(
            growths=(
                Growth(family="rock", density=0.45),
                Growth(family="cliff", density=0.25),
                Growth(family="bush", density=0.2, kinds=("sagebrush",)),
                Growth(family="conifer", density=0.05, kinds=("juniper", "pine")),
                Growth(family="cactus", density=0.08),
                Growth(family="grass", density=0.15),
            ),
            relief=0.85,
            mountains=False,
            weather=Weather(cloud_cover=0.15, fog=0.08),
            time_of_day="afternoon",
            winter_snow=0.15,
            tree_families=(("conifer", ("juniper", "pine")), ("broadleaf", ("poplar",))),
        ),
        "coast": BiomeDefaults(
            growths=(
                Growth(family="conifer", density=0.1, kinds=("pine",)),
                Growth(family="bush", density=0.3),
                Growth(family="rock", density=0.35),
                Growth(family="grass", density=0.6),
                Growth(family="flowers", density=0.15),
            ),
            relief=0.35,
            mountains=False,
            weather=Weather(cloud_cover=0.3, fog=0.1),
            water="sea",
            winter_snow=0.3,
            tree_families=(_PINES, ("broadleaf", ())),
        ),
        "tundra": BiomeDefaults(
            growths=(
                Growth(family="rock", density=0.4),
                Growth(family="bush", density=0.12, kinds=("heather",)),
                Growth(family="dead_tree", density=0.03),
                Growth(family="grass", density=0.25),
            ),
            relief=0.35,
            mountains=True,
            weather=Weather(cloud_cover=0.35, fog=0.15, snow_cover=0.8),
            time_of_day="morning",
            season="winter",
            winter_snow=0.9,
            tree_families=(_CONIFERS, ("birch", ())),
        ),
        "tropical": BiomeDefaults(
            growths=(
                Growth(family="palm", density=0.45),
                Growth(family="broadleaf", density=0.4, kinds=("jungle_tree",)),
                Growth(family="fern", density=0.65),
                Growth(family="bush", density=0.5, kinds=("tropical_bush",)),
                Growth(family="rock", density=0.15),
                Growth(family="grass", density=0.5),
                Growth(family="flowers", density=0.06),
            ),
            relief=0.45,
            mountains=False,
            weather=Weather(cloud_cover=0.3, fog=0.2),
            time_of_day="morning",
            winter_snow=0.0,
            tree_families=(("palm", ()), ("broadleaf", ("jungle_tree",))),
        ),
    }
)

SEASON_GROWTH: Mapping[Season, Mapping[str, float]] = MappingProxyType(
    {
        "spring": {"flowers": 1.5},
        "summer": {},
        "autumn": {"flowers": 0.4, "fern": 0.8},
        "winter": {"flowers": 0.0, "fern": 0.3, "grass": 0.6, "reeds": 0.8},
    }
)
"""Factor on each family's density; families that are not named keep theirs."""

DEEP_SNOW = 0.6
"""From this snow cover on, flowers and ferns are buried and grass only looks out here and there."""


_OPEN_AT_NIGHT = 0.3
"""Share of the flowers that do not close at night."""


def kind_of(family: str, preferred: Collection[str], lexicon: Lexicon) -> str | None:
    """The first preferred kind that a family has."""
    kinds = lexicon.families[family].kinds
    return next((kind for kind in preferred if kind in kinds), None)


def trees_of(biome: Biome, lexicon: Lexicon, *, only: str | None = None) -> tuple[tuple[str, str | None], ...]:
    """What "trees" means in a biome: (family, kind) pairs, most typical first.

    Args:
        biome: The biome.
        lexicon: The families that there are.
        only: A family that alone counts (the taiga has conifers).
    """
    pairs: list[tuple[str, str | None]] = [
        (family, kind_of(family, kinds, lexicon))
        for family, kinds in BIOMES[biome].tree_families
        if family in lexicon and only in (None, family)
    ]
    if not pairs:
        names = TREE_FAMILIES if only is None else (only, *TREE_FAMILIES)
        pairs.extend((family, None) for family in names if family in lexicon)
        del pairs[1:]
    return tuple(pairs)


def seasonal_density(family: str, density: float, season: Season, snow_cover: float) -> float:
    """How dense a family is in a season, under snow."""
    density *= SEASON_GROWTH[season].get(family, 1.0)
    if snow_cover >= DEEP_SNOW:
        density *= {"flowers": 0.0, "fern": 0.0, "grass": 0.4}.get(family, 1.0)
    return round(min(density, 1.0), 3)


def biome_scatters(
    biome: Biome,
    lexicon: Lexicon,
    *,
    season: Season,
    snow_cover: float,
    growth: float = 1.0,
    trees: float = 1.0,
    only: str | None = None,
    left_out: Collection[str] = (),
    time_of_day: TimeOfDay | None = None,
) -> tuple[Scatter, ...]:
    """What grows in a biome by itself; the ids are the names of the families.

    Args:
        biome: The biome.
        lexicon: The families that there are.
        season: Thins out what has no season.
        snow_cover: Deep snow buries what is low.
        growth: Factor on everything green.
        trees: Factor on the trees.
        only: The one family of trees that grows there.
        left_out: Families that the prompt already has or does not want.
        time_of_day: By night most flowers are closed.
    """
    scatters = []
    for row in BIOMES[biome].growths:
        if row.family not in lexicon or row.family in left_out:
            continue
        family = lexicon.families[row.family]
        density = seasonal_density(row.family, row.density, season, snow_cover)
        if family.group == "vegetation":
            density *= growth
        if row.family == "flowers" and time_of_day == "night":
            density *= _OPEN_AT_NIGHT
        if row.family in TREE_FAMILIES:
            density *= trees
            if only is not None and row.family != only:
                continue
            if only is not None:
                density = max(density, 0.6 * trees)
        density = round(min(density, 1.0), 3)
        if density > 0.005:
            kind = kind_of(row.family, row.kinds, lexicon)
            scatters.append(Scatter(id=row.family, family=row.family, kind=kind, density=density, size=row.size))
    return tuple(scatters)
