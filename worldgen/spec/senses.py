"""What a word or phrase of a prompt can mean: one small type per kind of meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from worldgen.spec.model import Biome, Relation, Season, TimeOfDay, WaterKind

Negations = Literal["none", "not", "few"]


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun for an asset: one or more (family, kind) pairs, best first."""

    word: str
    options: tuple[tuple[str, str | None], ...]
    size: float = 1.0
    material: str | None = None
    nearest: bool = False
    """Whether the family only stands in for what the word says."""
    adjective: bool = False
    """Whether it is an adjective of the land ("grassy"), not a noun."""
    others: tuple[tuple[str, str | None], ...] = ()
    """Assets that serve where a material or an exclusion forbids the options."""


@dataclass(frozen=True, slots=True)
class Group:
    """A noun for many families at once: "trees", "plants", "buildings"."""

    word: str
    group: Literal["tree", "plant", "building"]
    adjective: bool = False


@dataclass(frozen=True, slots=True)
class Collective:
    """A noun for a whole arrangement: "forest", "village", "castle"; the name of a row of its table."""

    word: str
    name: str
    size: float = 1.0
    nearest: bool = False


@dataclass(frozen=True, slots=True)
class WaterNoun:
    """A noun for a body of water; ``side`` marks its shore ("lakeside"), ``generic`` plain "water"."""

    word: str
    kind: WaterKind
    size: float = 1.0
    frozen: bool = False
    side: bool = False
    generic: bool = False
    nearest: bool = False


LandFeature = Literal[
    "hill", "hills", "cliffs", "island", "valley", "mountains", "plain", "rugged", "rolling", "ground"
]


@dataclass(frozen=True, slots=True)
class LandNoun:
    """A noun or adjective for the shape of the land."""

    word: str
    feature: LandFeature
    adjective: bool = False
    nearest: bool = False


@dataclass(frozen=True, slots=True)
class PathNoun:
    """A noun for a path, with the material that the word implies."""

    word: str
    material: Literal["dirt", "gravel", "cobble"] | None = None


@dataclass(frozen=True, slots=True)
class BiomeNoun:
    """A word that votes for a biome and may bring more than the biome itself."""

    word: str
    biome: Biome
    weight: float
    nearest: bool = False
    water: WaterKind | None = None
    relief: float | None = None
    trees: float | None = None
    """Factor on the biome's trees."""
    only: str | None = None
    """The one family of trees that grows there."""
    sky: Atmosphere | None = None
    ground: tuple[tuple[str, float], ...] = ()
    """Families that the word asks for, with their density ("meadow": grass and flowers)."""
    lacks: tuple[str, ...] = ()
    """Families of the biome that do not grow there unless the prompt names them."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A noun whose adjectives tell the light: "sky", "sun", "light", "leaves"."""

    word: Literal["sky", "sun", "light", "leaves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Atmosphere:
    """A word for time, season, weather or mood; ``rank`` 3 is said outright, 2 implied, 1 a mood."""

    word: str
    rank: Literal[1, 2, 3] = 3
    time: TimeOfDay | None = None
    season: Season | None = None
    cloud_cover: float | None = None
    fog: float | None = None
    snow_cover: float | None = None
    wetness: float | None = None
    storm: float | None = None
    growth: float | None = None
    """Factor on everything that grows."""
    nearest: bool = False
    noun: bool = False
    """Whether adjectives before it ("thick fog") change its strength."""
    biome: Biome | None = None
    """A biome that it hints at, weakly."""


@dataclass(frozen=True, slots=True)
class Size:
    """An adjective of size, as a factor."""

    factor: float


@dataclass(frozen=True, slots=True)
class MaterialWord:
    """An adjective or noun of material, as material names from most to least fitting."""

    names: tuple[str, ...]
    thing: Thing | None = None
    """The thing that the word names where it is no adjective ("stones")."""


@dataclass(frozen=True, slots=True)
class Density:
    """An adjective of density: ``level`` for plants, and for fog and clouds."""

    level: float


@dataclass(frozen=True, slots=True)
class State:
    """An adjective of state: "ruined", "dead", "frozen", "snowy"; or one that a family declares."""

    name: str


@dataclass(frozen=True, slots=True)
class Color:
    """A colour, which tells the light or the season with some nouns and nothing with others."""

    name: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of things; ``vague`` ones become a density for plants."""

    count: int
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Preposition:
    """A relation between what stands before it and what comes after it.

    ``reverse`` puts the object in relation to the subject ("surrounded by"); ``alone`` needs no object
    ("in the distance").
    """

    relation: Relation | Literal["with", "of", "made_of"]
    reverse: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Negation:
    """A word that rules out what follows: "no", "without" (also over lists) or plain "not"."""

    scope: Literal["list", "next", "few"]


@dataclass(frozen=True, slots=True)
class Determiner:
    """An article or the like; ``definite`` ones may refer to something mentioned before."""

    definite: bool
    another: bool = False


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A word that stands for the last thing mentioned, or the last things."""

    plural: bool = False


@dataclass(frozen=True, slots=True)
class Copula:
    """A form of "to be": an adjective behind it belongs to the noun before it."""


@dataclass(frozen=True, slots=True)
class Conjunction:
    """A word that joins or contrasts."""

    word: Literal["and", "or", "but"]


@dataclass(frozen=True, slots=True)
class Style:
    """A word about the picture's style or quality: understood, without effect."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that these worlds never hold; asking for its absence is granted."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A function word."""


@dataclass(frozen=True, slots=True)
class Break:
    """Punctuation; ``full`` ends a sentence."""

    full: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that nothing is known about."""


Noun = Thing | Group | Collective | WaterNoun | LandNoun | PathNoun | BiomeNoun | Setting
Adjective = Size | MaterialWord | Density | State | Color
Sense = (
    Noun
    | Adjective
    | Atmosphere
    | Amount
    | Preposition
    | Negation
    | Determiner
    | Pronoun
    | Copula
    | Conjunction
    | Style
    | Absent
    | Stop
    | Break
    | Unknown
)
